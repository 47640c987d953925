"""Messages into Teams, as `bot.ports.Messenger` (facts/teams 3)."""

from __future__ import annotations

from typing import Any

import orjson

from bot.errors import Rejected, Unclear
from bot.messages import Rendered
from bot.model import Chat, ChatKind, Person
from bot.teams import outbound
from bot.teams.botbuilder_adapter import BotbuilderAdapter
from bot.teams.connection import Connection, new_id
from bot.teams.service_url import normal
from bot.teams.token_service import TokenService


class Sender:
    """Posts through botbuilder's connector client, whispers past it: it knows no query parameters (facts/teams 1.7).

    Chats come out of the store: whatever was allowed when they were written, nothing is sent for a tenant that is not
    one of `tenants` (small letters) any more, and `connection` sends to no host that is not on its list (ENGINE 4.6).
    """

    def __init__(
        self,
        adapter: BotbuilderAdapter,
        connection: Connection,
        tenants: frozenset[str],
        token_service: TokenService | None = None,
    ) -> None:
        self._adapter = adapter
        self._connection = connection
        self._tenants = tenants
        self._token_service = token_service

    async def post(self, chat: Chat, conversation_id: str, content: Rendered, *, nonce: str) -> str:
        """Post into a conversation and return the new activity's id; raises SendErrors."""
        return await self._post(chat, conversation_id, outbound.activity(content, nonce=nonce))

    async def _post(self, chat: Chat, conversation_id: str, message: dict[str, Any]) -> str:
        conversations = await self._adapter.conversations(self._address(chat))
        return new_id(await conversations.send_to_conversation(conversation_id, message))

    async def whisper(self, chat: Chat, conversation_id: str, to: Person, content: Rendered, *, nonce: str) -> str:
        """Post what only `to` sees; in a 1:1, where nobody else is, an ordinary message (facts/teams 3.4)."""
        attached = await self._sign_in(chat, conversation_id, to, content)
        if chat.kind is ChatKind.PERSONAL:
            return await self._post(chat, conversation_id, outbound.activity(content, nonce=nonce) | attached)
        service_url = self._address(chat)
        message = outbound.activity(content, nonce=nonce, to=to) | attached
        url = outbound.targeted_url(service_url, conversation_id)
        return new_id(await self._connection.request("POST", url, orjson.dumps(message)))

    async def _sign_in(self, chat: Chat, conversation_id: str, to: Person, content: Rendered) -> dict[str, Any]:
        """Return the sign-in's attachment, made anew for each message: its address lives for minutes only."""
        if not content.sign_in or self._token_service is None:
            return {}
        resource = await self._token_service.sign_in_resource(chat, conversation_id, to)
        silent = content.silent and chat.kind is not ChatKind.CHANNEL
        card = outbound.sign_in(content, self._token_service.connection_name, resource, silent=silent)
        return {"attachments": [card], "text": ""}

    async def group(self, chat: Chat) -> str:
        """Return the group id of the channel's team, which messages do not carry; raises SendErrors (facts/teams 2)."""
        service_url = self._address(chat)
        found = await self._connection.request("GET", outbound.team_url(service_url, chat.team_id))
        return outbound.text(found, "aadGroupId")

    async def channel_names(self, chat: Chat) -> dict[str, str]:
        """Return the names in a team's list of channels, where the general one has none; raises SendErrors."""
        if not chat.team_id:
            return {}
        url = f"{outbound.team_url(self._address(chat), chat.team_id)}/conversations"
        return outbound.channel_names(await self._connection.request("GET", url))

    async def personal(self, chat: Chat, to: Person) -> str:
        """Return the conversation with one person; Teams gives the same one each time. Raises SendErrors."""
        service_url = self._address(chat)
        body = orjson.dumps(outbound.personal_conversation(chat, to))
        return new_id(await self._connection.request("POST", f"{service_url}/v3/conversations", body), Unclear)

    async def edit(self, chat: Chat, conversation_id: str, activity_id: str, content: Rendered) -> None:
        """Replace a posted activity in place; raises SendErrors, every transient one as NotDone."""
        conversations = await self._adapter.conversations(self._address(chat))
        await conversations.update_activity(conversation_id, activity_id, outbound.activity(content))

    async def delete(self, chat: Chat, conversation_id: str, activity_id: str) -> None:
        """Delete a posted activity; raises SendErrors, every transient one as NotDone."""
        conversations = await self._adapter.conversations(self._address(chat))
        await conversations.delete_activity(conversation_id, activity_id)

    async def member(self, chat: Chat, person_id: str) -> Person:
        """Return a member with their sign-in name, a guest with their address; raises SendErrors (facts/teams 3)."""
        service_url = self._address(chat)
        url = outbound.member_url(service_url, chat.thread_id, person_id)
        return outbound.member(await self._connection.request("GET", url), person_id)

    def _address(self, chat: Chat) -> str:
        """Return where a chat is answered. Raises Rejected for one that may not be answered, or cannot."""
        if chat.tenant.lower() not in self._tenants:
            raise Rejected("the chat's tenant is not on the list of tenants")
        service_url = normal(chat.service_url)
        if not service_url:
            raise Rejected("the chat has no usable service URL")
        return service_url
