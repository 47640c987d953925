"""Who may come in: our own check of Bot Framework's tokens and their activities (ENGINE 4, facts/teams 7).

Every refusal is a DoorError 400, 401, 403 or 503; nothing here raises anything else, whatever is sent.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.claims import SKEW_SECONDS, key_id, seconds, signed
from bot.errors import DoorError
from bot.ports import Clock
from bot.teams.keys import Keys, SigningKey
from bot.teams.service_url import normal, permitted

CHANNEL = "msteams"
REMEMBERED = 2048
_BEARER = re.compile(r"Bearer ([A-Za-z0-9_-]{1,2000}\.[A-Za-z0-9_-]{1,8000}\.[A-Za-z0-9_-]{1,2000})")


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom the door lets in: the bot's own app id, the tokens' issuer, exact hosts, tenants in small letters.

    `also` are further issuers whose tokens are as good.
    """

    app_id: str
    issuer: str
    hosts: frozenset[str]
    tenants: frozenset[str]
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A verified token: what its claims say, and the channels its key may speak for. Times in seconds UTC."""

    claims: Mapping[str, Any]
    expires: float
    not_before: float
    service_url: str
    endorsements: frozenset[str]


class Door:
    """Verifies tokens, remembering those it has verified, and holds each activity against its token."""

    def __init__(self, keys: Keys, rules: Rules, clock: Clock, *, remembered: int = REMEMBERED) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._most = remembered
        self._tickets: OrderedDict[bytes, Ticket] = OrderedDict()
        self._generation = keys.generation

    async def verify(self, header: str | None) -> Ticket:
        """Return what an Authorization header proves. Raises DoorError 401, or 503 before any key was loaded.

        Needs no body: nobody unknown makes Muster read one (ENGINE 4.10).
        """
        token = bearer(header)
        if self._generation != self._keys.generation:
            self._tickets.clear()
            self._generation = self._keys.generation
        digest = hashlib.sha256(token.encode()).digest()
        ticket = self._tickets.get(digest)
        if ticket is None:
            ticket = await self._read(token)
            self._check_times(ticket)
            self._tickets[digest] = ticket
            if len(self._tickets) > self._most:
                self._tickets.popitem(last=False)
        else:
            self._check_times(ticket)
            self._tickets.move_to_end(digest)
        return ticket

    async def claims(self, header: str | None) -> Mapping[str, Any]:
        """Return the claims that an Authorization header proves, of a tenant that may use the bot.

        Raises DoorError as `verify` does, or 403.
        """
        claims = (await self.verify(header)).claims
        if str(claims.get("tid", "")).lower() not in self._rules.tenants:
            raise DoorError(403, "tenant")
        return claims

    def check(self, ticket: Ticket, activity: Mapping[str, Any]) -> None:
        """Hold an activity against its token: channel, service URL, tenant. Raises DoorError 401 or 403."""
        channel = activity.get("channelId")
        if channel != CHANNEL:
            raise DoorError(403, "channel")
        if channel not in ticket.endorsements:
            raise DoorError(403, "endorsement")
        address = normal(activity.get("serviceUrl"))
        if not address:
            raise DoorError(403, "service-url")
        if address != ticket.service_url:
            raise DoorError(401, "service-url-claim")
        if not permitted(address, self._rules.hosts):
            raise DoorError(403, "service-host")
        tenant = tenant_of(activity)
        if tenant.lower() not in self._rules.tenants:
            raise DoorError(403, "tenant")

    async def _read(self, token: str) -> Ticket:
        key = await self._key(token)
        claims = signed(token, key.key)
        if claims.get("iss") not in (self._rules.issuer, *self._rules.also):
            raise DoorError(401, "issuer")
        if claims.get("aud") != self._rules.app_id:
            raise DoorError(401, "audience")
        expires, not_before = seconds(claims.get("exp")), seconds(claims.get("nbf", 0))
        if expires is None or not_before is None:
            raise DoorError(401, "times")
        return Ticket(claims, expires, not_before, normal(claims.get("serviceurl")), key.endorsements)

    async def _key(self, token: str) -> SigningKey:
        key = await self._keys.find(key_id(token))
        if key is None:
            raise DoorError(401, "unknown-key")
        return key

    def _check_times(self, ticket: Ticket) -> None:
        now = self._clock.now() / 1000
        if now >= ticket.expires + SKEW_SECONDS:
            raise DoorError(401, "expired")
        if now < ticket.not_before - SKEW_SECONDS:
            raise DoorError(401, "not-yet")


def bearer(header: str | None) -> str:
    """Return the token of an Authorization header that looks like one. Raises DoorError 401."""
    found = _BEARER.fullmatch(header) if header else None
    if found is None:
        raise DoorError(401, "no-bearer" if not header else "garbage")
    return found[1]


def tenant_of(activity: Mapping[str, Any]) -> str:
    """Return the tenant an activity says it comes from, "" if it does not say or contradicts itself (ENGINE 4.7)."""
    channel_data, conversation = activity.get("channelData"), activity.get("conversation")
    tenant = channel_data.get("tenant") if isinstance(channel_data, dict) else None
    named = [
        tenant.get("id") if isinstance(tenant, dict) else None,
        conversation.get("tenantId") if isinstance(conversation, dict) else None,
    ]
    said = {str(name).lower() for name in named if name}
    return said.pop() if len(said) == 1 else ""
