"""An event whose meeting cannot be found yet: people wait only where something has to be closed first (ENGINE R4)."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import MeetingsError, NotNow, Refused
from bot.model import NO_OPTIONS, GraphCall, LobbyScope, Meeting, Options
from bot.outlook import Outlook
from tests.engine.test_looking_up import Still
from tests.engine.test_rooms import a_room

EVENT = Meeting("", "https://teams.example/meet/1", event_id="e1")
CLOSED = Options(lobby=LobbyScope.ORGANIZER)


class Graph:
    """A calendar that makes events, and meetings that are not found."""

    def __init__(self, error: MeetingsError) -> None:
        self.error = error

    async def allows_teams(self, *_: object, **__: object) -> bool:
        """Allow them."""
        return True

    async def make(self, *_: object, **__: object) -> Meeting:
        """Make the event."""
        return EVENT

    async def find(self, *_: object, **__: object) -> Meeting | None:
        """Fail."""
        raise self.error


async def made(options: Options, error: MeetingsError) -> Meeting:
    """Make an event while its meeting cannot be found."""
    graph: Any = Graph(error)
    chance: Any = Still()
    room = a_room(graph_call=GraphCall.EVENT, options=options)
    return await Outlook(graph, graph, chance, lambda *_: None).make(room)


async def test_a_door_that_is_to_be_closed_is_waited_for() -> None:
    """A slow moment of Microsoft's does not fail it: asked again, it is the same event, undone if it never opens."""
    with pytest.raises(NotNow) as caught:
        await made(CLOSED, NotNow("429", status=429).after(2.0, unclear=False))
    assert (caught.value.unclear, caught.value.retry_after) == (True, 2.0)


async def test_an_open_door_is_not_waited_for() -> None:
    """Whoever asked for nothing that keeps people out has the event's link at once; a definite no is no delay."""
    assert await made(NO_OPTIONS, NotNow("503", status=503)) == EVENT
    assert await made(CLOSED, Refused("403", status=403)) == EVENT
