"""Runs a command that cannot outlive whoever started it: when standard input closes, the command is stopped.

`python leash.py COMMAND…`, with the standard library alone. It works on every system, also when the parent is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

STOP_WITHIN_SECONDS = 5.0


def hold(command: list[str], stdin: int) -> int:
    """Run a command until it ends or the file `stdin` does, and return its exit status (1 where a signal ended it)."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own command
    # Read without Python's buffer: its lock, held by a thread, would break the interpreter's end.
    threading.Thread(target=_stop_at_end, args=(child, stdin), daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 1


def _stop_at_end(child: subprocess.Popen[bytes], stdin: int) -> None:
    while os.read(stdin, 64):
        pass
    _end(child, politely=True)
    try:
        child.wait(STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        _end(child, politely=False)


def _end(child: subprocess.Popen[bytes], *, politely: bool) -> None:
    """End a command and all that it started, if it still runs."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        subprocess.call(["taskkill", "/T", "/F", "/PID", str(child.pid)])  # noqa: S603, S607 - a part of Windows
    else:
        # It may end between the look and the signal.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM if politely else signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(hold(sys.argv[1:], sys.stdin.fileno()))
