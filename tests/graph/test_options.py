"""What a meeting can have: how it is asked for, who stays invited, what is passed on, the invitation's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.graph import answers, options, plain, wire
from bot.model import GraphCall, Invited, LobbyScope, MeetingRequest, Options, Person, Role
from bot.ports import MeetingKey

ANA, BEN = Person("", "oid-ana", "Ana", "ana@example.com"), Person("", "oid-ben", "Ben", "ben@example.com")


def people(*invited: Invited, known: tuple[Any, ...] = (), presenters: str = "") -> list[Any]:
    """Return the attendees that a PATCH names."""
    asked = options.changes(Options(invited=invited, presenters=presenters), known)
    found: list[Any] = asked["participants"]["attendees"]
    return found


def test_whoever_is_invited_stays_invited() -> None:
    """Inviting somebody keeps everybody who was invited before, with the role they had, each once."""
    before = (
        {"upn": "ANA@example.com", "role": "presenter", "identity": {"user": {"id": "OID-ANA", "tenantId": "t"}}},
        {"upn": "guest@elsewhere.example", "role": None, "identity": None},
        {"upn": None, "role": "unknownFutureValue", "identity": {"user": {"id": "oid-kim"}}},
    )
    listed = people(Invited(BEN, Role.CO_ORGANIZER), Invited(ANA), known=before)
    assert listed == [
        {"upn": "ana@example.com", "role": "presenter", "identity": {"user": {"id": "oid-ana"}}},
        {"upn": "guest@elsewhere.example"},
        {"identity": {"user": {"id": "oid-kim"}}},
        {"upn": "ben@example.com", "role": "coorganizer", "identity": {"user": {"id": "oid-ben"}}},
    ]


def test_a_role_can_be_raised() -> None:
    """Whoever was invited before can be made a co-organizer."""
    before = ({"upn": "ana@example.com", "role": "attendee"},)
    assert people(Invited(ANA, Role.CO_ORGANIZER), known=before) == [
        {"upn": "ana@example.com", "role": "coorganizer", "identity": {"user": {"id": "oid-ana"}}}
    ]


def test_roles_are_written_where_they_decide() -> None:
    """Where only presenters may present, everybody's role is written out."""
    assert people(Invited(ANA), presenters="roleIsPresenter")[0]["role"] == "attendee"
    assert "role" not in people(Invited(ANA))[0]


def test_somebody_without_an_account_is_not_named() -> None:
    """A person whom Graph cannot know does not spoil the request."""
    assert options.changes(Options(invited=(Invited(Person("29:x", name="Somebody")),))) == {}


def test_only_what_is_asked_is_set() -> None:
    """A meeting without wishes is left as the tenant has it; a passcode cannot be set afterwards."""
    assert options.changes(Options()) == {}
    assert wire.update("/me", "m", Options(passcode=True, template="t")) is None
    assert options.changes(Options(lobby=LobbyScope.INVITED)) == {"lobbyBypassSettings": {"scope": "invited"}}
    assert options.changes(Options(dial_in_bypass=False)) == {"lobbyBypassSettings": {"isDialInBypassEnabled": False}}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('{"allowRecording": false, "watermarkProtection": {"isEnabledForVideo": true}}', ""),
        ("", ""),
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[1]", "it is no JSON object"),
        ('{"allowRecrding": false}', "'allowRecrding' is no property that is passed on"),
        ('{"subject": "x"}', "'subject' is no property that is passed on"),
        ('{"allowRecording": "no"}', "allowRecording must be true or false"),
        ('{"meetingSpokenLanguageTag": 1}', "meetingSpokenLanguageTag must be text"),
        ('{"allowLiveShare": "unknownFutureValue"}', "allowLiveShare must be disabled or enabled"),
        (
            '{"watermarkProtection": {"isEnabled": true}}',
            "watermarkProtection must be an object with isEnabledForContentSharing and isEnabledForVideo",
        ),
    ],
)
def test_what_is_passed_on_is_checked(more: str, problem: str) -> None:
    """A property that Graph does not know, or another kind of value, is named with what is right."""
    good, problems = options.passed(more)
    assert problems == ([problem] if problem else [])
    assert bool(good) is (not problem and bool(more))


def test_what_was_passed_on_is_looked_up_in_the_answer() -> None:
    """Of what was passed on Muster keeps what Graph made of it, and nothing else."""
    asked = {"allowRecording": False, "watermarkProtection": {"isEnabledForVideo": True}, "subject": "x"}
    answer = {
        "allowRecording": True,
        "allowWhiteboard": True,
        "watermarkProtection": {"isEnabledForVideo": True, "isEnabledForContentSharing": False},
    }
    told = json.loads(answers.read_meeting(answer, asked).more)
    assert told == {"allowRecording": True, "watermarkProtection": {"isEnabledForVideo": True}}


def test_what_can_only_be_had_at_creation_is_asked_for_then() -> None:
    """Passed-on properties go into the creation, and into a change those that may be changed."""
    asked = Options(more='{"chatRestrictions": {"allowTextOnly": true}, "allowWhiteboard": false}')
    request = MeetingRequest("e", "s", 0, 0, call=GraphCall.CREATE, options=asked)
    made = json.loads(wire.freeze("oid", request, binding_version="beta").body)
    assert made["chatRestrictions"] == {"allowTextOnly": True}
    assert options.changes(asked) == {"allowWhiteboard": False}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("data:text/html,%3cdiv%3e%3cp%3eDial+in%3c%2fp%3e%2b44+20%3c%2fdiv%3e", "Dial in\n+44 20"),
        ("data:text/html;charset=utf-8,%3cp%3eZ%c3%bcrich%3c%2fp%3e", "Zürich"),
        ("<p>+44 20 &amp; more<br>and more</p>", "+44 20 & more\nand more"),
        ("<style>p{}</style><script>alert(1)</script><p>seen</p>", "seen"),
        ("&lt;b&gt;no markup&lt;/b&gt;", "bno markup/b"),
        ("plain, +44", "plain, +44"),
        ("", ""),
    ],
)
def test_join_information_becomes_plain_words(content: str, words: str) -> None:
    """The invitation's text arrives as words in lines, decoded, without markup and without scripts."""
    assert plain.from_html(content) == words


def test_a_page_that_no_parser_likes_keeps_what_was_read() -> None:
    """A broken declaration costs the rest of the invitation, not what stands before it."""
    assert plain.from_html("<p>kept</p><![x[y").splitlines()[0] == "kept"


@given(st.text(max_size=200) | st.text("<>![]-/a&;#x \n", max_size=60))
def test_no_page_leaves_markup_behind(content: str) -> None:
    """Whatever the page is, its words hold no tag and no more than a card could bear."""
    for words in (plain.from_html(content), plain.from_html("data:text/html," + content)):
        assert not {"<", ">"} & set(words)
        assert len(words) <= plain.LONGEST


@given(st.text(max_size=40), st.sampled_from(MeetingKey))
def test_no_value_escapes_from_its_place(value: str, key: MeetingKey) -> None:
    """Whatever a link or a number holds, it stays one literal of one filter, or one part of the path."""
    value = value.encode(errors="ignore").decode()
    path = wire.look_up("/users/oid", key, value).path
    assert path.isascii()
    assert path.count("?") == (key is not MeetingKey.ID)
    assert "&" not in path
    assert path.count("'") == (0 if key is MeetingKey.ID else 2)
