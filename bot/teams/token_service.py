"""The Bot Framework Token Service: where people's tokens are kept, as `bot.ports.Accounts` (facts/graph 7).

Source of the paths and fields: Bot Framework's own client of this service, `botframework.connector.token_api`.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from bot.claims import unchecked
from bot.errors import NotDone, NotNow, Rejected, SendError, SomebodyElse, Unclear
from bot.model import Chat, Person
from bot.observe import Event, Observer
from bot.ports import Clock
from bot.teams.connection import Connection

CHANNEL = "msteams"
NO_TOKEN = 404
REMEMBERED_MS = 60_000
"""How long a token is used without asking again: a sign-out on another replica is heard of by then."""
MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Account:
    """Which OAuth connection of which bot people sign in to; `url` is the service's, without a last slash."""

    url: str
    connection: str
    app_id: str


class TokenService:
    """Asks with the bot's own token, over a connection that goes to this one host.

    Tokens of people are remembered for a minute, in memory alone, and never logged.
    """

    def __init__(self, connection: Connection, account: Account, clock: Clock, observe: Observer) -> None:
        self._connection = connection
        self._observe = observe
        self._account = account
        self._clock = clock
        self._remembered: dict[tuple[str, str], tuple[str, int]] = {}

    @property
    def connection_name(self) -> str:
        """Return the name of the OAuth connection."""
        return self._account.connection

    async def token(self, tenant: str, person: Person) -> str | None:
        """Return a bearer token for Graph; None when the person has to sign in. Raises NotNow."""
        key, now = (tenant, person.id), self._clock.now()
        known, until = self._remembered.get(key, ("", 0))
        if now < until:
            return known
        token = await self._own(person, await self._ask("GET", "usertoken/GetToken", self._whose(person)))
        if token:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = (token, now + REMEMBERED_MS)
        return token or None

    def revoked(self, tenant: str, person: Person, token: str) -> None:
        """Forget this token."""
        if self._remembered.get((tenant, person.id), ("", 0))[0] == token:
            del self._remembered[tenant, person.id]

    async def exchange(self, person: Person, sso_token: str) -> bool:
        """Trade the token that Teams has of a person for Graph's. Raises NotNow.

        False when consent is missing, and for another person's token, which is not sent anywhere.
        """
        if self._foreign(person, sso_token):
            return False
        body = orjson.dumps({"token": sso_token})
        return bool(await self._own(person, await self._ask("POST", "usertoken/exchange", self._whose(person), body)))

    async def redeem(self, person: Person, code: str) -> bool:
        """Finish a sign-in with the code that the browser ended with; False when it is not good.

        Raises NotNow, or SomebodyElse when the browser was signed in to another account.
        """
        document = await self._ask("GET", "usertoken/GetToken", self._whose(person) | {"code": code})
        own = await self._own(person, document)
        if _token(document) and not own:
            raise SomebodyElse("the browser was signed in to another account")
        return bool(own)

    async def sign_out(self, tenant: str, person: Person) -> None:
        """Let the service forget the person's tokens. Raises NotNow, also when it refuses: they are still there."""
        self._remembered.pop((tenant, person.id), None)
        try:
            await self._request("DELETE", "usertoken/SignOut", self._whose(person))
        except SendError as error:
            if error.status != NO_TOKEN:
                raise NotNow(f"the Token Service refused to forget: {error}", status=error.status) from error

    async def sign_in_resource(self, chat: Chat, conversation_id: str, to: Person) -> Mapping[str, Any]:
        """Return the address to sign in at and what Teams may exchange silently; it serves this person alone.

        Raises NotDone or Rejected: it is asked for while a message is sent, and says nothing about the chat.
        """
        path = "botsignin/GetSignInResource"
        try:
            found = await self._ask("GET", path, {"state": state(self._account, chat, conversation_id, to)})
        except NotNow as error:
            raise NotDone(str(error), status=0, retry_after=error.retry_after) from error
        if not found:
            raise Rejected("the Token Service knows no way to sign in")
        return found

    async def _own(self, person: Person, document: Mapping[str, Any] | None) -> str:
        """Return the token of an answer; "" for none and for another account's, which the service has to forget.

        The meetings it makes would be another host's than the card names (ENGINE R5).
        """
        token = _token(document)
        if not self._foreign(person, token):
            return token
        await self._ask("DELETE", "usertoken/SignOut", self._whose(person))
        return ""

    def _foreign(self, person: Person, token: str) -> bool:
        """Say whether a token names somebody else. Its signature is for Entra and Graph to check, when it is used."""
        foreign = _oid_of(token) not in {"", person.oid.casefold()}
        if foreign:
            self._observe(Event("token_service.somebody_else", {"person": person.oid}, logging.WARNING))
        return foreign

    def _whose(self, person: Person) -> dict[str, str]:
        return {"userId": person.id, "connectionName": self._account.connection, "channelId": CHANNEL}

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None = None
    ) -> Mapping[str, Any] | None:
        """Return what the service answers, None for a definite no. Raises NotNow."""
        try:
            return await self._request(method, path, query, body)
        except SendError:
            return None

    async def _request(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None = None
    ) -> Mapping[str, Any]:
        """Return what the service answers. Raises NotNow, SendErrors for a definite no (404: there is no token)."""
        url = f"{self._account.url}/api/{path}?{urlencode(query)}"
        try:
            return await self._connection.request(method, url, body)
        except (NotDone, Unclear) as error:
            detail = f"no answer from the Token Service: {error}"
            unclear = isinstance(error, Unclear)
            raise NotNow(detail, status=error.status).after(error.retry_after, unclear=unclear) from error
        except SendError as error:
            if error.status != NO_TOKEN:
                self._observe(Event("token_service.refused", {"asked": path, "status": error.status}, logging.WARNING))
            raise


def state(account: Account, chat: Chat, conversation_id: str, to: Person) -> str:
    """Return the state of a sign-in: base64 of JSON that says which bot, connection, conversation and person."""
    conversation = {
        "channelId": CHANNEL,
        "serviceUrl": chat.service_url,
        "conversation": {"id": conversation_id, "tenantId": chat.tenant},
        "bot": {"id": chat.bot_id},
        "user": {"id": to.id, "aadObjectId": to.oid},
    }
    said = {"connectionName": account.connection, "conversation": conversation, "msAppId": account.app_id}
    return base64.b64encode(orjson.dumps(said)).decode()


def _oid_of(token: str) -> str:
    """Return the object id that a token names as its person's, in lower case; "" where it cannot be read.

    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (`oid`)
    """
    found = unchecked(token).get("oid")
    return found.casefold() if isinstance(found, str) else ""


def _token(document: Mapping[str, Any] | None) -> str:
    found = document.get("token") if document else None
    return found if isinstance(found, str) else ""
