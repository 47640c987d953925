from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.plan import Sizes, draw
from tests.chaos.proofs import CALM
from tests.chaos.running import Options, run

pytestmark = pytest.mark.usefixtures("untraced")

SEED = 7


async def test_nothing_is_lost_and_nothing_happens_twice(tmp_path: Path) -> None:
    """Forty requests, some delivered twice, meet faults and a kill: each ends in one meeting or one answer."""
    unhurried = Options(f"sqlite:///{tmp_path}/chaos.db", lease_ms=5_000, deadline_ms=3_000, patience=60.0)
    verdict = await run(draw(SEED, Sizes()), unhurried)
    assert verdict.green, "\n".join(verdict.lines())
    assert verdict.counts["acknowledged"] == verdict.counts["requests"] == 40
    assert verdict.counts["faults struck"] > 5
    assert verdict.counts["blows"] == 1


async def test_a_bot_that_takes_copies_for_new_requests_is_found_out(tmp_path: Path) -> None:
    """The verdict is red for a build that answers every delivery, so that its green means something."""
    sizes = replace(CALM, requests=10, chats=2, replicas=1, seconds=0.5, redelivered=1.0)
    verdict = await run(draw(SEED, sizes), Options(f"sqlite:///{tmp_path}/chaos.db", broken="dedupe", patience=5.0))
    assert not verdict.green


def test_a_seed_is_a_plan() -> None:
    """The same seed draws the same requests, faults and blows, and another seed draws others."""
    assert draw(SEED, Sizes()) == draw(SEED, Sizes())
    assert draw(SEED, Sizes()) != draw(SEED + 1, Sizes())
