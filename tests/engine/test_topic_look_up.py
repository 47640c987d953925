"""A new topic waits until it is known whether its asker is a member where it is live already (EXPERIENCE 1.1)."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, cast

import pytest

from bot.commands.command import Policy
from bot.decisions import MakeRoom, PlanMessage, Reply, View
from bot.errors import Gone, NotDone, SendError
from bot.leases import Lease, TimerClaim
from bot.looking import Looking
from bot.messages import Purpose
from bot.model import Chat, ChatKind, Meeting, Person, Room, RoomState, Timer, TimerKind, Turn, TurnKind
from bot.ports import Messenger
from tests.engine.test_looking_up import Members
from tests.engine.test_rooms import NOW, THREAD, a_room, freeze

BEN = Person("29:ben", "oid-ben", "Ben Okafor")
HERE = Chat("tenant", "19:here", ChatKind.GROUP)
THERE = Chat("tenant", THREAD, ChatKind.CHANNEL, name="Platform team")
LIVE = a_room(topic="#layoffs", state=RoomState.OPEN, meeting=Meeting("m", "https://teams.example/meet/1"))
TURN = Turn(
    turn_key="a" * 64,
    echo_key="b" * 64,
    kind=TurnKind.SAID,
    chat=HERE,
    person=BEN,
    conversation_id=HERE.thread_id,
    activity_id="1",
    received_at=NOW,
    expires_at=NOW + 300_000,
    reference="7F3K-92QD",
    text="meet #layoffs",
)


async def looked_up(
    members: Members,
    room: Room | None = LIVE,
    **seen: Any,  # noqa: ANN401 - fields of View by name
) -> Reply:
    """Run the timer of Ben's request and decide with what is there afterwards."""
    looking = Looking(cast("Messenger", members), None, Policy(freeze), lambda _: None, within=0.05)
    timer = Timer("topic|a", TimerKind.TOPIC, "tenant", "r1", NOW, {"turn": asdict(TURN), "rest": "#layoffs"})
    lease = Lease("one", 1, NOW + 30_000)
    claim = TimerClaim(timer, lease, room, THERE if room else None, turn=TURN)
    decide = await looking.topic(claim)
    return decide(View(**{"now": NOW, "fresh_id": "f" * 32, "chat": HERE, "room": seen.pop("room_then", room), **seen}))


def opened(reply: Reply) -> bool:
    """Say whether a room of the asker's own chat was begun and nothing was whispered."""
    rooms = [effect.room for effect in reply.effects if isinstance(effect, MakeRoom)]
    messages = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    return [room.scope_key for room in rooms] == ["chat:19:here"] and [m.purpose for m in messages] == [Purpose.CARD]


async def test_a_member_is_asked_and_told_where() -> None:
    """Whom the connector confirms is asked, by a whisper; nothing is opened."""
    reply = await looked_up(Members({BEN.id: BEN}))
    (effect,) = reply.effects
    assert isinstance(effect, PlanMessage)
    assert (effect.message.to, effect.message.thread_id) == (BEN, "19:here")
    words = effect.message.content
    assert words is not None
    assert (words.name, words.data["where"], words.offer["room"]) == ("topic-elsewhere", "hr", LIVE.room_id)


@pytest.mark.parametrize(
    "answer", [Gone("no member", status=404), NotDone("429", status=429), Person(BEN.id, "somebody else's"), None]
)
async def test_everybody_else_opens_it_as_if_there_were_no_other(answer: Person | SendError | None) -> None:
    """A stranger, a busy connector, another account and an answer that never comes all open the topic here."""
    members = Members({BEN.id: answer} if answer else {})
    assert opened(await looked_up(members))
    assert members.asked == [THERE]


async def test_a_topic_that_is_live_nowhere_is_looked_up_as_well() -> None:
    """The look-up is made all the same, in the asker's own chat, and its answer means nothing."""
    members = Members({BEN.id: BEN})
    assert opened(await looked_up(members, None))
    assert members.asked == [HERE]


async def test_what_is_over_by_then_is_not_offered() -> None:
    """A meeting that ended while its asker was looked up is in nobody's way."""
    ended = a_room(topic="#layoffs", state=RoomState.ENDED)
    assert opened(await looked_up(Members({BEN.id: BEN}), LIVE, room_then=ended))


async def test_nothing_is_opened_in_a_chat_that_is_gone() -> None:
    """Where Muster was removed while the look-up ran, nothing comes of the request (R19)."""
    gone = replace(HERE, gone_at=NOW)
    assert (await looked_up(Members({BEN.id: BEN}), LIVE, chat=gone)).effects == ()


async def test_a_request_that_waited_too_long_opens_nothing() -> None:
    """After its best-before the person is told that nothing was done (R6)."""
    reply = await looked_up(Members({BEN.id: BEN}), None, now=TURN.expires_at)
    assert reply.outcome == "late"
    assert not any(isinstance(effect, MakeRoom) for effect in reply.effects)
