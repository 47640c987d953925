"""The two ways in which the tests are kept from the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NETWORK = Path(__file__).resolve().parent
TRY = """
import asyncio, socket, subprocess, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), 5).close()
    print("loopback reached")
for host in ("192.0.2.1", "name.example"):
    try:
        socket.create_connection((host, 80), 5)
    except OSError:
        print("refused", host)

async def by_loop(loop):
    for host in ("192.0.2.1", "name.example"):
        try:
            await loop.create_connection(asyncio.Protocol, host, 80)
        except OSError:
            print("refused", host)

try:
    import uvloop
    loop = uvloop.new_event_loop()
except ImportError:
    loop = asyncio.new_event_loop()
loop.run_until_complete(by_loop(loop))
loop.close()
sys.stdout.flush()
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "child"], check=True)
"""
ONCE = "loopback reached\n" + "refused 192.0.2.1\nrefused name.example\n" * 2


def reach(tmp_path: Path, prefix: list[str], environ: dict[str, str]) -> str:
    """What a program and its child say that tries loopback and two addresses reserved for documentation."""
    program = tmp_path / "reach.py"
    program.write_text(TRY, encoding="utf-8")
    command = [*prefix, sys.executable, str(program)]
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    if prefix and done.returncode == 125:
        pytest.skip(f"this machine allows no network namespace: {done.stderr.strip()}")
    assert done.stderr == ""
    return done.stdout


def test_in_the_namespace_only_loopback_is_there(tmp_path: Path) -> None:
    """In a namespace of its own a program reaches loopback and nothing else, and neither does its child."""
    assert reach(tmp_path, [sys.executable, str(NETWORK / "namespace.py")], {}) == ONCE * 2


def test_the_guard_lets_only_loopback_through(tmp_path: Path) -> None:
    """Under the socket guard the same holds, with uvloop's own connections too."""
    guard = {"PYTHONPATH": str(NETWORK / "guard")}
    assert reach(tmp_path, [], guard) == ONCE * 2


def test_the_guard_answers_as_a_missing_route_does(tmp_path: Path) -> None:
    """A refused address says so by name, so that a test that strays is understood at once."""
    program = "import socket; socket.create_connection(('192.0.2.1', 80))"
    environ = {**os.environ, "PYTHONPATH": str(NETWORK / "guard")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    assert "Network is unreachable: tests stay on loopback, not 192.0.2.1" in done.stderr
