"""What all tests share: what is traced for coverage, hypothesis without deadlines, one PostgreSQL for each worker."""

from __future__ import annotations

import gc
import os
import pkgutil
import secrets
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

import app  # noqa: F401 - traced, as the two below are
import bot
import cards
from bot.cli import GARBAGE_AFTER
from tests.database import server

settings.register_profile("muster", deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("muster")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Trace our own imports and the tests, not how pytest rewrites test files: traced, that takes twice as long."""
    tracer = Coverage.current()
    if tracer is None:
        return (yield)
    runs_tests = session.config.getoption("dist", "no") == "no"  # xdist's controller runs none; its workers do
    for package in (bot, cards) if runs_tests else ():
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    with _stopped(tracer, goes_on=runs_tests):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end anyway: looked through again and again, that is a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER, 20, 20)


@contextmanager
def _stopped(tracer: Coverage | None, *, goes_on: bool = True) -> Iterator[None]:
    if tracer is not None:
        tracer.stop()
    try:
        yield
    finally:
        if tracer is not None and goes_on:
            with warnings.catch_warnings(action="ignore"):  # that our modules are imported already
                tracer.start()


@pytest.fixture(scope="module")
def untraced() -> Iterator[None]:
    """Trace nothing in this file: it reads or validates for seconds, and other tests run the same lines of ours."""
    with _stopped(Coverage.current()):
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a database of this worker's own in a running PostgreSQL."""
    if not server.available():
        pytest.skip(server.NOT_HERE)
    name = f"muster_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{secrets.token_hex(4)}"
    with server.running() as running, server.database(running, name) as address:
        yield address


@pytest.fixture
async def postgres_url(postgres_server: str) -> str:
    """The address of an empty schema."""
    return await server.schema(postgres_server)
