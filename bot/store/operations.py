"""Turns in, claims, leases and retention: each Store method's logic once, for every engine (ENGINE 1, 3)."""

from __future__ import annotations

import msgspec

from bot import backoff, limits
from bot.decisions import TOLD
from bot.leases import Lease, Receipt, ReceiptKind, Stuck, TurnClaim, Work
from bot.messages import Answer, Whisper
from bot.model import TimerKind, Turn, TurnKind
from bot.ports import KEPT
from bot.store import auditing, calls, ringing, rows, signins, stories
from bot.store.claims import MOST_ATTEMPTS, Known, timer_claims, turn_claim, turn_claims
from bot.store.sending import claim_threads, forget
from bot.store.statements import Operation, Row, Rows, Statement, Terms, Value, side_by_side
from bot.store.telling import expire, poisoned, tell_busy
from cards import answer_text

ECHO_WITHIN = 60_000
"""ms within which the same words of the same person are an echo (ENGINE R11)."""
ALIVE_WITHIN = 30_000
"""ms after its last heartbeat for which a replica counts as alive: three heartbeats."""
TURNS_KEPT = 48 * 3_600_000
"""ms for which a finished turn keeps its keys (ENGINE 2.17)."""
BEST_BEFORE = 300_000
"""ms after which a whisper or a notice that could not be posted is given up (ENGINE R6)."""
ASKING = frozenset({TurnKind.SAID, TurnKind.EDITED, TurnKind.DELETED, TurnKind.PRESSED, TurnKind.DIALOG})
"""What people do; what Teams reports about the bot itself is never dropped."""
KNOWN_TIMERS = msgspec.json.encode([kind.value for kind in TimerKind]).decode()
"""A newer release's timers are left to it: they must not crowd out those that can run here (ENGINE R25)."""
MOST_SWEPT = 5_000
"""Rows of a table deleted at once, so that a sweep never holds up the turns."""


def ready() -> Operation[None]:
    """Ask for one row."""
    yield "alive", {}


def alive(terms: Terms, now: int) -> Operation[int]:
    """Say that this process lives, and count those that said so in the last `ALIVE_WITHIN` ms."""
    yield "replica_seen", {"owner": terms.owner, "now": now}
    counted = yield "replicas_alive", {"since": now - ALIVE_WITHIN}
    return int(counted[0]["alive"])


def leave(terms: Terms) -> Operation[None]:
    """Take this process off the list of the living."""
    yield "replica_gone", {"owner": terms.owner}


def inherit(terms: Terms) -> Operation[None]:
    """End every lease of processes that are known to be gone: their work is due at once."""
    for query in ("orphan_turns", "orphan_timers", "orphan_messages"):
        yield query, {"owner": terms.owner}


def receive(terms: Terms, turn: Turn, now: int) -> Operation[Receipt]:
    """T1: the turn into the inbox, unless it is a copy; leased at once when nothing waits in its chat."""
    if turn.kind is TurnKind.DELETED and not (yield from _heard(turn)):
        return Receipt(ReceiptKind.UNHEARD, turn.turn_key)
    chat = {**rows.chat_params(turn.chat), "now": turn.received_at, "turn_key": turn.turn_key}
    del chat["gone_at"]
    if not (yield "chat_seen", chat):
        return (yield from _copied(turn))
    lane: dict[str, Value] = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id}
    waiting: Statement = ("lane_waits", {**lane, "most": limits.LANE + 1})
    before, waits = yield from side_by_side([_before(turn), waiting])
    earlier = yield from _echoed(turn, before)
    if earlier:
        key = str(earlier["turn_key"])
        inserted = yield _dropped(turn, key, "echo")
        echo = Receipt(ReceiptKind.ECHO, key, answer=rows.read_answer(earlier["answer"]))
        return echo if inserted else (yield from _copied(turn))
    if len(waits) > limits.LANE and turn.kind in ASKING:
        return (yield from _full(terms, turn, now))
    claim = None if waits else turn_claim(turn, terms.owner, now + terms.lease_ms)
    inserted = yield _new(turn, claim, now)
    if not inserted:
        return (yield from _copied(turn))
    return Receipt(ReceiptKind.NEW, turn.turn_key, claim)


def _full(terms: Terms, turn: Turn, now: int) -> Operation[Receipt]:
    """Too many wait in the chat: acknowledged, dropped, and the person is told (ENGINE R12)."""
    if not (yield _dropped(turn, turn.turn_key, "lane full")):
        return (yield from _copied(turn))
    if turn.wants_answer:
        words = Whisper("busy", {}, turn.locale, turn.zone, turn.reference)
        return Receipt(ReceiptKind.FULL, turn.turn_key, answer=Answer(text=answer_text(words)))
    yield from tell_busy(terms, turn, now)
    return Receipt(ReceiptKind.FULL, turn.turn_key)


def _copy(turn_key: str) -> Operation[Receipt | None]:
    found = yield "turn_find", {"turn_key": turn_key}
    if not found:
        return None
    answer = rows.read_answer(found[0]["answer"])
    return Receipt(ReceiptKind.COPY, str(found[0]["original_key"]), answer=answer)


def _copied(turn: Turn) -> Operation[Receipt]:
    """The turn is there already, or another replica was faster with it."""
    copy = yield from _copy(turn.turn_key)
    return copy or Receipt(ReceiptKind.COPY, turn.turn_key)


def _heard(turn: Turn) -> Operation[bool]:
    """Say whether the message that was deleted, or an edit of it, had been said to us by its author (ENGINE R10)."""
    who: dict[str, Value] = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id, "from_id": turn.person.id}
    return bool((yield "turn_shown", {**who, "reference": turn.reference}))


def _before(turn: Turn) -> Statement:
    """Ask for what this turn may repeat."""
    who: dict[str, Value] = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id, "from_id": turn.person.id}
    if turn.kind is TurnKind.EDITED:
        return "turn_shown", {**who, "reference": turn.reference}
    return "turn_before", who


def _echoed(turn: Turn, found: Rows) -> Operation[Row | None]:
    """Return the turn that this one merely repeats (ENGINE R11); `found` is what it may repeat."""
    if not found:
        return None
    before = found[0]
    if turn.kind is TurnKind.EDITED:
        # An edit means something by itself, unless it changed no word of its message.
        return before if before["echo_key"] == turn.echo_key else None
    same = before["echo_key"] == turn.echo_key and before["kind"] == turn.kind.value
    young = turn.received_at - before["received_at"] < ECHO_WITHIN
    over = before["state"] in {"expired", "poison"} or before["outcome"].startswith(("fail", "too-fast", TOLD))
    return before if same and young and not over and not (yield from _over_since(turn, before)) else None


def _over_since(turn: Turn, before: Row) -> Operation[bool]:
    """Say whether the meeting that this earlier turn asked for has failed or ended since: it is asked for anew."""
    lane: dict[str, Value] = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id}
    asked: dict[str, Value] = {"reference": before["reference"], "since": before["received_at"]}
    return bool((yield "room_over", {**lane, **asked, "outcome": before["outcome"]}))


def _new(turn: Turn, claim: TurnClaim | None, now: int) -> Statement:
    lease: dict[str, Value] = {"attempts": 0, "lease_owner": "", "lease_until": 0, "fence": 0}
    if claim:
        held = claim.lease
        lease = {
            "attempts": claim.attempts,
            "lease_owner": held.owner,
            "lease_until": held.until,
            "fence": held.fence,
        }
    fate: dict[str, Value] = {"original_key": turn.turn_key, "state": "new", "outcome": "", "due_at": now}
    return "turn_insert", {**rows.turn_params(turn), **lease, **fate}


def _dropped(turn: Turn, original_key: str, outcome: str) -> Statement:
    fate: dict[str, Value] = {
        "original_key": original_key,
        "state": "dropped",
        "outcome": outcome,
        "body": None,
        "due_at": turn.received_at,
        "attempts": 0,
        "lease_owner": "",
        "lease_until": 0,
        "fence": 0,
    }
    return "turn_insert", {**rows.turn_params(turn), **fate}


def answer(turn_key: str, *, last: bool) -> Operation[Receipt | None]:
    """Read the stored answer of an invoke, or of the one it repeats; `last` says that nobody waits for a later one."""
    if last:
        yield "turn_unheard", {"turn_key": turn_key}
    receipt = yield from _copy(turn_key)
    return receipt if receipt and receipt.answer else None


def claim(terms: Terms, now: int, limit: int) -> Operation[Work]:
    """Lease what is due, after settling what no lease holder will (expired, poison, gone, unclear)."""
    lease: dict[str, Value] = {"now": now, "owner": terms.owner, "until": now + terms.lease_ms, "most": limit}
    for row in (yield "turns_expire", {"now": now}):
        yield from expire(terms, row, now)
    for row in (yield "turns_poison", {"now": now, "most_attempts": MOST_ATTEMPTS}):
        yield from poisoned(terms, row, now)
    turn_rows = yield from _heads(lease)
    timer_rows = yield "timers_claim", {**lease, "kinds": KNOWN_TIMERS}
    yield from forget((yield "messages_gone", {"now": now}))
    yield "messages_unclear", {"now": now, "due_at": now + backoff.UNCLEAR_WAIT}
    yield from forget((yield "messages_not_again", {"now": now}))
    yield from forget((yield "messages_late", {"now": now, "before": now - BEST_BEFORE}))
    messages, again = yield from claim_threads(terms, now, limit)
    turns = yield from turn_claims(turn_rows)
    timers = yield from timer_claims(timer_rows, now, Known())
    ahead = yield "next_due", {"now": now}
    full = max(len(turns), len(timers), len(messages)) >= limit
    return Work(
        turns=tuple(turns),
        timers=tuple(timers),
        messages=tuple(messages),
        next_due=now if full else min((at for at in (again, ahead[0]["due_at"]) if at), default=None),
    )


def _heads(lease: dict[str, Value]) -> Operation[Rows]:
    """Lease the next turn of each chat that has one due. The lanes are locked first, and looked at again then."""
    lanes = yield "lanes_due", {"now": lease["now"], "most": lease["most"]}
    if not lanes:
        return []
    keys = msgspec.json.encode([[lane["tenant"], lane["thread_id"]] for lane in lanes]).decode()
    parameters = {name: lease[name] for name in ("now", "owner", "until")}
    return (yield "turns_claim", {**parameters, "lanes": keys})


def fail_turn(terms: Terms, held: TurnClaim, now: int, retry_at: int) -> Operation[bool]:
    """Give the turn back until `retry_at`, or poison it; False when somebody else owns it."""
    guard = _guard("turn_key", held.turn.turn_key, held.lease)
    found = yield "turn_fail", {**guard, "retry_at": retry_at, "most_attempts": MOST_ATTEMPTS}
    if not found or found[0]["state"] != "poison":
        return False
    yield from poisoned(terms, found[0], now)
    return True


def stuck(limit: int) -> Operation[list[Stuck]]:
    """Read the turns that were set aside."""
    found = yield "turns_stuck", {"most": limit}
    names = ("turn_key", "kind", "reference", "thread_id", "received_at", "attempts")
    return [Stuck(**{name: row[name] for name in names}) for row in found]


def replay(turn_key: str, now: int) -> Operation[bool]:
    """Let a turn that was set aside run again, for as long as a new one may."""
    again: dict[str, Value] = {"turn_key": turn_key, "now": now, "expires_at": now + BEST_BEFORE}
    return bool((yield "turn_replay", again))


def drop(turn_key: str) -> Operation[bool]:
    """Forget a turn that was set aside."""
    return bool((yield "turn_drop", {"turn_key": turn_key}))


def renew(terms: Terms, work: Work, now: int) -> Operation[Work]:
    """Prolong every lease of this work that is still this process's; return the rest."""
    lost = Work()
    for one in _pieces(work):
        ((query, guard),) = _held(one)
        if not (yield f"{query}_lease", {**guard, "until": now + terms.lease_ms}):
            lost = Work((*lost.turns, *one.turns), (*lost.timers, *one.timers), (*lost.messages, *one.messages))
    return lost


def _pieces(work: Work) -> list[Work]:
    turns = [Work(turns=(turn,)) for turn in work.turns]
    timers = [Work(timers=(timer,)) for timer in work.timers]
    return [*turns, *timers, *(Work(messages=(message,)) for message in work.messages)]


def release(work: Work) -> Operation[None]:
    """End the leases of this work now; a message that was about to be sent is planned again."""
    for query, guard in _held(work):
        if query == "message":
            yield "message_release", guard
        else:
            yield f"{query}_lease", {**guard, "until": 0}


def _held(work: Work) -> list[tuple[str, dict[str, Value]]]:
    return [
        *(("turn", _guard("turn_key", held.turn.turn_key, held.lease)) for held in work.turns),
        *(("timer", _guard("timer_key", held.timer.timer_key, held.lease)) for held in work.timers),
        *(("message", _guard("message_id", held.message.message_id, held.lease)) for held in work.messages),
    ]


def _guard(key_name: str, key: str, lease: Lease) -> dict[str, Value]:
    return {key_name: key, "owner": lease.owner, "fence": lease.fence}


def sweep(now: int, kept: int = KEPT) -> Operation[None]:
    """Delete what is over for `kept` ms or for its own time, if that is less; at most `MOST_SWEPT` of a kind at once.

    What each table keeps, and until when, is said in `bot.store.tables`.
    """
    before: dict[str, Value] = {"before": now - kept, "most": MOST_SWEPT}
    yield "turns_sweep", {"before": now - TURNS_KEPT, "most": MOST_SWEPT}
    yield "rooms_sweep_messages", before
    yield "rooms_sweep", before
    yield "messages_sweep", before
    yield "installers_sweep", before
    yield "chats_sweep", before
    yield "notes_sweep", {"now": now}
    yield from signins.sweep(now)
    yield "replicas_sweep", {"before": now - TURNS_KEPT}
    yield "sends_sweep", {"before": now - limits.LONGEST}
    yield "personal_sweep", {"now": now}
    yield from ringing.sweep(now)
    yield from calls.sweep(now, now - kept, MOST_SWEPT)
    yield from stories.sweep(now - kept, MOST_SWEPT)
    yield from auditing.sweep(now - kept, MOST_SWEPT)
