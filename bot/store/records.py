"""What administrators ask of the store at a command line: stories, the audit, forgetting people (ENGINE R23, 2.17)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from bot.store import auditing, forgetting, stories
from bot.store.auditing import Line, Wanted
from bot.store.opening import POSTGRES, seen
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

    async def of_tenant(self, tenant: str, *, act: bool) -> dict[str, int]:
        """Return by table how many rows a tenant has, and (`act`) delete them all."""
        found = {}
        for table in forgetting.of_tenant():
            found[table.name] = await self.driver.run(partial(forgetting.count, table, tenant))
            while act and await self.driver.run(partial(forgetting.leave, table, tenant)):
                pass
        return found

    async def of_person(self, tenant: str, oid: str, *, act: bool) -> dict[str, int]:
        """Return by table how many rows name a person, and (`act`) delete or rewrite them."""
        named = await self.driver.run(partial(forgetting.known, tenant, oid))
        return {
            table.name: await self.driver.run(partial(forgetting.forget_in, table, tenant, named, act=act))
            for table in forgetting.of_tenant()
        }

    async def forgot(self, tenant: str, what: str, now: int, unique: str) -> None:
        """Write into a tenant's audit that somebody at the command line had `what` forgotten."""
        await self.driver.run(partial(forgetting.record, tenant, what, now, unique))

    async def close(self) -> None:
        """Let go of the store."""
        await self.driver.close()


async def open_records(url: str, *, writing: bool = False) -> Records:
    """Open the store of a MUSTER_STORE, to read or for `writing`, for which an SQLite file has to be free.

    Raises SettingsError naming MUSTER_STORE, or StoreError while the store is away.
    """
    if url.startswith(POSTGRES):
        from bot.store.postgres import PostgresDriver  # noqa: PLC0415 - who uses SQLite does not wait for asyncpg

        shared = PostgresDriver(url, more=forgetting.sql())
        await shared.start()
        return Records(shared)
    own = SqliteDriver(store_path(seen(url)), exclusive=writing, reading=not writing, more=forgetting.sql())
    await own.start()
    return Records(own)
