"""A dialog waits for a look whether Muster is in the chat, but never longer than Teams does (ENGINE 2.5, R14)."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, cast

import pytest

from bot.commands.command import Policy
from bot.commands.starting import absent_key
from bot.decisions import GiveAnswer, Reply, SaveNote, View
from bot.errors import Gone, NotDone, SendError
from bot.leases import Lease, TimerClaim
from bot.model import Chat, ChatKind, Person, Timer, TimerKind, Turn, TurnKind
from bot.ports import Messenger
from bot.rosters import Rosters
from tests.engine.test_looking_up import Members
from tests.engine.test_rooms import NOW, freeze

BEN = Person("29:ben", "oid-ben", "Ben Okafor")
HERE = Chat("tenant", "19:here@thread.v2", ChatKind.GROUP)
TURN = Turn(
    turn_key="a" * 64,
    echo_key="b" * 64,
    kind=TurnKind.DIALOG,
    chat=HERE,
    person=BEN,
    conversation_id=HERE.thread_id,
    activity_id="f:1",
    received_at=NOW,
    expires_at=NOW + 300_000,
    reference="7F3K-92QD",
    verb="fetch meet",
)


def gone(status: int, *, chat: bool) -> Gone:
    """Return what the connector's refusal means."""
    error = Gone("no", status=status)
    error.chat = chat
    return error


async def looked(answer: Person | SendError | None, turn: Turn = TURN, **notes: str) -> Reply:
    """Run the timer of Ben's dialog with what the connector answers; None is no answer at all."""
    members = Members({BEN.id: answer} if answer else {})
    rosters = Rosters(cast("Messenger", members), Policy(freeze), lambda _: None, within=0.05)
    timer = Timer("roster|a", TimerKind.ROSTER, "tenant", HERE.thread_id, NOW, {"turn": asdict(turn)})
    decide = await rosters.run(TimerClaim(timer, Lease("one", 1, NOW + 30_000), None, None, turn=turn))
    return decide(View(now=NOW, fresh_id="f" * 32, chat=HERE, notes=notes))


def shown(reply: Reply) -> list[str]:
    """Return what the dialog shows: its fields and buttons."""
    (given,) = [effect for effect in reply.effects if isinstance(effect, GiveAnswer)]
    card: dict[str, Any] = given.answer.card or {}
    return [part["id"] for part in card["body"] if "id" in part] + [action["title"] for action in card["actions"]]


FORM = ["subject", "people", "duration", "lobby", "Meet now"]
ADD = ["Add me here", "Open it in this window"]


@pytest.mark.parametrize("answer", [BEN, gone(404, chat=False), NotDone("busy", status=429), None])
async def test_the_form_comes_where_muster_is_or_nobody_can_say(answer: Person | SendError | None) -> None:
    """A roster that can be read, a busy connector and one that never answers show the form."""
    assert shown(await looked(answer)) == FORM


async def test_a_chat_without_muster_is_remembered_and_forgotten() -> None:
    """Where the roster is refused the dialog offers to add Muster; once it can be read that is over."""
    reply = await looked(gone(403, chat=True))
    assert shown(reply) == ADD
    (note,) = [effect for effect in reply.effects if isinstance(effect, SaveNote)]
    assert (note.key, note.until > NOW) == (absent_key(HERE.thread_id), True)
    again = await looked(BEN, TURN, **{absent_key(HERE.thread_id): ""})
    assert [effect.until for effect in again.effects if isinstance(effect, SaveNote)] == [NOW]


async def test_between_two_people_and_after_adding_the_form_comes_at_once() -> None:
    """An app cannot be added to a chat of two people; who has just added it is not asked again."""
    pair = replace(TURN, chat=replace(HERE, thread_id="19:a_b@unq.gbl.spaces"))
    assert shown(await looked(gone(403, chat=True), pair)) == FORM
    assert shown(await looked(gone(403, chat=True), replace(TURN, data={"installed": "yes"}))) == FORM
