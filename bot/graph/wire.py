"""Graph's dialect as pure functions: what is asked as JSON, what is answered as values (facts/graph 1 to 3)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.errors import (
    HostUnknown,
    MeetingsError,
    NotNow,
    PolicyMissing,
    QuotaReached,
    Refused,
    RoleMissing,
    ThreadRefused,
)
from bot.graph import retry
from bot.model import DialIn, FrozenRequest, Meeting, MeetingRequest

LONGEST_SUBJECT = 250
Json = Mapping[str, Any]

_FRACTION = re.compile(r"\.(\d{1,6})\d*")
_POLICY = "no application access policy found"
_ROLE_CODES = frozenset({"accessdenied", "authorization_requestdenied", "invalidauthenticationtoken", "unauthorized"})
_QUOTA = re.compile(r"quota|too many meetings|meetings? limit", re.IGNORECASE)


def freeze(host_oid: str, request: MeetingRequest, *, binding_version: str) -> FrozenRequest:
    """Return the exact createOrGet request of a room (ENGINE R1).

    `binding_version` is the Graph version that a request with `chatInfo` goes to; without it `v1.0` is used.
    https://learn.microsoft.com/graph/api/onlinemeeting-createorget, facts/graph 1.3 and 2.4: always both times and
    the subject; of chatInfo only `threadId`, raw.
    """
    body: dict[str, Any] = {
        "externalId": request.external_id,
        "subject": request.subject[:LONGEST_SUBJECT],
        "startDateTime": _utc(request.starts_at),
        "endDateTime": _utc(request.ends_at),
    }
    if request.bind_thread:
        body["chatInfo"] = {"threadId": request.bind_thread}
    return FrozenRequest(
        version=binding_version if request.bind_thread else "v1.0",
        path=f"/users/{quote(host_oid, safe='')}/onlineMeetings/createOrGet",
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        language=request.language,
    )


def meeting_path(organizer_oid: str, meeting_id: str) -> str:
    """Return the path of one meeting; ids are opaque and may hold anything (facts/graph 1.7)."""
    return f"/users/{quote(organizer_oid, safe='')}/onlineMeetings/{quote(meeting_id, safe='')}"


def headers(token: str, client_request_id: str, language: str = "en") -> dict[str, str]:
    """Return the headers of a request; the last two lobby scopes come only when asked for (facts/graph 1.7)."""
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Language": language or "en",
        "Prefer": "include-unknown-enum-members",
        "client-request-id": client_request_id,
        "return-client-request-id": "true",
    }


def read_meeting(body: Any) -> Meeting:  # noqa: ANN401 - any JSON
    """Return the meeting of an answer, however it is spelt (facts/graph 1.7, 1.8, 10).

    Raises NotNow (unclear) when the answer has no join link: the meeting may be there, and asking again returns it.
    """
    found = _lowered(body)
    join_url = _text(found, "joinweburl", "joinurl")
    if not join_url:
        raise NotNow("Graph's answer has no join link").after(None, unclear=True)
    chat = _part(found, "chatinfo")
    ids = _part(found, "joinmeetingidsettings")
    lobby = _part(found, "lobbybypasssettings")
    bypass = lobby.get("isdialinbypassenabled")
    return Meeting(
        id=_text(found, "id"),
        join_url=join_url,
        subject=_text(found, "subject"),
        organizer_oid=_text(_part(_part(_part(_part(found, "participants"), "organizer"), "identity"), "user"), "id"),
        starts_at=_moment(found.get("startdatetime")),
        ends_at=_moment(found.get("enddatetime")),
        dial_in=read_dial_in(found),
        join_meeting_id=_text(ids, "joinmeetingid"),
        passcode=_text(ids, "passcode"),
        video_id=_text(found, "videoteleconferenceid"),
        thread_id=_text(chat, "threadid"),
        message_id=_text(chat, "messageid"),
        lobby_scope=_text(lobby, "scope"),
        dial_in_bypass=bypass if isinstance(bypass, bool) else None,
        options_url=_text(found, "meetingoptionsweburl"),
    )


def read_dial_in(found: Json) -> DialIn | None:
    """Return the dial-in block, or None: no licence is normal (facts/graph 1.7)."""
    block = _part(found, "audioconferencing")
    conference_id = _text(block, "conferenceid")
    toll = _numbers(block, "tollnumbers", "tollnumber")
    toll_free = _numbers(block, "tollfreenumbers", "tollfreenumber")
    if not conference_id or not (toll or toll_free):
        return None
    return DialIn(conference_id, toll, toll_free, _text(block, "dialinurl"))


def read_error(
    status: int,
    answer_headers: Mapping[str, str],
    body: Any,  # noqa: ANN401 - any JSON
    *,
    now: int,
    had_thread: bool = False,
) -> MeetingsError:
    """Return what a refusal means, in our own words (facts/graph 3.2 to 3.4). `now` is ms UTC.

    `had_thread` says that the request had `chatInfo`: a 4xx that says nothing else is then about the thread (R2).
    """
    lower = {name.lower(): value for name, value in answer_headers.items()}
    error = _part(_lowered(body), "error")
    inner = _part(error, "innererror")
    code, message = _text(error, "code"), _text(error, "message")
    about: dict[str, Any] = {
        "status": status,
        "code": _text(inner, "code") or code,
        "request_id": lower.get("request-id", "") or _text(inner, "request-id", "requestid"),
        "client_request_id": lower.get("client-request-id", "") or _text(inner, "client-request-id"),
    }
    detail = f"Graph answered {status} {about['code']}".rstrip()
    if retry.is_transient(status):
        wait = retry.retry_after(lower.get("retry-after"), now)
        return NotNow(detail, **about).after(wait, unclear=retry.is_unclear(status))
    return _definite(status, code, message, had_thread=had_thread)(detail, **about)


def _definite(status: int, code: str, message: str, *, had_thread: bool) -> type[Refused]:
    """Return the kind of a definite no. Message texts are not stable: only the policy's beginning is matched."""
    if message.strip().casefold().startswith(_POLICY):
        return PolicyMissing
    if _QUOTA.search(message):
        return QuotaReached
    if status == 401 or code.casefold() in _ROLE_CODES:  # noqa: PLR2004 - HTTP's own number
        return RoleMissing
    if status == 404:  # noqa: PLR2004 - HTTP's own number
        return HostUnknown
    return ThreadRefused if had_thread else Refused


def _lowered(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return an object with its names in lower case: the documentation's own samples disagree about capitals."""
    if not isinstance(value, Mapping):
        return {}
    return {str(name).lower(): item for name, item in value.items()}


def _part(found: Json, name: str) -> dict[str, Any]:
    return _lowered(found.get(name))


def _text(found: Json, *names: str) -> str:
    for name in names:
        value = found.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def _numbers(block: Json, plural: str, singular: str) -> tuple[str, ...]:
    many = block.get(plural)
    listed = [number for number in many if isinstance(number, str)] if isinstance(many, list) else []
    one = _text(block, singular)
    return tuple(dict.fromkeys(number.strip() for number in (*listed, one) if number.strip()))


def _utc(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(value: Any) -> int | None:  # noqa: ANN401 - any JSON
    """Return ms UTC; Graph writes seven digits of a second, Python reads six."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r".\1", value))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return int(moment.timestamp() * 1000)
    except (OverflowError, ValueError):
        return None
