"""What is asked of a meeting against what it has: the call, and what comes before its link (ENGINE R3, R4). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from bot.model import NO_OPTIONS, GraphCall, Invited, LobbyScope, Meeting, Options, Role, Room

TOPIC_DEFAULTS = Options(lobby=LobbyScope.ORGANIZATION, dial_in_bypass=True)
"""What a topic's meeting has unless something else is asked for: nobody waits in an incident (EXPERIENCE 1.7)."""
OURS = frozenset({"numbers", "aloud", "about"})
"""Options that only our card knows of."""
_NAMED = [(one.name, getattr(NO_OPTIONS, one.name)) for one in fields(Options) if one.name != "usual"]
_WIDTH = {scope.value: width for width, scope in enumerate(LobbyScope)}


def merged(defaults: Options, asked: Options) -> Options:
    """Return the options of `asked`, and of `defaults` where it says nothing: those are then `usual`."""
    if asked == defaults == NO_OPTIONS:  # nearly always
        return asked
    more = json.dumps({**_read(defaults.more), **_read(asked.more)}, sort_keys=True) if asked.more else defaults.more
    said = {name: getattr(asked, name) for name in named(asked)}
    usual = {name for name in (*named(defaults), *asked.usual) if name not in said or name in asked.usual}
    return replace(defaults, **{**said, "more": more, "usual": tuple(sorted(usual))})


def call_for(options: Options, *, calendar: bool) -> GraphCall:
    """Return which call makes the meeting: a passcode and a template can only be had from a plain create (R3)."""
    if calendar:
        return GraphCall.EVENT
    return GraphCall.CREATE if options.passcode or options.template else GraphCall.CREATE_OR_GET


def why(room: Room) -> str:
    """Return why a room's meeting is asked for by the call it has, as one sentence for who looks into it."""
    if room.graph_call is GraphCall.EVENT:
        return "it is to stand in the calendar"
    tied = ", tied to the channel" if room.bind_thread else ""
    if room.graph_call is GraphCall.CREATE:
        option = "passcode" if room.options.passcode else "template"
        others = [name for name in named(room.options) if name not in {option, *OURS}]
        along = f"; with it go {', '.join(others)}" if others else ""
        return f"a {option} can only be set when a meeting is made{along}{tied}"
    return f"asked again it answers with the same meeting{tied}"


def wanted(room: Room) -> Options:
    """Return all that a room's meeting is to have, with what goes without saying: topics, and who asked (R5)."""
    options = merged(TOPIC_DEFAULTS, room.options) if room.topic.startswith("#") else room.options
    if room.host.oid == room.starter.oid or not room.starter.oid:
        return options
    return replace(options, invited=(Invited(room.starter, Role.CO_ORGANIZER), *options.invited))


def narrowing(options: Options, meeting: Meeting) -> Options:
    """Return what has to be set before anybody sees the link, because the meeting is wider than asked (R4)."""
    lobby = options.lobby
    # A scope of tomorrow counts as the widest.
    narrower = lobby is not None and _WIDTH[lobby] < _WIDTH.get(meeting.lobby_scope, len(_WIDTH))
    bypass = options.dial_in_bypass is False and meeting.dial_in_bypass is not False
    return Options(lobby=lobby if narrower else None, dial_in_bypass=False if bypass else None)


def as_private_as_asked(options: Options, meeting: Meeting) -> bool:
    """Say whether nobody comes in whom the options keep out."""
    # A passcode that is there but not needed keeps nobody out.
    locked = bool(meeting.passcode) if meeting.passcode_needed is None else meeting.passcode_needed
    return narrowing(options, meeting) == NO_OPTIONS and (locked or not options.passcode)


def lacking(options: Options, meeting: Meeting) -> Options:
    """Return what is asked for, can be set later, and is not there."""
    there = {name for one in meeting.invited for name in one.person.names}
    told = _read(meeting.more)
    more = {name: value for name, value in _read(options.more).items() if told.get(name) != value}
    return Options(
        lobby=options.lobby if options.lobby and options.lobby != meeting.lobby_scope else None,
        dial_in_bypass=_unlike(options.dial_in_bypass, meeting.dial_in_bypass),
        presenters=options.presenters if options.presenters != meeting.presenters else "",
        announce=_unlike(options.announce, meeting.announce),
        record=_unlike(options.record, meeting.record),
        chat=options.chat if options.chat != meeting.chat else "",
        invited=tuple(one for one in options.invited if not there.intersection(one.person.names)),
        more=json.dumps(more, sort_keys=True) if more else "",
    )


def named(options: Options) -> list[str]:
    """Return the names of what these options ask for, in the words of DESIGN."""
    return [name for name, nothing in _NAMED if getattr(options, name) != nothing]


def opened_up(options: Options) -> Options:
    """Return the options without those that narrow access: what "open anyway" asks for."""
    return replace(options, lobby=None, passcode=False, dial_in_bypass=options.dial_in_bypass or None)


def _unlike(asked: bool | None, there: bool | None) -> bool | None:
    return None if asked is None or asked == there else asked


def _read(more: str) -> Mapping[str, Any]:
    return json.loads(more) if more else {}
