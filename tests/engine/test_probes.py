"""Whether a process should be given work, and what its administrator is told about it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from aiohttp import web

from bot.errors import CredentialsWrong, StoreError
from bot.observe import Event
from bot.probes import Probes

NOBODY = cast("web.Request", None)


class Waiting:
    """A clock that stands until it is told that the time is over."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    def now(self) -> int:
        """Return always the same."""
        return 0

    async def sleep(self, _: float) -> None:
        """Return when the time is over."""
        await self.over.wait()


class Shelf:
    """A store that answers until it is away."""

    away = False

    async def ready(self) -> None:
        """Answer, or not."""
        if self.away:
            raise StoreError("PostgreSQL: ConnectionRefusedError")


async def loaded() -> None:
    """Load at once."""


async def refused() -> None:
    """Be refused by Entra."""
    raise CredentialsWrong("Entra refused the app's credentials or its tenant")


async def unforeseen() -> None:
    """Break in a library."""
    raise KeyError("eyJ0-a-token")


def said(answer: web.Response) -> tuple[int, str]:
    """Return the status and the words of an answer."""
    return answer.status, answer.text or ""


async def until_it_says(probes: Probes, words: str) -> None:
    """Let everything run until the details say so."""
    for _ in range(1_000):
        if words in said(await probes.details(NOBODY))[1]:
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to say so")


@pytest.fixture
def events() -> list[Event]:
    """What was observed."""
    return []


def probing(store: Shelf, clock: Waiting, events: list[Event], **parts: Any) -> Probes:  # noqa: ANN401 - coroutines
    """Return the probes of a process that loads these parts ahead."""
    return Probes(cast("Any", store), clock, events.append, parts)


async def test_each_part_that_fails_is_told_by_its_name(events: list[Event]) -> None:
    """One refused token is one line that names it, holds up nothing else, and repeats no foreign words."""
    probes = probing(Shelf(), Waiting(), events, keys=loaded, token=refused, cards=unforeseen)
    probes.start()
    await until_it_says(probes, "ready\n")
    assert [(event.name, event.fields["part"]) for event in events] == [
        ("warm.failed", "token"),
        ("warm.failed", "cards"),
    ]
    status, text = said(await probes.details(NOBODY))
    assert status == 200
    assert text.startswith("ready\nkeys: loaded\ntoken: CredentialsWrong: Entra refused")
    assert "cards: KeyError in " in text
    assert "eyJ0" not in f"{text} {events}"
    await probes.stop()


async def test_what_takes_too_long_is_waited_for_once(events: list[Event]) -> None:
    """While Entra is away the process is not ready for twenty seconds, and then ready for good."""
    clock, entra = Waiting(), asyncio.Event()
    probes = probing(Shelf(), clock, events, token=entra.wait)
    probes.start()
    assert said(await probes.readyz(NOBODY)) == (503, "not ready\n")
    assert said(await probes.details(NOBODY)) == (503, "not ready: warming up\ntoken: not loaded yet\n")
    clock.over.set()
    await until_it_says(probes, "ready\n")
    assert said(await probes.details(NOBODY)) == (200, "ready\ntoken: not loaded yet\n")
    entra.set()
    await until_it_says(probes, "token: loaded")
    await probes.stop()


async def test_without_its_store_a_process_gets_no_work(events: list[Event]) -> None:
    """A store that is away is named to the administrator, and to nobody else."""
    store = Shelf()
    probes = probing(store, Waiting(), events, keys=loaded)
    probes.start()
    await until_it_says(probes, "ready\n")
    store.away = True
    assert said(await probes.readyz(NOBODY)) == (503, "not ready\n")
    _, text = said(await probes.details(NOBODY))
    assert text == "not ready: StoreError: PostgreSQL: ConnectionRefusedError\nkeys: loaded\n"
    assert (await probes.healthz(NOBODY)).status == 200
    await probes.stop()


async def test_however_many_ask_the_store_is_asked_once(events: list[Event]) -> None:
    """A thousand strangers who ask at once share one question, and one who hangs up takes the answer from nobody."""
    reached, answers, asked = asyncio.Event(), asyncio.Event(), []

    class Counting(Shelf):
        """A store that answers when it is told to."""

        async def ready(self) -> None:
            """Answer, after a while."""
            asked.append(self)
            reached.set()
            await answers.wait()

    probes = probing(Counting(), Waiting(), events)
    asking = [asyncio.ensure_future(probes.readyz(NOBODY)) for _ in range(1_000)]
    await reached.wait()
    asking.pop(0).cancel()
    answers.set()
    assert {answer.status for answer in await asyncio.gather(*asking)} == {503}
    assert len(asked) == 1
    assert said(await probes.readyz(NOBODY)) == (503, "not ready\n")
    assert len(asked) == 2


async def test_stopping_what_never_began(events: list[Event]) -> None:
    """A process that stops before it warmed up stops."""
    await probing(Shelf(), Waiting(), events).stop()
