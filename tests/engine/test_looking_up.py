"""The member look-up behind the call button: patient with the connector, and nobody's obstacle (ENGINE 2.2)."""

from __future__ import annotations

import asyncio
from typing import cast

from bot.commands.command import Policy
from bot.decisions import Reply, SaveRoom, SetTimer, View
from bot.errors import Gone, NotDone, SendError
from bot.leases import Lease, TimerClaim
from bot.lifecycle import LOOK_UPS, Lifecycle
from bot.model import Chat, ChatKind, Person, Room, RoomState, Timer, TimerKind
from bot.observe import Event
from bot.ports import Chance, Clock, Meetings, Messenger
from tests.engine.test_rooms import NOW, THREAD, a_room, freeze, saved

BEN, KIM = Person("29:ben", name="Ben Okafor"), Person("29:kim", name="Kim Park")
CHAT = Chat("tenant", THREAD, ChatKind.CHANNEL)


class Members:
    """A connector that knows members, or answers with an error."""

    def __init__(self, known: dict[str, Person | SendError]) -> None:
        self.known = known
        self.asked: list[Chat] = []

    async def channel_names(self, chat: Chat) -> dict[str, str]:
        """Know one name."""
        return {chat.thread_id: "hr"}

    async def member(self, chat: Chat, person_id: str) -> Person:
        """Return who that is."""
        self.asked.append(chat)
        found = self.known.get(person_id)
        if found is None:
            await asyncio.Event().wait()  # no answer ever
            raise AssertionError
        if isinstance(found, SendError):
            raise found
        return found


class Still:
    """A clock that stands, and dice that fall on the same side."""

    def now(self) -> int:
        """Return ms UTC."""
        return NOW

    def fraction(self) -> float:
        """Return the middle."""
        return 0.5


async def looked_up(room: Room | None, known: dict[str, Person | SendError], attempts: int = 1) -> Reply:
    """Run the look-up's timer and decide."""
    events: list[Event] = []
    still = Still()
    lifecycle = Lifecycle(
        cast("Meetings", None),
        cast("Messenger", Members(known)),
        Policy(freeze),
        cast("Clock", still),
        cast("Chance", still),
        events.append,
    )
    timer = Timer("members|r1", TimerKind.MEMBERS, "tenant", "r1", NOW, attempts=attempts)
    decide = await lifecycle.run(TimerClaim(timer, Lease("one", 1, NOW + 30_000), room, CHAT))
    return decide(View(NOW, "f" * 32, room=room))


async def test_members_are_shown_and_strangers_left_out() -> None:
    """Who is in the chat is called; who is not has no place on the button."""
    ben = Person("29:ben", "oid", "Ben Okafor", "ben@contoso.example")
    reply = await looked_up(a_room(people=(BEN, KIM)), {"29:ben": ben, "29:kim": Gone("no member", status=404)})
    assert [person.upn for person in saved(reply).people] == ["ben@contoso.example", ""]
    assert not any(isinstance(effect, SetTimer) for effect in reply.effects)


async def test_a_busy_connector_is_asked_again_a_few_times() -> None:
    """A look-up that is put off comes back later, and in the end the card does without."""
    busy: dict[str, Person | SendError] = {"29:ben": NotDone("429", status=429, retry_after=2.0)}
    reply = await looked_up(a_room(people=(BEN,)), busy)
    (again,) = reply.effects
    assert isinstance(again, SetTimer)
    assert again.timer.due_at >= NOW + 2_000
    assert (await looked_up(a_room(people=(BEN,)), busy, attempts=LOOK_UPS)).effects == ()


async def test_nobody_is_looked_up_for_what_is_open_or_gone() -> None:
    """When the meeting is there nobody needs to be called."""
    for room in (a_room(people=(BEN,), state=RoomState.OPEN), None):
        reply = await looked_up(room, {})
        assert not any(isinstance(effect, SaveRoom) for effect in reply.effects)
