"""From claimed rows to claims, with the room and the chat that the work is about."""

from __future__ import annotations

from collections.abc import Sequence

from bot.leases import Lease, TimerClaim, TurnClaim
from bot.model import Chat, Room, TimerKind, Turn
from bot.pauses import GRAPH_PAUSED
from bot.store import rows
from bot.store.statements import Operation, Row, Rows, Statement

MOST_ATTEMPTS = 5
"""How often a turn is begun before it is poison (ENGINE 3.4, C3)."""


def turn_claim(turn: Turn, owner: str, until: int) -> TurnClaim:
    """Return the first claim of a turn: its first attempt, under its first fence."""
    return TurnClaim(turn, Lease(owner, 1, until), attempts=1)


UNREADABLE = (ValueError, TypeError)
"""What reading a row raises that a newer release wrote, while both run (ENGINE R25): it is left to that one."""


def turn_claims(claimed: Sequence[Row]) -> Operation[list[TurnClaim]]:
    """Return the claims of turns' rows in their order; what cannot be read here is given back as it was."""
    claims = []
    for row in sorted(claimed, key=lambda row: (row["received_at"], row["turn_key"])):
        try:
            claims.append(TurnClaim(rows.read_turn(row), rows.read_lease(row), row["attempts"]))
        except UNREADABLE:
            yield "turn_unclaim", {"turn_key": row["turn_key"]}
    return claims


class Known:
    """Rooms that this transaction has written and chats that it has read, so that neither is read once more.

    A written room is this transaction's until it ends; a chat that is saved is read again, because rows merge.
    """

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self.chats: dict[tuple[str, str], Chat] = {}
        self.pauses: dict[str, int] = {}

    def room(self, room_id: str) -> Operation[Room | None]:
        """Return a room, read unless it is known."""
        return self.rooms.get(room_id) or (yield from find_room(room_id))

    def chat(self, tenant: str, thread_id: str) -> Operation[Chat | None]:
        """Return a chat, read unless it is known."""
        known = self.chats.get((tenant, thread_id))
        return known or self.read_chat((yield "chat_find", {"tenant": tenant, "thread_id": thread_id}))

    def read_chat(self, found: Rows) -> Chat | None:
        """Return the chat of these rows, and keep it."""
        chat = rows.read_chat(found[0]) if found else None
        if chat:
            self.chats[chat.tenant, chat.thread_id] = chat
        return chat

    def pause(self, tenant: str, found: Rows) -> None:
        """Keep what was found out about a tenant's pause."""
        self.pauses[tenant] = int(found[0]["until"]) if found else 0

    def paused_until(self, tenant: str, now: int) -> Operation[int]:
        """Return until when Graph wants to be left alone by a tenant, read unless it is known; 0: it does not."""
        if tenant not in self.pauses:
            self.pause(tenant, (yield graph_pause(tenant, now)))
        return self.pauses[tenant]


def find_room(room_id: str) -> Operation[Room | None]:
    """Read a room; an empty id is no room."""
    if not room_id:
        return None
    found = yield "room_find", {"room_id": room_id}
    return rows.read_room(found[0]) if found else None


ASKS_GRAPH = frozenset(
    (TimerKind.OPEN, TimerKind.DELETE, TimerKind.PATCH, TimerKind.EVENT, TimerKind.SPARE, TimerKind.AMEND)
)
"""The timers that wait while a tenant's Graph is paused (ENGINE R27)."""


def graph_pause(tenant: str, now: int) -> Statement:
    """Ask for a tenant's pause."""
    return "note_until", {"tenant": tenant, "note_key": GRAPH_PAUSED, "now": now}


def timer_claims(claimed: Sequence[Row], now: int, known: Known) -> Operation[list[TimerClaim]]:
    """Return the claims of timers' rows, earliest first; what cannot be read here is given back as it was."""
    claims = []
    for row in sorted(claimed, key=lambda row: (row["due_at"], row["timer_key"])):
        try:
            claims.append((yield from _timer_claim(row, now, known)))
        except UNREADABLE:
            yield "timer_unclaim", {"timer_key": row["timer_key"]}
    return claims


def _timer_claim(row: Row, now: int, known: Known) -> Operation[TimerClaim]:
    """Return a timer's claim with its room and the room's home chat."""
    timer = rows.read_timer(row)
    room = yield from known.room(row["subject"])
    chat = (yield from known.chat(room.tenant, room.home_thread)) if room else None
    paused = (yield from known.paused_until(row["tenant"], now)) if timer.kind in ASKS_GRAPH else 0
    return TimerClaim(timer, rows.read_lease(row), room, chat, paused, rows.read_waiting(timer))
