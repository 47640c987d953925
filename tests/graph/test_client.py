from __future__ import annotations

import json
import ssl

import pytest

from bot.errors import HostUnknown, NotNow, PolicyMissing, RoleMissing, ThreadRefused
from bot.graph.client import GraphMeetings
from bot.graph.tokens import MsalTokens
from bot.model import FrozenRequest, MeetingRequest
from bot.observe import Event
from bot.ports import Clock
from bot.sandbox.cloud import Cloud

pytestmark = pytest.mark.usefixtures("untraced")

NOW = 1_900_000_000_000


def frozen(meetings: GraphMeetings, oid: str, thread: str = "") -> FrozenRequest:
    """Return a frozen request for one hour."""
    return meetings.freeze(oid, MeetingRequest("e1", "Retro", NOW, NOW + 3_600_000, thread, "en-GB"))


async def test_asking_twice_makes_one_meeting(cloud: Cloud, meetings: GraphMeetings, events: list[Event]) -> None:
    """The same bytes sent again bring the same meeting, not a second one."""
    tenant = cloud.tenant
    asked = frozen(meetings, tenant.ana.oid, tenant.incidents.thread_id)
    first = await meetings.make(tenant.tenant_id, asked, reference="7F3K-92QD")
    again = await meetings.make(tenant.tenant_id, asked, reference="7F3K-92QD")
    assert first == again
    assert [call.status for call in cloud.journal.find("graph.createOrGet")] == [201, 200]
    assert first.thread_id == tenant.incidents.thread_id
    assert first.message_id not in {"", "0"}
    assert [event.fields["status"] for event in events] == [201, 200]
    assert all(event.fields["request_id"] for event in events)


async def test_only_bytes_that_were_frozen_are_sent(cloud: Cloud, meetings: GraphMeetings) -> None:
    """What goes over the wire is what was frozen, with the language and the preferences Graph wants."""
    asked = frozen(meetings, cloud.tenant.ana.oid)
    await meetings.make(cloud.tenant_id, asked, reference="r")
    (call,) = cloud.journal.find("graph.createOrGet")
    assert call.request == json.loads(asked.body)
    sent = {name.lower(): value for name, value in call.request_headers.items()}
    assert sent["accept-language"] == "en-GB"
    assert sent["prefer"] == "include-unknown-enum-members"
    assert sent["client-request-id"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("policy", PolicyMissing), ("bad-request", ThreadRefused), ("not-found", HostUnknown), ("429", NotNow)],
)
async def test_a_refusal_over_the_wire_is_deciphered(
    cloud: Cloud, meetings: GraphMeetings, fault: str, kind: type[Exception]
) -> None:
    """What Graph refuses arrives as one of our errors with the ids for the administrator's log."""
    cloud.faults.inject(fault)
    asked = frozen(meetings, cloud.tenant.ana.oid, cloud.tenant.incidents.thread_id)
    with pytest.raises(kind) as caught:
        await meetings.make(cloud.tenant_id, asked, reference="r")
    assert getattr(caught.value, "request_id", "")
    assert len(cloud.journal.find("graph.createOrGet")) == 1


async def test_the_wish_to_wait_arrives_to_the_fraction(cloud: Cloud, meetings: GraphMeetings) -> None:
    """`Retry-After: 2.128` is kept as 2.128 seconds."""
    cloud.faults.inject("429", retry_after=2.128)
    with pytest.raises(NotNow) as caught:
        await meetings.make(cloud.tenant_id, frozen(meetings, cloud.tenant.ana.oid), reference="r")
    assert caught.value.retry_after == 2.128
    assert not caught.value.unclear


async def test_a_lost_answer_is_unclear(cloud: Cloud, meetings: GraphMeetings) -> None:
    """A connection that breaks after the request left may have made a meeting, and Muster knows that."""
    cloud.faults.inject("reset-after", times=1)
    with pytest.raises(NotNow) as caught:
        await meetings.make(cloud.tenant_id, frozen(meetings, cloud.tenant.ana.oid), reference="r")
    assert caught.value.unclear


async def test_a_refused_connection_had_no_effect(
    context: ssl.SSLContext, tokens: MsalTokens, clock: Clock, cloud: Cloud, meetings: GraphMeetings
) -> None:
    """A server that does not answer at all made nothing."""
    token = await tokens.token(cloud.tenant_id, meetings.scope)
    assert token
    elsewhere = GraphMeetings("https://localhost:1", _Known(token), context, clock, lambda _: None, binding="beta")
    with pytest.raises(NotNow) as caught:
        await elsewhere.make(cloud.tenant_id, frozen(meetings, cloud.tenant.ana.oid), reference="r")
    assert not caught.value.unclear
    await elsewhere.close()


async def test_a_revoked_token_is_replaced_once(cloud: Cloud, meetings: GraphMeetings) -> None:
    """When every token is revoked the next request fetches a new one and succeeds."""
    tenant = cloud.tenant
    await meetings.make(tenant.tenant_id, frozen(meetings, tenant.ana.oid), reference="r")
    cloud.entra.revoke()
    await meetings.make(tenant.tenant_id, frozen(meetings, tenant.ana.oid), reference="r")
    assert [call.status for call in cloud.journal.find("graph.createOrGet")] == [201, 401, 200]
    assert len(cloud.journal.find("entra.token")) == 2


async def test_a_token_graph_never_takes_is_a_missing_right(cloud: Cloud, meetings: GraphMeetings) -> None:
    """A 401 with a brand-new token too is told as a missing permission, without asking for ever."""
    cloud.faults.inject("token-revoked")
    with pytest.raises(RoleMissing):
        await meetings.make(cloud.tenant_id, frozen(meetings, cloud.tenant.ana.oid), reference="r")
    assert len(cloud.journal.find("graph.createOrGet")) == 2


async def test_deleting_is_done_when_it_is_gone(cloud: Cloud, meetings: GraphMeetings) -> None:
    """A meeting that is not there any more counts as deleted."""
    tenant = cloud.tenant
    made = await meetings.make(tenant.tenant_id, frozen(meetings, tenant.ana.oid), reference="r")
    await meetings.delete(tenant.tenant_id, tenant.ana.oid, made.id, reference="r")
    await meetings.delete(tenant.tenant_id, tenant.ana.oid, made.id, reference="r")
    assert [call.status for call in cloud.journal.find("graph.delete")] == [204, 404]


async def test_a_delete_that_is_refused_says_so(cloud: Cloud, meetings: GraphMeetings) -> None:
    """A meeting that may not be deleted is not taken for deleted."""
    cloud.faults.inject("policy", on="graph.delete")
    with pytest.raises(PolicyMissing):
        await meetings.delete(cloud.tenant_id, cloud.tenant.ana.oid, "m", reference="r")


class _Known:
    """A token that is known already."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self, tenant: str, scope: str) -> str:  # noqa: ARG002 - the port's signature
        """Return it."""
        return self._token

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Keep it."""
