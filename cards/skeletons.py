"""Adaptive Cards 1.5: skeletons made once with Microsoft's typed library, filled for every post (ENGINE R28).

What a card may be is in facts/teams 3.5 and
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from bot.model import Rendered
from cards.parts import Act, Button, Content, Hidden, Line, Look, Part, Row, plain_text

if TYPE_CHECKING:
    from microsoft_teams.cards import Action, CardElement

Shape = tuple[Any, ...]
"""What a skeleton depends on: ("line", look), ("row", acts) or ("hidden", name, shapes), in reading order."""


def rendered(content: Content, nonce: str = "") -> Rendered:
    """Return the content as a card ready to be posted, with its summary and the same in plain words.

    The first element and each button that asks the bot carry `nonce`, the id of the message they stand in: a post
    is known again by it, whatever it shows (ENGINE R15).
    """
    says = content.words
    card: dict[str, Any] = orjson.loads(_skeleton(tuple(map(_shape, content.parts))))
    card["lang"] = says.language
    if says.rtl:
        card["rtl"] = True
    for element, part in zip(card["body"], content.parts, strict=True):
        _fill(element, part, nonce, rtl=says.rtl)
    if nonce:
        card["body"][0]["id"] = nonce
    summary = content.summary.plain(rtl=says.rtl)
    card["fallbackText"] = summary
    return Rendered(card, summary, plain_text(content.parts, rtl=says.rtl))


def _shape(part: Part) -> Shape:
    if isinstance(part, Line):
        return ("line", part.look)
    if isinstance(part, Row):
        return ("row", tuple(button.act for button in part.buttons))
    return ("hidden", part.name, tuple(map(_shape, part.parts)))


@lru_cache(maxsize=512)
def _skeleton(shapes: Shape) -> str:
    """Return a card without words, in no language, as JSON text: reading it is the cheapest deep copy there is."""
    # Importing the library takes 0.5 s, so nobody who only imports `cards` pays for it.
    from microsoft_teams.cards import AdaptiveCard  # noqa: PLC0415 - see above

    card = AdaptiveCard(version="1.5", body=[_element(shape) for shape in shapes])
    made = card.model_dump(mode="json", by_alias=True, exclude_none=True)
    # The library only knows "full"; Microsoft's documentation and the clients say "Full".
    return json.dumps(made | {"msteams": {"width": "Full"}})


def _element(shape: Shape) -> CardElement:
    from microsoft_teams.cards import ActionSet, Container, TextBlock  # noqa: PLC0415 - see _skeleton

    kind, *rest = shape
    if kind == "row":
        return ActionSet(actions=[_action(act) for act in rest[0]])
    if kind == "hidden":
        return Container(id=rest[0], is_visible=False, items=[_element(inner) for inner in rest[1]])
    if rest[0] is Look.HEADING:
        return TextBlock(text="", wrap=True, style="heading", weight="Bolder", size="Medium")
    return TextBlock(text="", wrap=True, is_subtle=True if rest[0] is Look.SUBTLE else None)


def _action(act: Act) -> Action:
    from microsoft_teams.cards import (  # noqa: PLC0415 - see _skeleton
        ExecuteAction,
        OpenUrlAction,
        ToggleVisibilityAction,
    )

    if act is Act.OPEN:
        return OpenUrlAction(url="")
    return ExecuteAction(verb="") if act is Act.PRESS else ToggleVisibilityAction(target_elements=[])


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
    verb = button.target.partition(" ")[0]
    data = {"text": button.target, "v": str(button.version)} | ({"n": nonce} if nonce else {})
    return named | {"verb": verb, "data": data}
