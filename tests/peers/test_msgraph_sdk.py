"""Microsoft's own client of Graph, with its own sign-in, against the sandbox's Graph over HTTPS: `make peers`."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

pytest.importorskip("msgraph", reason="msgraph-sdk is not here: make peers fetches and runs it")

from azure.core.credentials import AccessToken
from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.event import Event
from msgraph.generated.models.identity import Identity
from msgraph.generated.models.identity_set import IdentitySet
from msgraph.generated.models.join_meeting_id_settings import JoinMeetingIdSettings
from msgraph.generated.models.lobby_bypass_scope import LobbyBypassScope
from msgraph.generated.models.lobby_bypass_settings import LobbyBypassSettings
from msgraph.generated.models.meeting_participant_info import MeetingParticipantInfo
from msgraph.generated.models.meeting_participants import MeetingParticipants
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.online_meeting import OnlineMeeting
from msgraph.generated.models.online_meeting_presenters import OnlineMeetingPresenters
from msgraph.generated.models.online_meeting_provider_type import OnlineMeetingProviderType
from msgraph.generated.models.online_meeting_role import OnlineMeetingRole
from msgraph.generated.users.item.online_meetings.create_or_get.create_or_get_post_request_body import (
    CreateOrGetPostRequestBody,
)
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory

from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Person

# The client is made from parts that warn of each other.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCOPE = "https://graph.microsoft.com/.default"
START = datetime(2026, 11, 21, 10, tzinfo=UTC)
END = START + timedelta(minutes=45)
SHOW_ALL = "include-unknown-enum-members"


class Lent:
    """A person's own token, as a credential."""

    def __init__(self, cloud: Cloud, person: Person) -> None:
        self._token = cloud.entra.issue_for(person, "OnlineMeetings.ReadWrite Calendars.ReadWrite")

    async def get_token(self, *scopes: str, **wishes: object) -> AccessToken:
        """Return it, whatever is wished for."""
        del scopes, wishes
        return AccessToken(self._token, int(datetime.now(UTC).timestamp()) + 3600)


@dataclass
class Peer:
    """The sandbox's cloud, Microsoft's client with the app's own permission, and its way to a person's."""

    cloud: Cloud
    http: httpx.AsyncClient
    client: Any

    def with_credential(self, credential: object) -> Any:  # noqa: ANN401 - the SDK's client
        """Return a client that signs in with a credential."""
        adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(credential, scopes=[SCOPE]), self.http)
        adapter.base_url = f"{self.cloud.graph_url}/v1.0"
        return GraphServiceClient(request_adapter=adapter)

    @property
    def meetings(self) -> Any:  # noqa: ANN401 - the SDK's request builder
        """Return the SDK's way to Ana's online meetings."""
        return self.client.users.by_user_id(self.cloud.tenant.ana.oid).online_meetings

    async def found(self, text: str) -> list[Any]:
        """Return Ana's meetings of a filter."""
        parameters = type(self.meetings).OnlineMeetingsRequestBuilderGetQueryParameters(filter=text)
        answer = await self.meetings.get(RequestConfiguration(query_parameters=parameters))
        return list(answer.value)

    def statuses(self, operation: str) -> list[int | None]:
        """Return the statuses of an operation's answers so far."""
        return [exchange.status for exchange in self.cloud.journal.find(operation)]


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A cloud, and Microsoft's client that trusts its CA and signs in with the app's secret."""
    async with Cloud() as cloud:
        wire = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=cloud.ca_file))
        base = httpx.AsyncClient(transport=wire, base_url=f"{cloud.graph_url}/v1.0")
        http = GraphClientFactory.create_with_default_middleware(client=base, options=options)
        credential = ClientSecretCredential(
            cloud.tenant_id,
            cloud.app_id,
            cloud.app_secret,
            authority=cloud.entra_url,
            disable_instance_discovery=True,
            connection_verify=cloud.ca_file,
        )
        async with credential, wire:  # the client does not close what it was given
            peer = Peer(cloud, http, None)
            peer.client = peer.with_credential(credential)
            yield peer


def asked(external_id: str = "room-1") -> CreateOrGetPostRequestBody:
    """Return a request for createOrGet."""
    return CreateOrGetPostRequestBody(
        external_id=external_id, subject="Retro", start_date_time=START, end_date_time=END
    )


async def test_create_or_get_makes_one_meeting(peer: Peer) -> None:
    """Through Microsoft's client createOrGet is 201, then 200 with the same meeting, unchanged."""
    first = await peer.meetings.create_or_get.post(asked())
    again = await peer.meetings.create_or_get.post(asked())
    assert peer.statuses("graph.createOrGet") == [201, 200]
    assert (first.id, first.join_web_url, first.external_id) == (again.id, again.join_web_url, "room-1")
    assert (first.start_date_time, first.end_date_time, first.subject) == (START, END, "Retro")
    assert first.audio_conferencing.toll_numbers == ["+442079460123", "+493023125042"]
    assert first.chat_info.message_id == "0"
    assert first.lobby_bypass_settings.scope == LobbyBypassScope.Organization


async def test_a_created_meeting_has_its_options(peer: Peer) -> None:
    """Create through Microsoft's client gives passcode, presenters and co-organizer as typed values."""
    ben = peer.cloud.tenant.ben
    guest = MeetingParticipantInfo(
        identity=IdentitySet(user=Identity(id=ben.oid)), role=OnlineMeetingRole.Coorganizer, upn=ben.upn
    )
    made = await peer.meetings.post(
        OnlineMeeting(
            subject="Retro",
            start_date_time=START,
            end_date_time=END,
            allowed_presenters=OnlineMeetingPresenters.RoleIsPresenter,
            is_entry_exit_announced=True,
            join_meeting_id_settings=JoinMeetingIdSettings(is_passcode_required=True),
            participants=MeetingParticipants(attendees=[guest]),
        )
    )
    assert peer.statuses("graph.create") == [201]
    assert made.allowed_presenters == OnlineMeetingPresenters.RoleIsPresenter
    assert made.is_entry_exit_announced is True
    assert made.join_meeting_id_settings.passcode
    assert made.participants.attendees[0].role == OnlineMeetingRole.Coorganizer
    assert made.participants.organizer.identity.user.id == peer.cloud.tenant.ana.oid


async def test_a_meeting_is_found_by_id_and_by_each_filter(peer: Peer) -> None:
    """Microsoft's client gets a meeting by id, join link, meeting number and teleconference id."""
    peer.cloud.tenant.ana.video = True
    made = await peer.meetings.create_or_get.post(asked())
    number = made.join_meeting_id_settings.join_meeting_id
    by_id = await peer.meetings.by_online_meeting_id(made.id).get()
    by_link = await peer.found(f"JoinWebUrl eq '{made.join_web_url}'")
    by_number = await peer.found(f"joinMeetingIdSettings/joinMeetingId eq '{number}'")
    everybodys = peer.client.communications.online_meetings
    parameters = type(everybodys).OnlineMeetingsRequestBuilderGetQueryParameters(
        filter=f"VideoTeleconferenceId eq '{made.video_teleconference_id}'"
    )
    by_video = (await everybodys.get(RequestConfiguration(query_parameters=parameters))).value
    assert [one.id for one in (by_id, *by_link, *by_number, *by_video)] == [made.id] * 4


async def test_a_meeting_is_changed_and_deleted(peer: Peer) -> None:
    """PATCH changes lobby and times, a scope new to old clients comes when preferred, DELETE ends in a typed 404."""
    made = await peer.meetings.create_or_get.post(asked())
    one = peer.meetings.by_online_meeting_id(made.id)
    change = OnlineMeeting(
        lobby_bypass_settings=LobbyBypassSettings(scope=LobbyBypassScope.Invited),
        start_date_time=START,
        end_date_time=END + timedelta(hours=1),
    )
    hidden = await one.patch(change)
    assert hidden.lobby_bypass_settings.scope == LobbyBypassScope.UnknownFutureValue
    assert hidden.end_date_time == END + timedelta(hours=1)
    wish: RequestConfiguration[Any] = RequestConfiguration()
    wish.headers.add("Prefer", SHOW_ALL)
    assert (await one.get(wish)).lobby_bypass_settings.scope == LobbyBypassScope.Invited
    await one.delete()
    with pytest.raises(ODataError) as caught:
        await one.get()
    assert (caught.value.response_status_code, caught.value.error.code) == (404, "NotFound")
    assert caught.value.error.inner_error.request_id


async def test_an_event_becomes_a_meeting(peer: Peer) -> None:
    """Microsoft's client makes an event online, reads its link, finds its meeting, changes and deletes it."""
    ana = peer.client.users.by_user_id(peer.cloud.tenant.ana.oid)
    calendar = await ana.calendar.get()
    assert calendar.allowed_online_meeting_providers == [OnlineMeetingProviderType.TeamsForBusiness]
    when = {
        name: DateTimeTimeZone(date_time=f"2026-11-21T{hour}:00:00", time_zone="Europe/Berlin")
        for name, hour in (("start", 14), ("end", 15))
    }
    made = await ana.events.post(Event(subject="Retro", transaction_id="t-1", **when))
    again = await ana.events.post(Event(subject="Retro", transaction_id="t-1", **when))
    assert (again.id, made.is_online_meeting, made.online_meeting) == (made.id, False, None)
    one = ana.events.by_event_id(made.id)
    put = Event(is_online_meeting=True, online_meeting_provider=OnlineMeetingProviderType.TeamsForBusiness)
    assert (await one.patch(put)).is_online_meeting is True
    read = await one.get()
    assert (read.start.date_time, read.start.time_zone) == ("2026-11-21T13:00:00.0000000", "UTC")
    assert read.online_meeting.toll_number == "+442079460123"
    (meeting,) = await peer.found(f"JoinWebUrl eq '{read.online_meeting.join_url}'")
    assert meeting.start_date_time == datetime(2026, 11, 21, 13, tzinfo=UTC)
    await one.delete()
    assert peer.statuses("graph.deleteEvent") == [204]


async def test_a_person_s_own_token_opens_me(peer: Peer) -> None:
    """With a person's token Microsoft's client reaches `/me`, where the access policy does not matter."""
    peer.cloud.tenant.ben.policy = False
    mine = peer.with_credential(Lent(peer.cloud, peer.cloud.tenant.ben)).me
    made = await mine.online_meetings.create_or_get.post(asked("mine"))
    (exchange,) = peer.cloud.journal.find("graph.createOrGet")
    assert (exchange.path.split("?")[0], exchange.status) == ("/v1.0/me/onlineMeetings/createOrGet", 201)
    assert made.participants.organizer.upn == peer.cloud.tenant.ben.upn


async def test_a_claims_challenge_is_understood(peer: Peer) -> None:
    """Microsoft's client answers the sandbox's claims challenge as it answers Entra's: with a new token, once."""
    peer.cloud.faults.inject("claims", times=1)
    assert (await peer.meetings.create_or_get.post(asked())).id
    assert peer.statuses("graph.createOrGet") == [401, 201]


async def test_throttling_is_understood(peer: Peer) -> None:
    """Microsoft's client waits as long as Retry-After says and asks again."""
    peer.cloud.faults.inject("429", times=1, retry_after=1)
    assert (await peer.meetings.create_or_get.post(asked())).id
    assert peer.statuses("graph.createOrGet") == [429, 201]


async def test_errors_are_typed(peer: Peer) -> None:
    """What the sandbox refuses is an ODataError of Microsoft's client, with the code and the message of Graph."""
    peer.cloud.tenant.ana.policy = False
    with pytest.raises(ODataError) as caught:
        await peer.meetings.create_or_get.post(asked())
    error = caught.value.error
    assert (caught.value.response_status_code, error.code) == (403, "Forbidden")
    assert error.message.startswith("No application access policy found for this app")
