"""What people set for a chat (`Chat.settings`) and for themselves, as plain values (EXPERIENCE 1.15, 1.18). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.model import ChannelKind, Chat, ChatKind, LobbyScope, Options, Person

STARTERS = ("everyone", "members", "owners")
"""Who may start a meeting: `members` are those who are no guests, `owners` those who may change the settings."""
DIAL_IN = ("public", "whisper")
"""Who is shown phone numbers, ids and passcode: everybody on the card, or whoever asks (ENGINE 4.3)."""
ROSTERS = ("count", "names", "off")
"""What the card says of who is in a meeting (EXPERIENCE 1.18)."""
PLAIN_KEPT = 300_000
"""ms for which it is remembered that whoever asked for a meeting reads text: longer than any request tries."""


def options(chat: Chat) -> Options:
    """Return what the meetings of a chat have unless somebody asks for something else."""
    said = chat.settings
    lobby = said.get("lobby")
    return Options(
        lobby=LobbyScope(lobby) if lobby in set(LobbyScope) else None,
        passcode=said.get("passcode") is True,
        record=True if said.get("record") is True else None,
        aloud=dial_in(chat) == "public",
    )


def minutes(chat: Chat) -> int:
    """Return how long the meetings of a chat are unless somebody says so; 0 where nothing is set."""
    set_to = chat.settings.get("duration")
    return set_to if isinstance(set_to, int) else 0


def dial_in(chat: Chat) -> str:
    """Return one of DIAL_IN: in a channel that other organisations share, only who asks is told (ENGINE 4.3)."""
    default = "whisper" if chat.channel_kind is ChannelKind.SHARED else "public"
    return _one_of(chat.settings, "dial_in", DIAL_IN, default)


def starters(chat: Chat) -> str:
    """Return one of STARTERS."""
    return _one_of(chat.settings, "start", STARTERS, STARTERS[0])


def roster(chat: Chat) -> str:
    """Return one of ROSTERS, "" where nothing is set: then the deployment's setting counts."""
    return _one_of(chat.settings, "roster", ROSTERS, "")


def plain(me: Mapping[str, Any]) -> bool:
    """Say whether somebody wants every answer as text (EXPERIENCE 1.15)."""
    return me.get("plain") is True


def plain_key(room_id: str) -> str:
    """Return the note that whoever asked for this room reads text."""
    return f"plain|{room_id}"


def may_set(chat: Chat, person: Person, installers: Iterable[Person]) -> bool:
    """Say whether somebody may change a chat's settings (ENGINE R23): who added Muster there, a team's or a chat's.

    In a chat without a team where that is not known everybody in it may: nobody owns it.
    """
    if chat.kind is ChatKind.PERSONAL:
        return True
    known = tuple(installers)
    if not known:
        return not chat.team_id
    return any(person.oid and person.oid == one.oid for one in known)


def asks_who(chat: Chat) -> bool:
    """Say whether a member look-up has to tell first whether somebody is a guest: no activity says so."""
    return starters(chat) == "members" and chat.kind is not ChatKind.PERSONAL


def _one_of(said: Mapping[str, Any], name: str, values: tuple[str, ...], default: str) -> str:
    value = said.get(name)
    return value if value in values else default
