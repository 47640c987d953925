"""Graph's messages of channels and chats, and members of teams, for an app that was given the consent to read them.

https://learn.microsoft.com/graph/api/channel-list-messages, chatmessage-list-replies, chat-list-messages: newest first,
20 on a page unless `$top` says otherwise (at most 50), `@odata.nextLink` to the next; targeted messages are not there.
https://learn.microsoft.com/graph/api/team-list-members: here only asked for one person.
"""

from __future__ import annotations

import json
import re
from typing import Any

from aiohttp import web

from bot.sandbox.clock import moment
from bot.sandbox.posts import CARD_TYPE, Board, Post
from bot.sandbox.server import Call, Refused, Server
from bot.sandbox.tenant import Chat

LISTED, MEMBERS = "graph.messages", "graph.members"
_CHANNEL = r"/{version:v1\.0|beta}{_:/+}teams/{team}/channels/{thread}/messages"
_MISSING = "Missing role permissions on the request. API requires one of '{}'. Roles on the request ''."
_USER = re.compile(r"\(microsoft\.graph\.aadUserConversationMember/userId eq '([0-9a-f-]+)'\)")
_USUAL, _MOST = 20, 50


class Messages:
    """Lists what stands on `board`, through the routes of `graph`; `tenant.consents` says what was allowed."""

    def __init__(self, graph: Server, board: Board) -> None:
        self._graph = graph
        self._stage = graph.stage
        self._board = board
        graph.route("GET", _CHANNEL, LISTED, self._roots)
        graph.route("GET", _CHANNEL + "/{root}/replies", LISTED, self._replies)
        graph.route("GET", r"/{version:v1\.0|beta}{_:/+}chats/{thread}/messages", LISTED, self._chat)
        graph.route("GET", r"/{version:v1\.0|beta}{_:/+}teams/{team}/members", MEMBERS, self._members)

    async def _roots(self, call: Call) -> web.Response:
        chat = self._channel(call)
        return self._page(call, [post for post in self._board.visible(chat.thread_id) if post.id == _root(post)])

    async def _replies(self, call: Call) -> web.Response:
        chat, root = self._channel(call), call.part("root")
        posts = self._board.visible(f"{chat.thread_id};messageid={root}")
        return self._page(call, [post for post in posts if post.id != root])

    async def _chat(self, call: Call) -> web.Response:
        self._allowed("ChatMessage.Read.Chat")
        chat = self._stage.tenant.chat(call.part("thread"))
        if chat is None or chat.kind != "groupChat":
            raise Refused(404, "NotFound", "Chat not found.")
        return self._page(call, self._board.visible(chat.thread_id))

    async def _members(self, call: Call) -> web.Response:
        self._allowed("TeamMember.Read.Group")
        tenant, asked = self._stage.tenant, _USER.fullmatch(call.query("$filter"))
        channels = [chat for chat in tenant.chats if chat.team and chat.team.group_id == call.part("team")]
        if not channels or asked is None:
            raise Refused(404 if asked else 400, "NotFound" if asked else "BadRequest", "Team or filter not found.")
        owners = {oid for chat in channels if chat.team for oid in chat.team.owners}
        listed = [one for one in tenant.people if one.oid == asked[1] and any(one.oid in c.members for c in channels)]
        roles = {one.oid: ["owner"] if one.oid in owners else ["guest"] if one.guest else [] for one in listed}
        return web.json_response(
            {
                "value": [
                    {
                        "@odata.type": "#microsoft.graph.aadUserConversationMember",
                        "id": f"member-{one.oid}",
                        "roles": roles[one.oid],
                        "displayName": one.name,
                        "userId": one.oid,
                        "email": one.upn,
                    }
                    for one in listed
                ]
            }
        )

    def _channel(self, call: Call) -> Chat:
        self._allowed("ChannelMessage.Read.Group")
        chat = self._stage.tenant.chat(call.part("thread"))
        if chat is None or chat.team is None or chat.team.group_id != call.part("team"):
            raise Refused(404, "NotFound", "Channel not found.")
        return chat

    def _allowed(self, permission: str) -> None:
        if permission not in self._stage.tenant.consents:
            raise Refused(403, "Forbidden", _MISSING.format(permission))

    def _page(self, call: Call, posts: list[Post]) -> web.Response:
        size, start = int(call.query("$top") or _USUAL), int(call.query("$skiptoken") or 0)
        if not 0 < size <= _MOST:
            raise Refused(400, "BadRequest", "Invalid value for $top.")
        listed = sorted(posts, key=lambda post: post.at, reverse=True)
        body: dict[str, Any] = {"value": [self._written(post) for post in listed[start : start + size]]}
        if start + size < len(listed):
            query = {"$top": str(size), "$skiptoken": str(start + size)}
            body["@odata.nextLink"] = f"{self._graph.url}{call.request.rel_url.with_query(query)}"
        return web.json_response(body)

    def _written(self, post: Post) -> dict[str, Any]:
        tenant, person = self._stage.tenant, self._stage.tenant.person(post.sender)
        who: dict[str, Any] = {"user": {"id": person.oid, "displayName": person.name}} if person else {}
        if post.sender == tenant.bot_id:
            app = {"id": tenant.app_id, "displayName": tenant.bot_name, "applicationIdentityType": "bot"}
            who = {"application": app}
        root = _root(post)
        return {
            "id": post.id,
            "replyToId": root if root not in {"", post.id} else None,
            "messageType": "message",
            "createdDateTime": moment(post.at).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "from": who,
            "body": {"contentType": "text", "content": post.text},
            "attachments": [
                {"id": str(number), "contentType": item["contentType"], "content": json.dumps(item.get("content"))}
                for number, item in enumerate(post.activity.get("attachments") or [])
                if item.get("contentType") == CARD_TYPE
            ],
        }


def _root(post: Post) -> str:
    return post.conversation_id.partition(";messageid=")[2]
