"""Graph's subscriptions to meetings' call events: made, validated, renewed, listed and removed (facts/graph 6).

https://learn.microsoft.com/graph/api/resources/subscription
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bot.sandbox.graph import Graph
from bot.sandbox.graph_door import BARE, VERSION, json_object
from bot.sandbox.meetings import Meeting, parse_time, write_time
from bot.sandbox.outgoing import Answered, Outgoing
from bot.sandbox.server import Call, Refused, Stage

LONGEST_LIFE = 3 * 86_400_000
OK = 200
_ONE = VERSION + "subscriptions/{subscription}"
_RESOURCE = re.compile(r"/?communications/onlineMeetings\(joinWebUrl='([^']+)'\)/meetingCallEvents", re.IGNORECASE)
_UNANSWERED = (
    "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request."
)
_RICH = ("encryptionCertificate", "encryptionCertificateId")


@dataclass(slots=True)
class Subscription:
    """One subscription as it was made; `made_at` and `expires_at` are ms UTC."""

    id: str
    meeting: Meeting
    body: dict[str, Any]
    made_at: int
    expires_at: int

    @property
    def certificate(self) -> RSAPublicKey:
        """Return the public key that its notifications are encrypted for."""
        return public_key(self.body["encryptionCertificate"])


class Subscriptions:
    """The routes below `/subscriptions`; `active` holds what there is now."""

    def __init__(self, stage: Stage, graph: Graph, outgoing: Outgoing) -> None:
        self.active: list[Subscription] = []
        self._stage = stage
        self._graph = graph
        self._outgoing = outgoing
        everything = VERSION + "subscriptions{_end:/?}"
        graph.route("POST", everything, "graph.subscribe", self._create)
        graph.route("GET", everything, "graph.subscriptions", self._list)
        graph.route("PATCH", _ONE, "graph.resubscribe", self._renew)
        graph.route("DELETE", _ONE, "graph.unsubscribe", self._remove)

    def of(self, meeting: Meeting) -> list[Subscription]:
        """Return what is told of a meeting now."""
        now = self._stage.clock.now()
        return [one for one in self.active if one.meeting is meeting and one.expires_at > now]

    async def _create(self, call: Call) -> web.Response:
        self._app_only(call)
        body = json_object(call)
        meeting = self._meeting(body.get("resource"))
        now = self._stage.clock.now()
        expires_at = self._until(body, now)
        if body.get("changeType") != "updated" or body.get("includeResourceData") is not True:
            raise Refused(400, "BadRequest", BARE)
        if not all(isinstance(body.get(name), str) and body[name] for name in _RICH):
            raise Refused(400, "BadRequest", BARE)
        public_key(body["encryptionCertificate"])
        for name in ("notificationUrl", "lifecycleNotificationUrl"):
            if name in body or name == "notificationUrl":
                await self._validate(str(body.get(name)))
        if self.of(meeting):
            raise Refused(403, "Forbidden")  # one for an app and a meeting; over quota is 403 (facts/graph 3.4)
        self._stage.canaries.add("clientState", str(body.get("clientState", "")))
        made = Subscription(str(uuid.uuid4()), meeting, dict(body), now, expires_at)
        self.active.append(made)
        return web.json_response(self._written(made), status=201)

    async def _list(self, call: Call) -> web.Response:
        self._app_only(call)
        return web.json_response({"value": [{**self._written(one), "clientState": None} for one in self.active]})

    async def _renew(self, call: Call) -> web.Response:
        one = self._found(call)
        body = json_object(call)
        if "encryptionCertificate" in body:
            public_key(body["encryptionCertificate"])
        one.expires_at = self._until(body, self._stage.clock.now())
        one.body |= {name: body[name] for name in _RICH if name in body}
        return web.json_response(self._written(one))

    async def _remove(self, call: Call) -> web.Response:
        self.active.remove(self._found(call))
        return web.Response(status=204)

    def _found(self, call: Call) -> Subscription:
        self._app_only(call)
        now = self._stage.clock.now()
        one = next((one for one in self.active if one.id == call.part("subscription") and one.expires_at > now), None)
        if one is None:
            raise Refused(404, "ResourceNotFound", "The object was not found.")
        return one

    def _app_only(self, call: Call) -> None:
        if self._graph.delegated(call):
            raise Refused(403, "Forbidden")

    def _meeting(self, resource: object) -> Meeting:
        found = _RESOURCE.fullmatch(resource) if isinstance(resource, str) else None
        link = unquote(found[1]) if found else ""
        meeting = next((one for one in self._graph.meetings if one.join_url == link and not one.deleted), None)
        if meeting is None:
            raise Refused(400, "BadRequest", BARE)
        return meeting

    def _until(self, body: dict[str, Any], now: int) -> int:
        expires_at = parse_time(body.get("expirationDateTime"), "expirationDateTime")
        if expires_at is None or not now < expires_at <= now + LONGEST_LIFE:
            raise Refused(400, "BadRequest", BARE)
        return expires_at

    async def _validate(self, url: str) -> None:
        """Ask the address for its echo, as Graph does before it answers."""
        token = f"Validation: {uuid.uuid4()}"
        answer = await self._outgoing.post(f"{url}?{urlencode({'validationToken': token})}")
        if answer != Answered(OK, "text/plain", token):
            raise Refused(400, "ValidationError", _UNANSWERED)

    def _written(self, one: Subscription) -> dict[str, Any]:
        return {
            "@odata.context": f"{self._graph.url}/beta/$metadata#subscriptions/$entity",
            "id": one.id,
            "resource": one.body["resource"],
            "applicationId": self._stage.tenant.app_id,
            "changeType": one.body["changeType"],
            "clientState": one.body.get("clientState"),
            "notificationUrl": one.body["notificationUrl"],
            "lifecycleNotificationUrl": one.body.get("lifecycleNotificationUrl"),
            "expirationDateTime": write_time(one.expires_at),
            "creatorId": self._stage.tenant.app_id,
            "includeResourceData": True,
            "latestSupportedTlsVersion": "v1_2",
            "encryptionCertificate": None,
            "encryptionCertificateId": one.body["encryptionCertificateId"],
        }


def public_key(certificate: object) -> RSAPublicKey:
    """Return the key of a certificate in base64; raises Refused 400 for what Graph could not encrypt with."""
    try:
        read = x509.load_der_x509_certificate(base64.b64decode(str(certificate), validate=True)).public_key()
    except (ValueError, binascii.Error):
        raise Refused(400, "BadRequest", BARE) from None
    if not isinstance(read, RSAPublicKey) or not 2048 <= read.key_size <= 4096:  # noqa: PLR2004 - what Graph takes
        raise Refused(400, "BadRequest", BARE)
    return read
