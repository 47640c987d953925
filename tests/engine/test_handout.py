"""The calendar file's address: only what can be a meeting's is looked up, and a store that is away is no accident."""

from __future__ import annotations

from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

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
