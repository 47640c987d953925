"""What administrators ask of the store at a command line: stories, the audit, forgetting people (ENGINE R23, 2.17)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store import auditing, stories
from bot.store.auditing import Line, Wanted
from bot.store.opening import POSTGRES
from bot.store.sqlite import SqliteDriver, store_path
from bot.store.statements import Driver
from bot.stories import Story


@dataclass(frozen=True, slots=True)
class Records:
    """The store, opened beside the running bot. Every method raises StoreError when the store is away."""

    driver: Driver

    async def stories(self, reference: str, now: int) -> list[Story]:
        """Return the stories of a reference, those of each tenant that has one."""
        return await self.driver.run(lambda: stories.stories(reference, now))

    async def audit(self, wanted: Wanted) -> list[Line]:
        """Return the next lines of the audit, oldest first; none when there are no more."""
        return await self.driver.run(lambda: auditing.lines(wanted))

    async def close(self) -> None:
        """Let go of the store."""
        await self.driver.close()


async def open_records(url: str, *, writing: bool = False) -> Records:
    """Open the store of a MUSTER_STORE, to read or for `writing`, for which an SQLite file has to be free.

    Raises SettingsError naming MUSTER_STORE, or StoreError while the store is away.
    """
    if url.startswith(POSTGRES):
        from bot.store.postgres import PostgresDriver  # noqa: PLC0415 - who uses SQLite does not wait for asyncpg

        shared = PostgresDriver(url)
        await shared.start()
        return Records(shared)
    own = SqliteDriver(store_path(url), exclusive=writing, reading=not writing)
    await own.start()
    return Records(own)
