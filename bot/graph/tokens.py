"""Access tokens from Entra through MSAL: never on the event loop, one call at a time, renewed ahead (facts/teams 1.7).

The only file that imports msal. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msal
import msal.exceptions
import requests
from requests.adapters import HTTPAdapter

from bot.errors import CredentialsWrong, MeetingsError, NotNow
from bot.ports import Clock

RENEWED_AT = 0.8
"""Part of a token's life after which it is renewed while the old one still serves."""
NOT_USED_WITHIN = 60_000
"""ms before its end in which a token is not handed out any more."""
TIMEOUT_SECONDS = 10
TRANSIENT_ERRORS = frozenset({"temporarily_unavailable", "server_error", "service_unavailable", "request_timeout"})

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    renew_at: int
    ends_at: int


class MsalTokens:
    """`bot.ports.Tokens` by client credentials; one MSAL application for each tenant, for the life of the process.

    `login_url` is https without a last slash; `trust` is used for every connection MSAL makes.
    """

    def __init__(self, login_url: str, app_id: str, secret: str, trust: ssl.SSLContext, clock: Clock) -> None:
        self._login_url = login_url
        self._app_id = app_id
        self._secret = secret
        self._http = _session(trust)
        self._clock = clock
        self._applications: dict[str, msal.ConfidentialClientApplication] = {}
        self._held: dict[Key, _Held] = {}
        self._fetching: dict[Key, asyncio.Task[_Held]] = {}
        self._one_by_one = asyncio.Lock()

    async def token(self, tenant: str, scope: str) -> str:
        """Return a token that is good for a minute at least. Raises NotNow or CredentialsWrong."""
        key = (tenant, scope)
        held = self._held.get(key)
        now = self._clock.now()
        if held is None or now >= held.ends_at - NOT_USED_WITHIN:
            return (await asyncio.shield(self._fetch(key))).token
        if now >= held.renew_at:
            self._fetch(key)
        return held.token

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Forget this token here and in MSAL's cache, unless a newer one is there already."""
        held = self._held.get((tenant, scope))
        if held is not None and held.token == token:
            del self._held[tenant, scope]
            self._applications.pop(tenant, None)

    async def close(self) -> None:
        """Stop fetching and close the connections."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._http.close()

    def _fetch(self, key: Key) -> asyncio.Task[_Held]:
        """Return the one fetch of this token that is under way, begun now if there is none."""
        task = self._fetching.get(key)
        if task is None:
            task = asyncio.create_task(self._fetched(key), name=f"token {key[1]}")
            task.add_done_callback(_seen)
            self._fetching[key] = task
        return task

    async def _fetched(self, key: Key) -> _Held:
        try:
            async with self._one_by_one:  # MSAL's caches are not made for several threads
                answer = await asyncio.to_thread(self._ask, *key)
            held = self._read(answer)
        except MeetingsError:
            # MSAL repeats an error from memory for a minute; a new application asks Entra again.
            self._applications.pop(key[0], None)
            raise
        else:
            self._held[key] = held
            return held
        finally:
            del self._fetching[key]

    def _ask(self, tenant: str, scope: str) -> dict[str, Any]:
        """Ask MSAL, in a thread: it does network I/O, on first use for the tenant's discovery too."""
        try:
            application = self._applications.get(tenant)
            if application is None:
                application = msal.ConfidentialClientApplication(
                    self._app_id,
                    client_credential=self._secret,
                    authority=f"{self._login_url}/{tenant}",
                    instance_discovery=False,
                    http_client=self._http,
                )
                self._applications[tenant] = application
            application.remove_tokens_for_client()
            answer: dict[str, Any] = application.acquire_token_for_client(scopes=[scope])
        except (requests.RequestException, msal.exceptions.MsalError, ValueError) as error:
            # MSAL raises MsalServiceError for a status, ValueError for a discovery document it does not understand.
            raise NotNow(f"no token from Entra: {type(error).__name__}").after(None, unclear=False) from error
        return answer

    def _read(self, answer: dict[str, Any]) -> _Held:
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise _refusal(answer)
        now = self._clock.now()
        life = int(float(answer.get("expires_in", 3_600)) * 1000)
        return _Held(token, now + int(life * RENEWED_AT), now + life)


def _refusal(answer: dict[str, Any]) -> MeetingsError:
    """Return what Entra's refusal means; its description is not repeated, it may quote what was sent."""
    code = str(answer.get("error", ""))
    numbers = [str(number) for number in answer.get("error_codes", ())]
    codes = " ".join([code, *(f"AADSTS{number}" for number in numbers)]).strip()
    request_id = str(answer.get("trace_id", ""))
    if code in TRANSIENT_ERRORS:
        return NotNow("Entra is not available", code=codes, request_id=request_id).after(None, unclear=False)
    return CredentialsWrong("Entra refused the app's credentials", code=codes, request_id=request_id)


def _seen(task: asyncio.Task[_Held]) -> None:
    """A renewal nobody waits for may fail: the token in use is still good, and the next call tries again."""
    with suppress(asyncio.CancelledError):
        task.exception()


class _Trusting(HTTPAdapter):
    """Connections that trust what the rest of Muster trusts."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__(pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own signature
        super().init_poolmanager(*args, **kwargs, ssl_context=self._trust)


class _Session(requests.Session):
    """No redirects, a time limit on every call, and no CA bundle of the environment's (it is in the context)."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' own signature
        kwargs |= {"allow_redirects": False, "timeout": TIMEOUT_SECONDS}
        return super().request(*args, **kwargs)


def _session(trust: ssl.SSLContext) -> requests.Session:
    session = _Session()
    session.trust_env = False
    session.mount("https://", _Trusting(trust))
    return session
