"""Ringing people into a meeting: Muster's own call, invitations, what the callbacks say (facts/graph 5).

https://learn.microsoft.com/graph/api/application-post-calls, participant-invite, call-keepalive, call-delete,
cloudcommunications-getpresencesbyuserid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from bot.errors import HostUnknown, NotNow
from bot.graph.client import Caller, GraphMeetings
from bot.graph.values import Fields, fields, part, text, written
from bot.model import FrozenRequest, Room
from bot.ringing import News

_TYPE = "#microsoft.graph."
_CALLS = "/communications/calls"
MOST_AT_ONCE = 5
"""People of one invitation (https://learn.microsoft.com/graph/api/participant-invite)."""
MOST_NEWS, MOST_INSIDE = 100, 2_000
"""Notifications of one callback, and people of one roster, that are read."""


class GraphCalls:
    """`bot.ports.Calls` over the connection of `GraphMeetings`."""

    def __init__(self, graph: GraphMeetings) -> None:
        self._graph = graph

    async def presence(self, tenant: str, oids: Sequence[str], *, reference: str) -> Mapping[str, str]:
        """Return what people do just now. Raises as the port says."""
        return await self._graph.ask(Caller(tenant, reference), "POST", presences(oids), read_presences)

    async def join(self, room: Room, callback_url: str) -> str:
        """Join the meeting (201) and return the call's id. Raises as the port says."""
        return await self._graph.ask(Caller(room.tenant, room.reference), "POST", joining(room, callback_url), _call_id)

    async def invite(self, room: Room, call_id: str, oid: str, context: str) -> None:
        """Ring somebody (200). Raises as the port says."""
        request = invitation(call_id, (oid,), context)
        await self._graph.ask(Caller(room.tenant, room.reference), "POST", request, fields)

    async def keep_alive(self, room: Room, call_id: str) -> None:
        """Keep the call. Raises as the port says."""
        await self._graph.ask(Caller(room.tenant, room.reference), "POST", _about(call_id, "/keepAlive"), fields)

    async def hang_up(self, room: Room, call_id: str) -> None:
        """Leave (204); 404 is as good. Raises as the port says."""
        with suppress(HostUnknown):
            await self._graph.ask(Caller(room.tenant, room.reference), "DELETE", _about(call_id), fields)


def joining(room: Room, callback_url: str) -> FrozenRequest:
    """Return the request that joins a room's meeting with service-hosted media.

    By its chat and its organizer, which needs no lobby; by the meeting id where the chat is not known.
    """
    meeting = room.meeting
    body: dict[str, Any] = {
        "@odata.type": f"{_TYPE}call",
        "callbackUri": callback_url,
        "requestedModalities": ["audio"],
        "mediaConfig": {"@odata.type": f"{_TYPE}serviceHostedMediaConfig"},
        "tenantId": room.tenant,
    }
    if meeting is not None and meeting.thread_id:
        organizer = {**_user(meeting.organizer_oid or room.host.oid), "tenantId": room.tenant}
        body["chatInfo"] = {
            "@odata.type": f"{_TYPE}chatInfo",
            "threadId": meeting.thread_id,
            "messageId": meeting.message_id or "0",
        }
        body["meetingInfo"] = {
            "@odata.type": f"{_TYPE}organizerMeetingInfo",
            "organizer": {"@odata.type": f"{_TYPE}identitySet", "user": organizer},
            "allowConversationWithoutHost": True,
        }
    elif meeting is not None:
        body["meetingInfo"] = {
            "@odata.type": f"{_TYPE}joinMeetingIdMeetingInfo",
            "joinMeetingId": meeting.join_meeting_id,
            "passcode": meeting.passcode or None,
        }
    return FrozenRequest("v1.0", _CALLS, written(body))


def invitation(call_id: str, oids: Sequence[str], context: str) -> FrozenRequest:
    """Return the request that rings at most five people; `context` (at most 256 characters) comes back with the answer.

    Raises ValueError for more: Graph would refuse them all.
    """
    if len(oids) > MOST_AT_ONCE:
        raise ValueError(f"{len(oids)} people in one invitation")
    people = [
        {
            "@odata.type": f"{_TYPE}invitationParticipantInfo",
            "identity": {"@odata.type": f"{_TYPE}identitySet", "user": _user(oid)},
        }
        for oid in oids
    ]
    path = _about(call_id, "/participants/invite").path
    return FrozenRequest("v1.0", path, written({"participants": people, "clientContext": context}))


def presences(oids: Sequence[str]) -> FrozenRequest:
    """Return the request for the presence of at most 650 people."""
    return FrozenRequest("v1.0", "/communications/getPresencesByUserId", written({"ids": list(oids)}))


def read_presences(body: object) -> Mapping[str, str]:
    """Return by object id what people do: `activity` said it, `availability` does since 2025 (facts/graph 6)."""
    listed = fields(body).get("value")
    found = {}
    for one in map(fields, listed if isinstance(listed, list) else []):
        words = [text(one, "availability"), text(one, "activity")]
        asks = [word for word in words if word.casefold() in {"presenting", "donotdisturb"}]
        found[text(one, "id")] = next(iter((*asks, *words)))
    return found


def read_news(body: object) -> list[News]:
    """Return what a callback tells, in its order; what is no news of a call is left out. Raises nothing.

    `resourceData` is an object for calls and operations and a list for the roster; states are compared in small
    letters; an operation that was `deleted` has ended (facts/graph 5). No address in it is ever used.
    """
    listed = fields(body).get("value")
    found: list[News] = []
    for one in (listed if isinstance(listed, list) else [])[:MOST_NEWS]:
        found += _news(fields(one))
    return found


def _news(one: Fields) -> Iterator[News]:
    segments = text(one, "resource", "resourceurl").strip("/").split("/")
    if "calls" not in segments[:2] or len(segments) <= segments.index("calls") + 1:
        return
    call_id, *below = segments[segments.index("calls") + 1 :]
    data = one.get("resourcedata")
    if below[:1] == ["participants"] and len(below) == 1:
        yield News(call_id, inside=_inside(data))
    elif below[:1] == ["operations"]:
        yield from _operation(call_id, fields(data))
    elif not below:
        gone = text(one, "changetype").casefold() == "deleted"
        yield News(call_id, "terminated" if gone else text(fields(data), "state").casefold())


def _operation(call_id: str, data: Fields) -> Iterator[News]:
    context, result = text(data, "clientcontext"), part(data, "resultinfo")
    if context and text(data, "status").casefold() == "failed":
        code = result.get("code")
        yield News(call_id, context=context, failed=code if isinstance(code, int) else 0)


def _inside(data: object) -> frozenset[str]:
    """Return the object ids on a roster; who waits in the lobby has not come yet."""
    people = map(fields, (data if isinstance(data, list) else [])[:MOST_INSIDE])
    return frozenset(
        oid
        for one in people
        if one.get("isinlobby") is not True and (oid := text(part(one, "info", "identity", "user"), "id"))
    )


def _call_id(body: object) -> str:
    """Return the id of the call that was made; an answer without one leaves it to the callbacks."""
    call_id = text(fields(body), "id")
    if not call_id:
        raise NotNow("Graph's answer has no call id").after(None, unclear=True)
    return call_id


def _about(call_id: str, below: str = "") -> FrozenRequest:
    return FrozenRequest("v1.0", f"{_CALLS}/{quote(call_id, safe='')}{below}", "")


def _user(oid: str) -> dict[str, Any]:
    return {"@odata.type": f"{_TYPE}identity", "id": oid}
