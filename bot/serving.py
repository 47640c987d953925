"""One request as it is answered: route, status and time become an event; what breaks becomes a 500 without words."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Middleware
from yarl import URL

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


class Deadline:
    """The one time for all that stops: what the open requests took of it the work has no more. Times are seconds."""

    def __init__(self, within: float) -> None:
        self._within = within
        self._ends_at: float | None = None

    def begin(self, now: float) -> None:
        """Let it run, from the first call on."""
        self._ends_at = now + self._within if self._ends_at is None else self._ends_at

    def left(self, now: float) -> float:
        """Return how much is left; all of it as long as it has not begun."""
        return self._within if self._ends_at is None else max(0.0, self._ends_at - now)


def nearby(listens_on: str) -> Middleware:
    """Return what lets nobody in who asks a listener on loopback by another name than this machine's (ENGINE 4.8).

    A page that an administrator's browser shows may have its own name lead to 127.0.0.1, and would read the answer.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_loopback(listens_on) or is_loopback(_name(request.host)):
            return await handler(request)
        return web.Response(status=403)

    return check


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine itself: `localhost`, or an address of its loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _name(host: str) -> str:
    """Return a Host header without its port, "" for none that can be read."""
    try:
        return URL(f"http://{host}").host or ""
    except ValueError:
        return ""
