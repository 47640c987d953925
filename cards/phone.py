"""How to join by telephone, in words: for the card, for its *More*, and for `dial-in`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from bot.model import DialIn
from cards import escape, numbers, phonebook
from cards.parts import Line, Link, Look, Value
from cards.words import Words

MOST_OTHERS = 8
"""Further numbers on a card; the page with all of them is linked."""


def short(dial_in: DialIn, says: Words) -> Line | None:
    """Return the line everybody needs: one number, a free one if there is one, and the id; None without any."""
    toll = [toll_number(number, says) for number in dial_in.toll_numbers[:1]]
    free = [phonebook.formatted(number) for number in dial_in.toll_free_numbers[:1]]
    values: dict[str, Value] = {
        "id": f"{numbers.by_three(dial_in.conference_id)}#",
        **_named("toll", toll),
        **_named("free", free),
    }
    if toll and free:
        return Line(says("Phone: {toll} or {free} (free), then {id}"), values)
    if toll:
        return Line(says("Phone: {toll}, then {id}"), values)
    return Line(says("Phone: {free} (free), then {id}"), values) if free else None


def others(dial_in: DialIn, says: Words) -> Line | None:
    """Return the numbers that `short` leaves out and the link to all of them; None when there is nothing more."""
    free = says("{number} (free)")
    numbers_left = [
        *(toll_number(number, says) for number in dial_in.toll_numbers[1 : 1 + MOST_OTHERS]),
        *(Line(free, {"number": phonebook.formatted(number)}) for number in dial_in.toll_free_numbers[1:]),
    ][:MOST_OTHERS]
    values: dict[str, Value] = {f"n{place}": number for place, number in enumerate(numbers_left)}
    shown = " · ".join([*(f"{{{name}}}" for name in values), *(["{link}"] if escape.https(dial_in.url) else [])])
    if not shown:
        return None
    link = Link(says("all local numbers"), dial_in.url)
    return Line(says("Other numbers: {numbers}").replace("{numbers}", shown), {**values, "link": link}, Look.SUBTLE)


def aloud(subject: str, dial_in: DialIn, says: Words) -> tuple[Line, ...]:
    """Return the numbers for somebody who types or reads them to somebody else (EXPERIENCE 2, DIAL-IN)."""
    first = next(iter((*dial_in.toll_numbers, *dial_in.toll_free_numbers)), "")
    if not first:
        return ()
    toll = bool(dial_in.toll_numbers)
    values: dict[str, Value] = {
        "subject": subject,
        "number": toll_number(first, says) if toll else phonebook.formatted(first),
        "id": numbers.by_three(dial_in.conference_id),
        "tap": numbers.one_tap(first, dial_in.conference_id),
        "spoken": spoken(phonebook.formatted(first), says),
        "spoken_id": _one_by_one(spoken_groups(numbers.by_three(dial_in.conference_id), says), says),
    }
    return (
        Line(says("{subject} by phone: {number}, then {id} and the hash key."), values),
        Line(says("One tap, for an SMS: {tap}"), values),
        Line(says("To read aloud: {spoken}. Then {spoken_id}, hash."), values, longest=1000),
        *_free(dial_in, says),
        *filter(None, (others(dial_in, says),)),
    )


def toll_number(number: str, says: Words) -> Line:
    """Return a number as people write it, with its place where that is known: `+44 20 7946 0123 (London)`."""
    shown, place = phonebook.formatted(number), phonebook.place(number, says.language)
    return Line(says("{number} ({place})") if place else "{number}", {"number": shown, "place": place})


def spoken(number: str, says: Words) -> str:
    """Return a number as it is said: `plus four four, two zero, seven nine four six, zero one two three`."""
    said = _one_by_one(spoken_groups(number, says), says)
    return says("plus {digits}").format(digits=said) if number.strip().startswith("+") else said


def spoken_groups(number: str, says: Words) -> list[str]:
    """Return each group of a number as words."""
    names = says("zero one two three four five six seven eight nine").split()
    return [" ".join(names[int(digit)] for digit in group) for group in numbers.groups(number)]


def _one_by_one(groups: list[str], says: Words) -> str:
    """Return groups of digits with a pause between them."""
    pause = says("{digits}, {more}")
    return reduce(lambda said, more: pause.format(digits=said, more=more), groups) if groups else ""


def _free(dial_in: DialIn, says: Words) -> tuple[Line, ...]:
    if not (dial_in.toll_numbers and dial_in.toll_free_numbers):
        return ()
    return (Line(says("Free of charge: {number}"), {"number": phonebook.formatted(dial_in.toll_free_numbers[0])}),)


def _named(name: str, found: Sequence[Value]) -> dict[str, Value]:
    return {name: found[0]} if found else {}
