from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from bot.graph import refusals, retry
from tests.graph.exchanges import NOW

pytestmark = pytest.mark.usefixtures("untraced")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=20,
)
CLAIMS = {"WWW-Authenticate": 'Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="'}


def error(status: int, code: str = "", message: str = "", inner: dict[str, str] | None = None) -> MeetingsError:
    """Return what a recorded error body means."""
    body = {"error": {"code": code, "message": message, "innerError": {"request-id": "r-1", **(inner or {})}}}
    return refusals.read_error(status, {"Client-Request-Id": "c-1"}, body, now=NOW)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (403, "Forbidden", "No application access policy found for this app", PolicyMissing),
        (403, "Forbidden", "No application access policy found for this app 1c0d on the user 9f2c", PolicyMissing),
        (403, "Forbidden", "NO APPLICATION ACCESS POLICY FOUND for this app", PolicyMissing),
        (403, "Forbidden", "", Refused),
        (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", RoleMissing),
        (401, "InvalidAuthenticationToken", "Access token is empty.", RoleMissing),
        (404, "NotFound", "", HostUnknown),
        (404, "UnknownError", "", HostUnknown),
        (400, "BadRequest", "An error has occurred.", Refused),
        (400, "BadRequest", "1026: An error has occurred.", Refused),
        (403, "7504", "Insufficient enterprise tenant permissions, cannot access this API.", RoleMissing),
        (403, "Forbidden", "3003: User does not have access to lookup meeting", Refused),
        (403, "Forbidden", "The user has reached the meetings limit", QuotaReached),
        (429, "TooManyRequests", "", NotNow),
        (500, "InternalServerError", "", NotNow),
        (503, "ServiceUnavailable", "", NotNow),
        (504, "", "", NotNow),
        (599, "", "", NotNow),
    ],
)
def test_every_documented_failure_is_recognised(
    status: int, code: str, message: str, kind: type[MeetingsError]
) -> None:
    """Each failure Microsoft documents leads to its own words, with the ids an administrator needs."""
    found = error(status, code, message)
    assert type(found) is kind
    assert (found.status, found.request_id, found.client_request_id) == (status, "r-1", "c-1")


def test_a_bare_refusal_with_a_thread_is_about_the_thread() -> None:
    """A 400 without a reason to a request with a thread leads to the same request without it."""
    body = {"error": {"code": "BadRequest", "message": "An error has occurred."}}
    assert type(refusals.read_error(400, {}, body, now=NOW, had_thread=True)) is ThreadRefused
    policy = {"error": {"code": "Forbidden", "message": "No application access policy found for this app"}}
    assert type(refusals.read_error(403, {}, policy, now=NOW, had_thread=True)) is PolicyMissing


def test_the_useful_inner_code_is_kept() -> None:
    """Where Graph hides the reason in the inner error the log has it."""
    assert (
        error(403, "Forbidden", "", inner={"code": "GraphAccessToTranscriptsDisabled"}).code
        == "GraphAccessToTranscriptsDisabled"
    )


@given(st.integers(400, 599), JSON)
def test_any_refusal_is_an_error_of_ours(status: int, body: Any) -> None:  # noqa: ANN401 - any JSON
    """Whatever stands in a refusal's body, it becomes one of our errors."""
    assert isinstance(refusals.read_error(status, {}, body, now=NOW), MeetingsError)


def test_only_throttling_is_surely_without_effect() -> None:
    """After 429 and 503 nothing was made; after any other fault something may have been."""
    assert [status for status in sorted(retry.TRANSIENT) if not retry.is_unclear(status)] == [429, 503]


@pytest.mark.parametrize("status", [401, 403])
def test_conditional_access_is_for_whose_token_it_was(status: int) -> None:
    """A person whose token is not enough signs in again; the app's own is the work of whoever runs Muster."""
    body = {"error": {"code": "Forbidden", "message": ""}}
    assert type(refusals.read_error(status, CLAIMS, body, now=NOW, own=True)) is SignInNeeded
    assert type(refusals.read_error(status, CLAIMS, body, now=NOW)) is AccessBlocked
    assert refusals.challenged(status, CLAIMS)


def test_a_person_s_token_that_has_ended_is_asked_for_again() -> None:
    """401 to a person's own token means that they sign in again, not that an admin has to act."""
    assert type(refusals.read_error(401, {}, None, now=NOW, own=True)) is SignInNeeded
    assert type(refusals.read_error(401, {}, None, now=NOW)) is RoleMissing


def test_a_fraction_of_a_second_is_waited_too() -> None:
    """Microsoft's own sample of throttling says 2.128 seconds; Muster waits that long, not two and not an hour."""
    found = refusals.read_error(429, {"Retry-After": "2.128"}, None, now=NOW)
    assert isinstance(found, NotNow)
    assert found.retry_after == pytest.approx(2.128)
