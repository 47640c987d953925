"""Posts read over Graph: which page is asked for, and whose post counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused
from bot.graph.client import GraphMeetings
from bot.graph.posts import GraphPosts, carrying, following, listing
from bot.model import Chat, ChatKind
from bot.sandbox.cloud import Cloud

APP = "1c0d6a52-3f4e-4b8a-9a51-6d2f0b7c9e10"
NONCE = "f" * 32
CHANNEL = Chat("t", "19:x@thread.tacv2", ChatKind.CHANNEL, group_id="g")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["value", "from", "attachments", "id"]), inner),
)


def message(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a message of ours with a card."""
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": json.dumps({"id": NONCE})}
    return {"id": "1", "from": {"application": {"id": APP}}, "attachments": [card], **changes}


def test_each_place_has_its_own_listing() -> None:
    """A thread's replies, a channel's posts and a chat's messages are listed apart."""
    channel = "/teams/g/channels/19%3Ax%40thread.tacv2/messages"
    assert listing(CHANNEL, "19:x@thread.tacv2;messageid=7") == f"{channel}/7/replies?$top=50"
    assert listing(CHANNEL, "19:x@thread.tacv2") == f"{channel}?$top=50"
    assert listing(Chat("t", "19:y@thread.v2", ChatKind.GROUP), "19:y@thread.v2") == (
        "/chats/19%3Ay%40thread.v2/messages?$top=50"
    )
    with pytest.raises(Refused):
        listing(Chat("t", "19:x@thread.tacv2", ChatKind.CHANNEL), "19:x@thread.tacv2")


def test_only_our_own_card_with_the_nonce_counts() -> None:
    """Another app's or a person's copy of the card is not ours, nor is a card with another nonce."""
    assert carrying({"value": [message(id="0", attachments=[]), message()]}, NONCE, APP.upper()) == "1"
    assert carrying({"value": [message(**{"from": {"application": {"id": "other"}}})]}, NONCE, APP) == ""
    assert carrying({"value": [message(**{"from": {"user": {"id": APP}}})]}, NONCE, APP) == ""
    assert carrying({"value": [message()]}, "e" * 32, APP) == ""
    assert carrying({"value": [message()]}, "", APP) == ""


@given(JSON)
def test_any_answer_can_be_read(page: object) -> None:
    """Whatever Graph answers is a post, or none."""
    assert carrying(page, NONCE, APP) == ""
    assert following(page) == ""


def test_the_next_page_is_asked_of_graph_whatever_host_is_named() -> None:
    """A token never follows an address to another host."""
    link = "https://elsewhere.example/v1.0/chats/19%3Ay/messages?$skiptoken=a%20b"
    assert following({"@odata.nextLink": link}) == "/chats/19%3Ay/messages?$skiptoken=a%20b"
    assert following({"@odata.nextLink": "https://graph.example/beta/chats"}) == ""


async def test_older_pages_are_looked_at(cloud: Cloud, meetings: GraphMeetings) -> None:
    """A post that 60 messages were written after is found; one that is not there is not."""
    tenant = cloud.tenant
    tenant.consents = {"ChatMessage.Read.Chat"}
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"body": [{"id": NONCE}]}}
    place = tenant.leads.thread_id
    post = cloud.board.add(place, tenant.bot_id, {"type": "message", "attachments": [card]}, post_id="5")
    post.at -= 1_000
    for number in range(60):
        cloud.board.add(place, tenant.ana.id, {"type": "message", "text": str(number)})
    posts = GraphPosts(meetings, tenant.app_id)
    chat = Chat(tenant.tenant_id, place, ChatKind.GROUP)
    assert await posts.find(chat, place, NONCE, reference="r") == "5"
    assert await posts.find(chat, place, "e" * 32, reference="r") == ""
    assert [call.status for call in cloud.journal.find("graph.messages")] == [200] * 4
