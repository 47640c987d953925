"""How people can talk while Microsoft makes no meeting (EXPERIENCE 1.4): a call, a booking, a bridge of their own."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from bot.model import Person, Room
from cards import escape
from cards.parts import Act, Button, Content, Line, Row, naming, titled
from cards.words import Words

WORLDWIDE = "https://teams.microsoft.com"
CALL = f"{WORLDWIDE}/l/call/0/0?users="
BOOK = f"{WORLDWIDE}/l/meeting/new?subject="
"""Teams' own links; they need no Graph (facts/teams 5)."""
LONGEST_BRIDGE = 200
NAMED = 3
"""So many people are named on the button; the others are counted."""


def meanwhile(room: Room, says: Words) -> tuple[Line, ...]:
    """Return the line with the chat's own bridge, if it has one."""
    if not escape.clean(room.backup_bridge, LONGEST_BRIDGE):
        return ()
    return (Line(says("Meanwhile: {bridge}"), {"bridge": room.backup_bridge}, longest=LONGEST_BRIDGE),)


def buttons(room: Room, says: Words) -> tuple[Button, ...]:
    """Return a call of those who were mentioned, once they are known, and Teams' scheduling form."""
    book = BOOK + quote(escape.clean(room.subject), safe="")
    return (*call(room, says), Button(Act.OPEN, says("Book it in Teams"), book))


def call(room: Room, says: Words) -> tuple[Button, ...]:
    """Return the button that calls the people who were mentioned; none while nobody's sign-in name is known."""
    people = [person for person in room.people if person.upn]
    if not people:
        return ()
    names = [_first(person) for person in people[:NAMED]]
    more = len(people) - NAMED
    if more > 0:
        names.append(says.many("{count} more", "{count} more", more).format(count=more))
    title = titled(*naming(says("Call {names}"), names, says), says)
    users = ",".join(quote(person.upn, safe="@") for person in people)
    return (Button(Act.OPEN, title, CALL + users),)


def led_to(teams_url: str, content: Content) -> Content:
    """Return what a card says with Teams' own links opened by another cloud's Teams."""
    if teams_url == WORLDWIDE:
        return content
    parts = tuple(_led(teams_url, part) if isinstance(part, Row) else part for part in content.parts)
    return replace(content, parts=parts)


def _led(teams_url: str, row: Row) -> Row:
    buttons = (
        replace(button, target=teams_url + button.target.removeprefix(WORLDWIDE))
        if button.target.startswith((CALL, BOOK))
        else button
        for button in row.buttons
    )
    return Row(tuple(buttons))


def _first(person: Person) -> str:
    name = escape.clean(person.name, 24) or escape.clean(person.upn.partition("@")[0], 24)
    return name.split()[0] if name else "?"
