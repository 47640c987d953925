"""`POST /api/calls/<nonce>`: what Graph tells of our calls: checked, written, then acknowledged (ENGINE R22, 4.5)."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from bot import ringing
from bot.bounded import Crowd, body_of, read_json, refused
from bot.decisions import Reply, View
from bot.errors import DoorError, StoreError
from bot.observe import Event, Observer
from bot.ports import Decide, Store
from bot.ringing import News

_NONCE = re.compile(r"[0-9a-f]{32}")

Verify = Callable[[str | None], Awaitable[Mapping[str, Any]]]
"""Returns the claims of a caller's Authorization header. Raises DoorError."""


class Callbacks:
    """Answers 202 to what Graph tells of a call of ours; 401 and 403 to strangers, 404 for a nonce nobody made.

    Only the call's own tenant may speak of it. No address in a callback is ever asked for anything. `hear` takes the
    decision about a call's room and returns when it is written.
    """

    def __init__(
        self,
        store: Store,
        verify: Verify,
        read: Callable[[object], Sequence[News]],
        hear: Callable[[str, Decide], Awaitable[None]],
        observe: Observer,
    ) -> None:
        self._store = store
        self._verify = verify
        self._read = read
        self._hear = hear
        self._observe = observe
        self._crowd = Crowd()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one POST."""
        try:
            with self._crowd.joined(request.remote or ""):
                return await self._answer(request)
        except DoorError as error:
            self._observe(Event("calls.refused", {"reason": error.reason, "status": error.status}, logging.WARNING))
            return refused(error)
        except StoreError:
            self._observe(Event("door.not_kept", {"status": 503}, logging.ERROR))
            return refused(DoorError(503, "store", retry_after=5))

    async def _answer(self, request: web.Request) -> web.Response:
        claims = await self._verify(request.headers.get("Authorization"))
        nonce = request.match_info["nonce"]
        tenant = await self._store.caller_of(nonce) if _NONCE.fullmatch(nonce) else ""
        if not tenant:
            raise DoorError(404, "unknown-call")
        if str(claims.get("tid", "")).casefold() != tenant.casefold():
            raise DoorError(403, "tenant")
        news = self._read(await _json(request))

        def decide(view: View) -> Reply:
            return ringing.heard(view.room, nonce, news, view) if view.room else Reply(outcome="no room")

        if news:
            await self._hear(nonce, decide)
        return web.Response(status=202)


async def _json(request: web.Request) -> object:
    """Return a bounded body as JSON. Raises DoorError 400, 408, 413."""
    try:
        return read_json(await body_of(request))
    except ValueError:
        raise DoorError(400, "not-json") from None
