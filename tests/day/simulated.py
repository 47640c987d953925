"""Graph and the connector as ports, in virtual time: their limits, their latencies, their bad moments.

They keep what the verdict looks at: every meeting that is there, every message that stands in a chat. Nothing here
asks the engine what it thinks.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.errors import Gone, NotDone, NotNow, QuotaReached, Unclear
from bot.graph import wire
from bot.messages import Rendered
from bot.model import Chat, DialIn, FrozenRequest, Meeting, MeetingRequest, Person
from bot.ports import Clock
from bot.sandbox.rates import SEND, Limits
from bot.sandbox.tenant import TOLL_NUMBERS
from tests.day.plan import HOUR, NINE

T = TypeVar("T")
EVERYTHING = ((30, 1),)
"""Operations of an app in a tenant and seconds: the lower of the two numbers that are documented (facts/teams 3.6)."""
A_MONTH = 2_000
"""Meetings of one user (facts/graph 3.4)."""
WISH = 2.128
"""The `Retry-After` of Microsoft's own sample, in seconds (facts/graph 3.4)."""
LINK = re.compile(r"https://teams\.example/meet/\w+")


@dataclass(frozen=True, slots=True)
class Weather:
    """What goes wrong, in virtual seconds since midnight and in shares of the calls.

    While `throttled` Graph answers the whole tenant 429, while `away` 503. Of the calls that took effect `unheard` get
    no answer, and `busy` are answered 412 by the connector, which has not taken them.
    """

    graph_ms: float = 80.0
    connector_ms: float = 40.0
    throttled: tuple[float, float] = (NINE + 20.0, NINE + 35.0)
    away: tuple[float, float] = (14 * HOUR + 600.0, 14 * HOUR + 660.0)
    unheard: float = 0.002
    busy: float = 0.001


@dataclass(slots=True)
class Wire:
    """The way there and back."""

    clock: Clock
    zero: int
    weather: Weather
    dice: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    def now(self) -> int:
        """Return ms UTC, for the sandbox's limits too."""
        return self.clock.now()

    def within(self, span: tuple[float, float]) -> bool:
        """Say whether it is that time of the day."""
        return span[0] <= (self.clock.now() - self.zero) / 1000 < span[1]

    def happens(self, share: float) -> bool:
        """Throw the dice."""
        return self.dice.random() < share

    @asynccontextmanager
    async def call(self, median_ms: float) -> AsyncIterator[None]:
        """Take half of a call's time before what it does, and half after it, whatever comes of it."""
        half = self.dice.lognormvariate(math.log(median_ms / 2_000), 0.4)
        await self.clock.sleep(half)
        try:
            yield
        finally:
            await self.clock.sleep(half)


@dataclass(slots=True)
class Made:
    """A meeting at Graph."""

    subject: str
    link: str
    deleted: bool = False


class SimulatedGraph:
    """Online meetings by organizer and external id: `bot.ports.Meetings`, as far as meetings now need it."""

    def __init__(self, way: Wire) -> None:
        self.meetings: dict[tuple[str, str], Made] = {}
        self._wire = way
        self._this_month: Counter[str] = Counter()

    def freeze(self, host_oid: str, request: MeetingRequest) -> FrozenRequest:
        """Return the product's own bytes."""
        return wire.freeze(host_oid, request, binding_version="beta")

    async def make(self, _tenant: str, request: FrozenRequest, *, reference: str, by: Person | None = None) -> Meeting:
        """Make the meeting, or find the one made before (facts/graph 1.3)."""
        del reference, by
        async with self._wire.call(self._wire.weather.graph_ms):
            self._wire.counts["calls of Graph"] += 1
            self._weather()
            meeting = self._made(request.path.split("/")[2], json.loads(request.body))
            if self._wire.happens(self._wire.weather.unheard):
                self._wire.counts["answers of Graph lost"] += 1
                raise NotNow("no answer").after(None, unclear=True)
            return meeting

    def _weather(self) -> None:
        weather = self._wire.weather
        if self._wire.within(weather.throttled):
            self._wire.counts["throttled by Graph"] += 1
            raise NotNow("429", status=429).after(WISH, unclear=False)
        if self._wire.within(weather.away):
            self._wire.counts["Graph away"] += 1
            raise NotNow("503", status=503).after(None, unclear=False)

    def _made(self, organizer: str, body: dict[str, Any]) -> Meeting:
        key = (organizer, body["externalId"])
        if key not in self.meetings:
            if self._this_month[organizer] >= A_MONTH:
                raise QuotaReached("2,000 meetings this month", status=403)
            self._this_month[organizer] += 1
            self.meetings[key] = Made(body["subject"], f"https://teams.example/meet/{len(self.meetings) + 1}x")
        made = self.meetings[key]
        thread_id = body.get("chatInfo", {}).get("threadId", "")
        return Meeting(
            id=":".join(key),
            join_url=made.link,
            subject=made.subject,
            organizer_oid=organizer,
            dial_in=DialIn("123456789", TOLL_NUMBERS),
            thread_id=thread_id,
            message_id="1" if thread_id else "",
            external_id=key[1],
        )

    async def delete(
        self, _tenant: str, _organizer: str, meeting_id: str, *, reference: str, by: Person | None = None
    ) -> None:
        """Take a meeting away that nobody saw."""
        del reference, by
        async with self._wire.call(self._wire.weather.graph_ms):
            organizer, _, external_id = meeting_id.partition(":")
            self.meetings[organizer, external_id].deleted = True


@dataclass(slots=True)
class Post:
    """A message in a chat: its first line in all its versions, the links it ever showed; `at` in ms UTC.

    `to` is who alone sees it, "" for everybody.
    """

    id: str
    nonce: str
    thread_id: str
    at: int
    to: str = ""
    heads: list[str] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    deleted: bool = False

    def shows(self, content: Rendered) -> None:
        """Remember a version."""
        self.heads.append(str(content.card["body"][0]["text"]) if content.card else content.text.partition("\n")[0])
        self.links.update(LINK.findall(str(content.card)))


class SimulatedConnector:
    """The Bot Connector with Teams' limits per thread and tenant: `bot.ports.Messenger`; reads posts for `Posts` too.

    `posts` are all messages by id; `unheard` says how many answers to the posts of a nonce were lost.
    """

    def __init__(self, way: Wire) -> None:
        self.posts: dict[str, Post] = {}
        self.unheard: Counter[str] = Counter()
        self._by_nonce: dict[str, str] = {}
        self._wire = way
        self._limits = Limits(way)
        self._limits.on = True

    async def _send(self, chat: Chat, act: Callable[[], T], nonce: str = "") -> T:
        """Do something to a thread, if the limits allow it. Raises NotDone, Unclear or Gone."""
        async with self._wire.call(self._wire.weather.connector_ms):
            counts = self._wire.counts
            counts["calls of the connector"] += 1
            wait = self._limits.wait("tenant", EVERYTHING) or self._limits.wait(chat.thread_id, SEND)
            if wait:
                counts["throttled by the connector"] += 1
                raise NotDone("429", status=429, retry_after=math.ceil(wait))
            if self._wire.happens(self._wire.weather.busy):
                counts["answered 412"] += 1
                raise NotDone("412", status=412)
            done = act()
            if self._wire.happens(self._wire.weather.unheard):
                counts["answers of the connector lost"] += 1
                self.unheard[nonce] += 1
                raise Unclear("no answer")
            return done

    def _add(self, chat: Chat, content: Rendered, nonce: str, to: str = "") -> str:
        post = Post(f"{self._wire.now()}.{len(self.posts)}", nonce, chat.thread_id, self._wire.now(), to)
        post.shows(content)
        self.posts[post.id] = post
        self._by_nonce[nonce] = post.id
        return post.id

    async def post(self, chat: Chat, _conversation_id: str, content: Rendered, *, nonce: str) -> str:
        """Post a message."""
        return await self._send(chat, lambda: self._add(chat, content, nonce), nonce)

    async def whisper(self, chat: Chat, _conversation_id: str, to: Person, content: Rendered, *, nonce: str) -> str:
        """Post a message that one person sees."""
        return await self._send(chat, lambda: self._add(chat, content, nonce, to.id), nonce)

    async def edit(self, chat: Chat, _conversation_id: str, activity_id: str, content: Rendered) -> None:
        """Show another version."""
        await self._repeatable(self._send(chat, lambda: self._there(activity_id).shows(content)))

    async def delete(self, chat: Chat, _conversation_id: str, activity_id: str) -> None:
        """Take a message away."""

        def gone() -> None:
            self._there(activity_id).deleted = True

        await self._repeatable(self._send(chat, gone))

    async def _repeatable(self, sending: Awaitable[None]) -> None:
        """An answer that was lost does not matter to whoever may do the same again (ENGINE R15)."""
        try:
            await sending
        except Unclear as error:
            raise NotDone("no answer") from error

    def _there(self, activity_id: str) -> Post:
        post = self.posts[activity_id]
        if post.deleted:
            gone = Gone("404", status=404)
            gone.chat = False
            raise gone
        return post

    async def find(self, chat: Chat, _conversation_id: str, nonce: str, *, reference: str) -> str:
        """Read the chat, as the grant allows (ENGINE R15)."""
        del chat, reference
        async with self._wire.call(self._wire.weather.graph_ms):
            return self._by_nonce.get(nonce, "")

    async def member(self, _chat: Chat, person_id: str) -> Person:
        """Return somebody without a name to call."""
        return Person(person_id)

    async def group(self, _chat: Chat) -> str:
        """Return a team's group."""
        return "group"

    async def channel_names(self, chat: Chat) -> dict[str, str]:
        """Return the channel's name."""
        return {chat.thread_id: chat.name}

    async def personal(self, _chat: Chat, to: Person) -> str:
        """Return the conversation of the bot and a person."""
        return f"a:{to.id}"
