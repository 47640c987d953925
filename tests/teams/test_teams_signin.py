"""`signin/*` at the door: answered 200, 412 or 400 within the request, and no token kept or told (ENGINE R13)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_aiohttp import AiohttpServer

from bot.errors import StoreError
from bot.model import Person, Turn
from bot.observe import Event
from bot.teams import inbound, signin
from bot.teams.endpoint import Endpoint
from tests.teams.stage import APP_ID, NOON, Json, Stage, sample, serve

TOKEN = "eyJ-a-token-of-somebody"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
VALUES = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "connectionName", "token", "state", "code"), ANYTHING))


class Clerk:
    """Signs people in as told, and keeps what was asked."""

    def __init__(self, *, good: bool = True, error: Exception | None = None) -> None:
        self.good = good
        self.error = error
        self.asked: list[tuple[str, ...]] = []

    async def exchange(self, turn: Turn, exchange_id: str, sso_token: str) -> bool:
        """Exchange."""
        return self._answer("exchange", turn, exchange_id, sso_token)

    async def redeem(self, turn: Turn, code: str) -> bool:
        """Redeem."""
        return self._answer("redeem", turn, code)

    async def failed(self, turn: Turn, code: str) -> None:
        """Note why."""
        self._answer("failed", turn, code)

    def _answer(self, *asked: Any) -> bool:  # noqa: ANN401 - words, and whose turn
        self.asked.append((asked[0], asked[1].person.oid, *asked[2:]))
        if self.error:
            raise self.error
        return self.good


def invoke(name: str, value: object, **changes: object) -> Json:
    """Return a sign-in invoke of the person of the samples."""
    return {**sample("channel_root"), "type": "invoke", "name": name, "value": value, "id": "f:1", **changes}


async def answered(stage: Stage, server: AiohttpServer, clerk: Clerk | None, activity: Json) -> tuple[int, Any]:
    """Post an activity to an endpoint whose sign-ins a clerk does, and return status and body."""
    usual = stage.edge.endpoint(stage.desk)
    endpoint = Endpoint(usual._door, usual._adapter, stage.desk, stage.events.append, signins=clerk, connection="graph")
    stage.url = await serve(server, endpoint)
    status, body, _ = await stage.post({**activity, "serviceUrl": stage.service_url})
    return status, body


@pytest.mark.parametrize(("good", "status"), [(True, 200), (False, 412)])
async def test_an_exchange_is_done_in_its_request(
    stage: Stage, aiohttp_server: AiohttpServer, good: bool, status: int
) -> None:
    """Teams hears at once whether the person is signed in; the turn is never taken in and the token never told."""
    clerk = Clerk(good=good)
    value = {"id": "x1", "connectionName": "graph", "token": TOKEN}
    activity = invoke(signin.EXCHANGE, value)
    assert await answered(stage, aiohttp_server, clerk, activity) == (status, {"id": "x1", "connectionName": "graph"})
    assert clerk.asked == [("exchange", activity["from"]["aadObjectId"], "x1", TOKEN)]
    assert stage.desk.turns == []
    assert TOKEN not in repr(stage.events)


@pytest.mark.parametrize(("good", "status"), [(True, 200), (False, 400)])
async def test_a_code_from_the_browser_is_redeemed(
    stage: Stage, aiohttp_server: AiohttpServer, good: bool, status: int
) -> None:
    """The code that the browser ended with signs the person in; a wrong one is refused, and none is told."""
    clerk = Clerk(good=good)
    assert (await answered(stage, aiohttp_server, clerk, invoke(signin.VERIFY, {"state": "814305"})))[0] == status
    assert [asked[2] for asked in clerk.asked] == ["814305"]
    assert "814305" not in repr(stage.events)


@pytest.mark.parametrize(
    ("name", "value", "changes"),
    [
        (signin.EXCHANGE, {"id": "x", "connectionName": "another", "token": TOKEN}, {}),
        (signin.EXCHANGE, {"id": "", "connectionName": "graph", "token": TOKEN}, {}),
        (signin.EXCHANGE, {"id": "x" * 513, "connectionName": "graph", "token": TOKEN}, {}),
        (signin.EXCHANGE, {"id": "x", "connectionName": "graph"}, {}),
        (signin.EXCHANGE, None, {}),
        (signin.VERIFY, {"state": "1" * 65}, {}),
        (signin.VERIFY, {}, {}),
        (signin.VERIFY, {"state": "814305"}, {"from": {"id": "29:nobody"}}),
        (signin.FAILURE, {"code": "invokeerror"}, {"from": None}),
    ],
)
async def test_what_makes_no_sense_is_a_400(
    stage: Stage, aiohttp_server: AiohttpServer, name: str, value: object, changes: Json
) -> None:
    """An invoke for another connection, without a token, or from nobody is refused and asks for nothing."""
    clerk = Clerk()
    assert (await answered(stage, aiohttp_server, clerk, invoke(name, value, **changes)))[0] == 400
    assert clerk.asked == []


async def test_a_failure_of_teams_is_heard(stage: Stage, aiohttp_server: AiohttpServer) -> None:
    """What kept Teams from signing somebody in is passed on by its code alone."""
    clerk = Clerk()
    value = {"code": "ResourceMatchFailed", "message": "Resource match failed"}
    assert (await answered(stage, aiohttp_server, clerk, invoke(signin.FAILURE, value)))[0] == 200
    await answered(stage, aiohttp_server, clerk, invoke(signin.FAILURE, {"code": "<b>"}))
    assert [asked[2] for asked in clerk.asked] == ["resourcematchfailed", "unknown"]


async def test_a_store_that_is_away_leaves_the_button(stage: Stage, aiohttp_server: AiohttpServer) -> None:
    """While nothing can be written Teams is told to show the button, and tries again when it is pressed."""
    value = {"id": "x1", "connectionName": "graph", "token": TOKEN}
    clerk = Clerk(error=StoreError("away"))
    assert (await answered(stage, aiohttp_server, clerk, invoke(signin.EXCHANGE, value)))[0] == 412


async def test_without_a_connection_sign_ins_are_nobody_s(stage: Stage, aiohttp_server: AiohttpServer) -> None:
    """Where the delegated way is not configured a sign-in is answered as what it is there: unknown."""
    value = {"id": "x1", "connectionName": "graph", "token": TOKEN}
    assert await answered(stage, aiohttp_server, None, invoke(signin.EXCHANGE, value)) == (501, None)


@given(st.sampled_from([signin.EXCHANGE, signin.VERIFY, signin.FAILURE]), VALUES | ANYTHING, st.booleans())
def test_any_value_gets_one_of_three_answers(name: str, value: object, good: bool) -> None:
    """Whatever a sign-in invoke carries, the answer is 200, 412 or 400."""
    activity = invoke(name, value)
    turn = inbound.read(activity, app_id=APP_ID, now=NOON)
    events: list[Event] = []
    reply = asyncio.run(signin.respond(activity, turn, Clerk(good=good), "graph", events.append))
    assert reply.status in {200, 400, 412}
    assert turn is not None
    assert turn.person != Person("")
