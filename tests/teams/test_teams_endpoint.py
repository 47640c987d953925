"""`POST /api/messages`: bad input, bounds, durability before the answer, and what invokes are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pytest_aiohttp import AiohttpServer

from bot.bounded import BODY_BYTES
from bot.errors import StoreError
from bot.messages import Answer
from bot.model import TurnKind
from bot.teams.endpoint import Endpoint
from tests.teams.stage import SAMPLES, Stage, sample, serve

LATER = {"Retry-After": "5"}


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.iterdir()))
async def test_every_shape_teams_sends_is_taken_in(stage: Stage, name: str) -> None:
    """Each recorded activity is acknowledged and reaches the engine as one turn."""
    status, body, _ = await stage.post(stage.activity(name))
    turn = stage.desk.turns[0]
    assert (status, len(stage.desk.turns)) == (200 if turn.kind is TurnKind.PRESSED else 202, 1)
    assert (body is None) is (turn.kind is not TurnKind.PRESSED)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"\xff\xfe", "not-json"),
        (b"[" * 100_000, "not-json"),
        (b'{"type":"message","text":"\\ud800"}', "not-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'"message"', "not-an-object"),
        (b"{}", "no-type"),
        (b'{"type":null}', "no-type"),
        (b'{"type":""}', "no-type"),
        (b'{"type":["message"]}', "no-type"),
    ],
)
async def test_a_body_that_is_no_activity_is_a_400(stage: Stage, data: bytes, reason: str) -> None:
    """What is not JSON, not an object or without a type is refused, and later turns come in."""
    assert await stage.status(data=data) == 400
    assert stage.reasons() == [reason]
    assert await stage.status() == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "somethingNew"},
        {"type": "Message"},
        {"type": "typing", "text": None},
        {"entities": []},
        {"entities": None, "from": None, "recipient": None},
        {"entities": [None, 5, {"type": None}, {"type": "mention", "mentioned": []}]},
        {"text": None, "from": 5},
        {"type": "conversationUpdate", "membersAdded": {}, "membersRemoved": 5},
        {"type": "installationUpdate", "action": {}},
    ],
)
async def test_what_is_not_for_us_is_a_quiet_202(stage: Stage, changes: dict[str, Any]) -> None:
    """Unknown, malformed or not addressed: acknowledged, neither kept nor logged nor answered."""
    before = len(stage.events)
    assert await stage.status(stage.activity(**changes)) == 202
    assert (stage.desk.turns, stage.connector.calls) == ([], [])
    assert [(event.name, event.fields, event.level) for event in stage.events[before:]] == [("door.ignored", {}, 10)]


async def test_ten_thousand_mentions_are_just_a_message(stage: Stage) -> None:
    """A message that mentions ten thousand people is too large, or answered, never an error."""
    crowd = [{"type": "mention", "mentioned": {"id": str(number)}} for number in range(5_000)]
    entities = [*crowd, *sample("channel_root")["entities"]]
    assert await stage.status(stage.activity(entities=entities)) == 202
    assert len(stage.desk.turns) == 1
    assert await stage.status(stage.activity(entities=crowd * 2)) == 413


async def test_a_body_of_256_kib_and_no_more(stage: Stage) -> None:
    """The largest body is read, one byte more is not, said or unsaid beforehand."""
    body = json.dumps(stage.activity()).encode()
    assert await stage.status(data=body + b" " * (BODY_BYTES - len(body))) == 202
    assert await stage.status(data=body + b" " * (BODY_BYTES + 1 - len(body))) == 413

    async def unsaid() -> AsyncIterator[bytes]:
        yield body
        yield b" " * BODY_BYTES

    assert await stage.status(data=unsaid()) == 413


async def test_nothing_is_read_for_whoever_has_no_token(stage: Stage) -> None:
    """A stranger's body is not even parsed."""
    assert await stage.status(data=b"{", headers={}) == 401
    assert await stage.status(data=b"{", headers={"Authorization": "Bearer a.b.c"}) == 401


async def test_a_slow_body_is_given_up(stage: Stage, aiohttp_server: AiohttpServer) -> None:
    """Whoever does not finish sending is not waited for."""
    stage.url = await serve(aiohttp_server, endpoint(stage, body_seconds=0.01))
    never = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    assert await stage.status(data=slow()) == 408
    never.set()


async def test_a_body_that_breaks_off_hurts_nobody(stage: Stage) -> None:
    """A caller who hangs up in the middle leaves a note, and the next one is served."""
    host, port = stage.url.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stage.token()}\r\n"
    writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    await writer.drain()
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert b" 400 " in answer
    assert await stage.status() == 202


async def test_a_body_that_cannot_be_unpacked_is_refused(stage: Stage) -> None:
    """A body that says it is compressed and is not is refused, and the next one is served."""
    headers = {"Authorization": f"Bearer {stage.token()}", "Content-Encoding": "gzip"}
    assert await stage.status(data=b"not compressed at all", headers=headers) == 400
    assert stage.reasons() == ["body"]
    assert await stage.status() == 202


async def test_requests_of_one_address_are_counted_one_by_one(stage: Stage, aiohttp_server: AiohttpServer) -> None:
    """While one request is still inside, another may come and go."""
    stage.url = await serve(aiohttp_server, endpoint(stage, per_address=2))
    stage.desk.hold = asyncio.Event()
    first = asyncio.create_task(stage.status())
    await stage.desk.entered.wait()
    assert [await stage.status(headers={}) for _ in range(3)] == [401] * 3
    stage.desk.hold.set()
    assert await first == 202


async def test_one_address_cannot_take_every_place(stage: Stage, aiohttp_server: AiohttpServer) -> None:
    """Beyond its share an address is asked to come back, and let in again afterwards."""
    stage.url = await serve(aiohttp_server, endpoint(stage, per_address=1))
    stage.desk.hold = asyncio.Event()
    first = asyncio.create_task(stage.status())
    await stage.desk.entered.wait()
    status, _, headers = await stage.post()
    assert (status, headers["Retry-After"]) == (429, "1")
    stage.desk.hold.set()
    assert await first == 202
    assert await stage.status() == 202


async def test_acknowledged_means_durable(stage: Stage) -> None:
    """The 202 comes after the turn was written, never before."""
    stage.desk.hold = asyncio.Event()
    posted = asyncio.create_task(stage.status())
    await stage.desk.entered.wait()
    assert not posted.done()
    stage.desk.hold.set()
    assert await posted == 202


async def test_a_turn_that_cannot_be_kept_is_a_503(stage: Stage) -> None:
    """When the store is away nothing is promised, and the caller is told when to come back."""
    stage.desk.error = StoreError("full")
    status, _, headers = await stage.post()
    assert (status, headers["Retry-After"]) == (503, LATER["Retry-After"])


async def test_a_press_that_cannot_be_kept_says_so_quietly(stage: Stage) -> None:
    """A press while the store is away gets a Teams error at HTTP 200, not a failing status."""
    stage.desk.error = StoreError("full")
    status, body, _ = await stage.post(stage.activity("execute"))
    assert (status, body["statusCode"], body["type"]) == (200, 500, "application/vnd.microsoft.error")


async def test_a_press_carries_its_answer(stage: Stage) -> None:
    """What the engine answers stands in the response itself."""
    stage.desk.reply = Answer(text="Dial +44 20 7946 0123")
    status, body, headers = await stage.post(stage.activity("execute"))
    assert (status, body["value"]) == (200, "Dial +44 20 7946 0123")
    assert headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("name", [[], {}, 7, True, None])
async def test_an_invoke_whose_name_is_none_is_one_that_nobody_handles(
    stage: Stage, aiohttp_server: AiohttpServer, name: object
) -> None:
    """Whatever an invoke's name is made of, where people can sign in too, the answer is 501 and never an error."""
    stage.url = await serve(aiohttp_server, endpoint(stage, signins=object()))
    assert await stage.status(stage.activity("execute", name=name)) == 501
    assert stage.desk.turns == []


async def test_unhandled_invokes_are_501_and_never_taken_in(stage: Stage) -> None:
    """Sign-in invokes, which carry a token, and those nobody handles never reach the inbox."""
    for name in ("signin/tokenExchange", "signin/verifyState", "tab/fetch", "composeExtension/query", None):
        assert await stage.status(stage.activity("execute", name=name)) == 501
    assert stage.desk.turns == []


async def test_a_dialog_nobody_knows_is_answered_with_a_sentence(stage: Stage) -> None:
    """A dialog of another app's making, or one without a known person, shows a sentence and does nothing."""
    for name in ("task/fetch", "task/submit", "composeExtension/fetchTask", "composeExtension/submitAction"):
        status, body, _ = await stage.post(stage.activity("execute", name=name, value={"commandId": "other"}))
        assert (status, body["task"]["type"]) == (200, "continue")
        assert "do not understand" in body["task"]["value"]["card"]["content"]["body"][0]["text"]
    assert stage.desk.turns == []


async def test_a_dialog_that_cannot_be_kept_says_so_in_the_dialog(stage: Stage) -> None:
    """Where the store is away, a dialog says that nothing was done instead of showing Teams' own error."""
    stage.desk.error = StoreError("away")
    value = {"commandId": "meet", "commandContext": "compose"}
    status, body, _ = await stage.post(stage.activity("execute", name="composeExtension/fetchTask", value=value))
    assert (status, body["task"]["type"]) == (200, "continue")
    assert "nothing was done" in body["task"]["value"]["card"]["content"]["body"][0]["text"]


async def test_events_hold_ids_and_outcomes_but_no_content(stage: Stage) -> None:
    """What is observed of a turn names its kind and reference, never its words or people."""
    await stage.status()
    (event,) = [event for event in stage.events if event.name == "door.accepted"]
    (turn,) = stage.desk.turns
    assert event.fields == {"kind": "said", "ref": turn.reference, "receipt": "new", "at": turn.received_at}


def endpoint(stage: Stage, **limits: Any) -> Endpoint:  # noqa: ANN401 - the endpoint's own options
    """Return the stage's endpoint with other limits."""
    usual = stage.edge.endpoint(stage.desk)
    return Endpoint(usual._door, usual._adapter, stage.desk, stage.events.append, **limits)
