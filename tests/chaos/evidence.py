"""What the sandbox saw of a run, and which answers never reached whoever asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.cloud import Cloud
from bot.sandbox.journal import Exchange
from bot.sandbox.posts import Post
from bot.sandbox.tenant import Chat, Person
from tests.chaos.plan import Request
from tests.journeys.harness import words

LINK = re.compile(r"https://teams\.example/meet/[^\"'\s\\]+")
ACCEPTED = range(200, 300)
UNAUTHORIZED = 401
ECHO_WITHIN_MS = 60_000
"""R11: the same words of the same person are an echo for a minute."""
SENDS = frozenset({"connector.post", "connector.whisper"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One intent as Teams knows it: who, where, whether any delivery of it was acknowledged.

    `at` is when it was first sent (ms UTC), 0 for never; `copied_at` the latest time at which a copy under a new id may
    have been taken up, 0 for none: whether it is an echo or another request is R11's.
    """

    request: Request
    chat: Chat
    person: Person
    acknowledged: bool
    at: int = 0
    copied_at: int = 0


@dataclass(frozen=True, slots=True)
class Down:
    """A process that was killed or frozen: the address it speaks from, and from when to when (ms UTC)."""

    source: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the judge looks at.

    `stored` are the ids of posts that a replica said it wrote down (T4); it can only take an excuse away. `wait_ms` is
    R15's pause, `deadline_ms` how long a send may take, `lease_ms` how long a lease lasts. `texts`
    remembers what posts say, from one look to the next, `renewed` when a call after a 401 was begun, by its number.
    `reading` says that the chats let the bot read what is posted in them. `lag_ms` is how long the machine stood still
    at a time: so much later than it was sent a call may have arrived, or its answer been read.
    """

    cloud: Cloud
    asked: tuple[Asked, ...]
    downs: tuple[Down, ...] = ()
    stored: frozenset[str] = frozenset()
    wait_ms: int = 5_000
    deadline_ms: int = 10_000
    lease_ms: int = 30_000
    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    renewed: dict[int, int] = field(default_factory=dict)
    reading: bool = False
    lag_ms: int = 0

    def text(self, post: Post) -> str:
        """Return the words of a post as it is now."""
        key = (post.id, post.edits)
        if key not in self.texts:
            self.texts[key] = words(post.card) or post.text
        return self.texts[key]

    def lost(self, exchange: Exchange) -> bool:
        """Say whether the answer to a call that took effect never came to be known by whoever asked.

        The wire broke, the asker had hung up at its deadline, or its process fell before it had written the answer
        down.
        """
        if exchange.fault.endswith("-after"):
            return True
        if exchange.unheard:
            return self.gave_up(exchange) or self.fell(exchange)
        answer = exchange.response
        if isinstance(answer, dict) and answer.get("id") in self.stored:
            return False
        late = exchange.ms + self.lag_ms >= self.deadline_ms
        return late or self.fell(exchange, within=self.lease_ms)

    def gave_up(self, exchange: Exchange) -> bool:
        """Say whether the asker was kept waiting past its deadline, and hung up; before, it had no reason to.

        What is sent again at once after a 401 has no deadline of its own (R27).
        """
        began = self.renewed.get(exchange.number, exchange.at)
        return exchange.unheard and exchange.at + exchange.ms - began + self.lag_ms >= self.deadline_ms

    def fell(self, exchange: Exchange, *, within: int = 0) -> bool:
        """Say whether the process that asked was killed or frozen before the answer was there, or `within` ms after."""
        until = exchange.at + exchange.ms + within
        return any(
            down.source == exchange.source and exchange.at < down.until and down.since <= until for down in self.downs
        )

    def bot_posts(self) -> dict[str, list[Post]]:
        """Return all that the bot ever posted, by thread."""
        found: dict[str, list[Post]] = defaultdict(list)
        for post in self.cloud.board.posts:
            if post.sender == self.cloud.tenant.bot_id:
                found[post.thread_id].append(post)
        return found

    def sends(self) -> dict[str, list[Exchange]]:
        """Return the calls that post, by the message they post, in the order of their arrival."""
        found: dict[str, list[Exchange]] = defaultdict(list)
        for exchange in self.cloud.journal.exchanges:
            if exchange.operation in SENDS:
                before = found[nonce(exchange.request)]
                if before and before[-1].status == UNAUTHORIZED and before[-1].source == exchange.source:
                    self.renewed[exchange.number] = before[-1].at
                before.append(exchange)
        return found


class Found:
    """What there is of one intent: its cards, and what its person was told, wherever that was (R18)."""

    def __init__(
        self, seen: Seen, asked: Asked, there: Iterable[Post], alone: Iterable[Post], slow: list[Post]
    ) -> None:
        """Look at the posts of the chat, those of the person's own chat, and all that say "too many meetings"."""
        subject = asked.request.subject
        texts = [(post, seen.text(post)) for post in there if not post.deleted]
        public = [(post, text) for post, text in texts if not post.visible_to]
        whispers = [(post, text) for post, text in texts if post.visible_to == asked.person.id]
        whispers += [(post, seen.text(post)) for post in alone]
        self.asked = asked
        self.cards = [post for post, text in public if subject in text]
        self.open = [post for post, text in public if re.search(rf"{subject}: open$", text, re.MULTILINE)]
        failed = [post for post, text in public if f"{subject}: not opened" in text]
        self.failed = failed + [post for post, text in whispers if any(phrase in text for phrase in HONEST)]
        self.joined = [post for post, text in whispers if any(phrase in text for phrase in RUNNING)]
        self.aloud = [post for post, text in public if text.startswith(f"@{asked.person.name}, {ALOUD}")]
        self.slowed = [
            post
            for post in slow
            if post.at >= asked.at - MINUTE and asked.person.id in {post.visible_to, _owner(seen, post)}
        ]
        led = {name for post in self.joined for name in SUBJECT.findall(seen.text(post))}
        self.led_to_failed = any(f"{name}: not opened" in text for name in led for _, text in public)
        self._texts = {post.id: text for post, text in (*public, *whispers)}
        self.links = {link for post in self.open for link in LINK.findall(str(post.card))}

    @property
    def asked_again(self) -> bool:
        """Say whether a copy under a new id may count as another request: a minute later, or for what failed (R11).

        Whoever was led to a meeting that was still opening, and failed, asked for what failed.
        """
        asked, failed = self.asked, self.failed or self.led_to_failed
        return asked.copied_at - asked.at >= ECHO_WITHIN_MS or bool(asked.copied_at and failed)

    @property
    def history(self) -> str:
        """Return what was said about it and when, in ms after it was asked for."""
        said = {post.id: post for post in sorted([*self.open, *self.failed, *self.joined], key=lambda post: post.at)}
        told = [f"{post.at - self.asked.at} ms: {self._texts[post.id]!r}" for post in said.values()]
        copied = [f"copied by {self.asked.copied_at - self.asked.at} ms"] if self.asked.copied_at else []
        return "; ".join([*copied, *told])

    @property
    def outcomes(self) -> list[str]:
        """Return the kinds of outcome there are; one is right. A neutral line stands for whatever was not whispered."""
        kinds = {"opened": self.open, "failed and told": self.failed, "shown the running one": self.joined}
        found = [name for name, there in kinds.items() if there]
        if not found:
            rungs = {"told aloud": self.aloud, "told to wait": self.slowed}
            return [name for name, there in rungs.items() if there][:1]
        return found


SUBJECT = re.compile(r"\*\*(.+?)\*\*")
"""How a whisper names a meeting."""
RUNNING = ("There's already a meeting here", "in another thread.")
HONEST = (
    "something went wrong on my side",
    "in time, so I did nothing",
    "more than I can do at once",
    "I may not open meetings in your name yet",
)
ALOUD = "I couldn't do that here."
MINUTE = 60_000
"""ms for which "too many meetings" has been said (EXPERIENCE 3)."""
TOO_FAST = "many meetings in one minute"


def took_effect(exchange: Exchange) -> bool:
    """Say whether a call did what it asked for."""
    return exchange.status in ACCEPTED or exchange.fault.endswith("-after")


def _owner(seen: Seen, post: Post) -> str:
    chat = seen.cloud.tenant.chat(post.thread_id)
    people = seen.cloud.tenant.members(chat) if chat is not None and chat.kind == "personal" else []
    return people[0].id if people else ""


def nonce(activity: Any) -> str:  # noqa: ANN401 - any JSON
    """Return the message that an activity of the bot is a post of; "" for none."""
    data = activity.get("channelData") if isinstance(activity, dict) else None
    muster = data.get("muster") if isinstance(data, dict) else None
    return str(muster.get("nonce", "")) if isinstance(muster, dict) else ""
