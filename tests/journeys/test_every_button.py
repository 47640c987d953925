"""Every button of every card: pressed twice, by strangers, by who left, too late, on copies (WO4, ENGINE R14, 4.2).

Everything of Microsoft's is held and the clock stands still while the buttons are pressed: no answer waits for it.
What an answer promises is waited for afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

import app
from bot.answers import ANSWER_WITHIN_SECONDS
from bot.model import Room, RoomState
from bot.ports import Store
from bot.sandbox.cloud import Cloud
from bot.sandbox.gates import Gate
from bot.sandbox.posts import Post
from bot.sandbox.teams_client import Delivery
from tests.cards.conftest import MEETING
from tests.journeys.buttons import Button, Stage, every, of_the_bot, press
from tests.journeys.fast_clock import bot
from tests.journeys.hand_clock import HandClock, Watched
from tests.journeys.harness import Journey, words

pytestmark = pytest.mark.usefixtures("untraced")

EXECUTE = "Action.Execute"
ANSWERED_WITHIN = 3_000
"""ms (ENGINE R14)."""
WORKING = "Working on it. The result appears here in a moment."
NOT_HERE = "I don't know this post here: it's a copy from another chat"
OVER = "This button belongs to a meeting that has ended."
THERE = "There's already a meeting here: "
NO_REQUEST = "No meeting is waiting to be opened here."
PHONE = "Retro by phone: +44 20 7946 0123"
ASKED_HERE = "Retro: I asked here. Whoever presses the button hosts."
NO_ADMIN = "I don't know who your administrator is. Please give them the reference 7F3K-92QD."
LIVE = "People are in Retro. End it for everyone?"
HELP = "In a channel, start with @Muster and pick me from the list."
NO_RINGING = "I can't ring people here"
"""These chats' bot has no address that Graph could call; tests/journeys/test_ringing.py has one."""
TIMES = "meet in 20m [subject]"


@dataclass(frozen=True, slots=True)
class Row:
    """How the answers to a button begin, `card: ` and `dialog: ` before what a card or a dialog begins with.

    `first`: who asked presses it. `again`: it is pressed once more, its work done or still under way. `stranger`:
    somebody presses it who is not in the chat. `ended`: the meeting is over by now. `stale`: it has become another one
    since. Where nothing is said it is as `first`; a whisper is nobody else's to press.
    """

    first: str
    again: str | tuple[str, ...] = ""
    stranger: str = ""
    ended: str = ""
    stale: str = ""


MEETS = Row(WORKING, again=THERE)
MEETS_AGAIN = Row(WORKING, again=THERE, stale=THERE + "Review")
MEETS_ONCE_MORE = Row(WORKING, again=THERE + "Retro", stale=THERE + "Review")
TELLS = Row(PHONE, ended=OVER, stale="Review by phone: +44 20 7946 0123")
ENDS = Row("card: Retro: ended", again=OVER, stranger=WORKING, ended=OVER, stale="People are in Review.")
ASKS = Row(LIVE, stranger=WORKING, ended=OVER, stale="card: Review: ended")
ENDS_PAST = Row(
    "card: Retro: ended", again=OVER, stranger=WORKING, ended="card: Retro: ended", stale="card: Review: ended"
)
REOPENS = Row("card: Retro: open", again=THERE + "Retro", stranger=WORKING, stale=THERE + "Review")
ASKS_FOR_A_HOST = Row(ASKED_HERE, ended=NO_REQUEST, stale=NO_REQUEST)
TELLS_THE_ADMIN = Row(NO_ADMIN, ended=NO_REQUEST, stale=NO_REQUEST)
MATRIX: Mapping[tuple[str, str], Row] = {
    ("opening unavailable", "Try now"): Row(
        "Retro: trying again now.", again=NO_REQUEST, ended=NO_REQUEST, stale=NO_REQUEST
    ),
    ("opening unavailable", "Stop trying"): Row(
        "Retro: I stopped trying.", again=NO_REQUEST, ended=NO_REQUEST, stale=NO_REQUEST
    ),
    ("scheduled", "Details as text"): TELLS,
    ("open", "Details as text"): TELLS,
    ("open", "End"): ENDS,
    ("open bare", "End"): ENDS,
    ("open with all buttons", "Ring someone"): Row("dialog: Ring someone"),
    ("open with all buttons", "Details as text"): TELLS,
    ("open with all buttons", "End"): ENDS,
    ("open elsewhere", "Details as text"): TELLS,
    ("live", "Details as text"): TELLS,
    ("live", "End"): ASKS,
    ("live bare", "End"): ASKS,
    ("live elsewhere", "Details as text"): TELLS,
    ("ended", "Meet again"): MEETS_ONCE_MORE,
    ("ended", "Reopen this one"): REOPENS,
    ("ended without a meeting", "Meet again"): MEETS_ONCE_MORE,
    ("ended by clock", "End"): ENDS_PAST,
    ("failed", "Try again"): MEETS_ONCE_MORE,
    ("failed private", "Open anyway"): MEETS_ONCE_MORE,
    ("failed private", "Try again"): MEETS_ONCE_MORE,
    ("whisper typo", "Meet now"): MEETS,
    ("whisper unknown", "Help"): Row(HELP),
    ("whisper running", "Start another"): Row(WORKING, again=THERE + "Lunch"),
    ("whisper other-thread", "Start one for this thread"): Row(WORKING, again=THERE + "Lunch"),
    ("whisper near-topic", "Open #INC-24"): Row(WORKING, again=(THERE + "#INC-24 DB down", WORKING)),
    ("whisper topic-elsewhere", "Bring it here"): Row(WORKING),
    ("whisper topic-elsewhere", "Open a separate one"): Row(WORKING, again=THERE + "#layoffs"),
    ("whisper not-brought", "Open a separate one"): Row(WORKING, again=THERE + "#layoffs"),
    ("whisper no-request", "Meet now"): MEETS,
    ("whisper policy", "Try again"): MEETS_AGAIN,
    ("whisper policy", "Ask someone here to host"): ASKS_FOR_A_HOST,
    ("whisper policy", "Tell the admin"): TELLS_THE_ADMIN,
    ("whisper sign-in-else", "Ask someone here to host"): ASKS_FOR_A_HOST,
    ("whisper sign-in-else", "Tell the admin"): TELLS_THE_ADMIN,
    ("whisper not-signed-out", "Sign out"): Row(WORKING),
    ("whisper host-wanted", "Start it as host"): MEETS_AGAIN,
    ("whisper cannot-host", "Ask someone here to host"): ASKS_FOR_A_HOST,
    ("whisper no-calendar", "Meet now"): MEETS_AGAIN,
    ("whisper no-meeting", "Meet now"): MEETS,
    ("whisper welcome", "Show me what else"): Row(HELP),
    ("whisper late", "Try again"): MEETS,
    ("whisper stranger", "Meet again"): MEETS_AGAIN,
    ("whisper not-here", "Meet now"): MEETS,
    ("whisper settings", "Change settings"): Row("dialog: Settings", stranger="dialog: Settings"),
    ("whisper meeting-chat", "Start another"): Row(WORKING, again=THERE + "Retro"),
    ("whisper ended", "Reopen this one"): Row(
        "Retro is open again.", again=THERE + "Retro", stale="There's no ended meeting here"
    ),
    ("whisper end-live", "End it"): Row(
        "Retro is closed.",
        again="There's no meeting here right now.",
        ended="There's no meeting here right now.",
        stale="Review is closed.",
    ),
    ("whisper reopen-late", "Meet again"): MEETS_AGAIN,
    ("whisper no-ended", "Meet now"): MEETS,
    ("whisper recent", "Meet again"): MEETS_AGAIN,
    ("whisper bare", "Meet now"): MEETS,
    ("whisper bare", "Help"): Row(HELP),
    ("whisper now-or-then", "Now"): Row(WORKING, again=THERE + "Retro"),
    ("whisper now-or-then", "Tomorrow 9:04"): Row(WORKING, again="You've planned it with this button already"),
    ("whisper now-or-then", "Pick a time"): Row(TIMES),
    ("whisper not-then", "Pick a time"): Row(TIMES),
    ("whisper not-rung", "Ring anyway"): Row(NO_RINGING),
}
"""Every button there is by its card and its title."""
_NEXT = {
    RoomState.OPENING: RoomState.OPEN,
    RoomState.SCHEDULED: RoomState.OPEN,
    RoomState.OPEN: RoomState.LIVE,
    RoomState.LIVE: RoomState.EMPTY,
    RoomState.EMPTY: RoomState.OPEN,
    RoomState.ENDED: RoomState.OPEN,
    RoomState.FAILED: RoomState.OPEN,
}
"""What a room may have become while somebody looked at its card."""


def as_shown(room: Room) -> Room:
    """Leave the room as its card shows it."""
    return room


def ended(room: Room) -> Room:
    """End the meeting that the card shows."""
    return replace(room, state=RoomState.ENDED, ended_at=room.created_at, version=room.version + 2)


def another(room: Room) -> Room:
    """Let the room go on: renamed, in another state, as its card does not show it yet."""
    meeting = room.meeting or MEETING
    return replace(
        room, state=_NEXT[room.state], subject="Review", meeting=meeting, ended_at=None, version=room.version + 5
    )


@dataclass
class Played:
    """The cards on a stage, in front of a running bot for which everything of Microsoft's is held."""

    journey: Journey
    clock: HandClock
    stage: Stage
    gates: Mapping[str, Gate]

    async def pressed(self, activity: Callable[[Button], dict[str, Any]]) -> list[Delivery]:
        """Press every button in the same moment; `activity` makes the press of one.

        The clock moves once, as soon as a dialog that looks something up waits, as far as people are kept waiting:
        moved on until the answers are there, it would be late by as much as the machine is slow.
        """
        sent = [asyncio.create_task(self.journey.teams.send(activity(one))) for one in self.stage.buttons]
        dialogs = [task for task, one in zip(sent, self.stage.buttons, strict=True) if one.action["type"] != EXECUTE]
        await asyncio.gather(*(task for task in sent if task not in dialogs))
        waits = asyncio.create_task(self.clock.asleep(ANSWER_WITHIN_SECONDS))
        either: list[asyncio.Future[Any]] = [waits, asyncio.gather(*dialogs)]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        if not all(task.done() for task in dialogs):
            await self.clock.move(ANSWERED_WITHIN / 1000)
        return await asyncio.gather(*sent)

    def press(self, button: Button, **data: str) -> dict[str, Any]:
        """Return the press of who asked."""
        return press(self.journey.teams.scribe, button, button.asker, self.clock.now(), **data)

    def seen(self, button: Button, oid: str) -> list[object]:
        """Return what stands in the chat of a button for those in it, and in the own chat of who pressed it."""
        cloud = self.journey.cloud
        presser = cloud.tenant.person(oid) or button.asker
        chats = (button.chat, cloud.tenant.personal_chat(presser))
        there = [post for chat in chats for post in (*cloud.posts(chat), *cloud.whispers(chat))]
        return [(post.id, len(post.versions)) for post in there]

    async def kept(self, deliveries: list[Delivery]) -> None:
        """See that what an answer says is coming does come, once Microsoft answers."""
        promised = [
            (button, str(one.activity["from"]["aadObjectId"]))
            for button, one in zip(self.stage.buttons, deliveries, strict=True)
            if said(one) == WORKING
        ]
        waiting = [(button, oid, self.seen(button, oid)) for button, oid in promised]

        def outstanding() -> list[tuple[str, str]]:
            return [button.name for button, oid, before in waiting if self.seen(button, oid) == before]

        await self.comes(lambda: not outstanding())
        assert outstanding() == []

    async def comes(self, holds: Callable[[], bool]) -> None:
        """Let Microsoft answer, and half a minute pass at most, until something holds."""
        for gate in self.gates.values():
            gate.release()
        exchanges = self.journey.cloud.journal.exchanges
        for _ in range(60):
            await self.journey.until(lambda: all(one.done for one in exchanges))
            if holds():
                return
            await self.clock.move(0.5)


Play = Callable[[Callable[[Room], Room]], Awaitable[Played]]


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    """Return what puts every card on a stage, of which the room has become something since."""
    clock = HandClock()
    stores: list[Store] = []

    def watched(store: Store) -> Store:
        stores.append(cast("Store", Watched(store, clock)))
        return stores[-1]

    async with Cloud(clock=clock) as cloud:
        gates = {held: cloud.hold(f"{held}.*", times=1_000) for held in ("graph", "connector", "tokens")}
        async with bot(cloud, tmp_path, app.Replaced(clock=clock, wrap_store=watched)) as journey:

            async def played(since: Callable[[Room], Room]) -> Played:
                stage = Stage(cloud, clock.now())
                for shown in every():
                    stage.put(shown, since)
                await stage.opens(stores[0])
                return Played(journey, clock, stage, gates)

            yield played
            for gate in gates.values():
                gate.drop()


def said(delivery: Delivery) -> str:
    """Return what somebody reads who pressed; fail where Teams would show an error, or the answer was late."""
    assert delivery.problems() == []
    assert delivery.answered_at - delivery.at <= ANSWERED_WITHIN
    body = delivery.body
    if "task" in body:
        return f"dialog: {body['task']['value']['title']}"
    value = body["value"]
    if body["type"].endswith("card.adaptive"):
        return f"card: {words(value)}"
    return str(value["message"] if body["type"].endswith("error") else value)


def differences(
    deliveries: list[Delivery], buttons: list[Button], expected: Callable[[Button, Row], str | tuple[str, ...]]
) -> list[str]:
    """Return which buttons were answered otherwise than the matrix has it."""
    wrong = []
    for button, delivery in zip(buttons, deliveries, strict=True):
        heard, wanted = said(delivery), expected(button, MATRIX[button.name])
        if not heard.startswith(wanted):
            wrong.append(f"{button.name}: {heard!r}, not {wanted!r}")
    return wrong


def test_every_button_there_is_has_a_row() -> None:
    """No card and no whisper has a button of which nobody has written down what it answers."""
    there = {(shown.name, one["title"]) for shown in every() for one in of_the_bot(shown.rendered().card)}
    assert there == set(MATRIX)


async def test_buttons_pressed_twice(play: Play) -> None:
    """Two presses in a row are one, a third one later is answered by what there is now, and promises are kept."""
    played = await play(as_shown)
    buttons = played.stage.buttons
    first = await played.pressed(played.press)
    assert differences(first, buttons, lambda _, row: row.first) == []
    assert [said(one) for one in await played.pressed(played.press)] == [said(one) for one in first]
    later = await played.pressed(lambda button: played.press(button, v="99"))
    assert differences(later, buttons, lambda _, row: row.again or row.first) == []
    await played.kept(first)


async def test_buttons_pressed_by_strangers(play: Play) -> None:
    """Whispers are nobody else's to press; of a card a stranger learns what it says, and ends nothing."""
    played = await play(as_shown)
    tenant, scribe = played.journey.cloud.tenant, played.journey.teams.scribe

    def by_a_stranger(button: Button) -> dict[str, Any]:
        stranger = tenant.add_person(f"Kim {button.nonce}", guest=True)
        return press(scribe, button, stranger, played.clock.now())

    answers = await played.pressed(by_a_stranger)
    assert differences(answers, played.stage.buttons, lambda button, row: row.stranger or for_others(button, row)) == []
    await played.kept(answers)


def for_others(button: Button, row: Row) -> str:
    """Return what who is not meant is answered."""
    return NOT_HERE if button.post.visible_to else row.first


async def test_buttons_pressed_by_who_left(play: Play) -> None:
    """Who has left the chat since, and presses a card that is still open somewhere, is answered like before."""
    played = await play(as_shown)
    for button in played.stage.buttons:
        button.chat.members.remove(button.asker.oid)
    answers = await played.pressed(played.press)
    assert differences(answers, played.stage.buttons, lambda _, row: row.first) == []


async def test_buttons_pressed_after_the_meeting_ended(play: Play) -> None:
    """A card that still shows a meeting as it was answers that it has ended, or opens the next one."""
    played = await play(ended)
    answers = await played.pressed(played.press)
    assert differences(answers, played.stage.buttons, lambda _, row: row.ended or row.first) == []


async def test_buttons_pressed_on_stale_cards(play: Play) -> None:
    """A card that shows an older state answers with what there is now."""
    played = await play(another)
    answers = await played.pressed(played.press)
    assert differences(answers, played.stage.buttons, lambda _, row: row.stale or row.first) == []


async def test_buttons_pressed_on_stray_copies(play: Play) -> None:
    """A second copy of a card answers like the first, and is taken away; a whisper's copy stays its reader's."""
    played = await play(as_shown)
    board = played.journey.cloud.board
    copies: dict[str, Post] = {}

    def on_a_copy(button: Button) -> dict[str, Any]:
        shown = button.post
        copy = board.add(shown.conversation_id, shown.sender, shown.activity, visible_to=shown.visible_to)
        copies[button.nonce] = copy
        return played.press(replace(button, post=copy))

    answers = await played.pressed(on_a_copy)
    assert differences(answers, played.stage.buttons, lambda _, row: row.first) == []
    everybodys = [copies[one.nonce] for one in played.stage.buttons if not one.post.visible_to]
    await played.comes(lambda: all(copy.deleted for copy in everybodys))
    assert [copy.activity for copy in everybodys if not copy.deleted] == []
    assert not any(button.post.deleted for button in played.stage.buttons)


async def test_buttons_pressed_where_the_card_was_forwarded(play: Play) -> None:
    """A card that somebody carried into another chat opens nothing there and tells nothing."""
    played = await play(as_shown)
    buttons, board = played.stage.buttons, played.journey.cloud.board
    elsewhere = dict(zip((one.nonce for one in buttons), (*buttons[1:], buttons[0]), strict=True))

    def forwarded(button: Button) -> dict[str, Any]:
        there = elsewhere[button.nonce].post.conversation_id
        copy = board.add(there, button.post.sender, button.post.activity)
        return played.press(replace(button, post=copy))

    answers = await played.pressed(forwarded)
    of_a_dialog = [one.first if one.first.startswith("dialog") else "" for one in MATRIX.values()]
    assert differences(answers, buttons, lambda _, row: row.first if row.first in of_a_dialog else NOT_HERE) == []
