from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.backoff import LONGEST_SECONDS, delay
from bot.references import ALPHABET, reference

FRACTIONS = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 1000), st.floats(0, 3600), FRACTIONS)
def test_the_server_s_wish_is_kept_to_the_fraction(attempt: int, wish: float, fraction: float) -> None:
    """Muster never comes back before Microsoft asked it to, and at most a tenth later."""
    assert wish <= delay(attempt, wish, fraction) <= wish * 1.1 + 1e-9


@given(st.integers(0, 1000), FRACTIONS)
def test_without_a_wish_waits_grow_and_stay_bounded(attempt: int, fraction: float) -> None:
    """Without advice the wait grows, never beyond twenty seconds, and is never nothing."""
    assert 0 < delay(attempt, None, fraction) <= LONGEST_SECONDS
    assert delay(attempt, None, fraction) <= delay(attempt + 1, None, fraction)


@given(st.text("0123456789abcdef", min_size=16, max_size=64))
def test_a_reference_can_be_read_out(key: str) -> None:
    """A reference has two groups of four, without letters that sound or look like others."""
    left, right = reference(key).split("-")
    assert len(left) == len(right) == 4
    assert set(left + right) <= set(ALPHABET)
    assert not set(ALPHABET) & set("01OIL")
    assert reference(key) == reference(key)
