"""The calendar file's address: only what can be a meeting's is looked up, and a store that is away is no accident."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.bounded import Crowd
from bot.errors import StoreError
from bot.handout import Handout
from bot.ports import Store


class Away:
    """A store that is away, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def room(self, room_id: str) -> Any:  # noqa: ANN401 - it never returns
        """Raise."""
        self.asked.append(room_id)
        raise StoreError("away")


@pytest.mark.parametrize(
    ("address", "status", "asked"),
    [
        ("?m=" + "0f" * 16, 503, ["0f" * 16]),
        ("?m=%00" + "f" * 31, 404, []),
        ("?m=" + "F" * 32, 404, []),
        ("?m=" + "f" * 33, 404, []),
        ("", 404, []),
    ],
)
async def test_what_cannot_be_a_meeting_is_not_looked_up(address: str, status: int, asked: list[str]) -> None:
    """Strangers' bytes do not reach the store, and who comes while it is away is told to come again."""
    store = Away()
    application = web.Application()
    application.router.add_get("/", Handout(cast("Store", store)).handle)
    async with TestClient(TestServer(application)) as browser, browser.get(f"/{address}") as answer:
        assert (answer.status, store.asked) == (status, asked)


class Slow:
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        self.reached, self.answers = asyncio.Event(), asyncio.Event()

    async def room(self, _: str) -> None:
        """Find nothing, after a while."""
        self.reached.set()
        await self.answers.wait()


async def test_one_address_cannot_keep_the_store_busy() -> None:
    """Whoever asks for more files at once than one address may is told to come again; the others are answered."""
    store = Slow()
    application = web.Application()
    application.router.add_get("/", Handout(cast("Store", store), Crowd(1)).handle)
    async with TestClient(TestServer(application)) as browser:
        first = asyncio.ensure_future(browser.get("/?m=" + "0f" * 16))
        await store.reached.wait()
        async with browser.get("/?m=" + "1f" * 16) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        store.answers.set()
        assert (await first).status == 404
