"""`GET /api/ics?m=…`: a meeting's calendar file, for whoever was given its address by a whisper (issue 4, 1)."""

from __future__ import annotations

from aiohttp import web

from bot.model import RoomState
from bot.ports import Store
from cards.ics import calendar_file

LONGEST_ID = 64
SHOWN = frozenset({RoomState.SCHEDULED, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY})
_HEADERS = {
    "Content-Disposition": 'attachment; filename="meeting.ics"',  # nobody's words in a file name (ENGINE 4.12)
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Handout:
    """Hands the files out. A room's id has 128 unguessable bits: who knows it was shown the meeting."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle(self, request: web.Request) -> web.Response:
        """Return the file; 404 for whatever is no meeting that people may join. Raises StoreError."""
        room_id = request.query.get("m", "")
        room = await self._store.room(room_id) if 0 < len(room_id) <= LONGEST_ID else None
        if room is None or room.meeting is None or room.state not in SHOWN:
            raise web.HTTPNotFound
        return web.Response(text=calendar_file(room), content_type="text/calendar", charset="utf-8", headers=_HEADERS)
