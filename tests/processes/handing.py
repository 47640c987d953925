"""What xdist starts in place of a worker: gives its pipes to the process that forks one, and ends when that does.

Where nobody takes them it becomes the worker that xdist asked for, which imports everything itself.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

PIPES = (0, 1, 2)
TAKEN = b"+"
ALONE = "muster: what workers are forked from has ended; this one imports for itself\n"


def hand_over(address: str) -> bool:
    """Give our pipes to whoever listens at a path, and wait for the end of what takes them; False if nobody does."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
            socket.send_fds(connection, [TAKEN], list(PIPES))
            taken = connection.recv(len(TAKEN)) == TAKEN
        except OSError:
            return False
        if taken:
            for pipe in PIPES:
                os.close(pipe)  # else nobody would see the worker's end
            connection.recv(1)
        return taken


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is for who started us to tell of
    if not hand_over(sys.argv[1]):
        sys.stderr.write(ALONE)
        os.execv(sys.executable, [sys.executable, *sys.argv[2:]])  # noqa: S606 - what execnet wanted to start
