"""Microsoft's Agents Playground in front of a bot that wants signed activities: a relay that signs (ENGINE R26).

The Playground sends without a token and listens without TLS (facts/teams 8). The relay gives its activities the ids
Teams has, signs them with the sandbox's key, and forwards them; the bot's calls to the connector, their bearer checked,
go back to the Playground in its own ids.
"""

from __future__ import annotations

import copy
import re
from typing import Any
from urllib.parse import quote, unquote

import aiohttp
from aiohttp import web
from yarl import URL

from bot.sandbox.cloud import Cloud
from bot.sandbox.server import Call, Refused, Server, Stage
from bot.sandbox.teams_client import TeamsClient
from bot.sandbox.tenant import Chat, Tenant

Json = dict[str, Any]

_BASE = "/teams"
_CONVERSATION = re.compile(r"(/v3/conversations/)([^/?]+)")
_PASSED = frozenset({"content-type", "retry-after"})


class Translator:
    """Turns the Playground's activities into Teams' (`inbound`) and what the bot sends back (`outbound…`). Pure.

    Teams' ids of people and chats come from the tenant; the Playground's names of chats are remembered.
    """

    def __init__(self, tenant: Tenant, service_url: str) -> None:
        self.service_url = service_url
        self._tenant = tenant
        self._theirs: dict[str, str] = {}

    def inbound(self, activity: Json) -> Json:
        """Return an activity as Teams would send it: realistic ids, this tenant, the relay's serviceUrl."""
        told = copy.deepcopy(activity)
        chat = self._chat(told)
        told["conversation"] = self._conversation(told, chat)
        told.update(channelId="msteams", serviceUrl=self.service_url)
        told["from"] = self._account(told.get("from") or {})
        told["recipient"] = {"id": self._tenant.bot_id, "name": self._tenant.bot_name}
        for entity in told.get("entities") or []:
            if entity.get("type") == "mention" and isinstance(entity.get("mentioned"), dict):
                entity["mentioned"] = self._account(entity["mentioned"])
        for name in ("membersAdded", "membersRemoved"):
            if told.get(name):
                told[name] = [self._account(member) for member in told[name]]
        told["channelData"] = self._channel_data(told.get("channelData") or {}, chat)
        return told

    def outbound_path(self, path: str) -> str:
        """Return a path of the connector (`/v3/…`) with the Playground's own conversation id."""
        return _CONVERSATION.sub(lambda found: found[1] + quote(self._playground_id(unquote(found[2])), safe=""), path)

    def outbound(self, body: Json, *, targeted: bool) -> Json:
        """Return what the bot posts as the Playground takes it; a whisper, which it lacks, says whom it is for."""
        told = copy.deepcopy(body)
        if targeted:
            person = self._tenant.person(str((told.get("recipient") or {}).get("id", "")))
            only = f"(Only {person.first_name if person else 'one person'} sees this.)"
            told["text"] = f"{told.get('text') or ''}\n\n{only}".strip()
        conversation = told.get("conversation")
        if isinstance(conversation, dict) and "id" in conversation:
            conversation["id"] = self._playground_id(str(conversation["id"]))
        return told

    def _playground_id(self, ours: str) -> str:
        return self._theirs.get(ours) or self._theirs.get(ours.partition(";")[0]) or ours

    def _chat(self, activity: Json) -> Chat:
        """Return the chat an activity is in: by its id, else the first of its kind."""
        conversation = activity.get("conversation") or {}
        known = self._tenant.chat(str(conversation.get("id", "")))
        if known is not None:
            return known
        kind = conversation.get("conversationType") or "personal"
        if kind == "personal":
            person = self._tenant.person(str((activity.get("from") or {}).get("id", "")))
            return self._tenant.personal_chat(person or self._tenant.ana)
        return next(chat for chat in self._tenant.chats if (chat.kind == "channel") == (kind == "channel"))

    def _conversation(self, activity: Json, chat: Chat) -> Json:
        theirs = str((activity.get("conversation") or {}).get("id", ""))
        ours = chat.thread_id
        if chat.kind == "channel":
            root = theirs.partition(";messageid=")[2] or activity.get("replyToId") or activity.get("id")
            ours += f";messageid={root}" if root else ""
        self._theirs[ours] = self._theirs[chat.thread_id] = theirs
        made: Json = {"id": ours, "conversationType": chat.kind, "tenantId": self._tenant.tenant_id}
        return made if chat.kind == "personal" else {**made, "isGroup": True}

    def _account(self, theirs: Json) -> Json:
        key, name = str(theirs.get("id", "")), str(theirs.get("name", ""))
        if key in (self._tenant.bot_id, self._tenant.app_id) or name == self._tenant.bot_name:
            return {"id": self._tenant.bot_id, "name": self._tenant.bot_name}
        person = self._tenant.person(key) or self._tenant.person(name) or self._tenant.ana
        return {"id": person.id, "name": person.name, "aadObjectId": person.oid}

    def _channel_data(self, theirs: Json, chat: Chat) -> Json:
        made: Json = {**theirs, "tenant": {"id": self._tenant.tenant_id}}
        if chat.team is not None:
            made["teamsChannelId"], made["teamsTeamId"] = chat.thread_id, chat.team.id
            made["channel"] = {"id": chat.thread_id, "name": chat.name}
            made["team"] = {"id": chat.team.id, "name": chat.team.name, "aadGroupId": chat.team.group_id}
        return made


class Relay(Server):
    """Two listeners on 127.0.0.1: HTTP for the Playground (`endpoint`), HTTPS for the bot's connector calls.

    `connector` is where the Playground's connector is, such as http://127.0.0.1:56150/_connector.
    """

    name = "teams"

    def __init__(self, cloud: Cloud, bot_url: str, connector: str) -> None:
        # The bot trusts the cloud's authority alone, so the relay's certificate is that one's.
        super().__init__(Stage(tenant=cloud.tenant, journal=cloud.journal), cloud.authority)
        self.endpoint = ""
        self._cloud = cloud
        self._client: TeamsClient = cloud.client(bot_url)
        self._connector = connector.rstrip("/")
        self._translator = Translator(cloud.tenant, "")
        self._front = web.AppRunner(self._front_door(), access_log=None, shutdown_timeout=0.2)
        self._session: aiohttp.ClientSession | None = None
        for method in ("GET", "POST", "PUT", "DELETE"):
            self.route(method, _BASE + "/{path:.*}", "connector.relayed", self._back)

    async def start(self, port: int) -> None:
        """Listen, `port` (0: any) on the Playground's side."""
        await super().start(0)
        self._translator.service_url = f"{self.url}{_BASE}/"
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), trust_env=False)
        await self._front.setup()
        await web.TCPSite(self._front, "127.0.0.1", port).start()
        self.endpoint = f"http://127.0.0.1:{self._front.addresses[0][1]}/api/messages"

    async def stop(self) -> None:
        """Close both sides. Stopping twice is harmless."""
        await self._front.cleanup()
        if self._session is not None:
            await self._session.close()
        await super().stop()

    def admit(self, call: Call) -> None:
        """Judge the bot's bearer as the connector does; raises Refused 401."""
        self._cloud.entra.claims(call.request.headers.get("Authorization", ""), {self._cloud.entra.bot_framework})

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return the connector's error."""
        del call
        return web.json_response({"error": {"code": refused.code, "message": refused.message}}, status=refused.status)

    def _front_door(self) -> web.Application:
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_post("/api/messages", self._forward)
        return app

    async def _forward(self, request: web.Request) -> web.Response:
        """Sign an activity of the Playground and give it to the bot; the bot's answer goes back."""
        try:
            activity = await request.json()
        except ValueError:
            activity = None
        if not isinstance(activity, dict):
            return web.json_response({"error": "not a JSON object"}, status=400)
        delivery = await self._client.send(self._translator.inbound(activity))
        if not delivery.status:
            return web.json_response({"error": delivery.error}, status=502)
        kind = "application/json" if delivery.body is not None else "text/plain"
        return web.Response(status=delivery.status, text=delivery.text, content_type=kind)

    async def _back(self, call: Call) -> web.Response:
        """Give a call of the bot to the Playground's connector; its answer goes back."""
        if self._session is None:
            raise Refused(503, "ServiceUnavailable")
        path = self._translator.outbound_path(call.request.raw_path.partition("?")[0].removeprefix(_BASE))
        targeted = call.query("isTargetedActivity").casefold() == "true"
        body = self._translator.outbound(call.body, targeted=targeted) if isinstance(call.body, dict) else None
        query = {key: value for key, value in call.request.query.items() if key != "isTargetedActivity"}
        address = URL(self._connector + path, encoded=True).with_query(query)
        try:
            async with self._session.request(call.request.method, address, json=body) as answer:
                headers = {name: value for name, value in answer.headers.items() if name.lower() in _PASSED}
                return web.Response(status=answer.status, body=await answer.read(), headers=headers)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Refused(502, "BadGateway", str(error)) from error
