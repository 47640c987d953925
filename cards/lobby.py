"""Who comes straight in and who waits, as everybody in a topic's chat reads it (EXPERIENCE 1.7)."""

from __future__ import annotations

from bot.model import LobbyScope, Meeting, Room
from cards.parts import Line
from cards.words import Words


def who_comes_in(room: Room, meeting: Meeting, says: Words) -> tuple[Line, ...]:
    """Return the line about a topic's lobby, as Microsoft has it; none where the scope is one of tomorrow."""
    if not room.topic.startswith("#"):
        return ()
    said = {
        LobbyScope.EVERYONE: says("Everyone comes straight in."),
        LobbyScope.ORGANIZATION_AND_FEDERATED: says("People of this and of trusted organizations come straight in."),
        LobbyScope.ORGANIZATION: says("People of this organization come straight in, and so do its guests."),
        LobbyScope.ORGANIZATION_EXCLUDING_GUESTS: says("People of this organization come straight in; guests wait."),
        LobbyScope.INVITED: says("Who is invited by name comes straight in."),
        LobbyScope.ORGANIZER: says("Everybody waits until the host lets them in."),
    }
    text = said.get(LobbyScope(meeting.lobby_scope)) if meeting.lobby_scope in set(LobbyScope) else None
    return (Line(text),) if text else ()
