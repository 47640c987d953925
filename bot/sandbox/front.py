"""The public address of a bot on loopback: HTTPS, as Graph wants it, in front of one bot or of several replicas."""

from __future__ import annotations

from itertools import count

import aiohttp
from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.server import Call, Refused, Server, Stage


class Front(Server):
    """Hands each request to the next of its `targets` (base URLs without a last slash), as a load balancer does."""

    name = "front"

    def __init__(self, stage: Stage, authority: Authority) -> None:
        super().__init__(stage, authority)
        self.targets: list[str] = []
        self._turn = count()
        self.route("*", "/{tail:.*}", "front.request", self._forward)

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return what a load balancer without a target says."""
        del call
        return web.Response(status=refused.status)

    async def _forward(self, call: Call) -> web.Response:
        if not self.targets:
            raise Refused(502, "BadGateway")
        target = self.targets[next(self._turn) % len(self.targets)]
        kept = {name: value for name, value in call.request.headers.items() if name.lower() in _PASSED}
        body = await call.request.read()
        try:
            async with (
                aiohttp.ClientSession(trust_env=False) as session,
                session.request(call.request.method, target + call.request.path_qs, data=body, headers=kept) as answer,
            ):
                headers = {name: value for name, value in answer.headers.items() if name.lower() in _BACK}
                return web.Response(status=answer.status, body=await answer.read(), headers=headers)
        except (aiohttp.ClientError, TimeoutError):
            raise Refused(502, "BadGateway") from None


_PASSED = frozenset({"content-type"})
_BACK = frozenset({"content-type", "retry-after", "x-content-type-options"})
