"""Which engine a MUSTER_STORE names."""

from __future__ import annotations

from bot.ports import Store
from bot.store.sqlite import open_sqlite, store_path
from bot.store.sqlite_file import outlives, present, there

POSTGRES = ("postgresql://", "postgres://")


async def open_store(url: str, *, owner: str, chat_send_gap_ms: int = 3_000, lease_ms: int = 30_000) -> Store:
    """Open `sqlite:///FILE` or `postgresql://...`, bring its schema up to date, and return the store.

    `owner` is this process's random id; the other two are in ms. Raises SettingsError naming MUSTER_STORE, or
    StoreError while the store is away.
    """
    if url.startswith(POSTGRES):
        from bot.store.postgres import open_postgres  # noqa: PLC0415 - who uses SQLite does not wait for asyncpg

        return await open_postgres(url, owner=owner, chat_send_gap_ms=chat_send_gap_ms, lease_ms=lease_ms)
    return await open_sqlite(store_path(url), owner=owner, chat_send_gap_ms=chat_send_gap_ms, lease_ms=lease_ms)


def seen(url: str) -> str:
    """Return a MUSTER_STORE in which there is something to look up: only the bot makes a SQLite file.

    Raises SettingsError where the file is not there.
    """
    if not url.startswith(POSTGRES):
        present(store_path(url))
    return url


def forgetful(url: str, *, container: bool) -> str:
    """Return the warning about a store that goes with its container (EXPERIENCE 1.24), or ''.

    Raises SettingsError for a MUSTER_STORE that names none.
    """
    if not container or url.startswith(POSTGRES) or outlives(store_path(url)):
        return ""
    return (
        f"Store {url} is inside this container: meetings are forgotten at the next deploy, and replicas will not see "
        "each other. Set MUSTER_STORE=postgresql://…"
    )


async def open_beside(url: str, *, owner: str) -> Store | None:
    """Open the store beside a process that may be using it; None for a SQLite file that is not there yet.

    Then nothing is made, and the folder can be written. Raises as `open_store`.
    """
    if url.startswith(POSTGRES):
        return await open_store(url, owner=owner)
    path = store_path(url)
    return await open_sqlite(path, owner=owner, exclusive=False) if there(path) else None
