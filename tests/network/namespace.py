"""Runs a command where there is no network but loopback: `python namespace.py COMMAND ...` (Linux).

A user and a network namespace of our own, as `unshare -rn` makes them, with `lo` brought up; needs no privilege and no
tool. Exits 125 when this machine does not allow it.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from pathlib import Path

NOT_ALLOWED = 125
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # netdevice(7)


def enter() -> None:
    """Leave every network but loopback, for this process and its children. Raises OSError where not allowed."""
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    me = Path("/proc/self")
    (me / "setgroups").write_text("deny")
    (me / "uid_map").write_text(f"{user} {user} 1")
    (me / "gid_map").write_text(f"{group} {group} 1")
    raise_loopback()


def raise_loopback() -> None:
    """Bring the interface `lo` up, which a new namespace has but down."""
    import fcntl  # noqa: PLC0415 - not on Windows, where mypy and pytest still read this file

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


if __name__ == "__main__":
    try:
        enter()
    except (OSError, AttributeError) as refused:
        print(f"no namespace here: {refused}", file=sys.stderr)
        sys.exit(NOT_ALLOWED)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the runner's own command
