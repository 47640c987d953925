"""The sandbox's Bot Connector: posts, edits, whispers, members, by facts/teams 3."""

from __future__ import annotations

import pytest

from bot.sandbox.cloud import Cloud
from tests.sandbox.conftest import Caller, CardMaker, HandClock

HI = {"type": "message", "text": "hi"}


async def test_a_post_is_seen_and_edited_in_place(cloud: Cloud, caller: Caller) -> None:
    """A post gets an epoch-ms id; PUT with that id replaces what people see and keeps every version."""
    chat = cloud.tenant.incidents
    answer = await caller.post(f"{chat.thread_id};messageid=17", HI)
    assert (answer.status, answer.body) == (201, {"id": "1795262400000"})
    changed = await caller.change("PUT", chat, answer.body["id"], json={"type": "message", "text": "bye"})
    assert (changed.status, changed.body) == (200, {"id": answer.body["id"]})
    [post] = cloud.posts(chat)
    assert (post.text, post.edits, post.sender, post.card) == ("bye", 1, cloud.tenant.bot_id, None)
    assert [version["text"] for version in post.versions] == ["hi", "bye"]


async def test_the_conversation_id_decides_the_thread(cloud: Cloud, caller: Caller) -> None:
    """An answer goes to the thread of `;messageid=`, whatever replyToId says; a bare channel id makes a root post."""
    thread = cloud.tenant.incidents.thread_id
    root = (await caller.post(thread, HI)).body["id"]
    answer = (await caller.post(f"{thread};messageid={root}", HI, path="/999")).body["id"]
    other = (await caller.post(thread, HI)).body["id"]
    assert [post.id for post in cloud.posts(f"{thread};messageid={root}")] == [root, answer]
    assert [post.id for post in cloud.posts(thread)] == [root, answer, other]


async def test_a_deleted_post_is_gone(cloud: Cloud, caller: Caller) -> None:
    """After DELETE nobody sees the post, and editing or deleting it is 404."""
    chat = cloud.tenant.incidents
    key = (await caller.post(chat, HI)).body["id"]
    assert (await caller.change("DELETE", chat, key)).status == 200
    assert cloud.posts(chat) == []
    assert (await caller.change("DELETE", chat, key)).status == 404
    edited = await caller.change("PUT", chat, key, json=HI)
    assert (edited.status, edited.body["error"]["code"]) == (404, "ActivityNotFoundInConversation")


async def test_a_bot_changes_its_own_posts_alone(cloud: Cloud, caller: Caller) -> None:
    """What a person wrote cannot be edited by the bot."""
    post = cloud.board.add(cloud.tenant.leads.thread_id, cloud.tenant.ana.id, HI)
    assert (await caller.change("PUT", cloud.tenant.leads, post.id, json=HI)).status == 403


async def test_activities_cannot_be_read(cloud: Cloud, caller: Caller) -> None:
    """Teams has no reading of activities, nor has the sandbox."""
    key = (await caller.post(cloud.tenant.incidents, HI)).body["id"]
    assert (await caller.change("GET", cloud.tenant.incidents, key)).status == 405
    assert (await caller.change("GET", cloud.tenant.incidents, "")).status == 404


async def test_typing_is_taken_and_leaves_no_post(cloud: Cloud, caller: Caller) -> None:
    """A typing activity is answered with an id and stands nowhere."""
    assert (await caller.post(cloud.tenant.incidents, {"type": "typing"})).status == 201
    assert cloud.posts(cloud.tenant.incidents) == []


async def test_a_whisper_reaches_one_person(cloud: Cloud, caller: Caller, hand_clock: HandClock) -> None:
    """A targeted message is seen by its recipient only, changed with the same flag only, and gone after a day."""
    chat, ana = cloud.tenant.incidents, cloud.tenant.ana
    flag = {"isTargetedActivity": "true"}
    answer = await caller.post(chat, {**HI, "recipient": {"id": ana.id}}, params=flag)
    key = answer.body["id"]
    assert (answer.status, cloud.posts(chat)) == (201, [])
    assert [post.id for post in cloud.whispers(chat, ana.id)] == [key]
    assert cloud.whispers(chat, cloud.tenant.ben.id) == []
    assert (await caller.change("PUT", chat, key, json=HI)).status == 404
    assert (await caller.change("PUT", chat, key, json={**HI, "recipient": {"id": ana.id}}, params=flag)).status == 400
    assert (await caller.change("PUT", chat, key, json=HI, params=flag)).status == 200
    hand_clock.advance(seconds=24 * 3600 + 1)
    cloud.entra.token_lifetime = 2 * 24 * 3600
    fresh = {"Authorization": f"Bearer {cloud.entra.issue('https://api.botframework.com')}"}
    assert (await caller.change("DELETE", chat, key, params=flag, headers=fresh)).status == 404
    assert cloud.whispers(chat) == []
    assert cloud.journal.counts()["connector.whisper"] == 1


async def test_a_whisper_needs_a_member_and_a_shared_chat(cloud: Cloud, caller: Caller) -> None:
    """Outsiders, nobody, 1:1 chats and clouds without targeted messages are answered 400."""
    tenant, flag = cloud.tenant, {"isTargetedActivity": "true"}
    to_ana, to_kim = {**HI, "recipient": {"id": tenant.ana.id}}, {**HI, "recipient": {"id": tenant.kim.id}}
    assert (await caller.post(tenant.leads, to_kim, params=flag)).status == 400
    assert (await caller.post(tenant.leads, HI, params=flag)).status == 400
    assert (await caller.post(tenant.personal_chat(tenant.ana), to_ana, params=flag)).status == 400
    cloud.connector.targeted = False
    assert (await caller.post(tenant.leads, to_ana, params=flag)).status == 400
    assert cloud.whispers(tenant.leads) == []


@pytest.mark.parametrize(
    "activity",
    [
        {},
        {"type": "message"},
        {"type": "handoff", "text": "x"},
        {"type": "message", "attachments": [{"content": {}}]},
        {"type": "message", "attachments": ["x"]},
        ["message"],
    ],
)
async def test_malformed_activities_are_refused(cloud: Cloud, caller: Caller, activity: object) -> None:
    """What Teams cannot show is answered 400 and posted nowhere."""
    answer = await caller.post(cloud.tenant.incidents, activity)
    assert (answer.status, answer.body["error"]["code"]) == (400, "BadSyntax")
    assert cloud.posts(cloud.tenant.incidents) == []


async def test_a_message_too_big_is_refused(cloud: Cloud, caller: Caller) -> None:
    """More than 100 KiB in UTF-16 is 413."""
    answer = await caller.post(cloud.tenant.incidents, {"type": "message", "text": "x" * 52_000})
    assert (answer.status, answer.body["error"]["code"]) == (413, "MessageSizeTooBig")


async def test_cards_teams_would_mind_are_noted(cloud: Cloud, caller: Caller, card: CardMaker) -> None:
    """A good card has no problems; a wrong version, type, size and link are each named."""
    chat = cloud.tenant.incidents
    link = {"type": "Action.OpenUrl", "title": "Join Retro", "url": "https://teams.example/meet/1"}
    bad = {**link, "url": "http://teams.example"}
    await caller.post(chat, card(link))
    await caller.post(chat, card(bad, version="1.6", type="Card", speak="x" * 29_000))
    good, wrong = cloud.posts(chat)
    assert good.card is not None
    assert (good.problems, good.card["body"][0]["text"]) == ([], "Retro: open")
    assert [problem.split(" is ")[0].split(" has ")[0] for problem in wrong.problems] == [
        "type",
        "version",
        "the card",
        "link 'http://teams.example'",
    ]


async def test_where_the_bot_is_not_welcome_it_is_told_why(cloud: Cloud, caller: Caller) -> None:
    """Unknown conversation 404; not installed, disabled, blocked 403 with Teams' codes."""
    tenant = cloud.tenant
    unknown = await caller.post("19:unknown@thread.v2", HI)
    assert (unknown.status, unknown.body["error"]["code"]) == (404, "ConversationNotFound")
    personal = tenant.personal_chat(tenant.ana)
    tenant.leads.installed = False
    tenant.incidents.disabled = True
    tenant.ana.blocked = True
    expected = {
        tenant.leads.thread_id: "BotNotInConversationRoster",
        tenant.incidents.thread_id: "BotDisabledByAdmin",
        personal.thread_id: "ConversationBlockedByUser",
    }
    for thread, code in expected.items():
        answer = await caller.post(thread, HI)
        assert (answer.status, answer.body["error"]["code"]) == (403, code)
    tenant.ana.blocked, tenant.ana.app_installed = False, False
    assert (await caller.post(personal, HI)).body["error"]["code"] == "BotNotInConversationRoster"


async def test_a_new_conversation_is_a_root_post_or_a_1_to_1(cloud: Cloud, caller: Caller) -> None:
    """POST /conversations posts a new thread in a channel, or opens the 1:1 chat with one person."""
    tenant = cloud.tenant
    thread = tenant.incidents.thread_id
    body = {"isGroup": True, "channelData": {"channel": {"id": thread}}, "activity": HI}
    root = await caller.teams("POST", "conversations", json=body)
    assert root.status == 201
    assert root.body["id"] == f"{thread};messageid={root.body['activityId']}"
    alone = {"members": [{"id": tenant.ana.id}], "tenantId": cloud.tenant_id}
    opened = await caller.teams("POST", "conversations", json=alone)
    assert (opened.body["id"], "activityId" in opened.body) == (tenant.personal_chat(tenant.ana).thread_id, False)
    for wrong, status in (({}, 400), ({"members": [{"id": "29:nobody"}]}, 403), ({**body, "activity": {}}, 400)):
        assert (await caller.teams("POST", "conversations", json=wrong)).status == status
    tenant.ben.app_installed = False
    refused = await caller.teams("POST", "conversations", json={"members": [{"id": tenant.ben.id}]})
    assert refused.status == 403


async def test_members_are_listed_paged_and_found(cloud: Cloud, caller: Caller) -> None:
    """Members come with object id, UPN and role; pages follow a token; who is not in the chat is 404."""
    tenant = cloud.tenant
    base = f"conversations/{tenant.incidents.thread_id}"
    people = (await caller.teams("GET", f"{base}/members")).body
    assert [person["name"] for person in people] == ["Ana Lima", "Ben Okafor", "Chloé Martin", "Kim Park"]
    assert (people[0]["aadObjectId"], people[3]["userRole"]) == (tenant.ana.oid, "guest")
    assert people[3]["email"] == "kim.park@fabrikam.example"
    first = (await caller.teams("GET", f"{base}/pagedmembers", params={"pageSize": "3"})).body
    rest = await caller.teams(
        "GET", f"{base}/pagedmembers", params={"pageSize": "3", "continuationToken": first["continuationToken"]}
    )
    assert first["members"] + rest.body["members"] == people
    assert "continuationToken" not in rest.body
    assert (await caller.teams("GET", f"{base}/pagedmembers", params={"pageSize": "x"})).status == 400
    for key in (tenant.ben.id, tenant.ben.oid):
        assert (await caller.teams("GET", f"{base}/members/{key}")).body["id"] == tenant.ben.id
    outside = await caller.teams("GET", f"conversations/{tenant.leads.thread_id}/members/{tenant.kim.id}")
    assert (outside.status, outside.body["error"]["code"]) == (404, "MemberNotFoundInConversation")


async def test_a_team_tells_its_group_and_channels(cloud: Cloud, caller: Caller) -> None:
    """GET teams/{id} names the Entra group; its conversations list General (without a name) and the others."""
    team = cloud.tenant.team
    details = (await caller.teams("GET", f"teams/{team.id}")).body
    assert (details["aadGroupId"], details["channelCount"], details["memberCount"]) == (team.group_id, 2, 4)
    channels = (await caller.teams("GET", f"teams/{team.id}/conversations")).body["conversations"]
    assert [channel["name"] for channel in channels] == [None, "incidents"]
    assert (await caller.teams("GET", "teams/19:other@thread.tacv2")).status == 404


async def test_only_the_bots_own_token_opens_the_connector(cloud: Cloud, caller: Caller) -> None:
    """Graph's token, another app's and none are answered 401."""
    tokens = [
        cloud.entra.issue("https://graph.microsoft.com"),
        cloud.entra.issue("https://api.botframework.com", appid="00000000-0000-0000-0000-000000000009"),
    ]
    for header in ("", *[f"Bearer {token}" for token in tokens]):
        answer = await caller.post(cloud.tenant.incidents, HI, headers={"Authorization": header})
        assert (answer.status, list(answer.body)) == (401, ["message"])


async def test_rate_limits_count_per_thread_when_on(cloud: Cloud, caller: Caller, hand_clock: HandClock) -> None:
    """The eighth post of a second is 429 with Retry-After, another chat is free, and later it goes again."""
    chat, other = cloud.tenant.incidents, cloud.tenant.leads
    for _ in range(9):
        assert (await caller.post(chat, HI)).status == 201
    cloud.connector.limits.on = True
    statuses = [(await caller.post(chat, HI)).status for _ in range(8)]
    assert statuses == [201] * 7 + [429]
    refused = await caller.post(chat, HI)
    assert refused.headers["Retry-After"] == "1"
    assert (await caller.post(other, HI)).status == 201
    hand_clock.advance(seconds=1)
    assert [(await caller.post(chat, HI)).status for _ in range(2)] == [201, 429]
    hand_clock.advance(seconds=3600)
    cloud.entra.token_lifetime = 2 * 3600
    fresh = {"Authorization": f"Bearer {cloud.entra.issue('https://api.botframework.com')}"}
    assert (await caller.post(chat, HI, headers=fresh)).status == 201
