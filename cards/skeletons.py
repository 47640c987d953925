"""Adaptive Cards 1.5: skeletons out of what Microsoft's typed library makes, filled for every post (ENGINE R28).

Importing that library costs 0.2 s and 20 MiB, so its few pieces stand here as it writes them; a test puts every
skeleton beside the library's own. What a card may be is in facts/teams 3.5 and
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import orjson

from bot.messages import Rendered
from cards import escape, fitting
from cards.parts import Act, At, Button, Content, Hidden, Line, Look, Part, Row, mentioned, plain_text

Shape = tuple[Any, ...]
"""What a skeleton depends on: ("line", look), ("row", acts) or ("hidden", name, shapes), in reading order."""


def rendered(content: Content, nonce: str = "", *, said: bool = True) -> Rendered:
    """Return the content as a card ready to be posted, with its summary and, if `said`, the same in plain words.

    The first element and each button that asks the bot carry `nonce`, the id of the message they stand in: a post
    is known again by it, whatever it shows (ENGINE R15).
    """
    says = content.words
    parts = fitted(content.parts)
    card: dict[str, Any] = orjson.loads(skeleton(says.language, says.rtl, tuple(map(_shape, parts))))
    for element, part in zip(card["body"], parts, strict=True):
        _fill(element, part, nonce, rtl=says.rtl)
    if nonce:
        card["body"][0]["id"] = nonce
    if entities := [_entity(at) for at in mentioned(content.parts)]:
        card["msteams"]["entities"] = entities
    summary = content.summary.plain(rtl=says.rtl)
    card["fallbackText"] = summary
    return Rendered(card, summary, plain_text(content.parts, rtl=says.rtl) if said else "")


def fitted(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return the parts with each row of buttons in as many rows as a narrow screen needs."""
    made: list[Part] = []
    for part in parts:
        if isinstance(part, Hidden):
            made.append(Hidden(part.name, tuple(chain.from_iterable(map(_rows, part.parts)))))
        else:
            made += _rows(part)
    return tuple(made)


def _rows(part: Line | Row) -> tuple[Line | Row, ...]:
    if isinstance(part, Line):
        return (part,)
    buttons = iter(part.buttons)
    counts = fitting.rows(tuple(button.title for button in part.buttons))
    return tuple(Row(tuple(islice(buttons, count))) for count in counts)


def _entity(at: At) -> dict[str, Any]:
    """Return what tells Teams who is mentioned (facts/teams 3.5)."""
    return {"type": "mention", "text": at.tag, "mentioned": {"id": at.id, "name": escape.clean(at.name)}}


def _shape(part: Part) -> Shape:
    if isinstance(part, Line):
        return ("line", part.look)
    if isinstance(part, Row):
        return ("row", tuple(button.act for button in part.buttons))
    return ("hidden", part.name, tuple(map(_shape, part.parts)))


_LINES: dict[Look, dict[str, Any]] = {
    Look.HEADING: {"size": "Medium", "weight": "Bolder", "wrap": True, "style": "heading"},
    Look.TEXT: {"wrap": True},
    Look.SUBTLE: {"isSubtle": True, "wrap": True},
}
_ACTIONS: dict[Act, dict[str, Any]] = {
    Act.OPEN: {"type": "Action.OpenUrl", "url": ""},
    Act.PRESS: {"type": "Action.Execute", "verb": ""},
    Act.DIALOG: {"type": "Action.Submit", "data": {}},
    Act.SHOW: {"type": "Action.ToggleVisibility", "targetElements": []},
}


@lru_cache(maxsize=512)
def skeleton(language: str, rtl: bool, shapes: Shape) -> bytes:
    """Return a card without words as JSON: reading it is the cheapest deep copy there is."""
    body = [_element(shape) for shape in shapes]
    right_to_left = {"rtl": True} if rtl else {}
    # The library only knows the width "full"; Microsoft's documentation and the clients say "Full".
    frame = {"type": "AdaptiveCard", "lang": language, **right_to_left, "version": "1.5"}
    return orjson.dumps({**frame, "body": body, "msteams": {"width": "Full"}})


def _element(shape: Shape) -> dict[str, Any]:
    kind, *rest = shape
    if kind == "row":
        return {"type": "ActionSet", "actions": [_ACTIONS[act] for act in rest[0]]}
    if kind == "hidden":
        inner = [_element(each) for each in rest[1]]
        return {"type": "Container", "id": rest[0], "isVisible": False, "items": inner}
    return {"type": "TextBlock", "text": "", **_LINES[rest[0]]}


def _fill(element: dict[str, Any], part: Part, nonce: str, *, rtl: bool) -> None:
    if isinstance(part, Line):
        element["text"] = part.markdown(rtl=rtl)
    elif isinstance(part, Hidden):
        for inner, its in zip(element["items"], part.parts, strict=True):
            _fill(inner, its, nonce, rtl=rtl)
    else:
        for action, button in zip(element["actions"], part.buttons, strict=True):
            action.update(_filled(button, nonce))


def _filled(button: Button, nonce: str) -> dict[str, Any]:
    named = {"title": button.title, "tooltip": button.tooltip or button.title}
    if button.act is Act.OPEN:
        return named | {"url": button.target}
    if button.act is Act.SHOW:
        return named | {"targetElements": [button.target]}
    whose = {"n": nonce} if nonce else {}
    if button.act is Act.DIALOG:
        return named | {"data": {"msteams": {"type": "task/fetch"}, "dialog": button.target} | whose}
    verb = button.target.partition(" ")[0]
    return named | {"verb": verb, "data": {"text": button.target, "v": str(button.version)} | whose}
