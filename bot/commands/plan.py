"""`meet in 20m`, `meet at 15:30 tomorrow`: a meeting at another time; `meet` alone does not guess (EXPERIENCE 1.12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot import topics
from bot.commands import meet, options, times, wishes
from bot.commands.command import Asked, Command, whisper_to_asker
from bot.commands.grammar import key, keyed
from bot.commands.words import ASKED_WITH, ASKS, NOW
from bot.decisions import PlanMessage, Reply, SaveNote
from bot.errors import UsageError

TOMORROW_AT_NINE = times.When(hour=9, days=1)
"""What is offered to who named no time."""
MOST_LOOKED_AT = 60
"""Words among which a time is looked for: as many as a subject may have."""
_ASKS = frozenset(keyed(word)[0] for word in ASKS)
_NOW = tuple(map(key, NOW))


@dataclass(frozen=True, slots=True)
class Planned:
    """What was said after `meet`: when, None where no time begins it, and the rest."""

    when: times.When | None
    request: options.Request


def parse(words: str, mentioned: Iterable[str] = ()) -> Planned:
    """Read a time, options and subject. Raises UsageError as `options.parse` does."""
    when, rest = split(words)
    return Planned(when, options.parse(rest, mentioned))


def split(words: str) -> tuple[times.When | None, str]:
    """Return the time that words begin with and what follows; a day without a time is none."""
    said = words.split()
    found = times.read(said)
    if found is None or (found[0].hour is None and not found[0].minutes):
        return None, words
    when, count = found
    return when, " ".join(said[count:])


def write(planned: Planned, mentioned: Iterable[str] = ()) -> str:
    """Return a line that is read as this; without a time it is one for now."""
    rest = options.write(planned.request, mentioned)
    if planned.when is None:
        return f"meet now {rest}".strip()
    begins = times.write(planned.when)
    if split(f"{begins} {rest}") != (planned.when, rest):  # the subject goes on as a time would
        rest = options.write(planned.request, mentioned, enclosed=True)
    return f"meet {begins} {rest}".strip()


def run(asked: Asked) -> Reply:
    """Plan a meeting, ask what was meant, or open one now."""
    if not asked.rest or asked.rest.startswith("#"):
        return meet.run(asked)
    said = _said(asked)
    if said.when is not None:
        return _planned(asked, said.when)
    if _smells(asked, said.request.subject):
        return _now_or_then(asked, said)
    _is_no_slip(asked)
    return meet.run(asked)


def _planned(asked: Asked, when: times.When) -> Reply:
    """Plan a meeting; one button plans one, however often it is pressed."""
    start = times.start(when, asked.view.now, zone(asked))
    pressed = asked.view.pressed
    once = f"planned|{pressed.message_id}" if pressed else ""
    if once in asked.view.notes:
        return asked.tell("planned-already")
    if start.wrong:
        return asked.tell("not-then", why=start.wrong, at=start.at, asked_at=asked.view.now, days=times.HORIZON)
    wish = replace(wishes.apart(replace(asked, rest=split(asked.rest)[1])), starts_at=start.at)
    if reply := meet.in_the_way(asked, wish):
        return reply
    note = SaveNote(asked.chat.tenant, once, "", start.at, about=asked.chat.thread_id)
    reply = meet.begun(asked, wish)
    effects = (*reply.effects, *_told(asked, wish.subject, start), *((note,) if once else ()))
    return replace(reply, effects=effects)


def zone(asked: Asked) -> str:
    """Return the zone in which a time is meant: the person's, else the chat's; "" is UTC."""
    return asked.turn.zone or asked.chat.zone


def _told(asked: Asked, subject: str, start: times.Start) -> tuple[PlanMessage, ...]:
    """Whisper what whoever asked may not have thought of; nothing where the time is what it seems."""
    odd = {"tomorrow": start.tomorrow, "gap": start.gap, "twice": start.twice, "zone": not asked.turn.zone}
    notes = [name for name, holds in odd.items() if holds]
    words = asked.whisper("planned", subject=subject, at=start.at, asked_at=asked.view.now, notes=notes)
    return (whisper_to_asker(asked.turn, asked.view, words),) if notes else ()


def _said(asked: Asked) -> Planned:
    """Read what was said. Raises UsageError with the whole line put right."""
    when, rest = split(asked.rest)
    try:
        return Planned(when, options.parse(rest, _names(asked)))
    except UsageError as error:
        begins = times.write(when) if when else "now"
        raise UsageError(asked.turn.text[: wishes.LONGEST_TYPED], f"meet {begins} {error.meant}") from None


def _names(asked: Asked) -> list[str]:
    return [person.name for person in asked.turn.mentions]


def _smells(asked: Asked, subject: str) -> bool:
    """Say whether a subject smells of another time, a no, or a question; nobody's name does."""
    for name in filter(None, _names(asked)):
        subject = subject.replace(name, "")
    words = wishes.bounded(subject).split()
    if any(key(word) in _ASKS or word.isdecimal() or word.endswith(ASKED_WITH) for word in words):
        return True
    return any(times.read(words[at:]) for at in range(len(words)))


def _is_no_slip(asked: Asked) -> None:
    """Raise UsageError where `now` was meant: a letter more or less, or two exchanged."""
    first, _, rest = asked.rest.partition(" ")
    word = key(first)
    for now in _NOW:
        if topics.one_slip(word, now) and (len(word) != len(now) or sorted(word) == sorted(now)):
            raise UsageError(asked.turn.text[: wishes.LONGEST_TYPED], f"meet now {rest}".strip())


def _now_or_then(asked: Asked, said: Planned) -> Reply:
    """Ask what was meant: now, the time that stands somewhere in the words, or tomorrow."""
    words = asked.rest.split()
    found = next(
        ((at, *read) for at in range(min(len(words), MOST_LOOKED_AT)) if (read := times.read(words[at:]))), None
    )
    when, rest = TOMORROW_AT_NINE, asked.rest
    if found is not None:
        at, when, count = found
        if when.hour is None and not when.minutes:
            when = replace(when, hour=TOMORROW_AT_NINE.hour)
        rest = " ".join((*words[:at], *words[at + count :]))
    start = times.start(when, asked.view.now, zone(asked))
    if start.wrong:
        when, rest = TOMORROW_AT_NINE, asked.rest
        start = times.start(when, asked.view.now, zone(asked))
    now = write(_for_a_button(said))
    then = write(_for_a_button(Planned(when, options.parse(rest, _names(asked)))))
    tomorrow = times.start(TOMORROW_AT_NINE, asked.view.now, zone(asked)).at == start.at
    return asked.ask("now-or-then", now=now, then=then, at=start.at, asked_at=asked.view.now, tomorrow=tomorrow)


def _for_a_button(planned: Planned) -> Planned:
    """Return what a button can say: it mentions nobody."""
    return replace(planned, request=replace(planned.request, names=()))


COMMAND = Command(
    name="plan",
    phrases=("meet",),
    usage="meet in 20m [subject]",
    description="A meeting at another time; meet at 15:30 tomorrow: in your time zone",
    examples=("meet in 20m", "meet tomorrow 9:00 Retro", "meet monday 10:00 Retro for 45m", "meet at 15:30 Retro"),
    run=run,
    takes_words=True,
    teaches=(("meet in 20m Retro", "a meeting at another time"),),
)
