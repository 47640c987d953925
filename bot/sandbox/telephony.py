"""Calls of the sandbox's Graph: the bot joins a meeting, rings people, and hears who answers (facts/graph 5 and 6)."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from bot.sandbox.entra import Entra
from bot.sandbox.graph_door import VERSION, Door, json_object
from bot.sandbox.journal import masked_headers
from bot.sandbox.server import Call, Refused
from bot.sandbox.tenant import Person

ROLES = {
    "graph.presence": "Presence.Read.All",
    "graph.call": "Calls.JoinGroupCall.All",
    "graph.invite": "Calls.InitiateGroupCall.All",
    "graph.keepAlive": "Calls.Initiate.All",
    "graph.hangUp": "Calls.Initiate.All",
}
"""The application permission that each operation needs here (facts/graph 5)."""
ISSUER = "https://graph.microsoft.com"
DECLINED, UNANSWERED, NOT_THERE = 603, 408, 480
_TYPE = "#microsoft.graph."
_MOST_AT_ONCE = 5
_ONE = "communications/calls/{call}"


@dataclass(slots=True)
class Leg:
    """The bot's own leg in a meeting. `invited` has who rings, by object id, with the operation's id and context."""

    id: str
    callback: str
    thread_id: str
    state: str = "establishing"
    kept: int = 0
    invited: dict[str, tuple[str, str]] = field(default_factory=dict)


class Calls:
    """Routes of the sandbox's Graph for calls and presence. `legs` holds every call ever made, in order.

    `bot` is where callbacks are delivered: what the bot calls its public address leads there. `inside` are the people
    in each meeting, by its thread; `presence` is what people do, by object id. `establishes`: calls stand by
    themselves.
    """

    def __init__(self, graph: Door, entra: Entra) -> None:
        self.legs: list[Leg] = []
        self.bot = ""
        self.inside: dict[str, list[Person]] = {}
        self.presence: dict[str, str] = {}
        self.establishes = True
        self.statuses: list[int] = []
        self._graph = graph
        self._entra = entra
        self._session: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Task[None]] = set()
        route = graph.route
        route("POST", VERSION + "communications/calls", "graph.call", self._join)
        route("POST", VERSION + _ONE + "/participants/invite", "graph.invite", self._invite)
        route("POST", VERSION + _ONE + "/keepAlive", "graph.keepAlive", self._keep_alive)
        route("DELETE", VERSION + _ONE, "graph.hangUp", self._hang_up)
        route("POST", VERSION + "communications/getPresencesByUserId", "graph.presence", self._presences)

    def rung(self) -> list[Person]:
        """Return whom the bot rings just now."""
        people = {person.oid: person for person in self._graph.stage.tenant.people}
        return [people[oid] for leg in self.legs for oid in leg.invited]

    async def answer(self, person: Person) -> bool:
        """Let somebody take the call: they are in the meeting. False when they are not rung."""
        leg = self._leg_of(person)
        if leg is None:
            return False
        operation, context = leg.invited.pop(person.oid)
        self.inside.setdefault(leg.thread_id, []).append(person)
        await self._tell(leg, f"/operations/{operation}", _operation(operation, context, "completed"), "deleted")
        await self._tell(leg, "/participants", self._roster(leg))
        return True

    async def decline(self, person: Person, code: int = DECLINED) -> bool:
        """Let somebody decline, or with another code not answer or not be found. False when they are not rung."""
        leg = self._leg_of(person)
        if leg is None:
            return False
        operation, context = leg.invited.pop(person.oid)
        failed = _operation(operation, context, "failed", code)
        await self._tell(leg, f"/operations/{operation}", failed, "deleted")
        return True

    async def establish(self, leg: Leg) -> None:
        """Let the bot's call stand, and tell it who is in the meeting."""
        leg.state = "established"
        await self._tell(leg, "", {"@odata.type": f"{_TYPE}call", "state": "established", "id": leg.id})
        await self._tell(leg, "/participants", self._roster(leg))

    def token(self, **changes: Any) -> str:  # noqa: ANN401 - any claim
        """Return the token that a callback carries; `changes` replace claims (to forge)."""
        now = self._graph.stage.clock.now() // 1000
        tenant = self._graph.stage.tenant
        claims = {
            "aud": tenant.app_id,
            "iss": ISSUER,
            "tid": tenant.tenant_id,
            "nbf": now - 60,
            "exp": now + 3600,
            "jti": secrets.token_hex(8),
        }
        return self._graph.stage.canaries.add("token", self._entra.bot_key.sign(claims | changes))

    async def deliver(self, callback: str, body: object, token: str | None = None) -> int:
        """Send a callback as Microsoft would and return the bot's status, 0 for none; `token` replaces the real one."""
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        journal, clock = self._graph.stage.journal, self._graph.stage.clock
        path = urlsplit(callback).path
        exchange = journal.begin("bot", "POST", path, clock.now())
        exchange.operation = "bot.callback"
        headers = {"Authorization": f"Bearer {self.token() if token is None else token}"}
        exchange.request, exchange.request_headers = body, masked_headers(headers)
        try:
            async with self._session.post(f"{self.bot}{path}", json=body, headers=headers) as answer:
                exchange.status = answer.status
        except aiohttp.ClientError:
            exchange.status = None
        exchange.done = True
        journal.changed()
        self.statuses.append(exchange.status or 0)
        return exchange.status or 0

    async def close(self) -> None:
        """Send nothing more."""
        for sending in self._sending:
            sending.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _join(self, call: Call) -> web.Response:
        body = json_object(call)
        callback = body.get("callbackUri")
        chat = body.get("chatInfo") or {}
        if not isinstance(callback, str) or not callback.startswith("https://") or "mediaConfig" not in body:
            raise Refused(400, "BadRequest", "callbackUri and mediaConfig are required.")
        self._graph.stage.canaries.add("address", callback.rpartition("/")[2])
        leg = Leg(str(uuid.uuid4()), callback, str(chat.get("threadId", "")))
        self.legs.append(leg)
        if self.establishes:
            self._later(self.establish(leg))
        answer = {**body, "id": leg.id, "state": "establishing", "direction": "outgoing"}
        location = f"{self._graph.url}/v1.0/communications/calls/{leg.id}"
        return web.json_response(answer, status=201, headers={"Location": location})

    async def _invite(self, call: Call) -> web.Response:
        leg, body = self._leg(call), json_object(call)
        people = body.get("participants")
        if leg.state != "established" or not isinstance(people, list) or not 1 <= len(people) <= _MOST_AT_ONCE:
            raise Refused(400, "BadRequest", "An established call and one to five participants are required.")
        operation, context = str(uuid.uuid4()), str(body.get("clientContext", ""))
        for one in people:
            leg.invited[one["identity"]["user"]["id"]] = (operation, context)
        return web.json_response(_operation(operation, context, "running") | {"participants": people})

    async def _keep_alive(self, call: Call) -> web.Response:
        self._leg(call).kept += 1
        return web.json_response(
            {"@odata.type": f"{_TYPE}commsOperation", "id": str(uuid.uuid4()), "status": "completed"}
        )

    async def _hang_up(self, call: Call) -> web.Response:
        leg = self._leg(call)
        leg.state = "terminated"
        leg.invited.clear()
        return web.Response(status=204)

    async def _presences(self, call: Call) -> web.Response:
        oids = json_object(call).get("ids")
        said = [
            {"@odata.type": f"{_TYPE}presence", "id": oid, "availability": self.presence.get(oid, "Available")}
            for oid in (oids if isinstance(oids, list) else [])
        ]
        return web.json_response({"value": [one | {"activity": one["availability"]} for one in said]})

    def _leg(self, call: Call) -> Leg:
        leg = next((leg for leg in self.legs if leg.id == call.part("call") and leg.state != "terminated"), None)
        if leg is None:
            raise Refused(404, "NotFound", "Call not found.")
        return leg

    def _leg_of(self, person: Person) -> Leg | None:
        return next((leg for leg in self.legs if person.oid in leg.invited), None)

    def _roster(self, leg: Leg) -> list[Mapping[str, Any]]:
        return [
            {
                "@odata.type": f"{_TYPE}participant",
                "id": str(uuid.uuid5(uuid.NAMESPACE_OID, person.oid)),
                "isInLobby": False,
                "info": {"identity": {"user": {"id": person.oid, "displayName": person.name}}},
            }
            for person in self.inside.get(leg.thread_id, [])
        ]

    async def _tell(self, leg: Leg, below: str, data: object, change: str = "updated") -> None:
        """Send one notification, whose data is an object, or a list for the roster (facts/graph 5)."""
        one = {
            "@odata.type": f"{_TYPE}commsNotification",
            "changeType": change,
            "resource": f"/app/calls/{leg.id}{below}",
            "resourceUrl": f"/communications/calls/{leg.id}{below}",
            "resourceData": data,
        }
        await self.deliver(leg.callback, {"@odata.type": f"{_TYPE}commsNotifications", "value": [one]})

    def _later(self, telling: Any) -> None:  # noqa: ANN401 - any coroutine
        task = asyncio.create_task(telling)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


def _operation(operation: str, context: str, status: str, code: int = 200) -> dict[str, Any]:
    said = {"@odata.type": f"{_TYPE}inviteParticipantsOperation", "id": operation, "clientContext": context}
    result = {"@odata.type": f"{_TYPE}resultInfo", "code": code, "subcode": 0, "message": ""}
    return said | {"status": status} | ({} if status == "running" else {"resultInfo": result})
