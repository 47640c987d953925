"""Messages out: over real connections, to the right place, with the right token, and honest about how it ended."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.errors import CredentialsWrong, Gone, MeetingsError, Nameless, NotDone, NotNow, Rejected, SendError, Unclear
from bot.messages import Rendered
from bot.model import Chat, ChatKind, Person
from bot.teams.connection import Access, Connection
from tests.teams.stage import SCOPE, TENANT, HandClock, HandTokens, Stage

CARD = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "žluť"}]}
CONTENT = Rendered(CARD, "A meeting", "words")
THREAD = "19:incidents@thread.tacv2;messageid=1"
PATH = "/teams/v3/conversations/19%3Aincidents%40thread.tacv2%3Bmessageid%3D1/activities"
ANA = Person("29:1ana", name="Ana")


def connection(session: aiohttp.ClientSession, tokens: HandTokens, *, seconds: float = 10.0) -> Connection:
    """Return a connection to this machine."""
    return Connection(session, Access(tokens, TENANT, SCOPE, frozenset({"127.0.0.1"})), HandClock(), seconds=seconds)


async def test_a_card_is_posted_as_it_is_into_its_thread(stage: Stage) -> None:
    """The card's JSON arrives unchanged in the thread it belongs to, and its id comes back."""
    assert await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n1") == "p1"
    (call,) = stage.connector.calls
    assert (call.method, call.path, call.bearer) == ("POST", PATH, "token-0")
    assert call.body["attachments"][0]["content"] == CARD
    assert call.body["channelData"] == {"muster": {"nonce": "n1"}}
    assert stage.tokens.asked == [(TENANT, SCOPE)]


async def test_a_post_is_edited_and_deleted_in_place(stage: Stage) -> None:
    """An edit and a deletion go to the very message."""
    await stage.edge.messenger.edit(stage.chat(), THREAD, "p/1", CONTENT)
    stage.connector.will(200)
    await stage.edge.messenger.delete(stage.chat(), THREAD, "p/1")
    assert [(call.method, call.path) for call in stage.connector.calls] == [
        ("PUT", f"{PATH}/p%2F1"),
        ("DELETE", f"{PATH}/p%2F1"),
    ]
    assert stage.connector.calls[1].body is None


async def test_a_whisper_is_targeted_in_a_group_and_ordinary_in_a_one_to_one(stage: Stage) -> None:
    """What one person is to see is sent to that person alone."""
    await stage.edge.messenger.whisper(stage.chat(), THREAD, ANA, CONTENT, nonce="n1")
    await stage.edge.messenger.whisper(stage.chat(ChatKind.PERSONAL), "a:1", ANA, CONTENT, nonce="n2")
    targeted, ordinary = stage.connector.calls
    assert targeted.path == f"{PATH}?isTargetedActivity=true"
    assert targeted.body["recipient"] == {"id": "29:1ana", "name": "Ana"}
    assert ordinary.path == "/teams/v3/conversations/a%3A1/activities"
    assert "recipient" not in ordinary.body


async def test_a_refused_token_is_replaced_once_within_the_call(stage: Stage) -> None:
    """After a 401 the same message goes out again with a new token, and nobody notices."""
    stage.connector.will(401)
    assert await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n1") == "p2"
    assert [call.bearer for call in stage.connector.calls] == ["token-0", "token-1"]
    assert stage.tokens.lost == ["token-0"]


async def test_a_second_401_is_an_answer(stage: Stage) -> None:
    """Two tokens in a row are refused: the message is surely not posted, and goes later, not at once once more."""
    stage.connector.will(401, 401)
    with pytest.raises(NotDone):
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n1")
    assert len(stage.connector.calls) == 2


@pytest.mark.parametrize(
    ("status", "kind"), [(412, NotDone), (429, NotDone), (502, Unclear), (403, Gone), (413, Rejected), (307, Rejected)]
)
async def test_a_failing_post_is_sent_once_and_named(stage: Stage, status: int, kind: type[SendError]) -> None:
    """The transport never repeats and never follows a redirect: it says what happened."""
    stage.connector.will(status, headers={"Retry-After": "0.5", "Location": "https://127.0.0.1/elsewhere"})
    with pytest.raises(SendError) as failed:
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n1")
    assert type(failed.value) is kind
    assert (failed.value.status, len(stage.connector.calls)) == (status, 1)
    assert failed.value.retry_after == (0.5 if kind in (NotDone, Unclear) else None)


async def test_a_gateways_page_is_a_status_like_any_other(stage: Stage) -> None:
    """An HTML error page is no surprise."""
    stage.connector.will(502, body="<h1>Bad gateway</h1>")
    with pytest.raises(NotDone):
        await stage.edge.messenger.edit(stage.chat(), THREAD, "p1", CONTENT)


async def test_a_message_people_deleted_is_gone_but_its_chat_is_not(stage: Stage) -> None:
    """Editing a deleted message says that the message is gone, not the chat."""
    stage.connector.will(404, body={"error": {"code": "ActivityNotFoundInConversation"}})
    with pytest.raises(Gone) as gone:
        await stage.edge.messenger.edit(stage.chat(), THREAD, "p1", CONTENT)
    assert gone.value.chat is False


@pytest.mark.parametrize(("body", "is_told"), [("<html>", Unclear), ({"other": 1}, Nameless), ({"id": 7}, Nameless)])
async def test_a_2xx_without_an_id(stage: Stage, body: object, is_told: type[Unclear]) -> None:
    """What the connector takes without saying where it stands is there; a page of somebody else's proves nothing."""
    stage.connector.will(200, body=body)
    with pytest.raises(Unclear) as error:
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n1")
    assert type(error.value) is is_told


async def test_a_conversation_without_an_id_is_no_conversation(stage: Stage) -> None:
    """Nobody is told anything in a chat whose id Teams did not say."""
    stage.connector.will(200, body={})
    with pytest.raises(Unclear) as error:
        await stage.edge.messenger.personal(stage.chat(), ANA)
    assert type(error.value) is Unclear


async def test_a_broken_connection_after_sending_is_unclear_for_a_post(stage: Stage) -> None:
    """When the connection breaks after the post has left, it may have been made."""
    stage.connector.will_hang_up()
    with pytest.raises(Unclear):
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n1")


async def test_a_refused_connection_is_not_done(stage: Stage, trusting: aiohttp.ClientSession) -> None:
    """When nobody listens nothing was posted."""
    with pytest.raises(NotDone):
        await connection(trusting, stage.tokens).request("POST", "https://127.0.0.1:1/v3/x", b"{}")


async def test_no_answer_in_time_is_unclear_for_a_post_and_not_done_for_an_edit(
    stage: Stage, trusting: aiohttp.ClientSession
) -> None:
    """A connector that never answers is given up, and an edit may simply be made again."""
    never = asyncio.Event()
    stage.connector.answers = [never, never]
    impatient = connection(trusting, stage.tokens, seconds=0.2)
    with pytest.raises(Unclear):
        await impatient.request("POST", f"{stage.connector.url}/v3/x", b"{}")
    with pytest.raises(NotDone):
        await impatient.request("PUT", f"{stage.connector.url}/v3/x", b"{}")
    never.set()


async def test_a_token_that_does_not_come_in_time_is_not_done(stage: Stage, trusting: aiohttp.ClientSession) -> None:
    """While Entra keeps us waiting nothing was posted."""
    stage.tokens.wait = asyncio.Event()
    with pytest.raises(NotDone):
        await connection(trusting, stage.tokens, seconds=0.01).request("POST", f"{stage.connector.url}/x", b"{}")
    assert stage.connector.calls == []


@pytest.mark.parametrize(
    ("error", "wait"), [(NotNow("away").after(3.0, unclear=False), 3.0), (CredentialsWrong("no"), None)]
)
async def test_without_a_token_nothing_is_done(stage: Stage, error: MeetingsError, wait: float | None) -> None:
    """An outage of Entra is not a lost message: it is sent later."""
    stage.tokens.error = error
    with pytest.raises(NotDone) as failed:
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n1")
    assert (failed.value.retry_after, stage.connector.calls) == (wait, [])


@pytest.mark.parametrize("address", ["https://localhost:1/teams/", "https://evil.example/", "http://127.0.0.1/", ""])
async def test_the_bearer_goes_to_listed_hosts_only(stage: Stage, address: str) -> None:
    """A stored service URL that is not on the list, any more or ever, gets neither token nor message."""
    chat = Chat(TENANT, "19:x", ChatKind.GROUP, service_url=address)
    with pytest.raises(Rejected):
        await stage.edge.messenger.post(chat, THREAD, CONTENT, nonce="n1")
    with pytest.raises(Rejected):
        await stage.edge.messenger.whisper(chat, THREAD, ANA, CONTENT, nonce="n1")
    assert (stage.connector.calls, stage.tokens.asked) == ([], [])


async def test_replies_share_connections_and_clients(stage: Stage) -> None:
    """Ten messages one after the other need one connection and no thread."""
    for number in range(10):
        await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce=str(number))
    assert len(stage.connector.connections) == 1


async def test_clients_are_kept_for_a_bounded_number_of_service_urls(stage: Stage) -> None:
    """However many service URLs there are, memory stays bounded, and each still works."""
    for number in range(40):
        chat = Chat(TENANT, "19:x", ChatKind.GROUP, service_url=f"{stage.connector.url}/region{number}/")
        await stage.edge.messenger.post(chat, THREAD, CONTENT, nonce="n")
    assert await stage.edge.messenger.post(stage.chat(), THREAD, CONTENT, nonce="n") == "p41"


async def test_a_member_is_looked_up_by_the_id_of_a_mention(stage: Stage) -> None:
    """A mention's `29:` becomes the name Teams calls somebody by; a guest's is their address."""
    ben = {
        "id": "29:1ben",
        "name": "Ben",
        "objectId": "oid",
        "userPrincipalName": "ben@contoso.example",
        "email": "b@x",
    }
    stage.connector.will(200, body=ben)
    found = await stage.edge.messenger.member(stage.chat(), "29:1ben")
    assert found == Person("29:1ben", "oid", "Ben", "ben@contoso.example")
    guest = {"aadObjectId": "kim", "userPrincipalName": "kim_f.example#EXT#@contoso.example", "email": "kim@f.example"}
    stage.connector.will(200, body=guest)
    assert await stage.edge.messenger.member(stage.chat(), "29:kim") == Person(
        "29:kim", "kim", "", "kim@f.example", guest=True
    )
    (call, _) = stage.connector.calls
    assert (call.method, call.path) == (
        "GET",
        "/teams/v3/conversations/19%3Aleads%40thread.v2/members/29%3A1ben",
    )


async def test_no_member_and_no_address_are_told_apart(stage: Stage) -> None:
    """Somebody who is not in the chat is Gone without the chat being gone; a chat without an address is refused."""
    stage.connector.will(404)
    with pytest.raises(Gone) as caught:
        await stage.edge.messenger.member(stage.chat(), "29:x")
    assert caught.value.chat is False
    with pytest.raises(Rejected):
        await stage.edge.messenger.member(Chat("t", "19:x", ChatKind.GROUP), "29:x")
