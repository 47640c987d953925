"""What was asked for and Microsoft kept otherwise, in words (EXPERIENCE 2, More)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.model import LobbyScope, Meeting, Options, Person, Room
from cards.parts import Line, naming
from cards.words import Words

SETTING = "options"
"""`Room.trying` while options are still being set: nothing differs yet."""


def differences(room: Room, meeting: Meeting, says: Words) -> tuple[Line, ...]:
    """Return one line for each option that the meeting does not have as it was asked for."""
    if room.trying == SETTING:
        return ()
    asked = room.options
    lines = [*_kept(asked, meeting, says), *_switched(asked, meeting, says)]
    if names := _left_out(asked, meeting):
        lines.append(Line(*naming(says("Microsoft did not add {names}."), names, says)))
    if properties := _not_taken(asked.more, meeting.more):
        lines.append(Line(*naming(says("Microsoft did not take {names}."), properties, says)))
    return tuple(lines)


def _kept(asked: Options, meeting: Meeting, says: Words) -> Iterator[Line]:
    """Yield lines about options that are one of several words."""
    named = (
        (says('You asked for lobby "{asked}"; Microsoft kept "{kept}".'), asked.lobby or "", meeting.lobby_scope),
        (says('You asked for presenters "{asked}"; Microsoft kept "{kept}".'), asked.presenters, meeting.presenters),
        (says('You asked for chat "{asked}"; Microsoft kept "{kept}".'), asked.chat, meeting.chat),
    )
    for text, wish, there in named:
        if wish and wish != there:
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
        (asked.dial_in_bypass, meeting.dial_in_bypass, straight, waiting),
        (asked.announce, meeting.announce, sound, silence),
        (asked.record, meeting.record, recorded, unrecorded),
    )
    for wish, there, wanted_on, wanted_off in switches:
        if wish is not None and wish != bool(there):
            yield Line(wanted_on if wish else wanted_off)


def _not_taken(asked: str, there: str) -> list[str]:
    """Return the properties, by Graph's names, that are not as the administrator's settings want them."""
    kept = json.loads(there) if there else {}
    return [name for name, value in (json.loads(asked) if asked else {}).items() if kept.get(name) != value]


def _left_out(asked: Options, meeting: Meeting) -> list[str]:
    """Return the names of those who are not part of the meeting, as far as Microsoft's answer names anybody."""
    there = {name for one in meeting.invited for name in (*_ids(one.person), one.person.name.casefold())}
    return [one.person.name for one in asked.invited if one.person.name and not there & _known(one.person)]


def _known(person: Person) -> set[str]:
    return {*_ids(person), person.name.casefold()}


def _ids(person: Person) -> set[str]:
    return {name.casefold() for name in (person.oid, person.upn) if name}
