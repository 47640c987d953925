"""`GET /api/ics?m=…`: a meeting's calendar file, for whoever was given its address by a whisper (issue 4, 1)."""

from __future__ import annotations

import re

from aiohttp import web

from bot.bounded import Crowd, refused
from bot.errors import DoorError, StoreError
from bot.model import Room, RoomState
from bot.ports import Store
from cards.ics import calendar_file

SHOWN = frozenset({RoomState.SCHEDULED, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY})
_ID = re.compile(r"[0-9a-f]{32}")
_HEADERS = {
    "Content-Disposition": 'attachment; filename="meeting.ics"',  # nobody's words in a file name (ENGINE 4.12)
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Handout:
    """Hands the files out. A room's id has 128 unguessable bits: who knows it was shown the meeting.

    `crowd` counts who asks at once.
    """

    def __init__(self, store: Store, crowd: Crowd | None = None) -> None:
        self._store = store
        self._crowd = crowd or Crowd()

    async def handle(self, request: web.Request) -> web.Response:
        """Return the file; 404 for whatever is no meeting that people may join, 429 and 503 for another time."""
        try:
            with self._crowd.joined(request.remote or ""):
                room = await self._room(request.query.get("m", ""))
        except DoorError as error:
            return refused(error)
        if room is None or room.meeting is None or room.state not in SHOWN:
            raise web.HTTPNotFound
        return web.Response(text=calendar_file(room), content_type="text/calendar", charset="utf-8", headers=_HEADERS)

    async def _room(self, room_id: str) -> Room | None:
        """Return the room; what cannot be an id of ours is not looked up: PostgreSQL takes not every text."""
        if not _ID.fullmatch(room_id):
            return None
        try:
            return await self._store.room(room_id)
        except StoreError:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
