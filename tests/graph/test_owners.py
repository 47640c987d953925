"""Who owns a team, and a meeting's name and times, as Graph is asked for them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.graph import wire
from bot.graph.client import GraphMeetings
from bot.graph.owners import GraphOwners, is_owner, membership
from bot.model import NO_OPTIONS, Chat, ChatKind, LobbyScope, Meeting, Options
from bot.sandbox.cloud import Cloud

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["value", "roles", "userId"]), inner),
)


def test_one_membership_is_asked_for() -> None:
    """One person is looked for, not a list of thousands, and no text leaves its place in the address."""
    assert membership("g", "1-a") == (
        "/teams/g/members?$filter=(microsoft.graph.aadUserConversationMember/userId%20eq%20'1-a')"
    )
    assert membership("a/b", "1").startswith("/teams/a%2Fb/members?")


@given(ANY)
def test_whatever_is_answered_makes_nobody_an_owner(page: object) -> None:
    """Only a member of this very id with the owner's role owns the team."""
    assert not is_owner(page, "11111111-0000-4000-8000-000000000001")
    assert is_owner({"value": [page, {"userId": "A-1", "roles": ["owner"]}]}, "a-1")


async def test_a_team_tells_its_owners_with_consent(cloud: Cloud, meetings: GraphMeetings) -> None:
    """An owner is one, a member is none, and a guest is none."""
    tenant = cloud.tenant
    tenant.consents.add("TeamMember.Read.Group")
    tenant.team.owners.append(tenant.ana.oid)
    chat = Chat(tenant.tenant_id, tenant.incidents.thread_id, ChatKind.CHANNEL, group_id=tenant.team.group_id)
    owners = GraphOwners(meetings)
    found = [await owners.owns(chat, one.oid, reference="r") for one in (tenant.ana, tenant.ben, tenant.kim)]
    assert found == [True, False, False]


def test_name_and_times_are_set_together() -> None:
    """The subject goes with both times or with none, and options may come along."""
    meeting = Meeting("m", "https://x.example", subject="DB" * 200, starts_at=0, ends_at=1_000)
    told = wire.update("/me", "m", Options(lobby=LobbyScope.ORGANIZER), basics=meeting)
    assert told is not None
    body = json.loads(told.body)
    assert (len(body["subject"]), body["lobbyBypassSettings"]) == (250, {"scope": "organizer"})
    assert {"startDateTime", "endDateTime"} <= body.keys()
    timeless = wire.update("/me", "m", NO_OPTIONS, basics=Meeting("m", "https://x.example", subject="DB"))
    assert timeless is not None
    assert json.loads(timeless.body) == {"subject": "DB"}
