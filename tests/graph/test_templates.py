"""What is told of Graph's addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.graph.templates import WORDS, template


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/users/5d2f/onlineMeetings/createOrGet", "/users/{id}/onlineMeetings/createOrGet"),
        ("/me/onlineMeetings/MSo1%2F", "/me/onlineMeetings/{id}"),
        ("/me/onlineMeetings?$filter=joinWebUrl%20eq%20'https://x'", "/me/onlineMeetings"),
        ("/teams/1/channels/19:a@thread.tacv2/messages?$top=5", "/teams/{id}/channels/{id}/messages"),
        ("", ""),
    ],
)
def test_an_address_is_told_by_graph_s_own_words(path: str, told: str) -> None:
    """Log and metrics name the operation and nobody's id, link or thread."""
    assert template(path) == told


@given(st.text())
def test_nothing_else_is_told(path: str) -> None:
    """Whatever an address holds, only words of Graph's come out."""
    assert set(template(path).split("/")) <= WORDS | {"", "{id}"}
