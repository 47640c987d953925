"""One bot that lives through good and bad, and everything it told anybody: its log, traces, numbers and last words."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, web

import app
from bot import discreet
from bot.observe import traceback_of
from bot.sandbox.canaries import found
from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Chat
from tests.chaos.broken import Around
from tests.journeys.fast_clock import FastClock
from tests.journeys.harness import Journey
from tests.journeys.test_operating import free_port
from tests.journeys.watched import Spared, watched

SPEED = 20.0
SETTINGS = {"MUSTER_ROSTER": "names", "MUSTER_AUTH": "auto"}
SLOWEST_SECONDS = 60.0


@dataclass
class Evidence:
    """What a bot told: each place by name, such as `log` or `traces`, and what stands there."""

    places: dict[str, str] = field(default_factory=dict)
    given: dict[str, set[str]] = field(default_factory=dict)
    about: set[str] = field(default_factory=set)

    def leaks(self) -> list[str]:
        """Return which kind of canary stands where, such as `log: token`."""
        return [f"{place}: {kind}" for place, text in self.places.items() for kind in found(self.given, text)]


class Breaking(Around):
    """Breaks in one call of a part, once, with an error that quotes what the call was about."""

    def __init__(self, part: Any, name: str, breaks: dict[str, Exception]) -> None:  # noqa: ANN401 - any part
        super().__init__(part)
        self._name = name
        self._breaks = breaks

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the part has
        whole = super().__getattr__(name)
        if name == self._name and name in self._breaks:
            raise self._breaks.pop(name)
        return whole


class Telling(Around):
    """Writes what a part was asked and what it answered into the log: a bug, on purpose."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the part has
        whole = super().__getattr__(name)
        if not asyncio.iscoroutinefunction(whole):
            return whole

        async def tell(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - as the part takes it
            answer = await whole(*args, **named)
            logging.getLogger("muster").info("%s %r %r %r", name, args, named, answer)
            return answer

        return tell


def _as_it_is(part: Any) -> Any:  # noqa: ANN401 - any part
    return part


class Log(io.StringIO):
    """A log that whoever waits for its words is told of."""

    told: Callable[[], None] = staticmethod(lambda: None)

    def write(self, text: str, /) -> int:
        """Write, and tell."""
        written = super().write(text)
        self.told()
        return written


@dataclass
class Life:
    """A bot, its cloud, and what may be done to it. `breaks`: what breaks at its next call, by the call's name."""

    journey: Journey
    cloud: Cloud
    port: int
    evidence: Evidence
    breaks: dict[str, Exception]
    log: Log
    chats: list[Chat] = field(default_factory=list)

    def chat(self) -> Chat:
        """Return a new channel that everybody is in, and a colleague more who has asked for nothing yet."""
        tenant = self.cloud.tenant
        tenant.add_person(self.cloud.canaries.word("name"), locale="en-GB")
        self.chats.append(tenant.add_channel(f"room-{len(self.chats)}"))
        return self.chats[-1]

    async def ask(self, chat: Chat, options: str = "") -> str:
        """Let the newest colleague ask for a meeting under a name that stands nowhere else; return the name."""
        name = self.cloud.canaries.word()
        await self.journey.teams.say(self.cloud.tenant.people[-1], chat, f"meet now {name} {options}")
        return name

    async def shows(self, chat: Chat, *words: str) -> None:
        """Wait until a card in the chat says all this."""
        await self.until(lambda: any(all(word in text for word in words) for text in self.journey.texts(chat)))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        await self.cloud.until(holds, seconds=SLOWEST_SECONDS)

    async def said(self, words: str) -> None:
        """Wait until the log has these words."""
        await self.until(lambda: words in self.log.getvalue())


@asynccontextmanager
async def living(folder: Path, patch: pytest.MonkeyPatch, *, telling: bool = False) -> AsyncIterator[Life]:
    """Run one bot at MUSTER_LOG=debug, with a collector of traces and a port for numbers; its evidence is whole after.

    It tells in the ways of a production process, with all of what that would tell. `telling`: it tells too much.
    """
    breaks: dict[str, Exception] = {}
    evidence, log, traces = Evidence(), Log(), bytearray()
    around = Telling if telling else _as_it_is
    patch.setattr("bot.telemetry.export.CLOSE_WITHIN_SECONDS", SLOWEST_SECONDS)
    clock, port = FastClock(SPEED), free_port()
    replaced = app.Replaced(
        clock=clock,
        wrap_meetings=lambda part: Breaking(around(part), "make", breaks),
        wrap_messenger=lambda part: Breaking(around(part), "post", breaks),
        wrap_store=lambda part: Breaking(part, "settle_turn", breaks),
        wrap_watch=lambda part: Spared(around(part)),
    )
    async with Cloud(clock=clock) as cloud, _collector(traces) as collector:
        log.told = cloud.journal.changed
        with _logged(log):
            more = SETTINGS | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "MUSTER_ADMIN_PORT": str(port)}
            secret, key = (cloud.canaries.add("address", text * 8) for text in ("H00k", "K3ys"))
            more["MUSTER_HOOKS"] = f"{secret}|{key}|{cloud.tenant.incidents.thread_id}|{cloud.tenant.ana.oid}"
            async with watched(cloud, folder, replaced, **more) as journey:
                life = Life(journey, cloud, port, evidence, breaks, log)
                yield life
                await _asked(life)
        given = cloud.canaries.given
    evidence.given = {kind: set(values) for kind, values in given.items()}
    evidence.about = {cloud.tenant_id, *(person.oid for person in cloud.tenant.people)}
    evidence.about |= {chat.thread_id for chat in cloud.tenant.chats}
    evidence.places |= {"log": log.getvalue(), "traces": traces.decode(errors="replace")}


async def _asked(life: Life) -> None:
    """Ask the administrator's port, and keep what a crash would say."""
    async with ClientSession() as session:
        for name in ("metrics", "readyz"):
            async with session.get(f"http://127.0.0.1:{life.port}/{name}") as answer:
                life.evidence.places[name] = await answer.text()
    link = life.cloud.graph.meetings[-1].join_url
    life.evidence.places["crash"] = traceback_of(ValueError(link))


@contextmanager
def _logged(stream: io.StringIO) -> Iterator[None]:
    """Log as a served process does."""
    root, own = logging.getLogger(), logging.getLogger("muster")
    before = (root.handlers[:], root.level, own.level)
    root.handlers.clear()
    discreet.log_to(stream, "debug")
    try:
        yield
    finally:
        root.handlers[:], root.level, own.level = before
        logging.getLogger("aiohttp.server").removeFilter(discreet.is_ours)


@asynccontextmanager
async def _collector(traces: bytearray) -> AsyncIterator[str]:
    """Take in what is pushed."""

    async def take(request: web.Request) -> web.Response:
        traces.extend(await request.read())
        return web.Response()

    application = web.Application(client_max_size=2**26)
    application.router.add_post("/v1/{signal}", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def unreadable(life: Life, header: str) -> None:
    """Send a request whose header no HTTP server can read, with something secret in it."""
    parts = urlsplit(life.journey.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\x01\r\n\r\n".encode())
    await writer.drain()
    assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
