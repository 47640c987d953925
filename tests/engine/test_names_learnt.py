"""The look-up of channels' names: what the connector says is kept, what it does not say is no trouble."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bot.decisions import SaveNote, View
from bot.errors import NotDone, SendError
from bot.leases import Lease, TimerClaim
from bot.looking import Looking
from bot.model import Chat, Timer, TimerKind
from bot.observe import Event
from bot.ports import Messenger
from tests.engine.test_being_added import ADDED, TEAM
from tests.engine.test_rooms import NOW


class Names:
    """A connector that knows a team's channels, or refuses."""

    def __init__(self, refuses: SendError | None) -> None:
        self.refuses = refuses

    async def channel_names(self, chat: Chat) -> dict[str, str]:
        """Return the names."""
        if self.refuses:
            raise self.refuses
        return {chat.thread_id: "Lobby"}


@pytest.mark.parametrize("refuses", [None, NotDone("away", status=503)])
async def test_names_are_kept_and_a_silent_connector_is_asked_again_tomorrow(refuses: SendError | None) -> None:
    """After an installation the channels' names are kept; a connector that is away costs nobody anything."""
    events: list[Event] = []
    looking = Looking(cast("Messenger", Names(refuses)), None, cast("Any", None), events.append)
    timer = Timer("names", TimerKind.NAMES, TEAM.tenant, TEAM.thread_id, NOW)
    claim = TimerClaim(timer, Lease("me", 1, NOW), None, None, turn=ADDED)
    reply = (await looking.names(claim))(View(NOW, "f" * 32))
    kept = {effect.value for effect in reply.effects if isinstance(effect, SaveNote)}
    assert kept == ({""} if refuses else {"", "Lobby"})
    assert [event.name for event in events] == (["names.unknown"] if refuses else [])
    assert (await looking.names(replace(claim, turn=None)))(View(NOW, "f")).effects == ()
