"""A person's Outlook calendar over Graph's connection: encode, send, decode (facts/graph 4)."""

from __future__ import annotations

from contextlib import suppress

from bot.errors import HostUnknown
from bot.graph import events
from bot.graph.client import Caller, GraphMeetings, event_of
from bot.model import Meeting, Person


class GraphCalendar:
    """`bot.ports.Calendar` over the connection of `GraphMeetings`; events are made by `Meetings.make`."""

    def __init__(self, graph: GraphMeetings) -> None:
        self._graph = graph

    async def allows_teams(self, tenant: str, oid: str, *, reference: str, by: Person | None = None) -> bool:
        """Ask a calendar for its providers. Raises as the port says."""
        caller = Caller(tenant, reference, by)
        return await self._graph.ask(caller, "GET", events.providers(caller.owner(oid)), events.allows_teams)

    async def read(self, tenant: str, oid: str, event_id: str, *, reference: str, by: Person | None = None) -> Meeting:
        """Read an event; one that Outlook left offline is put online. Raises as the port says."""
        caller = Caller(tenant, reference, by)
        found = await self._graph.ask(caller, "GET", events.read(caller.owner(oid), event_id), _as_it_is)
        if events.is_offline(found):
            return await self.put_online(tenant, oid, event_id, reference=reference, by=by)
        return event_of(found)

    async def put_online(
        self, tenant: str, oid: str, event_id: str, *, reference: str, by: Person | None = None
    ) -> Meeting:
        """Make an event an online meeting. Raises as the port says."""
        caller = Caller(tenant, reference, by)
        return await self._graph.ask(caller, "PATCH", events.put_online(caller.owner(oid), event_id), event_of)

    async def remove(self, tenant: str, oid: str, event_id: str, *, reference: str, by: Person | None = None) -> None:
        """Delete an event: 204, and 404 is as good. Raises as the port says."""
        caller = Caller(tenant, reference, by)
        with suppress(HostUnknown):
            await self._graph.ask(caller, "DELETE", events.remove(caller.owner(oid), event_id), _nothing)


def _as_it_is(body: object) -> object:
    return body


def _nothing(_: object) -> None:
    return None
