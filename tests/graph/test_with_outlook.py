"""What Muster asks of calendars, options and people, answered by the sandbox's Graph as Microsoft describes it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.errors import HostUnknown, MeetingsError, NotNow, Refused, RoleMissing
from bot.graph.calendar import GraphCalendar
from bot.graph.client import GraphMeetings
from bot.graph.tokens import MsalTokens
from bot.model import GraphCall, Invited, LobbyScope, Meeting, MeetingRequest, Options, Person, Role, Way
from bot.ports import Clock
from bot.sandbox.cloud import Cloud
from tests.sandbox import contract

NOW = 1_900_000_000_000
REQUEST = MeetingRequest("e1", "Retro", NOW, NOW + 3_600_000, language="de-AT")
EVENT = replace(REQUEST, call=GraphCall.EVENT)


class Lent:
    """A Token Service in which everybody has signed in, for meetings and calendars."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def token(self, tenant: str, person: Person) -> str | None:
        """Return a token of a person's own."""
        del tenant
        found = self._cloud.tenant.person(person.oid)
        scope = "OnlineMeetings.ReadWrite Calendars.ReadWrite"
        return None if found is None else self._cloud.entra.issue_for(found, scope)

    def revoked(self, tenant: str, person: Person, token: str) -> None:
        """Each token is a new one anyway."""


@pytest.fixture
async def graph(
    cloud: Cloud, context: ssl.SSLContext, tokens: MsalTokens, clock: Clock
) -> AsyncIterator[GraphMeetings]:
    """Muster in front of the sandbox's Graph; all it asks has to be what Microsoft describes."""
    async with GraphMeetings(cloud.graph_url, tokens, context, clock, lambda _: None, users=Lent(cloud)) as client:
        yield client
    if contract.here():
        assert contract.misasked(cloud.journal.exchanges) == []


async def make(graph: GraphMeetings, cloud: Cloud, request: MeetingRequest, by: Person | None = None) -> Meeting:
    """Make a meeting of Ana's."""
    frozen = graph.freeze(cloud.tenant.ana.oid, request)
    return await graph.make(cloud.tenant_id, frozen, reference="r", by=by)


async def test_a_slow_calendar_is_read_until_it_is_ready(cloud: Cloud, graph: GraphMeetings) -> None:
    """An event without a link is a meeting without a link, and the same event has one later."""
    event = await make(graph, cloud, EVENT)
    cloud.faults.inject("slow-calendar", times=1)
    calendar, oid = GraphCalendar(graph), cloud.tenant.ana.oid
    links = [(await calendar.read(cloud.tenant_id, oid, event.event_id, reference="r")).join_url for _ in range(2)]
    assert links[0] == ""
    assert links[1]


async def test_a_calendar_without_teams_is_known_before(cloud: Cloud, graph: GraphMeetings) -> None:
    """Muster knows beforehand that somebody's calendar does not allow Teams meetings."""
    calendar, oid = GraphCalendar(graph), cloud.tenant.ana.oid
    assert await calendar.allows_teams(cloud.tenant_id, oid, reference="r")
    cloud.faults.inject("calendar-off")
    assert not await calendar.allows_teams(cloud.tenant_id, oid, reference="r")


async def test_a_person_s_own_token_does_everything(cloud: Cloud, graph: GraphMeetings) -> None:
    """With Ana's own permission a meeting is made, changed, found and deleted, and an event put online."""
    tenant, ana = cloud.tenant_id, Person(cloud.tenant.ana.id, cloud.tenant.ana.oid)
    cloud.tenant.ana.policy = False
    meeting = await make(graph, cloud, replace(REQUEST, way=Way.USER), ana)
    changed = await graph.update(tenant, meeting, Options(lobby=LobbyScope.INVITED), reference="r", by=ana)
    assert changed.lobby_scope == LobbyScope.INVITED
    found = await graph.find(tenant, meeting.join_url, organizer_oid=ana.oid, reference="r", by=ana)
    assert found is not None
    await graph.delete(tenant, ana.oid, meeting.id, reference="r", by=ana)
    event = await make(graph, cloud, replace(EVENT, way=Way.USER), ana)
    online = await GraphCalendar(graph).put_online(tenant, ana.oid, event.event_id, reference="r", by=ana)
    assert online.event_id == event.event_id


async def test_options_of_a_meeting_come_back_typed(cloud: Cloud, graph: GraphMeetings) -> None:
    """Template, passcode, presenters by role and a co-organizer are had at creation and read back."""
    ben = cloud.tenant.ben
    guest = Invited(Person(ben.id, ben.oid, ben.name, ben.upn), Role.CO_ORGANIZER)
    wish = Options(passcode=True, presenters="roleIsPresenter", template="t-1", invited=(guest,), chat="limited")
    meeting = await make(graph, cloud, replace(REQUEST, call=GraphCall.CREATE, options=wish))
    assert meeting.passcode
    assert (meeting.presenters, meeting.chat) == ("roleIsPresenter", "limited")
    assert [(one.person.oid, one.role) for one in meeting.invited] == [(ben.oid, Role.CO_ORGANIZER)]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("unlicensed", HostUnknown), ("quota", NotNow), ("7504", RoleMissing), ("claims", MeetingsError)],
)
async def test_what_goes_wrong_is_one_of_ours(
    cloud: Cloud, graph: GraphMeetings, fault: str, kind: type[Exception]
) -> None:
    """A missing licence, a used-up month, a missing permission and a claims challenge arrive as errors of ours."""
    cloud.faults.inject(fault)
    with pytest.raises(kind):
        await make(graph, cloud, REQUEST)


async def test_old_spellings_are_read_the_same(cloud: Cloud, graph: GraphMeetings) -> None:
    """A meeting answered in the names of 2019 has its link and its telephone numbers."""
    today = await make(graph, cloud, REQUEST)
    cloud.faults.inject("old-spellings")
    old = await make(graph, cloud, REQUEST)
    assert (old.join_url, old.id) == (today.join_url, today.id)
    assert old.dial_in is not None
    assert today.dial_in is not None
    assert old.dial_in.conference_id == today.dial_in.conference_id


async def test_clouds_without_the_tie_refuse_it(cloud: Cloud, graph: GraphMeetings) -> None:
    """In GCC High a request for a channel's thread is refused, and one without it makes a meeting."""
    cloud.tenant.cloud = "gcch"
    with pytest.raises(Refused):
        await make(graph, cloud, replace(REQUEST, bind_thread=cloud.tenant.incidents.thread_id))
    assert (await make(graph, cloud, REQUEST)).join_url
