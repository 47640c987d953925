"""The keys Bot Framework signs with: fetched without blocking, parsed once, kept through an outage (facts/teams 7)."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import orjson

from bot.backoff import delay
from bot.errors import DoorError
from bot.observe import Event, Observer
from bot.ports import Clock

REFRESH_SECONDS = 24 * 3600
UNKNOWN_KEY_MS = 5 * 60_000
"""An unknown key id may ask for the key set once in this time (ENGINE 4.10)."""
TIMEOUT = aiohttp.ClientTimeout(total=10.0, connect=5.0)
OK = 200


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One public key, ready to verify with; `endorsements` are the channels it may speak for."""

    kid: str
    key: jwt.PyJWK
    endorsements: frozenset[str]
    modulus: str

    @property
    def means(self) -> tuple[str, frozenset[str]]:
        """Return what a verified token stands on: with another key, or other channels, it is to be verified again."""
        return self.modulus, self.endorsements


class KeysUnavailable(Exception):
    """The key set could not be read; never leaves this file."""


class Keys:
    """The key set behind an OpenID metadata document.

    `ready` is set once a set was loaded and stays so. `generation` rises when a key left the set or changed:
    whatever was verified before is then to be verified again (ENGINE 4.7).
    """

    def __init__(self, session: aiohttp.ClientSession, metadata_url: str, clock: Clock, observe: Observer) -> None:
        self.ready = asyncio.Event()
        self.generation = 0
        self._session = session
        self._metadata_url = metadata_url
        self._clock = clock
        self._observe = observe
        self._keys: dict[str, SigningKey] = {}
        self._asked_at: int | None = None
        self._refreshing: asyncio.Task[bool] | None = None

    async def find(self, kid: str) -> SigningKey | None:
        """Return the key of that id, fetching the set again if it is not known; None if there is none.

        The first request waits for the first fetch. Raises DoorError(503) while no key was ever loaded: then nobody
        can be told right from wrong (ENGINE R25).
        """
        if not self.ready.is_set() and not await self.refresh():
            raise DoorError(503, "keys", retry_after=5)
        if kid not in self._keys and self._may_ask():
            await self.refresh()
        return self._keys.get(kid)

    async def refresh(self) -> bool:
        """Fetch the key set, at most one fetch at a time; say whether it could be read. Old keys stay if not."""
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._load(), name="teams-keys")
        return await asyncio.shield(self._refreshing)

    async def run(self) -> None:
        """Load the keys, again and again until it works, then once a day, ahead of need. Ends when cancelled."""
        attempt = 0
        try:
            while True:
                attempt = 0 if await self.refresh() else attempt + 1
                await self._clock.sleep(delay(attempt, None, 0.5) if attempt else REFRESH_SECONDS)
        finally:
            if self._refreshing is not None:
                self._refreshing.cancel()
                with suppress(asyncio.CancelledError):
                    await self._refreshing

    def _may_ask(self) -> bool:
        """Whether an unknown key id may cause, or wait for, a fetch now."""
        if self._refreshing is not None:
            return True
        now = self._clock.now()
        if self._asked_at is not None and now - self._asked_at < UNKNOWN_KEY_MS:
            return False
        self._asked_at = now
        return True

    async def _load(self) -> bool:
        try:
            keys = parse(await self._fetch_keys())
        except Exception as error:  # noqa: BLE001 - no key set is the same, whatever went wrong: 503, never 500
            self._observe(Event("keys.unavailable", {"error": type(error).__name__}, logging.WARNING))
            return False
        finally:
            self._refreshing = None
        if any(kid not in keys or keys[kid].means != known.means for kid, known in self._keys.items()):
            self.generation += 1
        self._keys = keys
        self.ready.set()
        self._observe(Event("keys.loaded", {"count": len(keys)}))
        return True

    async def _fetch_keys(self) -> dict[str, Any]:
        metadata = await self._get(self._metadata_url)
        address = metadata.get("jwks_uri")
        if not isinstance(address, str) or not address.startswith("https://"):
            raise KeysUnavailable("jwks_uri is not https")
        return await self._get(address)

    async def _get(self, url: str) -> dict[str, Any]:
        async with self._session.get(url, allow_redirects=False, timeout=TIMEOUT) as response:
            if response.status != OK:
                raise KeysUnavailable(f"status {response.status}")
            document = orjson.loads(await response.read())
        if not isinstance(document, dict):
            raise KeysUnavailable("not an object")
        return document


def parse(document: dict[str, Any]) -> dict[str, SigningKey]:
    """Return the RSA keys of a JWK set by key id, leaving out what cannot be used. Raises KeysUnavailable if none."""
    listed = document.get("keys")
    found = (_signing_key(item) for item in (listed if isinstance(listed, list) else []))
    keys = {key.kid: key for key in found if key is not None}
    if not keys:
        raise KeysUnavailable("no usable key")
    return keys


def _signing_key(item: object) -> SigningKey | None:
    if not isinstance(item, dict) or item.get("kty") != "RSA" or not isinstance(item.get("kid"), str):
        return None
    try:
        key = jwt.PyJWK(item, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    endorsements = item.get("endorsements")
    names = endorsements if isinstance(endorsements, list) else []
    return SigningKey(item["kid"], key, frozenset(name for name in names if isinstance(name, str)), str(item.get("n")))
