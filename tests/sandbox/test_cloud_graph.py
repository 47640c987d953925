"""The sandbox's Graph: online meetings by the rules of facts/graph 1-3."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

import pytest

from bot.sandbox.cloud import Cloud
from tests.sandbox.conftest import Caller, HandClock

GRAPH = "https://graph.microsoft.com"


def meetings(cloud: Cloud, tail: str = "", *, who: str = "", version: str = "v1.0") -> str:
    return f"/{version}/users/{who or cloud.tenant.ana.oid}/onlineMeetings{tail}"


async def test_asking_twice_makes_one_meeting(cloud: Cloud, caller: Caller) -> None:
    """Calling createOrGet with one person and external id answers 201, then 200 with the same meeting, unchanged."""
    first = await caller.open(cloud.tenant.ana)
    again = await caller.open(cloud.tenant.ana, subject="Another subject")
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    other = await caller.open(cloud.tenant.ben)
    assert (other.status, len(cloud.graph.meetings)) == (201, 2)
    assert other.body["joinWebUrl"] != first.body["joinWebUrl"]


async def test_without_times_a_meeting_is_now_for_an_hour(cloud: Cloud, caller: Caller) -> None:
    """No times mean now and one hour; a start alone means an hour from then."""
    body = (await caller.open(cloud.tenant.ana)).body
    assert (body["startDateTime"], body["endDateTime"]) == (
        "2026-11-21T12:00:00.0000000Z",
        "2026-11-21T13:00:00.0000000Z",
    )
    assert body["expiryDateTime"].startswith("2027-01-20T13:00")
    later = await caller.open(cloud.tenant.ana, externalId="room-2", startDateTime="2026-11-22T09:00:00+01:00")
    assert later.body["endDateTime"] == "2026-11-22T09:00:00.0000000Z"


@pytest.mark.parametrize(
    "body",
    [
        {"externalId": ""},
        {"externalId": 5},
        {"endDateTime": "2026-11-21T13:00:00Z"},
        {"startDateTime": "2026-11-21T13:00:00Z", "endDateTime": "2026-11-21T12:00:00Z"},
        {"startDateTime": "2026-11-21T13:00:00"},
        {"startDateTime": "2026-99-21T13:00:00Z"},
        {"startDateTime": 5},
        {"lobbyBypassSettings": {"scope": "everyone"}},
        {"chatInfo": "19:x"},
    ],
)
async def test_a_wrong_body_makes_no_meeting(cloud: Cloud, caller: Caller, body: dict[str, Any]) -> None:
    """Bodies that Graph does not take are answered 400 and leave nothing behind."""
    answer = await caller.open(cloud.tenant.ana, **body)
    assert (answer.status, answer.body["error"]["code"], cloud.graph.meetings) == (400, "BadRequest", [])


async def test_what_is_not_an_object_is_refused(cloud: Cloud, caller: Caller) -> None:
    """A body that is not JSON, or not an object, is answered 400."""
    for options in ({"data": b"{"}, {"json": [1]}, {"data": b"{", "headers": {"Content-Type": "application/json"}}):
        assert (await caller.graph("POST", meetings(cloud, "/createOrGet"), **options)).status == 400


async def test_a_standard_channel_gets_its_meeting_in_beta_alone(cloud: Cloud, caller: Caller) -> None:
    """In beta Graph echoes the channel's thread with a message id; v1.0 with chatInfo is the bare 400."""
    chat: dict[str, Any] = {"chatInfo": {"threadId": cloud.tenant.incidents.thread_id}}
    tied = await caller.open(cloud.tenant.ana, version="beta", chatInfo=chat["chatInfo"])
    assert tied.body["chatInfo"]["threadId"] == cloud.tenant.incidents.thread_id
    assert tied.body["chatInfo"]["messageId"].isdecimal()
    assert tied.body["chatInfo"]["messageId"] != "0"
    assert tied.body["joinUrl"] == tied.body["joinWebUrl"]
    refused = await caller.open(cloud.tenant.ben, chatInfo=chat["chatInfo"])
    assert (refused.status, refused.body["error"]["message"]) == (400, "An error has occurred.")


async def test_no_other_thread_is_tied(cloud: Cloud, caller: Caller) -> None:
    """Private and shared channels, group chats, unknown and decorated thread ids and outsiders are refused."""
    tenant = cloud.tenant
    private = tenant.add_channel("private", tenant.ana, membership="private")
    shared = tenant.add_channel("shared", membership="shared")
    without = tenant.add_channel("without", tenant.ben)
    standard = tenant.incidents.thread_id
    threads = [private.thread_id, shared.thread_id, without.thread_id, tenant.leads.thread_id, "19:x@thread.tacv2"]
    for thread in [*threads, f"{standard};messageid=1", standard.replace(":", "%3a")]:
        assert (await caller.open(tenant.ana, version="beta", chatInfo={"threadId": thread})).status == 400
    assert cloud.graph.meetings == []


async def test_without_chat_info_a_meeting_has_its_own_chat(cloud: Cloud, caller: Caller) -> None:
    """A standalone meeting's thread is its own and its message id is 0."""
    chat = (await caller.open(cloud.tenant.ana)).body["chatInfo"]
    assert chat["threadId"].startswith("19:meeting_")
    assert chat["messageId"] == "0"


@pytest.mark.parametrize(
    ("fault", "status", "same_thread"),
    [
        ("refused-thread", 400, None),
        ("unbound", 201, False),
        ("unbound-other", 201, False),
        ("unbound-no-post", 201, True),
    ],
)
async def test_the_tie_can_fail_in_each_way(
    cloud: Cloud, caller: Caller, fault: str, status: int, same_thread: bool | None
) -> None:
    """Refused, ignored, another thread, and the thread without a post can each be asked for."""
    thread = cloud.tenant.incidents.thread_id
    cloud.faults.inject(fault, times=1)
    answer = await caller.open(cloud.tenant.ana, version="beta", chatInfo={"threadId": thread})
    assert answer.status == status
    if same_thread is not None:
        echo = answer.body["chatInfo"]
        assert (echo["threadId"] == thread, echo["messageId"]) == (same_thread, "0")
    after = await caller.open(cloud.tenant.ben, version="beta", chatInfo={"threadId": thread})
    assert after.body["chatInfo"]["threadId"] == thread


async def test_who_may_not_host_is_told_as_graph_tells(cloud: Cloud, caller: Caller) -> None:
    """A UPN, a guest, an unlicensed or unknown person are 404; a missing policy is 403 with both ids."""
    tenant = cloud.tenant
    tenant.ben.licensed = False
    tenant.chloe.policy = False
    for who in (tenant.ana.upn, tenant.kim.oid, tenant.ben.oid, "00000000-0000-0000-0000-000000000009"):
        answer = await caller.graph(
            "POST", meetings(cloud, "/createOrGet", who=who.replace("#", "%23")), json={"externalId": "a"}
        )
        assert answer.status == 404, who
    refused = await caller.open(tenant.chloe)
    assert (refused.status, refused.body["error"]["code"]) == (403, "Forbidden")
    text = f"No application access policy found for this app {cloud.app_id} on the user {tenant.chloe.oid}"
    assert refused.body["error"]["message"] == text


async def test_dial_in_is_there_or_null(cloud: Cloud, caller: Caller) -> None:
    """A licensed host has numbers reserved for fiction; without a licence audioConferencing is null."""
    audio = (await caller.open(cloud.tenant.ana)).body["audioConferencing"]
    assert audio["tollNumbers"] == ["+442079460123", "+493023125042"]
    assert audio["tollFreeNumbers"] == ["+448081570192"]
    assert audio["conferenceId"] == "123456789"
    assert (await caller.open(cloud.tenant.chloe)).body["audioConferencing"] is None
    cloud.faults.inject("no-licence")
    assert (await caller.open(cloud.tenant.ben)).body["audioConferencing"] is None


async def test_join_links_lead_nowhere(cloud: Cloud, caller: Caller) -> None:
    """Links end in .example, so that no made-up link opens somebody's real meeting."""
    assert (await caller.open(cloud.tenant.ana)).body["joinWebUrl"].startswith("https://teams.example/meet/2345")


@pytest.mark.parametrize(("language", "word"), [("de-DE", "Jetzt teilnehmen"), ("fr", "Rejoindre"), ("", "Join the")])
async def test_join_information_speaks_the_asked_language(
    cloud: Cloud, caller: Caller, language: str, word: str
) -> None:
    """The joinInformation is a URL-encoded data blob in the language of Accept-Language."""
    headers = {"Accept-Language": language} if language else {}
    answer = await caller.graph("POST", meetings(cloud, "/createOrGet"), json={"externalId": "a"}, headers=headers)
    content = answer.body["joinInformation"]["content"]
    assert content.startswith("data:text/html,")
    assert word in unquote_plus(content)


async def test_a_plain_post_makes_a_new_meeting_each_time(cloud: Cloud, caller: Caller) -> None:
    """POST is not idempotent, takes a passcode and options, and needs subject and end."""
    body = {
        "subject": "Retro",
        "startDateTime": "2026-11-21T12:00:00Z",
        "endDateTime": "2026-11-21T12:45:00Z",
        "joinMeetingIdSettings": {"isPasscodeRequired": True},
        "allowedPresenters": "organizer",
        "lobbyBypassSettings": {"scope": "everyone", "isDialInBypassEnabled": True},
        "participants": {"attendees": [{"upn": cloud.tenant.ben.upn, "role": "coorganizer"}]},
    }
    first = await caller.graph("POST", meetings(cloud), json=body)
    second = await caller.graph("POST", meetings(cloud), json=body)
    assert (first.status, second.status, len(cloud.graph.meetings)) == (201, 201, 2)
    assert first.body["joinMeetingIdSettings"]["passcode"]
    assert first.body["allowedPresenters"] == "organizer"
    assert first.body["lobbyBypassSettings"] == {"scope": "everyone", "isDialInBypassEnabled": True}
    assert first.body["participants"]["attendees"][0]["role"] == "coorganizer"
    for wrong in ({"subject": ""}, {"endDateTime": None}, {"lobbyBypassSettings": {"scope": "nobody"}}):
        assert (await caller.graph("POST", meetings(cloud), json={**body, **wrong})).status == 400
    assert len(cloud.graph.meetings) == 2


async def test_a_meeting_is_found_by_id_link_and_number(cloud: Cloud, caller: Caller) -> None:
    """GET by id, by JoinWebUrl and by joinMeetingId give the same meeting."""
    body = (await caller.open(cloud.tenant.ana)).body
    by_id = await caller.graph("GET", meetings(cloud, f"/{body['id']}"))
    assert by_id.body == body
    number = body["joinMeetingIdSettings"]["joinMeetingId"]
    filters = {f"JoinWebUrl eq '{body['joinWebUrl']}'", f"joinMeetingIdSettings/joinMeetingId eq '{number}'"}
    for text in filters:
        found = await caller.graph("GET", meetings(cloud), params={"$filter": text})
        assert [meeting["id"] for meeting in found.body["value"]] == [body["id"]]
    none = await caller.graph("GET", meetings(cloud), params={"$filter": "JoinWebUrl eq 'https://teams.example/'"})
    assert (none.status, none.body["value"]) == (200, [])


async def test_listing_and_prying_are_refused(cloud: Cloud, caller: Caller) -> None:
    """No listing without a filter, no unknown filter, no look-up of somebody else's meeting."""
    link = (await caller.open(cloud.tenant.ana)).body["joinWebUrl"]
    assert (await caller.graph("GET", meetings(cloud))).status == 400
    assert (await caller.graph("GET", meetings(cloud), params={"$filter": "subject eq 'Retro'"})).status == 400
    path = meetings(cloud, who=cloud.tenant.ben.oid)
    answer = await caller.graph("GET", path, params={"$filter": f"JoinWebUrl eq '{link}'"})
    assert (answer.status, answer.body["error"]["message"][:5]) == (403, "3003:")


async def test_video_rooms_are_found_across_people(cloud: Cloud, caller: Caller) -> None:
    """/communications finds a meeting by its video teleconference id, and nothing without a filter."""
    wanted = (await caller.open(cloud.tenant.ana)).body["id"]
    cloud.graph.meetings[0].options["videoTeleconferenceId"] = "1122334455"
    path = "/v1.0/communications/onlineMeetings"
    found = await caller.graph("GET", path, params={"$filter": "VideoTeleconferenceId eq '1122334455'"})
    assert [meeting["id"] for meeting in found.body["value"]] == [wanted]
    assert (await caller.graph("GET", path)).status == 400


async def test_a_patch_changes_what_may_change(cloud: Cloud, caller: Caller) -> None:
    """PATCH changes subject, times together, options, lobby and the whole attendee list; nothing read-only."""
    path = meetings(cloud, f"/{(await caller.open(cloud.tenant.ana)).body['id']}")
    times = {"startDateTime": "2026-11-21T14:00:00Z", "endDateTime": "2026-11-21T15:00:00Z"}
    attendees = {"attendees": [{"upn": cloud.tenant.ben.upn, "role": "presenter"}]}
    change = {"subject": "Later", "recordAutomatically": True, "participants": attendees, **times}
    answer = await caller.graph("PATCH", path, json={**change, "lobbyBypassSettings": {"scope": "organizer"}})
    assert (answer.status, answer.body["subject"], answer.body["recordAutomatically"]) == (200, "Later", True)
    assert answer.body["lobbyBypassSettings"]["scope"] == "organizer"
    assert answer.body["endDateTime"].startswith("2026-11-21T15")
    (ben,) = answer.body["participants"]["attendees"]
    assert (ben["upn"], ben["role"]) == (cloud.tenant.ben.upn, "presenter")
    assert ben["identity"]["user"]["id"] == cloud.tenant.ben.oid
    wrong = [
        {"endDateTime": times["endDateTime"]},
        {"chatInfo": {}},
        {"externalId": "x"},
        {"joinMeetingIdSettings": {}},
    ]
    for body in [*wrong, {"lobbyBypassSettings": {"scope": "nobody"}}]:
        assert (await caller.graph("PATCH", path, json=body)).status == 400
    assert cloud.graph.meetings[0].changes == 1


async def test_new_lobby_scopes_hide_unless_preferred(cloud: Cloud, caller: Caller) -> None:
    """`invited` comes back as unknownFutureValue unless the request prefers unknown members."""
    path = meetings(cloud, f"/{(await caller.open(cloud.tenant.ana)).body['id']}")
    change = {"lobbyBypassSettings": {"scope": "invited"}}
    hidden = await caller.graph("PATCH", path, json=change)
    assert hidden.body["lobbyBypassSettings"]["scope"] == "unknownFutureValue"
    shown = await caller.graph("GET", path, headers={"Prefer": "include-unknown-enum-members"})
    assert shown.body["lobbyBypassSettings"]["scope"] == "invited"


async def test_the_lobby_may_stay_as_it_was(cloud: Cloud, caller: Caller) -> None:
    """With the fault `lobby-kept` a PATCH succeeds and keeps the old lobby."""
    path = meetings(cloud, f"/{(await caller.open(cloud.tenant.ana)).body['id']}")
    cloud.faults.inject("lobby-kept")
    answer = await caller.graph("PATCH", path, json={"lobbyBypassSettings": {"scope": "everyone"}})
    assert (answer.status, answer.body["lobbyBypassSettings"]["scope"]) == (200, "organization")


async def test_a_deleted_meeting_is_gone(cloud: Cloud, caller: Caller, hand_clock: HandClock) -> None:
    """After DELETE (204) and after 60 days a meeting is 404; a made-up id is 400; its external id is free again."""
    body = (await caller.open(cloud.tenant.ana)).body
    path = meetings(cloud, f"/{body['id']}")
    assert (await caller.graph("DELETE", path)).status == 204
    assert (await caller.graph("GET", path)).status == 404
    invalid = await caller.graph("GET", meetings(cloud, "/AAMkAD"))
    assert (invalid.status, invalid.body["error"]["message"]) == (400, "Invalid meeting id")
    fresh = await caller.open(cloud.tenant.ana)
    assert fresh.status == 201
    hand_clock.advance(seconds=61 * 24 * 3600)
    cloud.entra.token_lifetime = 62 * 24 * 3600
    headers = {"Authorization": f"Bearer {cloud.entra.issue(GRAPH)}"}
    assert (await caller.graph("GET", meetings(cloud, f"/{fresh.body['id']}"), headers=headers)).status == 404
