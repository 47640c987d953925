"""`meet` at another time: what is planned, what is asked first, what is told besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.commands import COMMANDS, meet, plan
from bot.commands.command import Asked, Policy
from bot.commands.grammar import find
from bot.decisions import MakeRoom, PlanMessage, Reply, SaveNote, View
from bot.dispatch import Dispatch
from bot.errors import UsageError
from bot.hosts import Hosts
from bot.messages import Message, Purpose, Whisper
from bot.model import GraphCall, Person, Room, RoomState

NOW = 1_790_000_000_000
LISBON = "Europe/Lisbon"
BEN = Person("29:ben", "22222222-0000-4000-8000-000000000002", "Will Smith")
Ask = Callable[..., Asked]
Say = Callable[..., Reply]


@pytest.fixture
def say(ask: Ask) -> Say:
    """Return a function that says a whole line and returns the reply to it."""

    def make(line: str, **changes: object) -> Reply:
        command, rest = find(line, COMMANDS)
        return command.run(ask(rest, text=line, **changes))

    return make


def made(reply: Reply) -> Room:
    """Return the room that a reply makes."""
    return next(effect.room for effect in reply.effects if isinstance(effect, MakeRoom))


def whisper(reply: Reply) -> Whisper:
    """Return what is whispered."""
    told = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    (content,) = [message.content for message in told if message.purpose is Purpose.WHISPER and message.content]
    return content


def local(room: Room) -> tuple[int, int]:
    """Return the hour and minute at which a room starts in Lisbon."""
    at = datetime.fromtimestamp(room.starts_at / 1000, ZoneInfo(LISBON))
    return at.hour, at.minute


def test_a_meeting_is_made_now_for_another_time(say: Say) -> None:
    """Graph is asked at once, with the times that were said; the meeting has a place of its own."""
    room = made(say("meet at 23:30 Retro for 45m on calendar"))
    assert (room.subject, local(room), room.graph_call) == ("Retro", (23, 30), GraphCall.EVENT)
    assert room.ends_at - room.starts_at == 45 * 60_000
    assert room.starts_at > NOW
    assert room.give_up_at == NOW + 180_000
    assert room.topic == room.room_id
    assert room.state is RoomState.OPENING


def test_a_meeting_that_runs_is_in_nobody_s_way(say: Say) -> None:
    """Who plans while a meeting runs gets their own, and `meet now` beside a planned one too."""
    planned = made(say("meet in 20m Retro"))
    assert planned.starts_at - NOW <= 20 * 60_000
    running = replace(planned, topic="", starts_at=NOW, state=RoomState.OPEN)
    seen = View(NOW, "e" * 32, rooms=(running,))
    assert made(say("meet tomorrow 9:00", view=seen)).room_id == "e" * 32
    here = replace(planned, home_conversation="19:x;messageid=7")
    seen = View(NOW, "e" * 32, rooms=(here,))
    assert say("meet now", view=seen, conversation_id="19:x;messageid=7", activity_id="8").outcome == "opening"


def test_what_is_odd_about_a_time_is_told(say: Say) -> None:
    """Who asks for a time that is past, or whose zone nobody knows, is whispered what was made of it."""
    reply = say("meet at 0:01 Retro")
    assert (whisper(reply).name, whisper(reply).data["notes"]) == ("planned", ["tomorrow"])
    assert whisper(reply).data["at"] == made(reply).starts_at
    assert whisper(say("meet tomorrow 9:00", zone="")).data["notes"] == ["zone"]
    assert not [e for e in say("meet tomorrow 9:00").effects if isinstance(e, PlanMessage) and e.message.to]


def test_too_far_and_too_late_is_said(say: Say) -> None:
    """A time that cannot be planned opens nothing and says why."""
    assert whisper(say("meet in 61 days")).data["why"] == "far"
    assert whisper(say("meet today 0:01")).data["why"] == "past"
    assert say("meet in 61 days").outcome == "not-then"


def test_the_question_offers_what_was_said(say: Say) -> None:
    """The buttons of the question ask for the subject and options that were said, now or at the time that was meant."""
    data = whisper(say("meet tomorrow at nine works for me")).data
    assert data["now"] == "meet now tomorrow at nine works for me"
    assert (data["then"], data["tomorrow"]) == ("meet tomorrow 9:00 at nine works for me", True)
    data = whisper(say("meet Retro at 23:30 for 45m passcode")).data
    assert data["then"] == "meet at 23:30 Retro for 45m passcode"
    assert data["now"] == "meet now Retro at 23:30 for 45m passcode"
    data = whisper(say("meet Retro tomorrow")).data
    assert (data["then"], data["tomorrow"]) == ("meet tomorrow 9:00 Retro", True)
    assert whisper(say("meet is cancelled")).data["then"] == "meet tomorrow 9:00 is cancelled"
    assert whisper(say("meet Retro in 99 days")).data["then"].startswith("meet tomorrow 9:00 ")
    for line in (data["now"], data["then"]):
        assert say(line).outcome == "opening"


def test_nobody_s_name_is_a_time(say: Say) -> None:
    """A mention of somebody called Will does not make a question of a request."""
    assert say("meet Will Smith", mentions=(BEN,)).outcome == "opening"
    assert say("meet will it work").outcome == "now-or-then"


def test_a_slip_in_now_or_in_an_option_is_no_subject(say: Say) -> None:
    """`meet noww` opens no meeting called noww, and an option put right keeps the time."""
    slips = {"meet noww": "meet now", "meet nwo Retro": "meet now Retro", "treffen jezt": "meet now"}
    for line, meant in {**slips, "meet at 23:30 Pay lobby evryone": "meet at 23:30 Pay lobby everyone"}.items():
        with pytest.raises(UsageError) as caught:
            say(line)
        assert caught.value.meant == meant
    assert say("meet new team").outcome == "opening"


def test_who_cannot_host_plans_nothing(ask: Ask, policy: Policy) -> None:
    """Where nobody may host, a planned meeting is refused as one for now is."""
    asked = replace(ask("in 20m"), policy=replace(policy, hosts=Hosts((), requester=False)))
    assert plan.run(asked).outcome == "failed"


def test_trying_again_keeps_the_time_while_it_is_to_come(say: Say) -> None:
    """Who tries a failed request again gets it for the time that was asked for, or for now when that is past."""
    failed = replace(made(say("meet at 23:30 Retro")), state=RoomState.FAILED, fail_code="deadline")
    seen = View(NOW, "e" * 32, pressed_room=failed)
    assert made(say("meet now Retro", view=seen)).starts_at == failed.starts_at
    seen = View(failed.starts_at + 1, "e" * 32, pressed_room=failed)
    assert made(say("meet now Retro", view=seen)).starts_at > failed.starts_at - 1_000


def test_a_sign_in_keeps_the_time_too(say: Say, ask: Ask) -> None:
    """Who has to sign in first gets the meeting for the time that was asked for."""
    failed = replace(made(say("meet at 23:30 Retro for 45m")), state=RoomState.FAILED, fail_code="sign_in")
    room = made(meet.go_on(ask(view=View(NOW + 60_000, "e" * 32, pressed_room=failed))))
    assert (room.starts_at, room.ends_at) == (failed.starts_at, failed.ends_at)


def test_one_button_plans_one_meeting(say: Say) -> None:
    """Who presses a button a second time is told so; whoever types the same again gets another meeting."""
    button = Message("q" * 32, "i", "tenant", "19:x", "19:x", Purpose.WHISPER, None)
    first = say("meet at 23:30", view=View(NOW, "f" * 32, pressed=button))
    note = next(effect for effect in first.effects if isinstance(effect, SaveNote))
    seen = View(NOW, "e" * 32, pressed=button, notes={note.key: note.value})
    assert say("meet at 23:30", view=seen).outcome == "planned-already"
    assert say("meet at 23:30", view=replace(seen, pressed=None)).outcome == "opening"


def test_a_bare_mention_asks_what_is_wanted(ask: Ask, policy: Policy) -> None:
    """Who only mentions the bot is asked whether to meet now."""
    reply = Dispatch(COMMANDS, policy).decide(ask(text="").turn)(View(NOW, "e" * 32))
    assert reply.outcome == "bare"
