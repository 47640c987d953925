"""Graph's dialect as pure functions: what is asked, as JSON (facts/graph 1 to 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bot.graph import events, options
from bot.graph.values import fields, instant, part, whole, written
from bot.model import FrozenRequest, GraphCall, Meeting, MeetingKey, MeetingRequest, Options, Way

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}")


def freeze(host_oid: str, request: MeetingRequest, *, binding_version: str) -> FrozenRequest:
    """Return the exact request of a room, whichever call it is (ENGINE R1, R3).

    `binding_version` is the Graph version that a request with `chatInfo` goes to; without it `v1.0` is used. A person's
    own permission asks below `/me`, the app's below the host.
    """
    owner = whose(host_oid, request.way)
    bound = bool(request.bind_thread) and request.call is not GraphCall.EVENT
    path, body = {
        GraphCall.CREATE_OR_GET: ("/onlineMeetings/createOrGet", _create_or_get),
        GraphCall.CREATE: ("/onlineMeetings", _create),
        GraphCall.EVENT: ("/events", events.body),
    }[request.call]
    version = binding_version if bound else "v1.0"
    return FrozenRequest(version, owner + path, written(body(request)), request.language)


def _create_or_get(request: MeetingRequest) -> dict[str, Any]:
    """https://learn.microsoft.com/graph/api/onlinemeeting-createorget: it takes no options but people."""
    return {"externalId": request.external_id, **_basics(request), **options.participants(request.options)}


def _create(request: MeetingRequest) -> dict[str, Any]:
    """https://learn.microsoft.com/graph/api/application-post-onlinemeetings: all options at once."""
    return {**_basics(request), **options.at_creation(request.options)}


def _basics(request: MeetingRequest) -> dict[str, Any]:
    """Always both times and the subject (facts/graph 1.2); of chatInfo only `threadId`, raw (facts/graph 2.4)."""
    basics: dict[str, Any] = {
        "subject": request.subject[: options.LONGEST_SUBJECT],
        "startDateTime": instant(request.starts_at),
        "endDateTime": instant(request.ends_at),
    }
    if request.bind_thread:
        basics["chatInfo"] = {"threadId": request.bind_thread}
    return basics


def whose(oid: str, way: Way) -> str:
    """Return how a path begins: `/me` by the person's own permission, `/users/…` by the app's (facts/graph 1.1)."""
    return "/me" if way is Way.USER else f"/users/{quote(oid, safe='')}"


def meeting_path(owner: str, meeting_id: str) -> str:
    """Return the path of one meeting; ids are opaque and may hold anything (facts/graph 1.7)."""
    return f"{owner}/onlineMeetings/{quote(meeting_id, safe='')}"


def look_up(owner: str, key: MeetingKey, value: str, language: str = "en") -> FrozenRequest:
    """Return the request that finds a meeting by what is known of it (facts/graph 1.4).

    The link is encoded whole, so its own `%3a` becomes `%253a`; a quote is doubled. By the video room's number only an
    app may ask, about everybody's meetings.
    """
    if key is MeetingKey.ID:
        return FrozenRequest("v1.0", meeting_path(owner, value), "", language)
    name = {
        MeetingKey.JOIN_URL: "JoinWebUrl",
        MeetingKey.JOIN_MEETING_ID: "joinMeetingIdSettings/joinMeetingId",
        MeetingKey.VIDEO_ID: "VideoTeleconferenceId",
    }[key]
    where = "/communications" if key is MeetingKey.VIDEO_ID else owner
    literal = quote(whole(value.replace("'", "''")), safe="")
    return FrozenRequest("v1.0", f"{where}/onlineMeetings?$filter={name}%20eq%20'{literal}'", "", language)


def update(
    owner: str,
    meeting_id: str,
    asked: Options,
    known: Sequence[Any] = (),
    language: str = "en",
    *,
    basics: Meeting | None = None,
) -> FrozenRequest | None:
    """Return the PATCH that sets options, None when none of them can be set that way (facts/graph 1.5).

    `basics` has the subject and the two times that are set too; the times only together.
    """
    body = options.changes(asked, known)
    if basics is not None:
        body["subject"] = basics.subject[: options.LONGEST_SUBJECT]
        if basics.starts_at is not None and basics.ends_at is not None:
            body |= {"startDateTime": instant(basics.starts_at), "endDateTime": instant(basics.ends_at)}
    path = meeting_path(owner, meeting_id)
    return FrozenRequest("v1.0", path, written(body), language) if body else None


def headers(token: str, client_request_id: str, language: str = "en") -> dict[str, str]:
    """Return the headers of a request; a language that is no BCP 47 tag becomes English.

    Two lobby scopes come by name only when `Prefer` asks for them (facts/graph 1.7).
    """
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Language": language if _LANGUAGE.fullmatch(language) else "en",
        "Prefer": "include-unknown-enum-members",
        "client-request-id": client_request_id,
        "return-client-request-id": "true",
    }


def had_thread(request: FrozenRequest) -> bool:
    """Say whether a frozen request asks Graph to tie the meeting to a thread."""
    return bool(request.body) and bool(part(fields(json.loads(request.body)), "chatinfo"))
