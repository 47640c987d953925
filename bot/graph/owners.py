"""Who owns a team, read with resource-specific consent (ENGINE R23).

https://learn.microsoft.com/graph/api/team-list-members: the least application permission is `TeamMember.Read.Group`,
one member is found by `userId`, and an owner's `roles` holds `owner`.
"""

from __future__ import annotations

from urllib.parse import quote

from bot.graph.client import GraphMeetings
from bot.graph.values import fields, text, whole
from bot.model import Chat

OWNER = "owner"


class GraphOwners:
    """`bot.ports.Owners` over the connection of `GraphMeetings`."""

    def __init__(self, graph: GraphMeetings) -> None:
        self._graph = graph

    async def owns(self, chat: Chat, oid: str, *, reference: str) -> bool:
        """Say whether somebody owns the channel's team (`chat.group_id`). Raises NotNow or Refused."""
        page = await self._graph.read(chat.tenant, membership(chat.group_id, oid), reference=reference)
        return is_owner(page, oid)


def membership(group_id: str, oid: str) -> str:
    """Return the path of somebody's membership in a team."""
    named = quote(f"(microsoft.graph.aadUserConversationMember/userId eq '{whole(oid)}')", safe="'()/")
    return f"/teams/{quote(group_id, safe='')}/members?$filter={named}"


def is_owner(page: object, oid: str) -> bool:
    """Say whether this person is an owner on a page of members; owners have the role, guests another, members none."""
    listed = fields(page).get("value")
    for member in map(fields, listed if isinstance(listed, list) else []):
        roles = member.get("roles")
        if text(member, "userid").casefold() == oid.casefold() and isinstance(roles, list) and OWNER in roles:
            return True
    return False
