"""Access tokens from Entra through MSAL: never on the event loop, one call at a time, renewed ahead (facts/teams 1.7).

The only file that imports msal. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
and https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import msal

from bot.backoff import delay, retry_after
from bot.errors import CredentialsWrong, MeetingsError, NotNow, SettingsError, told
from bot.graph import credentials, retry
from bot.graph.session import Forgetful, Session
from bot.graph.values import fields, text
from bot.identity import Certificate, Credential, FederatedIdentity, ManagedIdentity
from bot.observe import Event, Observer, Value
from bot.ports import Clock

RENEWED_AT = 0.8
"""Part of a token's life after which it is renewed while the old one still serves."""
NOT_USED_WITHIN = 60_000
"""ms before its end in which a token is not handed out any more (a tenth of a short life)."""
USUAL_LIFE = 3_600
"""Seconds a token lives when Entra does not say."""
BAD_REQUEST, NOT_FOUND, GONE = 400, 404, 410
TRANSIENT_ERRORS = frozenset({"temporarily_unavailable", "server_error", "service_unavailable", "request_timeout"})

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    renew_at: int
    ends_at: int


class MsalTokens:
    """`bot.ports.Tokens` by the app's credential; one MSAL application for each tenant, for the life of the process.

    `login_url` is https without a last slash; `trust` is used for every connection MSAL makes, and nothing else is.
    Raises SettingsError for a certificate that cannot be used.
    """

    def __init__(
        self,
        login_url: str,
        app_id: str,
        credential: Credential,
        trust: ssl.SSLContext,
        clock: Clock,
        *,
        observe: Observer = lambda _: None,
    ) -> None:
        self._login_url = login_url
        self._app_id = app_id
        self._credential = credential
        if isinstance(credential, Certificate):
            try:
                credentials.from_certificate(credential, clock.now())
            except CredentialsWrong as error:
                raise SettingsError([f"{error}."]) from None
        self._trust = trust
        self._clock = clock
        self._observe = observe
        self._sources: dict[str, _Source] = {}
        self._machine: _Machine | None = None
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
        for source in filter(None, (*self._sources.values(), self._machine)):
            source.close()

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
        if tenant not in self._sources:
            self._sources[tenant] = self._source(tenant)
        started = self._clock.now()
        about: dict[str, Value] = {"tenant": tenant, "scope": scope}
        try:
            answer = await asyncio.to_thread(self._sources[tenant].ask, scope)
            held = _read(answer, self._clock.now(), self._credential.setting)
        except MeetingsError as error:
            about |= {"status": error.status, "code": error.code, "error": told(error)}
            self._observe(Event("token.refused", about, logging.WARNING))
            self._put_off(key, error)
            raise
        else:
            self._held[key] = held
            self._observe(Event("token.fetched", about | {"ms": self._clock.now() - started}))
            return held.token
        finally:
            del self._fetching[key]

    def _source(self, tenant: str) -> _Source:
        """Return what gives the tokens of a tenant; a managed identity is at home in one, and there it is all."""
        credential = self._credential
        if isinstance(credential, ManagedIdentity):
            return _Machine(credential, self._trust)
        if isinstance(credential, FederatedIdentity) and self._machine is None:
            self._machine = _Machine(credential.identity, self._trust)
        prove = credentials.proof(credential, self._machine_s_word, self._clock.now)
        return _Application(f"{self._login_url}/{tenant}", self._app_id, prove, self._trust)

    def _machine_s_word(self, audience: str) -> str:
        """Return the token of this machine's identity that stands for the app. Raises NotNow or CredentialsWrong."""
        if self._machine is None:
            raise CredentialsWrong("this machine has no identity")
        return _read(self._machine.ask(audience), self._clock.now(), self._credential.setting).token

    def _put_off(self, key: Key, error: MeetingsError) -> None:
        """Ask no more for a while when a renewal fails: the token in use is still good."""
        held = self._held.get(key)
        if held is not None:
            wait = delay(99, error.retry_after if isinstance(error, NotNow) else None, 1.0)
            self._held[key] = replace(held, renew_at=self._clock.now() + int(wait * 1000))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was said: the last HTTP status (0: none) and Retry-After, MSAL's reading or the name of its error.

    `machine` tells that it was not Entra but this machine's identity endpoint.
    """

    status: int
    retry_after: str | None
    body: object
    failed: str
    machine: bool


class _Source(ABC):
    """Where tokens come from, and its connections; used by threads, one at a time: MSAL's caches are not safe."""

    machine = False

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._http = Session(trust, proxies=not self.machine)
        self._alone = threading.Lock()

    def ask(self, scope: str) -> _Answer:
        """Ask anew, in a thread: it is network I/O, on first use for a tenant's discovery too.

        Raises NotNow or CredentialsWrong where there is no proof to ask with.
        """
        with self._alone:
            self._http.forget()
            body: object = None
            failed = ""
            try:
                body = self._asked(scope)
            except MeetingsError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever MSAL, requests and ssl raise
                failed = type(error).__name__
            return _Answer(self._http.status, self._http.retry_after, body, failed, self.machine)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @abstractmethod
    def _asked(self, scope: str) -> object:
        """Return what MSAL answers."""


class _Machine(_Source):
    """An identity that Azure gives this machine, whose own endpoint is asked (MSAL finds it in the environment)."""

    machine = True

    def __init__(self, identity: ManagedIdentity, trust: ssl.SSLContext) -> None:
        super().__init__(trust)
        named = identity.client_id
        self._identity = (
            msal.UserAssignedManagedIdentity(client_id=named) if named else msal.SystemAssignedManagedIdentity()
        )

    def _asked(self, scope: str) -> object:
        # A client of its own each time: nothing else makes it forget.
        client = msal.ManagedIdentityClient(self._identity, http_client=self._http, http_cache=Forgetful())
        return client.acquire_token_for_client(resource=scope.removesuffix("/.default"))


class _Application(_Source):
    """One tenant's MSAL application, made anew when its proof has changed."""

    def __init__(self, authority: str, app_id: str, prove: Callable[[], object], trust: ssl.SSLContext) -> None:
        super().__init__(trust)
        self._authority = authority
        self._app_id = app_id
        self._prove = prove
        self._proof: object = None
        self._msal: msal.ConfidentialClientApplication | None = None

    def _asked(self, scope: str) -> object:
        proof = self._prove()
        if self._msal is None or proof != self._proof:
            self._msal, self._proof = self._made(proof), proof
        self._msal.remove_tokens_for_client()
        return self._msal.acquire_token_for_client(scopes=[scope])

    def _made(self, proof: object) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            self._app_id,
            client_credential=proof,
            authority=self._authority,
            instance_discovery=False,
            http_client=self._http,
            http_cache=Forgetful(),
        )


def _read(answer: _Answer, now: int, setting: str) -> _Held:
    """Return the token of an answer at `now` (ms UTC); `setting` names the credential. Raises as `token` does."""
    found = fields(answer.body)
    token = found.get("access_token")
    if answer.failed or not isinstance(token, str) or not token:
        raise _refusal(answer, now, setting)
    seconds = text(found, "expires_in")
    life = int(seconds if seconds.isdecimal() else USUAL_LIFE) * 1000
    return _Held(token, now + int(life * RENEWED_AT), now + life - min(NOT_USED_WITHIN, life // 10))


def _refusal(answer: _Answer, now: int, setting: str) -> MeetingsError:
    """Return what a refusal means and what to mend; its description is not repeated, it may quote what was sent."""
    found = fields(answer.body)
    error, numbers = text(found, "error"), found.get("error_codes")
    numbers = [number for number in numbers if isinstance(number, int)] if isinstance(numbers, list) else []
    who = "this machine's identity endpoint" if answer.machine else "Entra"
    about: dict[str, Any] = {
        "status": answer.status,
        "code": " ".join([error, *(f"AADSTS{number}" for number in numbers)]).strip(),
        "request_id": text(found, "trace_id"),
    }
    unknown_tenant = answer.failed and answer.status in {BAD_REQUEST, NOT_FOUND}
    refused = error and answer.status >= BAD_REQUEST and not retry.is_transient(answer.status)
    updating = answer.machine and answer.status in {
        NOT_FOUND,
        GONE,
    }  # it says so of itself, and wants to be asked again
    if not updating and (unknown_tenant or (refused and error not in TRANSIENT_ERRORS)):
        mend = credentials.advice("MicrosoftAppTenantId" if unknown_tenant else setting, numbers)
        return CredentialsWrong(f"{who} refused the app's credentials or its tenant: {mend}", **about)
    detail = f"no token from {who}: {answer.failed or error or answer.status}"
    return NotNow(detail, **about).after(retry_after(answer.retry_after, now), unclear=False)


def _seen(task: asyncio.Task[str]) -> None:
    """A renewal nobody waits for may fail: the token in use is still good."""
    if not task.cancelled():
        task.exception()
