"""Each defect of botbuilder-python 4.17.1 (facts/teams 1.5, by number) is absent from Muster."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from bot.errors import NotDone, Unclear
from bot.messages import Answer, Rendered
from bot.model import TurnKind
from bot.teams.botbuilder_adapter import BotbuilderAdapter, decode
from tests.teams.stage import APP_ID, SCOPE, TENANT, Stage, sample

CARD = {"type": "AdaptiveCard", "version": "1.5", "body": []}
CONTENT = Rendered(CARD, "s", "t")
THREAD = "19:leads@thread.v2"


async def test_1_an_invoke_whose_body_is_an_object_is_answered(stage: Stage) -> None:
    """A card as the answer to a press arrives as it is, instead of HTTP 500."""
    stage.desk.reply = Answer(card=CARD)
    status, body, _ = await stage.post(stage.activity("execute"))
    assert status == 200
    assert body == {"statusCode": 200, "type": "application/vnd.microsoft.card.adaptive", "value": CARD}


@pytest.mark.parametrize("value", [None, 5, {}, {"action": None}, {"action": {"type": "Action.Submit"}}])
async def test_2_a_malformed_press_is_a_bad_request_inside_a_200(stage: Stage, value: object) -> None:
    """A press that makes no sense gets a Teams error, instead of HTTP 500."""
    status, body, _ = await stage.post(stage.activity("execute", value=value))
    assert (status, body["statusCode"], body["type"]) == (200, 400, "application/vnd.microsoft.error")


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("meet", "<at>meet</at> meet now", "meet now"),
        ("Bot", "<at>Bot</at> ask <at>Bot Two</at>", "ask Bot Two"),
        ("Bot", '<at id="0">Bot</at> help', "help"),
    ],
)
async def test_3_a_mention_is_removed_by_its_entity(stage: Stage, name: str, text: str, left: str) -> None:
    """A bot called like its command does not eat the command."""
    bot = {"id": f"28:{APP_ID}", "name": name}
    entities = [{"type": "mention", "text": f"<at>{name}</at>", "mentioned": bot}, {"mentioned": {}}, {"text": "x"}]
    assert await stage.status(stage.activity(text=text, entities=entities)) == 202
    assert stage.desk.turns[0].text == left


def test_4_the_conversations_tenant_is_known() -> None:
    """The tenant in Teams' spelling reaches botbuilder's activity."""
    assert decode(sample("channel_root")).conversation.tenant_id == TENANT


@pytest.mark.parametrize("name", ["meetingStart", "meetingParticipantJoin", "readReceipt"])
async def test_5_meeting_events_break_nothing(stage: Stage, name: str) -> None:
    """Events in any shape are acknowledged without a handler that expects another."""
    event = {"type": "event", "name": f"application/vnd.microsoft.{name}", "value": {"members": [None]}}
    assert await stage.status(stage.activity(**event)) == 202


async def test_6_added_members_are_not_looked_up(stage: Stage) -> None:
    """People joining a team cause no request, and a change without channel data no error."""
    members = [{"id": f"29:{number}"} for number in range(50)]
    assert await stage.status(stage.activity("members_added", membersAdded=members)) == 202
    bare = stage.activity("members_added", channelData=None, conversation={"id": THREAD, "tenantId": TENANT})
    assert await stage.status(bare) == 202
    assert stage.connector.calls == []
    assert [turn.kind for turn in stage.desk.turns] == [TurnKind.INSTALLED]


async def test_7_a_sign_in_is_not_said_to_have_worked(stage: Stage) -> None:
    """A token exchange nobody asked for is not answered 200."""
    assert await stage.status(stage.activity("execute", name="signin/tokenExchange", value={"token": "x"})) == 501


async def test_8_headers_and_body_reach_the_connector(stage: Stage) -> None:
    """The asynchronous way out carries the bearer and the whole message."""
    await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n")
    (call,) = stage.connector.calls
    assert call.bearer == "token-0"
    assert call.body["attachments"][0]["content"] == CARD


@pytest.mark.parametrize("status", [408, 412, 413, 429, 502, 503])
async def test_9_nothing_is_retried_behind_our_back(stage: Stage, status: int) -> None:
    """Posts and edits alike are sent exactly once, and whoever sent them decides what next."""
    stage.connector.will(status, status)
    with pytest.raises(Exception, match=str(status)):
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n")
    with pytest.raises(Exception, match=str(status)):
        await stage.edge.messenger.edit(stage.chat(), THREAD, "p1", CONTENT)
    assert [call.method for call in stage.connector.calls] == ["POST", "PUT"]


async def test_10_a_request_ends_within_ten_seconds(stage: Stage) -> None:
    """No request can hang for a hundred seconds: ten at most, five to connect."""
    from bot.teams import connection, keys  # noqa: PLC0415 - the two places with a limit

    assert (connection.TOTAL_SECONDS, connection.CONNECT_SECONDS) == (10.0, 5.0)
    assert (keys.TIMEOUT.total, keys.TIMEOUT.connect) == (10.0, 5.0)
    assert stage.edge.messenger._connection._seconds == connection.TOTAL_SECONDS


async def test_11_the_error_carries_retry_after_and_hides_no_network_error(stage: Stage) -> None:
    """What the connector wishes stands in the error, and a broken connection is an error of ours."""
    stage.connector.will(429, headers={"Retry-After": "0.75"})
    with pytest.raises(NotDone) as busy:
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n")
    assert busy.value.retry_after == 0.75
    stage.connector.will_hang_up()
    with pytest.raises(Unclear):
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n")


async def test_12_an_acknowledgement_is_202_and_a_failure_is_not_swallowed(stage: Stage) -> None:
    """Success has its own status, and what fails in the turn is not answered as success."""
    assert await stage.status() == 202

    async def fails(*_: Any) -> None:  # noqa: ANN401 - as the adapter calls it
        raise LookupError("on purpose")

    adapter: BotbuilderAdapter = stage.edge._adapter
    with pytest.raises(LookupError):
        await adapter.process(stage.activity(), {"aud": APP_ID}, fails)


async def test_a_turn_makes_no_thread_and_no_request(stage: Stage) -> None:
    """Coming in costs no thread and no request to anybody (facts/teams 1.6)."""
    fetches, threads = stage.keys.fetches, threading.active_count()
    assert await asyncio.gather(*(stage.status(stage.activity(id=str(n))) for n in range(20))) == [202] * 20
    assert (stage.keys.fetches, threading.active_count()) == (fetches, threads)
    assert (stage.connector.calls, stage.tokens.asked) == ([], [])


async def test_expected_replies_cannot_break_a_turn(stage: Stage) -> None:
    """An activity that asks for buffered replies is acknowledged like any other (facts/teams 9.24)."""
    assert await stage.status(stage.activity(deliveryMode="expectReplies")) == 202


async def test_nothing_comes_in_past_the_door(stage: Stage) -> None:
    """Botbuilder's own ways of authenticating, and its streaming, are closed."""
    authentication = stage.edge._adapter._adapter.bot_framework_authentication
    with pytest.raises(PermissionError):
        await authentication.authenticate_request(decode(sample("personal")), "Bearer x")
    with pytest.raises(PermissionError):
        await authentication.authenticate_streaming_request("Bearer x", "msteams")
    factory = authentication.create_connector_factory(None)
    first = await factory.create(stage.service_url, SCOPE)
    assert await factory.create(stage.service_url.rstrip("/"), SCOPE) is first


@pytest.mark.parametrize("name", ["from", "recipient", "conversation"])
def test_any_activity_can_be_handed_to_botbuilder(name: str) -> None:
    """Parts that are missing or of another type are absent, and the JSON travels along whole."""
    raw = {**sample("channel_root"), name: 5}
    assert decode(raw).additional_properties == raw
