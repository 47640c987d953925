"""What comes of an alert: a meeting, or a word on the card of the one that is there (EXPERIENCE 1.25)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot import alarms
from bot.alerted import Alerted
from bot.alerts import Alert
from bot.commands import COMMANDS
from bot.commands.command import Policy
from bot.decisions import MakeRoom, RefreshCards, Reply, SaveRoom, View
from bot.dispatch import Dispatch
from bot.model import ChannelKind, Chat, ChatKind, Meeting, Person, Room, RoomState
from bot.topics import team_scope
from cards import render_room

NOW = 1_790_000_000_000
CHANNEL = Chat("tenant", "19:x@thread.tacv2", ChatKind.CHANNEL, ChannelKind.STANDARD, "19:team")
HOST = Person("29:ana", "11111111-0000-4000-8000-000000000001", "Ana Lima")
Alarm = Callable[..., Reply]


@pytest.fixture
def alarm(policy: Policy) -> Alarm:
    """Return what decides about an alert: `alarm("INC-42", source="Grafana", rooms=…)`."""

    def decided(topic: str, source: str = "PagerDuty", **seen: Any) -> Reply:  # noqa: ANN401 - fields of View by name
        turn = alarms.turn_of("0" * 64, Alert(source, topic, "DB down", "e"), CHANNEL, HOST, NOW)
        return Dispatch(COMMANDS, policy).decide(turn)(View(**{"now": NOW, "fresh_id": "f" * 32, **seen}))

    return decided


def room_of(reply: Reply) -> Room:
    """Return the room that a reply makes or saves."""
    return next(effect.room for effect in reply.effects if isinstance(effect, MakeRoom | SaveRoom))


def opened(reply: Reply) -> Room:
    """Return the room that an alert makes, open."""
    meeting = Meeting("m", "https://teams.example/meet/1")
    return replace(room_of(reply), state=RoomState.OPEN, meeting=meeting, opened_at=NOW, zone="Europe/Lisbon")


def test_a_card_says_who_opened_it(alarm: Alarm) -> None:
    """Who comes to the channel reads which system opened the meeting; one without a name is a monitoring system."""
    room = opened(alarm("INC-42"))
    assert room.alerted == Alerted(1, NOW, "PagerDuty", opened=True)
    assert "PagerDuty opened" in str(render_room(room).card)
    assert "A monitoring system opened" in str(render_room(opened(alarm("INC-42", "Alert"))).card)


def test_an_alert_that_comes_again_is_counted_on_the_card(alarm: Alarm) -> None:
    """The meeting is kept and nobody is told or rung: its card says how often the alert came, and when last."""
    running = opened(alarm("INC-42"))
    reply = alarm("INC-42", topics=(running,), now=NOW + 60_000)
    assert [type(effect) for effect in reply.effects] == [SaveRoom, RefreshCards]
    again = room_of(reply)
    assert again.alerted == Alerted(2, NOW + 60_000, "PagerDuty", opened=True)
    assert "PagerDuty: 2 alerts, the last at" in str(render_room(again).card)
    assert room_of(alarm("INC-42", "Grafana", topics=(running,))).alerted.source == ""


def test_an_alert_for_a_meeting_that_a_person_opened(alarm: Alarm) -> None:
    """Somebody was faster than the monitoring system: theirs goes on, and its card says that the alert came."""
    theirs = replace(opened(alarm("INC-42")), alerted=Alerted())
    noted = room_of(alarm("INC-42", topics=(theirs,)))
    assert noted.alerted == Alerted(1, NOW, "PagerDuty")
    assert "PagerDuty: 1 alert, at" in str(render_room(noted).card)


def test_no_alert_waits_for_an_answer(alarm: Alarm) -> None:
    """Incident 43 opens its own meeting beside 42, and one that another team has as well: nobody could be asked."""
    near = replace(opened(alarm("INC-42")), room_id="near")
    assert room_of(alarm("INC-43", topics=(near,))).topic == "#inc43"
    other = replace(near, room_id="other", scope_key=team_scope(replace(CHANNEL, team_id="19:another")))
    assert room_of(alarm("INC-42", elsewhere=(other,))).subject == "#INC-42 DB down"
