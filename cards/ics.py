"""A meeting as an iCalendar file, for any calendar: RFC 5545, one event whose UID is the meeting's external id."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.model import Room
from cards import escape, phone
from cards.words import words

LONGEST_LINE = 75
"""Octets of a line before it is folded (RFC 5545, 3.1)."""


def calendar_file(room: Room) -> str:
    """Return the file of a room that has a meeting, lines ended by CRLF; in `room.language`, times in UTC."""
    says, meeting = words(room.language), room.meeting
    link = escape.https(meeting.join_url) if meeting else ""
    dial_in = meeting.dial_in if meeting and room.options.numbers else None
    number = phone.short(dial_in, says) if dial_in else None
    about = [link, *([number.plain()] if number else [])]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Muster//Muster//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{_text(room.external_id)}",
        f"SEQUENCE:{room.version}",
        f"DTSTAMP:{_instant(room.opened_at or room.created_at)}",
        f"DTSTART:{_instant(room.starts_at)}",
        f"DTEND:{_instant(room.ends_at)}",
        f"SUMMARY:{_text(escape.clean(room.subject))}",
        f"DESCRIPTION:{_text(chr(10).join(filter(None, about)))}",
        *([f"URL:{link}"] if link else []),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """Return a TEXT value: backslash, semicolon, comma and the line's end are escaped (RFC 5545, 3.3.11)."""
    for char in "\\;,":
        value = value.replace(char, f"\\{char}")
    return value.replace("\n", "\\n").replace("\r", "")


def _folded(line: str) -> str:
    """Return the line folded so that none has more than 75 octets and no character is cut."""
    folded, size = "", 0
    for char in line:
        octets = len(char.encode(errors="replace"))
        if size + octets > LONGEST_LINE:
            folded, size = f"{folded}\r\n ", 1
        folded, size = folded + char, size + octets
    return folded
