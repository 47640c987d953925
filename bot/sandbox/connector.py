"""A small Bot Connector: posts, edits, targeted messages, members, teams; nothing that Teams lacks (facts/teams 3)."""

from __future__ import annotations

import base64
import math
from typing import Any

from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.entra import Entra
from bot.sandbox.posts import MESSAGE_LIMIT, Board, Post, message_size
from bot.sandbox.rates import EVERYTHING, READ, SEND, Limits
from bot.sandbox.server import Call, Refused, Server, Stage
from bot.sandbox.tenant import Chat, Person, Team

_BASE = "/teams/v3"
_CHAT = _BASE + "/conversations/{conversation}"
_TYPES = frozenset({"message", "typing", "event", "trace"})
_MESSAGES = {
    "BotDisabledByAdmin": "The tenant admin disabled this bot",
    "BotNotInConversationRoster": "The bot is not part of the conversation roster.",
    "ConversationBlockedByUser": "User blocked the conversation with the bot.",
}


class Connector(Server):
    """`board` holds what was posted; `limits.on = True` switches Teams' rate limits on. `targeted`: whispers exist."""

    name = "teams"

    def __init__(self, stage: Stage, authority: Authority, entra: Entra) -> None:
        super().__init__(stage, authority)
        self.board = Board(stage.clock)
        self.limits = Limits(stage.clock)
        self.targeted = True
        self._entra = entra
        self.route("POST", _CHAT + "/activities", "connector.post", self._post)
        self.route("POST", _CHAT + "/activities/{activity}", "connector.post", self._post)
        self.route("PUT", _CHAT + "/activities/{activity}", "connector.edit", self._edit)
        self.route("DELETE", _CHAT + "/activities/{activity}", "connector.delete", self._delete)
        self.route("POST", _BASE + "/conversations", "connector.create", self._create)
        self.route("GET", _CHAT + "/members", "connector.members", self._members)
        self.route("GET", _CHAT + "/pagedmembers", "connector.members", self._paged_members)
        self.route("GET", _CHAT + "/members/{member}", "connector.member", self._member)
        self.route("GET", _BASE + "/teams/{team}", "connector.team", self._team)
        self.route("GET", _BASE + "/teams/{team}/conversations", "connector.team", self._channels)

    @property
    def service_url(self) -> str:
        """Return what activities carry as serviceUrl."""
        return f"{self.url}/teams/"

    def operation(self, call: Call, operation: str) -> str:
        """Return `connector.whisper` for a targeted post."""
        return "connector.whisper" if operation == "connector.post" and _targeted(call) else operation

    def admit(self, call: Call) -> None:
        """Judge the bearer, then the rate limits; raises Refused 401, 429."""
        claims = self._entra.claims(call.request.headers.get("Authorization", ""), {self._entra.bot_framework})
        if claims["appid"] != self.stage.tenant.app_id:
            raise Refused(401, "Unauthorized", "Unknown bot.")
        self._limit("tenant", EVERYTHING)
        reads = call.request.method == "GET"
        thread_id = call.request.match_info.get("conversation", "").partition(";")[0]
        if thread_id:
            self._limit(f"{'read' if reads else 'send'} {thread_id}", READ if reads else SEND)

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return the Connector's error body; it words a refused bearer differently."""
        del call
        body: dict[str, Any] = {"error": {"code": refused.code, "message": refused.message}}
        if refused.status == 401:  # noqa: PLR2004 - a status is what it says
            body = {"message": "Authorization has been denied for this request."}
        return web.json_response(body, status=refused.status, headers=refused.headers)

    async def _post(self, call: Call) -> web.Response:
        chat = self._chat(call)
        activity = self._activity(call)
        visible_to = self._recipient(call, chat, activity) if _targeted(call) else ""
        if activity["type"] != "message":
            return web.json_response({"id": self.board.new_id()}, status=201)
        conversation_id = call.part("conversation")
        post = self.board.add(conversation_id, self.stage.tenant.bot_id, activity, visible_to=visible_to)
        return web.json_response({"id": post.id}, status=201)

    async def _edit(self, call: Call) -> web.Response:
        self._chat(call)
        activity = self._activity(call)
        post = self._own_post(call)
        if _targeted(call) and "recipient" in activity:
            raise Refused(400, "BadSyntax", "Recipient cannot be changed in a targeted message.")
        self.board.edit(post, activity)
        return web.json_response({"id": post.id})

    async def _delete(self, call: Call) -> web.Response:
        self._chat(call)
        self._own_post(call).deleted = True
        return web.Response(status=200)

    async def _create(self, call: Call) -> web.Response:
        body = _object(call)
        activity = body.get("activity")
        chat = self._new_conversation(body)
        self._allowed(chat)
        self._limit(f"send {chat.thread_id}", SEND)
        conversation_id, answer = chat.thread_id, {}
        if activity is not None:
            _check(activity)
            post = self.board.add(chat.thread_id, self.stage.tenant.bot_id, activity)
            conversation_id, answer = post.conversation_id, {"activityId": post.id}
        return web.json_response({"id": conversation_id, "serviceUrl": self.service_url, **answer}, status=201)

    def _new_conversation(self, body: dict[str, Any]) -> Chat:
        tenant = self.stage.tenant
        channel_id = ((body.get("channelData") or {}).get("channel") or {}).get("id")
        if channel_id:
            return self._known(channel_id)
        members = body.get("members") or []
        if len(members) != 1 or body.get("isGroup"):
            raise Refused(400, "BadSyntax", "Incorrect conversation creation parameters")
        person = tenant.person(str(members[0].get("id")))
        if person is None:
            raise Refused(403, "ForbiddenOperationException", "Failed to decrypt conversation id")
        return tenant.personal_chat(person)

    async def _members(self, call: Call) -> web.Response:
        chat = self._chat(call)
        return web.json_response([self._account(person) for person in self.stage.tenant.members(chat)])

    async def _paged_members(self, call: Call) -> web.Response:
        people = self.stage.tenant.members(self._chat(call))
        try:
            size = min(int(call.query("pageSize") or 200), 500)
            start = int(base64.urlsafe_b64decode(call.query("continuationToken")) or 0)
        except ValueError:
            raise Refused(400, "BadArgument", "Invalid page size or continuation token.") from None
        body: dict[str, Any] = {"members": [self._account(person) for person in people[start : start + size]]}
        if start + size < len(people):
            body["continuationToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        return web.json_response(body)

    async def _member(self, call: Call) -> web.Response:
        chat = self._chat(call)
        person = self.stage.tenant.person(call.part("member"))
        if person is None or person.oid not in chat.members:
            raise Refused(404, "MemberNotFoundInConversation", "Member not found in conversation.")
        return web.json_response(self._account(person))

    async def _team(self, call: Call) -> web.Response:
        team, channels = self._find_team(call)
        details = {"id": team.id, "name": team.name, "aadGroupId": team.group_id, "type": "standard"}
        members = {oid for chat in channels for oid in chat.members}
        return web.json_response({**details, "channelCount": len(channels) + 1, "memberCount": len(members)})

    async def _channels(self, call: Call) -> web.Response:
        team, channels = self._find_team(call)
        listed = [{"id": chat.thread_id, "name": chat.name, "type": chat.membership} for chat in channels]
        return web.json_response({"conversations": [{"id": team.id, "name": None, "type": "standard"}, *listed]})

    def _find_team(self, call: Call) -> tuple[Team, list[Chat]]:
        key = call.part("team")
        channels = [chat for chat in self.stage.tenant.chats if chat.team is not None and chat.team.id == key]
        if not channels or channels[0].team is None:
            raise Refused(404, "NotFound", "Team not found.")
        return channels[0].team, channels

    def _chat(self, call: Call) -> Chat:
        chat = self._known(call.part("conversation"))
        self._allowed(chat)
        return chat

    def _known(self, conversation_id: str) -> Chat:
        chat = self.stage.tenant.chat(conversation_id)
        if chat is None:
            raise Refused(404, "ConversationNotFound", "Conversation not found.")
        return chat

    def _allowed(self, chat: Chat) -> None:
        code = self.stage.tenant.bot_may_post(chat)
        if code:
            raise Refused(403, code, _MESSAGES[code])

    def _activity(self, call: Call) -> dict[str, Any]:
        activity = _object(call)
        _check(activity)
        return activity

    def _own_post(self, call: Call) -> Post:
        post = self.board.find(call.part("conversation"), call.part("activity"))
        if post is None or bool(post.visible_to) != _targeted(call):
            raise Refused(404, "ActivityNotFoundInConversation", "Activity not found in conversation.")
        if post.sender != self.stage.tenant.bot_id:
            raise Refused(403, "ForbiddenOperationException", "A bot may only change its own messages.")
        return post

    def _recipient(self, call: Call, chat: Chat, activity: dict[str, Any]) -> str:
        del call
        person = self.stage.tenant.person(str((activity.get("recipient") or {}).get("id", "")))
        if not self.targeted or chat.kind == "personal":
            raise Refused(400, "BadSyntax", "Targeted messages are not supported in this conversation.")
        if person is None or person.oid not in chat.members:
            raise Refused(400, "BadSyntax", "The recipient is not a member of the conversation.")
        return person.id

    def _account(self, person: Person) -> dict[str, Any]:
        given, _, family = person.name.partition(" ")
        return {
            "id": person.id,
            "name": person.name,
            "givenName": given,
            "surname": family,
            "email": person.upn if not person.guest else person.upn.partition("#EXT#")[0].replace("_", "@", 1),
            "userPrincipalName": person.upn,
            "tenantId": self.stage.tenant.tenant_id,
            "aadObjectId": person.oid,
            "objectId": person.oid,
            "userRole": "guest" if person.guest else "user",
        }

    def _limit(self, key: str, windows: tuple[tuple[int, int], ...]) -> None:
        seconds = self.limits.wait(key, windows)
        if seconds:
            headers = {"Retry-After": str(math.ceil(seconds))}
            raise Refused(429, "TooManyRequests", "API calls quota exceeded.", **headers)


def _targeted(call: Call) -> bool:
    return call.query("isTargetedActivity").casefold() == "true"


def _object(call: Call) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise Refused(400, "BadSyntax", "Activity is not JSON.")
    return call.body


def _check(activity: Any) -> None:  # noqa: ANN401 - any JSON
    """Refuse what Teams refuses: another type, nothing to show, attachments without a type, too many bytes."""
    if not isinstance(activity, dict) or activity.get("type") not in _TYPES:
        raise Refused(400, "BadSyntax", "Activity type is missing or unknown.")
    attachments = activity.get("attachments") or []
    if activity["type"] == "message" and not activity.get("text") and not attachments:
        raise Refused(400, "BadSyntax", "Activity must have text or attachments.")
    if not all(isinstance(item, dict) and item.get("contentType") for item in attachments):
        raise Refused(400, "BadSyntax", "An attachment has no contentType.")
    if message_size(activity) > MESSAGE_LIMIT:
        raise Refused(413, "MessageSizeTooBig", "Message size too large.")
