"""People come into meetings and leave them, and Graph tells who subscribed: encrypted, late or twice on request.

https://learn.microsoft.com/graph/changenotifications-for-onlinemeeting and change-notifications-with-resource-data.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.sandbox.entra import Entra
from bot.sandbox.journal import Exchange
from bot.sandbox.meetings import Meeting, write_time
from bot.sandbox.outgoing import Outgoing
from bot.sandbox.server import Stage
from bot.sandbox.subscriptions import Subscription, Subscriptions
from bot.sandbox.tenant import Person

PUBLISHER = "0bf30f3b-4a52-48df-9a82-234910c4a086"
TRIES = 5
AGAIN_SECONDS = 0.2
LATE_SECONDS = 20.0
ACCEPTED = 300
_LEFT = "Participant has left the meeting call."
_OAEP = OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - Graph's own choice

Json = dict[str, Any]


@dataclass(slots=True)
class Call:
    """A call of a meeting: who is in it, by what they are to Graph there; `sequence` numbers what the roster tells."""

    started_at: int
    inside: dict[str, str] = field(default_factory=dict)
    sequence: int = 0


class Calls:
    """`join`, `leave` and `change` are what people do; each returns when it was told, unless `held`.

    While `held`, notifications wait in `waiting`, (subscription, body) each, to be posted in any order. `told` is
    every status that a bot answered.
    """

    def __init__(self, stage: Stage, entra: Entra, subscriptions: Subscriptions, outgoing: Outgoing) -> None:
        self.held = False
        self.waiting: list[tuple[Subscription, Json]] = []
        self.told: list[int] = []
        self.going_on: dict[int, Call] = {}
        self.numbered = True
        self._stage = stage
        self._entra = entra
        self._subscriptions = subscriptions
        self._outgoing = outgoing
        self._later: set[asyncio.Task[None]] = set()

    async def join(self, meeting: Meeting, *people: Person | str, lobby: bool = False) -> None:
        """Let people in, or into the lobby; a text is a telephone number."""
        await self.change(meeting, joined=people, lobby=lobby)

    async def leave(self, meeting: Meeting, *people: Person | str) -> None:
        """Let people leave; the last one ends the call."""
        await self.change(meeting, left=people)

    async def end(self, meeting: Meeting) -> None:
        """End the call for everybody."""
        self.going_on.pop(meeting.number, None)
        meeting.end()
        await self.tell(meeting, self._event(meeting, "callEnded"))

    async def change(
        self,
        meeting: Meeting,
        *,
        joined: tuple[Person | str, ...] = (),
        left: tuple[Person | str, ...] = (),
        lobby: bool = False,
    ) -> None:
        """Let people join and leave at the same moment: Graph tells it as one delta of the roster."""
        events = []
        if meeting.number not in self.going_on:
            meeting.start(self._stage.clock.now())
            self.going_on[meeting.number] = Call(self._stage.clock.now())
            events.append(self._event(meeting, "callStarted"))
        call = self.going_on[meeting.number]
        delta = [self._participant(call, person, lobby=lobby) for person in joined]
        delta += [self._participant(call, person, gone=True) for person in left if _key(person) in call.inside]
        events.append(self._event(meeting, "rosterUpdated") | {"participants@delta": delta})
        if not call.inside:
            del self.going_on[meeting.number]
            meeting.end()
            events.append(self._event(meeting, "callEnded"))
        await self.tell(meeting, *events, since=call.started_at)

    def now(self) -> int:
        """Return ms UTC of the cloud's clock."""
        return self._stage.clock.now()

    def inside(self, meeting: Meeting) -> int:
        """Return how many are in a meeting's call."""
        call = self.going_on.get(meeting.number)
        return len(call.inside) if call else 0

    async def tell(self, meeting: Meeting, *events: Json, since: int | None = None) -> None:
        """Notify who subscribed before the call began (facts/graph 6), with all events in one POST."""
        for subscription in self._subscriptions.of(meeting):
            if since is None or subscription.made_at <= since:
                await self._send(subscription, self.envelope(subscription, *events))

    async def lifecycle(self, meeting: Meeting, event: str) -> None:
        """Tell something about the subscriptions to a meeting; `subscriptionRemoved` removes them."""
        for subscription in self._subscriptions.of(meeting):
            if event == "subscriptionRemoved":
                self._subscriptions.active.remove(subscription)
            await self._send(subscription, {"value": [{**self._item(subscription), "lifecycleEvent": event}]})

    async def release(self, *, order: random.Random | None = None, twice: bool = False) -> None:
        """Post what waits: in its order, or in another one; each once, or twice."""
        waiting, self.waiting = self.waiting * (1 + twice), []
        if order is not None:
            order.shuffle(waiting)
        for subscription, body in waiting:
            await self.post(subscription, body)

    async def post(self, subscription: Subscription, body: Json) -> int:
        """Post a notification until it is accepted, a few times at most, and return the last status."""
        name = "lifecycleNotificationUrl" if "lifecycleEvent" in body["value"][0] else "notificationUrl"
        status = 0
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(AGAIN_SECONDS)
            status = (await self._outgoing.post(subscription.body[name], body)).status
            self.told.append(status)
            self._stage.journal.changed()
            if 0 < status < ACCEPTED or status == 401:  # noqa: PLR2004 - a status is what it says
                break
        return status

    def envelope(self, subscription: Subscription, *events: Json, **claims: Any) -> Json:  # noqa: ANN401 - any claim
        """Return the body of a POST with these events; `claims` replace those of its token (to forge)."""
        items = [
            {
                **self._item(subscription),
                "changeType": "updated",
                "resource": subscription.body["resource"],
                "resourceData": {
                    "@odata.id": subscription.body["resource"],
                    "@odata.type": "#microsoft.graph.callevent",
                    "id": event["id"],
                },
                "encryptedContent": encrypted(subscription, event),
            }
            for event in events
        ]
        return {"value": items, "validationTokens": [self.token(**claims)]}

    def token(self, **claims: Any) -> str:  # noqa: ANN401 - any claim
        """Return Graph's proof that it is Graph; `claims` replace its own."""
        whole = {"appid": PUBLISHER, "roles": [], **claims}
        return self._entra.issue(str(whole.pop("aud", self._stage.tenant.app_id)), **whole)

    def _item(self, subscription: Subscription) -> Json:
        tenant_id = self._stage.tenant.tenant_id
        return {
            "subscriptionId": subscription.id,
            "clientState": subscription.body.get("clientState"),
            "tenantId": tenant_id,
            "organizationId": tenant_id,
            "subscriptionExpirationDateTime": write_time(subscription.expires_at),
        }

    def _event(self, meeting: Meeting, kind: str) -> Json:
        return {
            "@odata.type": "#microsoft.graph.callevent",
            "@odata.id": f"communications/onlineMeetings(joinWebUrl='{meeting.join_url}')/meetingCallEvents",
            "id": str(uuid.uuid4()),
            "eventType": kind,
            "eventDateTime": write_time(self._stage.clock.now()),
        }

    def _participant(self, call: Call, person: Person | str, *, lobby: bool = False, gone: bool = False) -> Json:
        key = _key(person)
        participant_id = call.inside.pop(key, "") or str(uuid.uuid4())
        if not gone and not lobby:
            call.inside[key] = participant_id
        if isinstance(person, str):
            identity: Json = {"phone": {"id": person, "displayName": person}}
        else:
            tenant_id = self._stage.tenant.tenant_id
            identity = {"user": {"id": person.oid, "displayName": person.name, "tenantId": tenant_id}}
        call.sequence += 1
        told = {"id": participant_id, "info": {"identity": identity}, "isInLobby": lobby}
        numbered = {"rosterSequenceNumber": call.sequence} if self.numbered else {}
        return {**told, **numbered, **({"removedState": {"reason": _LEFT}} if gone else {})}

    async def _send(self, subscription: Subscription, body: Json) -> None:
        exchange = Exchange(0, "graph", "POST", subscription.id, self._stage.clock.now(), "graph.notify")
        rule = self._stage.faults.rule
        if self.held:
            self.waiting.append((subscription, body))
            return
        if rule("late-events", exchange):
            self._after(random.uniform(0, LATE_SECONDS), subscription, body)  # noqa: S311 - no secret
            return
        await self.post(subscription, body)
        if rule("doubled-events", exchange):
            await self.post(subscription, body)

    def _after(self, seconds: float, subscription: Subscription, body: Json) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.post(subscription, body)

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def close(self) -> None:
        """Tell nothing any more."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)


def encrypted(subscription: Subscription, event: Json | bytes) -> Json:
    """Return an event, or bytes that should be none, encrypted for who subscribed."""
    said = event if isinstance(event, bytes) else json.dumps(event).encode()
    key = os.urandom(32)
    padder = padding.PKCS7(algorithms.AES.block_size).padder()
    plain = padder.update(said) + padder.finalize()
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    data = cipher.update(plain) + cipher.finalize()
    return {
        "data": base64.b64encode(data).decode(),
        "dataSignature": base64.b64encode(hmac.digest(key, data, "sha256")).decode(),
        "dataKey": base64.b64encode(subscription.certificate.encrypt(key, _OAEP)).decode(),
        "encryptionCertificateId": subscription.body["encryptionCertificateId"],
        "encryptionCertificateThumbprint": "",
    }


def _key(person: Person | str) -> str:
    return person if isinstance(person, str) else person.oid
