"""What doctor asks, all of it at once, each within its time: answers become a `Seen`, and nothing stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.claims import unchecked
from bot.doctor.case import Case, Claims, Seen
from bot.doctor.looks import OK
from bot.doctor.trial import DELETED_WITHIN_SECONDS, REFERENCE, Trial
from bot.errors import CredentialsWrong, MeetingsError, NotNow, Refused, SendError, StoreError
from bot.model import Chat, ChatKind, Person, Turn
from bot.ports import Clock, Meetings, Messenger, Posts, Store, Tokens
from bot.settings import Settings
from bot.teams.looking import Looked
from bot.teams.token_service import TokenService

SECONDS = 15.0
"""How long one thing may take; Microsoft answers in less than one second."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Edges:
    """The ways out, opened for this one look. `store` is None with what is wrong in `store_problem`, or not there yet.

    `read_keys` says whether Bot Framework's keys can be read, `look` sends a GET without a token, `patience` is how
    many seconds one thing may take.
    """

    tokens: Tokens
    meetings: Meetings
    scope: str
    look: Callable[[str], Awaitable[Looked]]
    read_keys: Callable[[], Awaitable[bool]]
    accounts: TokenService | None
    posts: Posts | None
    messenger: Messenger
    store: Store | None
    store_problem: str
    clock: Clock
    patience: float = SECONDS


async def seen_by(edges: Edges, case: Case, turn: Turn | None) -> Seen:
    """Ask everything and return what was answered. Never raises but when it is cancelled."""
    asking = _Asking(edges, case.settings, case.tenant, case.host, turn)
    token = await within(edges.patience, asking.token(), None)
    asked = (asking.store(), asking.keys(), asking.callback(), asking.sign_in(), asking.trial(token), asking.reads())
    async with asyncio.TaskGroup() as together:  # which, interrupted, waits until each has cleaned up
        parts = [together.create_task(part) for part in asked]
    whole: dict[str, Any] = {"token": token}
    for part in parts:
        whole |= part.result()
    return replace(case.seen, **whole)


async def within(seconds: float, asked: Awaitable[Answer], otherwise: Answer) -> Answer:
    """Return what is answered in time, else `otherwise`."""
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        return otherwise


@dataclass(frozen=True, slots=True)
class _Asking:
    edges: Edges
    settings: Settings
    tenant: str
    host: str
    turn: Turn | None

    async def token(self) -> Claims | MeetingsError | None:
        """Ask Entra for the two tokens that Muster works with, and read the one for Graph."""
        settings, tokens = self.settings, self.edges.tokens
        try:
            token = await tokens.token(self.tenant, self.edges.scope)
            await tokens.token(settings.bot_tenant, settings.bot_scope)
        except MeetingsError as error:
            return error
        return read_claims(token)

    async def store(self) -> dict[str, Any]:
        """Ask the store, and count this month's meetings."""
        edges = self.edges
        if edges.store is None:
            return {"store": edges.store_problem}
        today = datetime.fromtimestamp(edges.clock.now() / 1000, UTC)
        month = int(today.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
        try:
            async with asyncio.timeout(self.edges.patience):
                await edges.store.ready()
                return {"store": edges.store_problem, "made": await edges.store.made(self.tenant, month)}
        except TimeoutError:
            return {}
        except StoreError:
            return {"store": "the store does not answer"}

    async def keys(self) -> dict[str, Any]:
        """Read the signing keys, and Microsoft's clock beside them."""
        looked = await self.edges.look(self.settings.openid_metadata_url)
        apart = None if looked.at is None else looked.at - self.edges.clock.now()
        keys = looked.status == OK and await within(self.edges.patience, self.edges.read_keys(), otherwise=False)
        return {"keys": keys, "apart": apart}

    async def callback(self) -> dict[str, Any]:
        """Ask our own /healthz from outside."""
        url = self.settings.public_url
        return {"callback": (await self.edges.look(f"{url}/healthz")).status} if url else {}

    async def sign_in(self) -> dict[str, Any]:
        """Ask for the way to sign in; nobody is shown it."""
        accounts = self.edges.accounts
        if accounts is None or not (self.host or self.turn):
            return {}
        chat, conversation, person = self._whose()
        try:
            async with asyncio.timeout(self.edges.patience):
                await accounts.sign_in_resource(chat, conversation, person)
        except TimeoutError:
            return {}
        except SendError as error:
            return {"sign_in": error}
        return {"sign_in": ""}

    def _whose(self) -> tuple[Chat, str, Person]:
        if self.turn is not None:
            return self.turn.chat, self.turn.conversation_id, self.turn.person
        settings = self.settings
        chat = Chat(self.tenant, REFERENCE, ChatKind.PERSONAL, bot_id=f"28:{settings.app_id}")
        return chat, REFERENCE, Person(self.host, self.host)

    async def trial(self, token: Claims | MeetingsError | None) -> dict[str, Any]:
        """Make a meeting and delete it: by the app with its token, or as who asks where people's sign-in opens them."""
        by = self.turn.person if self.turn and self.settings.auth == "user" else None
        if not self.host or not (by or (self.settings.auth != "user" and isinstance(token, Claims))):
            return {}
        edges, host = self.edges, by.oid if by else self.host
        trial = Trial(edges.meetings, self.tenant, host, by, min(DELETED_WITHIN_SECONDS, edges.patience))
        meeting, left = await trial.run(edges.clock.now(), edges.patience)
        return {"trial": meeting, "left": left}

    async def reads(self) -> dict[str, Any]:
        """Look for a post that is not there, in the chat that doctor is asked in."""
        posts, turn = self.edges.posts, self.turn
        if posts is None or turn is None or turn.chat.kind is ChatKind.PERSONAL:
            return {}
        try:
            async with asyncio.timeout(self.edges.patience):
                chat = turn.chat
                if chat.kind is ChatKind.CHANNEL and not chat.group_id:
                    chat = replace(chat, group_id=await self.edges.messenger.group(chat))
                await posts.find(chat, turn.conversation_id, REFERENCE, reference=REFERENCE)
        except (TimeoutError, NotNow, SendError):
            return {}
        except Refused as error:
            return {"reads": str(error)}
        return {"reads": ""}


class NoTokens:
    """`bot.ports.Tokens` of a credential that cannot be used: it says why, whoever asks."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def token(self, tenant: str, scope: str) -> str:
        """Raise CredentialsWrong."""
        del tenant, scope
        raise CredentialsWrong(self._why)

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Forget nothing."""


def read_claims(token: str) -> Claims:
    """Return what a token of ours says; what it does not say is empty."""
    said = unchecked(token)
    roles, ends = said.get("roles"), said.get("exp")
    named = {name: value for name, value in said.items() if isinstance(value, str)}
    return Claims(
        named.get("aud", ""),
        named.get("tid", ""),
        named.get("appid", "") or named.get("azp", ""),
        int(ends * 1000) if isinstance(ends, int | float) else 0,
        frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset(),
    )
