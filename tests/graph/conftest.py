"""Graph and Entra as the sandbox plays them, and a clock that is moved by hand."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator

import pytest

from bot.graph.client import GraphMeetings
from bot.graph.tokens import MsalTokens
from bot.identity import Password, Secret
from bot.observe import Event
from bot.sandbox.cloud import Cloud
from bot.system import trust


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = 1_900_000_000_000

    def now(self) -> int:
        """Return ms UTC."""
        return self.moment

    async def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.moment += int(seconds * 1000)


@pytest.fixture
def clock() -> HandClock:
    """A clock of the test's own."""
    return HandClock()


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    """Entra and Graph on loopback."""
    async with Cloud() as running:
        yield running


@pytest.fixture
def context(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What the bot trusts: the sandbox's CA, and not this machine's certificates, which take 20 ms to read."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    return trust((str(cloud.ca_file),))


@pytest.fixture
async def tokens(cloud: Cloud, context: ssl.SSLContext, clock: HandClock) -> AsyncIterator[MsalTokens]:
    """Tokens with the right secret."""
    held = MsalTokens(cloud.entra_url, cloud.app_id, Password(Secret(cloud.app_secret)), context, clock)
    yield held
    await held.close()


@pytest.fixture
def events() -> list[Event]:
    """What was observed."""
    return []


@pytest.fixture
async def meetings(
    cloud: Cloud, context: ssl.SSLContext, clock: HandClock, tokens: MsalTokens, events: list[Event]
) -> AsyncIterator[GraphMeetings]:
    """Graph with those tokens."""
    async with GraphMeetings(cloud.graph_url, tokens, context, clock, events.append, binding="beta") as client:
        yield client
