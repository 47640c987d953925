"""Whether a notification is Graph's: the tokens that it carries (ENGINE 4).

https://learn.microsoft.com/graph/change-notifications-with-resource-data: signed by Entra, for our app, by the app that
publishes change notifications; there is one for each tenant that items are of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from bot.claims import SKEW_SECONDS, key_id, seconds, signed
from bot.errors import DoorError

PUBLISHER = "0bf30f3b-4a52-48df-9a82-234910c4a086"
"""Microsoft Graph Change Tracking."""
ISSUER = "https://sts.windows.net/{}/"
MOST_TOKENS = 16


class SigningKey(Protocol):
    """One public key of Entra's."""

    @property
    def key(self) -> jwt.PyJWK:
        """What signatures are verified with."""
        ...


class SigningKeys(Protocol):
    """Entra's keys by their ids. Raises DoorError 503 while none was ever loaded."""

    async def find(self, kid: str) -> SigningKey | None:
        """Return a key, None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom notifications are for: our app, with tokens of Entra at `login_url` (https, no last slash).

    `tenants` are those that may use it, in small letters: what was subscribed to for another is not heard any more.
    """

    app_id: str
    login_url: str
    tenants: frozenset[str]


async def tenants_of(tokens: Sequence[object], keys: SigningKeys, ours: Audience, now: int) -> frozenset[str]:
    """Return the tenants that the tokens speak for, in small letters. Raises DoorError 401 if one is not good, or 503.

    `now` is ms UTC.
    """
    if len(tokens) > MOST_TOKENS:
        raise DoorError(401, "tokens")
    return frozenset([await _tenant(token, keys, ours, now / 1000) for token in tokens])


async def _tenant(token: object, keys: SigningKeys, ours: Audience, now: float) -> str:
    claims = await _claims(token, keys)
    tenant = claims.get("tid")
    if not isinstance(tenant, str) or not tenant:
        raise DoorError(401, "tenant")
    if claims.get("iss") not in (ISSUER.format(tenant), f"{ours.login_url}/{tenant}/v2.0"):
        raise DoorError(401, "issuer")
    if claims.get("aud") != ours.app_id:
        raise DoorError(401, "audience")
    if claims.get("azp", claims.get("appid")) != PUBLISHER:
        raise DoorError(401, "publisher")
    expires, not_before = seconds(claims.get("exp")), seconds(claims.get("nbf", 0))
    if expires is None or not_before is None or not not_before - SKEW_SECONDS <= now < expires + SKEW_SECONDS:
        raise DoorError(401, "times")
    return tenant.lower()


async def _claims(token: object, keys: SigningKeys) -> Mapping[str, Any]:
    if not isinstance(token, str):
        raise DoorError(401, "garbage")
    key = await keys.find(key_id(token))
    if key is None:
        raise DoorError(401, "unknown-key")
    return signed(token, key.key)
