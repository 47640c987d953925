"""What people are told about other times than now: the question, what was planned, and the post at a start."""

from __future__ import annotations

from bot.messages import Whisper
from cards import escape, times
from cards.parts import Act, At, Button, Line, Part, Row, join, titled
from cards.words import Words

LONGEST_LINE = 1000
"""Characters of a command line on a button."""
PICK = "help meet in 20m"
"""What says how a time is typed."""


def _button(title: str, line: str) -> Button:
    return Button(Act.PRESS, title, escape.clean(line, LONGEST_LINE), title)


def _starts(whisper: Whisper, says: Words) -> str:
    return times.start(int(whisper.data["at"]), whisper.zone, int(whisper.data["asked_at"]), says.language)


def bare(_: Whisper, says: Words) -> tuple[Part, ...]:
    """Somebody mentioned the bot and said nothing."""
    buttons = (_button(says("Meet now"), "meet now"), _button(says("Help"), "help"))
    return (Line(says("Meet now?")), Row(buttons))


def now_or_then(whisper: Whisper, says: Words) -> tuple[Part, ...]:
    """It is not clear when: lines for `now` and `then`, which is `at`, seen from `asked_at` (ms UTC), or `tomorrow`."""
    at = int(whisper.data["at"])
    tomorrow = bool(whisper.data["tomorrow"])
    hours = times.hours(at, whisper.zone, says.language).removeprefix("0")
    then = {"time": hours if tomorrow else _starts(whisper, says)}
    title = titled(says("Tomorrow {time}") if tomorrow else "{time}", then, says)
    return (
        Line(says("Now, or tomorrow?") if tomorrow else says("Now, or later?")),
        Row(
            (
                _button(says("Now"), str(whisper.data["now"])),
                _button(title, str(whisper.data["then"])),
                _button(says("Pick a time"), PICK),
            )
        ),
    )


def planned(whisper: Whisper, says: Words) -> tuple[Part, ...]:
    """`subject` starts `at`, seen from `asked_at` (ms UTC); `notes` are what whoever asked may not have thought of."""
    zone = says("I don't know your time zone, so I took this chat's.") if whisper.zone else ""
    words = {
        "tomorrow": says("That time is past already today, so it is tomorrow's."),
        "gap": says("The clocks go forward that day and skip that time, so it is as much later."),
        "twice": says("The clocks go back that day and show that time twice."),
        "zone": zone or says("I don't know your time zone, so I took UTC."),
    }
    values = {"subject": str(whisper.data["subject"]), "start": _starts(whisper, says)}
    notes = (Line(words[note]) for note in whisper.data["notes"] if note in words)
    return (Line(says("{subject} starts {start}."), values), *notes)


def planned_already(_: Whisper, says: Words) -> tuple[Part, ...]:
    """The same button was pressed before."""
    return (Line(says("You've planned it with this button already; the meeting's post says how that went.")),)


def not_then(whisper: Whisper, says: Words) -> tuple[Part, ...]:
    """No meeting can be planned for `at` (ms UTC): it is `past`, or more than `days` ahead."""
    text = (
        says("{start} is past already.")
        if whisper.data["why"] == "past"
        else says("I plan meetings at most {days} days ahead.")
    )
    values = {"start": _starts(whisper, says), "days": str(whisper.data["days"])}
    return (Line(text, values), Row((_button(says("Pick a time"), PICK),)))


def reminder(whisper: Whisper, says: Words) -> tuple[Part, ...]:
    """`subject` starts now, and `names` with `ids` are told; `join_url` leads in."""
    subject, url = str(whisper.data["subject"]), str(whisper.data["join_url"])
    people = {f"p{at}": At(*who) for at, who in enumerate(zip(whisper.data["names"], whisper.data["ids"], strict=True))}
    told = (Line(" ".join(f"{{{name}}}" for name in people), people),) if people else ()
    buttons = join(subject, url, says)
    return (Line(says("{subject} starts now."), {"subject": subject}), *told, *((Row(buttons),) if buttons else ()))
