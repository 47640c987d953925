"""What the store remembers from before an administrator shortened a list: nobody on it any more is sent a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from bot.errors import DoorError, Refused, Rejected
from bot.graph.client import GraphMeetings
from bot.messages import Rendered
from bot.model import Chat, ChatKind, FrozenRequest, Person
from bot.ports import Messenger
from bot.sandbox.authority import Authority
from bot.teams.door import Door, Rules
from tests.teams.stage import APP_ID, ISSUER, TENANT, HandClock, HandTokens, Stage

CONTENT = Rendered(None, "A meeting", "words")
ANA = Person("29:1ana", "oid", "Ana")
ELSEWHERE = "e4a34d8f-0000-4000-8000-000000000000"
"""A tenant that was on the list once."""
Say = Callable[[Messenger, Chat], Awaitable[object]]
SAID: dict[str, Say] = {
    "post": lambda out, chat: out.post(chat, "19:x", CONTENT, nonce="n"),
    "whisper": lambda out, chat: out.whisper(chat, "19:x", ANA, CONTENT, nonce="n"),
    "edit": lambda out, chat: out.edit(chat, "19:x", "1", CONTENT),
    "delete": lambda out, chat: out.delete(chat, "19:x", "1"),
    "personal": lambda out, chat: out.personal(chat, ANA),
    "group": lambda out, chat: out.group(chat),
    "channel_names": lambda out, chat: out.channel_names(chat),
    "member": lambda out, chat: out.member(chat, ANA.id),
}


@pytest.mark.parametrize("kind", [ChatKind.CHANNEL, ChatKind.PERSONAL])
async def test_a_chat_that_left_a_list_is_not_written_to(stage: Stage, kind: ChatKind) -> None:
    """Neither a host nor a tenant that was taken off its list gets a byte, whatever was still to be said there."""
    chat = replace(stage.chat(kind), team_id="19:team@thread.tacv2")
    left = (
        replace(chat, service_url=stage.service_url.replace("127.0.0.1", "localhost")),
        replace(chat, service_url=stage.service_url.replace("https", "http")),
        replace(chat, service_url=""),
        replace(chat, tenant=ELSEWHERE),
    )
    for say in SAID.values():
        for gone in left:
            with pytest.raises(Rejected):
                await say(stage.edge.messenger, gone)
    assert (stage.connector.calls, stage.tokens.asked) == ([], [])
    for say in SAID.values():
        await say(stage.edge.messenger, replace(chat, tenant=TENANT.upper()))
    assert len(stage.connector.calls) == len(SAID)


def test_nothing_else_is_said_to_teams() -> None:
    """Whatever a messenger can do has been tried above."""
    assert set(SAID) == {name for name in vars(Messenger) if not name.startswith("_")}


async def test_graph_is_asked_nothing_for_a_tenant_that_left(
    aiohttp_server: AiohttpServer, authority: Authority, clock: HandClock
) -> None:
    """Meetings, calls, subscriptions and people of a tenant that was taken off its list are left alone."""
    asked: list[str] = []

    async def graph(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", graph)
    server = await aiohttp_server(app, ssl=authority.server_context)
    tokens = HandTokens()
    url = f"https://127.0.0.1:{server.port}"
    async with GraphMeetings(
        url, tokens, authority.client_context(), clock, lambda _: None, tenants={TENANT}
    ) as meetings:
        with pytest.raises(Refused):
            await meetings.make(ELSEWHERE, FrozenRequest("v1.0", "/x", "{}"), reference="r")
        with pytest.raises(Refused):
            await meetings.read(ELSEWHERE, "/x", reference="r")
        assert (asked, tokens.asked) == ([], [])
        await meetings.read(TENANT.upper(), "/x", reference="r")
    assert asked == ["/v1.0/x"]


@pytest.fixture
def callers(stage: Stage) -> Door:
    """The door of calls' callbacks."""
    return Door(stage.edge.keys, Rules(APP_ID, ISSUER, frozenset(), frozenset({TENANT})), stage.clock)


async def test_a_call_of_a_tenant_that_left_is_not_heard(stage: Stage, callers: Door) -> None:
    """What Graph tells of a call counts only for tenants that may use the bot, and for nobody without one."""
    assert (await callers.claims(f"Bearer {stage.token(tid=TENANT.upper())}"))["aud"] == APP_ID
    for tid in (ELSEWHERE, "", None, 7):
        with pytest.raises(DoorError) as refused:
            await callers.claims(f"Bearer {stage.token(tid=tid)}")
        assert (refused.value.status, refused.value.reason) == (403, "tenant")
