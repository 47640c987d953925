"""`/join` and `/leave` in words: who comes into the meeting of a chat and who leaves it, by name or by telephone."""

from __future__ import annotations

from collections.abc import Coroutine

from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Console
from bot.sandbox.display import Display
from bot.sandbox.meetings import Meeting
from bot.sandbox.tenant import Person

EDITED_WITHIN_SECONDS = 4.0
"""When a card that is edited at all is edited: Muster leaves three seconds between two edits."""
ALL = "all"
PHONE = "+44 20 7946 0999"
NO_MEETING = "  There is no meeting yet. Type: meet now"


def is_meeting(cloud: Cloud, url: str) -> bool:
    """Say whether an address leads into a meeting that people can come into."""
    return any(meeting.join_url == url and not meeting.deleted for meeting in cloud.graph.meetings)


async def join(cloud: Cloud, words: str, person: Person) -> str:
    """Let those who are named come in, `phone` being a caller; nobody named is the person. Return what to show."""
    meeting = _newest(cloud)
    if meeting is None:
        return NO_MEETING
    people = _named(cloud, words, person)
    if isinstance(people, str):
        return people
    await cloud.calls.join(meeting, *people)
    return ""


async def leave(cloud: Cloud, words: str, person: Person) -> str:
    """Let those who are named leave, `all` being everybody; the last one ends the call. Return what to show."""
    meeting = _newest(cloud)
    if meeting is None:
        return NO_MEETING
    if words.strip().casefold() == ALL:
        call = cloud.calls.going_on.get(meeting.number)
        inside = list(call.inside) if call else []
        await cloud.calls.leave(meeting, *(cloud.tenant.person(key) or key for key in inside))
        return ""
    people = _named(cloud, words, person)
    if isinstance(people, str):
        return people
    await cloud.calls.leave(meeting, *people)
    return ""


async def shown(moving: Coroutine[None, None, str], console: Console, display: Display) -> None:
    """Let people move, and show what the card makes of it: it may be edited a little later."""
    if said := await moving:
        console.show(said)
        return
    await _edited(display)


async def told(moving: Coroutine[None, None, str], console: Console, display: Display) -> None:
    """Show what is said of people who move, and then what the card makes of it."""
    console.show(await moving)
    await _edited(display)


async def _edited(display: Display) -> None:
    await display.settled(seconds=EDITED_WITHIN_SECONDS)
    display.show_news()


def _newest(cloud: Cloud) -> Meeting | None:
    return next((meeting for meeting in reversed(cloud.graph.meetings) if not meeting.deleted), None)


def _named(cloud: Cloud, words: str, person: Person) -> list[Person | str] | str:
    """Return who is meant, or a text that says who is not known."""
    people: list[Person | str] = []
    for name in words.replace(",", " ").split() or [person.oid]:
        found = PHONE if name.casefold() == "phone" else cloud.tenant.person(name)
        if found is None:
            return f"  Nobody here is called {name!r}. There are: {', '.join(_names(cloud))}, and phone."
        people.append(found)
    return people


def _names(cloud: Cloud) -> list[str]:
    return [person.first_name for person in cloud.tenant.people]
