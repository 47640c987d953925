from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backoff import LONGEST_SECONDS, delay, retry_after
from bot.references import ALPHABET, reference

NOW = 1_790_000_000_000
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


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2.128", 2.128),
        ("0", 0.0),
        (" 17 ", 17.0),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30.0),
        ("Mon, 21 Sep 2026 14:13:50 -0000", 30.0),
        ("Mon, 21 Sep 2026 14:00:00 GMT", 0.0),
        ("999999", 3600.0),
        ("1e300", 3600.0),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_to_the_fraction(value: str | None, seconds: float | None) -> None:
    """Microsoft's wish to wait is understood as seconds, as a fraction and as a date, wherever it comes from."""
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_makes_it_stumble(value: str) -> None:
    """Whatever stands in the header is a number of seconds up to an hour, or nothing."""
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 3600


@given(st.text("0123456789abcdef", min_size=16, max_size=64))
def test_a_reference_can_be_read_out(key: str) -> None:
    """A reference has two groups of four, without letters that sound or look like others."""
    left, right = reference(key).split("-")
    assert len(left) == len(right) == 4
    assert set(left + right) <= set(ALPHABET)
    assert not set(ALPHABET) & set("01OIL")
    assert reference(key) == reference(key)
