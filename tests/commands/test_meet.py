from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.commands import meet
from bot.commands.command import Asked, Policy
from bot.decisions import MakeRoom, PlanMessage, Record, SaveChat, SetTimer, View
from bot.dispatch import Dispatch
from bot.hosts import Hosts
from bot.messages import Message, Purpose
from bot.model import ChannelKind, Chat, ChatKind, Meeting, Person, Room, RoomState, TimerKind, TurnKind, Way
from bot.rooms import refusal_keys
from bot.ways import policy_key

NOW = 1_790_000_000_000
Ask = Callable[..., Asked]


def made(asked: Asked) -> Room:
    """Return the room that the reply makes."""
    return next(effect.room for effect in meet.run(asked).effects if isinstance(effect, MakeRoom))


def test_meet_now_makes_a_room_a_card_and_a_timer(ask: Ask) -> None:
    """One request makes one room, plans one card and asks Graph once."""
    reply = meet.run(ask("Retro"))
    assert [type(effect) for effect in reply.effects] == [MakeRoom, PlanMessage, SetTimer, SetTimer, Record, SaveChat]
    room = made(ask("Retro"))
    assert room.subject == "Retro"
    assert room.state is RoomState.OPENING
    assert room.ends_at - room.starts_at == 60 * 60_000
    timer = next(effect.timer for effect in reply.effects if isinstance(effect, SetTimer))
    assert (timer.kind, timer.subject) == (TimerKind.OPEN, room.room_id)


def test_a_channel_s_meeting_is_tied_to_its_thread(ask: Ask) -> None:
    """In a channel Graph is asked to tie the meeting to the channel's thread."""
    assert made(ask()).bind_thread == "19:incidents@thread.tacv2"


def test_group_chats_and_private_channels_are_not_tied(ask: Ask) -> None:
    """Where Graph cannot tie a meeting it is not asked to."""
    group = Chat("tenant", "19:g@thread.v2", ChatKind.GROUP)
    private = Chat("tenant", "19:p@thread.tacv2", ChatKind.CHANNEL, channel_kind=ChannelKind.PRIVATE)
    assert made(ask(chat=group)).bind_thread == ""
    assert made(ask(chat=private)).bind_thread == ""


def test_a_refused_thread_is_not_asked_for_again(ask: Ask) -> None:
    """After a refusal the next meeting is made without the thread at once."""
    for key in refusal_keys("beta", "19:incidents@thread.tacv2"):
        view = View(now=1, fresh_id="f" * 32, notes={key: "19:incidents@thread.tacv2"})
        assert made(ask(view=view)).bind_thread == ""


def test_nobody_signs_in_for_a_service_account(ask: Ask, policy: Policy) -> None:
    """Also where no policy names the service account it is the app that asks for its meetings: it has no chat."""
    view = View(now=1, fresh_id="f" * 32, notes={policy_key("service-1"): "", policy_key(ask().turn.person.oid): ""})
    service = replace(policy, auth="auto", hosts=Hosts(("service-1",), requester=False))
    room = made(replace(ask(view=view), policy=service))
    assert (room.host.oid, room.way) == ("service-1", Way.APP)
    room = made(replace(ask(view=view), policy=replace(policy, auth="auto")))
    assert (room.host, room.way) == (ask().turn.person, Way.USER)


def test_binding_can_be_switched_off(ask: Ask, policy: Policy) -> None:
    """An administrator who switches binding off gets standalone meetings."""
    asked = replace(ask(), policy=replace(policy, binding="off"))
    assert made(asked).bind_thread == ""


def test_default_subjects_name_the_place_or_the_person(ask: Ask) -> None:
    """Without a subject a channel's meeting is named after the channel, any other after who asked."""
    assert made(ask()).subject == "Meeting in #incidents"
    assert made(ask(chat=Chat("tenant", "a:1", ChatKind.PERSONAL))).subject == "Meeting with Ana Lima"
    nameless = Person("29:x", "oid")
    assert made(ask(chat=Chat("tenant", "a:1", ChatKind.PERSONAL), person=nameless)).subject == "Meeting"


def test_a_subject_is_one_bounded_line(ask: Ask) -> None:
    """A subject is never longer than 120 characters and never more than one line."""
    subject = made(ask("a\nb " * 500)).subject
    assert len(subject) <= 120
    assert "\n" not in subject


def test_a_second_request_is_told_of_the_first(ask: Ask) -> None:
    """Whoever asks while a meeting runs is whispered the way into it; nothing new is made."""
    room = replace(made(ask("Retro")), state=RoomState.OPEN, meeting=Meeting("m", "https://teams.example/meet/1"))
    reply = meet.run(ask(view=View(now=2, fresh_id="e" * 32, rooms=(room,))))
    (planned,) = reply.effects
    assert isinstance(planned, PlanMessage)
    assert planned.message.purpose is Purpose.WHISPER
    assert planned.message.content is not None
    assert planned.message.content.data["join_url"] == "https://teams.example/meet/1"


def test_a_person_without_an_entra_identity_cannot_host(ask: Ask) -> None:
    """Somebody Teams does not vouch for with an object id is told so instead of hosting a meeting."""
    reply = meet.run(ask(person=Person("29:guest", "", "Somebody")))
    assert not any(isinstance(effect, MakeRoom) for effect in reply.effects)
    assert reply.outcome == "failed"


def test_the_same_request_frozen_twice_has_the_same_bytes(ask: Ask) -> None:
    """Deciding again about one request changes nothing in what Graph is asked."""
    assert made(ask("Retro")).request == made(ask("Retro")).request


def zones(ask: Ask, chat: Chat, zone: str) -> tuple[str, Chat | None]:
    """Return the zone of the card that somebody in this zone asks for, and what is remembered of the chat."""
    asked = ask(zone=zone, view=View(now=NOW, fresh_id="f" * 32, chat=chat))
    saved = [effect.chat for effect in meet.run(asked).effects if isinstance(effect, SaveChat)]
    return made(asked).zone, saved[0] if saved else None


def test_a_card_is_in_the_chat_s_zone(ask: Ask) -> None:
    """A chat's cards keep the zone first seen there, whoever asks from elsewhere; one that was set comes first."""
    fresh = Chat("tenant", "19:incidents@thread.tacv2", ChatKind.CHANNEL, settings={"language": "de"})
    assert zones(ask, fresh, "") == ("", None)
    zone, known = zones(ask, fresh, "Europe/Lisbon")
    assert zone == "Europe/Lisbon"
    assert known is not None
    assert known.language("en") == "de"
    assert zones(ask, known, "Asia/Seoul") == ("Europe/Lisbon", None)
    chosen = replace(known, settings={**known.settings, "zone": "Europe/Paris"})
    assert zones(ask, chosen, "Asia/Seoul") == ("Europe/Paris", None)


def test_in_a_1_to_1_everything_is_the_person_s(ask: Ask) -> None:
    """Where nobody else reads, the card has the person's language and the zone they are in now."""
    alone = Chat("tenant", "a:1", ChatKind.PERSONAL)
    assert zones(ask, alone, "Asia/Seoul") == ("Asia/Seoul", None)
    assert made(ask(chat=alone, locale="ko-KR")).language == "ko-KR"
    assert made(ask(locale="ko-KR")).language == "en"
    assert made(ask(chat=Chat("t", "19:g", ChatKind.GROUP, settings={"language": "de"}), locale="ko")).language == "de"


def test_what_everybody_reads_is_in_the_chat_s_language(ask: Ask) -> None:
    """A command's public answer speaks the chat's language, a whisper the person's, in the chat's zone if need be."""
    chat = Chat("t", "19:g", ChatKind.GROUP, settings={"language": "de", "zone": "Europe/Berlin"})
    asked = ask(chat=chat, locale="ko", zone="")
    (notice,) = asked.say("Coffee").effects
    assert isinstance(notice, PlanMessage)
    assert notice.message.content is not None
    assert (notice.message.content.language, notice.message.content.zone) == ("de", "Europe/Berlin")
    own = asked.whisper("help")
    assert (own.language, own.zone) == ("ko", "Europe/Berlin")


def test_a_button_that_nobody_knows_any_more(ask: Ask, policy: Policy) -> None:
    """A press on what is no message of Muster's, or another person's whisper, says so and does nothing."""
    turn = replace(ask().turn, kind=TurnKind.PRESSED, text="meet now")
    whispered = Message("m", "i", "tenant", turn.chat.thread_id, "c", Purpose.WHISPER, None, to=Person("29:ben"))
    for pressed in (None, whispered):
        reply = Dispatch((meet.COMMAND,), policy).decide(turn)(View(now=NOW, fresh_id="f" * 32, pressed=pressed))
        assert reply.effects == ()
        assert reply.answer is not None
        assert reply.answer.error.startswith("I don't know this post here: it's a copy from another chat")
