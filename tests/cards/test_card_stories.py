"""The story of a request: what did not happen is not told as if it had."""

from __future__ import annotations

import pytest

from cards.stories import as_text

AT = 1_773_918_240_000
WHEN = "2026-03-19 11:04:00 (UTC) · "


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (
            {"what": "graph", "status": 0, "step": "open", "attempt": 1, "outcome": "failed: sign_in"},
            "Microsoft Graph was not asked: open 1, failed: sign_in.",
        ),
        (
            {"what": "asked", "thread": "19:a", "by": "oid", "kind": "signed_in", "state": "waiting"},
            "Kept until oid signs in: waiting.",
        ),
        (
            {"what": "told", "purpose": "whisper", "to": "oid", "state": "posted", "outcome": "posted"},
            "Told oid alone, whisper: posted.",
        ),
        (
            {"what": "told", "purpose": "whisper", "to": "oid", "state": "dropped", "outcome": "gone"},
            "Told oid alone, whisper: dropped, gone.",
        ),
    ],
)
def test_a_story_tells_what_happened_and_nothing_twice(facts: dict[str, str | int], says: str) -> None:
    """Graph that was not asked did not fail to answer, what waits for a sign-in was not asked again."""
    assert as_text("7F3K-92QD", [{"at": AT, **facts}]) == f"The story of 7F3K-92QD\n{WHEN}{says}"
