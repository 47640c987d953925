"""What the rounds come to: one table in Markdown, each goal met or missed, each ratio of one run."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.rounds import Measured

BARE, PLAIN, SQLITE, POSTGRES = "bare aiohttp", "plain botbuilder", "Muster, SQLite", "Muster, PostgreSQL"
HONEST_BARE, HONEST_PLAIN = 3.06e6, 564e6
"""Instructions for one request, as facts/speed measured them."""
HONEST_RATIO = 96.7 / 1.23
"""The same as CPU time, plain botbuilder's by bare aiohttp's, for machines that count no instructions."""
WITHIN = 0.15

Rounds = Sequence[Mapping[str, Measured]]
Number = Callable[[Measured], float]


@dataclass(frozen=True, slots=True)
class Goal:
    """A row: how it is read and written, and which ratio to another bot, or which value, is meant to be reached.

    `reach` is by bot: (another bot or "", the bound, whether more is better); with another bot `plus` is added to its
    value (same unit) instead of multiplying it.
    """

    what: str
    read: Number
    write: str
    reach: Mapping[str, tuple[tuple[str, float, bool], ...]]
    plus: bool = False


def _both(*bounds: tuple[str, float, bool]) -> dict[str, tuple[tuple[str, float, bool], ...]]:
    return {SQLITE: bounds, POSTGRES: bounds}


GOALS = (
    Goal("M instructions a meeting", lambda it: it.instructions / 1e6, "{:.2f}", {SQLITE: ((BARE, 1.6, False),)}),
    Goal("CPU ms a meeting", lambda it: it.cpu * 1e3, "{:.2f}", {SQLITE: ((BARE, 1.6, False),)}),
    Goal(
        "requests/s, 64 at once",
        lambda it: it.rate,
        "{:.0f}",
        {SQLITE: ((BARE, 0.65, True), (PLAIN, 40, True)), POSTGRES: ((BARE, 0.45, True), (PLAIN, 40, True))},
    ),
    Goal("POST → card at 20/s, p50 ms", lambda it: it.near * 1e3, "{:.1f}", _both((BARE, 2.0, False)), plus=True),
    Goal("the same, Graph 80 ms away", lambda it: it.far * 1e3, "{:.1f}", _both(("", 86, False))),
    Goal(
        "POST → acknowledgement, 64 at once, p99 ms",
        lambda it: it.acknowledged_p99 * 1e3,
        "{:.0f}",
        _both((BARE, 0.25, False)),
    ),
    Goal("longest pause of the loop, cold, ms", lambda it: it.pause_cold * 1e3, "{:.0f}", _both(("", 15, False))),
    Goal("longest pause of the loop, warm, ms", lambda it: it.pause_warm * 1e3, "{:.0f}", _both(("", 10, False))),
    Goal("token calls per token", lambda it: it.tokens, "{:.0f}", _both(("", 1, False))),
    Goal("new connections a request, 64 at once", lambda it: it.connections, "{:.3f}", _both(("", 0.05, False))),
    Goal("start → first answer, s", lambda it: it.started, "{:.2f}", _both((BARE, 1.8, False))),
    Goal("memory idle, MiB", lambda it: it.idle, "{:.0f}", _both(("", 90, False))),
    Goal("memory afterwards, MiB", lambda it: it.after, "{:.0f}", _both(("", 115, False))),
    Goal("asked and not answered", lambda it: it.lost, "{:.0f}", _both(("", 0, False))),
)
COLUMNS = (BARE, PLAIN, SQLITE, POSTGRES)


def markdown(rounds: Rounds) -> list[str]:
    """Return the table's lines: medians over the rounds; ratios are medians of each round's own ratio."""
    columns = [name for name in COLUMNS if name in rounds[0]]
    lines = ["| | " + " | ".join(columns) + " | goal |", "|---" * (len(columns) + 2) + "|"]
    for goal in GOALS:
        values = {name: median(goal.read(done[name]) for done in rounds) for name in columns}
        if any(values.values()) or goal.what.startswith("asked"):
            cells = [goal.write.format(values[name]) if values[name] else "-" for name in columns]
            lines.append(f"| {goal.what} | " + " | ".join(cells) + f" | {'; '.join(_verdicts(goal, rounds))} |")
    return lines


def _verdicts(goal: Goal, rounds: Rounds) -> list[str]:
    verdicts = []
    for name, bounds in goal.reach.items():
        for other, bound, more in bounds:
            if name in rounds[0] and (not other or other in rounds[0]):
                verdicts.append(_verdict(goal, rounds, name, (other, bound, more)))
    return list(dict.fromkeys(verdicts))


def _verdict(goal: Goal, rounds: Rounds, name: str, reach: tuple[str, float, bool]) -> str:
    other, bound, more = reach
    reached = median(_compared(goal, done, name, other) for done in rounds)
    sign = "≥" if more else "≤"
    met = reached >= bound if more else reached <= bound
    whom = (
        f"{sign} {other} + {bound:g}" if goal.plus else f"{sign} {bound:g} x {other}" if other else f"{sign} {bound:g}"
    )
    distance = "met" if met else "missed"
    return f"{whom}: {name.removeprefix('Muster, ')} {distance}{f' ({reached:.2f})' if other else ''}"


def _compared(goal: Goal, done: Mapping[str, Measured], name: str, other: str) -> float:
    value = goal.read(done[name])
    if not other:
        return value
    beside = goal.read(done[other])
    return value - beside if goal.plus else value / beside if beside else 0.0


def void(rounds: Rounds) -> str:
    """Return why the run says nothing, or "": the baselines are not those that facts/speed measured."""
    bare = median(done[BARE].instructions for done in rounds)
    plain = median(done[PLAIN].instructions for done in rounds)
    if bare and plain:
        named = ((BARE, bare, HONEST_BARE), (PLAIN, plain, HONEST_PLAIN))
        off = [
            f"{name} takes {it / 1e6:.2f} M instructions, not {meant / 1e6:.2f} M"
            for name, it, meant in named
            if _off(it, meant)
        ]
        return "; ".join(off)
    ratio = median(done[PLAIN].cpu / done[BARE].cpu for done in rounds)
    told = f"{PLAIN} takes {ratio:.0f} times the CPU of {BARE}, not {HONEST_RATIO:.0f} (± {WITHIN:.0%})"
    return told if _off(ratio, HONEST_RATIO) else ""


def _off(value: float, meant: float) -> bool:
    return abs(value / meant - 1) > WITHIN


def machine() -> str:
    """Return what the run was made on."""
    told = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name")), "")
    return (
        f"{model or platform.machine()}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )
