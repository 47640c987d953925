"""Subscriptions to a meeting's call events over Graph's connection: encode, send, decode (facts/graph 6).

https://learn.microsoft.com/graph/api/subscription-post-subscriptions, subscription-update, subscription-list and
subscription-delete.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote, urlsplit

from bot.calls import Watched, WatchKey, WatchState
from bot.errors import HostUnknown, NotNow
from bot.graph import encryption
from bot.graph.client import Caller, GraphMeetings
from bot.graph.values import fields, instant, moment, text, whole, written
from bot.model import FrozenRequest
from bot.ports import Chance

PATH = "/subscriptions"
DOOR = "/api/graph"
MOST_PAGES = 100
"""Pages of subscriptions that are looked through; an organization has 10,000 of them at most."""


class GraphWatch:
    """`bot.ports.Watch` over the connection of `GraphMeetings`.

    `public_url` is where Graph reaches this bot, https without a last slash; `secret` seals keys and makes
    clientStates, the same on every replica.
    """

    def __init__(self, graph: GraphMeetings, public_url: str, secret: bytes, chance: Chance) -> None:
        self._graph = graph
        self._door = public_url + DOOR
        self._secret = secret
        self._chance = chance

    async def make_key(self, now: int) -> WatchKey:
        """Make a key pair beside the event loop."""
        key_id = str(uuid.UUID(hex=self._chance.token()))
        return await asyncio.to_thread(encryption.make_key, self._secret, key_id, now)

    def opens(self, key: WatchKey) -> bool:
        """Say whether our secret opens a key."""
        try:
            encryption.unseal(self._secret, key.sealed, key.key_id)
        except encryption.NotForUs:
            return False
        return True

    def mark(self, room_id: str) -> str:
        """Return the hash of a room's clientState."""
        return mark_of(client_state(self._secret, room_id))

    async def begin(self, wanted: Watched, join_url: str, certificate: str, *, reference: str) -> Watched:
        """POST: 201. Raises as the port says."""
        state = client_state(self._secret, wanted.room_id)
        request = creation(wanted, join_url, certificate, state, self._door)
        caller = Caller(wanted.tenant, reference)
        return await self._graph.ask(caller, "POST", request, lambda body: _made(wanted, body))

    async def find(self, wanted: Watched, join_url: str, *, reference: str) -> list[Watched]:
        """GET: every page of the app's subscriptions, of which those of ours to this meeting are returned."""
        caller, found = Caller(wanted.tenant, reference), []
        path, seen = PATH, 0
        while path and seen < MOST_PAGES:
            page = await self._graph.ask(caller, "GET", FrozenRequest(wanted.version, path, ""), fields)
            found += listed(page.get("value"), wanted, join_url, self._door)
            path, seen = _following(text(page, "@odata.nextlink"), wanted.version), seen + 1
        return found

    async def renew(self, watched: Watched, certificate: str, *, reference: str) -> Watched:
        """PATCH: 200. Raises as the port says."""
        request = renewal(watched, certificate)
        return await self._graph.ask(
            Caller(watched.tenant, reference), "PATCH", request, lambda body: _made(watched, body)
        )

    async def end(self, watched: Watched, *, reference: str) -> None:
        """DELETE: 204, and 404 is as good. Raises as the port says."""
        request = FrozenRequest(watched.version, _one(watched), "")
        with suppress(HostUnknown):
            await self._graph.ask(Caller(watched.tenant, reference), "DELETE", request, lambda _: None)


def client_state(secret: bytes, room_id: str) -> str:
    """Return what Graph repeats in every notification of a room, and nobody else can know; 64 characters (max 128)."""
    return hmac.digest(secret, f"clientState {room_id}".encode(), "sha256").hex()


def mark_of(state: str) -> str:
    """Return the hash by which a clientState is known here."""
    return hashlib.sha256(state.encode()).hexdigest()


def resource(join_url: str) -> str:
    """Return what is subscribed to: the link is encoded whole, so its own `%3a` becomes `%253a`."""
    return f"communications/onlineMeetings(joinWebUrl='{quote(whole(join_url), safe='')}')/meetingCallEvents"


def creation(wanted: Watched, join_url: str, certificate: str, state: str, door: str) -> FrozenRequest:
    """Return the request that subscribes: with the data, encrypted, as there is nothing to GET."""
    body = {
        "changeType": "updated",
        "notificationUrl": door,
        "lifecycleNotificationUrl": door,
        "resource": resource(join_url),
        "includeResourceData": True,
        "encryptionCertificate": certificate,
        "encryptionCertificateId": wanted.key_id,
        "expirationDateTime": instant(wanted.expires_at),
        "clientState": state,
    }
    return FrozenRequest(wanted.version, PATH, written(body))


def renewal(watched: Watched, certificate: str) -> FrozenRequest:
    """Return the request that prolongs a subscription, and hands it the newest certificate."""
    body = {
        "expirationDateTime": instant(watched.expires_at),
        "encryptionCertificate": certificate,
        "encryptionCertificateId": watched.key_id,
    }
    return FrozenRequest(watched.version, _one(watched), written(body))


def listed(value: object, wanted: Watched, join_url: str, door: str) -> list[Watched]:
    """Return those of a page's subscriptions that tell us of this meeting's calls."""
    ours: list[Watched] = []
    items: Sequence[object] = value if isinstance(value, list) else ()
    for item in map(fields, items):
        same = text(item, "resource").lstrip("/").casefold() == resource(join_url).casefold()
        if same and text(item, "notificationurl") == door and text(item, "id"):
            ours.append(_made(wanted, item))
    return ours


def _made(wanted: Watched, body: object) -> Watched:
    """Return the subscription as Graph has it; without an id it may be there all the same, and looking finds it."""
    found = fields(body)
    made = text(found, "id") or wanted.subscription_id
    if not made:
        raise NotNow("Graph's answer has no subscription").after(None, unclear=True)
    until = moment(found.get("expirationdatetime")) or wanted.expires_at
    return replace(wanted, state=WatchState.ACTIVE, subscription_id=made, expires_at=until)


def _one(watched: Watched) -> str:
    return f"{PATH}/{quote(watched.subscription_id, safe='')}"


def _following(address: str, version: str) -> str:
    """Return the path of the next page, "" after the last. Of its address only the path counts (ENGINE 4.6)."""
    parts = urlsplit(address)
    if not parts.path.startswith(f"/{version}{PATH}"):
        return ""
    return parts.path.removeprefix(f"/{version}") + (f"?{parts.query}" if parts.query else "")
