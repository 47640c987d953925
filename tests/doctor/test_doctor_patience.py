"""What never answers is not waited for: doctor says so, and goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from bot.doctor import asking, trial
from bot.doctor.asking import Edges, seen_by
from bot.doctor.case import Case
from bot.errors import NotNow, StoreError
from bot.ports import Clock, Meetings, Store
from bot.teams.looking import Looked
from tests.doctor.test_doctor_looks import HOST, NOW, SETTINGS, TENANT


async def silence(*_: object, **__: object) -> Any:  # noqa: ANN401 - it never answers
    """Wait for ever."""
    await asyncio.Event().wait()


@dataclass
class Silent:
    """Every service there is, none of which answers; the clock does."""

    make = delete = find = token = ready = made = read_keys = sign_in_resource = staticmethod(silence)

    def freeze(self, *_: object) -> object:
        """Return something to send."""
        return object()

    def now(self) -> int:
        """Return the time."""
        return NOW


MOMENT = 0.01
"""Seconds that these wait for what never comes."""


async def test_a_trial_meeting_that_is_never_answered_for() -> None:
    """A Graph that is silent is no answer, and what it may have made is said to be left."""
    meetings = cast("Meetings", Silent())
    answer, left = await trial.Trial(meetings, TENANT, HOST, deleted_within=MOMENT).run(NOW, MOMENT)
    assert isinstance(answer, NotNow)
    assert left


async def test_silence_everywhere_is_seen_as_no_answer() -> None:
    """Whatever is silent is not known, and nothing waits for it."""
    silent = cast("Any", Silent())

    async def looked(_: str) -> Looked:
        return Looked(200, NOW)

    edges = Edges(
        silent, silent, "scope", looked, silence, silent, None, silent, silent, "", cast("Clock", silent), MOMENT
    )
    seen = await seen_by(edges, Case(SETTINGS, TENANT, HOST, NOW), None)
    assert (seen.token, seen.trial, seen.sign_in, seen.store, seen.keys) == (None, None, None, None, False)


async def test_a_store_that_fails_is_said_to() -> None:
    """A store that answers with an error does not answer."""

    class Away(Silent):
        async def ready(self) -> None:  # type: ignore[override]  # it fails instead
            raise StoreError("away")

    silent = cast("Any", Silent())
    store = cast("Store", Away())
    edges = Edges(
        silent, silent, "scope", silence, silence, None, None, silent, store, "", cast("Clock", silent), MOMENT
    )
    assert await asking._Asking(edges, SETTINGS, TENANT, HOST, None).store() == {"store": "the store does not answer"}
