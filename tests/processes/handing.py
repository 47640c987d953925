"""What xdist starts in place of a worker: gives its pipes to the process that forks one, and ends when that does."""

from __future__ import annotations

import os
import socket
import sys

PIPES = (0, 1, 2)


def hand_over(address: str) -> None:
    """Give our pipes to whoever listens at a path, and wait for the end of what takes them."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [b"+"], list(PIPES))
        for pipe in PIPES:
            os.close(pipe)  # else nobody would see the worker's end
        connection.recv(1)


if __name__ == "__main__":
    hand_over(sys.argv[1])
