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
    "fence": replace(
        CALM,
        requests=60,
        chats=40,
        seconds=10.0,
        freezes=2,
        faulty=1.0,
        stall=4.0,
        graph_faults=("stall", "forbidden-late"),  # a frozen replica hears the refusal while another is being answered
        connector_faults=(),
    ),
    "room-index": CALM,
    "ack-first": replace(CALM, kills=3, seconds=4.0),
    "retry-post": replace(
        CALM, faulty=0.4, graph_faults=(), connector_faults=("connector-reset-after", "connector-502")
    ),
}
"""What is tried, by the name of what is broken."""


def options(broken: str) -> Options:
    """Return how such a run goes; "" runs the bot as it is."""
    return Options("", broken=broken, patience=15.0, quiet=3.0)
