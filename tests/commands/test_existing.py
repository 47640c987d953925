"""Commands on meetings that exist: which one is meant, who may, and what is answered (ENGINE R23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.commands import COMMANDS, afterwards, dial_in, end, host, meant, meet, recent, rename, reopen, status
from bot.commands.command import Asked, Policy
from bot.decisions import PlanMessage, Reply, SaveRoom, SetTimer, View
from bot.dispatch import Dispatch
from bot.messages import Message, MessageState, Purpose, Whisper
from bot.model import Chat, ChatKind, Meeting, Person, Room, RoomState, TimerKind, TurnKind
from cards import render_whisper
from tests.engine.test_rooms import ANA, a_room

NOW = 1_790_000_000_000
THREAD = "19:incidents@thread.tacv2"
GROUP = Chat("tenant", THREAD, ChatKind.GROUP)
BEN = Person("29:ben", "oid-ben", "Ben Okafor")
MEETING = Meeting("m", "https://teams.example/meet/1", lobby_scope="organization")
OPEN = a_room(state=RoomState.OPEN, meeting=MEETING, opened_at=NOW)
TOPIC = replace(OPEN, room_id="r2", topic="#inc42", subject="#INC-42 DB down", scope_key="team:t")
LUNCH = replace(OPEN, room_id="r3", topic="r3", subject="Lunch")
PLANNED = replace(LUNCH, state=RoomState.SCHEDULED, opened_at=None, subject="Retro", starts_at=NOW + 3_600_000)
CARD = Message(
    "card", "card|r1", "tenant", THREAD, THREAD, Purpose.CARD, None, "r1", state=MessageState.POSTED, activity_id="1:a"
)
Ask = Callable[..., Asked]


def seen(*rooms: Room, **changes: Any) -> View:  # noqa: ANN401 - fields of View by name
    """Return a view of the chat with these unfinished rooms."""
    return View(**{"now": NOW + 9, "fresh_id": "f" * 32, "rooms": rooms, "recent": rooms, **changes})


def told(reply: Reply) -> Whisper | None:
    """Return what is whispered, None when nothing is."""
    messages = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    return next((message.content for message in messages if message.content), None)


def name(reply: Reply) -> str:
    """Return the name of what is whispered."""
    words = told(reply)
    return words.name if words else ""


def changed(reply: Reply) -> list[str]:
    """Return the ids of the rooms that a reply saves."""
    return [effect.room.room_id for effect in reply.effects if isinstance(effect, SaveRoom)]


@pytest.mark.parametrize(
    ("rest", "rooms", "expected"),
    [
        ("", (LUNCH, OPEN), ["r1"]),
        ("", (TOPIC,), ["r2"]),
        ("", (LUNCH, TOPIC), []),
        ("inc 42", (OPEN,), []),
        ("#inc 42", (OPEN, TOPIC), ["r2"]),
        ("lunch", (OPEN, LUNCH), ["r3"]),
        ("dinner", (OPEN, LUNCH), []),
        ("", (), []),
    ],
)
def test_end_means_one_meeting(ask: Ask, rest: str, rooms: tuple[Room, ...], expected: list[str]) -> None:
    """Words name a topic or a subject; without them it is the chat's own meeting or the only one, and never a guess."""
    reply = end.run(ask(rest, view=seen(*rooms)))
    assert changed(reply) == expected
    assert name(reply) == ("ended" if expected else "status" if rooms else "no-meeting")


def test_who_ends_none_of_several_reads_how_to_say_which(ask: Ask) -> None:
    """Where several run and none is meant, or a name is nobody's, the answer lists them and shows the line to say."""
    for rest in ("", "dinner"):
        words = told(end.run(ask(rest, view=seen(LUNCH, TOPIC))))
        assert words is not None
        assert render_whisper(words).text.startswith("Say which one, for example: end Lunch")
    plain = told(status.run(ask(view=seen(LUNCH, TOPIC))))
    assert plain is not None
    assert "Say which one" not in render_whisper(plain).text


def test_end_in_a_thread_means_the_threads_meeting(ask: Ask) -> None:
    """Who answers in a thread ends the thread's own meeting."""
    threads = replace(OPEN, room_id="r4", topic="thread:7", home_conversation=f"{THREAD};messageid=7")
    asked = ask(view=seen(OPEN, threads), conversation_id=f"{THREAD};messageid=7", activity_id="9")
    assert changed(end.run(asked)) == ["r4"]


def test_only_leaders_and_owners_may(ask: Ask) -> None:
    """A stranger in a team waits for a look-up; who is no owner then, or is in no team, reads who may."""
    asked = ask(view=seen(OPEN), person=BEN)
    (look_up,) = [effect.timer for effect in end.run(asked).effects if isinstance(effect, SetTimer)]
    assert (look_up.kind, look_up.subject, look_up.payload["command"]) == (TimerKind.OWNER, "r1", "end")
    refused = told(end.run(replace(asked, owner=False)))
    assert refused is not None
    assert (refused.name, refused.data["who"], refused.data["team"]) == ("not-yours", "Ana Lima", "yes")
    assert changed(end.run(replace(asked, owner=True))) == ["r1"]
    in_group = told(end.run(ask(view=seen(OPEN), person=BEN, chat=GROUP)))
    assert in_group is not None
    assert (in_group.name, in_group.data["team"]) == ("not-yours", "")


def test_people_inside_are_asked_about_first(ask: Ask) -> None:
    """A meeting that is known to have people in it ends only when that is said twice."""
    live = replace(OPEN, state=RoomState.LIVE, live_at=NOW)
    question = end.run(ask(view=seen(live), text="end"))
    words = told(question)
    assert words is not None
    assert (words.name, words.offer, changed(question)) == ("end-live", {"room": "r1"}, [])
    whisper = replace(CARD, purpose=Purpose.WHISPER, to=ANA, content=words, room_id="")
    press = {"kind": TurnKind.PRESSED, "text": "end anyway Retro"}
    sure = end.run(ask("Retro", view=seen(replace(live, room_id="r9"), live, pressed=whisper), **press))
    assert changed(sure) == ["r1"]


def test_what_opens_is_stopped_and_what_is_over_is_over(ask: Ask) -> None:
    """`end` stops a request that is still opening; the button of an ended meeting changes nothing."""
    assert name(end.run(ask(view=seen(a_room())))) == "stopped"
    over = replace(OPEN, state=RoomState.ENDED, ended_at=NOW, ended_by="x")
    pressed = ask("Retro", kind=TurnKind.PRESSED, view=seen(pressed=CARD, pressed_room=over))
    reply = end.run(pressed)
    assert (reply.outcome, reply.effects) == ("stranger", ())
    by_clock = replace(over, ended_by="clock")
    assert changed(end.run(ask(view=seen(rooms=(), recent=(by_clock,))))) == ["r1"]


def test_who_presses_sees_the_card(ask: Ask) -> None:
    """The answer to a press on the card is the card as it is now, with the next version on its buttons."""
    reply = end.run(ask("Retro", kind=TurnKind.PRESSED, view=seen(OPEN, pressed=CARD, pressed_room=OPEN)))
    assert reply.answer is not None
    assert reply.answer.card is not None
    assert "Reopen this one" in str(reply.answer.card)
    assert "'v': '2', 'n': 'card'" in str(reply.answer.card)
    assert told(reply) is None


def test_reopen_means_what_ended_last(ask: Ask) -> None:
    """Without words the newest ended meeting opens again; where another holds its place, people are led there."""
    first = replace(OPEN, state=RoomState.ENDED, ended_at=NOW)
    second = replace(first, room_id="r0")
    assert changed(reopen.run(ask(view=seen(rooms=(), recent=(first, second))))) == ["r1"]
    assert name(reopen.run(ask(view=seen(LUNCH, recent=(LUNCH, first))))) == "reopened"
    assert name(reopen.run(ask(view=seen(replace(OPEN, room_id="r5"), recent=(first,))))) == "running"
    assert name(reopen.run(ask(view=seen(rooms=(), recent=(), now=NOW)))) == "no-ended"
    assert name(reopen.run(ask("Dinner", view=seen(rooms=(), recent=(first,))))) == "no-ended"
    late = seen(rooms=(), recent=(first,), now=NOW + 86_400_000)
    assert name(reopen.run(ask(view=late))) == "reopen-late"
    assert name(reopen.run(ask(view=seen(OPEN, recent=(OPEN,))))) == "running"  # nothing has ended: there it is
    elsewhere = replace(TOPIC, room_id="r6", home_thread="19:other")
    over = replace(TOPIC, state=RoomState.ENDED, ended_at=NOW)
    for rest, recents in (("", (over,)), ("#inc 42", (over,)), ("#INC-42", ())):
        led = told(reopen.run(ask(rest, view=seen(rooms=(), recent=recents, topics=(elsewhere,)))))
        assert led is not None
        assert (led.name, led.data["join_url"]) == ("running", MEETING.join_url)
    bare = replace(first, meeting=None)
    assert name(reopen.run(ask(view=seen(rooms=(), recent=(bare,))))) == "no-ended"
    theirs = ask(view=seen(rooms=(), recent=(first,)), person=BEN, chat=GROUP)
    assert name(reopen.run(theirs)) == "not-yours"


def test_what_is_opening_is_there_but_has_no_numbers(ask: Ask) -> None:
    """Who asks for the numbers of a meeting that is still opening reads that it is, not that there is none."""
    assert name(dial_in.run(ask(view=seen(a_room())))) == "status"
    assert name(dial_in.run(ask(view=seen(rooms=())))) == "no-meeting"


def test_a_topic_alone_is_what_people_meet_about(ask: Ask, policy: Policy) -> None:
    """Who says only a topic is offered its meeting; inside a sentence it is no request."""

    def offered(line: str, **changes: Any) -> str:  # noqa: ANN401 - fields of Turn by name
        asked = ask(text=line, view=seen(rooms=()), **changes)
        words = told(Dispatch(COMMANDS, policy).decide(asked.turn)(asked.view))
        return str(words.data.get("meant", "")) if words else ""

    assert offered("\uff03INC-77  network") == "meet \uff03INC-77 network"
    assert offered("look at #INC-77", around=("look at", "#INC-77")) == ""


def test_rename_needs_words_and_a_meeting(ask: Ask) -> None:
    """The new name is for the chat's meeting, or for the topic that it begins with."""
    assert name(rename.run(ask(view=seen(OPEN)))) == "rename-what"
    assert name(rename.run(ask("DB", view=seen()))) == "no-meeting"
    assert name(rename.run(ask("DB", view=seen(OPEN), person=BEN, chat=GROUP))) == "not-yours"
    reply = rename.run(ask("#INC-42 DB restore", view=seen(OPEN, TOPIC)))
    words = told(reply)
    assert words is not None
    assert (changed(reply), words.data["subject"]) == (["r2"], "#INC-42 DB restore")
    same = told(rename.run(ask("Retro", view=seen(OPEN))))
    assert same is not None
    assert same.data["subject"] == "Retro"


def test_host_waits_for_who_they_are(ask: Ask) -> None:
    """Who is mentioned is looked up; without a mention, a meeting or the right nothing is."""
    (look_up,) = host.run(ask("@Ben", view=seen(OPEN), mentions=(BEN,))).effects
    assert isinstance(look_up, SetTimer)
    assert look_up.timer.kind is TimerKind.LEAD
    assert name(host.run(ask(view=seen(OPEN)))) == "host-who"
    assert name(host.run(ask("@Ana", view=seen(OPEN), mentions=(ANA,)))) == "host-already"
    assert name(host.run(ask("@Ben", view=seen(), mentions=(BEN,)))) == "no-meeting"
    assert name(host.run(ask("@Ben", view=seen(OPEN), mentions=(BEN,), person=BEN, chat=GROUP))) == "not-yours"


def test_lists_are_whispers(ask: Ask) -> None:
    """What is running and what was are told to who asks alone."""
    failed = replace(OPEN, state=RoomState.FAILED, ended_at=NOW)
    running = told(status.run(ask(view=seen(OPEN, a_room(room_id="r8", topic="r8")))))
    assert running is not None
    assert [one["join_url"] for one in running.data["meetings"]] == [MEETING.join_url, ""]
    past = told(recent.run(ask(view=seen(OPEN, recent=(OPEN, failed)))))
    assert past is not None
    assert [one["state"] for one in past.data["meetings"]] == ["open", "failed"]
    assert name(recent.run(ask(view=seen()))) == "no-meeting"


@pytest.mark.parametrize("command", [recent.run, status.run])
def test_a_list_says_when_a_planned_meeting_starts(ask: Ask, command: Callable[[Asked], Reply]) -> None:
    """A meeting that is planned is listed with its start, and is not said to be open."""
    planned = replace(OPEN, state=RoomState.SCHEDULED, opened_at=None, starts_at=NOW + 3 * 86_400_000)
    whisper = told(command(ask(view=seen(planned))))
    assert whisper is not None
    text = render_whisper(replace(whisper, zone="Europe/Warsaw")).text
    assert "Retro: starts 24 September 2026, 16:13 (UTC+2) · Ana Lima is hosting" in text
    assert "open since" not in text


@pytest.mark.parametrize(
    ("room", "text", "subject"),
    [
        (OPEN, "meet now Review", "Review"),
        (OPEN, "meet Review", "Review"),
        (PLANNED, "meet in 20m Review", "Review"),
        (PLANNED, "meet at 9:00 Retro", ""),
        (TOPIC, "meet #INC-42 DB restore", "#INC-42 DB restore"),
        (TOPIC, "meet #INC-7 DB restore", ""),
        (OPEN, "meet #INC-7", ""),
        (OPEN, "help", ""),
        (OPEN, "thanks", ""),
        (OPEN, "meet now Retro lobby evryone", ""),
    ],
)
def test_an_edited_request_renames_its_meeting(ask: Ask, room: Room, text: str, subject: str) -> None:
    """The subject follows its message without a word to anybody; another topic or another command changes nothing."""
    reply = afterwards.edited(ask(view=seen(room), text=text), room)
    names = [effect.room.subject for effect in reply.effects if isinstance(effect, SaveRoom)]
    assert names == ([subject] if subject else [])
    assert told(reply) is None


def test_a_withdrawn_request_does_not_open_after_a_sign_in(ask: Ask) -> None:
    """Who deletes a request and signs in afterwards opens nothing by that."""
    waiting = replace(OPEN, state=RoomState.FAILED, meeting=None, fail_code="withdrawn")
    reply = meet.go_on(ask(kind=TurnKind.SIGNED_IN, view=seen(pressed_room=waiting)))
    assert (reply.outcome, reply.effects) == ("overtaken", ())


def test_a_line_about_a_meeting_has_no_link_when_it_is_over() -> None:
    """Nobody is led into a meeting that was ended."""
    assert meant.line(replace(OPEN, state=RoomState.ENDED, ended_at=NOW))["join_url"] == ""
