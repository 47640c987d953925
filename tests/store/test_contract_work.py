"""What every engine keeps: timers and messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.decisions import (
    DropTimer,
    Effect,
    MakeRoom,
    PlanMessage,
    RefreshCards,
    Reply,
    SaveChat,
    SaveNote,
    SaveRoom,
    SetTimer,
    View,
)
from bot.leases import MessageClaim, Sent, Settled, TimerClaim, Work
from bot.messages import MessageState, Purpose, Whisper
from bot.model import Person
from bot.ports import Store

pytestmark = pytest.mark.usefixtures("untraced")

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make


async def do(store: Store, make: Make, now: int, *effects: Effect) -> Settled:
    """Apply effects through a turn in a chat of its own."""
    turn = make.turn(f"do {now} {effects!r}"[:200], chat=make.chat(thread_id=f"19:{now}"), received_at=now)
    receipt = await store.receive(replace(turn, expires_at=now + 10**6), now)
    assert receipt.claim
    return await store.settle_turn(receipt.claim, make.reply(*effects), now, f"{now}")


async def posted(store: Store, make: Make, **changes: Any) -> MessageClaim:  # noqa: ANN401 - fields by name
    """Receive a turn in the chat, plan a card due now, and return its claim."""
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.claim
    effects = (MakeRoom(make.room()), PlanMessage(make.message(**changes)))
    settled = await store.settle_turn(receipt.claim, make.reply(*effects), make.now, "f")
    return settled.work.messages[0]


def sent(**changes: Any) -> Sent:  # noqa: ANN401 - fields by name
    """Return that the first version was posted."""
    return replace(Sent(MessageState.POSTED, "1:x", shown_version=1, outcome="posted"), **changes)


async def test_planned_card_comes_back_sending(store: Store, engine: Engine, make: Make) -> None:
    """What is due at once is claimed and committed as `sending` before a byte leaves."""
    claim = await posted(store, make)
    assert (claim.message.state, claim.message.attempts, claim.message.generation) == (MessageState.SENDING, 1, 1)
    assert (claim.room, claim.chat) == (make.room(), make.chat())
    assert await engine.rows("SELECT state, lease_owner FROM messages") == [("sending", "one")]
    again = make.message("another", intent_key=claim.message.intent_key)
    assert not (await do(store, make, make.now, PlanMessage(again))).work.messages


async def test_posted_and_edited(store: Store, make: Make) -> None:
    """A card that changed while it was sent is edited as soon as the chat may be written to again (R17)."""
    claim = await posted(store, make)
    await do(store, make, make.now + 1, RefreshCards("room"))
    settled = await store.settle_message(claim, sent(sent_at=make.now + 10), make.now + 20)
    assert not settled.work.messages
    assert settled.work.next_due == make.now + 3_010
    assert not (await store.claim(make.now + 3_009, 9)).messages
    (edit,) = (await store.claim(make.now + 3_010, 9)).messages
    message = edit.message
    assert (message.state, message.activity_id, message.want_version) == (MessageState.POSTED, "1:x", 2)
    assert (message.shown_version, message.attempts, message.sent_at) == (1, 1, make.now + 10)
    settled = await store.settle_message(edit, sent(shown_version=2, sent_at=make.now + 3_011), make.now + 3_012)
    assert settled == Settled(stale=False)
    assert (await store.claim(make.now + 10**6, 9)).messages == ()


async def test_an_edit_that_comes_late(store: Store, engine: Engine, make: Make) -> None:
    """When an edit ends whose lease another process took over, the newest state is shown once more."""
    claim = await posted(store, make)
    await store.settle_message(claim, sent(sent_at=make.now), make.now)
    (old,) = (await do(store, make, make.now + 9_000, RefreshCards("room"))).work.messages
    other = await engine.open("two")
    (new,) = (await other.claim(make.now + 39_000, 9)).messages
    await other.settle_message(new, sent(shown_version=2, sent_at=make.now + 39_000), make.now + 39_000)
    assert (await other.claim(make.now + 50_000, 9)).messages == ()
    settled = await store.settle_message(old, sent(shown_version=2), make.now + 50_000)
    (again,) = settled.work.messages
    assert (settled.stale, again.message.want_version) == (True, 3)
    await store.settle_message(again, sent(shown_version=3), make.now + 50_001)
    assert (await store.settle_message(claim, sent(), make.now + 60_000)).work == Work(), "a post is no edit"


async def test_edit_due_at_once_comes_back(store: Store, make: Make) -> None:
    """A card out of date whose chat has been quiet is edited without another look."""
    claim = await posted(store, make)
    await do(store, make, make.now + 1, RefreshCards("room"))
    settled = await store.settle_message(claim, sent(sent_at=make.now), make.now + 5_000)
    (edit,) = settled.work.messages
    assert edit.message.activity_id == "1:x"
    assert (await store.settle_message(claim, sent(), make.now)).stale


async def test_refresh_posted(store: Store, make: Make) -> None:
    """A posted card wants the newest state three seconds after the chat's last send, and at once when that is past."""
    claim = await posted(store, make)
    await store.settle_message(claim, sent(sent_at=make.now), make.now)
    whisper = make.message("whisper", purpose=Purpose.WHISPER, room_id="", content=Whisper("help"))
    (held,) = (await do(store, make, make.now + 100, PlanMessage(whisper))).work.messages
    await store.settle_message(held, sent(activity_id="1:w", sent_at=make.now + 200), make.now + 200)
    settled = await do(store, make, make.now + 300, RefreshCards("room"))
    assert (settled.work.messages, settled.work.next_due) == ((), make.now + 3_200)
    (edit,) = (await store.claim(make.now + 3_200, 9)).messages
    await store.settle_message(edit, sent(shown_version=2, sent_at=make.now + 3_200), make.now + 3_200)
    (edit,) = (await do(store, make, make.now + 9_000, RefreshCards("room"))).work.messages
    assert edit.message.want_version == 3


@pytest.mark.parametrize("only_posted", [True, False])
async def test_refresh_planned(store: Store, make: Make, only_posted: bool) -> None:
    """A planned card shows itself at once when its room changes, unless the room is merely slow."""
    await do(store, make, make.now, MakeRoom(make.room()), PlanMessage(make.message(due_at=make.now + 1_500)))
    settled = await do(store, make, make.now + 1, RefreshCards("room", only_posted=only_posted))
    assert [claim.message.want_version for claim in settled.work.messages] == ([] if only_posted else [2])
    assert [claim.message.want_version for claim in (await store.claim(make.now + 1_500, 9)).messages] == (
        [2] if only_posted else []
    )


async def test_refresh_waits_when_told(store: Store, make: Make) -> None:
    """A card whose post or edit was told to wait waits, and then shows the newest state (ENGINE 2.14)."""
    claim = await posted(store, make)
    await store.settle_message(claim, Sent(MessageState.PLANNED, retry_at=make.now + 7_000), make.now)
    assert not (await do(store, make, make.now + 1, RefreshCards("room"))).work.messages
    assert not (await store.claim(make.now + 6_999, 9)).messages
    (claim,) = (await store.claim(make.now + 7_000, 9)).messages
    assert (claim.message.want_version, claim.message.attempts, claim.message.generation) == (2, 2, 1)
    await store.settle_message(claim, sent(shown_version=2, sent_at=make.now + 7_000), make.now + 7_000)
    (edit,) = (await do(store, make, make.now + 20_000, RefreshCards("room"))).work.messages
    later = Sent(MessageState.POSTED, retry_at=make.now + 30_000, outcome="edit later: 429")
    await store.settle_message(edit, later, make.now + 20_000)
    assert not (await do(store, make, make.now + 20_001, RefreshCards("room"))).work.messages
    (edit,) = (await store.claim(make.now + 30_000, 9)).messages
    assert (edit.message.shown_version, edit.message.want_version, edit.message.attempts) == (2, 4, 2)


@pytest.mark.parametrize("state", [MessageState.GONE, MessageState.REFUSED])
async def test_given_up(store: Store, make: Make, state: MessageState) -> None:
    """A message that was refused, or whose place is gone, is not tried again."""
    claim = await posted(store, make)
    await store.settle_message(claim, Sent(state, outcome="no"), make.now)
    assert not (await do(store, make, make.now + 1, RefreshCards("room"))).work.messages
    assert await store.claim(make.now + 10**6, 9) == Work()


@pytest.mark.parametrize("to", [None, Person("29:ben", "oid-ben", "Ben")])
async def test_set_aside(store: Store, make: Make, to: Person | None) -> None:
    """When something cannot be shown, whom it was for is told, else who asked for the meeting, with the reference."""
    content = Whisper("help", reference="7F3K-92QD") if to else None
    purpose = Purpose.WHISPER if to else Purpose.CARD
    claim = await posted(store, make, to=to, purpose=purpose, content=content)
    aside = Sent(MessageState.REFUSED, shown_version=1, outcome="set aside: KeyError", set_aside=True)
    (told,) = (await store.settle_message(claim, aside, make.now + 1)).work.messages
    assert told.message.to == (to or make.room().starter)
    assert told.message.content
    assert (told.message.content.name, told.message.content.reference) == ("problem", "7F3K-92QD")
    assert (await store.settle_message(told, aside, make.now + 2)).work == Work(), "it ends there"


async def test_a_card_in_another_chat_that_cannot_be_shown(store: Store, make: Make) -> None:
    """Who asked for the meeting is not told that it failed because its card could not be shown somewhere else."""
    card = make.message("elsewhere", room_id="room")
    receipt = await store.receive(make.turn("first"), make.now)
    assert receipt.claim
    room = make.room(home_thread="19:home")
    settled = await store.settle_turn(receipt.claim, make.reply(MakeRoom(room), PlanMessage(card)), make.now, "first")
    aside = Sent(MessageState.REFUSED, shown_version=1, outcome="refused: 400", set_aside=True)
    assert (await store.settle_message(settled.work.messages[0], aside, make.now + 1)).work == Work()


async def test_post_without_an_id(store: Store, engine: Engine, make: Make) -> None:
    """A post whose id was not told is never posted again as if it were new."""
    claim = await posted(store, make)
    await store.settle_message(claim, sent(activity_id=""), make.now)
    assert not (await do(store, make, make.now + 9_000, RefreshCards("room"))).work.messages
    assert await engine.rows("SELECT state, due_at FROM messages") == [("posted", None)]


@pytest.mark.parametrize("purpose", [Purpose.CARD, Purpose.WHISPER, Purpose.NOTICE, Purpose.WELCOME])
async def test_killed_while_sending(store: Store, engine: Engine, make: Make, purpose: Purpose) -> None:
    """A message that may have been posted is posted once more after its grace, by any process (C6, C7)."""
    await posted(store, make, purpose=purpose)
    other = await engine.open("two")
    assert not (await other.claim(make.now + 29_999, 9)).messages
    work = await other.claim(make.now + 30_000, 9)
    assert (work.messages, work.next_due) == ((), make.now + 35_000)
    assert await engine.rows("SELECT state FROM messages") == [("unclear",)]
    (claim,) = (await other.claim(make.now + 35_000, 9)).messages
    assert (claim.message.state, claim.message.generation) == (MessageState.SENDING, 2)
    assert claim.lease.owner == "two"


async def test_unclear_reminder(store: Store, make: Make) -> None:
    """A reminder that may have been posted is not posted twice."""
    claim = await posted(store, make, purpose=Purpose.REMINDER)
    await store.settle_message(claim, Sent(MessageState.UNCLEAR, retry_at=make.now + 5_000), make.now)
    assert await store.claim(make.now + 5_000, 9) == Work()


async def test_late_truth(store: Store, engine: Engine, make: Make) -> None:
    """A sender that wakes before anybody posted again may still say that it was posted; afterwards it may not."""
    claim = await posted(store, make)
    other = await engine.open("two")
    await other.claim(make.now + 30_000, 9)
    assert not (await store.settle_message(claim, sent(), make.now + 31_000)).stale
    assert not (await other.claim(make.now + 99_000, 9)).messages


async def test_gone_chat(store: Store, engine: Engine, make: Make) -> None:
    """Nothing is sent to a chat that is gone, until it is heard of again (R19)."""
    await posted(store, make, due_at=make.now)
    gone = SaveChat(make.chat(gone_at=make.now + 1))
    whisper = PlanMessage(make.message("whisper", due_at=make.now + 1))
    assert not (await do(store, make, make.now + 1, gone, whisper)).work.messages
    assert await store.claim(make.now + 1, 9) == Work(next_due=make.now + 30_000)
    assert await store.claim(make.now + 30_000, 9) == Work()
    assert await engine.rows("SELECT DISTINCT state, due_at FROM messages") == [("gone", None)]
    await store.receive(make.turn("b", received_at=make.now + 2), make.now + 2)
    assert (await do(store, make, make.now + 3, PlanMessage(make.message("new")))).work.messages


async def opening(store: Store, make: Make) -> TimerClaim:
    """Make a room and return the claim of its timer."""
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.claim
    decide = make.reply(MakeRoom(make.room()), SetTimer(make.timer()))
    return (await store.settle_turn(receipt.claim, decide, make.now, "f")).work.timers[0]


async def test_timer_is_done(store: Store, engine: Engine, make: Make) -> None:
    """A timer's decision sees its room, the room's chat and the notes; then the timer is gone."""
    claim = await opening(store, make)
    assert not (await store.claim(make.now + 1, 9)).timers
    await do(store, make, make.now, SaveNote(make.tenant, "k", "v", make.now + 9))
    views: list[View] = []
    settled = await store.settle_timer(claim, make.looking(views), make.now + 1, "g")
    assert not settled.stale
    (view,) = views
    assert (view.room, view.chat, view.notes, view.fresh_id) == (make.room(), make.chat(), {"k": "v"}, "g")
    assert await engine.rows("SELECT * FROM timers") == []
    assert (await store.settle_timer(claim, make.reply(), make.now + 1, "g")).stale


async def test_timer_is_armed_again(store: Store, make: Make) -> None:
    """A timer that its own decision arms again stays, with the attempts it was given."""
    claim = await opening(store, make)
    again = SetTimer(replace(claim.timer, due_at=make.now + 500))
    settled = await store.settle_timer(claim, make.reply(again), make.now, "g")
    assert (settled.work.timers, settled.work.next_due) == ((), make.now + 500)
    (next_claim,) = (await store.claim(make.now + 500, 9)).timers
    assert next_claim.timer.attempts == 2
    dropped = make.reply(SetTimer(claim.timer), DropTimer(claim.timer.timer_key))
    assert (await store.settle_timer(next_claim, dropped, make.now + 500, "g")).work == Work()


async def test_old_holder_of_a_timer(store: Store, make: Make) -> None:
    """Whoever held a timer before it was armed again can neither delete nor decide it."""
    claim = await opening(store, make)
    await do(store, make, make.now + 1, SetTimer(make.timer(due_at=make.now + 9)))
    assert (await store.settle_timer(claim, make.reply(), make.now + 2, "g")).stale
    (fresh,) = (await store.claim(make.now + 9, 9)).timers
    await store.settle_timer(fresh, make.reply(), make.now + 9, "g")
    (reborn,) = (await do(store, make, make.now + 10, SetTimer(make.timer()))).work.timers
    assert reborn.lease.fence > fresh.lease.fence
    assert (await store.settle_timer(fresh, make.reply(), make.now + 10, "g")).stale


async def test_what_only_an_old_holder_knows(store: Store, engine: Engine, make: Make) -> None:
    """Whoever lost a timer may still have undone what nobody else knows of, and decides nothing else."""
    claim = await opening(store, make)
    await do(store, make, make.now + 1, SetTimer(make.timer(due_at=make.now + 9)))
    undo = SetTimer(make.timer("delete|room", due_at=make.now + 50))
    settled = await store.settle_timer(claim, make.reply(undo, regardless=True), make.now + 2, "g")
    assert (settled.stale, settled.reply, settled.work.next_due) == (True, None, make.now + 50)
    assert await engine.rows("SELECT timer_key FROM timers ORDER BY 1") == [("delete|room",), ("open|room",)]


async def test_what_an_old_holder_decides_is_decided_on_what_is_there(store: Store, make: Make) -> None:
    """Whoever lost a timer and still knows something new decides again when others were faster, and never half."""
    claim = await opening(store, make)
    await do(store, make, make.now + 1, SetTimer(make.timer(due_at=make.now + 9)))
    seen: list[int] = []

    def decide(view: View) -> Reply:
        assert view.room
        seen.append(view.room.version)
        stale = replace(view.room, subject="mine", version=0 if len(seen) == 1 else view.room.version)
        note = SaveNote(make.tenant, f"try {len(seen)}", "", make.now + 99)
        return Reply((note, SaveRoom(stale)), regardless=True)

    assert (await store.settle_timer(claim, decide, make.now + 2, "g")).stale
    views: list[View] = []
    again = await store.receive(make.turn("later"), make.now + 3)
    assert again.claim
    await store.settle_turn(again.claim, make.looking(views), make.now + 3, "h")
    assert (len(seen), views[0].rooms[0].subject, set(views[0].notes)) == (2, "mine", {"try 2"})


async def test_timer_of_nothing(store: Store, make: Make) -> None:
    """A timer about a room that is not there is claimed without one, and its decision sees none."""
    (claim,) = (await do(store, make, make.now, SetTimer(make.timer(subject="")))).work.timers
    assert (claim.room, claim.chat) == (None, None)
    views: list[View] = []
    await store.settle_timer(claim, make.looking(views), make.now, "g")
    assert (views[0].room, views[0].chat) == (None, None)
