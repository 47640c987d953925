"""What the sandbox's Graph makes of a meeting's options, of people's licences and policies, and in which cloud."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Person
from tests.sandbox.conftest import Answer, Caller, HandClock

TIMES = {"startDateTime": "2026-11-21T12:00:00Z", "endDateTime": "2026-11-21T12:45:00Z"}
RETRO: dict[str, Any] = {"subject": "Retro", **TIMES}
WRITE = "OnlineMeetings.ReadWrite"


def meetings(person: Person, tail: str = "", *, version: str = "v1.0") -> str:
    return f"/{version}/users/{person.oid}/onlineMeetings{tail}"


async def create(caller: Caller, **changes: Any) -> Answer:  # noqa: ANN401 - any JSON
    """Make one of Ana's meetings."""
    return await caller.graph("POST", meetings(caller.cloud.tenant.ana), json={**RETRO, **changes})


def as_person(cloud: Cloud, person: Person, scope: str = WRITE) -> dict[str, str]:
    """Return the header of somebody's own token."""
    return {"Authorization": f"Bearer {cloud.entra.issue_for(person, scope)}"}


async def test_people_reach_their_own_meetings_both_ways(cloud: Cloud, caller: Caller) -> None:
    """With a token of their own, people's `/me` and `/users/{oid}` are the same, policy or not; others' are closed."""
    tenant = cloud.tenant
    tenant.ana.policy = False
    mine = as_person(cloud, tenant.ana)
    made = await caller.graph("POST", "/v1.0/me/onlineMeetings/createOrGet", json={"externalId": "a"}, headers=mine)
    again = await caller.graph("GET", meetings(tenant.ana, f"/{made.body['id']}"), headers=mine)
    assert (made.status, again.body["id"]) == (201, made.body["id"])
    assert (await caller.graph("POST", meetings(tenant.ben), json=RETRO, headers=mine)).status == 403
    reading = as_person(cloud, tenant.ana, "OnlineMeetings.Read")
    assert (await caller.graph("GET", f"/v1.0/me/onlineMeetings/{made.body['id']}", headers=reading)).status == 200
    assert (await caller.graph("POST", "/v1.0/me/onlineMeetings", json=RETRO, headers=reading)).status == 403
    assert (await caller.graph("GET", "/v1.0/me/messages", headers=mine)).status == 400


async def test_the_invited_may_read_and_not_change(cloud: Cloud, caller: Caller) -> None:
    """An invited attendee's own token gets the meeting by its id; only its organizer changes it."""
    tenant = cloud.tenant
    made = await create(caller, participants={"attendees": [{"upn": tenant.ben.upn, "role": "presenter"}]})
    path = f"/v1.0/me/onlineMeetings/{made.body['id']}"
    ben = as_person(cloud, tenant.ben)
    assert (await caller.graph("GET", path, headers=ben)).body["id"] == made.body["id"]
    assert (await caller.graph("PATCH", path, json={"subject": "Mine"}, headers=ben)).status == 404
    assert (await caller.graph("GET", path, headers=as_person(cloud, tenant.chloe))).status == 404


async def test_roles_are_for_people_of_the_directory(cloud: Cloud, caller: Caller) -> None:
    """Attendees come back with their identity; somebody from elsewhere gets no role that only members have."""
    ben = cloud.tenant.ben
    asked = [
        {"identity": {"user": {"id": ben.oid}}, "role": "coorganizer"},
        {"upn": "x@elsewhere.example", "identity": {"user": {"id": "1"}}, "role": "presenter"},
        {"upn": "y@elsewhere.example"},
    ]
    answered = (await create(caller, participants={"attendees": asked})).body["participants"]["attendees"]
    assert [(one["upn"], one["role"]) for one in answered] == [
        (ben.upn, "coorganizer"),
        ("x@elsewhere.example", None),
        ("y@elsewhere.example", "attendee"),
    ]
    assert answered[0]["identity"]["user"]["identityProvider"] == "AAD"


@pytest.mark.parametrize(
    "wrong",
    [
        {"allowedPresenters": "nobody"},
        {"allowMeetingChat": "sometimes"},
        {"isEntryExitAnnounced": "yes"},
        {"recordAutomatically": 1},
        {"allowedPresenters": "roleIsPresenter"},
        {"allowedPresenters": "roleIsPresenter", "participants": {"attendees": [{"upn": "a@contoso.example"}]}},
        {"participants": {"attendees": [{"role": "boss"}]}},
        {"participants": {"attendees": ["ana"]}},
        {"participants": "ana"},
        {"lobbyBypassSettings": "open"},
    ],
)
async def test_what_no_option_allows_is_refused(cloud: Cloud, caller: Caller, wrong: dict[str, Any]) -> None:
    """Values that no option has, and presenters by role without roles, are 400 at creation and in a PATCH."""
    assert (await create(caller, **wrong)).status == 400
    assert cloud.graph.meetings == []
    path = meetings(cloud.tenant.ana, f"/{(await create(caller)).body['id']}")
    assert (await caller.graph("PATCH", path, json=wrong)).status == 400


async def test_every_option_is_kept_as_it_was_asked(cloud: Cloud, caller: Caller) -> None:
    """What a meeting can have is answered as it was set; names that nobody knows are ignored, as an open type does."""
    options = {
        "allowedPresenters": "roleIsPresenter",
        "participants": {"attendees": [{"upn": cloud.tenant.ben.upn, "role": "presenter"}]},
        "allowMeetingChat": "limited",
        "isEntryExitAnnounced": True,
        "meetingTemplateId": "05b9ed5f-2ac3-4470-aae9-f4a0c30b1a4b",
        "watermarkProtection": {"isEnabledForContentSharing": True, "isEnabledForVideo": False},
        "allowParticipantsToChangeName": True,
    }
    body = (await create(caller, **options, madeUp="x")).body
    kept = {name: body[name] for name in options if name != "participants"}
    assert kept == {name: value for name, value in options.items() if name != "participants"}
    assert "madeUp" not in body
    path = meetings(cloud.tenant.ana, f"/{body['id']}")
    assert (await caller.graph("PATCH", path, json={"meetingTemplateId": "other"})).status == 400
    organizer = {"organizer": {"identity": {"user": {"id": cloud.tenant.ben.oid}}}}
    assert (await caller.graph("PATCH", path, json={"participants": organizer})).status == 400


async def test_a_running_meeting_changes_less(cloud: Cloud, caller: Caller) -> None:
    """While people are inside, lobby and presenters change; subject and times are accepted and stay."""
    path = meetings(cloud.tenant.ana, f"/{(await create(caller)).body['id']}")
    (meeting,) = cloud.graph.meetings
    change = {"subject": "Later", "allowedPresenters": "organizer", "lobbyBypassSettings": {"scope": "organizer"}}
    meeting.start(cloud.graph.stage.clock.now())
    body = (await caller.graph("PATCH", path, json=change)).body
    assert (body["subject"], body["allowedPresenters"]) == ("Retro", "organizer")
    assert body["lobbyBypassSettings"]["scope"] == "organizer"
    meeting.end()
    assert (await caller.graph("PATCH", path, json=change)).body["subject"] == "Later"


async def test_use_and_change_keep_a_meeting_for_longer(cloud: Cloud, caller: Caller, hand_clock: HandClock) -> None:
    """Sixty days count from the end, from the last change, or from the last call, whichever is latest."""
    made = await create(caller)
    assert made.body["expiryDateTime"].startswith("2027-01-20T12:45")
    hand_clock.advance(seconds=30 * 24 * 3600)
    headers = {"Authorization": f"Bearer {cloud.entra.issue('https://graph.microsoft.com')}"}
    path = meetings(cloud.tenant.ana, f"/{made.body['id']}")
    changed = await caller.graph("PATCH", path, json={"subject": "x"}, headers=headers)
    assert changed.body["expiryDateTime"].startswith("2027-02-19T12:00")
    hand_clock.advance(seconds=3600)
    cloud.graph.meetings[0].start(hand_clock.now())
    headers = {"Authorization": f"Bearer {cloud.entra.issue('https://graph.microsoft.com')}"}
    assert (await caller.graph("GET", path, headers=headers)).body["expiryDateTime"].startswith("2027-02-19T13:00")


async def test_own_policies_come_before_the_global_one(cloud: Cloud, caller: Caller) -> None:
    """The tenant's policy counts for people without one of their own; their own can also leave the bot out."""
    tenant = cloud.tenant
    tenant.ana.policy = None
    assert (await caller.open(tenant.ana)).status == 403
    tenant.policy = True
    assert (await caller.open(tenant.ana)).status == 201
    tenant.ana.policy = False
    assert (await caller.open(tenant.ana)).status == 403


async def test_a_person_makes_so_many_meetings_a_month(cloud: Cloud, caller: Caller, hand_clock: HandClock) -> None:
    """Beyond the monthly limit Graph answers 429 until the month ends; what is there can still be found."""
    cloud.tenant.monthly_limit = 2
    for name in ("a", "b"):
        assert (await caller.open(cloud.tenant.ana, externalId=name)).status == 201
    full = await caller.open(cloud.tenant.ana, externalId="c")
    assert (full.status, full.body["error"]["code"]) == (429, "TooManyRequests")
    assert (await caller.open(cloud.tenant.ana, externalId="a")).status == 200
    assert (await caller.open(cloud.tenant.ben, externalId="c")).status == 201
    hand_clock.advance(seconds=(9 * 24 + 12) * 3600)
    mine = as_person(cloud, cloud.tenant.ana)
    path = "/v1.0/me/onlineMeetings/createOrGet"
    assert (await caller.graph("POST", path, json={"externalId": "c"}, headers=mine)).status == 201


@pytest.mark.parametrize(
    ("name", "versions", "calendar"),
    [
        ("gcc", (201, 201), ["teamsForBusiness"]),
        ("gcch", (201, 400), ["teamsForBusiness"]),
        ("dod", (201, 400), ["teamsForBusiness"]),
        ("china", (400, 400), []),
    ],
)
async def test_clouds_differ(
    cloud: Cloud, caller: Caller, name: str, versions: tuple[int, int], calendar: list[str]
) -> None:
    """GCC High and DoD have no createOrGet in beta, China has no online meetings at all."""
    cloud.tenant.cloud = name
    v1 = await caller.open(cloud.tenant.ana, externalId="a")
    beta = await caller.open(cloud.tenant.ana, externalId="b", version="beta")
    assert (v1.status, beta.status) == versions
    allowed = await caller.graph("GET", f"/v1.0/users/{cloud.tenant.ana.oid}/calendar")
    assert allowed.body["allowedOnlineMeetingProviders"] == calendar


async def test_video_licences_give_a_number_to_find(cloud: Cloud, caller: Caller) -> None:
    """A Cloud Video Interop licence gives a meeting a teleconference id; looking it up is for apps alone."""
    cloud.tenant.ana.video = True
    made = await caller.open(cloud.tenant.ana)
    wanted = {"$filter": f"VideoTeleconferenceId eq '{made.body['videoTeleconferenceId']}'"}
    path = "/v1.0/communications/onlineMeetings"
    cloud.tenant.ana.policy = False
    assert len((await caller.graph("GET", path, params=wanted)).body["value"]) == 1
    theirs = as_person(cloud, cloud.tenant.ana)
    assert (await caller.graph("GET", path, params=wanted, headers=theirs)).status == 403


async def test_dead_addresses_answer_as_they_do_today(cloud: Cloud, caller: Caller) -> None:
    """The addresses of 2019 are 400 without a reason in v1.0; beta makes a meeting in the year 1."""
    organizer = {"organizer": {"identity": {"user": {"id": cloud.tenant.ana.oid}}}}
    body = {**RETRO, "participants": organizer}
    for path in ("/v1.0/communications/onlineMeetings", "/v1.0/app/onlineMeetings", "/beta/app/onlineMeetings"):
        answer = await caller.graph("POST", path, json=body)
        assert (answer.status, answer.body["error"]["message"]) == (400, "An error has occurred.")
    made = await caller.graph("POST", "/beta/communications/onlineMeetings", json=body)
    assert (made.status, made.body["startDateTime"]) == (201, "0001-01-01T00:00:00Z")
    assert (await caller.graph("POST", "/beta/communications/onlineMeetings", json=RETRO)).status == 400


async def test_old_spellings_come_on_request(cloud: Cloud, caller: Caller) -> None:
    """With `old-spellings` an answer has the names of 2019, and dial-in one number each."""
    cloud.faults.inject("old-spellings")
    body = (await caller.open(cloud.tenant.ana)).body
    assert body["joinUrl"].startswith("https://teams.example/")
    assert set(body["audioConferencing"]) == {"ConferenceId", "tollNumber", "tollFreeNumber", "dialinUrl"}
    assert {"joinWebUrl", "expiryDateTime", "isEntryExitAnnounced"}.isdisjoint(body)
    assert (await caller.open(cloud.tenant.chloe)).body["audioConferencing"] is None


async def test_conditional_access_asks_for_claims(cloud: Cloud, caller: Caller) -> None:
    """With `claims` the 401 carries the claims that a new token needs."""
    cloud.faults.inject("claims")
    answer = await caller.open(cloud.tenant.ana)
    found = re.search(r'error="insufficient_claims", claims="([^"]+)"', answer.headers["WWW-Authenticate"])
    assert answer.status == 401
    assert found is not None
    assert json.loads(base64.b64decode(found[1]))["access_token"]["nbf"]["essential"] is True


@pytest.mark.parametrize(("fault", "status"), [("unlicensed", 404), ("quota", 429)])
async def test_licence_and_quota_can_be_taken_from_everybody(
    cloud: Cloud, caller: Caller, fault: str, status: int
) -> None:
    """The faults `unlicensed` and `quota` strike whoever hosts."""
    cloud.faults.inject(fault)
    assert (await caller.open(cloud.tenant.ana)).status == status
    assert cloud.graph.meetings == []
