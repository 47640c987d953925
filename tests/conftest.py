"""What all tests share: hypothesis judges findings and not seconds; one PostgreSQL for each worker that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.database import server

settings.register_profile("muster", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("muster")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a running PostgreSQL."""
    if not server.available():
        pytest.skip(server.NOT_HERE)
    with server.running() as address:
        yield address


@pytest.fixture
async def postgres_url(postgres_server: str) -> str:
    """The address of an empty schema."""
    return await server.schema(postgres_server)
