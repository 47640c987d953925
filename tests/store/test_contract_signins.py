"""What every engine keeps of sign-ins: one exchange at a time, and turns that wait for their person (ENGINE R13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.decisions import MakeRoom, Park, PlanMessage, View
from bot.leases import Exchange
from bot.messages import Purpose
from bot.model import Person, TurnKind
from bot.ports import Store

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make

ANA, BEN = "oid-ana", "oid-ben"
QUARTER = 900_000


async def park(store: Store, make: Make, key: str = "waits", **changes: object) -> None:
    """Let a turn of Ana's wait, by a decision about another one."""
    receipt = await store.receive(make.turn(f"asks for {key}"), make.now)
    assert receipt.claim
    fields = {"kind": TurnKind.SIGNED_IN, "expires_at": make.now + QUARTER, "text": "Retro", **changes}
    waiting = make.turn(key, **fields)
    await store.settle_turn(receipt.claim, make.reply(Park(waiting)), make.now, f"for {key}")


async def test_one_process_exchanges_and_all_hear_how_it_ended(engine: Engine, make: Make) -> None:
    """Of the copies of an exchange one is done, whichever process has it, and the others hear how it ended."""
    one, two = await engine.open("one"), await engine.open("two")
    for done, heard in ((True, Exchange.DONE), (False, Exchange.REFUSED)):
        name = f"exchange {done}"
        assert await one.exchange_begins(make.tenant, ANA, name, make.now) is Exchange.OURS
        assert await two.exchange_begins(make.tenant, ANA, name, make.now) is Exchange.THEIRS
        assert await two.exchange_begins(make.tenant, BEN, name, make.now) is Exchange.OURS
        await one.exchange_ended(make.tenant, ANA, name, make.now + 1, done=done)
        assert await two.exchange_begins(make.tenant, ANA, name, make.now + 2) is heard


async def test_an_exchange_that_nobody_ended_is_begun_anew(engine: Engine, make: Make) -> None:
    """When the process that exchanged is gone, the next copy takes over after five seconds (C12)."""
    one, two = await engine.open("one"), await engine.open("two")
    assert await one.exchange_begins(make.tenant, ANA, "x", make.now) is Exchange.OURS
    assert await two.exchange_begins(make.tenant, ANA, "x", make.now + 4_999) is Exchange.THEIRS
    assert await two.exchange_begins(make.tenant, ANA, "x", make.now + 5_000) is Exchange.OURS


async def test_whoever_is_late_with_a_refusal_takes_no_sign_in_back(engine: Engine, make: Make) -> None:
    """Of two that traded the same token one may hear no for its copy: further copies hear that it is done."""
    one, two = await engine.open("one"), await engine.open("two")
    await one.exchange_begins(make.tenant, ANA, "x", make.now)
    await two.exchange_begins(make.tenant, ANA, "x", make.now + 5_000)
    await two.exchange_ended(make.tenant, ANA, "x", make.now + 5_001, done=True)
    await one.exchange_ended(make.tenant, ANA, "x", make.now + 5_002, done=False)
    assert await one.exchange_begins(make.tenant, ANA, "x", make.now + 5_003) is Exchange.DONE


async def test_what_nobody_knows_is_begun_anew_at_once(engine: Engine, make: Make) -> None:
    """When the service that signs people in was away, the next copy asks it again without waiting."""
    one, two = await engine.open("one"), await engine.open("two")
    await one.exchange_begins(make.tenant, ANA, "x", make.now)
    await one.exchange_ended(make.tenant, ANA, "x", make.now + 1, done=None)
    assert await two.exchange_begins(make.tenant, ANA, "x", make.now + 1) is Exchange.OURS


async def test_what_waits_runs_once_its_person_has_signed_in(store: Store, engine: Engine, make: Make) -> None:
    """A turn that waits is nobody's work until its own person has signed in; then it runs once."""
    await park(store, make)
    assert (await store.claim(make.now, 9)).turns == ()
    await store.exchange_begins(make.tenant, BEN, "b", make.now)
    await store.exchange_ended(make.tenant, BEN, "b", make.now, done=True)
    await store.exchange_begins(make.tenant, ANA, "no", make.now)
    await store.exchange_ended(make.tenant, ANA, "no", make.now, done=False)
    assert (await store.claim(make.now, 9)).turns == ()
    await store.exchange_begins(make.tenant, ANA, "yes", make.now + 5)
    await store.exchange_ended(make.tenant, ANA, "yes", make.now + 10, done=True)
    (claim,) = (await store.claim(make.now + 10, 9)).turns
    assert (claim.turn.kind, claim.turn.text) == (TurnKind.SIGNED_IN, "Retro")
    await store.settle_turn(claim, make.reply(), make.now + 11, "f")
    await store.exchange_ended(make.tenant, ANA, "yes", make.now + 12, done=True)
    assert (await store.claim(make.now + 12, 9)).turns == ()
    assert await engine.rows("SELECT state, body FROM inbox WHERE turn_key = 'waits'") == [("done", None)]


async def test_nothing_runs_that_waited_too_long(store: Store, engine: Engine, make: Make) -> None:
    """After a quarter of an hour a sign-in starts nothing any more, and what was asked is not kept."""
    await park(store, make)
    late = make.now + QUARTER
    await store.exchange_begins(make.tenant, ANA, "x", late)
    await store.exchange_ended(make.tenant, ANA, "x", late, done=True)
    assert (await store.claim(late, 9)).turns == ()
    await store.sweep(late)
    assert await engine.rows("SELECT state, body FROM inbox WHERE turn_key = 'waits'") == [("expired", None)]
    await store.sweep(late + QUARTER)
    assert await engine.rows("SELECT COUNT(*) FROM signins") == [(0,)]


async def test_what_waits_is_no_copy_of_what_is_said_next(store: Store, make: Make) -> None:
    """A copy of the request under a new id is known as one although its sign-in waits beside it."""
    await park(store, make)
    again = make.turn("copy", echo_key="echo of asks for waits", received_at=make.now + 5)
    assert (await store.receive(again, make.now + 5)).original_key == "asks for waits"


async def test_the_browser_is_offered_once(store: Store, make: Make) -> None:
    """However often Teams reports that it could not sign somebody in, they are offered the browser once."""
    await park(store, make, data={"subject": "Retro", "minutes": "60"})
    for _ in range(2):
        await store.exchange_failed(make.tenant, ANA, make.now + 1)
    await store.exchange_failed(make.tenant, BEN, make.now + 1)
    (claim,) = (await store.claim(make.now + 1, 9)).messages
    assert (claim.message.purpose, claim.message.to) == (Purpose.WHISPER, Person("29:ana", ANA, "Ana Lima"))
    assert claim.message.content is not None
    assert claim.message.content.name == "sign-in"
    assert claim.message.content.data.items() >= {"subject": "Retro", "browser": "yes"}.items()


async def test_another_account_is_told_besides(store: Store, engine: Engine, make: Make) -> None:
    """Who was offered the browser and signs in there with another account is told that, once."""
    await park(store, make, data={"subject": "Retro", "minutes": "60"})
    await store.exchange_failed(make.tenant, ANA, make.now)
    for _ in range(2):
        await store.exchange_failed(make.tenant, ANA, make.now + 1, account=True)
    keys = await engine.rows("SELECT intent_key FROM messages ORDER BY intent_key")
    assert [key.rpartition("|")[2] for (key,) in keys] == ["account", "browser"]


async def test_what_goes_on_sees_the_room_that_waited_and_its_card(store: Store, make: Make) -> None:
    """The decision about what goes on is shown the room that failed and the card of it that stands in the chat."""
    await do_room(store, make)
    await park(store, make, data={"room": "room"})
    await store.exchange_begins(make.tenant, ANA, "x", make.now)
    await store.exchange_ended(make.tenant, ANA, "x", make.now, done=True)
    claims = [claim for claim in (await store.claim(make.now, 9)).turns if claim.turn.kind is TurnKind.SIGNED_IN]
    views: list[View] = []
    await store.settle_turn(claims[0], make.looking(views), make.now, "f")
    assert views[0].pressed is not None
    assert views[0].pressed_room is not None
    assert (views[0].pressed.message_id, views[0].pressed_room.room_id) == ("card", "room")


async def do_room(store: Store, make: Make) -> None:
    """Make a room with a card."""
    receipt = await store.receive(make.turn("makes the room"), make.now)
    assert receipt.claim
    effects = (MakeRoom(make.room()), PlanMessage(make.message()))
    await store.settle_turn(receipt.claim, make.reply(*effects), make.now, "r")
