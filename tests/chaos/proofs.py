"""For each broken build the short plan under which it has to come out red; the sound build stays green under all."""

from __future__ import annotations

from dataclasses import replace

from tests.chaos.plan import Sizes
from tests.chaos.running import Options

CALM = Sizes(requests=30, chats=6, replicas=2, seconds=3.0, kills=0, faulty=0.0)
SIZES: dict[str, Sizes] = {
    "dedupe": CALM,
    "intent": replace(CALM, faulty=0.5, graph_faults=("reset-after", "504-after"), connector_faults=()),
    "lease": replace(CALM, faulty=0.8, stall=2.5, connector_faults=("stall",), graph_faults=()),
    # A replica is frozen as it posts; when its lease is over the other one posts, and just then the first one wakes.
    # Its own deadline is over, so all it knows is "unclear": only the fence keeps it from writing that over the post
    # that is on its way, and from posting again after R15's pause (short here: no heartbeat is to come between).
    "fence": replace(CALM, requests=40, chats=40, seconds=26.0, ambushes=3),
    # Only a topic has one place and several lanes: people of different channels open it in the same instant.
    "room-index": replace(CALM, requests=100, chats=60, topical=1.0),
    "ack-first": replace(CALM, kills=3, seconds=4.0),
    "retry-post": replace(
        CALM, faulty=0.4, graph_faults=(), connector_faults=("connector-reset-after", "connector-502")
    ),
}
"""What is tried, by the name of what is broken."""


TIMES: dict[str, tuple[int, int, int]] = {"fence": (6_000, 4_500, 300), "lease": (6_000, 4_500, 1_000)}
"""How long a lease, a send and R15's pause last there (ms), where that is not as in every short run."""


def options(broken: str, *, sound: bool = False) -> Options:
    """Return how such a run goes; `sound` runs the bot as it is."""
    base = Options("", broken="" if sound else broken, patience=30.0, quiet=3.0)
    if broken not in TIMES:
        return base
    lease_ms, deadline_ms, unclear_ms = TIMES[broken]
    return replace(base, lease_ms=lease_ms, deadline_ms=deadline_ms, unclear_ms=unclear_ms)
