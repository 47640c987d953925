"""What may be told of an address of Graph's: the words that Graph gave it, and never what stands between them."""

from __future__ import annotations

WORDS = frozenset(
    {
        *("calendar", "calls", "channels", "chats", "communications", "createOrGet"),
        *("events", "getPresencesByUserId", "invite", "keepAlive", "me", "members", "messages", "onlineMeetings"),
        *("participants", "replies", "subscriptions", "teams", "users"),
    }
)
"""The segments that are Graph's (facts/graph 1, 4 to 6). Whatever is not known to be one of them is a value."""


def template(path: str) -> str:
    """Return a path without its query, each value in it as `{id}`: `/users/{id}/onlineMeetings`. Pure.

    Ids are people's, and a query may carry a join link.
    """
    return "/".join(part if part in WORDS or not part else "{id}" for part in path.partition("?")[0].split("/"))
