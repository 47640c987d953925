"""A meeting as an iCalendar file, for any calendar: RFC 5545, one event whose UID is the meeting's external id."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.model import Room
from cards import escape, phone
from cards.words import words


def calendar_file(room: Room) -> str:
    """Return the file of a room that has a meeting, lines ended by CRLF; in `room.language`, times in UTC."""
    from icalendar import Calendar, Event  # noqa: PLC0415 - 0.1 s and 10 MiB for what few people ask for

    says, meeting = words(room.language), room.meeting
    link = escape.https(meeting.join_url) if meeting else ""
    dial_in = meeting.dial_in if meeting and room.options.numbers else None
    number = phone.short(dial_in, says) if dial_in else None
    event = Event()
    event.add("uid", room.external_id)
    event.add("sequence", room.version)
    event.add("dtstamp", _instant(room.opened_at or room.created_at))
    event.add("dtstart", _instant(room.starts_at))
    event.add("dtend", _instant(room.ends_at))
    event.add("summary", escape.clean(room.subject))
    event.add("description", "\n".join(filter(None, [link, number.plain() if number else ""])))
    if link:
        event.add("url", link)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Muster//Muster//EN")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return str(calendar.to_ical().decode())


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)
