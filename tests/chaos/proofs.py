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
    # Every call of the connector is held for four seconds, longer than a lease and R15's pause together, and half of
    # them are refused then. So whatever a replica posts as it is frozen has been taken over by the other one when it
    # wakes, is being posted just then, and is "not done" for the one that woke: only the fence keeps it from saying so.
    "fence": replace(
        CALM,
        seconds=10.0,
        freezes=2,
        faulty=1.0,
        stall=4.0,
        graph_faults=(),
        connector_faults=("stall", "connector-503-late"),
    ),
    # Only a topic has one place and several lanes: people of different channels open it in the same instant.
    "room-index": replace(CALM, requests=100, chats=60, topical=1.0),
    "ack-first": replace(CALM, kills=3, seconds=4.0),
    "retry-post": replace(
        CALM, faulty=0.4, graph_faults=(), connector_faults=("connector-reset-after", "connector-502")
    ),
}
"""What is tried, by the name of what is broken."""


def options(broken: str) -> Options:
    """Return how such a run goes; "" runs the bot as it is."""
    return Options("", broken=broken, patience=15.0, quiet=3.0)
