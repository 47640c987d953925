"""MUSTER_SECRET_KEY was replaced: what the old one sealed is not used again, and new keys are made at once."""

from __future__ import annotations

from typing import cast

from bot.calls import WatchKey
from bot.decisions import Reply, SaveKey
from bot.graph.client import GraphMeetings
from bot.graph.subscriptions import GraphWatch
from bot.leases import Lease, TimerClaim
from bot.model import Timer, TimerKind
from bot.subscribing import Subscribing
from bot.system import SystemChance, SystemClock
from tests.engine.test_rooms import NOW
from tests.engine.test_watching import ACTIVE, view


def watch(secret: bytes) -> GraphWatch:
    """Return what asks Graph; nothing here does."""
    return GraphWatch(cast("GraphMeetings", None), "https://muster.example", secret, SystemChance())


async def decided(ours: GraphWatch, key: WatchKey, kind: TimerKind, **payload: object) -> Reply:
    """Return what a subscription's timer decides where this key is in the store."""
    subscribing = Subscribing(ours, SystemClock(), SystemChance(), lambda _: None)
    timer = Timer("key", kind, "tenant", "r1", NOW, payload)
    decide = await subscribing.run(TimerClaim(timer, Lease("me", 1, NOW), None, None))
    return decide(view(key=key, watched=ACTIVE))


async def test_a_key_that_another_secret_sealed_serves_no_more() -> None:
    """After the secret was replaced meetings get a key that can be opened, those that run at their renewal."""
    old, new = watch(b"the secret before"), watch(b"the secret that replaced it")
    sealed = await old.make_key(NOW)
    for kind in (TimerKind.SUBSCRIBE, TimerKind.RENEW):
        assert (await decided(old, sealed, kind)).outcome in {"prepared", "renewing"}
        assert (await decided(new, sealed, kind)).outcome == "key wanted"
        made = await decided(new, sealed, kind, make_key=True)
        (fresh,) = (effect.key for effect in made.effects if isinstance(effect, SaveKey))
        assert new.opens(fresh)
        assert not old.opens(fresh)
