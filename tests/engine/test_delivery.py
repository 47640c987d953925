"""How a sending ends, rung by rung."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.delivery import MOST_ATTEMPTS, MOST_FAILURES, SELDOM_MS, Delivery
from bot.errors import Gone, Nameless, NotDone, Rejected, SendError, Unclear
from bot.leases import Learned, Lease, MessageClaim, Route
from bot.messages import Message, MessageState, Purpose, Rendered, Whisper
from bot.model import Chat, ChatKind, Person, RoomState
from bot.observe import Event
from tests.engine.test_rooms import MEETING, a_room

NOW = 1_790_000_000_000
CHAT = Chat("t", "19:x", ChatKind.GROUP, service_url="https://smba.example", bot_id="28:b")
KIM = Person("29:kim", "oid-kim", "Kim Park")
MESSAGE = Message("m", "i", "t", "19:x", "19:x", Purpose.WHISPER, NOW, to=KIM, content=Whisper("busy"), attempts=1)


class Still:
    """A clock that stands and dice that fall on nought."""

    def now(self) -> int:
        """Return always the same."""
        return NOW

    async def sleep(self, _: float) -> None:
        """Return at once."""

    def token(self) -> str:
        """Return the same."""
        return "f" * 32

    def fraction(self) -> float:
        """Return none."""
        return 0.0


@dataclass
class Teams:
    """A connector that raises what the test planned for a rung, and keeps the order in which rungs were tried."""

    fails: dict[str, SendError] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)

    def rung(self, name: str) -> str:
        """Try one."""
        self.tried.append(name)
        if name in self.fails:
            raise self.fails[name]
        return f"{name} id"

    async def post(self, chat: Chat, conversation_id: str, _content: Rendered, *, nonce: str) -> str:
        """Post."""
        assert (conversation_id, nonce) == (chat.thread_id, "m")
        return self.rung("own" if chat.kind is ChatKind.PERSONAL else "aloud")

    async def whisper(self, chat: Chat, conversation_id: str, to: Person, content: Rendered, *, nonce: str) -> str:
        """Whisper; in a 1:1 that is a post."""
        if chat.kind is ChatKind.PERSONAL:
            return await self.post(chat, conversation_id, content, nonce=nonce)
        assert (conversation_id, to, nonce) == ("19:x", KIM, "m")
        return self.rung("targeted")

    async def edit(self, *_: object) -> None:
        """Edit."""
        self.rung("edit")

    async def delete(self, *_: object) -> None:
        """Delete."""
        self.rung("delete")

    async def member(self, _: Chat, person_id: str) -> Person:
        """Look nobody up."""
        raise self.fails.get(person_id, Gone("nobody"))

    async def group(self, _: Chat) -> str:
        """Know no team."""
        return ""

    async def channel_names(self, _: Chat) -> dict[str, str]:
        """Know no channel."""
        return {}

    async def personal(self, _: Chat, to: Person) -> str:
        """Open the 1:1."""
        assert to == KIM
        return self.rung("open")


def gone(*, chat: bool) -> Gone:
    """Return a 403 or 404."""
    error = Gone("gone", status=403 if chat else 404)
    error.chat = chat
    return error


def delivery(teams: Teams) -> Delivery:
    """Return a delivery through these Teams."""
    return Delivery(teams, Still(), Still(), lambda _: None)


def claim(message: Message = MESSAGE, **changes: Route) -> MessageClaim:
    """Return a claim of the message."""
    return replace(MessageClaim(message, Lease("me", 1, NOW + 30_000), None, CHAT), **changes)  # type: ignore[arg-type]  # one field by name


NO = Rejected("no", status=400)
UNSENT = Rejected("the Token Service knows no way to sign in")
"""What says nothing about the chat: the connector was not asked."""


@pytest.mark.parametrize(("state", "ends"), [("open", MessageState.POSTED), ("opening", MessageState.UNCLEAR)])
async def test_a_post_whose_id_is_not_told(state: str, ends: MessageState) -> None:
    """No second copy of what stands there; only one that says "opening" for ever is followed by the way in."""
    card = replace(MESSAGE, purpose=Purpose.CARD, to=None, content=None, want_version=3)
    known = replace(claim(card), room=a_room(state=RoomState(state), meeting=MEETING))
    sent = await delivery(Teams({"aloud": Nameless("no id")})).send(known)
    assert (sent.state, sent.activity_id) == (ends, "")
    assert sent.shown_version == (3 if ends is MessageState.POSTED else 0)


@pytest.mark.parametrize(
    ("fails", "route", "tried", "learned"),
    [
        ({}, Route(), ["targeted"], Learned()),
        (
            {"targeted": NO},
            Route(),
            ["targeted", "open", "own"],
            Learned(untargeted=True, personal="open id", moved_to="open id"),
        ),
        ({}, Route(targeted=False, personal="a:kim"), ["own"], Learned(personal="a:kim", moved_to="a:kim")),
        ({}, Route(targeted=False, personal=""), ["aloud"], Learned()),
        ({"open": gone(chat=True)}, Route(targeted=False), ["open", "aloud"], Learned(personal="")),
        ({"targeted": gone(chat=True), "own": NO}, Route(), ["targeted", "open", "own", "aloud"], Learned(personal="")),
        ({"targeted": UNSENT, "own": UNSENT}, Route(), ["targeted", "open", "own", "aloud"], Learned()),
    ],
)
async def test_the_ladder(fails: dict[str, SendError], route: Route, tried: list[str], learned: Learned) -> None:
    """Targeted, then the person's own chat, then one line for all; what was learned skips rungs the next time."""
    teams = Teams(fails)
    sent = await delivery(teams).send(claim(route=route))
    assert (sent.state, teams.tried, sent.learned) == (MessageState.POSTED, tried, learned)


@pytest.mark.parametrize(
    ("fails", "state", "learned"),
    [
        ({"targeted": Unclear("?", status=502)}, MessageState.UNCLEAR, Learned()),
        ({"targeted": NO, "own": NotDone("busy", status=503)}, MessageState.PLANNED, Learned(untargeted=True)),
        (
            {"targeted": NO, "open": NO, "aloud": gone(chat=True)},
            MessageState.GONE,
            Learned(chat_gone=True, untargeted=True, personal=""),
        ),
    ],
)
async def test_a_rung_that_breaks(fails: dict[str, SendError], state: MessageState, learned: Learned) -> None:
    """A rung that may hold later is waited for; what the rungs before it taught is kept."""
    sent = await delivery(Teams(fails)).send(claim())
    assert (sent.state, sent.learned) == (state, learned)


@pytest.mark.parametrize(
    ("fails", "tried", "state", "outcome"),
    [
        ({}, ["delete"], MessageState.GONE, "stray deleted"),
        ({"delete": gone(chat=False)}, ["delete"], MessageState.GONE, "stray gone already"),
        ({"delete": gone(chat=True)}, ["delete", "edit"], MessageState.GONE, "stray superseded"),
        ({"delete": NotDone("", status=429)}, ["delete"], MessageState.POSTED, "edit later: 429"),
    ],
)
async def test_a_stray(fails: dict[str, SendError], tried: list[str], state: MessageState, outcome: str) -> None:
    """A second copy is deleted, else it points to the live card, and a busy Teams is asked again."""
    stray = replace(MESSAGE, purpose=Purpose.STRAY, to=None, content=None, activity_id="1:x")
    teams = Teams(fails)
    sent = await delivery(teams).send(claim(stray))
    assert (teams.tried, sent.state, sent.outcome) == (tried, state, outcome)


@pytest.mark.parametrize(("status", "pauses"), [(429, True), (412, True), (503, False)])
async def test_who_is_told_to_wait_holds_the_thread(status: int, pauses: bool) -> None:
    """429 and 412 speak for the whole thread, to the fraction of a second."""
    busy = NotDone("busy", status=status, retry_after=2.128)
    sent = await delivery(Teams({"aloud": busy})).send(claim(replace(MESSAGE, to=None)))
    assert (sent.state, sent.retry_at) == (MessageState.PLANNED, NOW + 2_128)
    assert sent.learned.paused_until == (NOW + 2_128 if pauses else 0)


async def test_what_cannot_be_sent() -> None:
    """A chat nobody knows, words that are not there, a refusal and too many attempts end a message for good."""
    unknown = await delivery(Teams()).send(replace(claim(), chat=None))
    empty = await delivery(Teams()).send(claim(replace(MESSAGE, content=None)))
    refused = await delivery(Teams({"aloud": NO})).send(claim(replace(MESSAGE, to=None)))
    tired = replace(MESSAGE, to=None, attempts=MOST_ATTEMPTS)
    gave_up = await delivery(Teams({"aloud": Unclear("", status=500)})).send(claim(tired))
    assert [sent.outcome for sent in (unknown, empty, refused, gave_up)] == [
        "chat unknown",
        "gone: 0",
        "refused: 400",
        "gave up",
    ]
    assert not empty.learned.chat_gone


@pytest.mark.parametrize(("activity_id", "told"), [("", True), ("1:x", False)])
@pytest.mark.parametrize("error", [NO, NotDone("", status=429)])
async def test_a_card_that_cannot_be_posted_is_not_passed_over(
    error: SendError, activity_id: str, *, told: bool
) -> None:
    """Who asked for a meeting is told when its post is refused, or tried in vain; one that is there says enough."""
    card = replace(MESSAGE, to=None, purpose=Purpose.CARD, activity_id=activity_id, attempts=MOST_ATTEMPTS)
    sent = await delivery(Teams({"aloud": error, "edit": error})).send(claim(card))
    assert sent.set_aside is told


async def test_what_stands_there_is_edited_until_it_is_true() -> None:
    """However long Teams refuses, a card that people see does not say for ever what is over."""
    posted = replace(MESSAGE, to=None, activity_id="1:x", attempts=MOST_ATTEMPTS)
    sent = await delivery(Teams({"edit": NotDone("", status=502)})).send(claim(posted))
    assert (sent.state, sent.retry_at, sent.outcome) == (MessageState.POSTED, NOW + SELDOM_MS, "edit later: 502")


@pytest.mark.parametrize(
    ("changes", "attempts", "state", "aside"),
    [
        ({}, 1, MessageState.UNCLEAR, False),
        ({}, MOST_FAILURES, MessageState.REFUSED, True),
        ({"activity_id": "1:x"}, MOST_FAILURES - 1, MessageState.POSTED, False),
        ({"activity_id": "1:x", "want_version": 7}, MOST_FAILURES, MessageState.POSTED, True),
    ],
)
async def test_what_cannot_be_rendered(
    changes: dict[str, Any], attempts: int, state: MessageState, aside: bool
) -> None:
    """A message that breaks whoever sends it is tried five times and then set aside, and the log names it."""
    events: list[Event] = []
    broken = Whisper("no such words", reference="7F3K-92QD")
    sent = await Delivery(Teams(), Still(), Still(), events.append).send(
        claim(replace(MESSAGE, content=broken, attempts=attempts, **changes))
    )
    assert (sent.state, sent.set_aside, sent.retry_at is None) == (state, aside, aside)
    assert ("message.failed", "7F3K-92QD") in [(event.name, event.fields["ref"]) for event in events]
    if changes and aside:
        assert sent.shown_version == changes.get("want_version", 1), "a later state is another try"
