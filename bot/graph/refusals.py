"""What Graph's refusals mean, as a pure function (facts/graph 3.2 to 3.4); its own words are never repeated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.backoff import retry_after
from bot.errors import (
    AccessBlocked,
    HostUnknown,
    MeetingsError,
    NotNow,
    PolicyMissing,
    QuotaReached,
    Refused,
    RoleMissing,
    SignInNeeded,
    ThreadRefused,
)
from bot.graph import retry
from bot.graph.values import Fields, fields, part, text

LONGEST_CODE = 80
UNAUTHORIZED, NOT_FOUND = 401, 404

_CLAIMS = "insufficient_claims"
_POLICY = "no application access policy found"
_ROLE_CODES = frozenset(
    {
        "7504",  # facts/graph 3.3: the app lacks a permission or admin consent
        "accessdenied",
        "erroraccessdenied",  # Outlook's word for it, at events and calendars
        "authorization_requestdenied",
        "authorization_identitynotfound",
        "invalidauthenticationtoken",
        "unauthorized",
    }
)
_QUOTA = re.compile(r"quota|too many meetings|meetings? limit|\bmonth(ly)?\b", re.IGNORECASE)
_MONTH = re.compile(r"\bmonth(ly)?\b", re.IGNORECASE)


def challenged(status: int, answer_headers: Mapping[str, str]) -> bool:
    """Say whether a token was refused as such: it is no longer valid, or conditional access asks for more."""
    return status == UNAUTHORIZED or _claims_wanted(answer_headers)


def read_error(
    status: int,
    answer_headers: Mapping[str, str],
    body: object,
    *,
    now: int,
    had_thread: bool = False,
    own: bool = False,
) -> MeetingsError:
    """Return what a refusal means, in our own words.

    `now` is ms UTC; `had_thread` says that the request had `chatInfo`: a definite 4xx that says nothing
    about the host or the app is then about the thread (R2). `own` says that a person's own token was used.
    """
    lower = {name.lower(): value for name, value in answer_headers.items()}
    error = part(fields(body), "error")
    about = _about(status, lower, error)
    detail = f"Graph answered {status} {about['code']}".rstrip()
    message = text(error, "message")
    if retry.is_transient(status) and not (status == retry.TOO_MANY_REQUESTS and _MONTH.search(message)):
        wait = retry_after(lower.get("retry-after"), now)
        return NotNow(detail, **about).after(wait, unclear=retry.is_unclear(status))
    codes = {about["code"].casefold(), text(error, "code").casefold()}
    if _claims_wanted(answer_headers) or _CLAIMS in codes:
        # Nobody but the person can do more for their token; for the app's, an admin has to let it through.
        return (SignInNeeded if own else AccessBlocked)(f"{detail}: conditional access wants more", **about)
    if own and status == UNAUTHORIZED:
        return SignInNeeded(detail, **about)
    return _definite(status, codes, message, had_thread=had_thread)(detail, **about)


def _about(status: int, lower: Mapping[str, str], error: Fields) -> dict[str, Any]:
    """Return what the admin's log says of an answer; the two ids are in its headers or its body."""
    inner = part(error, "innererror")
    return {
        "status": status,
        "code": (text(inner, "code") or text(error, "code"))[:LONGEST_CODE],
        "request_id": lower.get("request-id", "") or text(inner, "request-id", "requestid"),
        "client_request_id": lower.get("client-request-id", "") or text(inner, "client-request-id", "clientrequestid"),
    }


def _claims_wanted(answer_headers: Mapping[str, str]) -> bool:
    lower = {name.lower(): value for name, value in answer_headers.items()}
    return _CLAIMS in lower.get("www-authenticate", "").casefold()


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
