"""For each broken build the short plan under which it has to come out red; the sound build stays green under all."""

from __future__ import annotations

from tests.chaos.plan import Sizes
from tests.chaos.running import Options

_CALM = Sizes(requests=30, chats=6, replicas=2, seconds=3.0, kills=0, faulty=0.0)
_OPTIONS = Options("")


def _sizes(**changes: object) -> Sizes:
    from dataclasses import replace  # noqa: PLC0415 - used here alone

    return replace(_CALM, **changes)  # type: ignore[arg-type]  # the fields are Sizes' own


def _options(broken: str) -> Options:
    return Options("", broken=broken, patience=12.0)


PROOFS: dict[str, tuple[Sizes, Options]] = {
    "dedupe": (_sizes(), _options("dedupe")),
    "intent": (_sizes(faulty=0.5, graph_faults=("reset-after", "504-after")), _options("intent")),
    "lease": (_sizes(faulty=0.8, stall=2.5, connector_faults=("stall",), graph_faults=()), _options("lease")),
    "fence": (
        _sizes(
            requests=60, chats=30, seconds=9.0, freezes=2, faulty=0.8, stall=1.0, graph_faults=("stall",),
            connector_faults=(),
        ),
        _options("fence"),
    ),
    "room-index": (_sizes(), _options("room-index")),
    "ack-first": (_sizes(kills=3, seconds=4.0), _options("ack-first")),
    "retry-post": (
        _sizes(faulty=0.4, graph_faults=(), connector_faults=("connector-reset-after", "connector-502")),
        _options("retry-post"),
    ),
}
"""Sizes and options by the name of what is broken."""
