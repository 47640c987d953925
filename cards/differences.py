"""What was asked for and Microsoft kept otherwise, in words (EXPERIENCE 2, More)."""

from __future__ import annotations

from bot.model import LobbyScope, Meeting, Options, Person, Room
from cards.parts import Line
from cards.words import Words

SETTING = "options"
"""`Room.trying` while options are still being set: nothing differs yet."""
_SAID = {LobbyScope.ORGANIZATION_AND_FEDERATED.value: "federated"}
"""Graph's names of scopes that people say otherwise."""


def differences(room: Room, meeting: Meeting, says: Words) -> tuple[Line, ...]:
    """Return one line for each option that the meeting does not have as it was asked for."""
    if room.trying == SETTING:
        return ()
    asked = room.options
    lines = []
    if asked.lobby and asked.lobby != meeting.lobby_scope:
        text = says('You asked for lobby "{asked}"; Microsoft kept "{kept}".')
        kept = meeting.lobby_scope or says("its own setting")
        lines.append(Line(text, {"asked": _SAID.get(asked.lobby, asked.lobby), "kept": _SAID.get(kept, kept)}))
    if asked.record and not meeting.record:
        lines.append(Line(says("You asked for a recording; Microsoft kept it off.")))
    if names := _left_out(asked, meeting):
        lines.append(Line(says("Microsoft did not add {names}."), {"names": ", ".join(names)}))
    return tuple(lines)


def _left_out(asked: Options, meeting: Meeting) -> list[str]:
    """Return the names of those who are not part of the meeting, as far as Microsoft's answer names anybody."""
    there = {name for one in meeting.invited for name in (*_ids(one.person), one.person.name.casefold())}
    return [one.person.name for one in asked.invited if one.person.name and not there & _known(one.person)]


def _known(person: Person) -> set[str]:
    return {*_ids(person), person.name.casefold()}


def _ids(person: Person) -> set[str]:
    return {name.casefold() for name in (person.oid, person.upn) if name}
