"""Skeletons beside those that Microsoft's typed library makes (ENGINE R28)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from microsoft_teams.cards import (
    Action,
    ActionSet,
    AdaptiveCard,
    CardElement,
    Container,
    ExecuteAction,
    OpenUrlAction,
    SubmitAction,
    TextBlock,
    ToggleVisibilityAction,
)

from cards.parts import Act, Look
from cards.skeletons import Shape, skeleton

LINES = st.tuples(st.just("line"), st.sampled_from(Look))
ROWS = st.tuples(st.just("row"), st.lists(st.sampled_from(Act), min_size=1, max_size=4).map(tuple))
HIDDEN = st.tuples(
    st.just("hidden"), st.sampled_from(("more", "settings")), st.lists(LINES | ROWS, max_size=3).map(tuple)
)
SHAPES = st.lists(LINES | ROWS | HIDDEN, max_size=6).map(tuple)


@given(st.sampled_from(("en", "ar", "")), st.booleans(), SHAPES)
def test_every_skeleton_is_what_microsofts_library_makes(language: str, rtl: bool, shapes: Shape) -> None:
    """A card has exactly the form that Microsoft's own typed library gives it."""
    card = AdaptiveCard(version="1.5", lang=language, rtl=rtl or None, body=[element(shape) for shape in shapes])
    made: dict[str, Any] = card.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert json.loads(skeleton(language, rtl, shapes)) == made | {"msteams": {"width": "Full"}}


def element(shape: Shape) -> CardElement:
    """Return a part of a card as the library has it."""
    kind, *rest = shape
    if kind == "row":
        return ActionSet(actions=[action(act) for act in rest[0]])
    if kind == "hidden":
        return Container(id=rest[0], is_visible=False, items=[element(inner) for inner in rest[1]])
    if rest[0] is Look.HEADING:
        return TextBlock(text="", wrap=True, style="heading", weight="Bolder", size="Medium")
    return TextBlock(text="", wrap=True, is_subtle=True if rest[0] is Look.SUBTLE else None)


def action(act: Act) -> Action:
    """Return what a button does as the library has it."""
    if act is Act.OPEN:
        return OpenUrlAction(url="")
    if act is Act.DIALOG:
        return SubmitAction(data={})
    return ExecuteAction(verb="") if act is Act.PRESS else ToggleVisibilityAction(target_elements=[])
