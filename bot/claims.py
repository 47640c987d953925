"""What a signed token claims, read alike at every door that takes one (ENGINE 4, facts/teams 7).

Of a token that somebody shows only the signature is judged here; who may have signed, for whom and until when are
rules of the door.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import jwt
import orjson

from bot.errors import DoorError

SKEW_SECONDS = 300
FAR_AWAY = 1e12
_SIGNATURE_ALONE: Any = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


def key_id(token: str) -> str:
    """Return which key a token says that it is signed with. Raises DoorError 401 unless that is by RS256."""
    try:
        head = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise DoorError(401, "garbage") from None
    kid = head.get("kid")
    if head.get("alg") != "RS256" or not isinstance(kid, str):
        raise DoorError(401, "algorithm")
    return kid


def signed(token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
    """Return the claims of a token that was signed with this key. Raises DoorError 401."""
    try:
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=_SIGNATURE_ALONE)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise DoorError(401, "signature") from None
    return claims


def unchecked(token: str) -> Mapping[str, Any]:
    """Return what a token of our own says, empty where it cannot be read: its signature is for who gets it to check."""
    try:
        payload = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def seconds(value: object) -> float | None:
    """Return a claim of a time (seconds UTC), None if it is not a number or beyond all sense."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FAR_AWAY
    return float(value) if usable else None  # type: ignore[arg-type]  # `usable` says it is a number
