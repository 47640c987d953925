"""Muster's entry and composition root: the one place that puts the parts together; nothing imports it.

`python app.py` serves; `python app.py help` lists the rest. Importing this file opens nothing. It parses on Python 3.6,
and imports what is not in the standard library only after `bot.install` has seen to it.
"""

import contextlib
import sys
from typing import TYPE_CHECKING, AsyncIterator, Callable, Dict, List, NamedTuple, Optional

if TYPE_CHECKING:
    from aiohttp import web

    from bot.commands.command import Command
    from bot.ports import Chance, Clock, Store
    from bot.settings import Settings

STOP_WITHIN_SECONDS = 3.0  # what runs may take so long to finish; the rest is handed back (ENGINE R25)


def _as_it_is(store: "Store") -> "Store":
    return store


class Replaced(NamedTuple):
    """What takes the place of real parts: other commands, a test's clock or dice, something around the store."""

    commands: "Optional[tuple[Command, ...]]" = None
    clock: "Optional[Clock]" = None
    chance: "Optional[Chance]" = None
    wrap_store: "Callable[[Store], Store]" = _as_it_is


REAL = Replaced()


def build(settings: "Settings", replaced: Replaced = REAL) -> "web.Application":
    """Return the bot as an aiohttp application; nothing is opened before it starts."""
    from aiohttp import web

    handlers: "Dict[str, Callable[[web.Request], object]]" = {}

    async def running(_: "web.Application") -> "AsyncIterator[None]":
        async with contextlib.AsyncExitStack() as stack:
            handlers.update(await _open(stack, settings, replaced))
            yield

    async def handle(request: "web.Request") -> "web.StreamResponse":
        return await handlers[request.path](request)  # type: ignore[misc,no-any-return]  # each is a coroutine function

    application = web.Application()
    application.cleanup_ctx.append(running)
    application.router.add_post("/api/messages", handle)
    application.router.add_get("/healthz", handle)
    application.router.add_get("/readyz", handle)
    return application


async def _open(
    stack: contextlib.AsyncExitStack, settings: "Settings", replaced: Replaced
) -> "Dict[str, Callable[[web.Request], object]]":
    """Open every part, in the order in which they need each other, and return the handlers by path."""
    import asyncio
    import logging
    from functools import partial

    import cards
    from bot.commands import COMMANDS
    from bot.commands.command import Policy
    from bot.delivery import Delivery
    from bot.dispatch import Dispatch
    from bot.graph.client import GraphMeetings
    from bot.graph.tokens import MsalTokens
    from bot.lifecycle import Lifecycle
    from bot.observe import log_lines
    from bot.probes import Probes
    from bot.store.sqlite import open_sqlite, store_path
    from bot.system import SystemChance, SystemClock, trust
    from bot.teams.door import Rules
    from bot.teams.edge import Registration, TeamsEdge
    from bot.worker import Engine, Worker

    observe = log_lines(logging.getLogger("muster"))
    clock = replaced.clock or SystemClock()
    chance = replaced.chance or SystemChance()
    context = await asyncio.to_thread(trust, settings.ca_files)

    tokens = MsalTokens(settings.login_url, settings.app_id, settings.app_password.reveal(), context, clock)
    stack.push_async_callback(tokens.close)
    meetings = GraphMeetings(settings.graph_url, tokens, context, clock, observe, binding=settings.thread_binding)
    stack.push_async_callback(meetings.close)
    store = replaced.wrap_store(await open_sqlite(store_path(settings.store), owner=chance.token()))
    stack.push_async_callback(store.close)
    rules = Rules(
        settings.app_id, settings.token_issuer, frozenset(settings.connector_hosts), frozenset(settings.tenants)
    )
    registration = Registration(rules, settings.openid_metadata_url, settings.app_tenant, settings.bot_scope)
    teams = TeamsEdge(registration, context, tokens, clock, observe)
    await stack.enter_async_context(teams)

    policy = Policy(
        meetings.freeze,
        settings.duration,
        settings.language,
        binding=settings.thread_binding,
        welcome=settings.welcome == "team",
    )
    dispatch = Dispatch(replaced.commands or COMMANDS, policy)
    lifecycle = Lifecycle(meetings, policy, clock, chance, observe)
    delivery = Delivery(teams.messenger, clock, chance, observe)
    worker = Worker(Engine(store, dispatch, lifecycle, delivery, clock, chance, observe))
    await worker.start()
    stack.push_async_callback(partial(worker.stop, STOP_WITHIN_SECONDS))

    async def warm() -> None:
        await asyncio.gather(
            teams.warm(),
            tokens.token(settings.app_tenant, settings.bot_scope),
            tokens.token(settings.app_tenant, meetings.scope),
            asyncio.to_thread(cards.warm, (settings.language,)),
        )

    probes = Probes(store, clock, warm)
    probes.start()
    stack.push_async_callback(probes.stop)
    return {
        "/api/messages": teams.endpoint(worker).handle,
        "/healthz": probes.healthz,
        "/readyz": probes.readyz,
    }


def main(argv: "Optional[List[str]]" = None) -> int:
    """Run one of Muster's commands; return the exit status."""
    from bot import install

    words = sys.argv[1:] if argv is None else argv
    install.ensure_for(words)
    from bot.cli import run

    return run(words, build)


if __name__ == "__main__":
    sys.exit(main())
