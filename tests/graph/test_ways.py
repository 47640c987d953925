"""Every way to a meeting over real HTTPS: the sandbox's Graph, and a second one that spells otherwise."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.errors import SignInNeeded
from bot.graph.calendar import GraphCalendar
from bot.graph.client import GraphMeetings
from bot.graph.tokens import MsalTokens
from bot.model import GraphCall, Invited, LobbyScope, Meeting, MeetingKey, MeetingRequest, Options, Person, Role, Way
from bot.ports import Clock
from bot.sandbox.cloud import Cloud
from tests.journeys.another_graph import AnotherGraph

pytestmark = pytest.mark.usefixtures("untraced")

NOW = 1_900_000_000_000
REQUEST = MeetingRequest("e1", "Retro", NOW, NOW + 3_600_000, language="de-AT")


class SignedIn:
    """A Token Service that holds tokens of some people; `forgotten` are those that Graph no longer took."""

    def __init__(self) -> None:
        self.tokens: dict[str, list[str]] = {}
        self.forgotten: list[str] = []

    async def token(self, tenant: str, person: Person) -> str | None:
        """Return what there is."""
        del tenant
        return next(iter(self.tokens.get(person.oid, [])), None)

    def revoked(self, tenant: str, person: Person, token: str) -> None:
        """Forget it."""
        del tenant
        self.forgotten.append(token)
        if token in self.tokens.get(person.oid, []):
            self.tokens[person.oid].remove(token)


@pytest.fixture
def signed_in() -> SignedIn:
    """Nobody is signed in."""
    return SignedIn()


@pytest.fixture
async def another(cloud: Cloud) -> AsyncIterator[AnotherGraph]:
    """The second Graph."""
    async with AnotherGraph(cloud.authority) as graph:
        cloud.entra.audiences.add(graph.url)
        yield graph


@pytest.fixture
async def other(
    another: AnotherGraph, context: ssl.SSLContext, tokens: MsalTokens, clock: Clock, signed_in: SignedIn
) -> AsyncIterator[GraphMeetings]:
    """Muster in front of the second Graph."""
    async with GraphMeetings(another.url, tokens, context, clock, lambda _: None, users=signed_in) as client:
        yield client


@pytest.fixture(params=["sandbox", "another"])
def either(request: pytest.FixtureRequest, meetings: GraphMeetings, other: GraphMeetings) -> GraphMeetings:
    """Muster in front of either Graph."""
    return meetings if request.param == "sandbox" else other


async def made(graph: GraphMeetings, cloud: Cloud, request: MeetingRequest = REQUEST) -> Meeting:
    """Make a meeting of Ana's."""
    frozen = graph.freeze(cloud.tenant.ana.oid, request)
    return await graph.make(cloud.tenant_id, frozen, reference="r")


async def test_a_meeting_with_a_passcode(either: GraphMeetings, cloud: Cloud) -> None:
    """A passcode is asked for when the meeting is made, and is there to be told."""
    wish = Options(passcode=True, lobby=LobbyScope.ORGANIZATION, dial_in_bypass=True, record=True)
    meeting = await made(either, cloud, replace(REQUEST, call=GraphCall.CREATE, options=wish))
    assert meeting.passcode_needed
    assert meeting.passcode
    assert (meeting.lobby_scope, meeting.dial_in_bypass, meeting.record) == ("organization", True, True)
    assert meeting.dial_in is not None


async def test_the_same_meeting_again(either: GraphMeetings, cloud: Cloud) -> None:
    """Asking twice with one external id brings one meeting, with its numbers and its own chat."""
    first, again = await made(either, cloud), await made(either, cloud)
    assert first == again
    assert first.external_id == "e1"
    assert first.thread_id.startswith("19:meeting_")


async def test_a_meeting_tied_to_a_channel(either: GraphMeetings, cloud: Cloud) -> None:
    """A standard channel's thread is echoed with the post it got."""
    thread = cloud.tenant.incidents.thread_id
    meeting = await made(either, cloud, replace(REQUEST, bind_thread=thread))
    assert meeting.thread_id == thread
    assert meeting.message_id not in {"", "0"}


async def test_options_are_set_and_read_back(either: GraphMeetings, cloud: Cloud) -> None:
    """Lobby, presenters, chat and announcements are changed, and what comes back is what Graph has."""
    meeting = await made(either, cloud)
    wish = Options(
        lobby=LobbyScope.EVERYONE,
        dial_in_bypass=True,
        presenters="organizer",
        announce=True,
        chat="limited",
        more='{"allowRecording":false}',
    )
    changed = await either.update(cloud.tenant_id, meeting, wish, reference="r")
    assert (changed.id, changed.join_url) == (meeting.id, meeting.join_url)
    assert (changed.lobby_scope, changed.dial_in_bypass, changed.presenters) == ("everyone", True, "organizer")
    assert (changed.announce, changed.chat, changed.more) == (True, "limited", '{"allowRecording":false}')


async def test_a_narrow_lobby_comes_back_by_its_name(either: GraphMeetings, cloud: Cloud) -> None:
    """The two newest lobby scopes are read by name, since Muster asks for the names it knows."""
    meeting = await made(either, cloud)
    narrow = Options(lobby=LobbyScope.ORGANIZATION_EXCLUDING_GUESTS)
    changed = await either.update(cloud.tenant_id, meeting, narrow, reference="r")
    assert changed.lobby_scope == LobbyScope.ORGANIZATION_EXCLUDING_GUESTS


async def test_people_are_added_to_those_who_are_invited(either: GraphMeetings, cloud: Cloud) -> None:
    """A co-organizer is added, and whoever was invited when the meeting was made stays."""
    ana, ben = cloud.tenant.ana, cloud.tenant.ben
    first = Options(invited=(Invited(Person("", ben.oid, upn=ben.upn), Role.PRESENTER),))
    meeting = await made(either, cloud, replace(REQUEST, options=first))
    assert [one.role for one in meeting.invited] == [Role.PRESENTER]
    more = Options(invited=(Invited(Person("", ana.oid), Role.CO_ORGANIZER),))
    changed = await either.update(cloud.tenant_id, meeting, more, reference="r")
    assert [(one.person.oid, one.role) for one in changed.invited] == [
        (ben.oid, Role.PRESENTER),
        (ana.oid, Role.CO_ORGANIZER),
    ]


async def test_nothing_to_change_is_a_look(either: GraphMeetings, cloud: Cloud) -> None:
    """Where none of the options can be set any more the meeting is read as it is."""
    meeting = await made(either, cloud)
    late = Options(passcode=True)
    assert await either.update(cloud.tenant_id, meeting, late, reference="r", language="de-AT") == meeting


async def test_a_meeting_is_found_by_whatever_is_known(either: GraphMeetings, cloud: Cloud) -> None:
    """Link, number and id lead to the same meeting, and what leads nowhere is nothing; a deleted one is gone."""
    meeting = await made(either, cloud)
    known = {
        MeetingKey.ID: meeting.id,
        MeetingKey.JOIN_URL: meeting.join_url,
        MeetingKey.JOIN_MEETING_ID: meeting.join_meeting_id,
    } | ({MeetingKey.VIDEO_ID: meeting.video_id} if meeting.video_id else {})

    async def look_up(key: MeetingKey, value: str) -> Meeting | None:
        oid = cloud.tenant.ana.oid
        return await either.find(cloud.tenant_id, value, organizer_oid=oid, reference="r", key=key, language="de-AT")

    for key, value in known.items():
        assert await look_up(key, value) == meeting
    assert await look_up(MeetingKey.JOIN_URL, "https://teams.example/o'clock?a=%27&b=1") is None
    await either.delete(cloud.tenant_id, cloud.tenant.ana.oid, meeting.id, reference="r")
    assert await look_up(MeetingKey.JOIN_URL, meeting.join_url) is None
    assert await look_up(MeetingKey.ID, meeting.id) is None


async def test_the_invitation_speaks_the_asking_person_s_language(cloud: Cloud, meetings: GraphMeetings) -> None:
    """The join information comes in the language that was asked for, as plain words."""
    meeting = await made(meetings, cloud)
    assert meeting.join_text.startswith("Jetzt teilnehmen")
    assert meeting.dial_in is not None
    assert f"{meeting.dial_in.conference_id}#" in meeting.join_text


async def test_an_event_becomes_a_meeting_when_outlook_is_ready(cloud: Cloud, either: GraphMeetings) -> None:
    """A calendar that allows Teams gets one event however often it is asked; its link comes with a later look."""
    oid, tenant = cloud.tenant.ana.oid, cloud.tenant_id
    assert await GraphCalendar(either).allows_teams(tenant, oid, reference="r")
    asked = replace(REQUEST, call=GraphCall.EVENT)
    event, again = await made(either, cloud, asked), await made(either, cloud, asked)
    assert event == again
    assert event.event_id
    assert (event.join_url, event.id) == ("", "")
    filled = await GraphCalendar(either).read(tenant, oid, event.event_id, reference="r")
    assert filled.dial_in is not None
    assert filled.dial_in.toll_numbers[0].replace(" ", "") == "+442079460123"
    found = await either.find(tenant, filled.join_url, organizer_oid=oid, reference="r")
    assert found is not None
    lobby = Options(lobby=LobbyScope.ORGANIZER)
    assert (await either.update(tenant, found, lobby, reference="r")).lobby_scope == LobbyScope.ORGANIZER


async def test_a_calendar_without_teams_is_known_beforehand(
    cloud: Cloud, other: GraphMeetings, another: AnotherGraph
) -> None:
    """Where Outlook may not make Teams meetings Muster knows it before it makes an event."""
    another.providers = ["skypeForBusiness"]
    assert not await GraphCalendar(other).allows_teams(cloud.tenant_id, cloud.tenant.ana.oid, reference="r")
    assert another.events == []


async def test_an_event_is_put_online(cloud: Cloud, other: GraphMeetings, another: AnotherGraph) -> None:
    """An event that is there already becomes an online meeting by one change."""
    event = await made(other, cloud, replace(REQUEST, call=GraphCall.EVENT))
    online = await GraphCalendar(other).put_online(cloud.tenant_id, cloud.tenant.ana.oid, event.event_id, reference="r")
    assert online.join_url
    assert another.asked[-1][2] == {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}


async def test_a_person_s_own_permission_asks_below_me(
    cloud: Cloud, other: GraphMeetings, another: AnotherGraph, signed_in: SignedIn
) -> None:
    """What a signed-in person asks for is asked with their token, of their own meetings, from first to last."""
    ana = Person("29:a", cloud.tenant.ana.oid)
    signed_in.tokens = {ana.oid: ["of ana"]}
    frozen = other.freeze(ana.oid, replace(REQUEST, way=Way.USER))
    meeting = await other.make("t", frozen, reference="r", by=ana)
    await other.update("t", meeting, Options(announce=True), reference="r", by=ana)
    found = await other.find("t", meeting.join_url, organizer_oid=ana.oid, reference="r", by=ana)
    assert found is not None
    assert await GraphCalendar(other).allows_teams("t", ana.oid, reference="r", by=ana)
    await other.delete("t", ana.oid, meeting.id, reference="r", by=ana)
    assert {path.split("/")[2] for _, path, _ in another.asked} == {"me"}


async def test_who_is_not_signed_in_is_asked_to(
    cloud: Cloud, other: GraphMeetings, another: AnotherGraph, signed_in: SignedIn
) -> None:
    """Without a token nothing is sent; a token that Graph no longer takes is forgotten, and so is the next."""
    ana = Person("29:a", cloud.tenant.ana.oid)
    frozen = other.freeze(ana.oid, replace(REQUEST, way=Way.USER))
    with pytest.raises(SignInNeeded):
        await other.make("t", frozen, reference="r", by=ana)
    assert another.asked == []
    signed_in.tokens = {ana.oid: ["stale", "of ana"]}
    assert (await other.make("t", frozen, reference="r", by=ana)).join_url
    assert signed_in.forgotten == ["stale"]
    signed_in.tokens = {ana.oid: ["stale", "stale too"]}
    with pytest.raises(SignInNeeded) as caught:
        await other.make("t", frozen, reference="r", by=ana)
    assert caught.value.status == 401
    assert signed_in.forgotten == ["stale", "stale", "stale too"]
