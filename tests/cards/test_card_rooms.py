"""The public card says what EXPERIENCE 2 says, in every state of a room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import cards
from bot.model import Binding, DialIn, Invited, Meeting, Options, Person, Role, Room, RoomState

Rooms = Callable[..., Room]
Buttons = Callable[[Any], dict[str, dict[str, Any]]]
MINUTE = 60_000


def test_an_open_meeting_says_who_when_and_how(room: Rooms, placed: Callable[[str], str]) -> None:
    """The card of an open meeting has every way in, the promised words and nothing else."""
    shown = cards.render_room(room())
    assert shown.text.splitlines() == [
        "Retro: open",
        "Ana Lima is hosting · since 12:04 (UTC+1)",
        "Join Retro: https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0",
        placed("Phone: +44 20 7946 0123 (London) or +44 808 157 0192 (free), then 123 456 789#"),
        "Callers come straight in.",
        "The meeting's chat is this channel.",
        placed(
            "Other numbers: +49 30 23125042 (Berlin) · all local numbers: https://dialin.teams.microsoft.com/22f1?id=123456789"
        ),
        "Teams meeting ID 234 567 890 12 · passcode aB3xYz · video room 1122334455@t.example",
    ]
    assert shown.summary == "Retro is open. Ana Lima is hosting. Join, or dial in."


def test_the_first_block_is_a_heading_and_join_comes_first(room: Rooms) -> None:
    """Subject and state are a heading, and the first two buttons are Join and More."""
    card = cards.render_room(room()).card
    assert card is not None
    first, _, row, *_ = card["body"]
    assert (first["text"], first["style"], first["wrap"]) == ("Retro: open", "heading", True)
    assert [action["title"] for action in row["actions"]] == ["Join Retro", "More"]
    assert card["version"] == "1.5"
    assert card["msteams"] == {"width": "Full"}
    assert "rtl" not in card


def test_more_shows_what_is_hidden_without_asking_the_bot(room: Rooms, buttons: Buttons) -> None:
    """More toggles a container of the same card, and Details as text asks for the numbers."""
    card = cards.render_room(room()).card
    assert card is not None
    found = buttons(card)
    (hidden,) = [part for part in card["body"] if part.get("isVisible") is False]
    assert found["More"]["type"] == "Action.ToggleVisibility"
    assert found["More"]["targetElements"] == [hidden["id"]]
    details = found["Details as text"]
    assert (details["type"], details["verb"]) == ("Action.Execute", "dial-in")
    assert details["data"] == {"text": "dial-in", "v": "3"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dial_in_bypass": True}, "Callers come straight in."),
        ({"dial_in_bypass": False}, "Callers wait until someone lets them in."),
        ({"dial_in": None}, "No phone dial-in for this meeting."),
        ({"dial_in": DialIn("12345")}, "No phone dial-in for this meeting."),
        ({"dial_in": DialIn("1234", ("+1 2",))}, "Phone: +1 2, then 123 4#"),
        ({"dial_in": DialIn("1234", (), ("+1 2",))}, "Phone: +1 2 (free), then 123 4#"),
    ],
)
def test_the_card_says_what_a_caller_meets(
    room: Rooms, meeting: Meeting, changes: dict[str, Any], sentence: str
) -> None:
    """Whoever phones reads whether there is a number and whether somebody has to let them in."""
    shown = cards.render_room(room(meeting=replace(meeting, **changes)))
    assert sentence in shown.text.splitlines()
    assert ("or dial in" in shown.summary) == ("Phone:" in shown.text)


@pytest.mark.parametrize(
    ("binding", "thread", "sentence"),
    [
        (Binding.BOUND, "19:a@thread.tacv2", "The meeting's chat is this channel."),
        (Binding.IGNORED, "19:a@thread.tacv2", "This meeting has its own chat, apart from this channel."),
        (Binding.NOT_ASKED, "19:a@thread.v2", "This meeting has its own chat."),
    ],
)
def test_the_card_says_where_the_meeting_s_chat_is(room: Rooms, binding: Binding, thread: str, sentence: str) -> None:
    """People read where what they write in the meeting ends up."""
    assert sentence in cards.render_room(room(binding=binding, home_thread=thread)).text.splitlines()


def test_what_microsoft_did_not_give_is_not_shown(room: Rooms, meeting: Meeting, buttons: Buttons) -> None:
    """A meeting with nothing but a link can be joined and ended, and no button does nothing."""
    unsaid = cards.render_room(room(meeting=replace(meeting, dial_in_bypass=None)))
    assert "Phone:" in unsaid.text
    assert "Callers" not in unsaid.text
    bare = cards.render_room(room(meeting=Meeting("m", "https://teams.example/j"), host=Person("29:x")))
    assert list(buttons(bare.card)) == ["Join Retro", "More", "End"]
    assert "Somebody is hosting" in bare.text
    assert "Callers" not in bare.text
    unsafe = cards.render_room(room(meeting=Meeting("m", "javascript:alert(1)")))
    assert list(buttons(unsafe.card)) == ["More", "End"]
    assert buttons(cards.render_room(room(meeting=None)).card) == {}


def test_an_opening_meeting_asks_for_patience(room: Rooms, buttons: Buttons) -> None:
    """While Microsoft is slow the card says since when, and that asking again is not needed."""
    shown = cards.render_room(room(state=RoomState.OPENING, meeting=None))
    assert shown.text.splitlines() == [
        "Retro: opening…",
        (
            "Ana Lima asked at 12:04 (UTC+1). Microsoft is slow just now. "
            "This post changes by itself, no need to ask again."
        ),
    ]
    assert shown.summary == "Retro is opening. Ana Lima asked for it."
    assert buttons(shown.card) == {}


def test_an_unavailable_service_is_named_with_the_deadline(room: Rooms) -> None:
    """When Microsoft does not answer the card says until when it is tried, with a reference."""
    shown = cards.render_room(room(state=RoomState.OPENING, trying="unavailable", meeting=None))
    assert shown.text.splitlines() == [
        "Retro: not open yet",
        "Microsoft's meeting service isn't answering. I'm trying until 12:07 (UTC+1).",
        "Book it in Teams: https://teams.microsoft.com/l/meeting/new?subject=Retro",
        "Reference 7F3K-92QD",
    ]


def test_teams_own_links_open_the_cloud_s_teams(room: Rooms, buttons: Buttons) -> None:
    """In a government cloud a call and a booking open that cloud's Teams; the rest of the card is the same."""
    ben = Person("29:ben", "b", "Ben Okafor", "ben@contoso.example")
    waiting = room(state=RoomState.OPENING, trying="unavailable", meeting=None, people=(ben,))
    shown = buttons(cards.render_room(waiting, teams_url="https://gov.teams.microsoft.us").card)
    assert shown["Call Ben"]["url"] == "https://gov.teams.microsoft.us/l/call/0/0?users=ben@contoso.example"
    assert shown["Book it in Teams"]["url"] == "https://gov.teams.microsoft.us/l/meeting/new?subject=Retro"
    assert shown["Try now"] == buttons(cards.render_room(waiting).card)["Try now"]


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ("organization", "People of this organization come straight in, and so do its guests."),
        ("organizer", "Everybody waits until the host lets them in."),
        ("unknownFutureValue", "Callers come straight in."),
    ],
)
def test_a_topic_s_card_says_who_comes_straight_in(room: Rooms, meeting: Meeting, scope: str, says: str) -> None:
    """In an incident everybody reads who waits in the lobby and who does not; other meetings need no word of it."""
    there = replace(meeting, lobby_scope=scope)
    assert says in cards.render_room(room(topic="#inc42", meeting=there)).text.splitlines()
    assert "of this organization" not in cards.render_room(room(meeting=there)).text


def test_while_microsoft_is_away_people_can_talk(room: Rooms, buttons: Buttons) -> None:
    """The card offers the chat's own bridge, a call of those who were mentioned, another try and a stop."""
    people = (
        Person("29:ben", "b", "Ben Okafor", "ben@contoso.example"),
        Person("29:chloe", "c", "Chloé Martin", "chloe&co@contoso.example"),
        Person("29:kim", "k", "Kim Park"),
    )
    waiting = room(
        state=RoomState.OPENING,
        trying="unavailable",
        meeting=None,
        people=people,
        backup_bridge="+44 20 7946 0123, code *4711*#",
    )
    shown = cards.render_room(waiting)
    assert "Meanwhile: +44 20 7946 0123, code *4711*#" in shown.text.splitlines()
    found = buttons(shown.card)
    assert list(found) == ["Call Ben and Chloé", "Book it in Teams", "Try now", "Stop trying"]
    call = "https://teams.microsoft.com/l/call/0/0?users=ben@contoso.example,chloe%26co@contoso.example"
    assert found["Call Ben and Chloé"]["url"] == call
    assert found["Stop trying"]["data"] == {"text": "stop trying", "v": "3"}
    stopped = cards.render_room(
        replace(waiting, state=RoomState.FAILED, fail_code="stopped", ended_at=room().created_at)
    )
    assert "I stopped trying at 12:04 (UTC+1). Still needed?" in stopped.text
    assert list(buttons(stopped.card)) == ["Try again", "Call Ben and Chloé"]
    assert "Meanwhile:" in stopped.text


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (["Ben Okafor"], "Call Ben"),
        (["Ben", "Kim", "Ana"], "Call Ben, Kim and Ana"),
        (["Ben", "Kim", "Ana", "Chloé", "Eve"], "Call Ben, Kim, Ana and 2 more"),
        ([""], "Call x"),
    ],
)
def test_a_call_names_whom_it_calls(room: Rooms, buttons: Buttons, names: list[str], title: str) -> None:
    """The button says whose phones will ring."""
    people = tuple(Person(f"29:{name}", "", name, "x@contoso.example") for name in names)
    waiting = room(state=RoomState.OPENING, trying="unavailable", meeting=None, people=people)
    assert title in buttons(cards.render_room(waiting).card)


def test_in_another_chat_a_topic_s_card_shows_state_host_and_join(room: Rooms, buttons: Buttons) -> None:
    """Numbers and ids stay in the meeting's own chat; the other one has the way in."""
    shown = cards.render_room(room(), at_home=False)
    assert shown.text.splitlines()[:2] == ["Retro: open", "Ana Lima is hosting."]
    assert list(buttons(shown.card)) == ["Join Retro", "Details as text"]
    assert "7946" not in shown.text
    live = cards.render_room(room(state=RoomState.LIVE, meeting=None), at_home=False)
    assert live.text == "Retro: live\nAna Lima is hosting."
    ended = room(state=RoomState.ENDED, ended_at=room().created_at)
    assert cards.render_room(ended, at_home=False) == cards.render_room(ended)


def test_people_in_an_ended_meeting_are_told(room: Rooms) -> None:
    """When people come into a meeting that was ended, its card says so."""
    at = room().created_at
    shown = cards.render_room(room(state=RoomState.ENDED, ended_by="oid", ended_at=at, live_at=at + MINUTE))
    assert "People are in it again." in shown.text.splitlines()


def test_a_request_past_its_deadline_asks_whether_it_is_still_needed(room: Rooms, buttons: Buttons) -> None:
    """After three minutes nothing opens by itself any more, and one press tries again."""
    given_up = room(state=RoomState.FAILED, fail_code="deadline", meeting=None)
    shown = cards.render_room(given_up)
    assert shown.text.splitlines() == [
        "Retro: not opened",
        "I stopped trying at 12:07 (UTC+1). Still needed?",
        "Reference 7F3K-92QD",
    ]
    again = buttons(shown.card)["Try again"]
    assert (again["type"], again["verb"]) == ("Action.Execute", "meet")
    assert again["data"] == {"text": "meet now Retro", "v": "3"}


@pytest.mark.parametrize(
    "code", ["policy", "role", "host", "credentials", "blocked", "quota", "refused", "new", "sign_in", "sign_in_lost"]
)
def test_every_failure_has_one_sentence_and_a_way_on(room: Rooms, buttons: Buttons, code: str) -> None:
    """Each failure says in one sentence what happened and who can do what, with a button and a reference."""
    shown = cards.render_room(room(state=RoomState.FAILED, fail_code=code, meeting=None))
    title, sentence, reference = shown.text.splitlines()
    assert (title, reference) == ("Retro: not opened", "Reference 7F3K-92QD")
    assert sentence.count(".") == 1
    assert "try again" in sentence or "somebody else" in sentence
    assert list(buttons(shown.card)) == ["Try again"]


def test_a_request_that_waits_for_a_sign_in_says_until_when(room: Rooms) -> None:
    """Who reads the card later knows whether the meeting may still open by itself."""
    waits = room(state=RoomState.FAILED, fail_code="sign_in", ended_at=room().created_at)
    assert "done by 12:19 (UTC+1), it opens by itself" in cards.render_room(waits).text


def test_failures_are_told_apart(room: Rooms) -> None:
    """No two failures with different remedies share their words."""
    codes = [
        "deadline",
        "policy",
        "role",
        "host",
        "credentials",
        "blocked",
        "quota",
        "refused",
        "sign_in",
        "sign_in_lost",
    ]
    texts = {cards.render_room(room(state=RoomState.FAILED, fail_code=code)).text for code in codes}
    assert len(texts) == len(codes)


def test_a_meeting_past_its_planned_end_is_not_claimed_to_be_over(room: Rooms, buttons: Buttons) -> None:
    """The clock's end says what is not known, keeps Join and offers the real end; so does a topic that is held."""
    late = room(state=RoomState.ENDED, ended_by="clock", ended_at=room().ends_at + 10 * MINUTE)
    shown = cards.render_room(late)
    assert shown.text.splitlines() == [
        "Retro: time is up",
        "Time is up · booked until 13:04 (UTC+1). I can't see whether anyone is still inside.",
        "Join Retro: https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0",
    ]
    assert list(buttons(shown.card)) == ["Join Retro", "End"]
    assert buttons(shown.card)["End"]["data"] == {"text": "end Retro", "v": "3"}
    assert buttons(shown.card)["End"]["tooltip"] == "End Retro"
    assert cards.render_room(room(trying="time is up")).text == shown.text


def test_an_ended_meeting_can_be_reopened(room: Rooms, buttons: Buttons) -> None:
    """Whoever ended too soon finds the way back on the card, and what Microsoft did not close is said."""
    ended = room(state=RoomState.ENDED, ended_by="oid", ended_at=room().ends_at)
    shown = cards.render_room(ended)
    assert list(buttons(shown.card)) == ["Meet again", "Reopen this one"]
    assert buttons(shown.card)["Reopen this one"]["data"]["text"] == "reopen Retro"
    assert "not changed" not in shown.text
    assert "Closed here, the meeting was not changed." in cards.render_room(replace(ended, trying="unchanged")).text


@pytest.mark.parametrize("changes", [{"state": RoomState.ENDED, "ended_by": "withdrawn"}, {"fail_code": "withdrawn"}])
def test_a_withdrawn_request_has_no_join(room: Rooms, buttons: Buttons, changes: dict[str, Any]) -> None:
    """A request that was deleted leaves one line without a way in."""
    shown = cards.render_room(room(**{"state": RoomState.FAILED, "ended_at": room().ends_at, **changes}))
    assert shown.text == "Retro: closed · request withdrawn."
    assert buttons(shown.card) == {}


def test_who_leads_now_is_on_the_card(room: Rooms) -> None:
    """Everybody reads who took over, with whom, and that a lobby which did not open again needs the host."""
    leads = tuple(Invited(Person("29:x", "o", name), Role.CO_ORGANIZER) for name in ("Bea Novak", "Chloé Martin"))
    shown = cards.render_room(room(options=Options(invited=leads), trying="unchanged"))
    assert "Chloé Martin now leads Retro with Ana Lima and Bea Novak." in shown.text
    assert "Microsoft did not open its lobby again: Ana Lima lets people in" in shown.text


def test_a_meeting_that_people_ended_asks_for_a_new_one(room: Rooms) -> None:
    """An ended meeting shows when it was and asks not to use its link."""
    shown = cards.render_room(room(state=RoomState.ENDED, ended_by="host", ended_at=room().starts_at + 37 * MINUTE))
    assert "12:04 to 12:41 (UTC+1) · 37 minutes · started by Ana Lima" in shown.text
    assert "The old link may still open, so please start a new one:" in shown.text


def test_a_meeting_that_stayed_empty_ended_when_the_last_person_left(room: Rooms) -> None:
    """The quarter of an hour in which nobody came back is no part of the meeting."""
    at = room().starts_at
    times = {"live_at": at + MINUTE, "empty_at": at + 37 * MINUTE, "ended_at": at + 52 * MINUTE}
    shown = cards.render_room(room(state=RoomState.ENDED, ended_by="empty", **times))
    assert "12:05 to 12:41 (UTC+1) · 36 minutes · started by Ana Lima" in shown.text


@pytest.mark.parametrize(("seconds", "length"), [(0, "1 minute"), (89, "1 minute"), (91, "2 minutes")])
def test_a_short_meeting(room: Rooms, seconds: int, length: str) -> None:
    """A meeting lasted one minute at least, and one minute is no minutes."""
    shown = cards.render_room(
        room(state=RoomState.ENDED, ended_by="oid", ended_at=(room().opened_at or 0) + seconds * 1000)
    )
    assert f"(UTC+1) · {length} · started by" in shown.text


def test_live_and_empty_say_what_is_known(room: Rooms, buttons: Buttons) -> None:
    """A live meeting says since when; an empty one when the last person left and when it closes."""
    at = room().starts_at
    live = cards.render_room(room(state=RoomState.LIVE, live_at=at + MINUTE))
    assert live.text.startswith("Retro: live\nSince 12:05 (UTC+1) · Ana Lima is hosting\nJoin Retro: https://")
    assert live.summary == "Retro is live. Ana Lima is hosting. Join, or dial in."
    empty = cards.render_room(room(state=RoomState.EMPTY, empty_at=at + 37 * MINUTE))
    assert "The last person left at 12:41 (UTC+1). It closes at 12:56 unless someone comes back." in empty.text
    assert list(buttons(empty.card)) == ["Join Retro"]
    assert buttons(cards.render_room(room(state=RoomState.EMPTY, meeting=None)).card) == {}


def test_a_planned_meeting_says_when_it_starts(room: Rooms) -> None:
    """A meeting that is not yet to begin says when, with its ways in."""
    shown = cards.render_room(room(state=RoomState.SCHEDULED))
    assert shown.text.startswith("Retro: starts 12:04 (UTC+1)\nAna Lima is hosting.\nJoin Retro: ")
    next_day = cards.render_room(room(state=RoomState.SCHEDULED, starts_at=room().created_at + 24 * 60 * MINUTE))
    assert next_day.text.startswith("Retro: starts 20 March 2026, 12:04 (UTC+1)\n")


def test_a_summary_has_no_number_and_no_id(room: Rooms) -> None:
    """What a lock screen shows lets nobody in."""
    for state in RoomState:
        summary = cards.render_room(room(state=state, fail_code="deadline")).summary
        assert "Retro" in summary
        assert [secret for secret in ("456", "7946", "567", "aB3xYz", "https") if secret in summary] == []


def test_one_room_s_words_never_reach_another_s_card(room: Rooms) -> None:
    """Cards are copies: rendering another room changes none that was rendered before."""
    first = cards.render_room(room())
    before = first.text, str(first.card)
    cards.render_room(room(subject="Payroll", host=Person("29:b", name="Bea Novak")))
    assert (first.text, str(first.card)) == before
    assert cards.render_room(room()) == first


def test_many_numbers_stay_readable(room: Rooms, meeting: Meeting) -> None:
    """A tenant with sixty numbers gets a few of them and the link to all."""
    many = DialIn("123", tuple(f"+1 555 {n:04}" for n in range(60)), ("+1 800 1", "+1 800 2"), "https://d.example/")
    text = cards.render_room(room(meeting=replace(meeting, dial_in=many))).text
    (line,) = [line for line in text.splitlines() if line.startswith("Other numbers:")]
    assert line.count("+1 555") == 8
    assert line.endswith("all local numbers: https://d.example/")
