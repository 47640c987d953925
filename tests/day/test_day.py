from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.leases import Receipt, ReceiptKind
from bot.model import Turn
from tests.chaos.broken import BREAKS, Around, Break
from tests.day.__main__ import BROKEN
from tests.day.growth import steps
from tests.day.plan import NINE, Sizes, draw
from tests.day.running import SOUND, Day, live
from tests.day.simulated import Weather
from tests.day.verdict import Verdict

pytestmark = pytest.mark.usefixtures("untraced")

SEED = 7
MORNING = Sizes(chats=200, meetings=120, peak=0.5, copies=0.2, first=NINE - 200, last=NINE + 200, minutes=1)
FEW = replace(MORNING, meetings=20)
ROUGH = Weather(unheard=0.2)


class Forgetful(Around):
    """Says of every fifth turn that it is a copy of another one."""

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """Promise what is not written."""
        if int(turn.activity_id.partition(".")[0]) % 5 == 0:
            return Receipt(ReceiptKind.COPY, turn.turn_key)
        receipt: Receipt = await self._part.receive(turn, now)
        return receipt


@pytest.fixture(scope="module", autouse=True)
def nothing_is_traced(untraced: None) -> None:
    """Live on virtual time alone: the same lines run in the journeys."""


def lived(path: Path, sizes: Sizes, broken: Break = SOUND) -> Verdict:
    """Live a morning in which every fifth answer is lost, unless it is a whole one."""
    requests = draw(SEED, sizes)
    if sizes is MORNING:
        return live(Day(SEED, sizes, requests, path))
    return live(Day(SEED, sizes, requests, path, ROUGH, broken, afterwards=60.0))


def test_a_morning_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Each request around nine o'clock has one meeting and one card or word of the meeting that is there."""
    verdict = lived(tmp_path / "day.db", MORNING)
    assert verdict.green, "\n".join(verdict.lines())
    assert len(verdict.waited["asked, and had a card"]) == MORNING.meetings
    assert len(verdict.waited["shown the running meeting"]) > 5
    assert verdict.counts["throttled by Graph"] > 0


def test_a_seed_is_a_day_to_the_last_millisecond(tmp_path: Path) -> None:
    """The same seed gives the same answers at the same virtual times, so that whatever it finds is found again."""
    assert draw(SEED, FEW) != draw(SEED + 1, FEW)
    first, second = (lived(tmp_path / name, FEW) for name in ("a.db", "b.db"))
    assert first == second


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_build_is_found_out(tmp_path: Path, broken: str) -> None:
    """A build that answers copies or asks Graph under new names comes out red, so that green means something."""
    assert lived(tmp_path / "day.db", FEW, BREAKS[broken]).doubled


def test_what_is_lost_is_found_out(tmp_path: Path) -> None:
    """A build that acknowledges what it does not keep comes out red."""
    assert lived(tmp_path / "day.db", FEW, Break(wrap_store=Forgetful)).lost


def test_a_request_costs_the_same_beside_many_rooms(tmp_path: Path) -> None:
    """SQLite does as much for a request beside fifteen hundred rooms as beside a hundred."""
    few, many = (steps(tmp_path / f"{rooms}.db", rooms) for rooms in (100, 1_500))
    assert many <= 1.2 * few
