"""Steps of a request as rows, and its story out of all the rows that tell of it (EXPERIENCE 1.19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from bot.decisions import View
from bot.model import RoomState, Timer
from bot.store import rows
from bot.store.statements import Operation, Row, Rows, Statement, Value
from bot.stories import Exchange, Moment, Step, Story

ANSWERED_WITHIN = 3_600_000
"""ms after a turn within which its whispers were planned."""
_exchanges = msgspec.json.Decoder(tuple[Exchange, ...])
Facts = dict[str, str | int]


def step_insert(step: Step) -> Statement:
    """Return the statement that keeps a step."""
    told: dict[str, Value] = {"kind": step.kind, "attempt": step.attempt, "outcome": step.outcome}
    whose: dict[str, Value] = {"tenant": step.tenant, "reference": step.reference, "at": step.at}
    return "step_insert", {**whose, **told, "exchanges": rows.json_text(step.exchanges)}


def stories(reference: str, now: int) -> Operation[list[Story]]:
    """Return the stories of a reference: one, unless two tenants have the same by chance."""
    told = []
    for row in (yield "story_tenants", {"reference": reference}):
        one = yield from story(row["tenant"], reference, now)
        told += [one] if one else []
    return told


def story(tenant: str, reference: str, now: int) -> Operation[Story | None]:
    """Return what a tenant's store has of a reference; None: nothing."""
    moments = yield from _moments(tenant, reference, now)
    return Story(tenant, reference, tuple(sorted(moments, key=lambda moment: moment.at))) if moments else None


def with_story(view: View, timer: Timer) -> Operation[View]:
    """Return the view with the story that a timer asks about, if its tenant has one."""
    return replace(view, story=(yield from story(timer.tenant, timer.payload["ref"], view.now)))


def _moments(tenant: str, reference: str, now: int) -> Operation[list[Moment]]:
    whose: dict[str, Value] = {"tenant": tenant, "reference": reference}
    moments: list[Moment] = []
    turns = yield "story_turns", whose
    for row in turns:
        moments.append(_asked(row))
        at = int(row["received_at"])
        when: dict[str, Value] = {"since": at, "until": at + ANSWERED_WITHIN}
        moments += _told((yield "story_turn_messages", {"tenant": tenant, "turn_key": row["turn_key"], **when}))
    for row in (yield "story_rooms", whose):
        moments += _room(row, asked=bool(turns))
        room: dict[str, Value] = {"tenant": tenant, "room_id": row["room_id"]}
        moments += _told((yield "story_room_messages", room))
        did = yield "story_audit", {**room, "since": row["created_at"], "until": now}
        moments += [Moment(one["at"], "did", _some(one, by="actor_oid", action="action")) for one in did]
    for row in (yield "story_steps", whose):
        moments += _graph(row)
    return moments


def _some(row: Row, **names: str) -> Facts:
    """Return these columns by other names; what is empty is left out."""
    return {name: row[column] for name, column in names.items() if row[column] not in (None, "")}


def _asked(row: Row) -> Moment:
    return Moment(
        row["received_at"],
        "asked",
        _some(
            row,
            chat="chat",
            thread="thread_id",
            by="from_oid",
            kind="kind",
            state="state",
            attempts="attempts",
            outcome="outcome",
        ),
    )


def _room(row: Row, *, asked: bool) -> list[Moment]:
    """Return what became of the meeting; it also says who asked and where, once the turn is forgotten."""
    moments = []
    if not asked:
        moments.append(
            Moment(row["created_at"], "asked", _some(row, chat="chat", thread="home_thread", by="starter_oid"))
        )
    begun = _some(row, meeting="room_id", host="host_oid", way="way", call="graph_call", tries="attempt")
    moments.append(Moment(row["created_at"], "begun", begun))
    if row["opened_at"] is not None:
        moments.append(Moment(row["opened_at"], "opened", _some(row, binding="binding")))
    if row["live_at"] is not None:
        moments.append(Moment(row["live_at"], "live"))
    if row["ended_at"] is not None:
        failed = row["state"] == RoomState.FAILED.value
        moments.append(
            Moment(row["ended_at"], "failed", _some(row, code="fail_code"))
            if failed
            else Moment(row["ended_at"], "ended", _some(row, by="ended_by"))
        )
    return moments


def _told(found: Rows) -> list[Moment]:
    moments = []
    for row in found:
        facts = _some(row, purpose="purpose", to="to_oid", state="state", attempts="attempts", outcome="outcome")
        if row["content"]:
            facts["name"] = rows.whisper_name(row["content"])
        if row["purpose"] == "card":
            facts["version"] = row["shown_version"]
        sent_at: int | None = row["sent_at"]
        moments.append(Moment(row["planned_at"] if sent_at is None else sent_at, "told", facts))
    return moments


def _graph(row: Row) -> list[Moment]:
    step: Mapping[str, str | int] = _some(row, step="kind", attempt="attempt", outcome="outcome")
    return [
        Moment(row["at"], "graph", {**step, **_known(exchange)}) for exchange in _exchanges.decode(row["exchanges"])
    ]


def _known(exchange: Exchange) -> Facts:
    told = {name: getattr(exchange, name) for name in Exchange.__dataclass_fields__}
    return {name: value for name, value in told.items() if value or name == "status"}


def sweep(before: int, most: int) -> Operation[None]:
    """Forget steps older than `before` (ms UTC), at most so many at once."""
    yield "steps_sweep", {"before": before, "most": most}
