"""`meet #TOPIC`, threads, and the buttons that whispers bring: the decisions, without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot import topics
from bot.commands import COMMANDS, alerted, meet, shown, stop_trying, try_now
from bot.commands.command import Asked, Policy
from bot.commands.grammar import find
from bot.decisions import MakeRoom, PlanMessage, PointCard, Reply, SaveRoom, SetTimer, View
from bot.messages import Message, MessageState, Purpose, Whisper
from bot.model import ChannelKind, Chat, ChatKind, Meeting, Person, Room, RoomState, TimerKind, TurnKind

Ask = Callable[..., Asked]
NOW = 1_790_000_000_000
THREAD, ELSEWHERE = "19:incidents@thread.tacv2", "19:other@thread.tacv2"
CHANNEL = Chat("tenant", THREAD, ChatKind.CHANNEL, ChannelKind.STANDARD, team_id="19:team", name="incidents")
MEETING = Meeting("m", "https://teams.example/meet/1")
BEN = Person("29:ben", "22222222-0000-4000-8000-000000000002", "Ben Okafor")


@pytest.fixture
def say(ask: Ask) -> Ask:
    """Return a function that asks with a whole line, as the grammar would hand it over."""

    def make(line: str, **changes: Any) -> Asked:  # noqa: ANN401 - fields of Turn, Chat and View by name
        _, rest = find(line, COMMANDS)
        view = View(NOW, "f" * 32, **changes.pop("seen", {}))
        return ask(rest, text=line, view=view, **{"chat": CHANNEL, **changes})

    return make


def opened(asked: Asked) -> Reply:
    """Return what comes of a request when its topic is live nowhere else."""
    reply = meet.run(asked)
    return meet.looked(asked, None, "") if reply.outcome == "looking" else reply


def made(reply: Reply) -> Room:
    """Return the room that the reply makes."""
    return next(effect.room for effect in reply.effects if isinstance(effect, MakeRoom))


def planned(reply: Reply, purpose: Purpose) -> list[Message]:
    """Return the messages of a purpose that the reply plans."""
    found = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    return [message for message in found if message.purpose is purpose]


def whispered(reply: Reply) -> str:
    """Return the name of the one whisper."""
    (message,) = planned(reply, Purpose.WHISPER)
    assert message.content is not None
    return message.content.name


def running(say: Ask, line: str, **changes: Any) -> Room:  # noqa: ANN401 - fields of Room by name
    """Return an open room that was asked for with this line."""
    return replace(made(opened(say(line))), state=RoomState.OPEN, meeting=MEETING, room_id="0" * 32, **changes)


def pressed(room: Room | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of Message by name
    """Return what a view shows of a press: the card of a room, or a whisper."""
    message = Message("p" * 32, "i", "tenant", THREAD, f"{THREAD};messageid=1", Purpose.CARD, None)
    return {"pressed": replace(message, **changes), "pressed_room": room}


def test_a_topic_s_room_is_its_team_s(say: Ask) -> None:
    """The team shares the topic, under a name that is the same however it is typed."""
    room = made(opened(say("meet #INC-42 DB down")))
    assert (room.scope_key, room.topic, room.subject) == ("team:19:team", "#inc42", "#INC-42 DB down")


def test_what_a_person_asked_for_does_not_use_up_their_alerts(say: Ask) -> None:
    """Who hosts the alerts has opened as many as may be: the next alert opens its meeting all the same."""
    fast = {"mine": (NOW,) * 5}
    assert opened(say("meet now #INC-44", seen=fast)).outcome == "too-fast"
    assert made(opened(say("meet now #INC-44", verb=alerted.ALERT, seen=fast))).topic == "#inc44"


def test_open_separately_asks_no_second_time(say: Ask) -> None:
    """Where who may start is looked up first, the button that leaves another chat's meeting alone opens one here."""
    elsewhere = replace(running(say, "meet #INC-43"), room_id="1" * 32, scope_key="chat:19:hr", home_thread=ELSEWHERE)
    separately = say("open separately #INC-43 DB down")
    assert made(meet.looked(separately, elsewhere, "HR")).scope_key == "team:19:team"


def test_a_topic_may_follow_now_or_meet_alone(say: Ask) -> None:
    """A topic is one wherever it begins what is asked for."""
    assert made(opened(say("meet now #sev 1"))).topic == "#sev1"
    assert made(opened(say("meet #sev 1"))).topic == "#sev1"


def test_an_open_topic_is_the_tenant_s(say: Ask, policy: Policy) -> None:
    """What the administrator opened is shared by all chats."""
    asked = replace(say("meet #INC-42"), policy=replace(policy, open_topics=("inc-*",)))
    assert made(opened(asked)).scope_key == "tenant"


def test_a_topic_of_another_channel_gets_a_card_here_once(say: Ask) -> None:
    """The second channel gets one card of the same room, and the person the way in."""
    room = running(say, "meet #INC-42", home_thread=ELSEWHERE)
    reply = opened(say("meet #inc42", seen={"topics": (room,)}))
    (card,) = planned(reply, Purpose.CARD)
    assert (card.room_id, card.thread_id, card.due_at) == (room.room_id, THREAD, NOW)
    assert whispered(reply) == "running"
    again = opened(say("meet #inc42", seen={"topics": (room,), "rooms": (room,)}))
    assert planned(again, Purpose.CARD) == []
    opening = replace(room, state=RoomState.OPENING, meeting=None)
    waits = opened(say("meet #inc42", seen={"topics": (opening,)}))
    assert planned(waits, Purpose.CARD)[0].due_at == NOW + 1_500


@pytest.mark.parametrize("state", list(MessageState))
def test_a_card_that_is_edited_no_more_does_not_stand_for_another_request(say: Ask, state: MessageState) -> None:
    """Who presses Try again on a card that Teams lets nobody change gets a new one: no meeting is without a card."""
    failed = replace(made(opened(say("meet now Retro"))), state=RoomState.FAILED, fail_code="deadline")
    again = meet.run(say("meet now Retro", kind=TurnKind.PRESSED, seen=pressed(failed, state=state)))
    points = [effect for effect in again.effects if isinstance(effect, PointCard)]
    assert len(points) + len(planned(again, Purpose.CARD)) == 1
    assert bool(points) is (state not in shown.LOST)


def test_a_failed_card_becomes_the_card_of_what_runs_elsewhere(say: Ask) -> None:
    """Try again on a failed topic that others opened meanwhile shows their meeting in the same post."""
    room = running(say, "meet #INC-42", home_thread=ELSEWHERE)
    before = replace(room, room_id="1" * 32, state=RoomState.FAILED, home_thread=THREAD)
    seen = {"topics": (room,), **pressed(before)}
    reply = opened(say("meet now #INC-42", seen=seen, kind=TurnKind.PRESSED))
    assert reply.effects == (PointCard("p" * 32, room.room_id),)


def test_a_near_topic_is_asked_about_unless_it_is_meant(say: Ask) -> None:
    """One slip away asks; the question's button, a retry and a topic of another scope do not."""
    near = running(say, "meet #INC-42")
    seen: dict[str, Any] = {"topics": (near,)}
    reply = opened(say("meet #INC-24 x", seen=seen))
    assert whispered(reply) == "near-topic"
    (message,) = planned(reply, Purpose.WHISPER)
    assert message.content is not None
    assert message.content.data["line"] == "open topic #INC-24 x"
    assert made(opened(say("open topic #INC-24 x", seen=seen))).topic == "#inc24"
    failed = replace(near, topic="#inc24", state=RoomState.FAILED)
    again = say("meet now #INC-24", seen={**seen, **pressed(failed)}, kind=TurnKind.PRESSED)
    assert made(opened(again)).topic == "#inc24"
    apart = {"topics": (replace(near, scope_key="tenant"),)}
    assert made(opened(say("meet #INC-24", seen=apart))).topic == "#inc24"


def test_a_question_after_a_press_is_answered_and_whispered(say: Ask) -> None:
    """A press that leads to a question is answered at once, and the buttons come as a whisper."""
    near = running(say, "meet #INC-42")
    seen = {"topics": (near,), **pressed()}
    reply = opened(say("meet #INC-24", seen=seen, kind=TurnKind.PRESSED))
    assert reply.answer is not None
    assert "No #INC-24 yet" in reply.answer.text
    assert whispered(reply) == "near-topic"


def test_a_reply_in_another_thread_is_asked_a_root_post_is_not(say: Ask) -> None:
    """Root posts share the channel's meeting; a reply elsewhere may have one of its own."""
    main = running(say, "meet now Retro")
    seen = {"rooms": (main,)}
    there = f"{THREAD};messageid=7"
    assert whispered(opened(say("meet now", seen=seen, conversation_id=there))) == "other-thread"
    assert whispered(opened(say("meet now", seen=seen, conversation_id=there, activity_id="7"))) == "running"
    same = say("meet now", seen=seen, conversation_id=f"{THREAD};messageid=1", activity_id="5")
    assert whispered(opened(same)) == "running"


def test_a_thread_that_has_a_meeting_is_led_to_it(say: Ask) -> None:
    """Inside a thread its own meeting comes before the channel's."""
    main = running(say, "meet now Retro")
    there = {"conversation_id": f"{THREAD};messageid=7"}
    own = made(opened(say("start one for this thread Lunch", seen={"rooms": (main,)}, **there)))
    assert own.topic == "thread:7"
    own = replace(own, state=RoomState.OPEN, meeting=MEETING)
    reply = opened(say("meet now", seen={"rooms": (own, main)}, **there))
    (message,) = planned(reply, Purpose.WHISPER)
    assert message.content is not None
    assert (message.content.name, message.content.data["subject"]) == ("running", "Lunch")
    again = opened(say("start one for this thread", seen={"rooms": (own, main)}, **there))
    assert whispered(again) == "running"


def test_one_whisper_starts_one_more_meeting(say: Ask) -> None:
    """However often its button is pressed, also on two replicas, a whisper stands for one more meeting."""
    seen = pressed(purpose=Purpose.WHISPER)
    first = made(opened(say("start another Lunch", seen=seen, kind=TurnKind.PRESSED)))
    assert first.topic
    second = opened(say("start another Lunch", seen={**seen, "rooms": (first,)}, kind=TurnKind.PRESSED))
    assert [effect for effect in second.effects if isinstance(effect, MakeRoom)] == []
    typed = made(opened(say("start another")))
    assert typed.topic == typed.room_id
    alone = say("start one for this thread", conversation_id="19:g@thread.v2")
    assert made(opened(alone)).topic == "f" * 32


def test_trying_again_keeps_place_and_people(say: Ask) -> None:
    """A thread's failed meeting is tried again for that thread, with whom it was to call."""
    before = replace(running(say, "meet now Retro"), state=RoomState.FAILED, topic="thread:7", people=(BEN,))
    room = made(opened(say("meet now Retro", seen=pressed(before), kind=TurnKind.PRESSED)))
    assert (room.topic, room.people) == ("thread:7", (BEN,))


def test_whom_the_request_mentions_can_be_called(say: Ask) -> None:
    """Mentioned people and the chat's own bridge are kept for the case that Microsoft does not answer."""
    chat = replace(CHANNEL, settings={"backup_bridge": "+44 " * 100})
    room = made(opened(say("meet now", mentions=(BEN,), chat=chat)))
    assert room.people == (BEN,)
    assert len(room.backup_bridge) == 200


def test_try_now_and_stop_mean_the_pressed_card_or_the_newest_request(say: Ask) -> None:
    """A press means its own card; typed, the chat's newest waiting request is meant."""
    waiting = made(opened(say("meet now Retro")))
    tried = try_now.run(say("try now", seen={"rooms": (waiting,)}))
    assert [type(effect) for effect in tried.effects] == [SetTimer, PlanMessage]
    gone = stop_trying.run(say("stop trying", seen={**pressed(waiting)}, kind=TurnKind.PRESSED))
    assert any(isinstance(effect, SaveRoom) for effect in gone.effects)
    over = pressed(replace(waiting, state=RoomState.OPEN))
    for command in (try_now, stop_trying):
        late = command.run(say("try now", seen={"rooms": (waiting,), **over}, kind=TurnKind.PRESSED))
        assert (late.outcome, late.effects) == ("no-request", ())
        assert command.run(say("try now")).outcome == "no-request"


def test_a_new_topic_waits_for_a_look_up_an_open_one_does_not(say: Ask, policy: Policy) -> None:
    """Where a topic may be live elsewhere is looked up first; what the tenant shares, retries and the rest is not."""
    theirs = running(say, "meet #layoffs", scope_key="chat:19:hr", home_thread=ELSEWHERE)
    seen: dict[str, Any]
    for seen, subject in (({"elsewhere": (theirs,)}, theirs.room_id), ({}, THREAD)):
        (effect,) = meet.run(say("meet #layoffs", seen=seen)).effects
        assert isinstance(effect, SetTimer)
        assert (effect.timer.kind, effect.timer.subject, effect.timer.due_at) == (TimerKind.TOPIC, subject, NOW)
    shared = replace(say("meet #INC-42"), policy=replace(policy, open_topics=("inc-*",)))
    failed = replace(theirs, scope_key="team:19:team", state=RoomState.FAILED)
    again = say("meet now #layoffs", seen=pressed(failed), kind=TurnKind.PRESSED)
    apart = say("open separately #layoffs", seen={"elsewhere": (theirs,)})
    for asked in (shared, again, apart, say("meet now Retro")):
        reply = meet.run(asked)
        assert any(isinstance(effect, MakeRoom) for effect in reply.effects)


def test_one_s_own_meeting_is_asked_about_first(say: Ask) -> None:
    """Of several with the same name the one that the person started is meant, else the newest."""
    newest = running(say, "meet #retro", scope_key="chat:19:a")
    own = replace(newest, room_id="1" * 32)
    newest = replace(newest, starter=BEN)
    assert topics.elsewhere((newest, own), own.starter) == own
    assert topics.elsewhere((newest, own), Person("29:kim")) == newest
    assert topics.elsewhere((), BEN) is None


def test_a_meeting_that_was_brought_here_is_found_by_its_topic(say: Ask) -> None:
    """Who asks for the topic where another chat's card stands is led to it, without a second card."""
    theirs = running(say, "meet #layoffs", scope_key="chat:19:hr", home_thread=ELSEWHERE)
    reply = meet.run(say("meet #lay-offs", seen={"rooms": (theirs,)}))
    assert whispered(reply) == "running"
    assert planned(reply, Purpose.CARD) == []
    assert made(meet.run(say("meet now", seen={"rooms": (theirs,)}))).topic == ""


def test_only_the_question_s_own_press_brings_what_it_offered(say: Ask) -> None:
    """What may be brought, and to where, stands in the whisper that was sent, whatever the button says."""
    theirs = running(say, "meet #layoffs", scope_key="chat:19:hr", home_thread=ELSEWHERE)
    offer = {"room": theirs.room_id, "thread": THREAD, "conversation": f"{THREAD};messageid=1"}
    question = pressed(purpose=Purpose.WHISPER, content=Whisper("topic-elsewhere", offer=offer))
    line = "bring it here #layoffs"
    reply = meet.looked(say(line, seen=question), theirs, "hr")
    (card,) = planned(reply, Purpose.CARD)
    assert (card.room_id, card.thread_id, card.conversation_id) == (theirs.room_id, THREAD, offer["conversation"])
    refused = [
        meet.looked(say(line, seen=question), None, ""),
        meet.looked(say(line, seen=question), replace(theirs, state=RoomState.ENDED), "hr"),
        meet.looked(say(line, seen=question), replace(theirs, room_id="2" * 32), "hr"),
        meet.looked(say(line, seen=pressed()), theirs, "hr"),
        meet.looked(say("bring it here"), theirs, "hr"),
    ]
    assert [whispered(reply) for reply in refused] == ["not-brought"] * 5
