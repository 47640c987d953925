"""What was asked for and Microsoft kept otherwise, in words (EXPERIENCE 2, More)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.model import NO_OPTIONS, SETTING, LobbyScope, Meeting, Options, Person, Room
from cards.parts import Line, naming
from cards.words import Words

_THERE = {"lobby": "lobby_scope"}
"""Where a meeting says what it has, if not under the option's own name."""


def differences(room: Room, meeting: Meeting, says: Words) -> tuple[Line, ...]:
    """Return one line for each option that the meeting does not have as it was asked for."""
    asked = room.options
    if room.trying == SETTING or asked == NO_OPTIONS:
        return ()
    lines = [*_kept(asked, meeting, says), *_switched(asked, meeting, says), *_unusual(asked, meeting, says)]
    if names := _left_out(asked, meeting):
        lines.append(Line(*naming(says("Microsoft did not add {names}."), names, says)))
    if properties := _not_taken(asked.more, meeting.more):
        lines.append(Line(*naming(says("Microsoft did not take {names}."), properties, says)))
    return tuple(lines)


def _kept(asked: Options, meeting: Meeting, says: Words) -> Iterator[Line]:
    """Yield lines about options that are one of several words."""
    named = (
        ("lobby", says('You asked for lobby "{asked}"; Microsoft kept "{kept}".')),
        ("presenters", says('You asked for presenters "{asked}"; Microsoft kept "{kept}".')),
        ("chat", says('You asked for chat "{asked}"; Microsoft kept "{kept}".')),
    )
    for name, text in named:
        wish, there = getattr(asked, name) or "", getattr(meeting, _THERE.get(name, name))
        if name not in asked.usual and wish and wish != there:
            kept = _said(there, says) if there else says("its own setting")
            yield Line(text, {"asked": _said(wish, says), "kept": kept})


def _said(name: str, says: Words) -> str:
    """Return what people call one of Graph's values; one that Microsoft added since stays as it is."""
    known = {
        LobbyScope.EVERYONE: says("everyone"),
        LobbyScope.ORGANIZATION: says("organization"),
        LobbyScope.ORGANIZATION_EXCLUDING_GUESTS: says("organization without guests"),
        LobbyScope.ORGANIZATION_AND_FEDERATED: says("federated"),
        LobbyScope.INVITED: says("invited"),
        LobbyScope.ORGANIZER: says("organizer"),
        "roleIsPresenter": says("named presenters"),
        "enabled": says("enabled"),
        "disabled": says("disabled"),
        "limited": says("limited"),
    }
    return known.get(name, name)


def _switched(asked: Options, meeting: Meeting, says: Words) -> Iterator[Line]:
    """Yield lines about options that are on or off."""
    straight = says("You asked that callers come straight in; they wait.")
    waiting = says("You asked that callers wait; they come straight in.")
    sound = says("You asked for a sound when people come; Microsoft kept it off.")
    silence = says("You asked for no sound when people come; Microsoft kept it on.")
    recorded = says("You asked for a recording; Microsoft kept it off.")
    unrecorded = says("You asked for no recording; Microsoft kept it on.")
    switches = (
        ("dial_in_bypass", straight, waiting),
        ("announce", sound, silence),
        ("record", recorded, unrecorded),
    )
    for name, wanted_on, wanted_off in switches:
        wish = getattr(asked, name)
        if name not in asked.usual and wish is not None and wish != bool(getattr(meeting, name)):
            yield Line(wanted_on if wish else wanted_off)


def _unusual(asked: Options, meeting: Meeting, says: Words) -> Iterator[Line]:
    """Yield the line about what every meeting here is to have and this one has not: nobody asked for it today."""
    words = {
        "lobby": says("the lobby"),
        "presenters": says("who presents"),
        "chat": says("the chat"),
        "dial_in_bypass": says("whether callers wait"),
        "announce": says("a sound when people come"),
        "record": says("the recording"),
    }
    names = [words[name] for name in words if name in asked.usual and _differs(name, asked, meeting)]
    if names:
        yield Line(*naming(says("Microsoft kept other settings than are usual here: {names}."), names, says))


def _differs(name: str, asked: Options, meeting: Meeting) -> bool:
    wish, there = getattr(asked, name), getattr(meeting, _THERE.get(name, name))
    return bool(wish != (bool(there) if isinstance(wish, bool) else there))


def _not_taken(asked: str, there: str) -> list[str]:
    """Return the properties, by Graph's names, that are not as the administrator's settings want them."""
    kept = json.loads(there) if there else {}
    return [name for name, value in (json.loads(asked) if asked else {}).items() if kept.get(name) != value]


def _left_out(asked: Options, meeting: Meeting) -> list[str]:
    """Return the names of those who are not part of the meeting, as far as Microsoft's answer names anybody."""
    there = {name for one in meeting.invited for name in _known(one.person)}
    return [one.person.name for one in asked.invited if one.person.name and not there & _known(one.person)]


def _known(person: Person) -> set[str]:
    return {*person.names, person.name.casefold()}
