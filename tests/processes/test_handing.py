"""A worker that nobody forks: what xdist starts in its place stays, and becomes the worker itself."""

from __future__ import annotations

import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.processes import handing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")


def test_a_worker_is_not_lost_when_nobody_forks_any_more(tmp_path: Path) -> None:
    """Where what forks workers has ended, a worker keeps its pipes and hears that it is on its own."""
    assert not handing.hand_over(str(tmp_path / "gone"))


def test_a_worker_is_not_lost_when_nobody_takes_its_pipes(tmp_path: Path) -> None:
    """Where what forks workers ends before it has forked one, that one keeps its pipes and hears it too."""
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor(1) as beside:
        listener.bind(address)
        listener.listen()
        handed = beside.submit(handing.hand_over, address)
        listener.accept()[0].close()
        assert not handed.result(timeout=10)
    assert all(os.fstat(pipe) for pipe in handing.PIPES)
