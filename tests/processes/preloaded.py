"""What every bot process has in common: the fork server imports this once."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

import cards

SERVING = (
    *("app", "bot.cli", "bot.delivery", "bot.dispatch", "bot.graph.client", "bot.graph.tokens", "bot.lifecycle"),
    *("bot.probes", "bot.store.opening", "bot.store.postgres", "bot.system", "bot.teams.edge", "bot.worker"),
)

for name in SERVING:
    import_module(name)
with suppress(ImportError):  # not on every Python
    import_module("uvloop")
cards.warm(("en",))
