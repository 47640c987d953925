"""What stands in a chat, read with resource-specific consent: ours is known by its nonce (ENGINE R15).

https://learn.microsoft.com/graph/api/channel-list-messages, chatmessage-list-replies and chat-list-messages: the
least permissions are `ChannelMessage.Read.Group` and `ChatMessage.Read.Chat`, a page has at most 50. A card comes as
JSON text in `attachments[].content` (https://learn.microsoft.com/graph/teams-messaging-overview). A message's id is
the connector's: `;messageid=` and `chatInfo.messageId` hold the same one (facts/graph 2.4, facts/teams 2.2).
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from bot.errors import Refused
from bot.graph.client import GraphMeetings
from bot.graph.values import fields, part, text
from bot.model import Chat, ChatKind

PAGE = 50
MOST_PAGES = 4
"""Pages that are looked at: what is further down was not posted a moment ago."""
_VERSION = "/v1.0"


class GraphPosts:
    """`bot.ports.Posts` over the connection of `GraphMeetings`; `app_id` is whose posts count."""

    def __init__(self, graph: GraphMeetings, app_id: str) -> None:
        self._graph = graph
        self._app_id = app_id

    async def find(self, chat: Chat, conversation_id: str, nonce: str, *, reference: str) -> str:
        """Return the id of our post with this nonce among the newest, "" where none is. Raises as the port says."""
        path = listing(chat, conversation_id)
        for _ in range(MOST_PAGES):
            page = await self._graph.read(chat.tenant, path, reference=reference)
            if found := carrying(page, nonce, self._app_id):
                return found
            path = following(page)
            if not path:
                break
        return ""


def listing(chat: Chat, conversation_id: str) -> str:
    """Return the path of what was posted in a conversation: a chat's messages, a channel's, or a thread's replies.

    Raises Refused for a channel whose team is not known.
    """
    thread = quote(chat.thread_id, safe="")
    if chat.kind is not ChatKind.CHANNEL:
        return f"/chats/{thread}/messages?$top={PAGE}"
    if not chat.group_id:
        raise Refused("the channel's team is not known")
    root = conversation_id.partition(";messageid=")[2]
    replies = f"/{quote(root, safe='')}/replies" if root else ""
    return f"/teams/{quote(chat.group_id, safe='')}/channels/{thread}/messages{replies}?$top={PAGE}"


def carrying(page: object, nonce: str, app_id: str) -> str:
    """Return the id of the message with a card that holds the nonce, "" if none does; other apps' do not count."""
    listed = fields(page).get("value")
    for message in map(fields, listed if isinstance(listed, list) else []):
        if text(part(message, "from", "application"), "id").lower() != app_id.lower():
            continue
        attachments = message.get("attachments")
        cards = map(fields, attachments if isinstance(attachments, list) else [])
        if nonce and any(nonce in text(card, "content") for card in cards):
            return text(message, "id")
    return ""


def following(page: object) -> str:
    """Return the path of the next page, "" after the last. Of its address only the path counts (ENGINE 4.6)."""
    parts = urlsplit(text(fields(page), "@odata.nextlink"))
    if not parts.path.startswith(f"{_VERSION}/"):
        return ""
    return parts.path.removeprefix(_VERSION) + (f"?{parts.query}" if parts.query else "")
