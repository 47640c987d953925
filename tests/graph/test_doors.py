"""What Graph's and Entra's addresses may do to Muster, over real HTTPS on loopback: redirect, stall, talk nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import CredentialsWrong, MeetingsError, NotNow, SettingsError
from bot.graph import answers, options, wire
from bot.graph.client import GraphMeetings
from bot.graph.tokens import MsalTokens
from bot.identity import Password, Secret
from bot.model import FrozenRequest, MeetingRequest
from bot.observe import Event
from bot.ports import Clock
from bot.sandbox.authority import Authority
from bot.sandbox.cloud import Cloud
from tests.graph.conftest import HandClock

pytestmark = pytest.mark.usefixtures("untraced")

SCOPE = "https://api.botframework.com/.default"
ASKED = FrozenRequest("v1.0", "/users/a/onlineMeetings/createOrGet", '{"externalId":"e"}')
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


def ignored(_: Event) -> None:
    """Listen to nothing."""


class Given:
    """One token that everybody gets."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def token(self, tenant: str, scope: str) -> str:
        """Return it."""
        return f"token of {tenant} for {scope}"

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Note it."""
        self.refused.append(f"{tenant} {scope} {token}")


@pytest.fixture
def authority() -> Iterator[Authority]:
    """A certificate authority made for this test."""
    made = Authority()
    yield made
    made.close()


@pytest.fixture
async def serve(authority: Authority) -> AsyncIterator[Serve]:
    """Start an HTTPS server that answers everything with one handler; returns its address."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(handler: Handler) -> str:
            application = web.Application()
            application.router.add_route("*", "/{tail:.*}", handler)
            server = TestServer(application, scheme="https", host="localhost")
            await server.start_server(ssl=authority.server_context)
            stack.push_async_callback(server.close)
            return str(server.make_url("")).rstrip("/")

        yield start


@pytest.fixture
def graph_at(authority: Authority, clock: Clock) -> Callable[..., GraphMeetings]:
    """Make a client for an address."""

    def make(address: str, deadline: float = 12.0) -> GraphMeetings:
        return GraphMeetings(address, Given(), authority.client_context(), clock, ignored, deadline=deadline)

    return make


@pytest.mark.parametrize(
    "ask",
    [
        lambda meetings: meetings.make("t", ASKED, reference="r"),
        lambda meetings: meetings.delete("t", "a", "m", reference="r"),
    ],
    ids=["create", "delete"],
)
async def test_a_redirect_is_neither_followed_nor_believed(
    serve: Serve, graph_at: Callable[..., GraphMeetings], ask: Callable[[GraphMeetings], Awaitable[object]]
) -> None:
    """Our token never reaches another address, and a redirected deletion is not taken for done."""
    elsewhere: list[str] = []

    async def other(request: web.Request) -> web.Response:
        elsewhere.append(request.headers.get("Authorization", ""))
        return web.json_response({"joinWebUrl": "https://j.example"})

    target = await serve(other)

    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": target})

    async with graph_at(await serve(redirect)) as meetings:
        with pytest.raises(NotNow):
            await ask(meetings)
    assert elsewhere == []


@pytest.mark.parametrize("path", ["@evil.example/x", "//evil.example/x", "/../../x", ".evil.example/x"])
async def test_no_path_leads_to_another_host(serve: Serve, graph_at: Callable[..., GraphMeetings], path: str) -> None:
    """Whatever a stored path holds, the request goes to the configured Graph."""
    seen: list[str] = []

    async def graph(request: web.Request) -> web.Response:
        seen.append(request.host)
        return web.json_response({"joinWebUrl": "https://j.example"})

    address = await serve(graph)
    async with graph_at(address) as meetings:
        await meetings.make("t", FrozenRequest("v1.0", path, "{}"), reference="r")
    assert [f"https://{host}" for host in seen] == [address]


@pytest.mark.parametrize(
    "address", ["http://graph.example", "https://", "https://a@graph.example", "https://graph.example/v1.0"]
)
def test_only_a_plain_https_address_is_graph(graph_at: Callable[..., GraphMeetings], address: str) -> None:
    """A token is never sent in the clear, nor to an address that hides its host."""
    with pytest.raises(SettingsError):
        graph_at(address)


async def test_nobody_waits_for_graph_for_ever(serve: Serve, graph_at: Callable[..., GraphMeetings]) -> None:
    """An answer that drips byte by byte ends at the deadline, as unclear."""
    done = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await done.wait()
        return response

    async with graph_at(await serve(stall), deadline=0.2) as meetings:
        with pytest.raises(NotNow) as caught:
            await meetings.make("t", ASKED, reference="r")
    done.set()
    assert caught.value.unclear


async def test_nonsense_is_no_meeting(serve: Serve, graph_at: Callable[..., GraphMeetings]) -> None:
    """A 200 that is not JSON is unclear, and carries the ids for the administrator's log."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>", headers={"request-id": "r-9"})

    async with graph_at(await serve(page)) as meetings:
        with pytest.raises(NotNow) as caught:
            await meetings.make("t", ASKED, reference="r")
    assert caught.value.unclear
    assert (caught.value.status, caught.value.request_id) == (200, "r-9")
    assert caught.value.client_request_id


async def test_a_language_is_never_more_than_a_language(serve: Serve, graph_at: Callable[..., GraphMeetings]) -> None:
    """A locale that is no language tag neither breaks the request nor slips a header into it."""
    seen: list[str] = []

    async def graph(request: web.Request) -> web.Response:
        seen.append(request.headers["Accept-Language"])
        response = web.json_response({"joinWebUrl": "https://j.example"})
        response.set_cookie("who", "somebody")
        assert "Cookie" not in request.headers
        return response

    async with graph_at(await serve(graph)) as meetings:
        for language in ("de-AT", "en\r\nX-Evil: 1", "", "日本語"):
            await meetings.make("t", FrozenRequest("v1.0", "/x", "{}", language), reference="r")
    assert seen == ["de-AT", "en", "en", "en"]


async def test_a_certificate_nobody_trusts_gets_no_token(serve: Serve, clock: Clock) -> None:
    """A server with another authority's certificate gets not one byte."""
    seen: list[str] = []

    async def graph(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response()

    context = ssl.create_default_context()
    async with GraphMeetings(await serve(graph), Given(), context, clock, ignored, binding="beta") as meetings:
        with pytest.raises(NotNow) as caught:
            await meetings.make("t", ASKED, reference="r")
    assert not caught.value.unclear
    assert seen == []


@given(st.text(max_size=400), st.text(max_size=20))
def test_any_subject_can_be_sent(subject: str, oid: str) -> None:
    """Whatever people write, the frozen request is UTF-8, stays within bounds and on its path."""
    halves = subject + "\ud83d"
    frozen = wire.freeze(
        oid.encode(errors="ignore").decode(), MeetingRequest("e", halves, 0, 1000), binding_version="beta"
    )
    body = json.loads(frozen.body.encode())
    assert len(body["subject"]) <= options.LONGEST_SUBJECT
    assert frozen.path.startswith("/users/")
    assert frozen.path.count("/") == 4


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://j.example", "https://j.example/ x", "data:text/html,x"]
)
def test_only_https_leads_into_a_meeting(link: str) -> None:
    """A join link that is no https address is none."""
    assert answers.read_meeting({"joinWebUrl": link}).join_url == ""


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00Z", "soon", 5, {"dateTime": "2026-11-21T10:00:00", "timeZone": "Pacific"}]
)
def test_a_time_that_says_nothing_is_none(when: object) -> None:
    """A year-one date, words, and zones Muster cannot be sure of are no time at all."""
    assert answers.read_meeting({"joinUrl": "https://j.example", "startDateTime": when}).starts_at is None


def test_a_null_beside_the_old_spelling_hides_nothing() -> None:
    """A name that is there twice, once empty, is read where it has something."""
    block = {"ConferenceId": "12 34#", "conferenceId": None, "tollNumbers": ["+1 206-485-3005"]}
    dial_in = answers.read_meeting({"joinUrl": "https://j.example", "audioConferencing": block}).dial_in
    assert dial_in is not None
    assert dial_in.conference_id == "1234"


def entra_says(status: int, body: object, headers: dict[str, str] | None = None) -> Handler:
    """Return a handler: discovery as it should be, tokens as given."""

    async def handle(request: web.Request) -> web.Response:
        if request.method == "GET":
            base = f"{request.scheme}://{request.host}/t"
            names = ("issuer", "authorization_endpoint", "token_endpoint")
            return web.json_response({name: f"{base}/{name}" for name in names})
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=headers, content_type="application/json")

    return handle


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((200, {"access_token": 5}), NotNow),
        ((200, "<html>"), NotNow),
        ((200, []), NotNow),
        ((200, {"access_token": "abc", "expires_in": "soon"}), NotNow),
        ((307, ""), NotNow),
        ((429, {"error": "temporarily_unavailable"}), NotNow),
        ((503, {"error": "temporarily_unavailable", "error_codes": "x"}), NotNow),
        ((400, {"error": "temporarily_unavailable", "error_codes": [90033]}), NotNow),
        ((400, {"error": "unauthorized_client", "error_codes": [700016]}), CredentialsWrong),
        ((401, {"error": "invalid_client", "error_codes": [7000215]}), CredentialsWrong),
    ],
)
async def test_whatever_entra_answers_is_an_error_of_ours(
    serve: Serve, authority: Authority, clock: Clock, said: tuple[int, object], kind: type[MeetingsError]
) -> None:
    """An outage is tried again, a refusal is told, and the secret is in neither."""
    address = await serve(entra_says(*said, {"Retry-After": "2.5", "Location": "https://evil.example/"}))
    tokens = MsalTokens(address, "app", Password(Secret("s3cret")), authority.client_context(), clock)
    with pytest.raises(kind) as caught:
        await tokens.token("t", SCOPE)
    assert (
        "s3cret" not in f"{caught.value!r} {caught.value.code} {caught.value.__cause__!r} {caught.value.__context__!r}"
    )
    assert not isinstance(caught.value, NotNow) or caught.value.retry_after == 2.5
    await tokens.close()


@pytest.mark.parametrize("life", [{"expires_in": "3599"}, {"expires_in": 3599}, {}])
async def test_a_life_nobody_states_is_an_hour(
    serve: Serve, authority: Authority, clock: HandClock, life: dict[str, object]
) -> None:
    """Entra's lifetime is read as number or text, and taken for an hour where it is missing."""
    address = await serve(entra_says(200, {"access_token": "abc", **life}))
    tokens = MsalTokens(address, "app", Password(Secret("s3cret")), authority.client_context(), clock)
    await tokens.warm("t", [SCOPE, "https://graph.example/.default"])
    clock.moment += 2_000_000
    assert await tokens.token("t", SCOPE) == "abc"
    await tokens.close()


async def test_a_tenant_entra_does_not_know_is_told(cloud: Cloud, tokens: MsalTokens) -> None:
    """A wrong tenant id is a wrong setting, not an outage to be waited out."""
    with pytest.raises(CredentialsWrong):
        await tokens.token("00000000-0000-0000-0000-00000000dead", SCOPE)
    assert await tokens.token(cloud.tenant_id, SCOPE)


async def test_one_tenant_s_trouble_is_not_another_s(cloud: Cloud, tokens: MsalTokens) -> None:
    """While Entra keeps one tenant waiting, another gets its token."""
    gate = cloud.hold("entra.discovery")
    slow = asyncio.create_task(tokens.token("botframework.com", SCOPE))
    await gate.reached
    assert await tokens.token(cloud.tenant_id, SCOPE)
    gate.release()
    assert await slow


async def test_msal_trusts_what_muster_trusts(
    cloud: Cloud, context: ssl.SSLContext, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetching a token adds nobody to those that Muster trusts, whatever the environment names."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/at-all.pem")
    before = context.cert_store_stats()
    tokens = MsalTokens(cloud.entra_url, cloud.app_id, Password(Secret(cloud.app_secret)), context, clock)
    assert await tokens.token(cloud.tenant_id, SCOPE)
    assert context.cert_store_stats() == before
    await tokens.close()


async def test_an_outage_does_not_turn_renewals_into_a_storm(
    cloud: Cloud, context: ssl.SSLContext, clock: HandClock
) -> None:
    """While Entra is away the old token serves, and Entra is asked again only after a pause."""
    events: asyncio.Queue[Event] = asyncio.Queue()
    tokens = MsalTokens(
        cloud.entra_url, cloud.app_id, Password(Secret(cloud.app_secret)), context, clock, observe=events.put_nowait
    )
    first = await tokens.token(cloud.tenant_id, SCOPE)
    assert (await events.get()).name == "token.fetched"
    clock.moment += int(cloud.entra.token_lifetime * 1000 * 0.85)
    fault = cloud.faults.inject("entra-503")
    assert await tokens.token(cloud.tenant_id, SCOPE) == first
    assert (await events.get()).name == "token.refused"
    assert await tokens.token(cloud.tenant_id, SCOPE) == first
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("token ")]
    assert fault.hits == 1
    fault.remove()
    clock.moment += 21_000
    assert await tokens.token(cloud.tenant_id, SCOPE) == first
    assert (await events.get()).name == "token.fetched"
    assert await tokens.token(cloud.tenant_id, SCOPE) != first
    await tokens.close()
