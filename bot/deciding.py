"""Decisions about a timer's room, which may be gone by then."""

from __future__ import annotations

from collections.abc import Callable

from bot.commands.command import derived
from bot.decisions import Reply, View
from bot.model import Room
from bot.ports import Decide


def with_room(decide: Callable[[Room, View, str], Reply]) -> Decide:
    """Return the decision about the room in view, with the id of a whisper that it may plan."""

    def decision(view: View) -> Reply:
        return decide(view.room, view, derived(view.fresh_id, "whisper")) if view.room else Reply(outcome="no room")

    return decision
