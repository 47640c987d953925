"""What Graph is told of a meeting that changed, and what happens while it does not answer (ENGINE R8, R23)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

import pytest

from bot import ending, looking
from bot.commands.command import Policy
from bot.decisions import PlanMessage, Reply, SaveNote, SaveRoom, SetTimer, View
from bot.errors import Gone, HostUnknown, NotDone, NotNow, Refused, SendError
from bot.leases import Lease, TimerClaim
from bot.lifecycle import Lifecycle
from bot.model import (
    Chat,
    ChatKind,
    Invited,
    Meeting,
    Options,
    Person,
    Role,
    Room,
    RoomState,
    Timer,
    TimerKind,
    Turn,
    TurnKind,
)
from bot.ports import Chance, Clock, Meetings, Messenger, Owners
from tests.engine.test_rooms import ANA, MEETING, NOW, THREAD, a_room, freeze

BEN = Person("29:ben", "oid-ben", "Ben Okafor")
CHAT = Chat("tenant", THREAD, ChatKind.CHANNEL, group_id="g")
GIVEN = replace(MEETING, subject="Retro", starts_at=NOW, ends_at=NOW + 3_600_000, lobby_scope="everyone")
OVER = a_room(state=RoomState.ENDED, meeting=GIVEN, ended_at=NOW)
OPEN = a_room(state=RoomState.OPEN, meeting=GIVEN, opened_at=NOW)
TURN = Turn(
    turn_key="a" * 64,
    echo_key="b" * 64,
    kind=TurnKind.PRESSED,
    chat=CHAT,
    person=ANA,
    conversation_id=THREAD,
    activity_id="1",
    received_at=NOW,
    expires_at=NOW + 300_000,
    reference="7F3K-92QD",
    mentions=(BEN,),
)


class Still:
    """A clock that stands still, and dice that fall on the same side."""

    def now(self) -> int:
        """Return ms UTC."""
        return NOW

    def fraction(self) -> float:
        """Return nothing."""
        return 0.0


@dataclass
class Edge:
    """Graph and the connector with one prepared answer each; `told` is what Graph was asked to set."""

    answer: Meeting | Exception = GIVEN
    people: dict[str, Person | SendError] = field(default_factory=dict)
    owner: bool | Exception = False
    told: list[tuple[Options, bool]] = field(default_factory=list)

    async def update(self, *asked: Any, **more: Any) -> Meeting:  # noqa: ANN401 - the port's own arguments
        """Answer as prepared."""
        self.told.append((asked[2], more.get("basics", False)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def member(self, _chat: Chat, person_id: str) -> Person:
        """Answer as prepared."""
        found = self.people[person_id]
        if isinstance(found, SendError):
            raise found
        return found

    async def group(self, _chat: Chat) -> str:
        """Know the team."""
        return "g"

    async def owns(self, _chat: Chat, _oid: str, *, reference: str) -> bool:  # noqa: ARG002 - the port's
        """Answer as prepared."""
        if isinstance(self.owner, Exception):
            raise self.owner
        return self.owner


async def ran(edge: Edge, timer: Timer, room: Room | None, **more: Any) -> Reply:  # noqa: ANN401 - of a claim
    """Run a timer and decide with the room as it is then (`room_then`)."""
    still = Still()
    lifecycle = Lifecycle(
        cast("Meetings", edge),
        cast("Messenger", edge),
        Policy(freeze),
        cast("Clock", still),
        cast("Chance", still),
        lambda _: None,
        owners=cast("Owners", edge) if more.pop("may_look", True) else None,
    )
    then, now = more.pop("room_then", room), more.pop("now", NOW)
    claim = TimerClaim(timer, Lease("one", 1, NOW + 30_000), room, CHAT, **more)
    decide = await lifecycle.run(claim)
    return decide(View(now, "f" * 32, CHAT, room=then, rooms=(then,) if then else ()))


def amend(what: str = ending.LOBBY, **changes: Any) -> Timer:  # noqa: ANN401 - fields of Timer by name
    """Return the timer that tells Graph of a room, in its first attempt."""
    return replace(ending.amend_timer(OVER, what, NOW).timer, **{"attempts": 1, **changes})


def turned(kind: TimerKind, **payload: str) -> Timer:
    """Return a timer that a turn waits for."""
    return Timer(f"{kind}|a", kind, "tenant", "r1", NOW, {"turn": asdict(TURN), **payload}, 1)


def again(reply: Reply) -> list[int]:
    """Return after how many ms what is tried again."""
    return [effect.timer.due_at - NOW for effect in reply.effects if isinstance(effect, SetTimer)]


def after(reply: Reply) -> Room | None:
    """Return the room as the reply leaves it."""
    return next((effect.room for effect in reply.effects if isinstance(effect, SaveRoom)), None)


def whispers(reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    """Return what is whispered."""
    messages = [effect.message.content for effect in reply.effects if isinstance(effect, PlanMessage)]
    return [(words.name, words.data) for words in messages if words]


async def test_graph_is_told_of_an_end_in_two_steps() -> None:
    """The lobby is shut at once, and ten minutes later the times are told."""
    edge = Edge(replace(GIVEN, lobby_scope="organizer"))
    assert again(await ran(edge, amend(), OVER)) == [ending.TIMES_AFTER]
    assert again(await ran(edge, amend(ending.TIMES), OVER)) == []
    assert edge.told == [(ending.SHUT, False), (Options(), True)]


async def test_an_end_that_graph_does_not_hear_is_told_for_an_hour() -> None:
    """While Graph is away it is tried again, ever more seldom; then the card says that the meeting was not changed."""
    away = Edge(NotNow("away", status=503))
    assert again(await ran(away, amend(), OVER))[0] >= 5_000
    last = await ran(away, amend(payload={"what": ending.LOBBY, "until": NOW + 1}), OVER)
    changed = after(last)
    assert changed is not None
    assert changed.trying == ending.UNCHANGED
    paused = await ran(away, amend(), OVER, paused_until=NOW + 7_000)
    assert again(paused) == [7_000]
    refused = after(await ran(Edge(Refused("no", status=403)), amend(), OVER))
    assert refused is not None
    assert refused.trying == ending.UNCHANGED


async def test_a_name_waits_for_its_meeting() -> None:
    """A request that is renamed while it opens gets its name at Graph when there is a meeting."""
    edge = Edge()
    opening = a_room()
    assert again(await ran(edge, amend(ending.NAME), opening)) == [5_000]
    assert (await ran(edge, amend(ending.NAME), None)).outcome == "no room"
    assert (await ran(edge, amend(ending.NAME), OPEN)).outcome == "nothing lacks"
    assert edge.told == []


async def test_nothing_is_said_of_a_lobby_that_was_never_shut() -> None:
    """A meeting that ended by itself is reopened as it was; one that Graph does not know by id stays closed here."""
    edge = Edge()
    assert (await ran(edge, amend(), OPEN)).effects == ()
    unknown = after(await ran(edge, amend(), replace(OVER, meeting=replace(GIVEN, id=""))))
    assert unknown is not None
    assert unknown.trying == ending.UNCHANGED
    assert edge.told == []


@pytest.mark.parametrize(
    ("edge", "owner"),
    [
        (Edge(owner=True), True),
        (Edge(owner=False), False),
        (Edge(owner=HostUnknown("no team", status=404)), False),
        (Edge(owner=NotDone("busy", status=429)), False),
        (Edge(owner=TimeoutError()), False),
    ],
)
async def test_only_who_is_known_to_own_the_team_may(edge: Edge, owner: bool) -> None:
    """What cannot be found out is a no, and the person reads who may."""
    room = replace(OPEN, starter=BEN, host=BEN)
    reply = await ran(edge, turned(TimerKind.OWNER, command="end"), room, turn=TURN)
    assert [name for name, _ in whispers(reply)] == (["ended"] if owner else ["not-yours"])
    assert (after(reply) is not None) == owner


async def test_who_owns_one_team_owns_no_other() -> None:
    """What was looked up about the team of a meeting that was brought here is not remembered of the team here."""
    timer = turned(TimerKind.OWNER, command="end")
    room = replace(OPEN, starter=BEN, host=BEN)
    elsewhere = replace(TURN, chat=replace(CHAT, thread_id="19:another@thread.tacv2", group_id="another"))
    for turn, remembered in ((TURN, 1), (elsewhere, 0)):
        reply = await ran(Edge(owner=True), timer, room, turn=turn)
        assert after(reply) is not None
        assert len([effect for effect in reply.effects if isinstance(effect, SaveNote)]) == remembered


async def test_an_owner_is_not_looked_for_in_vain() -> None:
    """Where nobody may look, the answer is no; what was asked too long ago, or by nobody, is not done."""
    room = replace(OPEN, starter=BEN, host=BEN)
    timer = turned(TimerKind.OWNER, command="end")
    (told,) = whispers(await ran(Edge(owner=True), timer, room, turn=TURN, may_look=False))
    assert told[0] == "not-yours"
    late = await ran(Edge(owner=True), timer, room, turn=TURN, now=TURN.expires_at)
    assert (late.outcome, [name for name, _ in whispers(late)]) == ("late", ["late"])
    shown = replace(TURN, verb="fetch settings")
    unseen = await ran(
        Edge(owner=True), turned(TimerKind.OWNER, command="settings"), room, turn=shown, now=TURN.expires_at
    )
    assert (unseen.outcome, unseen.effects) == ("late", ())
    assert (await ran(Edge(), turned(TimerKind.OWNER, command="dance"), room, turn=TURN)).outcome == "nobody asked"
    assert set(looking.FOR_LEADERS) == {"end", "reopen", "rename", "host", "meet", "ring", "settings"}


async def test_whoever_is_handed_the_lead_is_told_apart() -> None:
    """Members whom Graph takes lead; who is no member, or is not taken, is named."""
    led = replace(GIVEN, invited=(Invited(Person("", "oid-ben"), Role.CO_ORGANIZER),))
    cho = Person("29:cho", name="Chloé Martin")
    turn = replace(TURN, mentions=(BEN, cho))
    edge = Edge(led, {BEN.id: BEN, cho.id: Gone("none", status=404)})
    reply = await ran(edge, turned(TimerKind.LEAD), OPEN, turn=turn)
    ((name, data),) = whispers(reply)
    assert (name, data["leads"], data["missing"]) == ("host", ["Ben Okafor"], ["Chloé Martin"])
    assert edge.told == [(Options(invited=(Invited(BEN, Role.CO_ORGANIZER),)), False)]
    refused = await ran(Edge(Refused("no"), {BEN.id: BEN}), turned(TimerKind.LEAD), OPEN, turn=TURN)
    assert whispers(refused)[0][1]["missing"] == ["Ben Okafor"]
    over = await ran(Edge(led, {BEN.id: BEN}), turned(TimerKind.LEAD), OPEN, turn=TURN, room_then=OVER)
    assert after(over) is None


async def test_the_lead_is_tried_while_somebody_waits() -> None:
    """A busy connector or Graph is asked again until the request is too old; then it is said that it did not work."""
    for edge in (
        Edge(people={BEN.id: NotDone("busy", status=429)}),
        Edge(NotNow("away", status=503), {BEN.id: BEN}),
    ):
        assert len(again(await ran(edge, turned(TimerKind.LEAD), OPEN, turn=TURN))) == 1
        reply = await ran(edge, turned(TimerKind.LEAD), OPEN, turn=replace(TURN, expires_at=NOW))
        assert whispers(reply)[0][1]["missing"] == ["Ben Okafor"]
    assert (await ran(Edge(), turned(TimerKind.LEAD), None, turn=TURN)).outcome == "overtaken"
