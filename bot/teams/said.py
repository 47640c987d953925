"""What a person typed: mentions taken out by entity, never by name, and blanks and quotes made plain. Pure, linear."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.model import Person
from bot.teams.ids import identifier

LONGEST_BYTES = 28 * 1024
MOST_MENTIONS = 100
_SPAN = re.compile(r"<at(?:\s[^<>]*)?>([^<]*)</at>")
# Joiners belong to words of some scripts and to emoji, never to Latin ones.
_LOOSE_JOINER = re.compile(r"(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])")
# Python refuses to read numbers of more than 4,300 digits; no character has one of more than 7.
_NO_CHARACTER = re.compile(r"&#[0-9]{8,};?")
_MARKS_IN_A_ROW = 16
_MARK = "\0"
_PLAIN = {ord(mark): "'" for mark in "\u2018\u2019\u201a\u201b\u2032"}
_PLAIN |= {ord(mark): '"' for mark in "\u201c\u201d\u201e\u201f\u2033"}
_PLAIN |= {ord(mark): " " for mark in "\u200b\u180e"}
_PLAIN |= dict.fromkeys((*range(32), *range(127, 160)), " ")
# The soft hyphen, marks and overrides of direction, word joiners, the byte order mark.
_PLAIN |= dict.fromkeys((0xAD, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF), "")


def words(text: str) -> str:
    """Return text as one line: NFKC, entities of HTML resolved, plain quotes, single blanks; at most 28 KiB of UTF-8.

    Words stay as they were typed; invisible signs and signs that turn the writing direction go (ENGINE 4.12).
    """
    plain = _unescaped(_cut(text))
    if not plain.isascii():
        plain = _LOOSE_JOINER.sub("", plain.translate(_PLAIN))
        plain = unicodedata.normalize("NFKC", _calm(plain))
    return _cut(" ".join(plain.translate(_PLAIN).split())).rstrip()


def without_bot(text: str, entities: Iterable[Mapping[str, Any]], bot_id: str) -> str:
    """Return the text without the spans that mention the bot; other mentions leave their name (facts/teams 1.5.3).

    Which span is whose is what the entities say, in their order; a span without an entity is text like any other.
    """
    return _marked(text, entities, bot_id, " ")


def around_bot(text: str, entities: Iterable[Mapping[str, Any]], bot_id: str) -> tuple[str, ...]:
    """Return the words before and after a mention of the bot in the middle of a sentence; () where it is at an end."""
    marked = _marked(text.replace(_MARK, " "), entities, bot_id, _MARK)
    before, _, rest = marked.partition(_MARK)
    around = (words(before), words(rest.replace(_MARK, " ")))
    return around if all(around) else ()


def _marked(text: str, entities: Iterable[Mapping[str, Any]], bot_id: str, mark: str) -> str:
    """Return the text with `mark` for each span that mentions the bot."""
    owners: dict[str, deque[str]] = {}
    for entity in entities:
        who, span = mentioned(entity), _text(entity.get("text"))
        name = _name(span) if _SPAN.fullmatch(span.strip()) else _name(_text(who.get("name")))
        owners.setdefault(name, deque()).append(_text(who.get("id")))

    def shown(span: re.Match[str]) -> str:
        queue = owners.get(_name(span[0]))
        if not queue:
            return f" {span[1]} "
        # A client may send one entity for several mentions of one person: the last owner stays.
        owner = queue.popleft() if len(queue) > 1 else queue[0]
        return mark if owner == bot_id else f" {span[1]} "

    return _SPAN.sub(shown, _cut(text))


def mention_entities(activity: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the mention entities of an activity, whatever else stands among them."""
    entities = activity.get("entities")
    listed = entities if isinstance(entities, list) else []
    return [item for item in listed if isinstance(item, Mapping) and item.get("type", "mention") == "mention"]


def mentioned(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return whom a mention entity names; empty if it names nobody."""
    found = entity.get("mentioned")
    return found if isinstance(found, Mapping) else {}


def name_of(someone: str, entities: Iterable[Mapping[str, Any]]) -> str:
    """Return what somebody (`28:…`, `29:…`) is called where they are mentioned; "" where they are not."""
    whole = (mentioned(entity) for entity in entities)
    return next((words(_text(who.get("name"))) for who in whole if who.get("id") == someone), "")


def people(entities: Iterable[Mapping[str, Any]], bot_id: str) -> tuple[Person, ...]:
    """Return who else is mentioned, each once, in order, at most 100."""
    return tuple(_unique(entities, bot_id))


def _unique(entities: Iterable[Mapping[str, Any]], bot_id: str) -> Iterator[Person]:
    seen = {"", bot_id}
    for entity in entities:
        who = mentioned(entity)
        key = identifier(who, "id")
        if key in seen:
            continue
        seen.add(key)
        yield Person(key, oid=identifier(who, "aadObjectId"), name=words(_text(who.get("name"))))
        if len(seen) >= MOST_MENTIONS + 2:
            return


def _name(text: str) -> str:
    """Return the name inside a span, or the text itself, as far as spelling of HTML and blanks goes."""
    found = _SPAN.fullmatch(text.strip())
    return " ".join(_unescaped(found[1] if found else text).split())


def _unescaped(text: str) -> str:
    """Return text with HTML's entities resolved; what names no character becomes the replacement character."""
    return html.unescape(_NO_CHARACTER.sub("\ufffd", text)) if "&" in text else text


def _calm(text: str) -> str:
    """Drop combining marks beyond 16 in a row: normalising long runs of them takes quadratic time."""
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _cut(text: str) -> str:
    return text.encode("utf-8", "ignore")[:LONGEST_BYTES].decode("utf-8", "ignore")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
