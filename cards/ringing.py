"""Who is rung, as a card says it to everybody, and what whoever rang is told alone (EXPERIENCE 2, LIVE)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.messages import Whisper
from bot.model import RingState, Room
from cards.attendance import LONGEST_NAME
from cards.parts import Act, Button, Line, naming, titled
from cards.saying import Parts, press, text, texts
from cards.words import Words

MOST_NAMED = 14
"""People whom a card names, shared among the states they are in; the rest are counted: Join stays above the fold."""
MOST_OF_A_STATE = 6


def lines(room: Room, says: Words) -> tuple[Line, ...]:
    """Return one line for each state that somebody is in, those who come first; nothing where nobody is rung."""
    if not room.ringing.rings and not room.ringing.denied:
        return ()
    told = {
        RingState.JOINED: says("Came when rung: {names}"),
        RingState.RINGING: says("Ringing {names}"),
        RingState.UNCLEAR: says("Ringing? {names}: Microsoft did not say."),
        RingState.BUSY: says("Not rung, busy just now: {names}"),
        RingState.DECLINED: says("Declined: {names}"),
        RingState.NO_ANSWER: says("No answer: {names}"),
        RingState.UNREACHABLE: says("Could not be reached: {names}"),
    }
    people: dict[RingState, list[str]] = {}
    for ring in room.ringing.rings:
        state = RingState.RINGING if ring.state is RingState.WAITING else ring.state
        people.setdefault(state, []).append(ring.person.name)
    most = min(MOST_OF_A_STATE, MOST_NAMED // max(1, len(people)))
    shown = [_line(template, people[state], says, most) for state, template in told.items() if state in people]
    if denied := room.ringing.denied:
        words = says("I may not ring anybody yet: an administrator has to give me the permission {permission}.")
        shown.append(Line(words, {"permission": denied}))
    return tuple(shown)


def someone(room: Room, says: Words) -> Button:
    """Return the way to the dialog in which people are chosen."""
    title = titled(says("Ring someone into {subject}"), {"subject": room.subject}, says)
    return Button(Act.DIALOG, says("Ring someone"), "ring", title)


def _line(template: str, people: Sequence[str], says: Words, most: int) -> Line:
    """Return a line with at most so many people's names; the rest are counted, and whoever has no name."""
    named = [name for name in people if name][:most]
    more = len(people) - len(named)
    counted = says.many("{count} person", "{count} people", more)
    if named:
        counted = says.many("{count} more", "{count} more", more)
    rest = [Line(counted, {"count": str(more)})] if more else []
    return Line(*naming(template, [*named, *rest], says), longest=LONGEST_NAME)


def ring_off(_: Whisper, says: Words) -> Parts:
    """This deployment cannot ring."""
    words = says("I can't ring people here: whoever runs me has to set {setting} first.")
    return (Line(words, {"setting": "MUSTER_PUBLIC_URL"}),)


def ring_who(_: Whisper, says: Words) -> Parts:
    """Nobody was named, and no ring list is left."""
    return (Line(says("Whom shall I ring? Mention them, for example: {line}"), {"line": "ring @Ana @Ben"}),)


def ring_many(whisper: Whisper, says: Words) -> Parts:
    """More than `most` people at once."""
    return (Line(says("That's too many at once: I ring at most {most} people."), {"most": text(whisper, "most")}),)


def ring_begun(_: Whisper, says: Words) -> Parts:
    """Somebody rings."""
    return (Line(says("I'm ringing. The meeting's post shows who answers.")),)


def ring_stopped(_: Whisper, says: Words) -> Parts:
    """Nobody rings any more."""
    return (Line(says("I've stopped ringing.")),)


def ring_nobody(_: Whisper, says: Words) -> Parts:
    """There was nobody to ring or to stop ringing."""
    return (Line(says("Nobody is left to ring.")),)


def not_rung(whisper: Whisper, says: Words) -> Parts:
    """Who was not rung: `busy` people who are `doing` something, `soon` after the last time, `missing` here."""
    busy, soon, missing = (texts(whisper, name) for name in ("busy", "soon", "missing"))
    doing = text(whisper, "doing")
    state = {
        "presenting": says("{names} is presenting."),
        "donotdisturb": says("{names} does not want to be disturbed."),
    }.get(doing, says("{names} is busy."))
    several = says("{names} are presenting, or do not want to be disturbed.")
    told = (
        (state if len(busy) == 1 else several, busy),
        (says("{names}: rung less than two minutes ago, so not again yet."), soon),
        (says("{names}: nobody here that I can ring."), missing),
    )
    parts = [_line(template, people, says, len(people)) for template, people in told if people]
    return (*parts, *((press(says("Ring anyway"), "ring anyway"),) if busy else ()))


WHISPERS: Mapping[str, Callable[[Whisper, Words], Parts]] = {
    "ring-off": ring_off,
    "ring-who": ring_who,
    "ring-many": ring_many,
    "ring-begun": ring_begun,
    "ring-stopped": ring_stopped,
    "ring-nobody": ring_nobody,
    "not-rung": not_rung,
}
"""The texts of this module by their names."""
