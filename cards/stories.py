"""The story of one request in words, for an administrator (EXPERIENCE 1.19): ids and codes, no names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.messages import Whisper
from cards import times
from cards.parts import Line, Look, plain_text
from cards.saying import LONGEST_LINE, Parts, text
from cards.words import SOURCE, Words, words

Facts = Mapping[str, Any]
MOST = 60
"""Moments of a story that fit on a card; of a longer one the last are shown."""


def story(whisper: Whisper, says: Words) -> Parts:
    """What happened to the request `ref`: `moments`, each `at` (ms UTC) and `what`, with its facts."""
    return _told(text(whisper, "ref"), whisper.data["moments"], whisper.zone, says)


def as_text(reference: str, moments: Sequence[Facts], *, zone: str = "", language: str = SOURCE) -> str:
    """Return a story in plain words, one line for each moment; an empty `zone` is UTC."""
    return plain_text(_told(reference, moments, zone, words(language))).replace("\n\n", "\n")


def _told(reference: str, moments: Sequence[Facts], zone: str, says: Words) -> Parts:
    heading = Line(says("The story of {reference}"), {"reference": reference}, Look.HEADING)
    return (heading, *(_line(facts, zone, says) for facts in moments[-MOST:]))


def _line(facts: Facts, zone: str, says: Words) -> Line:
    template, values = _WHAT[str(facts["what"])](facts, says)
    shown = {name: str(value) for name, value in values.items()}
    return Line("{time} · " + template, {"time": times.exact(facts["at"], zone), **shown}, longest=LONGEST_LINE)


def _asked(facts: Facts, says: Words) -> tuple[str, Facts]:
    where = {
        "channel": says("a channel"),
        "group": says("a group chat"),
        "personal": says("a chat of two"),
        "meeting": says("a meeting's chat"),
    }.get(str(facts.get("chat", "")), says("a chat"))
    values = {"where": where, "chat": facts.get("thread", "?"), "person": facts.get("by", "?")}
    tries = int(facts.get("attempts", 1))
    if facts.get("kind") == "signed_in":
        return says("Kept until {person} signs in: {state}."), {**values, "state": facts["state"]}
    if facts.get("state") == "poison":
        aside = says.many(
            "Asked in {where}, {chat}, by {person}. Set aside after {count} failure.",
            "Asked in {where}, {chat}, by {person}. Set aside after {count} failures.",
            tries,
        )
        return aside, {**values, "count": tries}
    return says("Asked in {where}, {chat}, by {person}."), values


def _begun(facts: Facts, says: Words) -> tuple[str, Facts]:
    tries = int(facts.get("tries", 1))
    template = says.many(
        "A meeting was asked for: {call}, {way}, host {person}, {count} way tried.",
        "A meeting was asked for: {call}, {way}, host {person}, {count} ways tried.",
        tries,
    )
    return template, {"call": facts["call"], "way": facts["way"], "person": facts.get("host", "?"), "count": tries}


def _graph(facts: Facts, says: Words) -> tuple[str, Facts]:
    known = {name: facts.get(name, "-") for name in ("method", "step", "ms", "request_id", "client_request_id")}
    code = facts.get("code") or facts.get("error")
    values = {**known, "attempt": facts.get("attempt", 1), "outcome": facts.get("outcome", "-")}
    if not facts.get("status") and not facts.get("method"):
        return says("Microsoft Graph was not asked: {step} {attempt}, {outcome}."), values
    if not facts.get("status"):
        none = says(
            "Microsoft Graph did not answer: {step} {attempt}, {method}, {ms} ms, {outcome}. "
            "client-request-id {client_request_id}"
        )
        return none, values
    answer = says(
        "Microsoft Graph said {said}: {step} {attempt}, {method}, {ms} ms, {outcome}. "
        "request-id {request_id}, client-request-id {client_request_id}"
    )
    return answer, {**values, "said": f"{facts['status']} {code}" if code else facts["status"]}


def _opened(facts: Facts, says: Words) -> tuple[str, Facts]:
    return says("Opened, {binding}."), {"binding": facts.get("binding", "-")}


def _live(_: Facts, says: Words) -> tuple[str, Facts]:
    return says("Somebody came in."), {}


def _failed(facts: Facts, says: Words) -> tuple[str, Facts]:
    return says("Not opened: {code}."), {"code": facts.get("code", "-")}


def _ended(facts: Facts, says: Words) -> tuple[str, Facts]:
    return says("Ended: {code}."), {"code": facts.get("by", "-")}


def _did(facts: Facts, says: Words) -> tuple[str, Facts]:
    return says("{action}, by {person}."), {"action": facts["action"], "person": facts.get("by", "?")}


def _message(facts: Facts, says: Words) -> tuple[str, Facts]:
    tries = int(facts.get("attempts", 0))
    state = ", ".join(dict.fromkeys(str(facts[name]) for name in ("state", "outcome") if facts.get(name)))
    values = {"name": facts.get("name", facts["purpose"]), "state": state, "count": tries}
    if facts["purpose"] == "card":
        values["version"] = facts["version"]
        template = says("The card shows version {version}: {state}.")
    elif facts.get("to"):
        values["person"] = facts["to"]
        template = says("Told {person} alone, {name}: {state}.")
    else:
        template = says("Told everybody, {name}: {state}.")
    tried = says.many("Tried {count} time.", "Tried {count} times.", tries) if tries > 1 else ""
    return f"{template} {tried}".strip(), values


_WHAT: Mapping[str, Callable[[Facts, Words], tuple[str, Facts]]] = {
    "asked": _asked,
    "begun": _begun,
    "graph": _graph,
    "opened": _opened,
    "live": _live,
    "failed": _failed,
    "ended": _ended,
    "did": _did,
    "told": _message,
}


def no_story(whisper: Whisper, says: Words) -> Parts:
    """Nothing is known of the reference `ref`."""
    said = says(
        "I know nothing about {reference}. Look at it again: a reference has none of {letters}. "
        "What was said is forgotten after two days, a meeting after some weeks."
    )
    return (Line(said, {"reference": text(whisper, "ref"), "letters": "0, O, 1, I, L"}),)


def why_admins(whisper: Whisper, says: Words) -> Parts:
    """Somebody who is no administrator asked for the story of `ref`."""
    said = says("Only an administrator of mine can look that up. Give them the reference {reference}.")
    return (Line(said, {"reference": text(whisper, "ref")}),)


def why_alone(whisper: Whisper, says: Words) -> Parts:
    """An administrator asked in a chat that may be another organisation's; `line` asks the same."""
    said = says("I serve several organisations, so please ask that in our own chat: {line}")
    return (Line(said, {"line": text(whisper, "line")}),)


WHISPERS = {"story": story, "no-story": no_story, "why-admins": why_admins, "why-alone": why_alone}
