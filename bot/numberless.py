"""What a host is told whose meetings nobody can join by telephone (EXPERIENCE 2, NO DIAL-IN). Pure; times in ms UTC."""

from __future__ import annotations

from dataclasses import replace

from bot import rooms
from bot.decisions import PlanMessage
from bot.messages import Whisper
from bot.model import Meeting, Room

ONCE_IN = 30 * 86_400_000
"""ms in which a host is told at most once."""


def told(room: Room, meeting: Meeting, now: int, whisper_id: str) -> tuple[PlanMessage, ...]:
    """Return the whisper to the host of a meeting without numbers; a service account is told nothing.

    The message's key holds the month, so the store plans it only once; it grows no list that decisions read.
    """
    if meeting.dial_in is not None or room.host.oid != room.starter.oid:
        return ()
    words = Whisper("no-numbers", {}, room.request.language, room.zone, room.reference)
    key = f"whisper|no-numbers|{room.tenant}|{room.host.oid}|{now // ONCE_IN}"
    return (PlanMessage(replace(rooms.to_starter(room, words, whisper_id, now), intent_key=key)),)
