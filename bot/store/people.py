"""What people set for themselves, who added Muster where, and answers that came after a look-up (DESIGN 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.model import Chat, Person
from bot.store import rows
from bot.store.statements import Rows, Statement


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody in a chat; `version` is that of their own settings, 0 while there are none."""

    settings: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    installers: tuple[Person, ...] = ()


def place_of(chat: Chat) -> str:
    """Return where an installation counts: the whole team of a channel, else the chat."""
    return chat.team_id or chat.thread_id


def asked(chat: Chat, person: Person) -> Statement:
    """Ask for what a person set for themselves, and who added Muster where they are."""
    return "people_find", {"tenant": chat.tenant, "oid": person.oid, "place": place_of(chat)}


def known(found: Rows) -> Known:
    """Read what was asked for."""
    own = next((row for row in found if row["what"] == "person"), None)
    installers = tuple(rows.read_person(row["value"]) for row in found if row["what"] == "installer")
    if own is None:
        return Known(installers=installers)
    return Known(rows.read_object(own["value"]), int(own["version"]), installers)
