"""Who comes into the sandbox's meetings, and what its Graph demands of those that want to be told."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.graph.encryption import make_key
from bot.sandbox import attending
from bot.sandbox.clock import moment
from bot.sandbox.cloud import Cloud

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.sandbox.conftest import Caller

CERTIFICATE = make_key(b"secret", "key", 1_795_262_400_000).certificate


async def test_people_come_and_go_by_name(cloud: Cloud, caller: Caller) -> None:
    """Names, a telephone, oneself and everybody are understood; whoever is not known is said."""
    ana = cloud.tenant.ana
    assert await attending.join(cloud, "", ana) == attending.NO_MEETING
    assert await attending.leave(cloud, "", ana) == attending.NO_MEETING
    await caller.open(ana)
    (meeting,) = cloud.graph.meetings
    assert attending.is_meeting(cloud, meeting.join_url)
    assert not attending.is_meeting(cloud, "https://elsewhere.example/")
    assert await attending.join(cloud, "", ana) == ""
    assert await attending.join(cloud, "ben, chloe phone", ana) == ""
    assert cloud.calls.inside(meeting) == 4
    assert [one.running for one in cloud.graph.meetings] == [True]
    assert "Nobody here is called 'zoe'. There are: Ana, Ben" in await attending.join(cloud, "zoe", ana)
    assert "'zoe'" in await attending.leave(cloud, "zoe", ana)
    assert await attending.leave(cloud, "ben", ana) == ""
    assert cloud.calls.inside(meeting) == 3
    assert await attending.leave(cloud, "all", ana) == ""
    assert [one.running for one in cloud.graph.meetings] == [False]
    assert await attending.leave(cloud, "all", ana) == ""


async def test_graph_demands_what_it_documents(cloud: Cloud, caller: Caller) -> None:
    """No subscription without data or a certificate, for longer than three days, or to an address that is mute."""
    await cloud.watching()
    await caller.open(cloud.tenant.ana)
    (meeting,) = cloud.graph.meetings

    def body(**changes: object) -> dict[str, Any]:
        until = moment(cloud.calls.now()) + timedelta(days=2)
        quoted = meeting.join_url.replace(":", "%3A").replace("/", "%2F").replace("?", "%3F").replace("=", "%3D")
        whole = {
            "changeType": "updated",
            "notificationUrl": f"{cloud.front.url}/api/graph",
            "resource": f"communications/onlineMeetings(joinWebUrl='{quoted}')/meetingCallEvents",
            "includeResourceData": True,
            "encryptionCertificate": CERTIFICATE,
            "encryptionCertificateId": "key",
            "expirationDateTime": until.isoformat(),
            "clientState": "state",
        }
        return whole | changes

    late = (moment(cloud.calls.now()) + timedelta(days=4)).isoformat()
    for changes in (
        {"resource": "users"},
        {"includeResourceData": False},
        {"encryptionCertificate": base64.b64encode(b"none").decode()},
        {"expirationDateTime": late},
        {},  # nobody answers there
    ):
        assert (await caller.graph("POST", "/beta/subscriptions", json=body(**changes))).status == 400, changes
    assert cloud.subscriptions.active == []
    assert (await caller.graph("PATCH", "/beta/subscriptions/guessed", json={})).status == 404
    assert (await caller.graph("DELETE", "/beta/subscriptions/guessed")).status == 404
    assert (await caller.graph("GET", "/beta/subscriptions")).body == {"value": []}
