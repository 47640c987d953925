"""Graph's dialect as pure functions: what is asked as JSON, what is answered as values (facts/graph 1 to 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.backoff import retry_after
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
from bot.graph.values import Fields, digits, fields, link, moment, part, text, texts
from bot.model import DialIn, FrozenRequest, Meeting, MeetingRequest, Way

LONGEST_SUBJECT = 250
LONGEST_CODE = 80
UNAUTHORIZED, NOT_FOUND = 401, 404

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}")
_POLICY = "no application access policy found"
_ROLE_CODES = frozenset(
    {
        "7504",  # facts/graph 3.3: the app lacks a permission or admin consent
        "accessdenied",
        "authorization_requestdenied",
        "authorization_identitynotfound",
        "insufficient_claims",
        "invalidauthenticationtoken",
        "unauthorized",
    }
)
_QUOTA = re.compile(r"quota|too many meetings|meetings? limit|\bmonth(ly)?\b", re.IGNORECASE)
_MONTH = re.compile(r"\bmonth(ly)?\b", re.IGNORECASE)


def freeze(host_oid: str, request: MeetingRequest, *, binding_version: str) -> FrozenRequest:
    """Return the exact createOrGet request of a room (ENGINE R1).

    `binding_version` is the Graph version that a request with `chatInfo` goes to; without it `v1.0` is used.
    https://learn.microsoft.com/graph/api/onlinemeeting-createorget, facts/graph 1.3 and 2.4: always both times and
    the subject; of chatInfo only `threadId`, raw.
    """
    body: dict[str, Any] = {
        "externalId": request.external_id,
        # Half a surrogate pair is no character; it could not be sent as UTF-8.
        "subject": request.subject[:LONGEST_SUBJECT].encode(errors="replace").decode(),
        "startDateTime": _utc(request.starts_at),
        "endDateTime": _utc(request.ends_at),
    }
    if request.bind_thread:
        body["chatInfo"] = {"threadId": request.bind_thread}
    return FrozenRequest(
        version=binding_version if request.bind_thread else "v1.0",
        path=f"{whose(host_oid, request.way)}/onlineMeetings/createOrGet",
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        language=request.language,
    )


def whose(oid: str, way: Way) -> str:
    """Return how a path begins: `/me` by the person's own permission, `/users/…` by the app's (facts/graph 1.1)."""
    return "/me" if way is Way.USER else f"/users/{quote(oid, safe='')}"


def meeting_path(organizer_oid: str, meeting_id: str, way: Way = Way.APP) -> str:
    """Return the path of one meeting; ids are opaque and may hold anything (facts/graph 1.7)."""
    return f"{whose(organizer_oid, way)}/onlineMeetings/{quote(meeting_id, safe='')}"


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
    return bool(part(fields(json.loads(request.body)), "chatinfo"))


def read_meeting(body: object) -> Meeting:
    """Return the meeting of an answer, however it is spelt: an onlineMeeting, or an event with its onlineMeeting.

    facts/graph 1.7, 1.8, 4 and 10. Of an event there is no meeting id (its `id` is the event's own). Raises NotNow
    (unclear) without a join link over https: the meeting may be there, and asking again returns it.
    """
    outer = fields(body)
    inside = part(outer, "onlinemeeting")
    found = {**outer, **inside, "id": inside.get("id")} if inside else outer
    join_url = link(found, "joinweburl", "joinurl")
    if not join_url:
        raise NotNow("Graph's answer has no join link").after(None, unclear=True)
    chat, ids = part(found, "chatinfo"), part(found, "joinmeetingidsettings")
    lobby = part(found, "lobbybypasssettings")
    bypass = lobby.get("isdialinbypassenabled")
    return Meeting(
        id=text(found, "id"),
        join_url=join_url,
        subject=text(found, "subject"),
        organizer_oid=text(part(found, "participants", "organizer", "identity", "user"), "id"),
        starts_at=moment(found.get("startdatetime", found.get("start"))),
        ends_at=moment(found.get("enddatetime", found.get("end"))),
        dial_in=read_dial_in(part(found, "audioconferencing") or found),
        join_meeting_id=text(ids, "joinmeetingid"),
        passcode=text(ids, "passcode"),
        video_id=text(found, "videoteleconferenceid"),
        thread_id=text(chat, "threadid"),
        message_id=text(chat, "messageid"),
        lobby_scope=text(lobby, "scope"),
        dial_in_bypass=bypass if isinstance(bypass, bool) else None,
        options_url=link(found, "meetingoptionsweburl"),
    )


def read_dial_in(block: Fields) -> DialIn | None:
    """Return how to join by telephone, or None: no licence is normal (facts/graph 1.7).

    Singular and plural numbers are one list, each number once however it is punctuated. An event's `quickDial`
    (`+49…,,123456789#`) fills in what is missing.
    """
    quick_number, _, quick_id = text(block, "quickdial").removeprefix("tel:").partition(",,")
    phones = block.get("phones")
    listed = [text(fields(phone), "number") for phone in phones] if isinstance(phones, list) else []
    toll_free = _once(texts(block, "tollfreenumbers", "tollfreenumber"))
    toll = _once([*texts(block, "tollnumbers", "tollnumber"), *listed], known=toll_free)
    if not (toll or toll_free):
        toll = _once([quick_number])
    conference_id = digits(text(block, "conferenceid")) or digits(quick_id)
    if not conference_id or not (toll or toll_free):
        return None
    return DialIn(conference_id, toll, toll_free, link(block, "dialinurl"))


def read_error(
    status: int, answer_headers: Mapping[str, str], body: object, *, now: int, had_thread: bool = False
) -> MeetingsError:
    """Return what a refusal means, in our own words (facts/graph 3.2 to 3.4); Graph's message is never repeated.

    `now` is ms UTC; `had_thread` says that the request had `chatInfo`: a definite 4xx that says nothing
    about the host or the app is then about the thread (R2).
    """
    lower = {name.lower(): value for name, value in answer_headers.items()}
    error = part(fields(body), "error")
    inner = part(error, "innererror")
    code = (text(inner, "code") or text(error, "code"))[:LONGEST_CODE]
    about: dict[str, Any] = {
        "status": status,
        "code": code,
        "request_id": lower.get("request-id", "") or text(inner, "request-id", "requestid"),
        "client_request_id": lower.get("client-request-id", "") or text(inner, "client-request-id", "clientrequestid"),
    }
    detail = f"Graph answered {status} {code}".rstrip()
    message = text(error, "message")
    if retry.is_transient(status) and not (status == retry.TOO_MANY_REQUESTS and _MONTH.search(message)):
        wait = retry_after(lower.get("retry-after"), now)
        return NotNow(detail, **about).after(wait, unclear=retry.is_unclear(status))
    codes = {code.casefold(), text(error, "code").casefold()}
    if "insufficient_claims" in lower.get("www-authenticate", "").casefold():
        codes.add("insufficient_claims")
    return _definite(status, codes, message, had_thread=had_thread)(detail, **about)


def _definite(status: int, codes: set[str], message: str, *, had_thread: bool) -> type[Refused]:
    """Return the kind of a definite no. Message texts are not stable: of the policy's only the beginning counts.

    A 403 without a word names nobody: it stays Refused, or is about the thread where one was asked for.
    """
    if message.casefold().startswith(_POLICY):
        return PolicyMissing
    if _QUOTA.search(message) or any("quota" in code for code in codes):
        return QuotaReached
    if status == UNAUTHORIZED or codes & _ROLE_CODES:
        return RoleMissing
    if status == NOT_FOUND:
        return HostUnknown
    return ThreadRefused if had_thread else Refused


def _once(numbers: list[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the telephone numbers, each once: `+1 206-485-3005` and `+12064853005` are the same."""
    seen = {digits(number) for number in known} | {""}
    kept = []
    for number in numbers:
        if digits(number) not in seen:
            seen.add(digits(number))
            kept.append(number)
    return tuple(kept)


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
