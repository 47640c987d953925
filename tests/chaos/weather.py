"""What the sandbox does to a run: faults by ordinal, stalls, revoked tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.sandbox.cloud import Cloud
from bot.sandbox.gates import Gate
from bot.sandbox.journal import Exchange
from tests.chaos.plan import Plan

# The name in a plan: the sandbox's fault, and the Retry-After (s) it sends.
FAULTS: dict[str, tuple[str, float | None]] = {
    "429-waits": ("429", 0.8),
    "connector-429-waits": ("connector-429", 0.6),
    "connector-401": ("token-revoked", None),
    "connector-503-late": ("connector-503", None),
    "forbidden-late": ("forbidden", None),
}


class Weather:
    """Lets a plan's faults strike the how many-th call of each service. Made once the cloud runs."""

    def __init__(self, cloud: Cloud, plan: Plan) -> None:
        self._plans = {"graph": plan.graph, "connector": plan.connector}
        self._counts = dict.fromkeys(self._plans, 0)
        self._fates: dict[int, str] = {}
        self.stalls = 0
        for service, fates in self._plans.items():
            for name in sorted(set(fates.values()) - {"stall"}):
                fault, retry_after = FAULTS.get(name, (name, None))
                cloud.faults.inject(fault, on=f"{service}.*", where=self._meets(name), retry_after=retry_after)
            for number in range(list(fates.values()).count("stall")):
                when = ("before", "after")[number % 2]
                gate = cloud.hold(f"{service}.*", when=when, where=self._meets(f"stall {when}"))
                self._let_go(gate, plan.sizes.stall)
            for late in (name for name in fates.values() if name.endswith("-late")):
                self._let_go(cloud.hold(f"{service}.*", where=self._meets(late)), plan.sizes.stall)

    def _meets(self, name: str) -> Callable[[Exchange], bool]:
        return lambda exchange: self.fate(exchange) == name

    def fate(self, exchange: Exchange) -> str:
        """Return what this call meets, "" for nothing; a call keeps its fate however often it is asked for."""
        if exchange.number not in self._fates:
            service = exchange.operation.partition(".")[0]
            self._counts[service] += 1
            fate = self._plans[service].get(self._counts[service], "")
            if fate == "stall":
                fate = f"stall {('before', 'after')[self.stalls % 2]}"
                self.stalls += 1
            self._fates[exchange.number] = fate
        return self._fates[exchange.number]

    def _let_go(self, gate: Gate, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        gate.reached.add_done_callback(lambda _: loop.call_later(seconds, gate.release))
