"""The trial meeting: made as every meeting is, never shown to anybody, and deleted at once."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from bot.errors import MeetingsError, NotNow, QuotaReached
from bot.model import FrozenRequest, Meeting, MeetingRequest, Person, Way
from bot.ports import Meetings

SUBJECT = "Muster checks itself"
MINUTES_MS = 5 * 60_000
DELETED_WITHIN_SECONDS = 10.0
DELETES = 3
REFERENCE = "doctor"
TOO_MANY = 429
NOWHERE = "https://muster.example/no-meeting"
"""No meeting's link: Graph finds nothing behind it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One createOrGet and one DELETE (facts/graph 1.3, 1.6) for one host of a tenant, by the app or `by` them.

    The external id is always the same for the same host: what a killed run left behind, the next one finds and deletes.
    `deleted_within` is how many seconds a DELETE and what leads to it may take.
    """

    meetings: Meetings
    tenant: str
    host: str
    by: Person | None = None
    deleted_within: float = DELETED_WITHIN_SECONDS

    async def run(self, now: int, seconds: float) -> tuple[Meeting | MeetingsError, bool]:
        """Return the meeting or why there is none, and whether it could not be deleted. `now` is ms UTC."""
        request = self._request(now)
        try:
            async with asyncio.timeout(seconds):
                meeting = await self._make(request)
        except TimeoutError:
            return NotNow("no answer from Graph in time"), not await self._gone(request)
        except NotNow as error:
            if error.status == TOO_MANY and error.retry_after is None:
                return await self._month_over(error), False
            return error, error.unclear and not await self._gone(request)
        except MeetingsError as error:
            return error, False
        except asyncio.CancelledError:
            await self._gone(request)  # it may have been made: an interrupted doctor leaves nothing behind
            raise
        try:
            return meeting, not await self._deleted(meeting)
        except asyncio.CancelledError:
            await self._deleted(meeting)
            raise

    def _request(self, now: int) -> FrozenRequest:
        external_id = hashlib.sha256(f"doctor|{self.tenant}|{self.host}".encode()).hexdigest()[:32]
        way = Way.USER if self.by else Way.APP
        return self.meetings.freeze(self.host, MeetingRequest(external_id, SUBJECT, now, now + MINUTES_MS, way=way))

    async def _make(self, request: FrozenRequest) -> Meeting:
        return await self.meetings.make(self.tenant, request, reference=REFERENCE, by=self.by)

    async def _month_over(self, error: NotNow) -> MeetingsError:
        """Return the host's monthly limit where only making meetings is too much, else the throttling as it came.

        No other sign of the limit is documented (facts/graph 3.4).
        """
        try:
            async with asyncio.timeout(self.deleted_within):
                await self.meetings.find(self.tenant, NOWHERE, organizer_oid=self.host, reference=REFERENCE, by=self.by)
        except (MeetingsError, TimeoutError):
            return error
        return QuotaReached("429 to making meetings alone", status=error.status, request_id=error.request_id)

    async def _gone(self, request: FrozenRequest) -> bool:
        """Find what may have been made and delete it; say whether nothing is left."""
        try:
            async with asyncio.timeout(self.deleted_within):
                return await self._deleted(await self._make(request))
        except (MeetingsError, TimeoutError):
            return False

    async def _deleted(self, meeting: Meeting) -> bool:
        for _ in range(DELETES):
            try:
                async with asyncio.timeout(self.deleted_within):
                    await self.meetings.delete(self.tenant, self.host, meeting.id, reference=REFERENCE, by=self.by)
            except (MeetingsError, TimeoutError):
                continue
            return True
        return False
