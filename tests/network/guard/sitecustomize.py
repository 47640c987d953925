"""Python imports this at start when its folder is on PYTHONPATH: then only loopback can be reached, in children too.

The second choice, for machines without network namespaces: it answers as a machine without a route would.
"""

from __future__ import annotations

import errno
import importlib.util
import ipaddress
import os
import socket
import sys
from typing import Any


def local(host: object) -> bool:
    """Say whether a host, as a socket call takes it, is this machine and is named without asking anybody."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "localhost")
    if text == "localhost":
        return True
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def numeric(host: object) -> bool:
    """Say whether a host is an address already, so that looking it up asks nobody."""
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: refuse connections and look-ups that would leave the machine."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not local(address[0]):
            text = f"{os.strerror(errno.ENETUNREACH)}: tests stay on loopback, not {address[0]}"
            raise OSError(errno.ENETUNREACH, text)
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"} and not (local(arguments[0]) or numeric(arguments[0])):
        raise socket.gaierror(socket.EAI_AGAIN, f"tests ask no name server about {arguments[0]!r}")


def refuse_in_uvloop() -> None:
    """Do the same for uvloop, whose connections and look-ups are made in C where no audit hook sees them."""
    if importlib.util.find_spec("uvloop") is None:
        return
    import uvloop  # noqa: PLC0415 - only where it is installed

    connect, look_up = uvloop.Loop.create_connection, uvloop.Loop.getaddrinfo

    async def create_connection(self: Any, factory: Any, host: Any = None, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - uvloop's signature
        refuse("socket.getaddrinfo", (host,))
        refuse("socket.connect", (None, (host,)))
        return await connect(self, factory, host, *rest, **more)

    async def getaddrinfo(self: Any, host: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - uvloop's signature
        refuse("socket.getaddrinfo", (host,))
        return await look_up(self, host, *rest, **more)

    for replacement in (create_connection, getaddrinfo):
        setattr(uvloop.Loop, replacement.__name__, replacement)


sys.addaudithook(refuse)
refuse_in_uvloop()
