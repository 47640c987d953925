"""Workers of pytest-xdist that are there at once: forked from one process that has imported and collected everything.

A worker of its own imports for seconds, which each beside it does as well, and in a new checkout all of them compile
every test. With this plug-in (`-p tests.processes.workers`) xdist starts `handing.py` instead. Where processes are not
forked safely (Windows has no fork, libraries of macOS forbid it), or what forks them has ended, xdist's workers stay as
they are.
"""

from __future__ import annotations

import os
import select
import shlex
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest
from coverage import Coverage
from execnet import XSpec
from execnet.gateway_io import popen_bootstrapline
from hypothesis import given, settings
from hypothesis.strategies import text

from tests.processes import handing


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[XSpec]) -> None:
    """Start the process that forks, and have every worker come from it."""
    if sys.platform != "linux":
        return
    folder = tempfile.TemporaryDirectory(prefix="muster-workers-")
    config.add_cleanup(folder.cleanup)
    address = str(Path(folder.name) / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(address)
        except OSError:
            return  # a path of more than 107 bytes is no address (man 7 unix)
        listener.listen(len(specs))
        ended, until = os.pipe()
        server = os.fork()
        if server == 0:
            try:
                os.close(until)  # held by who started us alone: we end when it does, however it does
                _serve(listener, ended, config.args)
            finally:
                os._exit(0)
    os.close(ended)

    def end() -> None:
        os.close(until)
        os.waitpid(server, 0)

    config.add_cleanup(end)
    for spec in specs:
        spec.python = shlex.join((sys.executable, "-I", "-S", handing.__file__, address))


class Forgetting:
    """Forgets modules that failed or were left out half read: each worker finds out for itself, and says so."""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Drop what a report that is not good is about."""
        for name, module in list(sys.modules.items()) if not report.passed else ():
            if str(getattr(module, "__file__", None) or "").endswith(f"/{report.nodeid}"):
                del sys.modules[name]


def _serve(listener: socket.socket, ended: int, paths: list[str]) -> None:
    """Collect once, then fork a worker for each who asks, until who started us ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for pipe in handing.PIPES:
        os.dup2(nothing, pipe)
    code = pytest.main(["--collect-only", "--quiet", "-p", "no:cacheprovider", *paths], plugins=[Forgetting()])
    if code != pytest.ExitCode.OK:  # a conftest may be half read too
        for name in [name for name in sys.modules if name.startswith("tests.")]:
            del sys.modules[name]
    settings(max_examples=1, database=None)(given(text())(lambda _: None))()  # hypothesis learns all characters
    while ended not in select.select([listener.fileno(), ended], [], [])[0]:
        connection, _ = listener.accept()
        _, pipes, _, _ = socket.recv_fds(connection, 1, len(handing.PIPES))
        if os.fork() == 0:
            listener.close()
            os.close(ended)
            _work(connection, pipes)
        connection.close()
        for pipe in pipes:
            os.close(pipe)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):  # `time make test` counts whom somebody has waited for
            pass


def _work(connection: socket.socket, pipes: list[int]) -> None:
    """Be what Python is that execnet has started, until xdist has no more tests; save what was traced."""
    try:
        connection.sendall(handing.TAKEN)
        for pipe, ours in zip(pipes, handing.PIPES, strict=True):
            os.dup2(pipe, ours)
            os.close(pipe)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - pipes, to the end
        sys.modules["__main__"] = ModuleType("__main__")  # not pytest's, which a process started here would import
        exec(popen_bootstrapline, vars(sys.modules["__main__"]))  # noqa: S102 - what execnet tells Python to run
        tracer = Coverage.current()
        if tracer is not None:
            tracer.stop()
            tracer.save()
    finally:
        os._exit(0)
