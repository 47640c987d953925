"""What every engine keeps: one transaction per decision, overtaken ones taken again."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from bot.decisions import MakeRoom, PlanMessage, Record, Reply, SaveNote, SaveRoom, SetTimer, TakeNote, View
from bot.errors import StoreError
from bot.leases import ReceiptKind, TurnClaim
from bot.messages import MessageState, Purpose, Whisper
from bot.model import ChannelKind, LobbyScope, Options, Person, RoomState, TimerKind, Turn, TurnKind
from bot.ports import Store
from bot.rooms import brought_key

pytestmark = pytest.mark.usefixtures("untraced")

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make


async def taken(store: Store, turn: Turn, now: int) -> TurnClaim:
    """Receive a turn that may run at once."""
    receipt = await store.receive(turn, now)
    assert receipt.claim
    return receipt.claim


async def test_settle_turn_applies_everything(store: Store, engine: Engine, make: Make) -> None:
    """One transaction: the room, its card, its timer, a note, the audit, and the turn is done without its text."""
    claim = await taken(store, make.turn(), make.now)
    record = Record(make.tenant, "oid-ana", "meet", make.thread, "room", reference="7F3K-92QD")
    card = make.message(due_at=make.now + 1_500)
    note = SaveNote(make.tenant, "binding", "refused", make.now + 10)
    effects = (MakeRoom(make.room()), PlanMessage(card), SetTimer(make.timer()), note, record, record)
    settled = await store.settle_turn(claim, make.reply(*effects, outcome="opening"), make.now, "f")
    assert settled.reply
    assert settled.reply.outcome == "opening"
    (timer,) = settled.work.timers
    assert (timer.timer, timer.room, timer.chat) == (make.timer(attempts=1), make.room(), make.chat())
    assert not settled.work.messages
    assert settled.work.next_due == make.now + 1_500
    assert await engine.rows("SELECT state, body, outcome, lease_owner FROM inbox") == [("done", None, "opening", "")]
    audit = await engine.rows("SELECT at, actor_oid, action, room_id, thread_id, reference FROM audit")
    assert audit == [(make.now, "oid-ana", "meet", "room", make.thread, "7F3K-92QD")] * 2
    views: list[View] = []
    claim = await taken(store, make.turn("b"), make.now)
    await store.settle_turn(claim, make.looking(views), make.now + 9, "g")
    expected = View(make.now + 9, "g", make.chat(), (make.room(),), (make.room(),), notes={"binding": "refused"})
    expected = replace(expected, mine=(make.now,), here=(make.now,))
    assert views == [expected]


async def test_a_room_is_found_by_its_id(store: Store, make: Make) -> None:
    """Who has a room's id reads it; any other id, also an empty one, is no room."""
    claim = await taken(store, make.turn(), make.now)
    await store.settle_turn(claim, make.reply(MakeRoom(make.room())), make.now, "f")
    assert await store.room(make.room().room_id) == make.room()
    assert await store.room("") is await store.room("x" * 32) is None


async def test_a_note_is_taken_once(store: Store, make: Make) -> None:
    """What only one may have goes to the first; whoever comes later decides again without it."""
    claim = await taken(store, make.turn(), make.now)
    note = SaveNote(make.tenant, "spare|0", "a meeting", make.now + 10)
    await store.settle_turn(claim, make.reply(note), make.now, "f")
    stale: list[View] = []

    def decide(view: View) -> Reply:
        stale.append(view)
        value = "a meeting" if len(stale) in {1, 2} else ""
        return Reply((TakeNote(make.tenant, "spare|0", value),) if value else (), "taken" if value else "gone")

    for name, outcome, notes in (("b", "taken", {"spare|0": "a meeting"}), ("c", "gone", {})):
        claim = await taken(store, make.turn(name), make.now)
        settled = await store.settle_turn(claim, decide, make.now, name)
        assert settled.reply is not None
        assert settled.reply.outcome == outcome
        assert stale[-1].notes == notes
    assert len(stale) == 3


async def test_what_another_one_took_is_used_by_nobody_else(store: Store, make: Make) -> None:
    """Where a note is gone that a decision takes after other effects, nothing of that decision stays."""
    claim = await taken(store, make.turn(), make.now)
    tries: list[View] = []

    def decide(view: View) -> Reply:
        tries.append(view)
        effects = (MakeRoom(make.room()), TakeNote(make.tenant, "spare|0", "a meeting"))
        return Reply(effects if len(tries) == 1 else ())

    await store.settle_turn(claim, decide, make.now, "f")
    assert (len(tries), await store.room(make.room().room_id)) == (2, None)


async def test_view_of_a_press(store: Store, make: Make) -> None:
    """A press sees the message it came from, found by its place, with its room; a stranger's id finds nothing."""
    claim = await taken(store, make.turn(), make.now)
    posted = make.message(state=MessageState.POSTED, activity_id="1:x", due_at=None)
    finished = make.room(state=RoomState.ENDED, ended_at=make.now)
    await store.settle_turn(claim, make.reply(MakeRoom(finished), PlanMessage(posted)), make.now, "f")
    views: list[View] = []
    for key, pressed in (("b", "1:x"), ("c", "1:y")):
        claim = await taken(store, make.turn(key, reply_to_id=pressed), make.now)
        await store.settle_turn(claim, make.looking(views), make.now, key)
    assert (views[0].pressed, views[0].pressed_room) == (posted, finished)
    assert (views[1].pressed, views[1].pressed_room) == (None, None)
    assert (views[0].rooms, views[0].recent) == ((), (finished,))


async def test_a_pressed_whisper_knows_how_many_are_affected(store: Store, make: Make) -> None:
    """Who presses a whisper acts for all whom no access policy named within a day, each counted once."""
    claim = await taken(store, make.turn(), make.now)
    day_before = make.now - 86_400_001
    failed = [("a", "policy"), ("a", "sign_in"), ("b", "sign_in"), ("c", "deadline")]
    records = [Record(make.tenant, oid, "failed", detail=code) for oid, code in failed]
    told = make.message(state=MessageState.POSTED, activity_id="1:x", due_at=None, purpose=Purpose.WHISPER)
    told = replace(told, to=Person("29:ana", "oid-ana"), content=Whisper("policy", {}))
    await store.settle_turn(claim, make.reply(*records, PlanMessage(told)), make.now, "f")
    old = await taken(store, make.turn("old"), day_before)
    await store.settle_turn(old, make.reply(Record(make.tenant, "d", "failed", detail="policy")), day_before, "o")
    views: list[View] = []
    for key, pressed in (("b", "1:x"), ("c", "1:y")):
        claim = await taken(store, make.turn(key, reply_to_id=pressed), make.now)
        await store.settle_turn(claim, make.looking(views), make.now, key)
    assert [view.affected for view in views] == [2, 0]


@pytest.mark.parametrize("state", [RoomState.OPENING, RoomState.ENDED, RoomState.FAILED])
async def test_view_of_an_edit(store: Store, make: Make, state: RoomState) -> None:
    """An edit sees whether its message has opened something; what failed is nothing."""
    claim = await taken(store, make.turn(), make.now)
    room = make.room(state=state, ended_at=None if state is RoomState.OPENING else make.now)
    await store.settle_turn(claim, make.reply(MakeRoom(room)), make.now, "f")
    views: list[View] = []
    for key, changes in (("b", {}), ("c", {"reference": "AAAA-2222"}), ("d", {"kind": TurnKind.SAID})):
        claim = await taken(store, make.turn(key, **({"kind": TurnKind.EDITED} | changes)), make.now)
        await store.settle_turn(claim, make.looking(views), make.now, key)
    assert [view.opened is not None for view in views] == [state is not RoomState.FAILED, False, False]


async def test_a_deletion_is_heard_of_what_was_said(store: Store, engine: Engine, make: Make) -> None:
    """The deletion of a request sees what it opened; of a message that was never said to us nothing is written."""
    claim = await taken(store, make.turn(), make.now)
    await store.settle_turn(claim, make.reply(MakeRoom(make.room())), make.now, "f")
    views: list[View] = []
    claim = await taken(store, make.turn("gone", kind=TurnKind.DELETED), make.now)
    await store.settle_turn(claim, make.looking(views), make.now, "g")
    assert [view.opened for view in views] == [make.room()]
    strangers = {"kind": TurnKind.DELETED, "reference": "AAAA-2222", "chat": make.chat(thread_id="19:other")}
    receipt = await store.receive(make.turn("never", **strangers), make.now)
    assert (receipt.kind, receipt.claim) == (ReceiptKind.UNHEARD, None)
    assert await engine.rows("SELECT COUNT(*) FROM inbox") == [(2,)]
    assert await engine.rows("SELECT COUNT(*) FROM chats") == [(1,)]


async def test_the_last_rooms_are_seen(store: Store, make: Make) -> None:
    """Whoever asks about earlier meetings sees the last few, newest first, and who asks for a new one the newest."""
    lobby = Options(lobby=LobbyScope.EVERYONE, dial_in_bypass=True)
    rooms = [
        make.room(f"r{n}", topic=f"r{n}", state=RoomState.ENDED, created_at=make.now + n, lobby_before=lobby)
        for n in range(7)
    ]
    claim = await taken(store, make.turn(), make.now)
    await store.settle_turn(claim, make.reply(*map(MakeRoom, rooms)), make.now, "f")
    views: list[View] = []
    for key, text in (("b", "recent"), ("c", "meet now")):
        claim = await taken(store, make.turn(key, text=text), make.now)
        await store.settle_turn(claim, make.looking(views), make.now, key)
    assert [view.recent for view in views] == [tuple(rooms[:1:-1]), (rooms[6],)]


async def test_settle_stale(store: Store, engine: Engine, make: Make) -> None:
    """Whoever lost the lease writes nothing (C13)."""
    old = await taken(store, make.turn(), make.now)
    (new,) = (await store.claim(make.now + 30_000, 9)).turns
    assert new.lease.fence > old.lease.fence
    settled = await store.settle_turn(old, make.reply(MakeRoom(make.room())), make.now + 30_000, "f")
    assert settled.stale
    assert settled.reply is None
    assert await engine.rows("SELECT COUNT(*) FROM rooms") == [(0,)]
    assert await store.fail_turn(old, make.now, make.now) is False
    assert not (await store.settle_turn(new, make.reply(), make.now + 30_000, "f")).stale


async def test_decide_again(store: Store, engine: Engine, make: Make) -> None:
    """A decision that was overtaken is taken again with what is there, and nothing of the first one stays."""
    claim = await taken(store, make.turn(), make.now)
    await store.settle_turn(claim, make.reply(MakeRoom(make.room())), make.now, "f")
    seen: list[View] = []

    def decide(view: View) -> Reply:
        seen.append(view)
        whisper = PlanMessage(make.message(f"whisper {len(seen)}"))
        if len(seen) == 1:
            return Reply((whisper, SetTimer(make.timer()), MakeRoom(make.room("second"))), "taken")
        if len(seen) == 2:
            return Reply((whisper, SaveRoom(make.room(version=7))), "changed")
        return Reply((whisper, SaveRoom(replace(view.rooms[0], subject="Review"))), "done")

    claim = await taken(store, make.turn("b"), make.now)
    settled = await store.settle_turn(claim, decide, make.now, "g")
    assert settled.reply
    assert settled.reply.outcome == "done"
    assert [held.message.message_id for held in settled.work.messages] == ["whisper 3"]
    assert settled.work.timers == ()
    assert await engine.rows("SELECT message_id FROM messages") == [("whisper 3",)]
    assert await engine.rows("SELECT subject, version FROM rooms") == [("Review", 2)]


async def test_decide_in_vain(store: Store, engine: Engine, make: Make) -> None:
    """A decision that never fits is given up after three times; the turn stays for later."""
    claim = await taken(store, make.turn(), make.now)
    stubborn = make.reply(MakeRoom(make.room()), MakeRoom(make.room("second")))
    with pytest.raises(StoreError):
        await store.settle_turn(claim, stubborn, make.now, "f")
    assert await engine.rows("SELECT COUNT(*) FROM rooms") == [(0,)]
    assert not (await store.settle_turn(claim, make.reply(), make.now, "f")).stale


async def test_reopening_a_taken_place(store: Store, make: Make) -> None:
    """A room that ended cannot take back a place that another room has by now."""
    claim = await taken(store, make.turn(), make.now)
    ended = make.room("old", state=RoomState.ENDED, ended_at=make.now)
    await store.settle_turn(claim, make.reply(MakeRoom(ended), MakeRoom(make.room())), make.now, "f")
    claim = await taken(store, make.turn("b"), make.now)
    with pytest.raises(StoreError):
        await store.settle_turn(claim, make.reply(SaveRoom(replace(ended, state=RoomState.OPEN))), make.now, "g")


async def test_raising_decision(store: Store, engine: Engine, make: Make) -> None:
    """A decision that raises leaves nothing behind, and its error reaches the caller as it is."""
    claim = await taken(store, make.turn(), make.now)

    def decide(_view: View) -> Reply:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.settle_turn(claim, decide, make.now, "f")
    assert await engine.rows("SELECT state, lease_owner FROM inbox") == [("new", "one")]


async def test_fifty_ask_at_once(engine: Engine, make: Make) -> None:
    """Fifty people asking at the same moment, on two processes, get one room; twenty wait, the rest is told to."""
    stores = [await engine.open("one"), await engine.open("two")]
    turns = [
        make.turn(f"{n}", person=Person(f"29:{n}"), received_at=make.now + n, expires_at=make.now + 10**6)
        for n in range(50)
    ]
    receipts = await asyncio.gather(*(stores[n % 2].receive(turn, make.now) for n, turn in enumerate(turns)))
    assert sum(receipt.claim is not None for receipt in receipts) == 1
    done: list[str] = []

    async def work(store: Store, claim: TurnClaim) -> list[TurnClaim]:
        def decide(view: View) -> Reply:
            if view.rooms:
                return Reply(outcome="running")
            return Reply((MakeRoom(make.room(f"room {claim.turn.turn_key}")),), "opening")

        settled = await store.settle_turn(claim, decide, make.now + 100, "f")
        assert settled.reply
        done.append(settled.reply.outcome)
        return list(settled.work.turns)

    waiting = [receipt.claim for receipt in receipts if receipt.claim]
    while waiting:
        store = stores[0 if waiting[0].lease.owner == "one" else 1]
        waiting = await work(store, waiting[0])
    assert sorted(done) == ["opening", *["running"] * 20]
    assert sum(receipt.kind is ReceiptKind.FULL for receipt in receipts) == 29
    assert await engine.rows("SELECT COUNT(*) FROM rooms") == [(1,)]


async def test_the_view_has_the_chat_s_rooms_and_the_topics_it_shares(store: Store, make: Make) -> None:
    """A turn sees its chat's rooms and those it has a card of; naming a topic, its team's and tenant's too."""
    channel = make.chat(channel_kind=ChannelKind.STANDARD, team_id="19:team")
    own = make.room("own", topic="#one")
    shown = make.room(
        "shown", scope_key="tenant", topic="#two", people=(Person("29:b", upn="b@x"),), backup_bridge="+44"
    )
    team = make.room("team", scope_key="team:19:team", topic="#three")
    others = [make.room(f"other {place}", scope_key=f"{place}:19:x", topic="#four") for place in ("team", "chat")]
    card = make.message("card", room_id="shown", intent_key=f"card|shown|{make.thread}")
    made = [MakeRoom(room) for room in (own, shown, team, *others)]
    claim = await taken(store, make.turn(chat=channel), make.now)
    await store.settle_turn(claim, make.reply(*made, PlanMessage(card)), make.now, "f")
    views: list[View] = []
    for key, text in (("b", "meet now"), ("c", "meet \uff03x")):
        claim = await taken(store, make.turn(key, chat=channel, text=text), make.now)
        await store.settle_turn(claim, make.looking(views), make.now, "g")
    plain, topical = views
    assert set(plain.rooms) == set(topical.rooms) == {own, shown}
    assert plain.topics == (shown,)
    assert set(topical.topics) == {shown, team}


async def test_what_ended_here_shows_who_has_its_place_now(store: Store, make: Make) -> None:
    """Who opens an ended topic again sees that the team meets about it elsewhere, without naming it."""
    channel = make.chat(channel_kind=ChannelKind.STANDARD, team_id="19:team")
    ended = make.room("ended", scope_key="team:19:team", topic="#one", state=RoomState.ENDED)
    made = [
        MakeRoom(make.room(name, scope_key="team:19:team", topic=topic, home_thread="19:other"))
        for name, topic in (("now", "#one"), ("another", "#two"))
    ]
    claim = await taken(store, make.turn(chat=channel), make.now)
    await store.settle_turn(claim, make.reply(MakeRoom(ended), *made), make.now, "f")
    views: list[View] = []
    for key, text in (("b", "reopen"), ("c", "meet now")):
        claim = await taken(store, make.turn(key, chat=channel, text=text), make.now)
        await store.settle_turn(claim, make.looking(views), make.now, "g")
    assert [[room.room_id for room in view.topics] for view in views] == [["now"], []]


async def test_a_topic_s_other_rooms_are_seen_apart_from_those_that_were_brought_here(store: Store, make: Make) -> None:
    """Naming a topic shows what else has its name in the tenant, newest first; what was brought here is always seen."""
    newest = make.room("newest", scope_key="chat:19:y", topic="#four", created_at=make.now + 1)
    older = make.room("older", scope_key="team:19:x", topic="#four")
    brought = make.room("brought", scope_key="chat:19:z", topic="#four")
    hidden = [
        make.room("other topic", scope_key="chat:19:y", topic="#five"),
        make.room("other tenant", tenant="another", scope_key="chat:19:y", topic="#four"),
        make.room("over", scope_key="chat:19:w", topic="#four", state=RoomState.ENDED),
    ]
    made = [MakeRoom(room) for room in (older, newest, brought, *hidden)]
    notes = [
        SaveNote(make.tenant, brought_key(make.thread, name), name, make.now + 1) for name in ("brought", "over", "x")
    ]
    claim = await taken(store, make.turn(), make.now)
    await store.settle_turn(claim, make.reply(*made, *notes), make.now, "f")
    views: list[View] = []
    for key, text in (("b", "meet \uff03fo-ur DB down"), ("c", "meet now")):
        claim = await taken(store, make.turn(key, text=text), make.now)
        await store.settle_turn(claim, make.looking(views), make.now, "g")
    topical, plain = views
    assert (topical.elsewhere, topical.rooms) == ((newest, older), (brought,))
    assert (plain.elsewhere, plain.rooms) == ((), (brought,))


async def test_a_timer_that_carries_a_turn_decides_with_the_turn_s_view(store: Store, make: Make) -> None:
    """What waits for a look-up is decided with what is in its chat then, and with the room that was asked about."""
    there = make.room("there", scope_key="chat:19:y", topic="#four", home_thread="19:y")
    turn = make.turn(text="meet #four", mentions=(Person("29:b", "oid-b", "Ben"),), zone="Europe/Lisbon")
    timer = make.timer(
        "topic|a", kind=TimerKind.TOPIC, subject="there", payload={"turn": asdict(turn), "rest": "#four"}
    )
    claim = await taken(store, turn, make.now)
    settled = await store.settle_turn(claim, make.reply(MakeRoom(there), SetTimer(timer)), make.now, "f")
    (waiting,) = settled.work.timers
    assert (waiting.turn, waiting.room, waiting.timer.payload["rest"]) == (turn, there, "#four")
    views: list[View] = []
    await store.settle_timer(waiting, make.looking(views), make.now, "g")
    assert (views[0].room, views[0].elsewhere) == (there, (there,))
    assert views[0].chat is not None
    assert views[0].chat.thread_id == make.thread


async def test_a_decision_sees_the_notes_that_concern_it(store: Store, make: Make) -> None:
    """Turns see notes about tenant, chat and who asks, timers those about a room's people too; nobody sees others."""
    ben = Person("29:ben", "oid-ben", "Ben")
    abouts = ("", make.thread, "oid-ana", ben.id, "29:ana", "19:other", "oid-chloe")
    notes = [SaveNote(make.tenant, f"about {about}", "v", make.now + 9, about) for about in abouts]
    claim = await taken(store, make.turn(), make.now)
    made = (MakeRoom(make.room(people=(ben,))), SetTimer(make.timer()))
    settled = await store.settle_turn(claim, make.reply(*made, *notes), make.now, "f")
    views: list[View] = []
    await store.settle_turn(await taken(store, make.turn("b"), make.now), make.looking(views), make.now, "g")
    await store.settle_timer(settled.work.timers[0], make.looking(views), make.now, "h")
    turn, timer = views
    assert set(turn.notes) == {"about ", f"about {make.thread}", "about oid-ana"}
    assert set(timer.notes) == {*turn.notes, "about 29:ben"}
