"""The relay between Microsoft's Agents Playground and the bot: what is translated, and both ways over loopback."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import jwt
import pytest
from aiohttp import web

from bot.sandbox import playground
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Stream
from bot.sandbox.relay import Relay, Translator
from bot.sandbox.tenant import Tenant
from tests.sandbox.conftest import Caller, FakeBot

SERVICE = "https://localhost:1/teams/"


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


@dataclass
class Page:
    """The Playground's connector: keeps what it is sent and answers with an id; `url` is its base."""

    url: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Keep a call."""
        body = await request.json() if request.can_read_body else None
        self.calls.append((request.method, request.raw_path, body))
        return web.json_response({"id": "m1"}, status=201)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    kept = Page()
    app = web.Application()
    app.router.add_route("*", "/_connector/{path:.*}", kept.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}/_connector"
    yield kept
    await runner.cleanup()


@pytest.fixture
async def relay(cloud: Cloud, fake_bot: FakeBot, page: Page) -> AsyncIterator[Relay]:
    started = Relay(cloud, fake_bot.url, page.url)
    await started.start(0)
    yield started
    await started.stop()


def words(kind: str, conversation: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return what the Playground sends."""
    return {
        "type": "message",
        "id": "1795262400001",
        "text": "<at>Muster</at> meet now",
        "channelId": "emulator",
        "serviceUrl": "http://localhost:56150/_connector",
        "from": {"id": "user-id-0", "name": "Ana Lima"},
        "recipient": {"id": "00000000-0000-0000-0000-00000000000011", "name": "Test Bot"},
        "conversation": {"id": conversation, "conversationType": kind},
        "channelData": {"tenant": {"id": "default"}, "source": {"name": "message"}},
        **changes,
    }


def test_a_channel_message_gets_the_ids_that_teams_gives(tenant: Tenant) -> None:
    """Thread, message, person, team and tenant look as in Teams, and the serviceUrl is the relay's."""
    told = Translator(tenant, SERVICE).inbound(words("channel", "channel-announcements-id"))
    assert told["conversation"] == {
        "id": f"{tenant.incidents.thread_id};messageid=1795262400001",
        "conversationType": "channel",
        "tenantId": tenant.tenant_id,
        "isGroup": True,
    }
    assert told["from"] == {"id": tenant.ana.id, "name": "Ana Lima", "aadObjectId": tenant.ana.oid}
    assert told["recipient"] == {"id": tenant.bot_id, "name": "Muster"}
    assert (told["channelId"], told["serviceUrl"]) == ("msteams", SERVICE)
    assert told["channelData"]["team"]["aadGroupId"] == tenant.team.group_id
    assert told["channelData"]["tenant"]["id"] == tenant.tenant_id
    assert told["channelData"]["source"] == {"name": "message"}


def test_an_answer_in_a_thread_stays_in_it(tenant: Tenant) -> None:
    """A known thread and its root are kept; a reply without one belongs to what it replies to."""
    translator = Translator(tenant, SERVICE)
    known = f"{tenant.incidents.thread_id};messageid=17"
    assert translator.inbound(words("channel", known))["conversation"]["id"] == known
    reply = translator.inbound(words("channel", "channel-1", replyToId="18"))
    assert reply["conversation"]["id"].endswith(";messageid=18")


def test_chats_of_other_kinds_are_found(tenant: Tenant) -> None:
    """A group chat and a chat with the bot alone get their ids; an unknown person is Ana."""
    translator = Translator(tenant, SERVICE)
    assert translator.inbound(words("groupChat", "group-chat-id"))["conversation"]["id"] == tenant.leads.thread_id
    alone = translator.inbound(words("personal", "personal-chat-id", **{"from": {"id": tenant.ben.id}}))
    assert alone["conversation"]["id"] == tenant.personal_chat(tenant.ben).thread_id
    assert "isGroup" not in alone["conversation"]
    assert translator.inbound(words("personal", "x", **{"from": {"id": "?"}}))["from"]["name"] == "Ana Lima"


def test_mentions_and_members_get_their_ids(tenant: Tenant) -> None:
    """A mention of the bot is one of `28:…`, and people who join have object ids."""
    mention = {"type": "mention", "text": "<at>Muster</at>", "mentioned": {"id": "bot", "name": "Muster"}}
    told = Translator(tenant, SERVICE).inbound(
        words("channel", "c", entities=[mention, {"type": "clientInfo"}], membersAdded=[{"id": tenant.ben.id}])
    )
    assert told["entities"][0]["mentioned"]["id"] == tenant.bot_id
    assert told["membersAdded"][0]["aadObjectId"] == tenant.ben.oid


def test_the_way_back_has_the_playgrounds_own_ids(tenant: Tenant) -> None:
    """Paths and bodies name the chat as the Playground does; what it never sent is left alone."""
    translator = Translator(tenant, SERVICE)
    ours = translator.inbound(words("channel", "channel-1"))["conversation"]["id"]
    for known in (ours, tenant.incidents.thread_id, f"{tenant.incidents.thread_id};messageid=99"):
        path = translator.outbound_path(f"/v3/conversations/{quote(known, safe='')}/activities/5")
        assert path == "/v3/conversations/channel-1/activities/5"
    assert translator.outbound_path("/v3/conversations/19%3Ax") == "/v3/conversations/19%3Ax"
    assert translator.outbound({"conversation": {"id": ours}}, targeted=False) == {"conversation": {"id": "channel-1"}}


def test_a_whisper_says_whom_it_is_for(tenant: Tenant) -> None:
    """The Playground has no targeted messages, so the text names the only reader."""
    translator = Translator(tenant, SERVICE)
    told = translator.outbound({"text": "Hello", "recipient": {"id": tenant.ben.id}}, targeted=True)
    assert told["text"] == "Hello\n\n(Only Ben sees this.)"
    assert translator.outbound({}, targeted=True)["text"] == "(Only one person sees this.)"


async def test_the_bot_gets_a_signed_activity(cloud: Cloud, fake_bot: FakeBot, relay: Relay) -> None:
    """What had no token arrives with one that the sandbox's key signed for this serviceUrl."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(relay.endpoint, json=words("channel", "channel-1")) as answer,
    ):
        assert answer.status == 202
    activity, headers = fake_bot.requests[0]
    claims = cloud.entra.bot_key.verify(headers["Authorization"].removeprefix("Bearer "))
    assert claims["aud"] == cloud.app_id
    assert claims["serviceurl"] == activity["serviceUrl"] == f"{relay.url}/teams/"
    assert jwt.get_unverified_header(headers["Authorization"].removeprefix("Bearer "))["alg"] == "RS256"


async def test_a_buttons_answer_reaches_the_playground(fake_bot: FakeBot, relay: Relay) -> None:
    """An invoke's JSON comes back as the bot gave it; a body that is no object is refused."""
    fake_bot.status, fake_bot.body = 200, {"statusCode": 200}
    async with aiohttp.ClientSession() as session:
        async with session.post(relay.endpoint, json=words("channel", "c", type="invoke")) as answer:
            assert await answer.json() == {"statusCode": 200}
        for body in (b"{", b"[]"):
            async with session.post(relay.endpoint, data=body) as answer:
                assert answer.status == 400


async def test_a_bot_that_is_gone_is_a_bad_gateway(cloud: Cloud, page: Page) -> None:
    """The Playground shows an error instead of waiting."""
    relay = Relay(cloud, "http://127.0.0.1:9/x", page.url)
    await relay.start(0)
    async with aiohttp.ClientSession() as session, session.post(relay.endpoint, json=words("channel", "c")) as answer:
        assert answer.status == 502
    await relay.stop()
    await relay.stop()


async def test_the_bots_posts_reach_the_playground(cloud: Cloud, caller: Caller, relay: Relay, page: Page) -> None:
    """A post with a valid bearer arrives in the Playground's own chat; whispers and edits as well."""
    async with aiohttp.ClientSession() as session:
        await (await session.post(relay.endpoint, json=words("channel", "channel-1"))).read()
    chat = quote(cloud.tenant.incidents.thread_id, safe="")
    base = f"{relay.url}/teams/v3/conversations/{chat}"
    bearer = await caller.bearer("https://api.botframework.com")
    message = {"type": "message", "text": "Retro: open"}
    posted = await caller.call("POST", f"{base}/activities", json=message, headers=bearer)
    assert (posted.status, posted.body) == (201, {"id": "m1"})
    whisper = f"{base}/activities?isTargetedActivity=true"
    await caller.call("POST", whisper, json={**message, "recipient": {"id": cloud.tenant.ana.id}}, headers=bearer)
    await caller.call("GET", f"{base}/members?pageSize=5", headers=bearer)
    assert page.calls == [
        ("POST", "/_connector/v3/conversations/channel-1/activities", message),
        (
            "POST",
            "/_connector/v3/conversations/channel-1/activities",
            {
                "type": "message",
                "text": "Retro: open\n\n(Only Ana sees this.)",
                "recipient": {"id": cloud.tenant.ana.id},
            },
        ),
        ("GET", "/_connector/v3/conversations/channel-1/members?pageSize=5", None),
    ]


async def test_a_call_without_a_valid_bearer_goes_nowhere(caller: Caller, relay: Relay, page: Page) -> None:
    """Nobody else on this computer can post through the relay."""
    url = f"{relay.url}/teams/v3/conversations/x/activities"
    assert (await caller.call("POST", url, json={})).status == 401
    wrong = await caller.bearer("https://graph.microsoft.com")
    assert (await caller.call("POST", url, json={}, headers=wrong)).status == 401
    assert page.calls == []


async def test_a_playground_that_is_gone_is_a_bad_gateway(cloud: Cloud, caller: Caller, fake_bot: FakeBot) -> None:
    """The bot hears of it as of any connector that fails."""
    relay = Relay(cloud, fake_bot.url, "http://127.0.0.1:9/_connector")
    await relay.start(0)
    bearer = await caller.bearer("https://api.botframework.com")
    answer = await caller.call("POST", f"{relay.url}/teams/v3/conversations/x/activities", json={}, headers=bearer)
    assert answer.status == 502
    await relay.stop()


def test_the_playground_knows_the_sample_people() -> None:
    """Its settings hold five users besides the current one, under its spelling `userPrincipleName`, with Teams' ids."""
    people = playground.tenant()
    told = json.loads(playground.settings(people))
    assert len(told["users"]) == 5
    assert len({user["id"] for user in [told["currentUser"], *told["users"]]}) == 6
    assert all(user["id"].startswith("29:") and user["userPrincipleName"] for user in told["users"])
    assert told["team"]["channels"][0]["id"] == people.incidents.thread_id
    assert told["groupChat"]["id"].endswith("@thread.v2")
    assert playground.command("npx", "http://127.0.0.1:1/api/messages", 2)[:3] == ("npx", "--yes", playground.PACKAGE)


class Out(Stream):
    """A console that keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.texts: list[str] = []

    def show(self, text: str) -> None:
        """Keep it."""
        self.texts.append(text)


def fake_npx(folder: Path, script: str) -> None:
    """Put a program called npx into a folder."""
    npx = folder / "npx"
    npx.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    npx.chmod(0o755)


async def test_without_node_one_line_names_the_fix(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No npx: one line, and exit status 2."""
    monkeypatch.setenv("PATH", str(tmp_path))
    out = Out()
    assert await playground.run(cloud, "http://127.0.0.1:9/x", out, tmp_path) == 2
    assert len(out.texts) == 1
    assert "install Node.js" in out.texts[0]


async def test_a_machine_without_a_browser_is_no_obstacle(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Playground ends where it cannot open a browser, so it is told in its own variable not to try."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    fake_npx(tmp_path, '[ "$TEAMSAPPTESTER_BROWSER" = none ] || exit 1; echo Listening on 56150')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await playground.run(cloud, "http://127.0.0.1:9/x", Out(), tmp_path) == 0


async def test_a_playground_that_breaks_is_named(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it ends with an error after it began, people read what it said last, and the exit status is 2."""
    fake_npx(tmp_path, "echo Listening on 56150; echo too bad; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    out = Out()
    assert await playground.run(cloud, "http://127.0.0.1:9/x", out, tmp_path) == 2
    assert "it ended by itself" in out.texts[-1]
    assert "too bad" in out.texts[-1]


@pytest.mark.parametrize(("script", "status"), [("echo Listening on 56150; sleep 0.2", 0), ("echo no network", 2)])
async def test_the_playground_runs_from_npm(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, status: int
) -> None:
    """It is started with its settings beside it; if it does not start, what it said is shown."""
    fake_npx(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    out = Out()
    assert await playground.run(cloud, "http://127.0.0.1:9/x", out, tmp_path) == status
    assert (tmp_path / ".m365agentsplayground.yml").is_file()
    assert ("ok  Playground" in out.texts[-1]) is (status == 0)
    assert ("no network" in out.texts[-1]) is (status == 2)
