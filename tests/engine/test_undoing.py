"""A meeting that may have been made for a request that failed: found, deleted, or named in the log (ENGINE R6)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

import pytest

from bot import rooms
from bot.commands.command import Policy
from bot.decisions import Reply, SetTimer, View
from bot.errors import MeetingsError, NotNow, Refused
from bot.leases import Lease, TimerClaim
from bot.lifecycle import Lifecycle
from bot.model import FrozenRequest, GraphCall, Meeting, Person, Room, RoomState, Timer, TimerKind, Way
from bot.observe import Event
from bot.ports import Chance, Clock, Meetings, Messenger
from tests.engine.test_looking_up import Still
from tests.engine.test_rooms import MEETING, NOW, a_room, freeze


@dataclass
class Graph:
    """Meetings that are found, deleted, or answered with an error."""

    error: MeetingsError | None = None
    asked: list[str] = field(default_factory=list)
    by: list[Person | None] = field(default_factory=list)

    async def make(self, _tenant: str, request: FrozenRequest, *, reference: str, by: Person | None) -> Meeting:
        """Find it."""
        assert (request, reference) == (a_room().request, a_room().reference)
        self.by.append(by)
        self.asked.append("createOrGet")
        if self.error:
            raise self.error
        return MEETING

    async def delete(
        self, _tenant: str, organizer_oid: str, meeting_id: str, *, reference: str, by: Person | None
    ) -> None:
        """Delete it."""
        self.by.append(by)
        assert (organizer_oid, meeting_id, reference) == (a_room().host.oid, MEETING.id, a_room().reference)
        self.asked.append("delete")


async def run(timer: Timer, room: Room, graph: Graph, events: list[Event]) -> Reply:
    """Run a timer and decide."""
    still = Still()
    lifecycle = Lifecycle(
        cast("Meetings", graph),
        cast("Messenger", None),
        Policy(freeze),
        cast("Clock", still),
        cast("Chance", still),
        events.append,
    )
    decide = await lifecycle.run(TimerClaim(timer, Lease("one", 1, NOW + 30_000), room, None))
    return decide(View(NOW, "f" * 32, room=room))


def undo(**payload: Any) -> Timer:  # noqa: ANN401 - what the kind needs
    """Return the timer that looks for the meeting."""
    asked = {"request": asdict(a_room().request), "organizer_oid": a_room().host.oid, "until": NOW + 1}
    return Timer("delete|r1|1", TimerKind.DELETE, "tenant", "r1", NOW, asked | payload, attempts=3)


FAILED = a_room(state=RoomState.FAILED)


@pytest.mark.parametrize(
    ("attempts", "settled", "state", "undone"),
    [(2, 0, RoomState.FAILED, True), (2, 1, RoomState.FAILED, False), (2, 0, RoomState.OPEN, False)],
)
async def test_an_attempt_that_never_ended_is_undone(
    attempts: int, settled: int, state: RoomState, undone: bool
) -> None:
    """Whose process died while Microsoft answered, and whose room gave up meanwhile, is looked up and deleted."""
    timer = Timer("open|r1", TimerKind.OPEN, "tenant", "r1", NOW, {"settled": settled}, attempts)
    reply = await run(timer, a_room(state=state), Graph(), [])
    assert [effect.timer.kind for effect in reply.effects if isinstance(effect, SetTimer)] == (
        [TimerKind.DELETE] if undone else []
    )


@pytest.mark.parametrize(
    ("trying", "attempts", "call", "sent"),
    [
        ("", 2, GraphCall.CREATE, True),
        ("unclear", 2, GraphCall.CREATE, False),
        ("", 3, GraphCall.CREATE, False),
        ("unclear", 3, GraphCall.CREATE_OR_GET, True),
    ],
)
async def test_a_plain_create_is_sent_twice_and_no_more(
    trying: str, attempts: int, call: GraphCall, sent: bool
) -> None:
    """However often a process dies meanwhile, at most one orphan is left that nobody can find again (R3)."""
    timer = Timer("open|r1", TimerKind.OPEN, "tenant", "r1", NOW, {"settled": 0}, attempts)
    graph = Graph()
    reply = await run(timer, a_room(trying=trying, graph_call=call), graph, [])
    assert graph.asked == (["createOrGet"] if sent else [])
    assert reply.outcome == ("open" if sent else "failed: deadline")


@pytest.mark.parametrize("call", [GraphCall.CREATE, GraphCall.CREATE_OR_GET])
async def test_what_a_plain_create_made_is_used_whoever_holds_the_lease(call: GraphCall) -> None:
    """Nobody finds it again, so the first one to come opens the room, and any further one is deleted (R3)."""
    timer = Timer("open|r1", TimerKind.OPEN, "tenant", "r1", NOW, {"settled": 0}, 1)
    reply = await run(timer, a_room(graph_call=call), Graph(), [])
    assert (reply.outcome, reply.regardless) == ("open", call is GraphCall.CREATE)
    other = replace(MEETING, id="another")
    second = rooms.opened(a_room(state=RoomState.OPEN, meeting=MEETING), other, NOW)
    assert (second.outcome, second.regardless) == ("late", True)


async def test_a_call_that_ends_unclear_after_the_deadline_is_undone() -> None:
    """The answer that was lost while the room gave up does not leave a meeting behind."""
    timer = Timer("open|r1", TimerKind.OPEN, "tenant", "r1", NOW, {}, 1)
    graph, opening = Graph(NotNow("504").after(None, unclear=True)), a_room()
    still = Still()
    parts: Any = (graph, None, Policy(freeze), still, still, lambda _: None)
    decide = await Lifecycle(*parts).run(TimerClaim(timer, Lease("one", 1, NOW), opening, None))
    effects = decide(View(NOW, "f" * 32, room=FAILED)).effects
    (armed,) = [effect for effect in effects if isinstance(effect, SetTimer)]
    assert armed.timer.due_at == NOW + rooms.UNDO_AFTER


async def test_it_is_found_and_deleted() -> None:
    """Asking with the same bytes finds the meeting, which is then deleted."""
    graph = Graph()
    reply = await run(undo(), FAILED, graph, [])
    assert (graph.asked, reply.outcome) == (["createOrGet", "delete"], "deleted")
    assert graph.by == [None, None]


async def test_what_a_person_s_permission_made_is_undone_by_the_same() -> None:
    """A meeting in somebody's own name is theirs alone to delete."""
    armed = rooms.undo(replace(a_room(), way=Way.USER), NOW).timer
    graph = Graph()
    await run(armed, FAILED, graph, [])
    assert graph.by == [FAILED.starter, FAILED.starter]
    graph, shown_to_nobody = Graph(), rooms.delete_timer(replace(FAILED, way=Way.USER), MEETING, NOW).timer
    await run(shown_to_nobody, FAILED, graph, [])
    assert graph.by == [FAILED.starter]


def test_a_service_account_s_meeting_is_the_app_s_to_delete() -> None:
    """Whoever asked has no right to it, also when they were asked to sign in afterwards."""
    theirs = replace(MEETING, organizer_oid="service-1")
    assert "by_person" not in rooms.delete_timer(replace(FAILED, way=Way.USER), theirs, NOW).timer.payload


@pytest.mark.parametrize(
    ("error", "until", "again"),
    [
        (NotNow("503", status=503), NOW + 1, True),
        (NotNow("503", status=503), NOW, False),
        (Refused("403", status=403), NOW + 1, False),
    ],
)
async def test_what_cannot_be_deleted_is_tried_for_a_day_and_then_named(
    error: MeetingsError, until: int, again: bool
) -> None:
    """While Microsoft is away the deletion waits; when its time is over or it is refused, the log says what is left."""
    events: list[Event] = []
    reply = await run(undo(until=until), FAILED, Graph(error), events)
    assert [effect.timer.due_at > NOW for effect in reply.effects if isinstance(effect, SetTimer)] == [True] * again
    assert [event.name for event in events] == ([] if again else ["meeting.left_behind"])
