"""Access tokens from Entra through MSAL: never on the event loop, one call at a time, renewed ahead (facts/teams 1.7).

The only file that imports msal. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import msal
import requests
from requests.adapters import HTTPAdapter

from bot.backoff import delay, retry_after
from bot.errors import CredentialsWrong, MeetingsError, NotNow
from bot.graph import retry
from bot.graph.values import fields, text
from bot.observe import Event, Observer, Value
from bot.ports import Clock

RENEWED_AT = 0.8
"""Part of a token's life after which it is renewed while the old one still serves."""
NOT_USED_WITHIN = 60_000
"""ms before its end in which a token is not handed out any more (a tenth of a short life)."""
USUAL_LIFE = 3_600
"""Seconds a token lives when Entra does not say."""
TIMEOUT_SECONDS = 10
BAD_REQUEST, NOT_FOUND = 400, 404
TRANSIENT_ERRORS = frozenset({"temporarily_unavailable", "server_error", "service_unavailable", "request_timeout"})

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    renew_at: int
    ends_at: int


class MsalTokens:
    """`bot.ports.Tokens` by client credentials; one MSAL application for each tenant, for the life of the process.

    `login_url` is https without a last slash; `trust` is used for every connection MSAL makes, and nothing else is.
    """

    def __init__(
        self,
        login_url: str,
        app_id: str,
        secret: str,
        trust: ssl.SSLContext,
        clock: Clock,
        *,
        observe: Observer = lambda _: None,
    ) -> None:
        self._login_url = login_url
        self._credentials = (app_id, secret)
        self._trust = trust
        self._clock = clock
        self._observe = observe
        self._applications: dict[str, _Application] = {}
        self._held: dict[Key, _Held] = {}
        self._fetching: dict[Key, asyncio.Task[str]] = {}

    async def token(self, tenant: str, scope: str) -> str:
        """Return a token that is good for a minute at least. Raises NotNow or CredentialsWrong."""
        key = (tenant, scope)
        held = self._held.get(key)
        now = self._clock.now()
        if held is None or now >= held.ends_at:
            return await asyncio.shield(self._fetch(key))
        if now >= held.renew_at:
            self._fetch(key)
        return held.token

    async def warm(self, tenant: str, scopes: Iterable[str]) -> None:
        """Fetch the tokens that will be needed. Raises as `token` does."""
        await asyncio.gather(*(self.token(tenant, scope) for scope in scopes))

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Forget this token, unless a newer one is there already; the next call asks Entra, not MSAL's memory."""
        held = self._held.get((tenant, scope))
        if held is not None and held.token == token:
            del self._held[tenant, scope]

    async def close(self) -> None:
        """Stop fetching and close the connections."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for application in self._applications.values():
            application.close()

    def _fetch(self, key: Key) -> asyncio.Task[str]:
        """Return the one fetch of this token that is under way, begun now if there is none."""
        task = self._fetching.get(key)
        if task is None:
            task = asyncio.create_task(self._fetched(key), name=f"token {key[1]}")
            task.add_done_callback(_seen)
            self._fetching[key] = task
        return task

    async def _fetched(self, key: Key) -> str:
        tenant, scope = key
        if tenant not in self._applications:
            self._applications[tenant] = _Application(f"{self._login_url}/{tenant}", self._credentials, self._trust)
        started = self._clock.now()
        told: dict[str, Value] = {"tenant": tenant, "scope": scope}
        try:
            answer = await asyncio.to_thread(self._applications[tenant].ask, scope)
            held = _read(answer, self._clock.now())
        except MeetingsError as error:
            told |= {"status": error.status, "code": error.code, "error": type(error).__name__}
            self._observe(Event("token.refused", told, logging.WARNING))
            self._put_off(key, error)
            raise
        else:
            self._held[key] = held
            self._observe(Event("token.fetched", told | {"ms": self._clock.now() - started}))
            return held.token
        finally:
            del self._fetching[key]

    def _put_off(self, key: Key, error: MeetingsError) -> None:
        """Ask no more for a while when a renewal fails: the token in use is still good."""
        held = self._held.get(key)
        if held is not None:
            wait = delay(99, error.retry_after if isinstance(error, NotNow) else None, 1.0)
            self._held[key] = replace(held, renew_at=self._clock.now() + int(wait * 1000))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Entra said: the last HTTP status (0: none) and Retry-After, MSAL's reading or the name of its error."""

    status: int
    retry_after: str | None
    body: object
    failed: str = ""


class _Application:
    """One tenant's MSAL application and its connections; used by threads, one at a time: MSAL's caches are not safe."""

    def __init__(self, authority: str, credentials: tuple[str, str], trust: ssl.SSLContext) -> None:
        self._authority = authority
        self._credentials = credentials
        self._http = _Session(trust)
        self._alone = threading.Lock()
        self._msal: msal.ConfidentialClientApplication | None = None

    def ask(self, scope: str) -> _Answer:
        """Ask Entra anew, in a thread: it is network I/O, on first use for the tenant's discovery too."""
        with self._alone:
            self._http.forget()
            body: object = None
            failed = ""
            try:
                if self._msal is None:
                    self._msal = self._made()
                self._msal.remove_tokens_for_client()
                body = self._msal.acquire_token_for_client(scopes=[scope])
            except Exception as error:  # noqa: BLE001 - whatever MSAL, requests and ssl raise; what was answered decides
                failed = type(error).__name__
            return _Answer(self._http.status, self._http.retry_after, body, failed)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _made(self) -> msal.ConfidentialClientApplication:
        app_id, secret = self._credentials
        return msal.ConfidentialClientApplication(
            app_id,
            client_credential=secret,
            authority=self._authority,
            instance_discovery=False,
            http_client=self._http,
            http_cache=_Forgetful(),
        )


def _read(answer: _Answer, now: int) -> _Held:
    """Return the token of an answer at `now` (ms UTC). Raises NotNow or CredentialsWrong."""
    found = fields(answer.body)
    token = found.get("access_token")
    if answer.failed or not isinstance(token, str) or not token:
        raise _refusal(answer, now)
    seconds = text(found, "expires_in")
    life = int(seconds if seconds.isdecimal() else USUAL_LIFE) * 1000
    return _Held(token, now + int(life * RENEWED_AT), now + life - min(NOT_USED_WITHIN, life // 10))


def _refusal(answer: _Answer, now: int) -> MeetingsError:
    """Return what Entra's refusal means; its description is not repeated, it may quote what was sent."""
    found = fields(answer.body)
    error, numbers = text(found, "error"), found.get("error_codes")
    listed = [f"AADSTS{number}" for number in numbers if isinstance(number, int)] if isinstance(numbers, list) else []
    about: dict[str, Any] = {
        "status": answer.status,
        "code": " ".join([error, *listed]).strip(),
        "request_id": text(found, "trace_id"),
    }
    unknown_tenant = answer.failed and answer.status in {BAD_REQUEST, NOT_FOUND}
    refused = error and answer.status >= BAD_REQUEST and not retry.is_transient(answer.status)
    if unknown_tenant or (refused and error not in TRANSIENT_ERRORS):
        return CredentialsWrong("Entra refused the app's credentials or its tenant", **about)
    detail = f"no token from Entra: {answer.failed or error or answer.status}"
    return NotNow(detail, **about).after(retry_after(answer.retry_after, now), unclear=False)


def _seen(task: asyncio.Task[str]) -> None:
    """A renewal nobody waits for may fail: the token in use is still good."""
    if not task.cancelled():
        task.exception()


class _Forgetful(dict[str, object]):
    """MSAL's memory of answers, kept empty: it would repeat an outage for 5 s and a refusal for a minute."""

    def __setitem__(self, key: str, value: object) -> None:
        """Keep nothing."""


class _Trusting(HTTPAdapter):
    """Connections that trust what the rest of Muster trusts; requests would add certifi's list to it."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__(pool_maxsize=4)

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' own
        # Named here, the context is also used behind a proxy, and a CA bundle of the environment's is not added to it.
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"ssl_context": self._trust}

    def cert_verify(self, *_: object) -> None:
        """Leave the context as it is: it demands certificates and names already."""


class _Session(requests.Session):
    """No redirects, no cookies, a time limit on every call, the machine's proxies, and no CA bundle of its own.

    `status` and `retry_after` are the last answer's.
    """

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__()
        self.mount("https://", _Trusting(trust))
        self.auth = _no_auth
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.status = 0
        self.retry_after: str | None = None
        self.cookies.clear()

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' own signature
        self.forget()
        kwargs |= {"allow_redirects": False, "timeout": TIMEOUT_SECONDS, "verify": True}
        response = super().request(*args, **kwargs)
        self.status = response.status_code
        self.retry_after = response.headers.get("Retry-After")
        return response


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep .netrc out of it."""
    return request
