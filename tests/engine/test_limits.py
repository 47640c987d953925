"""Teams' limits and our own, as rules over times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import limits, pauses
from bot.decisions import SaveNote
from bot.errors import NotNow
from bot.limits import Seen, free_at, send_at, too_fast

NOW = 1_790_000_000_000


@given(st.lists(st.integers(0, 3_000), max_size=120))
def test_no_window_is_ever_exceeded(gaps: list[int]) -> None:
    """Whoever sends only when allowed never has more in any window than Teams permits."""
    times: list[int] = []
    now = NOW
    for gap in gaps:
        now = send_at(Seen(thread=tuple(reversed(times))), now + gap, edit=False, gap=0)
        times.append(now)
    for most, span in limits.THREAD:
        assert all(later - first >= span for first, later in zip(times, times[most:], strict=False))


def test_the_eighth_in_a_second_waits() -> None:
    """Seven go at once; the eighth goes a second after the first."""
    assert send_at(Seen(thread=(NOW,) * 6), NOW, edit=False, gap=3_000) == NOW
    assert send_at(Seen(thread=(NOW,) * 7), NOW, edit=False, gap=3_000) == NOW + 1_000
    assert send_at(Seen(tenant=(NOW,) * 30), NOW, edit=False, gap=3_000) == NOW + 1_000


def test_edits_keep_their_distance() -> None:
    """An edit waits for three seconds after the last one; a post does not."""
    seen = Seen(edited=NOW - 1_000)
    assert send_at(seen, NOW, edit=True, gap=3_000) == NOW + 2_000
    assert send_at(seen, NOW, edit=False, gap=3_000) == NOW
    assert send_at(Seen(), NOW, edit=True, gap=3_000) == NOW


def test_a_pause_is_kept() -> None:
    """While Teams asked for silence nothing goes."""
    assert send_at(Seen(paused_until=NOW + 2_128), NOW, edit=False, gap=0) == NOW + 2_128


@pytest.mark.parametrize(
    ("mine", "here", "seconds"),
    [((), (), 0), ((NOW - 1,) * 4, (), 0), ((NOW - 20_500,) * 5, (), 40), ((), (NOW,) * 10, 60), ((), (NOW,) * 9, 0)],
)
def test_meetings_in_a_minute(mine: tuple[int, ...], here: tuple[int, ...], seconds: int) -> None:
    """A person opens five meetings in a minute and a chat ten; then one waits, told in whole seconds."""
    assert too_fast(mine, here, NOW) == seconds


def test_nothing_sent_is_free() -> None:
    """Who has not sent anything may send."""
    assert free_at((), limits.THREAD) == 0


def test_graph_is_paused_when_it_asks() -> None:
    """Retry-After is kept by the whole tenant."""
    error = NotNow("429").after(6.5, unclear=False)
    assert pauses.failed("t", {}, error, 6.5, NOW) == (SaveNote("t", "paused|graph", "asked for", NOW + 6_500),)


def test_graph_is_paused_after_five_failures() -> None:
    """Four failures in a row are only counted; the fifth silences the tenant, each further one for longer."""
    notes: dict[str, str] = {}
    ends = []
    for _ in range(12):
        effects = pauses.failed("t", notes, NotNow("503"), 1.0, NOW)
        saved = {effect.key: effect for effect in effects if isinstance(effect, SaveNote)}
        notes = {pauses.GRAPH_FAILING: saved[pauses.GRAPH_FAILING].value}
        ends.append(saved[pauses.GRAPH_PAUSED].until - NOW if pauses.GRAPH_PAUSED in saved else 0)
    assert ends == [0, 0, 0, 0, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000]


def test_an_answer_ends_the_row() -> None:
    """What Graph answers is forgotten to have failed; where nothing failed nothing is written."""
    assert pauses.answered("t", {pauses.GRAPH_FAILING: "3"}, NOW) == (SaveNote("t", "failing|graph", "0", NOW),)
    assert pauses.answered("t", {}, NOW) == ()
