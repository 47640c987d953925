"""A bot as a process: started, and measured from outside by what the system counts."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import aiohttp

from tests.chaos.process import pause

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 10.0
MEBIBYTE = 1024
_COUNTED = re.compile(rb"^(\d+)", re.MULTILINE)


class Bot:
    """`async with Bot(module, environment) as bot:` runs `python -m tests.bench.MODULE` on a core of its own.

    `url` takes activities; `pid` is the process's, `under` a program that runs it. Linux only: the numbers come
    from /proc.
    """

    def __init__(self, module: str, environment: Mapping[str, str], port: int, under: tuple[str, ...] = ()) -> None:
        self._under = under
        self.url = f"http://127.0.0.1:{port}/api/messages"
        self._beat = f"http://127.0.0.1:{port}/beat/"
        self._port = port
        self._module = module
        self._environment = {**os.environ, **environment, "MUSTER_SETUP": "off", "MUSTER_LOG": "info"}
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._under,
            sys.executable,
            "-m",
            f"tests.bench.{self._module}",
            env=self._environment,
            cwd=ROOT,
            stderr=asyncio.subprocess.DEVNULL if "BENCH_SHOW" not in os.environ else None,
        )
        alone()
        os.sched_setaffinity(self._process.pid, {core()})
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    @property
    def pid(self) -> int:
        """Return the process id."""
        if self._process is None:
            raise AssertionError("the bot was not started")
        return self._process.pid

    async def listening(self) -> None:
        """Return when the port takes connections. Raises AssertionError when it never does."""
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self._process is not None and self._process.returncode is None:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            await pause(0.01)
        raise AssertionError(f"{self._module} does not listen; BENCH_SHOW=1 shows what it says")

    async def beat(self, what: str) -> float:
        """`start` or `stop` watching for pauses of the event loop; return the longest one in seconds."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._beat}{what}") as answer:
            return float(await answer.text() or 0)

    def cpu(self) -> float:
        """Return the seconds of CPU that the process has used, in user space and in the kernel."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the resident memory in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / MEBIBYTE


class Instructions:
    """Counts a process's instructions in user space while the block runs; `count` stays 0 where perf cannot."""

    def __init__(self, pid: int) -> None:
        self.count = 0
        self._pid = pid
        self._perf: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if countable():
            asked = ["perf", "stat", "-x,", "-e", "instructions:u", "-p", str(self._pid)]
            self._perf = subprocess.Popen(asked, stderr=subprocess.PIPE)  # noqa: S603 - the machine's perf
        return self

    def __exit__(self, *_: object) -> None:
        if self._perf is not None:
            self._perf.send_signal(signal.SIGINT)
            told = self._perf.communicate()[1]
            found = _COUNTED.search(told)
            self.count = int(found[1]) if found else 0


_countable: list[bool] = []


def countable() -> bool:
    """Say whether perf counts instructions here; most virtual machines have no counters."""
    if not _countable:
        perf = shutil.which("perf")
        told = b""
        if perf:
            asked = [perf, "stat", "-x,", "-e", "instructions:u", sys.executable, "-c", ""]
            told = subprocess.run(asked, capture_output=True, check=False).stderr  # noqa: S603 - perf and ourselves
        _countable.append(bool(_COUNTED.search(told)))
    return _countable[0]


def core() -> int:
    """Return the core on which bots run: the last one."""
    return max(_cores)


def alone() -> None:
    """Keep this process, Teams and the cloud, off the bots' core where there is another one."""
    others = set(_cores) - {core()}
    if others:
        os.sched_setaffinity(0, others)


_cores = frozenset(os.sched_getaffinity(0))
