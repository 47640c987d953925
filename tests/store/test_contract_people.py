"""What every engine keeps of people: their own settings, who added Muster where, and answers that come late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.decisions import GiveAnswer, PlanMessage, Reply, SaveInstaller, SavePerson, View
from bot.leases import TurnClaim
from bot.messages import Answer, Message, Purpose, Whisper
from bot.model import Person, Turn, TurnKind
from bot.ports import Store

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make

ANA = Person("29:ana", "oid-ana", "Ana Lima")
BEN = Person("29:ben", "oid-ben", "Ben Okafor")


async def taken(store: Store, turn: Turn, now: int) -> TurnClaim:
    """Receive a turn that may run at once."""
    receipt = await store.receive(turn, now)
    assert receipt.claim
    return receipt.claim


async def seen(store: Store, turn: Turn, make: Make) -> View:
    """Return what a decision about a turn sees."""
    views: list[View] = []
    await store.settle_turn(await taken(store, turn, make.now), make.looking(views), make.now, turn.turn_key)
    return views[-1]


async def test_what_people_set_is_seen_wherever_they_ask(store: Store, make: Make) -> None:
    """A person's settings are in the view of their turns in every chat, and in nobody else's; the newest count."""
    for key, settings, version in (("a", {"plain": True}, 0), ("b", {"language": "de"}, 1)):
        effect = SavePerson(make.tenant, ANA.oid, settings, version)
        await store.settle_turn(await taken(store, make.turn(key), make.now), make.reply(effect), make.now, key)
    elsewhere = make.turn("c", chat=make.chat(thread_id="19:other@thread.v2"))
    view = await seen(store, elsewhere, make)
    assert (view.me, view.me_version) == ({"language": "de"}, 2)
    other = await seen(store, make.turn("d", person=BEN), make)
    assert (other.me, other.me_version) == ({}, 0)


async def test_whoever_was_faster_is_not_overwritten(store: Store, make: Make) -> None:
    """A decision about older settings is taken again with the newer ones in view."""
    first = SavePerson(make.tenant, ANA.oid, {"language": "de"}, 0)
    await store.settle_turn(await taken(store, make.turn(), make.now), make.reply(first), make.now, "f")

    def plain(view: View) -> Reply:
        version = view.me_version if tried else 0
        tried.append(version)
        return Reply((SavePerson(make.tenant, ANA.oid, {**view.me, "plain": True}, version),))

    tried: list[int] = []
    await store.settle_turn(await taken(store, make.turn("b"), make.now), plain, make.now, "g")
    assert tried == [0, 1]
    assert (await seen(store, make.turn("c"), make)).me == {"language": "de", "plain": True}


async def test_whoever_added_muster_first_is_known_in_the_whole_team(store: Store, make: Make) -> None:
    """An installation counts for every channel of its team, for no other team, and the first one stays."""
    team = make.chat(team_id="19:team")
    for key, person in (("a", ANA), ("b", BEN)):
        claim = await taken(store, make.turn(key, chat=team), make.now)
        await store.settle_turn(claim, make.reply(SaveInstaller(team, person)), make.now, key)
    other = replace(team, thread_id="19:other@thread.tacv2")
    assert (await seen(store, make.turn("c", chat=other), make)).installers == (ANA,)
    stranger = replace(other, thread_id="19:x@thread.tacv2", team_id="19:team2")
    assert (await seen(store, make.turn("d", chat=stranger), make)).installers == ()


async def test_an_answer_may_come_after_its_turn_is_done(store: Store, make: Make) -> None:
    """What waited for a look-up is answered once: the first answer stays, and a copy hears the same."""
    asks = make.turn(kind=TurnKind.DIALOG)
    await store.settle_turn(await taken(store, asks, make.now), make.reply(), make.now, "f")
    assert await store.answer(asks.turn_key) is None
    for key, text in (("b", "first"), ("c", "second")):
        claim = await taken(store, make.turn(key), make.now)
        await store.settle_turn(claim, make.reply(GiveAnswer(asks.turn_key, Answer(text=text))), make.now, key)
    answered = await store.answer(asks.turn_key)
    assert answered
    assert answered.answer == Answer(text="first")


async def test_whoever_reads_text_is_known_when_they_are_whispered_to(store: Store, make: Make) -> None:
    """The claim of a whisper says whether its person wants plain text; a card for everybody never does."""
    set_text = SavePerson(make.tenant, ANA.oid, {"plain": True}, 0)
    await store.settle_turn(await taken(store, make.turn(), make.now), make.reply(set_text), make.now, "f")
    words = Whisper("no-meeting")
    plans = [
        Message("m1", "i1", make.tenant, make.thread, make.thread, Purpose.WHISPER, make.now, to=ANA, content=words),
        Message("m2", "i2", make.tenant, "19:two@thread.v2", "t", Purpose.WHISPER, make.now, to=BEN, content=words),
    ]
    claim = await taken(store, make.turn("b"), make.now)
    settled = await store.settle_turn(claim, make.reply(*map(PlanMessage, plans)), make.now, "g")
    work = [*settled.work.messages, *(await store.claim(make.now, 9)).messages]
    assert {held.message.message_id: held.route.plain for held in work}["m1"] is True
    assert not any(held.route.plain for held in work if held.message.message_id != "m1")


async def test_a_dialog_that_came_too_late_says_how_to_ask_again(store: Store, make: Make) -> None:
    """Who submitted a dialog that nobody got to in time is told so, with the line that asks for the same."""
    sent = make.turn(
        kind=TurnKind.DIALOG, verb="submit meet", data={"subject": "Pizza"}, text="", expires_at=make.now + 9
    )
    await store.receive(sent, make.now)
    await store.receive(make.turn("b", kind=TurnKind.DIALOG, verb="fetch meet", expires_at=make.now + 9), make.now)
    late = make.now + 60_000
    work = await store.claim(late, 9)
    told = [held.message.content for held in work.messages if held.message.content]
    assert [(words.name, words.data["typed"]) for words in told] == [("late", "meet now Pizza")]
