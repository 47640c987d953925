"""From what Graph is known to answer to what people read and who can do something about it."""

from __future__ import annotations

import pytest

import cards
from bot import rooms
from bot.clouds import WORLDWIDE
from bot.decisions import PlanMessage
from bot.errors import NotNow, Refused, SignInNeeded, ThreadRefused
from bot.model import RoomState
from bot.observe import Event
from bot.remedies import POLICY, REFUSED, Remedies
from tests.engine.test_rooms import NOW, a_room, saved
from tests.graph.exchanges import CASES, load, refusal

SAID = {
    "policy-missing": ("policy", "a Teams administrator can allow it", "Teams administrator"),
    "policy-missing-with-ids": ("policy", "a Teams administrator can allow it", "Teams administrator"),
    "unlicensed-404": ("host", "somebody else in this chat can ask for it and host", "License Administrator"),
    "bare-400": ("refused", "give your administrator the reference", ""),
    "numbered-400": ("refused", "give your administrator the reference", ""),
    "empty-403": ("refused", "give your administrator the reference", ""),
    "missing-permission-7504": ("role", "an administrator has to grant my permissions", "Privileged Role Admin"),
    "invalid-token": ("role", "an administrator has to grant my permissions", "Privileged Role Administrator"),
    "conditional-access": ("blocked", "an administrator has to let me in", "Conditional Access Administrator"),
    "monthly-quota": ("quota", "somebody else in this chat can ask for it and host", "Others can host"),
    "lookup-403": ("refused", "give your administrator the reference", ""),
}
"""Each recorded refusal: its code, what the card says to all, and whose work it is by the log."""
ELSEWHERE = {
    "throttled": NotNow,
    "unavailable": NotNow,
    "gateway-timeout-without-a-body": NotNow,
    "bare-400-with-a-thread": ThreadRefused,
    "empty-403-with-a-thread": ThreadRefused,
    "conditional-access-of-a-person": SignInNeeded,
}
"""Refusals that are not the end: Graph is asked again, or asked otherwise."""


@pytest.mark.parametrize("case", SAID)
def test_each_refusal_is_told_to_whoever_can_do_something(case: str) -> None:
    """The card says what can be done and by whom, with a reference, and the log says it to the administrator."""
    code, sentence, who = SAID[case]
    error = refusal(load(case, "request"), load(case, "response"))
    assert isinstance(error, Refused)
    room = saved(rooms.refused(a_room(), error, now=NOW, whisper_id="w"))
    assert (room.state, room.fail_code) == (RoomState.FAILED, code)
    shown = cards.render_room(room)
    assert sentence in shown.text
    assert shown.text.endswith("Reference 7F3K-92QD")
    events: list[Event] = []
    name = POLICY if code == "policy" else REFUSED
    fields = {"tenant": room.tenant, "host": room.host.oid, "error": type(error).__name__}
    Remedies(events.append, "app", WORLDWIDE, lambda: NOW)(Event(name, fields))
    assert who in events[0].advice
    assert bool(who) == bool(events[0].advice)


def test_who_may_be_helped_alone_is_told_alone() -> None:
    """A missing policy is whispered to whoever asked, because they did nothing wrong and others need not know."""
    error = refusal(load("policy-missing", "request"), load("policy-missing", "response"))
    reply = rooms.refused(a_room(), error, now=NOW, whisper_id="w")  # type: ignore[arg-type]  # it is a Refused
    (whisper,) = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    assert whisper.content is not None
    assert "you did nothing wrong" in cards.render_whisper(whisper.content).text


@pytest.mark.parametrize("case", ELSEWHERE)
def test_what_is_not_the_end_ends_nothing(case: str) -> None:
    """A busy Graph is asked again, a refused thread is left out, and a person is asked to sign in."""
    assert type(refusal(load(case, "request"), load(case, "response"))) is ELSEWHERE[case]


def test_no_recorded_refusal_of_a_meeting_is_left_out() -> None:
    """Every refusal of a meeting that is among the samples has its words here."""
    refused = {case for case in CASES if load(case, "response")["status"] >= 400}
    unsaid = refused - SAID.keys() - ELSEWHERE.keys()
    assert unsaid <= {"dead-url", "invalid-meeting-id", "inner-code", "old-inner-error", "calendar-permission-missing"}
