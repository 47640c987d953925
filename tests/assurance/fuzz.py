"""Puts requests to the doors of a bot and judges the answers: `python -m tests.assurance.fuzz --store postgres`.

Red are: a status of 500 or more that nobody promised, no answer at all, an error in the log, a loop that one request
keeps to itself, memory that grows. What was found is made as small as it goes, and printed with its seed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

import app
from bot.leases import Receipt
from bot.model import Turn
from bot.ports import Store
from tests.assurance.doors import Sent, everything
from tests.assurance.standing import Standing, standing_alone
from tests.chaos.broken import Around
from tests.database import server
from tests.processes.forked import Replacing, real

AT_ONCE = 2_500
"""Requests of one run of hypothesis, which remembers all it has drawn."""
SILENT_SECONDS = 30.0
LONGEST_MS = 100.0
"""CPU time that one request may take of the bot's process, whatever the machine is busy with."""
GROWTH = 32 * 1024 * 1024
"""Bytes by which the process may grow from the middle of a run to its end."""
_ERROR = re.compile(r" (ERROR|CRITICAL) |Traceback|(?:turn|worker)\.failed")
_RESET = struct.pack("ii", 1, 0)


class Found(AssertionError):
    """What a door must not do."""


@dataclass
class Tally:
    """What was sent and what came back. Times are ms of CPU of the bot's process, sizes bytes."""

    seed: int
    store: str = ""
    sent: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    grown: int | None = None
    found: list[str] = field(default_factory=list)

    def add(self, request: Sent, status: int, ms: float) -> None:
        """Count an answer; status 0 is none."""
        self.sent[request.door] += 1
        self.statuses.setdefault(request.door, Counter())[status] += 1
        self.slowest[request.door] = max(ms, self.slowest.get(request.door, 0.0))


def exchange(stood: Standing, request: Sent) -> int:
    """Send a request and return the status of its answer; 0 where it said more would come, and was broken off."""
    answer = b""
    with socket.create_connection(stood.admin if request.admin else stood.address, SILENT_SECONDS) as connection:
        with suppress(ConnectionError):  # refused before all of it was sent: the answer says why
            for piece in request.pieces:
                connection.sendall(piece)
        if not request.whole:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return 0
        with suppress(OSError):  # what did not come in all this time is no answer
            while chunk := connection.recv(65_536):
                answer += chunk
    heads = [int(found) for found in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)]
    return next((status for status in heads if status >= 200), -1)


def judge(request: Sent, status: int) -> None:
    """Raise Found for an answer that no door may give."""
    if status == -1:
        raise Found(f"no answer to {request!r}")
    if status >= 500 and status not in request.may:
        raise Found(f"{status} to {request!r}")


def errors(lines: list[str]) -> list[str]:
    """Return a log from its first error of ours on; nothing where there is none."""
    first = next((number for number, line in enumerate(lines) if _ERROR.search(line)), len(lines))
    return lines[first:]


def run(stood: Standing, tally: Tally, number: int, *, smaller: bool = True) -> None:
    """Put so many requests to the doors; what is found is in the tally, as small as it goes if wanted."""
    tried = settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if smaller else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )

    @seeded(tally.seed)
    @tried
    @given(everything(stood))
    def put(request: Sent) -> None:
        before = busy(stood)
        status = exchange(stood, request)
        ms = (busy(stood) - before) / 1e6
        tally.add(request, status, ms)
        judge(request, status)
        if ms > LONGEST_MS:
            raise Found(f"{ms:.0f} ms of CPU for {request!r}")
        if said := errors(stood.said()):
            raise Found("".join([*said, f"after {request!r}"]))

    try:
        put()
    except (Found, ExceptionGroup, OSError) as error:
        told = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        tally.found += [f"seed {tally.seed}: {one}" for one in told]


def busy(stood: Standing) -> int:
    """Return ns of CPU that the bot's process has used; 0 where it is not a process of its own, or not on Linux."""
    return int(_read(stood, "schedstat").partition(" ")[0] or 0)


def size(stood: Standing) -> int:
    """Return the bytes of memory that the bot's process has; 0 where that cannot be known."""
    found = re.search(r"VmRSS:\s*([0-9]+)", _read(stood, "status"))
    return int(found[1]) * 1024 if found else 0


def _read(stood: Standing, name: str) -> str:
    pid = stood.bot.pid if stood.bot else None
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii")
    except OSError:
        return ""


class Stumbling(Around):
    """A store that takes so many presses and dialogs and stumbles over the next, as a handler's bug would."""

    def __init__(self, store: Store, patience: int) -> None:
        super().__init__(store)
        self.patience = patience

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """Receive or stumble."""
        self.patience -= turn.wants_answer
        if self.patience < 0:
            raise LookupError(turn.verb)
        receipt: Receipt = await self._part.receive(turn, now)
        return receipt


def broken() -> app.Replaced:
    """Return what makes a bot that answers 500 after a while: the test of the test."""
    return app.Replaced(wrap_store=lambda store: cast("Store", Stumbling(store, 20)))


def main(arguments: list[str]) -> int:
    """Run one bot on one store and print the tally as JSON; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.assurance.fuzz", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--inputs", type=int, default=AT_ONCE)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--broken", action="store_true", help="a bot with a planted bug: this must be red")
    options = parser.parse_args(arguments)
    tally = Tally(options.seed, options.store)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = f"sqlite:///{folder}/muster.db"
        if options.store == "postgres":
            store = stack.enter_context(server.database(stack.enter_context(server.running()), f"fuzz_{os.getpid()}"))
        replacing: Replacing = broken if options.broken else real
        stood = stack.enter_context(standing_alone(store, replacing))
        middle = 0
        while sum(tally.sent.values()) < options.inputs and not tally.found:
            done = sum(tally.sent.values())
            run(stood, tally, min(AT_ONCE, options.inputs - done))
            tally.seed += 1
            middle = middle or (size(stood) if sum(tally.sent.values()) >= options.inputs / 2 else 0)
        tally.grown = size(stood) - middle if middle else None
    if (tally.grown or 0) > GROWTH:
        tally.found.append(f"grown by {tally.grown} bytes")
    print(json.dumps(vars(tally)))
    return int(bool(tally.found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
