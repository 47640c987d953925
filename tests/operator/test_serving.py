"""One request as it is answered, and as it is told."""

from __future__ import annotations

import logging
from typing import cast

from aiohttp import ClientSession, web

from bot.observe import Event, Value
from bot.ports import Clock
from bot.serving import Deadline, Handler, served

TOKEN = "eyJ0-a-token"


class Ticking:
    """A clock that goes on by 5 ms each time it is looked at."""

    def __init__(self) -> None:
        self._now = 0

    def now(self) -> int:
        """Return ms."""
        self._now += 5
        return self._now


async def answered(handler: Handler) -> tuple[int, str, Event]:
    """Return how a request to a door was answered, and what was told of it."""
    events: list[Event] = []
    application = web.Application()
    application.router.add_get("/api/calls/{nonce}", served(handler, cast("Clock", Ticking()), events.append))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with ClientSession() as session, session.get(f"http://{host}:{port}/api/calls/secret") as answer:
        text = await answer.text()
    await runner.cleanup()
    (event,) = events
    return answer.status, text, event


async def test_a_request_is_told_by_its_route() -> None:
    """Of a callback the log knows the door, the status and the time, and not the address's secret part."""

    async def fine(_: web.Request) -> web.Response:
        return web.Response(status=202)

    status, _, event = await answered(fine)
    told: dict[str, Value] = {"method": "GET", "route": "/api/calls/{nonce}", "status": 202, "ms": 5, "error": ""}
    assert (status, event) == (202, Event("http.served", told, logging.DEBUG))


async def test_what_nobody_foresaw_is_answered_and_told_without_its_words() -> None:
    """A bug at a door is a bare 500, and the log has its kind and place and nothing that the caller sent."""

    async def broken(_: web.Request) -> web.Response:
        raise ValueError(TOKEN)

    status, text, event = await answered(broken)
    assert (status, text) == (500, "")
    assert str(event.fields["error"]).startswith(f"ValueError in {__name__}:")
    assert event.level == logging.ERROR
    assert TOKEN not in str(event)


async def test_an_answer_that_is_raised_is_an_answer() -> None:
    """A door may say "not found" as aiohttp does, by raising it: that is told as 404 and no error."""

    async def missing(_: web.Request) -> web.Response:
        raise web.HTTPNotFound

    status, _, event = await answered(missing)
    assert (status, event.fields["status"], event.fields["error"], event.level) == (404, 404, "", logging.DEBUG)


def test_requests_and_work_share_the_time_for_stopping() -> None:
    """A bot that is told to stop leaves in time, also when a request took of that time all there is."""
    leaving = Deadline(3.0)
    assert leaving.left(100.0) == 3.0
    leaving.begin(100.0)
    leaving.begin(102.0)
    assert [leaving.left(now) for now in (100.0, 102.5, 104.0)] == [3.0, 0.5, 0.0]
