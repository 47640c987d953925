"""What is left of the connections to the sandbox's servers when these stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.server import Call, Refused, Server, Stage

pytestmark = pytest.mark.usefixtures("untraced")

KNOCKS = 8
"""Connections, one in each turn of the event loop: some have begun their handshake, the last is not accepted yet."""


class Silent(Server):
    """A server that is asked nothing."""

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return the status alone."""
        del call
        return web.Response(status=refused.status)


async def knock(authority: Authority, *, secure: bool) -> None:
    server = Silent(Stage(), authority)
    server.secure = secure
    await server.start(0)
    with ExitStack() as clients:
        for _ in range(KNOCKS):
            clients.enter_context(socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)))
            await asyncio.sleep(0)
        await server.stop()


@pytest.mark.parametrize("secure", [True, False])
def test_a_stopped_server_leaves_no_connection_behind(secure: bool) -> None:
    """Clients connect and say nothing, so that TLS handshakes are under way when the server stops: all are closed."""
    authority = Authority()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(knock(authority, secure=secure))
        gc.collect()
    authority.close()
    assert [str(warning.message) for warning in caught] == []
