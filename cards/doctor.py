"""What an administrator reads who asks what is missing; the findings themselves are in English, as cmdlets are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.messages import Whisper
from cards.parts import Line, Look
from cards.saying import LONGEST_LINE, Parts, text, with_reference
from cards.words import Words

MOST = 8
"""Things to do that are shown at once: the first ones are the next ones."""


def found(whisper: Whisper, says: Words) -> Parts:
    """`findings` of `bot.checkup.Finding`: what is to do with its steps, what waits for it, and the rest by name."""
    findings: Sequence[Mapping[str, Any]] = whisper.data["findings"]
    by = {
        status: [one for one in findings if one["status"] == status] for status in ("ok", "to do", "not known", "off")
    }
    count = len(by["to do"])
    todo = says.many("{count} thing is to do.", "{count} things are to do, in this order.", count)
    head = Line(todo, {"count": str(count)}) if count else Line(says("All is well."))
    steps = tuple(line for one in by["to do"][:MOST] for line in _step(one, says))
    rest = (
        *_listed(says("Not known before that is right: {names}"), by["not known"], says),
        *_listed(says("In order: {names}"), by["ok"], says),
        *_listed(says("Not in use: {names}"), by["off"], says),
    )
    return with_reference(whisper, says, head, *steps, *rest)


def _step(one: Mapping[str, Any], says: Words) -> Parts:
    step = one["step"] or {}
    typed = (step.get("do", ""), *step.get("lines", ()), step.get("after", ""))
    who = Line(
        says("Who: {who}. Where: {where}"), {"who": step.get("who", ""), "where": typed[0]}, longest=LONGEST_LINE
    )
    head = Line("**{check}**: {says}", {"check": one["check"], "says": one["says"]}, longest=LONGEST_LINE)
    return (head, who, *(Line("{line}", {"line": line}, longest=LONGEST_LINE) for line in typed[1:] if line))


def _listed(template: str, findings: Sequence[Mapping[str, Any]], says: Words) -> Parts:
    names = says.listed([str(one["check"]) for one in findings]) if findings else ""
    return (Line(template, {"names": names}, Look.SUBTLE, longest=LONGEST_LINE),) if names else ()


def admins(_: Whisper, says: Words) -> Parts:
    """Who asked is no administrator."""
    return (Line(says("That is for my administrators. If a meeting doesn't open, its message says who can help.")),)


def nobody(whisper: Whisper, says: Words) -> Parts:
    """Nobody said in `setting` who administers; `line` asks the same at a command line."""
    said = says("Nobody is named in {setting}, so I can't tell that here. Whoever runs me can ask: {line}")
    return (Line(said, {"setting": text(whisper, "setting"), "line": text(whisper, "line")}),)


WHISPERS: Mapping[str, Callable[[Whisper, Words], Parts]] = {
    "doctor": found,
    "doctor-admins": admins,
    "doctor-nobody": nobody,
}
