"""A card's news in words, for who asked and reads text: edits are not announced to them (EXPERIENCE 1.15)."""

from __future__ import annotations

from dataclasses import replace

from bot import preferences, rooms
from bot.commands.command import derived
from bot.decisions import PlanMessage, Reply, SaveRoom, View
from bot.messages import Whisper
from bot.model import RoomState
from bot.ports import Decide


def told(decide: Decide) -> Decide:
    """Return the decision with its news for who reads text."""
    return lambda view: _with_news(decide(view), view)


def _with_news(reply: Reply, view: View) -> Reply:
    """Add the whisper that a meeting is open, where its opening card was shown first (1.5 s)."""
    room = view.room
    if room is None or room.state is not RoomState.OPENING or preferences.plain_key(room.room_id) not in view.notes:
        return reply
    saved = (effect.room for effect in reply.effects if isinstance(effect, SaveRoom))
    after = next((room for room in saved if room.state is RoomState.OPEN), None)
    if after is None or after.meeting is None or view.now - room.created_at < rooms.OPENING_CARD_AFTER:
        return reply
    data = {"subject": after.subject, "join_url": after.meeting.join_url}
    words = Whisper("is-open", data, after.request.language, after.zone, after.reference)
    message = rooms.to_starter(after, words, derived(view.fresh_id, "is-open"), view.now)
    return replace(reply, effects=(*reply.effects, PlanMessage(message)))
