"""Doctor put together from settings: edges of its own, opened for one look, so that nothing remembered is believed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from bot.checkup import Findings
from bot.doctor.asking import Edges, NoTokens, seen_by
from bot.doctor.case import Case, Seen
from bot.doctor.judging import judged
from bot.errors import SettingsError
from bot.graph.client import GraphMeetings
from bot.graph.credentials import ends_at
from bot.graph.posts import GraphPosts
from bot.graph.tokens import MsalTokens
from bot.model import ChatKind, Turn
from bot.observe import Observer
from bot.ports import Clock, Store, Tokens
from bot.registered import registration
from bot.settings import Settings
from bot.store.opening import forgetful
from bot.system import trust
from bot.teams.edge import TeamsEdge


@dataclass(frozen=True, slots=True)
class OneLook:
    """`bot.checkup.Doctor` for these settings. Without a `store` `problem` says why, "" that there is none yet.

    `package` is what is wrong with the app package, None where none was built.
    """

    settings: Settings
    clock: Clock
    observe: Observer
    store: Store | None = None
    problem: str = ""
    package: tuple[str, ...] | None = None

    async def examine(self, host: str = "", turn: Turn | None = None) -> Findings:
        """Ask everything once, and return what there is to say; `host` is first of those who may host.

        That is nothing for a turn of a tenant that left the list, about which nobody is asked (ENGINE 4.6).
        """
        settings = self.settings
        if turn and turn.chat.tenant.lower() not in settings.tenants:
            return ()
        named = (host, *settings.hosts.service, *settings.admins)
        seen = Seen(package=self.package, ends_at=ends_at(settings.credential))
        tenant = turn.chat.tenant if turn else settings.app_tenant
        case = Case(settings, tenant, next(filter(None, named), ""), self.clock.now(), seen)
        async with AsyncExitStack() as stack:
            edges = await self._open(stack)
            seen = await seen_by(edges, case, turn)
        here = turn is not None and turn.chat.kind is not ChatKind.PERSONAL
        return judged(replace(case, seen=seen), here=here)

    async def _open(self, stack: AsyncExitStack) -> Edges:
        settings, clock, observe = self.settings, self.clock, self.observe
        context = await asyncio.to_thread(trust, settings.ca_files)
        try:
            msal = MsalTokens(settings.login_url, settings.app_id, settings.credential, context, clock, observe=observe)
        except SettingsError as error:
            tokens: Tokens = NoTokens(f"its tenant: {error}")
        else:
            stack.push_async_callback(msal.close)
            tokens = msal
        registered = registration(settings)
        # What Graph signs with is for who hears of calls: nobody asks doctor.
        registered = replace(registered, metadata_urls=(settings.openid_metadata_url, ""))
        teams = await stack.enter_async_context(TeamsEdge(registered, context, tokens, clock, observe))
        meetings = GraphMeetings(settings.graph_url, tokens, context, clock, observe, users=teams.users)
        stack.push_async_callback(meetings.close)
        posts = GraphPosts(meetings, settings.app_id) if settings.read_messages else None
        warning = self.problem or forgetful(settings.store.reveal(), container=settings.container)
        return Edges(
            tokens,
            meetings,
            meetings.scope,
            teams.look,
            teams.keys.refresh,
            teams.users,
            posts,
            teams.messenger,
            self.store,
            warning,
            clock,
        )
