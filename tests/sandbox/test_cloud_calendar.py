"""The sandbox's calendars: events that become online meetings (facts/graph 4)."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Person
from tests.sandbox.conftest import Answer, Caller

EVENT: dict[str, Any] = {
    "subject": "Retro",
    "start": {"dateTime": "2026-11-21T14:00:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-11-21T15:00:00.0000000", "timeZone": "W. Europe Standard Time"},
    "isOnlineMeeting": True,
    "onlineMeetingProvider": "teamsForBusiness",
    "transactionId": "t-1",
}


def events(person: Person, tail: str = "") -> str:
    return f"/v1.0/users/{person.oid}/events{tail}"


async def create(caller: Caller, **changes: Any) -> Answer:  # noqa: ANN401 - any JSON
    """Make an event in Ana's calendar; None takes a property away."""
    body = {name: value for name, value in {**EVENT, **changes}.items() if value is not None}
    return await caller.graph("POST", events(caller.cloud.tenant.ana), json=body)


async def test_an_event_is_online_a_moment_later(cloud: Cloud, caller: Caller) -> None:
    """The 201 has no join link yet; read again it has one, and the telephone numbers."""
    made = await create(caller, attendees=[{"emailAddress": {"address": "b@contoso.example", "name": "B"}}])
    assert (made.status, made.body["isOnlineMeeting"], made.body["onlineMeeting"]) == (201, True, None)
    assert made.body["start"] == {"dateTime": "2026-11-21T13:00:00.0000000", "timeZone": "UTC"}
    assert made.body["attendees"][0]["status"]["response"] == "none"
    read = (await caller.graph("GET", events(cloud.tenant.ana, f"/{made.body['id']}"))).body
    online = read["onlineMeeting"]
    assert (online["tollNumber"], online["tollFreeNumbers"]) == ("+442079460123", ["+448081570192"])
    assert online["quickDial"] == f"+442079460123,,{online['conferenceId']}#"
    assert online["joinUrl"] in read["body"]["content"]


async def test_an_event_is_found_as_a_meeting(cloud: Cloud, caller: Caller) -> None:
    """Its join link finds an onlineMeeting whose lobby can be set, and which ends with the event."""
    ana = cloud.tenant.ana
    path = events(ana, f"/{(await create(caller)).body['id']}")
    link = (await caller.graph("GET", path)).body["onlineMeeting"]["joinUrl"]
    meetings = f"/v1.0/users/{ana.oid}/onlineMeetings"
    found = await caller.graph("GET", meetings, params={"$filter": f"JoinWebUrl eq '{link}'"})
    (meeting,) = found.body["value"]
    assert (meeting["subject"], meeting["startDateTime"]) == ("Retro", "2026-11-21T13:00:00.0000000Z")
    change = {"lobbyBypassSettings": {"scope": "organizer"}}
    assert (await caller.graph("PATCH", f"{meetings}/{meeting['id']}", json=change)).status == 200
    await caller.graph("PATCH", path, json={"subject": "Later"})
    assert (await caller.graph("GET", f"{meetings}/{meeting['id']}")).body["subject"] == "Later"
    assert (await caller.graph("DELETE", path)).status == 204
    assert (await caller.graph("GET", path)).status == 404
    assert (await caller.graph("GET", f"{meetings}/{meeting['id']}")).status == 404


async def test_an_event_becomes_online_and_never_offline(cloud: Cloud, caller: Caller) -> None:
    """A PATCH makes an event online; taking it back, or another provider, is ignored."""
    made = await create(caller, isOnlineMeeting=None, onlineMeetingProvider=None)
    assert (made.body["isOnlineMeeting"], made.body["onlineMeetingProvider"]) == (False, "unknown")
    path = events(cloud.tenant.ana, f"/{made.body['id']}")
    assert (await caller.graph("GET", path)).body["onlineMeeting"] is None
    online = await caller.graph("PATCH", path, json={"isOnlineMeeting": True})
    assert (online.status, online.body["onlineMeetingProvider"]) == (200, "teamsForBusiness")
    for change in ({"isOnlineMeeting": False}, {"onlineMeetingProvider": "skypeForBusiness"}):
        body = (await caller.graph("PATCH", path, json=change)).body
        assert (body["isOnlineMeeting"], body["onlineMeetingProvider"]) == (True, "teamsForBusiness")
    assert (await caller.graph("GET", path)).body["onlineMeeting"]["joinUrl"]


async def test_the_same_transaction_makes_one_event(cloud: Cloud, caller: Caller) -> None:
    """A repeated POST gives the first event; another event under its id is 409; the id itself never changes."""
    first, again = await create(caller), await create(caller)
    assert (again.status, again.body["id"], len(cloud.graph.calendar.events)) == (201, first.body["id"], 1)
    other = await create(caller, subject="Another")
    assert (other.status, other.body["error"]["code"]) == (409, "ErrorDuplicateTransactionId")
    path = events(cloud.tenant.ana, f"/{first.body['id']}")
    assert (await caller.graph("PATCH", path, json={"transactionId": "t-2"})).status == 400
    assert "transactionId" not in (await create(caller, transactionId=None)).body
    assert (await caller.graph("POST", events(cloud.tenant.ben), json=EVENT)).body["id"] != first.body["id"]
    cloud.faults.inject("duplicate-event")
    assert (await create(caller)).status == 409


async def test_a_calendar_says_whether_teams_is_allowed(cloud: Cloud, caller: Caller) -> None:
    """Teams is allowed with a licence; where it is not, an event is made and stays offline."""
    path = f"/v1.0/users/{cloud.tenant.ana.upn}/calendar"
    wanted = {"$select": "allowedOnlineMeetingProviders,defaultOnlineMeetingProvider"}
    calendar = (await caller.graph("GET", path, params=wanted)).body
    assert calendar["allowedOnlineMeetingProviders"] == ["teamsForBusiness"]
    assert set(calendar) == {"@odata.context", "id", *wanted["$select"].split(",")}
    cloud.faults.inject("calendar-off")
    off = (await caller.graph("GET", path)).body
    assert (off["allowedOnlineMeetingProviders"], off["defaultOnlineMeetingProvider"]) == ([], "unknown")
    assert (await create(caller)).body["isOnlineMeeting"] is False


async def test_the_join_link_may_be_slow_or_never_come(cloud: Cloud, caller: Caller) -> None:
    """With `slow-calendar` the link stays away as often as was said."""
    path = events(cloud.tenant.ana, f"/{(await create(caller)).body['id']}")
    cloud.faults.inject("slow-calendar", times=2)
    online = [(await caller.graph("GET", path)).body["onlineMeeting"] for _ in range(3)]
    assert [one is None for one in online] == [True, True, False]


async def test_dial_in_of_an_event_needs_a_licence_too(cloud: Cloud, caller: Caller) -> None:
    """An organizer without audio conferencing has a join link and nothing else."""
    cloud.tenant.ana.dial_in = False
    path = events(cloud.tenant.ana, f"/{(await create(caller)).body['id']}")
    assert set((await caller.graph("GET", path)).body["onlineMeeting"]) == {"joinUrl"}


async def test_times_come_in_the_preferred_zone(cloud: Cloud, caller: Caller) -> None:
    """`Prefer: outlook.timezone` names the zone of the answer, which says that it followed."""
    path = events(cloud.tenant.ana, f"/{(await create(caller)).body['id']}")
    answer = await caller.graph("GET", path, headers={"Prefer": 'outlook.timezone="Europe/London"'})
    assert answer.headers["Preference-Applied"] == 'outlook.timezone="Europe/London"'
    assert answer.body["start"] == {"dateTime": "2026-11-21T13:00:00.0000000", "timeZone": "Europe/London"}
    wrong = await caller.graph("GET", path, headers={"Prefer": 'outlook.timezone="Mars/Base"'})
    assert (wrong.status, wrong.body["error"]["code"]) == (400, "TimeZoneNotSupportedException")


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": None},
        {"start": {"dateTime": "noon", "timeZone": "UTC"}},
        {"start": {"timeZone": "UTC"}},
        {"end": {"dateTime": "2026-11-21T10:00:00", "timeZone": "UTC"}},
        {"end": {"dateTime": "2026-11-21T15:00:00", "timeZone": "../zone"}},
        {"onlineMeetingProvider": "zoom"},
        {"attendees": ["b@contoso.example"]},
    ],
)
async def test_a_wrong_event_is_not_made(cloud: Cloud, caller: Caller, wrong: dict[str, Any]) -> None:
    """Times that cannot be, unknown zones and providers, and attendees without an address are 400."""
    assert (await create(caller, **wrong)).status == 400
    assert cloud.graph.calendar.events == []


async def test_calendars_have_their_own_permission_and_mailboxes(cloud: Cloud, caller: Caller) -> None:
    """Events need Calendars.ReadWrite, a mailbox and somebody who is there; no access policy."""
    tenant = cloud.tenant
    tenant.ana.policy = False
    assert (await create(caller)).status == 201
    for who in (tenant.kim.oid, "nobody@contoso.example"):
        assert (await caller.graph("POST", f"/v1.0/users/{who}/events", json=EVENT)).status == 404
    token = cloud.entra.issue("https://graph.microsoft.com", roles=["OnlineMeetings.ReadWrite.All"])
    refused = await caller.graph("POST", events(tenant.ana), json=EVENT, headers={"Authorization": f"Bearer {token}"})
    assert (refused.status, refused.body["error"]["code"]) == (403, "ErrorAccessDenied")
    mine = {"Authorization": f"Bearer {cloud.entra.issue_for(tenant.ben, 'Calendars.ReadWrite')}"}
    assert (await caller.graph("POST", "/v1.0/me/events", json=EVENT, headers=mine)).status == 201
    assert (await caller.graph("GET", "/v1.0/me/calendar")).status == 400


async def test_the_access_policy_is_not_asked_for_calendars(cloud: Cloud, caller: Caller) -> None:
    """With the fault `policy` an app makes no online meetings, but still events, and people use their own token."""
    cloud.faults.inject("policy")
    assert (await caller.open(cloud.tenant.ana)).status == 403
    assert (await create(caller)).status == 201
    mine = {"Authorization": f"Bearer {cloud.entra.issue_for(cloud.tenant.ana, 'OnlineMeetings.ReadWrite')}"}
    path = "/v1.0/me/onlineMeetings/createOrGet"
    assert (await caller.graph("POST", path, json={"externalId": "a"}, headers=mine)).status == 201
