"""Recorded exchanges with Graph as values: each folder of samples/ is one, with its source beside the body."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from bot.errors import MeetingsError
from bot.graph import answers, events, refusals, wire
from bot.graph.values import moment
from bot.model import FrozenRequest, Meeting, MeetingRequest, Options, Way
from bot.ports import MeetingKey

FOLDER = Path(__file__).parent / "samples"
CASES = sorted(path.name for path in FOLDER.iterdir())
HOST = "550fae72-d251-43ec-868c-373732c2704f"
NOW = 1_795_255_200_000
DEAD = frozenset({"/communications/onlineMeetings", "/app/onlineMeetings"})
"""Where meetings were once made (facts/graph 1.1); Muster never asks there."""

Sample = dict[str, Any]


def load(case: str, half: str) -> Sample:
    """Return one half of an exchange, `request` or `response`."""
    sample: Sample = json.loads((FOLDER / case / f"{half}.json").read_text(encoding="utf-8"))
    return sample


def is_dead(request: Sample) -> bool:
    """Say whether a request goes where Muster never asks."""
    return request["method"] == "POST" and request["path"] in DEAD


def written(request: Sample) -> FrozenRequest:
    """Return what Muster writes when it is asked for what a sample shows."""
    asked = request.get("asked") or {"request": _asked_by(request["body"])}
    owner = wire.whose(HOST, Way.USER if asked.get("own") else Way.APP)
    frozen: FrozenRequest | None
    match asked:
        case {"request": fields}:
            meeting = msgspec.convert(fields, MeetingRequest)
            frozen = wire.freeze(HOST, meeting, binding_version=request["version"])
        case {"options": fields, "id": meeting_id}:
            frozen = wire.update(owner, meeting_id, msgspec.convert(fields, Options), asked.get("known", ()))
        case {"key": key, "value": value}:
            frozen = wire.look_up(owner, MeetingKey(key), value)
        case {"event": event_id}:
            frozen = events.read(owner, event_id)
        case {"online": event_id}:
            frozen = events.put_online(owner, event_id)
        case {"calendar": True}:
            frozen = events.providers(owner)
        case _:
            frozen = FrozenRequest("v1.0", wire.meeting_path(owner, asked["delete"]), "")
    assert frozen is not None
    return frozen


def read(case: str) -> dict[str, Any]:
    """Return what Muster makes of the answer, as plain values."""
    request, response = load(case, "request"), load(case, "response")
    if response["status"] >= 400:
        error = refusal(request, response)
        return {"error": type(error).__name__, **vars(error)}
    body = response["body"]
    if "/calendar" in request["path"]:
        return {"allows_teams": events.allows_teams(body)}
    if "/events" in request["path"]:
        meeting = answers.read_event(body)
    elif request["method"] == "GET":
        meeting = next(iter(answers.found_meetings(body)), Meeting("", ""))
    else:
        meeting = answers.read_meeting(body, request["body"])
    found: dict[str, Any] = json.loads(json.dumps(asdict(meeting)))
    return found


def refusal(request: Sample, response: Sample) -> MeetingsError:
    """Return what a refusal means."""
    return refusals.read_error(
        response["status"],
        response["headers"],
        response["body"],
        now=NOW,
        had_thread="chatInfo" in (request["body"] or {}),
        own=request["path"].startswith("/me"),
    )


def plain(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return a body in which times of one second are the same, however they are written."""
    if isinstance(value, dict):
        return {name: plain(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    at = moment(value) if name.endswith("DateTime") else None
    return value if at is None else at // 1000


def _asked_by(body: Sample) -> Sample:
    """Return the plainest request: what most refusals answered."""
    return {
        "external_id": body["externalId"],
        "subject": body["subject"],
        "starts_at": moment(body["startDateTime"]),
        "ends_at": moment(body["endDateTime"]),
        "bind_thread": body.get("chatInfo", {}).get("threadId", ""),
    }
