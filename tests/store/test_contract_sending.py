"""What every engine keeps about sending: limits, lanes, pauses, strays, chats that are gone, turns set aside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bot.decisions import MakeRoom, PlanMessage, RefreshCards, SaveChat, SaveNote, SetTimer, View
from bot.leases import Learned, MessageClaim, Receipt, ReceiptKind, Route, Sent, TurnClaim, Work
from bot.messages import MessageState, Purpose, Whisper
from bot.model import Person, TimerKind, TurnKind
from bot.ports import Store

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make

BEN = Person("29:ben", "oid-ben", "Ben Okafor")
POSTED = Sent(MessageState.POSTED, "1:x", shown_version=1, outcome="posted")


async def plan(store: Store, make: Make, *effects: Any, key: str = "plan") -> Work:  # noqa: ANN401 - effects
    """Apply effects through a turn of the chat and return the work that came of it."""
    receipt = await store.receive(make.turn(key), make.now)
    assert receipt.claim
    return (await store.settle_turn(receipt.claim, make.reply(*effects), make.now, key)).work


def whisper(make: Make, name: str, **changes: Any) -> PlanMessage:  # noqa: ANN401 - fields by name
    """Return an answer to Ben."""
    fields = {"purpose": Purpose.WHISPER, "to": BEN, "room_id": "", "content": Whisper("busy"), **changes}
    return PlanMessage(make.message(name, **fields))


def named(work: Work) -> list[str]:
    """Return the ids of the messages that were claimed."""
    return [claim.message.message_id for claim in work.messages]


async def test_a_thread_sends_one_at_a_time_the_most_urgent_first(store: Store, make: Make) -> None:
    """First the card, then the answer to a person, then other words; each when the one before it has ended."""
    other = whisper(make, "a other", room_id="room")
    work = await plan(
        store, make, MakeRoom(make.room()), other, whisper(make, "b answer"), PlanMessage(make.message("c card"))
    )
    order = []
    while work.messages:
        order += named(work)
        assert not (await store.claim(make.now, 9)).messages
        sent = replace(POSTED, activity_id=order[-1])
        work = (await store.settle_message(work.messages[0], sent, make.now)).work
    assert order == ["c card", "b answer", "a other"]


async def test_what_is_over_the_limit_waits_until_it_is_allowed(store: Store, engine: Engine, make: Make) -> None:
    """The eighth message is given back with the time at which it may go, on every process, and goes then."""
    work = await plan(store, make, *(whisper(make, f"{n}") for n in range(9)))
    for n in range(7):
        settled = await store.settle_message(work.messages[0], replace(POSTED, activity_id=f"{n}"), make.now)
        work = settled.work
    assert (work.messages, work.next_due) == ((), make.now + 1_000)
    assert (await engine.rows("SELECT DISTINCT due_at FROM messages WHERE due_at IS NOT NULL")) == [(make.now + 1_000,)]
    other = await engine.open("two")
    assert await other.claim(make.now + 999, 9) == Work(next_due=make.now + 1_000)
    assert named(await store.claim(make.now + 1_000, 9)) == ["7"]


async def test_a_pause_holds_the_whole_thread(store: Store, engine: Engine, make: Make) -> None:
    """After a 429 nothing is sent to the thread by any process until the time Teams named; other threads go on."""
    work = await plan(store, make, whisper(make, "a"), whisper(make, "b"), whisper(make, "c", thread_id="19:other"))
    assert sorted(named(work)) == ["a", "c"]
    learned = Learned(paused_until=make.now + 2_128)
    again = Sent(MessageState.PLANNED, retry_at=make.now + 2_128, learned=learned)
    first = next(claim for claim in work.messages if claim.message.message_id == "a")
    assert not (await store.settle_message(first, again, make.now)).work.messages
    other = await engine.open("two")
    assert not (await other.claim(make.now + 2_127, 9)).messages
    assert named(await other.claim(make.now + 2_128, 9)) == ["a"]
    views: list[View] = []
    receipt = await store.receive(make.turn("look", received_at=make.now + 1), make.now)
    assert receipt.claim
    await store.settle_turn(receipt.claim, make.looking(views), make.now + 1, "look")
    assert views[0].notes == {}


async def test_a_chat_that_is_gone_loses_its_turns_and_messages(store: Store, engine: Engine, make: Make) -> None:
    """Teams says that Muster is not there: what waited is dropped, and a new turn begins anew."""
    work = await plan(store, make, whisper(make, "a"), whisper(make, "b"))
    waiting = (await store.receive(make.turn("waits"), make.now)).claim
    assert waiting
    await store.release(Work(turns=(waiting,)), make.now)
    gone = Sent(MessageState.GONE, outcome="gone: 403", learned=Learned(chat_gone=True))
    assert (await store.settle_message(work.messages[0], gone, make.now + 5)).work == Work()
    assert (await engine.rows("SELECT gone_at FROM chats")) == [(make.now + 5,)]
    assert (await engine.rows("SELECT state, due_at FROM messages ORDER BY message_id")) == [("gone", None)] * 2
    assert (await engine.rows("SELECT outcome FROM inbox WHERE turn_key = 'waits'")) == [("chat gone",)]
    await store.receive(make.turn("again", received_at=make.now + 9), make.now + 9)
    assert (await engine.rows("SELECT gone_at FROM chats")) == [(None,)]


async def test_a_chat_that_spoke_meanwhile_is_not_gone(store: Store, engine: Engine, make: Make) -> None:
    """A refusal that is older than the chat's last words says nothing about it."""
    work = await plan(store, make, whisper(make, "a"))
    await store.receive(make.turn("new", received_at=make.now + 1), make.now + 1)
    gone = Sent(MessageState.GONE, learned=Learned(chat_gone=True))
    await store.settle_message(work.messages[0], gone, make.now + 5)
    assert (await engine.rows("SELECT gone_at FROM chats")) == [(None,)]


async def test_routes_to_a_person_are_remembered(store: Store, make: Make) -> None:
    """That a tenant refuses whispers is known for a day, a person's own chat for longer, and one that is not too."""
    work = await plan(store, make, whisper(make, "a"), whisper(make, "b", due_at=make.now + 1))
    assert work.messages[0].route == Route()
    learned = Learned(untargeted=True, personal="a:ben", moved_to="a:ben")
    await store.settle_message(work.messages[0], replace(POSTED, learned=learned), make.now)
    (later,) = (await store.claim(make.now + 1, 9)).messages
    assert later.route == Route(targeted=False, personal="a:ben")
    await store.settle_message(later, replace(POSTED, activity_id="2", learned=Learned(personal="")), make.now)
    work = await plan(store, make, whisper(make, "c"), key="c")
    assert work.messages[0].route.personal == ""
    await store.sweep(make.now + 86_400_001)
    views: list[View] = []
    pressed = make.turn("press", kind=TurnKind.PRESSED, reply_to_id="1:x", chat=make.chat(thread_id="a:ben"))
    await look(store, make, pressed, views)
    assert views[0].pressed
    assert views[0].pressed.message_id == "a"


TYPED = Whisper("typo", {"typed": "meat now"}, "de", "Europe/Berlin", "7F3K-92QD")
EMPTIED = Whisper("typo", reference="7F3K-92QD")


async def words(engine: Engine) -> list[Whisper]:
    """Return what the messages say, as the tables have it."""
    found = await engine.rows("SELECT content FROM messages WHERE content IS NOT NULL")
    return [msgspec.json.decode(content, type=Whisper) for (content,) in found]


@pytest.mark.parametrize("state", [MessageState.POSTED, MessageState.REFUSED, MessageState.GONE])
async def test_what_was_said_to_somebody_is_forgotten(
    store: Store, engine: Engine, make: Make, state: MessageState
) -> None:
    """Once a whisper has ended, what the person typed is gone; its name and its reference stay."""
    work = await plan(store, make, whisper(make, "a", content=TYPED))
    assert await words(engine) == [TYPED]
    await store.settle_message(work.messages[0], Sent(state, "1:x", shown_version=1, outcome="over"), make.now)
    assert await words(engine) == [EMPTIED]


async def test_what_is_said_again_is_still_known(store: Store, make: Make) -> None:
    """A whisper whose post was unclear, or that has to wait, keeps its words until it has ended."""
    work = await plan(store, make, whisper(make, "a", content=TYPED))
    for at, state in ((1, MessageState.UNCLEAR), (2, MessageState.PLANNED)):
        again = Sent(state, retry_at=make.now + at, outcome="again")
        await store.settle_message(work.messages[0], again, make.now)
        work = await store.claim(make.now + at, 9)
        assert work.messages[0].message.content == TYPED


async def test_words_that_are_never_said_are_forgotten(store: Store, engine: Engine, make: Make) -> None:
    """What waited too long, or for a chat that is gone, is forgotten as well."""
    await plan(store, make, *(whisper(make, name, content=TYPED, due_at=make.now + 1) for name in "ab"))
    await store.claim(make.now + 400_000, 9)
    assert await words(engine) == [EMPTIED] * 2
    later = make.now + 1_000_000
    await plan(store, make, *(whisper(make, name, content=TYPED, due_at=later) for name in "cd"), key="more")
    gone = make.reply(SaveChat(make.chat(gone_at=make.now)))
    receipt = await store.receive(make.turn("removed"), make.now)
    assert receipt.claim
    await store.settle_turn(receipt.claim, gone, make.now, "removed")
    assert await words(engine) == [EMPTIED] * 4
    await plan(store, make, whisper(make, "e", content=TYPED, thread_id="19:other", due_at=later), key="other")
    await engine.rows("UPDATE chats SET gone_at = 1 RETURNING thread_id")
    await engine.rows("UPDATE messages SET thread_id = ? WHERE message_id = 'e' RETURNING message_id", make.thread)
    await store.claim(later, 9)
    assert await words(engine) == [EMPTIED] * 5


async def test_a_pressed_whisper_is_forgotten(store: Store, engine: Engine, make: Make) -> None:
    """A press on a whisper whose post was unclear proves that it was read: its words are kept no longer."""
    work = await plan(store, make, whisper(make, "a", content=TYPED))
    unclear = Sent(MessageState.UNCLEAR, retry_at=make.now + 5_000, outcome="unclear: 0")
    await store.settle_message(work.messages[0], unclear, make.now)
    views: list[View] = []
    await look(store, make, make.turn("press", kind=TurnKind.PRESSED, reply_to_id="1:x", data={"n": "a"}), views)
    assert views[0].pressed
    assert await words(engine) == [EMPTIED]


async def look(store: Store, make: Make, turn: Any, views: list[View]) -> Work:  # noqa: ANN401 - a turn
    """Receive a turn and keep what its decision is shown."""
    receipt = await store.receive(turn, make.now)
    assert receipt.claim
    return (await store.settle_turn(receipt.claim, make.looking(views), make.now, turn.turn_key)).work


async def lost(store: Store, make: Make) -> MessageClaim:
    """Plan the room's card and return it in the middle of being sent."""
    return (await plan(store, make, MakeRoom(make.room()), PlanMessage(make.message()))).messages[0]


def press(make: Make, key: str, activity_id: str, nonce: str, **changes: Any) -> Any:  # noqa: ANN401 - a turn
    """Return a press of a button that carries a nonce."""
    return make.turn(key, kind=TurnKind.PRESSED, reply_to_id=activity_id, data={"n": nonce}, **changes)


async def test_a_press_adopts_a_post_whose_answer_was_lost(store: Store, engine: Engine, make: Make) -> None:
    """The place of a press with our nonce is the card's: it is not posted again, but shown anew."""
    claim = await lost(store, make)
    await store.settle_message(claim, Sent(MessageState.UNCLEAR, retry_at=make.now + 5_000), make.now)
    views: list[View] = []
    work = await look(store, make, press(make, "p", "1:x", "card"), views)
    assert views[0].pressed
    assert (views[0].pressed.activity_id, views[0].pressed_room) == ("1:x", make.room())
    (edit,) = work.messages
    assert (edit.message.state, edit.message.activity_id) == (MessageState.POSTED, "1:x")
    await store.settle_message(edit, POSTED, make.now)
    assert (await engine.rows("SELECT state, due_at, generation FROM messages")) == [("posted", None, 1)]


async def test_a_sender_that_wakes_up_keeps_the_adopted_post(store: Store, engine: Engine, make: Make) -> None:
    """The sender's own answer comes after the press: the adopted copy stays, another one is taken away."""
    claim = await lost(store, make)
    await look(store, make, press(make, "p", "1:x", "card"), [])
    settled = await store.settle_message(claim, replace(POSTED, activity_id="1:y"), make.now)
    states = "SELECT purpose, state, activity_id FROM messages ORDER BY purpose"
    assert (await engine.rows(states)) == [("card", "posted", "1:x"), ("stray", "posted", "1:y")]
    (stray,) = settled.work.messages
    assert stray.message.purpose is Purpose.STRAY


async def test_an_unclear_end_after_a_press_is_not_posted_again(store: Store, engine: Engine, make: Make) -> None:
    """The sender never hears of its post, but a press proved it: the card is edited, not posted."""
    claim = await lost(store, make)
    await look(store, make, press(make, "p", "1:x", "card"), [])
    await store.settle_message(claim, Sent(MessageState.UNCLEAR, retry_at=make.now + 5_000), make.now)
    assert (await engine.rows("SELECT state, activity_id, due_at FROM messages")) == [
        ("posted", "1:x", make.now + 5_000)
    ]


async def test_a_second_copy_is_planned_away_once(store: Store, engine: Engine, make: Make) -> None:
    """A press on another copy is answered as the card's own, and the copy is to be taken away, once."""
    claim = await lost(store, make)
    await store.settle_message(claim, POSTED, make.now)
    views: list[View] = []
    first = await look(store, make, press(make, "p", "1:stray", "card"), views)
    second = await look(store, make, press(make, "q", "1:stray", "card", person=BEN), views)
    assert [view.pressed_room for view in views] == [make.room()] * 2
    assert [claim.message.purpose for claim in first.messages] == [Purpose.STRAY]
    assert second.messages == ()
    assert (await engine.rows("SELECT COUNT(*) FROM messages")) == [(2,)]


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_nonce_counts_in_its_own_chat_only(store: Store, make: Make, elsewhere: bool) -> None:
    """What a button says opens nothing in another chat, and a guessed nonce opens nothing at all."""
    await lost(store, make)
    views: list[View] = []
    chat = make.chat(thread_id="19:elsewhere") if elsewhere else make.chat()
    await look(store, make, press(make, "p", "1:x", "card" if elsewhere else "guess", chat=chat), views)
    assert views[0].pressed is None


async def test_a_whisper_s_copy_is_answered_and_left(store: Store, engine: Engine, make: Make) -> None:
    """Only one person sees a whisper: its copy is not worth a deletion."""
    work = await plan(store, make, whisper(make, "a"))
    await store.settle_message(work.messages[0], POSTED, make.now)
    views: list[View] = []
    await look(store, make, press(make, "p", "1:copy", "a"), views)
    assert views[0].pressed
    assert (await engine.rows("SELECT COUNT(*) FROM messages")) == [(1,)]


async def test_a_lane_holds_twenty(store: Store, engine: Engine, make: Make) -> None:
    """One runs and twenty wait; one more is acknowledged and dropped, its person told once a minute."""
    kinds = [(await store.receive(make.turn(f"{n}"), make.now)).kind for n in range(23)]
    assert kinds == [ReceiptKind.NEW] * 21 + [ReceiptKind.FULL] * 2
    busy = "SELECT content FROM messages WHERE purpose = 'whisper'"
    assert len(await engine.rows(busy)) == 1
    assert '"busy"' in (await engine.rows(busy))[0][0]
    await store.receive(make.turn("later"), make.now + 60_000)
    assert len(await engine.rows(busy)) == 2
    pressed = await store.receive(make.turn("press", kind=TurnKind.PRESSED), make.now)
    assert pressed.answer
    assert "Try again in a minute." in pressed.answer.text
    removed = await store.receive(make.turn("bye", kind=TurnKind.REMOVED), make.now)
    assert removed.kind is ReceiptKind.NEW
    assert await store.receive(make.turn("later"), make.now + 60_001) == Receipt(ReceiptKind.COPY, "later")


async def failing(store: Store, make: Make, claim: TurnClaim, times: int = 5) -> bool:
    """Let a turn's handler fail so many times; say whether it was set aside."""
    poison, now = False, make.now
    for attempt in range(times):
        poison = await store.fail_turn(claim, now, now)
        if attempt < times - 1:
            (claim,) = (await store.claim(now, 9)).turns
    return poison


async def test_a_turn_that_failed_five_times_is_told_and_can_run_again(
    store: Store, engine: Engine, make: Make
) -> None:
    """After the fifth failure the person is told the reference; an administrator lets it run again, or drops it."""
    claim = (await store.receive(make.turn(), make.now)).claim
    assert claim
    assert await failing(store, make, claim)
    (told,) = (await store.claim(make.now, 9)).messages
    assert told.message.content == Whisper("problem", {"typed": "meet now"}, "en", "", "7F3K-92QD")
    (stuck,) = await store.stuck(9)
    assert (stuck.turn_key, stuck.reference, stuck.attempts) == ("a", "7F3K-92QD", 5)
    assert await store.replay("a", make.now + 10**7)
    assert not await store.replay("a", make.now)
    (again,) = (await store.claim(make.now + 10**7, 9)).turns
    assert (again.attempts, again.turn.text) == (1, "meet now")
    assert await failing(store, make, again, 1) is False
    (await engine.rows("UPDATE inbox SET attempts = 4, due_at = 0"))
    (last,) = (await store.claim(make.now + 10**7, 9)).turns
    assert await store.fail_turn(last, make.now, make.now)
    assert await store.drop("a")
    assert not await store.drop("a")
    assert (await engine.rows("SELECT state, body FROM inbox")) == [("dropped", None)]


@pytest.mark.parametrize(("after", "told"), [(300_000, 1), (3_600_000, 0)])
async def test_what_came_too_late_is_said_while_it_matters(
    store: Store, engine: Engine, make: Make, after: int, told: int
) -> None:
    """A request that nobody got to is not carried out late; within the hour its person is told, once."""
    claim = (await store.receive(make.turn(), make.now)).claim
    assert claim
    await store.release(Work(turns=(claim,)), make.now)
    assert not (await store.claim(make.now + after, 9)).turns
    assert (await engine.rows("SELECT state, body FROM inbox")) == [("expired", None)]
    assert (await engine.rows("SELECT COUNT(*) FROM messages WHERE purpose = 'whisper'")) == [(told,)]


@pytest.mark.parametrize("state", [MessageState.PLANNED, MessageState.UNCLEAR])
@pytest.mark.parametrize("purpose", [Purpose.WHISPER, Purpose.NOTICE])
async def test_words_that_could_not_be_said_in_time_are_not_said(
    store: Store, engine: Engine, make: Make, purpose: Purpose, state: MessageState
) -> None:
    """What waited for five minutes is given up, also where it may have been said; a card never is."""
    words = whisper(make, "a", purpose=purpose)
    work = await plan(store, make, MakeRoom(make.room()), words, PlanMessage(make.message(due_at=None)))
    await store.settle_message(work.messages[0], Sent(state, retry_at=make.now + 300_001), make.now)
    assert not (await store.claim(make.now + 300_001, 9)).messages
    assert (await engine.rows("SELECT outcome FROM messages WHERE message_id = 'a'")) == [("too late",)]


async def test_renewing_says_what_was_lost(store: Store, engine: Engine, make: Make) -> None:
    """Who froze past its lease learns that the work is somebody else's by now."""
    timer = (await plan(store, make, SetTimer(make.timer()))).timers
    turn = (await store.receive(make.turn("b"), make.now)).claim
    assert turn
    held = Work(turns=(turn,), timers=timer)
    assert await store.renew(held, make.now) == Work()
    other = await engine.open("two")
    await other.claim(make.now + 30_000, 9)
    assert await store.renew(held, make.now + 30_001) == held


async def test_graph_s_pause_comes_with_the_timer(store: Store, make: Make) -> None:
    """Whoever is to ask Graph is told until when the tenant leaves it alone; the clock's own timers are not."""
    pause = SaveNote(make.tenant, "paused|graph", "", make.now + 2_128)
    end = make.timer("end|room", kind=TimerKind.END)
    work = await plan(store, make, pause, SetTimer(make.timer()), SetTimer(end))
    assert {claim.timer.kind: claim.paused_until for claim in work.timers} == {
        TimerKind.OPEN: make.now + 2_128,
        TimerKind.END: 0,
    }


async def test_graph_s_earlier_pause_comes_with_the_timer(store: Store, make: Make) -> None:
    """A pause that was there before somebody asked is told to whoever is to ask Graph."""
    await plan(store, make, SaveNote(make.tenant, "paused|graph", "", make.now + 2_128))
    (claim,) = (await plan(store, make, SetTimer(make.timer()), key="later")).timers
    assert claim.paused_until == make.now + 2_128


async def test_edits_of_a_thread_are_three_seconds_apart(store: Store, make: Make) -> None:
    """Two cards of a thread change at once: the second is edited three seconds after the first, posts go between."""
    cards = [PlanMessage(make.message(f"{n}", activity_id=f"1:{n}", state=MessageState.POSTED)) for n in range(2)]
    cards = [replace(card, message=replace(card.message, due_at=None, shown_version=1)) for card in cards]
    work = await plan(store, make, MakeRoom(make.room()), *cards, RefreshCards("room"))
    assert named(work) == ["0"]
    done = await store.settle_message(work.messages[0], replace(POSTED, activity_id="1:0", shown_version=2), make.now)
    assert (done.work.messages, done.work.next_due) == ((), make.now + 3_000)
    assert named(await plan(store, make, whisper(make, "post"), key="q")) == ["post"]


async def test_a_tenant_at_its_limit_holds_up_no_other(store: Store, make: Make) -> None:
    """Thirty of seventy threads send, the other tenant's behind them too, and it is known when to look again."""
    many = [whisper(make, f"{n:02}", thread_id=f"19:{n}", due_at=make.now + 1) for n in range(70)]
    await plan(store, make, *many, whisper(make, "other", tenant="another", thread_id="19:x", due_at=make.now + 2))
    work = await store.claim(make.now + 2, 64)
    assert sorted(named(work)) == [*(name for name in sorted(named(work)) if name != "other"), "other"]
    assert (len(work.messages), work.next_due) == (31, make.now + 1_002)


async def test_new_posts_go_before_edits_in_a_whole_tenant(store: Store, make: Make) -> None:
    """Where only one thread may send, it is one with something new to say, however long an edit has waited."""
    first = await plan(store, make, MakeRoom(make.room()), PlanMessage(make.message("card")))
    await store.settle_message(first.messages[0], replace(POSTED, sent_at=make.now), make.now)
    late = make.now + 3_000
    await plan(store, make, RefreshCards("room"), whisper(make, "new", thread_id="19:x", due_at=late), key="edit")
    assert named(await store.claim(late, 1)) == ["new"]
    assert named(await store.claim(late, 1)) == ["card"]
