"""A port on loopback that knows each of its connections, also one whose TLS handshake has only begun.

asyncio's own servers do not: what they accept in the last turn before they are closed, and what is still shaking hands,
nobody can close any more, and it is found unclosed in the middle of something else.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

_GOODBYE_SECONDS = 0.1
"""How long TLS waits for a peer to say goodbye; it may have been killed."""


class Listener:
    """Hands each connection to a protocol of its own, made by `protocol`; with a `context` it speaks TLS."""

    def __init__(self, protocol: Callable[[], asyncio.BaseProtocol], context: ssl.SSLContext | None) -> None:
        self._protocol = protocol
        self._context = context
        self._port: socket.socket | None = None
        self._greeting: set[asyncio.Task[None]] = set()
        self._connections: dict[socket.socket, asyncio.Transport | None] = {}

    def open(self, port: int) -> int:
        """Listen on 127.0.0.1 (port 0: any free one) and return the port. Raises OSError if it is taken."""
        self._port = listening = socket.create_server(("127.0.0.1", port))
        listening.settimeout(0)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)
        return int(listening.getsockname()[1])

    def refuse(self) -> None:
        """Close the port; what is connected stays connected. Closing twice is harmless."""
        if self._port is not None:
            asyncio.get_running_loop().remove_reader(self._port)
            self._port.close()
            self._port = None

    async def close(self) -> None:
        """Close the port and every connection, and return when their sockets are closed."""
        self.refuse()
        await asyncio.sleep(0)  # who was accepted just now is being greeted after that, and can be sent away
        for task in self._greeting:
            task.cancel()
        await asyncio.gather(*self._greeting, return_exceptions=True)
        for transport in self._open().values():
            if transport is not None:
                transport.abort()
        while self._open():  # noqa: ASYNC110 - a socket tells nobody when it is closed
            await asyncio.sleep(0)

    def _open(self) -> dict[socket.socket, asyncio.Transport | None]:
        """Return the connections that are open, and forget the others."""
        self._connections = {one: transport for one, transport in self._connections.items() if one.fileno() >= 0}
        return self._connections

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):  # who knocked has gone again
            connection, _ = listening.accept()
            connection.settimeout(0)
            self._open()[connection] = None
            task = asyncio.get_running_loop().create_task(self._greet(connection))
            self._greeting.add(task)
            task.add_done_callback(self._greeting.discard)

    async def _greet(self, connection: socket.socket) -> None:
        goodbye = _GOODBYE_SECONDS if self._context else None
        with suppress(OSError):  # a handshake that failed is the client's to tell
            self._connections[connection], _ = await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, connection, ssl=self._context, ssl_shutdown_timeout=goodbye
            )
