"""One request as it is answered: route, status and time become an event; what breaks becomes a 500 without words."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.errors import told
from bot.observe import Event, Observer, Value
from bot.ports import Clock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def served(handler: Handler, clock: Clock, observe: Observer) -> Handler:
    """Return a handler around another that tells `observe` of each request, with its route and never its path.

    aiohttp answers an unforeseen error with 500 too, and logs it with its words: those may be somebody's text.
    """

    def tell(request: web.Request, started: int, status: int, error: str = "") -> None:
        resource = request.match_info.route.resource
        fields: dict[str, Value] = {
            "method": request.method,
            "route": resource.canonical if resource else "",
            "status": status,
            "ms": clock.now() - started,
            "error": error,
        }
        observe(Event("http.served", fields, logging.ERROR if error else logging.DEBUG))

    async def handle(request: web.Request) -> web.StreamResponse:
        started = clock.now()
        try:
            response = await handler(request)
        except web.HTTPException as answer:  # how a handler of aiohttp's may answer
            tell(request, started, answer.status)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: told, and answered
            tell(request, started, 500, told(error))
            return web.Response(status=500)
        tell(request, started, response.status)
        return response

    return handle
