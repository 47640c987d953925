"""What several areas of the tests share: one PostgreSQL for each worker, started when a test first asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database import server


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
