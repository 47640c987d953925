"""What is asked against what is there: nothing gets lost, and nothing gets wider unseen (ENGINE R3, R4)."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import meeting_options
from bot.model import NO_OPTIONS, GraphCall, Invited, LobbyScope, Meeting, Options, Person, Role
from tests.engine.test_rooms import a_room

SCOPES = st.sampled_from(LobbyScope)
OPTIONS = st.builds(
    Options,
    lobby=st.none() | SCOPES,
    dial_in_bypass=st.none() | st.booleans(),
    presenters=st.sampled_from(["", "organizer"]),
    passcode=st.booleans(),
    announce=st.none() | st.booleans(),
    record=st.none() | st.booleans(),
    chat=st.sampled_from(["", "limited"]),
    more=st.sampled_from(["", '{"allowWhiteboard": false}']),
)
MEETINGS = st.builds(
    Meeting,
    id=st.just("m"),
    join_url=st.just("https://teams.example/j"),
    lobby_scope=SCOPES.map(str) | st.sampled_from(["", "unknownFutureValue"]),
    dial_in_bypass=st.none() | st.booleans(),
    passcode_needed=st.none() | st.booleans(),
    passcode=st.sampled_from(["", "aB3xYz"]),
    record=st.none() | st.booleans(),
)


@given(OPTIONS, OPTIONS)
def test_what_is_asked_for_wins_over_what_every_meeting_has(defaults: Options, asked: Options) -> None:
    """Each option is the one that was asked for, else the administrator's."""
    merged = meeting_options.merged(defaults, asked)
    for one in (one for one in fields(Options) if one.name != "usual"):
        said, otherwise = getattr(asked, one.name), getattr(defaults, one.name)
        assert getattr(merged, one.name) == (said if said != getattr(NO_OPTIONS, one.name) else otherwise)


def test_what_nobody_asked_for_is_known_as_usual() -> None:
    """An option that only the administrator's setting asks for is told from one that somebody asked for."""
    defaults = Options(LobbyScope.EVERYONE, record=True)
    merged = meeting_options.merged(defaults, Options(LobbyScope.EVERYONE))
    assert merged.usual == ("record",)
    assert meeting_options.merged(Options(passcode=True), merged).usual == ("passcode", "record")


@given(OPTIONS, MEETINGS)
@example(Options(passcode=True), Meeting("m", "https://teams.example/j", passcode="aB3xYz", passcode_needed=False))
def test_a_link_is_shown_only_when_nobody_else_comes_in(asked: Options, meeting: Meeting) -> None:
    """A meeting is private enough when its lobby is at most as wide as asked, and locked where a passcode was asked."""
    enough = meeting_options.as_private_as_asked(asked, meeting)
    order = [scope.value for scope in LobbyScope]
    narrow = asked.lobby is None or (
        meeting.lobby_scope in order and order.index(meeting.lobby_scope) <= order.index(asked.lobby)
    )
    callers_wait = asked.dial_in_bypass is not False or meeting.dial_in_bypass is False
    locked = meeting.passcode_needed is True or (meeting.passcode_needed is None and meeting.passcode != "")
    assert enough == (narrow and callers_wait and (locked or not asked.passcode))


@given(OPTIONS, MEETINGS)
def test_a_meeting_that_has_everything_lacks_nothing(asked: Options, meeting: Meeting) -> None:
    """When all that is missing has been set there is nothing left to ask for."""
    missing = meeting_options.lacking(asked, meeting)
    after = replace(
        meeting,
        lobby_scope=missing.lobby or meeting.lobby_scope,
        dial_in_bypass=meeting.dial_in_bypass if missing.dial_in_bypass is None else missing.dial_in_bypass,
        presenters=missing.presenters or meeting.presenters,
        announce=meeting.announce if missing.announce is None else missing.announce,
        record=meeting.record if missing.record is None else missing.record,
        chat=missing.chat or meeting.chat,
        more=missing.more or meeting.more,
    )
    assert meeting_options.lacking(asked, after) == NO_OPTIONS


@pytest.mark.parametrize(
    ("options", "calendar", "call"),
    [
        (NO_OPTIONS, False, GraphCall.CREATE_OR_GET),
        (Options(lobby=LobbyScope.EVERYONE), False, GraphCall.CREATE_OR_GET),
        (Options(passcode=True), False, GraphCall.CREATE),
        (Options(template="t"), False, GraphCall.CREATE),
        (Options(passcode=True), True, GraphCall.EVENT),
    ],
)
def test_which_call_makes_the_meeting(options: Options, calendar: bool, call: GraphCall) -> None:
    """The idempotent call wherever it can be had; what only a plain create can do asks for that."""
    assert meeting_options.call_for(options, calendar=calendar) is call


def test_why_a_call_was_chosen_is_a_sentence() -> None:
    """Whoever looks into it reads why, in words."""
    assert "same meeting, tied to the channel" in meeting_options.why(a_room(bind_thread="19:x"))
    assert "calendar" in meeting_options.why(a_room(graph_call=GraphCall.EVENT))
    template = a_room(bind_thread="", graph_call=GraphCall.CREATE, options=Options(template="t", record=True))
    assert meeting_options.why(template) == "a template can only be set when a meeting is made; with it go record"


def test_who_asked_leads_a_service_account_s_meeting() -> None:
    """Whoever asks is co-organizer where somebody else hosts, once."""
    room = a_room(host=Person("", "33333333-0000-4000-8000-000000000003"))
    wanted = meeting_options.wanted(room)
    assert wanted.invited == (Invited(room.starter, Role.CO_ORGANIZER),)
    there = Meeting("m", "u", invited=wanted.invited)
    assert meeting_options.lacking(wanted, there) == NO_OPTIONS
    assert meeting_options.wanted(a_room()) == NO_OPTIONS
