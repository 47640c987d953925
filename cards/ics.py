"""A meeting as an iCalendar file, for any calendar: RFC 5545, one event whose UID is the meeting's external id."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.model import Room
from cards import escape, phone
from cards.words import Words, words

LONGEST_LINE = 500
"""Characters of one line of Microsoft's invitation."""


def calendar_file(room: Room) -> str:
    """Return the file of a room that has a meeting, lines ended by CRLF; in `room.language`, times in UTC."""
    from icalendar import Calendar, Event  # noqa: PLC0415 - 0.1 s and 10 MiB for what few people ask for

    says, meeting = words(room.language), room.meeting
    link = escape.https(meeting.join_url) if meeting else ""
    event = Event()
    event.add("uid", room.external_id)
    event.add("sequence", room.version)
    event.add("dtstamp", _instant(room.opened_at or room.created_at))
    event.add("dtstart", _instant(room.starts_at))
    event.add("dtend", _instant(room.ends_at))
    event.add("summary", escape.clean(room.subject))
    event.add("description", "\n".join(filter(None, [link, *_how(room, says)])))
    if link:
        event.add("url", link)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Muster//Muster//EN")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return str(calendar.to_ical().decode())


def _how(room: Room, says: Words) -> list[str]:
    """Return how to join in words: Microsoft's own, in the language of who asked, else the number."""
    meeting = room.meeting
    if meeting is None or not room.options.numbers:
        return []
    number = phone.short(meeting.dial_in, says) if meeting.dial_in else None
    invitation = [escape.clean(line, LONGEST_LINE) for line in meeting.join_text.splitlines()]
    return invitation or ([number.plain()] if number else [])


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)
