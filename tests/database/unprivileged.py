"""Runs a command as somebody without privileges: `python unprivileged.py FOLDER COMMAND ...`; PostgreSQL refuses root.

Root becomes another user in a user namespace of its own, in which it needs to own nothing anew; where that is not
allowed, `nobody`, who is given the folder. Anybody else stays who they are. On Linux the command ends with whoever
started it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # sched.h
PR_SET_PDEATHSIG = 1  # prctl(2)
SOMEBODY, NOBODY = 1000, 65534


def step_down(folder: str) -> None:
    """Give up root, and own the folder. Raises OSError where neither way is open."""
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) == 0:
        me = Path("/proc/self")
        (me / "setgroups").write_text("deny")
        (me / "uid_map").write_text(f"{SOMEBODY} {user} 1")
        (me / "gid_map").write_text(f"{SOMEBODY} {group} 1")
        return
    os.chown(folder, NOBODY, NOBODY)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


if __name__ == "__main__":
    if os.geteuid() == 0:
        step_down(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)  # at once: nothing in it is worth keeping
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the server's own programs
