"""`POST /api/graph`: what Graph tells of calls, checked, decrypted, made durable, then acknowledged (ENGINE 4, R20)."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bot import bounded, calls_seen, watching
from bot.bounded import Crowd, body_of, read_json, refused
from bot.calls import CallEvent, CallEventKind, Watched
from bot.decisions import Reply, View
from bot.errors import DoorError, StoreError
from bot.graph import call_events, encryption
from bot.graph.subscriptions import mark_of
from bot.graph.validation import Audience, SigningKeys, tenants_of
from bot.graph.values import Fields, fields, moment, part, text
from bot.observe import Event, Observer
from bot.ports import Clock, Decide, Hearing, Store

BODY_BYTES = 1024 * 1024
"""A large meeting's roster, encrypted, is more than an activity may be; Microsoft names no limit."""
LARGE_AT_ONCE = 8
"""Bodies beyond what other doors read, of all addresses together: their proof is inside, so strangers' are read too."""
LONGEST_TOKEN = 1024
MOST_ITEMS = 1_000
MOST_STRANGE = 16
"""Subscriptions of nobody's that are looked up for a POST without a token of Entra's."""
MOST_KEYS = 64
_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
MISSED = "missed"
"""What Graph says when it could not tell something: there is nothing to GET it from."""


@dataclass(frozen=True, slots=True)
class Ear:
    """What the door needs: whom notifications are for, Entra's keys, what unseals ours, and what cards may show."""

    audience: Audience
    keys: SigningKeys
    secret: bytes
    shown: str = "count"


@dataclass(slots=True)
class _Told:
    """What one POST tells of one room, by which subscription."""

    watched: Watched
    subscription_id: str
    expires_at: int
    events: list[CallEvent]
    lifecycle: list[str]


class NotificationDoor:
    """Answers every POST: 200 to a validation, 202 when what counts is durable, 4xx for what may not come in, 503."""

    def __init__(self, ear: Ear, store: Store, hearing: Hearing, clock: Clock, observe: Observer) -> None:
        self._ear = ear
        self._store = store
        self._hearing = hearing
        self._clock = clock
        self._observe = observe
        self._crowd, self._large = Crowd(), Crowd(LARGE_AT_ONCE)
        self._private: dict[str, RSAPrivateKey] = {}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one POST of Graph's."""
        try:
            with self._crowd.joined(request.remote or ""):
                if "validationToken" in request.query:
                    return _echoed(request.query["validationToken"])
                await self._hear(await self._body(request))
                return web.Response(status=202)
        except DoorError as error:
            self._observe(Event("graph.refused_at_door", {"reason": error.reason}, logging.WARNING))
            return refused(error)
        except StoreError:
            self._observe(Event("graph.not_kept", {"status": 503}, logging.ERROR))
            return refused(DoorError(503, "store", retry_after=5))

    async def _body(self, request: web.Request) -> bytes:
        """Return the body; large ones, and those that do not say how long they are, only so many at once."""
        length = request.content_length
        if length is not None and length <= bounded.BODY_BYTES:
            return await body_of(request)
        with self._large.joined(""):
            return await body_of(request, BODY_BYTES)

    async def _hear(self, body: bytes) -> None:
        """Hand on what is surely Graph's, room by room. Raises DoorError 400, 401, 503, or StoreError."""
        try:
            found = fields(read_json(body))
        except ValueError:
            raise DoorError(400, "not-json") from None
        listed = found.get("value")
        items = [fields(item) for item in (listed if isinstance(listed, list) else [])][:MOST_ITEMS]
        tokens = found.get("validationtokens")
        said: Sequence[object] = tokens if isinstance(tokens, list) else ()
        tenants = await tenants_of(said, self._ear.keys, self._ear.audience, self._clock.now())
        if not tenants and any("encryptedcontent" in item for item in items):
            raise DoorError(401, "no-tokens")
        told: dict[str, _Told] = {}
        known: dict[tuple[str, str], Watched | None] = {}
        for item in items:
            key = text(item, "subscriptionid"), mark_of(text(item, "clientstate"))
            if key not in known:
                known[key] = await self._watched(*key)
            if (watched := known[key]) is not None:
                await self._item(item, watched, tenants, told)
            elif not tenants and list(known.values()).count(None) >= MOST_STRANGE:
                break
        for one in told.values():
            await self._hearing.heard(one.watched.room_id, self._decision(one))

    async def _watched(self, subscription_id: str, mark: str) -> Watched | None:
        """Return the subscription of ours that this is; None for any other, a wrong clientState, a tenant that left."""
        possible = _ID.fullmatch(subscription_id)  # PostgreSQL takes not every text
        watched = await self._store.watched(subscription_id, mark) if possible else None
        if watched is None or not hmac.compare_digest(watched.mark, mark):
            self._ignored("subscription")
            return None
        if watched.tenant.lower() not in self._ear.audience.tenants:
            self._ignored("tenant")
            return None
        return watched

    async def _item(self, item: Fields, watched: Watched, tenants: frozenset[str], told: dict[str, _Told]) -> None:
        """Add what an item of a subscription of ours tells."""
        tenant = text(item, "tenantid") or watched.tenant
        if tenant.lower() != watched.tenant.lower():
            self._ignored("tenant")
            return
        until = moment(item.get("subscriptionexpirationdatetime")) or watched.expires_at
        one = told.setdefault(watched.room_id, _Told(watched, text(item, "subscriptionid"), until, [], []))
        if lifecycle := text(item, "lifecycleevent"):
            one.lifecycle.append(lifecycle)
            if lifecycle == MISSED:
                one.events.append(CallEvent(CallEventKind.MISSED, self._clock.now()))
        elif watched.tenant.lower() not in tenants:
            self._ignored("tenant")
        elif event := await self._event(part(item, "encryptedcontent")):
            one.events.append(event)

    async def _event(self, content: Fields) -> CallEvent | None:
        spelt = {"data": "data", "datasignature": "dataSignature", "datakey": "dataKey"}
        encrypted = {name: content.get(key) for key, name in spelt.items()}
        try:
            private = await self._key(text(content, "encryptioncertificateid"))
            plain = await asyncio.to_thread(encryption.decrypt, encrypted, private)
            return call_events.read(read_json(plain), names=self._ear.shown == "names")
        except (encryption.NotForUs, ValueError) as error:
            self._ignored(str(error) if isinstance(error, encryption.NotForUs) else "not JSON")
            return None

    async def _key(self, key_id: str) -> RSAPrivateKey:
        if key_id not in self._private:
            key = await self._store.watch_key(key_id)
            if key is None:
                raise encryption.NotForUs("no such key")
            if len(self._private) >= MOST_KEYS:
                self._private.clear()
            # To read one takes 30 ms of CPU.
            self._private[key_id] = await asyncio.to_thread(encryption.private_key, self._ear.secret, key)
        return self._private[key_id]

    def _decision(self, told: _Told) -> Decide:
        """Return the decision about what was told of a room; the subscription may have been given up meanwhile."""

        def decide(view: View) -> Reply:
            if view.watched is None or view.watched.mark != told.watched.mark:
                return Reply(outcome="not watched")
            reply = calls_seen.seen(view, told.events, self._ear.shown) if told.events else Reply(outcome="lifecycle")
            effects = (*reply.effects, *watching.early(view, told.subscription_id, told.expires_at))
            for event in told.lifecycle:
                effects = (*effects, *watching.lifecycle(view, event).effects)
            return Reply(effects, reply.outcome)

        return decide

    def _ignored(self, why: str) -> None:
        self._observe(Event("graph.ignored", {"reason": why}, logging.WARNING))


def _echoed(token: str) -> web.Response:
    """Return Graph's own token, as it wants before it notifies; never anything that a browser would run."""
    if len(token.encode(errors="replace")) > LONGEST_TOKEN:
        raise DoorError(400, "validation-token")
    return web.Response(text=token, content_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})
