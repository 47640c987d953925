"""What a thread may send now: one message at a time, the most urgent first, within Teams' limits (ENGINE R17, R19).

All replicas ask and write the same table, inside the transaction that claims the message.
"""

from __future__ import annotations

from bot import limits, preferences
from bot.leases import Learned, MessageClaim, Route
from bot.model import ChatKind, Person
from bot.store import rows
from bot.store.claims import UNREADABLE, Known
from bot.store.statements import Operation, Row, Rows, Statement, Terms, Value, side_by_side

PAUSED_THREAD = "paused|thread|"
UNTARGETED = "untargeted"
MOST_UNREADABLE = 8
"""How many messages of a newer release a thread's next one is looked for behind (ENGINE R25)."""
ROUTE_KEPT = 30 * 86_400_000
"""ms for which a person's own conversation is remembered."""
REFUSAL_KEPT = 86_400_000
"""ms for which it is remembered that a tenant or a person cannot be whispered to (ENGINE R18)."""

Claimed = tuple[list[MessageClaim], int | None]
"""What may be sent now, and when to ask again (ms UTC) if it may not."""


def claim_threads(terms: Terms, now: int, limit: int) -> Operation[Claimed]:
    """Claim the next message of every thread that has one due, at most `limit` threads.

    A tenant that has sent what it may is left alone as a whole: however many of its threads wait, they cost nothing.
    """
    claims: list[MessageClaim] = []
    ahead: list[int] = []
    left: dict[str, int] = {}
    spent, before = "", None
    while spent != before and len(claims) < limit:
        before = spent
        for row in (yield "threads_due", {"now": now, "most": limit - len(claims), "besides": spent}):
            tenant = row["tenant"]
            sent = [] if tenant in left else (yield from _sent_in(tenant, now))
            if left.setdefault(tenant, limits.MOST_IN_TENANT - len(sent)) > 0:
                claimed, later = yield from claim_thread(terms, tenant, row["thread_id"], now, Known())
                claims += claimed
                ahead += [later] if later else []
                left[tenant] -= len(claimed)
            elif f"{tenant} " not in spent:
                spent += f"{tenant} "
                ahead.append(min(sent, default=now) + limits.TENANT[-1][1])
    return claims, min(ahead, default=None)


def _sent_in(tenant: str, now: int) -> Operation[list[int]]:
    """Return when the messages were sent that count against the tenant's limit now."""
    asked: dict[str, Value] = {"since": now - limits.TENANT[-1][1], "most": limits.MOST_IN_TENANT}
    return [row["at"] for row in (yield "tenant_sent", {"tenant": tenant, **asked})]


def claim_thread(terms: Terms, tenant: str, thread_id: str, now: int, known: Known) -> Operation[Claimed]:
    """Claim the thread's next message, if it is due, nothing of the thread is being sent, and the limits allow it."""
    where: dict[str, Value] = {"tenant": tenant, "thread_id": thread_id}
    asked: Statement = ("thread_heads", {**where, "now": now, "most": MOST_UNREADABLE})
    heads, lock = yield from side_by_side([asked, ("thread_lock", where)])
    if not heads:
        return [], None
    if not lock[0]["taken"]:
        return [], now + 1  # another replica decides about this thread just now
    seen = yield from _seen(where, now)
    for head in heads:
        edit = head["state"] == "posted"
        at = limits.send_at(seen, now, edit=edit, gap=terms.chat_send_gap_ms)
        if at > now:
            yield "thread_later", {**where, "now": now, "at": at, "edits": int(edit)}
            return [], at
        lease: dict[str, Value] = {"now": now, "owner": terms.owner, "until": now + terms.lease_ms}
        claimed = yield "message_claim", {**lease, "message_id": head["message_id"]}
        try:
            claims = yield from _claims(claimed, now, known)
        except UNREADABLE:  # a newer release's: as it was, and on to the next
            back: dict[str, Value] = {name: head[name] for name in ("message_id", "state", "attempts", "generation")}
            yield "message_unclaim", back
            continue
        for row in claimed:
            send: dict[str, Value] = {"message_id": row["message_id"], "fence": row["fence"], "at": now}
            yield "send_insert", {**where, **send, "edit": int(edit)}
        return claims, None
    return [], None


def _seen(where: dict[str, Value], now: int) -> Operation[limits.Seen]:
    asked: dict[str, Value] = {
        "now": now,
        "since": now - limits.LONGEST,
        "in_thread": limits.MOST_IN_THREAD,
        "second_ago": now - limits.TENANT[-1][1],
        "in_tenant": limits.MOST_IN_TENANT,
        "paused": f"{PAUSED_THREAD}{where['thread_id']}",
    }
    found = yield "thread_seen", {**where, **asked}
    return limits.Seen(
        thread=_times(found, "thread"),
        tenant=_times(found, "tenant"),
        edited=max((row["at"] for row in found if row["edit"]), default=None),
        paused_until=max(_times(found, "paused"), default=0),
    )


def _times(found: Rows, scope: str) -> tuple[int, ...]:
    return tuple(sorted((row["at"] for row in found if row["scope"] == scope), reverse=True))


def _claims(claimed: Rows, now: int, known: Known) -> Operation[list[MessageClaim]]:
    claims = []
    for row in claimed:
        room = yield from known.room(row["room_id"])
        chat = yield from known.chat(row["tenant"], row["thread_id"])
        own = room.starter if room and chat and chat.kind is ChatKind.PERSONAL else None
        route = yield from _route(row, own, now)
        claims.append(MessageClaim(rows.read_message(row), rows.read_lease(row), room, chat, route))
    return claims


def _route(row: Row, own: Person | None, now: int) -> Operation[Route]:
    """Return how the person of a whisper can be reached, by what was learned before; `own` reads a chat alone."""
    to = rows.read_message(row).to or own
    if to is None:
        return Route()
    asked: dict[str, Value] = {"person_id": to.id, "oid": to.oid, "untargeted": UNTARGETED, "now": now}
    found = {row["way"]: row["value"] for row in (yield "whisper_routes", {"tenant": row["tenant"], **asked})}
    text = preferences.plain(rows.read_object(found["settings"])) if "settings" in found else False
    return Route(targeted="untargeted" not in found, personal=found.get("personal"), plain=text)


def learn(terms: Terms, claim: MessageClaim, learned: Learned, now: int) -> Operation[None]:
    """Write what a sending taught about its surroundings, for every replica."""
    message = claim.message
    tenant = message.tenant
    if learned.paused_until:
        yield from _note(tenant, f"{PAUSED_THREAD}{message.thread_id}", learned.paused_until, message.thread_id)
    if learned.untargeted:
        yield from _note(tenant, UNTARGETED, now + REFUSAL_KEPT)
    if learned.personal is not None and message.to is not None:
        until = now + (ROUTE_KEPT if learned.personal else REFUSAL_KEPT)
        person: dict[str, Value] = {"person_id": message.to.id, "conversation_id": learned.personal, "until": until}
        yield "personal_save", {"tenant": tenant, **person}
    if learned.moved_to:
        yield "message_moved", {"message_id": message.message_id, "thread_id": learned.moved_to}
    if learned.chat_gone:
        since = claim.lease.until - terms.lease_ms
        where: dict[str, Value] = {"tenant": tenant, "thread_id": message.thread_id, "now": now, "since": since}
        if (yield "chat_gone", where):
            yield from chat_is_gone(tenant, message.thread_id, now, since)


def _note(tenant: str, key: str, until: int, about: str = "") -> Operation[None]:
    yield "note_save", {"tenant": tenant, "note_key": key, "about": about, "value": "", "until": until}


def chat_is_gone(tenant: str, thread_id: str, now: int, since: int) -> Operation[None]:
    """Drop the turns that waited in a chat up to `since`, and all it was to be told (ENGINE R19)."""
    where: dict[str, Value] = {"tenant": tenant, "thread_id": thread_id, "now": now}
    yield "turns_gone", {**where, "since": since}
    yield from forget((yield "thread_gone", where))


def forget(ended: Rows) -> Operation[None]:
    """Empty the words of messages that have ended (ENGINE 4.1)."""
    for row in ended:
        if row["content"] is not None:
            yield "message_emptied", {"message_id": row["message_id"], "content": rows.emptied(row["content"])}
