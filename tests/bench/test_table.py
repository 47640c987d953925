from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.rounds import Measured
from tests.bench.table import BARE, PLAIN, SQLITE, markdown, void

ROUND = {
    BARE: Measured(rate=700, cpu=0.00123, instructions=3.06e6, near=0.003),
    PLAIN: Measured(rate=10, cpu=0.0967, instructions=564e6),
    SQLITE: Measured(rate=500, cpu=0.0015, instructions=6e6, near=0.0045),
}


@pytest.mark.parametrize("counted", [True, False])
def test_a_run_beside_slow_straw_men_is_void(counted: bool) -> None:
    """Baselines that cost more or less than those that were measured before make a run say nothing."""
    fields = ("instructions", "cpu") if counted else ("cpu",)
    sound = ROUND if counted else {name: replace(done, instructions=0) for name, done in ROUND.items()}
    straw = replace(sound[PLAIN], **{name: getattr(sound[PLAIN], name) * 1.2 for name in fields})
    assert not void([sound])
    assert PLAIN in void([{**sound, PLAIN: straw}])


def test_a_goal_is_met_or_its_distance_is_said() -> None:
    """Each row says which goal there is and how far from it Muster is in the same run."""
    rows = {line.split(" | ")[0].strip("| "): line for line in markdown([ROUND, ROUND])}
    assert "≤ 1.6 x bare aiohttp: SQLite missed (1.96)" in rows["M instructions a meeting"]
    assert "≤ bare aiohttp + 2: SQLite met (1.50)" in rows["POST → card at 20/s, p50 ms"]
    assert "≥ 40 x plain botbuilder: SQLite met (50.00)" in rows["requests/s, 64 at once"]
