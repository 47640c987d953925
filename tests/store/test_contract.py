"""What every engine keeps: turns in, copies, echoes, lanes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.decisions import TOLD, MakeRoom, Reply, SaveChat, View
from bot.leases import ReceiptKind, TurnClaim
from bot.messages import Answer
from bot.model import ChannelKind, Person, RoomState, Turn, TurnKind
from bot.ports import Store

pytestmark = pytest.mark.usefixtures("untraced")

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make


async def taken(store: Store, turn: Turn, now: int) -> TurnClaim:
    """Receive a turn that may run at once."""
    receipt = await store.receive(turn, now)
    assert receipt.claim
    return receipt.claim


async def test_receive_new(store: Store, make: Make) -> None:
    """The first turn of a chat is durable and may run at once."""
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.kind is ReceiptKind.NEW
    assert receipt.original_key == "a"
    assert receipt.claim
    assert receipt.claim.turn == make.turn()
    assert (receipt.claim.lease.owner, receipt.claim.lease.until) == ("one", make.now + 30_000)
    assert receipt.claim.attempts == 1


async def test_receive_copy(store: Store, make: Make) -> None:
    """A redelivery runs nothing, and a repeated invoke gets the stored answer (ENGINE R11)."""
    press = make.turn(kind=TurnKind.PRESSED)
    claim = await taken(store, press, make.now)
    copy = await store.receive(press, make.now + 1)
    assert (copy.kind, copy.original_key, copy.claim, copy.answer) == (ReceiptKind.COPY, "a", None, None)
    assert await store.answer("a") is None
    await store.settle_turn(claim, make.reply(answer=Answer("joined")), make.now + 2, "f")
    copy = await store.receive(press, make.now + 3)
    assert copy.answer == Answer("joined")
    stored = await store.answer("a")
    assert stored
    assert stored.answer == Answer("joined")
    assert await store.answer("unheard of") is None


async def test_an_answer_nobody_waits_for(store: Store, make: Make) -> None:
    """A press is answered or its result is told otherwise, whichever comes first, and what is old is not waited for."""
    views: list[View] = []
    claim = await taken(store, make.turn("a", kind=TurnKind.PRESSED), make.now)
    assert await store.answer("a", last=True) is None
    await store.settle_turn(claim, make.looking(views), make.now + 1, "f")
    claim = await taken(store, make.turn("b", kind=TurnKind.PRESSED), make.now)
    await store.settle_turn(claim, make.looking(views), make.now + 2_999, "f")
    assert await store.answer("b", last=True) is None
    for kind in (TurnKind.PRESSED, TurnKind.SAID):
        claim = await taken(store, make.turn(kind.value, kind=kind), make.now)
        await store.settle_turn(claim, make.looking(views), make.now + 3_000, "f")
    assert [view.unheard for view in views] == [True, False, True, False]
    claim = await taken(store, make.turn("c", kind=TurnKind.PRESSED), make.now)
    await store.settle_turn(claim, make.reply(answer=Answer("joined")), make.now, "f")
    told = await store.answer("c", last=True)
    assert told
    assert told.answer == Answer("joined")


async def test_receive_echo(store: Store, make: Make) -> None:
    """The same words of the same person within a minute are one request, however often they come."""
    claim = await taken(store, make.turn("a", echo_key="e"), make.now)
    echo = await store.receive(make.turn("b", echo_key="e", received_at=make.now + 1), make.now + 1)
    assert (echo.kind, echo.original_key, echo.claim) == (ReceiptKind.ECHO, "a", None)
    await store.settle_turn(claim, make.reply(answer=Answer("yes")), make.now + 2, "f")
    again = await store.receive(make.turn("c", echo_key="e", received_at=make.now + 59_999), make.now + 59_999)
    assert (again.kind, again.original_key, again.answer) == (ReceiptKind.ECHO, "a", Answer("yes"))
    copy_of_echo = await store.receive(make.turn("b", echo_key="e"), make.now + 59_999)
    assert (copy_of_echo.kind, copy_of_echo.original_key) == (ReceiptKind.COPY, "a")
    assert copy_of_echo.answer == Answer("yes")
    later = await store.receive(make.turn("d", echo_key="e", received_at=make.now + 60_000), make.now + 60_000)
    assert later.kind is ReceiptKind.NEW


@pytest.mark.parametrize(
    "changes",
    [
        {"echo_key": "other"},
        {"person": Person("29:bob")},
        {"kind": TurnKind.EDITED, "reference": "AAAA-2222"},
        {"kind": TurnKind.EDITED, "echo_key": "other"},
        {"kind": TurnKind.INSTALLED},
    ],
)
async def test_receive_no_echo(store: Store, make: Make, changes: dict[str, Any]) -> None:
    """Other words, another person, an edit or another kind of turn is no echo."""
    await store.receive(make.turn("a", echo_key="e"), make.now)
    turn = replace(make.turn("b", echo_key="e"), **changes)
    assert (await store.receive(turn, make.now)).kind is ReceiptKind.NEW


async def test_receive_an_edit_without_a_change(store: Store, make: Make) -> None:
    """An edit that leaves the words as they were, also those of the edit before, runs nothing."""
    heard = []
    for number, (kind, words) in enumerate(
        [("said", "e"), ("edited", "e"), ("edited", "f"), ("edited", "f"), ("edited", "e")]
    ):
        turn = make.turn(f"{number}", kind=TurnKind(kind), echo_key=words, received_at=make.now + number * 70_000)
        heard.append((await store.receive(turn, turn.received_at)).kind is ReceiptKind.NEW)
    assert heard == [True, False, True, False, True]


async def test_receive_after_something_else(store: Store, make: Make) -> None:
    """What somebody says again after saying something else is meant."""
    for key, echo in (("a", "e"), ("b", "other"), ("c", "e")):
        turn = make.turn(key, echo_key=echo, received_at=make.now + ord(key))
        assert (await store.receive(turn, make.now)).kind is ReceiptKind.NEW


async def test_receive_after_failure(store: Store, make: Make) -> None:
    """Asking again after a failure is no echo."""
    claim = await taken(store, make.turn("a", echo_key="e"), make.now)
    await store.settle_turn(claim, make.reply(outcome="failed: policy"), make.now, "f")
    assert (await store.receive(make.turn("b", echo_key="e"), make.now)).kind is ReceiptKind.NEW


async def test_receive_a_question_again(store: Store, make: Make) -> None:
    """What only told its person something is told again to who asks again; until it is told, a copy is a copy."""
    claim = await taken(store, make.turn("a", echo_key="e"), make.now)
    assert (await store.receive(make.turn("b", echo_key="e"), make.now)).kind is ReceiptKind.ECHO
    await store.settle_turn(claim, make.reply(outcome=f"{TOLD}status"), make.now, "f")
    assert (await store.receive(make.turn("c", echo_key="e"), make.now)).kind is ReceiptKind.NEW


@pytest.mark.parametrize(("asked", "outcome"), [("AAAA-2222", "opening"), ("BBBB-3333", "running")])
@pytest.mark.parametrize("state", [RoomState.FAILED, RoomState.ENDED, RoomState.OPEN])
async def test_receive_after_the_meeting_is_over(
    store: Store, make: Make, asked: str, outcome: str, state: RoomState
) -> None:
    """Asking again after the meeting failed or was ended is no echo, whoever asked first; while it runs it is one."""
    claim = await taken(store, make.turn("a", echo_key="e", reference=asked), make.now)
    ended_at = None if state is RoomState.OPEN else make.now + 5
    room = make.room(reference="AAAA-2222", state=state, ended_at=ended_at)
    await store.settle_turn(claim, make.reply(MakeRoom(room), outcome=outcome), make.now, "f")
    again = await store.receive(make.turn("b", echo_key="e", received_at=make.now + 9), make.now + 9)
    assert again.kind is (ReceiptKind.ECHO if state is RoomState.OPEN else ReceiptKind.NEW)


async def test_receive_after_expiry(store: Store, make: Make) -> None:
    """A turn that expired unheard is not repeated by the next one."""
    turn = make.turn("a", echo_key="e", expires_at=make.now + 31_000)
    await store.receive(turn, make.now)
    assert not (await store.claim(make.now + 31_000, 9)).turns
    again = make.turn("b", echo_key="e", received_at=make.now + 32_000)
    assert (await store.receive(again, make.now + 32_000)).kind is ReceiptKind.NEW


async def test_chat_is_remembered(store: Store, make: Make) -> None:
    """What a turn says about its chat is kept; what it does not say is not forgotten; settings stay."""
    views: list[View] = []

    def look(view: View) -> Reply:
        views.append(view)
        assert view.chat
        return Reply((SaveChat(replace(view.chat, settings={"zone": "Europe/Lisbon"}, gone_at=view.now)),))

    chat = make.chat(name="incidents", channel_kind=ChannelKind.STANDARD, team_id="team", group_id="group")
    claim = await taken(store, make.turn("a", chat=chat), make.now)
    await store.settle_turn(claim, look, make.now, "f")
    moved = make.chat(service_url="https://smba.example/amer")
    claim = await taken(store, make.turn("b", chat=moved, received_at=make.now + 1), make.now)
    await store.settle_turn(claim, look, make.now, "g")
    late = make.turn("c", chat=make.chat(service_url="https://smba.example/old"), received_at=make.now - 1)
    claim = await taken(store, late, make.now)
    await store.settle_turn(claim, look, make.now, "h")
    expected = replace(chat, service_url="https://smba.example/amer", settings={"zone": "Europe/Lisbon"})

    assert [view.chat for view in views] == [chat, expected, expected]


async def test_removed_then_installed(store: Store, make: Make) -> None:
    """A removal that is decided after the next installation arrived does not make the chat gone."""
    removal = await taken(store, make.turn("a", kind=TurnKind.REMOVED), make.now)
    await store.receive(make.turn("b", kind=TurnKind.INSTALLED, received_at=make.now + 1), make.now + 1)
    gone = SaveChat(make.chat(gone_at=make.now + 2))
    settled = await store.settle_turn(removal, make.reply(gone), make.now + 2, "f")
    views: list[View] = []
    await store.settle_turn(settled.work.turns[0], make.looking(views), make.now + 3, "g")
    assert views[0].chat
    assert views[0].chat.gone_at is None


async def test_lane_order(store: Store, make: Make) -> None:
    """Turns of one chat run one after another in their order; another chat does not wait."""
    first = await taken(store, make.turn("b"), make.now)
    waiting = await store.receive(make.turn("a", received_at=make.now + 1), make.now + 1)
    same_time = await store.receive(make.turn("0"), make.now + 1)
    assert waiting.claim is None
    assert same_time.claim is None
    await taken(store, make.turn("x", chat=make.chat(thread_id="19:other")), make.now + 1)
    assert not (await store.claim(make.now + 2, 9)).turns
    settled = await store.settle_turn(first, make.reply(), make.now + 2, "f")
    assert [claim.turn.turn_key for claim in settled.work.turns] == ["0"]
    assert not (await store.claim(make.now + 2, 9)).turns
    settled = await store.settle_turn(settled.work.turns[0], make.reply(), make.now + 3, "f")
    assert [claim.turn.turn_key for claim in settled.work.turns] == ["a"]


async def test_failing_handler(store: Store, make: Make) -> None:
    """A turn whose handler raises is given back, keeps its place, and is poison the fifth time (C3)."""
    claim = await taken(store, make.turn(), make.now)
    await store.receive(make.turn("b", received_at=make.now + 1), make.now + 1)
    now = make.now
    for attempt in range(1, 5):
        assert claim.attempts == attempt
        assert await store.fail_turn(claim, now, now + 2_000) is False
        idle = await store.claim(now + 1, 9)
        assert not idle.turns
        assert idle.next_due == now + 2_000
        now += 2_000
        (claim,) = (await store.claim(now, 9)).turns
        assert claim.turn.turn_key == "a"
    assert await store.fail_turn(claim, now, now + 2_000) is True
    assert await store.fail_turn(claim, now, now + 2_000) is False
    (claim,) = (await store.claim(now, 9)).turns
    assert claim.turn.turn_key == "b"


async def test_crashing_handler(store: Store, engine: Engine, make: Make) -> None:
    """A turn that takes its process down five times is not begun a sixth time."""
    turn = make.turn(expires_at=make.now + 10**9)
    await store.receive(turn, make.now)
    for crash in range(1, 5):
        assert [claim.attempts for claim in (await store.claim(make.now + crash * 30_000, 9)).turns] == [crash + 1]
    assert not (await store.claim(make.now + 5 * 30_000, 9)).turns
    assert await engine.rows("SELECT state, body IS NULL FROM inbox") in ([("poison", 0)], [("poison", False)])
