"""The public card of a room, in the chat's language and zone: it cannot know its reader (ENGINE R16)."""

from __future__ import annotations

from collections.abc import Callable

from bot.messages import Rendered
from bot.model import Binding, Meeting, Role, Room, RoomState
from cards import alerted, attendance, calling, escape, failures, numbers, phone, ringing, times
from cards.differences import differences
from cards.lobby import who_comes_in
from cards.parts import Act, Button, Content, Hidden, Line, Link, Look, Part, Row, Value, join, naming, titled
from cards.skeletons import rendered
from cards.words import Words, words

EMPTY_FOR = 900_000
"""ms after which an empty meeting closes (ENGINE 3.2)."""
SIGN_IN_FOR = 900_000
"""ms for which a request waits for its person's sign-in (ENGINE R13)."""
_CHANNEL = "@thread.tacv2"


def render_room(
    room: Room, nonce: str = "", *, at_home: bool = True, teams_url: str = calling.WORLDWIDE, said: bool = True
) -> Rendered:
    """Return the card of a room as it is now, in `room.language` and `room.zone`; its buttons carry `nonce`.

    In another chat than its own (`at_home` False) a meeting that can be joined shows its state, its host and Join.
    `teams_url` is where this cloud's Teams opens its own links. Without `said` it is not put in plain words besides.
    """
    says = words(room.language)
    if not at_home and room.state in _ELSEWHERE:
        return rendered(_elsewhere(room, says), nonce, said=said)
    return rendered(calling.led_to(teams_url, _STATES[room.state](room, says)), nonce, said=said)


def _values(room: Room, says: Words) -> dict[str, Value]:
    return {
        "subject": room.subject,
        # A service account hosts for who asked (ENGINE R5).
        "host": room.host.name or (not room.host.id and room.starter.name) or says("Somebody"),
        "starter": room.starter.name or says("Somebody"),
        "reference": room.reference,
    }


def _opening(room: Room, says: Words) -> Content:
    values = _values(room, says) | {
        "asked": times.clock(room.created_at, room.zone, says.language),
        "until": times.clock(room.give_up_at, room.zone, says.language),
    }
    if room.trying in {"unavailable", "unclear"}:
        return Content(
            says,
            (
                Line(says("{subject}: not open yet"), values, Look.HEADING),
                Line(says("Microsoft's meeting service isn't answering. I'm trying until {until}."), values),
                *calling.meanwhile(room, says),
                *_row(*calling.buttons(room, says)),
                Row((_press(room, says("Try now"), "try now"), _press(room, says("Stop trying"), "stop trying"))),
                _reference(room, says),
            ),
            Line(says("{subject} is not open yet. I'm still trying."), values),
        )
    text = says(
        "{starter} asked at {asked}. Microsoft is slow just now. This post changes by itself, no need to ask again."
    )
    return Content(
        says,
        (Line(says("{subject}: opening…"), values, Look.HEADING), Line(text, values)),
        Line(says("{subject} is opening. {starter} asked for it."), values),
    )


def _open(room: Room, says: Words) -> Content:
    if room.trying == "time is up":
        return _time_is_up(room, says)
    since = times.clock(room.opened_at or room.created_at, room.zone, says.language)
    values = _values(room, says) | {"since": since}
    parts = (
        Line(says("{subject}: open"), values, Look.HEADING),
        Line(says("{host} is hosting · since {since}"), values),
        *alerted.lines(room, says),
        *ringing.lines(room, says),
        *_led(room, says),
        *_ways_in(room, says),
    )
    return Content(says, parts, _summary(room, says("{subject} is open."), says))


def _live(room: Room, says: Words) -> Content:
    since = times.clock(room.live_at or room.opened_at or room.created_at, room.zone, says.language)
    values = _values(room, says) | {"since": since}
    parts = (
        attendance.heading(room, says),
        Line(says("Since {since} · {host} is hosting"), values),
        *alerted.lines(room, says),
        *ringing.lines(room, says),
        *_led(room, says),
        *_ways_in(room, says),
    )
    return Content(says, parts, _summary(room, says("{subject} is live."), says))


def _led(room: Room, says: Words) -> tuple[Line, ...]:
    """Return who leads besides the host, the latest first, and that a lobby stays shut that `reopen` was to open."""
    leads = [one.person.name for one in room.options.invited if one.role is Role.CO_ORGANIZER and one.person.name]
    if not leads and room.trying != "unchanged":
        return ()
    host = str(_values(room, says)["host"])
    values: dict[str, Value] = {"lead": leads[-1] if leads else "", "subject": room.subject, "host": host}
    text, names = naming(says("{lead} now leads {subject} with {names}."), (host, *leads[:-1]), says)
    shut = says("Microsoft did not open its lobby again: {host} lets people in, or opens it in the meeting's options.")
    return (
        *((Line(text, values | names),) if leads else ()),
        *((Line(shut, values),) if room.trying == "unchanged" else ()),
    )


def _scheduled(room: Room, says: Words) -> Content:
    values = _values(room, says) | {"start": times.start(room.starts_at, room.zone, room.created_at, says.language)}
    parts = (
        Line(says("{subject}: starts {start}"), values, Look.HEADING),
        Line(says("{host} is hosting."), values),
        *_ways_in(room, says),
    )
    return Content(says, parts, Line(says("{subject} starts {start}. {host} is hosting."), values))


def _empty(room: Room, says: Words) -> Content:
    left_at = room.empty_at or room.created_at
    closes = times.hours(left_at + EMPTY_FOR, room.zone, says.language)
    values = _values(room, says) | {"left": times.clock(left_at, room.zone, says.language), "closes": closes}
    text = says("The last person left at {left}. It closes at {closes} unless someone comes back.")
    parts: tuple[Part, ...] = (
        Line(says("{subject}: empty"), values, Look.HEADING),
        Line(text, values),
        *ringing.lines(room, says),
        *_row(*(join(room.subject, room.meeting.join_url, says) if room.meeting else ())),
    )
    return Content(says, parts, Line(says("{subject} is empty. It closes at {closes}."), values))


def _time_is_up(room: Room, says: Words) -> Content:
    """Nobody knows whether people are inside, so nothing claims that they are not (EXPERIENCE 1.17).

    A topic's meeting is still open then, any other has given its place free; both can be ended for real.
    """
    values = _values(room, says) | {"to": times.clock(room.ends_at, room.zone, says.language)}
    text = says("**Time is up** · booked until {to}. I can't see whether anyone is still inside.")
    joining = join(room.subject, room.meeting.join_url, says) if room.meeting else ()
    parts = (
        Line(says("{subject}: time is up"), values, Look.HEADING),
        Line(text, values),
        Row((*joining, _end(room, says))),
    )
    return Content(says, parts, Line(says("{subject}: the booked time is up."), values))


def _withdrawn(room: Room, says: Words) -> Content:
    values = _values(room, says)
    heading = Line(says("{subject}: closed · request withdrawn."), values, Look.HEADING)
    return Content(says, (heading,), Line(says("{subject}: closed · request withdrawn."), values))


def _nobody_joined(room: Room, says: Words) -> Content:
    values = _values(room, says)
    heading = Line(says("{subject}: closed. Nobody joined."), values, Look.HEADING)
    return Content(says, (heading, Row((_meet(room, says("Meet again")), *_reopen(room, says)))), heading)


def _ended(room: Room, says: Words) -> Content:
    unseen = room.ended_by == "withdrawn" or not room.attendance.heard
    if room.ended_by in _ENDINGS and unseen:
        return _ENDINGS[room.ended_by](room, says)
    if attendance.nobody(room):
        return _nobody_joined(room, says)
    ended_at = room.ended_at or room.ends_at
    again = room.live_at is not None and room.live_at > ended_at
    began = room.opened_at or room.created_at if again else room.live_at or room.opened_at or room.created_at
    over = room.empty_at or ended_at  # whoever waits for an empty meeting to close is not in it
    values = _values(room, says) | {
        "from": times.hours(began, room.zone, says.language),
        "to": times.clock(over, room.zone, says.language),
        "length": times.length(times.minutes(began, over), says.language),
    }
    took = Line(says("{from} to {to} · {length} · started by {starter}"), values)
    began_at_all = ended_at >= room.starts_at or not unseen
    parts: tuple[Part, ...] = (
        Line(says("{subject}: ended"), values, Look.HEADING),
        *(attendance.met(room, says) or ((took,) if began_at_all else ())),
        *((Line(says("People are in it again.")),) if again else ()),
        *((Line(says("Closed here, the meeting was not changed.")),) if room.trying == "unchanged" else ()),
        Line(says("The old link may still open, so please start a new one:")),
        Row((_meet(room, says("Meet again")), *_reopen(room, says))),
    )
    return Content(says, parts, Line(says("{subject} has ended."), values))


def _reopen(room: Room, says: Words) -> tuple[Button, ...]:
    if room.meeting is None:
        return ()
    return (_press(room, says("Reopen this one"), f"reopen {escape.clean(room.subject)}", says("Reopen {subject}")),)


def why_failed(room: Room, says: Words) -> tuple[Line, Line]:
    """Return that a room's meeting was not opened, and why."""
    stopped = room.ended_at or room.give_up_at
    by = times.clock(stopped + SIGN_IN_FOR, room.zone, says.language)
    values = _values(room, says) | {"time": times.clock(stopped, room.zone, says.language), "by": by}
    return (
        Line(says("{subject}: not opened"), values, Look.HEADING),
        Line(failures.reason(room.fail_code, says), values),
    )


def _failed(room: Room, says: Words) -> Content:
    if room.fail_code == "withdrawn":
        return _withdrawn(room, says)
    values = _values(room, says)
    parts: tuple[Part, ...] = (
        *why_failed(room, says),
        *calling.meanwhile(room, says),
        Row((*_anyway(room, says), _meet(room, says("Try again")), *calling.call(room, says))),
        _reference(room, says),
    )
    return Content(says, parts, Line(says("{subject} was not opened."), values))


def _anyway(room: Room, says: Words) -> tuple[Button, ...]:
    """Return the way to a meeting that is less private than asked, for who does not mind (ENGINE R4)."""
    line = f"open anyway {escape.clean(room.subject)}".strip()
    return (_press(room, says("Open anyway"), line),) if room.fail_code == "private" else ()


def _elsewhere(room: Room, says: Words) -> Content:
    """Numbers, ids and who is inside stay in the meeting's own chat (ENGINE 4.3, EXPERIENCE 3)."""
    heading = says("{subject}: open") if room.state is RoomState.OPEN else says("{subject}: live")
    details = (_press(room, says("Details as text"), "dial-in"),) if _has_phone(room) else ()
    joining = join(room.subject, room.meeting.join_url, says) if room.meeting else ()
    parts: tuple[Part, ...] = (
        Line(heading, _values(room, says), Look.HEADING),
        Line(says("{host} is hosting."), _values(room, says)),
        *_row(*joining, *details),
    )
    is_open = says("{subject} is open.") if room.state is RoomState.OPEN else says("{subject} is live.")
    return Content(says, parts, _summary(room, is_open, says))


def _summary(room: Room, is_open: str, says: Words) -> Line:
    """No number and no id: it is shown on lock screens (EXPERIENCE 2, OPEN)."""
    how = says("Join, or dial in.") if _has_phone(room) else says("Join in.")
    return Line(f"{is_open} {says('{host} is hosting.')} {how}", _values(room, says))


def _ways_in(room: Room, says: Words) -> tuple[Part, ...]:
    """Return Join first, then the phone, then what *More* shows."""
    meeting = room.meeting
    if meeting is None:
        return ()
    more = _more(room, meeting, says)
    other = titled(says("Other ways to join {subject}"), {"subject": room.subject}, says)
    show = Button(Act.SHOW, says("More"), "more", other)
    number = _phone(room, says)
    by_phone: tuple[Line | None, ...] = (number, _callers(meeting, says)) if room.options.aloud else ()
    if not number:
        by_phone = (Line(says("No phone dial-in for this meeting.")),) if room.options.numbers else ()
    return (
        *_row(*join(room.subject, meeting.join_url, says), *_asked_alone(room, says), *((show,) if more else ())),
        *filter(None, by_phone),
        *who_comes_in(room, meeting, says),
        Line(_chat(room, says)),
        *_about(room, says),
        *((Hidden("more", more),) if more else ()),
    )


def _phone(room: Room, says: Words) -> Line | None:
    dial_in = room.meeting.dial_in if room.meeting and room.options.numbers else None
    return phone.short(dial_in, says) if dial_in else None


def _has_phone(room: Room) -> bool:
    dial_in = room.meeting.dial_in if room.meeting and room.options.numbers else None
    return dial_in is not None and bool(dial_in.toll_numbers or dial_in.toll_free_numbers)


def _callers(meeting: Meeting, says: Words) -> Line | None:
    if meeting.dial_in_bypass is None:
        return None
    return Line(
        says("Callers come straight in.")
        if meeting.dial_in_bypass
        else says("Callers wait until someone lets them in.")
    )


def _chat(room: Room, says: Words) -> str:
    if room.binding is Binding.BOUND:
        return says("The meeting's chat is this channel.")
    if room.binding is Binding.RESERVE:
        return says("This meeting was kept in reserve: it has its own chat.")
    if room.home_thread.endswith(_CHANNEL):
        return says("This meeting has its own chat, apart from this channel.")
    return says("This meeting has its own chat.")


def _more(room: Room, meeting: Meeting, says: Words) -> tuple[Line | Row, ...]:
    dial_in = meeting.dial_in if room.options.numbers and room.options.aloud else None
    ids = _ids(meeting, says) if room.options.aloud else None
    told = (*attendance.everybody(room, says), *filter(None, [phone.others(dial_in, says) if dial_in else None, ids]))
    about = (*told, *_calendar(meeting, says), *differences(room, meeting, says))
    return (*about, *_row(*_actions(room, says, dial_in=dial_in is not None)))


def _actions(room: Room, says: Words, *, dial_in: bool) -> tuple[Button, ...]:
    """Return what can be done with a meeting, in the order of EXPERIENCE 2."""
    planned = room.state is RoomState.SCHEDULED
    ring = (ringing.someone(room, says),) if room.ringing.possible and not planned else ()
    details = (_details(room, says),) if dial_in else ()
    return (*ring, *details, *_host_options(room, says), *(() if planned else (_end(room, says),)))


def _host_options(room: Room, says: Words) -> tuple[Button, ...]:
    """Return the way to the options of a meeting, which Teams opens for its host alone."""
    url = escape.https(room.meeting.options_url) if room.meeting else ""
    title = titled(says("Options of {subject}, for the host"), {"subject": room.subject}, says)
    return (Button(Act.OPEN, says("Options (host)"), url, title),) if url else ()


def _details(room: Room, says: Words) -> Button:
    return _press(room, says("Details as text"), "dial-in", says("Details of {subject} as text"))


def _end(room: Room, says: Words) -> Button:
    return _press(room, says("End"), f"end {escape.clean(room.subject)}".strip(), says("End {subject}"))


def _asked_alone(room: Room, says: Words) -> tuple[Button, ...]:
    """Return the way to numbers that are told only to who asks for them (ENGINE 4.3)."""
    return (_details(room, says),) if _has_phone(room) and not room.options.aloud else ()


def _about(room: Room, says: Words) -> tuple[Line, ...]:
    """Return the way back to the message that the meeting is about."""
    link = Link(says("The message this is about"), room.options.about)
    return (Line("{about}", {"about": link}),) if escape.https(room.options.about) else ()


def _calendar(meeting: Meeting, says: Words) -> tuple[Line, ...]:
    text = says("It is in the host's Outlook calendar, and stays an online meeting there: it can't go offline again.")
    return (Line(text, {}, Look.SUBTLE),) if meeting.event_id else ()


def _ids(meeting: Meeting, says: Words) -> Line | None:
    """Return the line for those who join from a room system or by typing an id; None when there is nothing."""
    said = {
        "id": (says("Teams meeting ID {id}"), numbers.by_three(meeting.join_meeting_id)),
        "passcode": (says("passcode {passcode}"), meeting.passcode),
        "video": (says("video room {video}"), meeting.video_id),
    }
    there = {name: value for name, (_, value) in said.items() if value}
    if not there:
        return None
    return Line(" · ".join(said[name][0] for name in there), there, Look.SUBTLE)


def _meet(room: Room, title: str) -> Button:
    return Button(Act.PRESS, title, f"meet now {escape.clean(room.subject)}".strip(), version=room.version)


def _press(room: Room, title: str, line: str, tooltip: str = "") -> Button:
    named = titled(tooltip, {"subject": room.subject}, words(room.language))
    return Button(Act.PRESS, title, line, named, version=room.version)


def _row(*buttons: Button) -> tuple[Row, ...]:
    return (Row(buttons),) if buttons else ()


def _reference(room: Room, says: Words) -> Line:
    return Line(says("Reference {reference}"), {"reference": room.reference}, Look.SUBTLE)


_ENDINGS: dict[str, Callable[[Room, Words], Content]] = {"clock": _time_is_up, "withdrawn": _withdrawn}
_ELSEWHERE = frozenset({RoomState.OPEN, RoomState.LIVE})
_STATES: dict[RoomState, Callable[[Room, Words], Content]] = {
    RoomState.OPENING: _opening,
    RoomState.SCHEDULED: _scheduled,
    RoomState.OPEN: _open,
    RoomState.LIVE: _live,
    RoomState.EMPTY: _empty,
    RoomState.ENDED: _ended,
    RoomState.FAILED: _failed,
}
