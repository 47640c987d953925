"""What one person is told about meetings that exist: ended, opened again, renamed, handed over, listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.messages import Whisper
from bot.model import RoomState
from cards import attendance, times
from cards.parts import Line, Look, Row, join, naming
from cards.saying import Parts, button, press, text
from cards.words import Words

MOST_LISTED = 5
"""Meetings that a whisper lists, and buttons beside each other."""


def ended(whisper: Whisper, says: Words) -> Parts:
    """`subject` is closed; `numbers`: it could be dialled."""
    values = {"subject": text(whisper, "subject")}
    # Not in an f-string: what reads the texts out of the code finds none in there before Python 3.12.
    same = " " + says("The number stays the same if you reopen it within a day.") if text(whisper, "numbers") else ""
    return (
        Line(says("{subject} is closed.") + same, values),
        press(says("Reopen this one"), f"reopen {values['subject']}"),
    )


def end_live(whisper: Whisper, says: Words) -> Parts:
    """`subject` has people in it; `line` ends it all the same."""
    words = says("People are in {subject}. End it for everyone?")
    return (Line(words, {"subject": text(whisper, "subject")}), press(says("End it"), text(whisper, "line")))


def reopened(whisper: Whisper, says: Words) -> Parts:
    """`subject` is open again; `numbers`: it can be dialled."""
    still = " " + says("The number is still the same.") if text(whisper, "numbers") else ""
    return (Line(says("{subject} is open again.") + still, {"subject": text(whisper, "subject")}),)


def reopen_late(whisper: Whisper, says: Words) -> Parts:
    """`subject` was ended more than a day ago."""
    subject = text(whisper, "subject")
    words = says("{subject} ended more than a day ago, so it stays closed. A new meeting has numbers of its own.")
    return (Line(words, {"subject": subject}), press(says("Meet again"), f"meet now {subject}".strip()))


def no_ended(_: Whisper, says: Words) -> Parts:
    """Nothing was ended here that could be opened again."""
    return (Line(says("There's no ended meeting here to reopen.")), press(says("Meet now"), "meet now"))


def not_yours(whisper: Whisper, says: Words) -> Parts:
    """`does` is for `who` alone, or with `team` for who owns the team too."""
    in_team = {
        "end": says("Only {who} or a team owner can end this meeting."),
        "reopen": says("Only {who} or a team owner can reopen this meeting."),
        "rename": says("Only {who} or a team owner can rename this meeting."),
        "host": says("Only {who} or a team owner can hand this meeting over."),
    }
    alone = {
        "end": says("Only {who} can end this meeting."),
        "reopen": says("Only {who} can reopen this meeting."),
        "rename": says("Only {who} can rename this meeting."),
        "host": says("Only {who} can hand this meeting over."),
    }
    sentences = in_team if text(whisper, "team") else alone
    return (Line(sentences[text(whisper, "does")], {"who": text(whisper, "who") or says("its host")}),)


def renamed(whisper: Whisper, says: Words) -> Parts:
    """The meeting is called `subject` now."""
    return (Line(says("It's called {subject} now."), {"subject": text(whisper, "subject")}),)


def rename_what(_: Whisper, says: Words) -> Parts:
    """No new name was said."""
    return (Line(says("Say the new name too, for example: {line}"), {"line": "rename DB restore"}),)


def host(whisper: Whisper, says: Words) -> Parts:
    """`leads` lead `subject` with `host` now; `missing` do not."""
    leads = [str(name) for name in whisper.data.get("leads", ())]
    missing = [str(name) for name in whisper.data.get("missing", ())]
    values = {"subject": text(whisper, "subject"), "host": text(whisper, "host")}
    now = says.many("{names} now leads {subject} with {host}.", "{names} now lead {subject} with {host}.", len(leads))
    not_now = says(
        "I couldn't hand {subject} over to {names}: "
        "only members of this chat with an account in the host's organisation can lead."
    )
    return (
        *((_listing(now, leads, values, says),) if leads else ()),
        *((_listing(not_now, missing, values, says),) if missing or not leads else ()),
    )


def _listing(text: str, names: list[str], values: dict[str, str], says: Words) -> Line:
    listed, named = naming(text, names, says)
    return Line(listed, named | values)


def host_already(whisper: Whisper, says: Words) -> Parts:
    """`leads` lead `subject` already."""
    names = [str(name) for name in whisper.data.get("leads", ())]
    words = says.many("{names} leads {subject} already.", "{names} lead {subject} already.", len(names))
    return (_listing(words, names, {"subject": text(whisper, "subject")}, says),)


def host_who(_: Whisper, says: Words) -> Parts:
    """Nobody was mentioned."""
    return (Line(says("Mention who is to lead, for example: {line}"), {"line": "host @Bea"}),)


def status(whisper: Whisper, says: Words) -> Parts:
    """The `meetings` that are running here; `line` says one of them, where one had to be said."""
    meetings = whisper.data["meetings"][:MOST_LISTED]
    ways_in = [way for one in meetings for way in join(one["subject"], one["join_url"], says)]
    lines = [_running(one, whisper.zone, says) for one in meetings]
    asks = Line(says("Say which one, for example: {line}"), {"line": text(whisper, "line")})
    first = (asks,) if text(whisper, "line") else ()
    return (*first, *lines, *((Row(tuple(ways_in)),) if ways_in else ()))


def _running(one: Mapping[str, str], zone: str, says: Words) -> Line:
    words = {
        RoomState.OPENING: says("**{subject}**: opening · {host} asked at {since}"),
        RoomState.LIVE: says("**{subject}**: live since {since} · {host} is hosting"),
        RoomState.EMPTY: says("**{subject}**: empty · {host} is hosting"),
    }.get(RoomState(one["state"]), says("**{subject}**: open since {since} · {host} is hosting"))
    if "people" in one:
        words = says("**{subject}**: live since {since}, {people} · {host} is hosting")
    if "starts_at" in one:
        words = says("**{subject}**: starts {start} · {host} is hosting")
    return Line(words, {**_values(one, zone, says), "people": attendance.people(int(one.get("people", 0)), says)})


def recent(whisper: Whisper, says: Words) -> Parts:
    """The chat's last `meetings`, newest first."""
    lines = [_past(one, whisper.zone, says) for one in whisper.data["meetings"][:MOST_LISTED]]
    first = Line(says("The last meetings here:"), look=Look.HEADING)
    newest = next((one for one in whisper.data["meetings"] if one["state"] == RoomState.ENDED), None)
    again = (Row((button(says("Meet again"), f"meet now {newest['subject']}".strip()),)),) if newest else ()
    return (first, *lines, *again)


def _past(one: Mapping[str, str], zone: str, says: Words) -> Line:
    values = _values(one, zone, says)
    if one["state"] == RoomState.FAILED:
        return Line(says("**{subject}**: not opened · {day}"), values)
    if not one["ended_at"]:
        return _running(one, zone, says)
    return Line(says("**{subject}**: {day}, {from} to {to} · {host} was hosting"), values)


def _values(one: Mapping[str, str], zone: str, says: Words) -> dict[str, str]:
    since = int(one["opened_at"])
    over = int(one["ended_at"] or since)
    return {
        "subject": one["subject"],
        "host": one["host"] or says("Somebody"),
        "since": times.clock(since, zone, says.language),
        "start": times.start(int(one.get("starts_at", since)), zone, since, says.language),
        "day": times.day(since, zone, says.language),
        "from": times.hours(since, zone, says.language),
        "to": times.clock(over, zone, says.language),
    }


def not_here(_: Whisper, says: Words) -> Parts:
    """A button was pressed on what is no post of Muster's in this chat, as far as it remembers."""
    unknown = says("I don't know this post here: it's a copy from another chat, or older than I remember.")
    original = says("Its buttons work where I posted it.")
    return (Line(f"{unknown} {original}"), press(says("Meet now"), "meet now"))


WHISPERS: Mapping[str, Callable[[Whisper, Words], Parts]] = {
    "ended": ended,
    "end-live": end_live,
    "reopened": reopened,
    "reopen-late": reopen_late,
    "no-ended": no_ended,
    "not-yours": not_yours,
    "renamed": renamed,
    "rename-what": rename_what,
    "host": host,
    "host-already": host_already,
    "host-who": host_who,
    "status": status,
    "recent": recent,
    "not-here": not_here,
}
"""These texts by their names."""
