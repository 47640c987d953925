"""Every client a person has open sends its copy of a sign-in: one exchange, one answer for all (ENGINE R13)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.cloud import Cloud
from tests.journeys.harness import Journey
from tests.journeys.signing_in import account, asked, is_open, running

pytestmark = pytest.mark.usefixtures("untraced")


async def test_policy_missing_consent_refused_then_given_and_the_token_lost(journey: Journey) -> None:
    """Asked by whisper, three clients at once, consent refused and then given, the token lost: one meeting."""
    tenant, tokens = journey.cloud.tenant, journey.cloud.tokens
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    post = await asked(journey, tenant.ana, tenant.leads)
    assert [answer.status for answer in await account(journey).silently(tenant.ana, post, clients=3)] == [412] * 3
    account(journey).refuses(tenant.ana, post)
    assert (journey.made(), journey.cloud.journal.counts()["tokens.exchange"]) == (0, 1)
    held = journey.cloud.hold("tokens.get", where=lambda call: "code=" not in call.path)
    signed_in = await account(journey).in_the_browser(tenant.ana, post)
    assert signed_in.status == 200
    await held.reached
    tokens.lose(tenant.ana)
    held.release()
    post = await asked(journey, tenant.ana, tenant.leads, times=2)
    assert [answer.status for answer in await account(journey).silently(tenant.ana, post, clients=3)] == [200] * 3
    assert journey.cloud.journal.counts()["tokens.exchange"] == 2
    await is_open(journey, tenant.leads)
    assert journey.cloud.graph.meetings[0].subject == "Retro"


@pytest.mark.parametrize("given", [True, False])
async def test_copies_on_two_replicas_are_one_exchange(cloud: Cloud, postgres_url: str, given: bool) -> None:
    """Copies of one exchange that reach two replicas are answered alike after one exchange, consent given or not."""
    tenant, settings = cloud.tenant, {"MUSTER_STORE": postgres_url}
    cloud.faults.inject("policy")
    cloud.tokens.of(tenant.ana).given = given
    async with running(cloud, settings) as one, running(cloud, settings) as two:
        await one.teams.say(tenant.ana, tenant.leads, "meet now Retro")
        post = await asked(one, tenant.ana, tenant.leads)
        held = cloud.hold("tokens.exchange")
        copies = [asyncio.create_task(account(replica).silently(tenant.ana, post, clients=2)) for replica in (one, two)]
        await held.reached
        held.release()
        statuses = [answer.status for answers in await asyncio.gather(*copies) for answer in answers]
        assert statuses == [200 if given else 412] * 4
        assert cloud.journal.counts()["tokens.exchange"] == 1
        if given:
            await one.until(lambda: one.made() == 1)


async def test_no_token_is_kept_or_told(cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the store nor the log has a token or a code, whichever way somebody signed in."""
    caplog.set_level("DEBUG")
    tenant, store = cloud.tenant, tmp_path / "muster.db"
    cloud.faults.inject("policy")
    async with running(cloud, {"MUSTER_STORE": f"sqlite:///{store}"}) as journey:
        await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
        post = await asked(journey, tenant.ana, tenant.leads)
        await account(journey).silently(tenant.ana, post)
        await account(journey).in_the_browser(tenant.ana, post)
        await journey.until(lambda: journey.made() == 1)
        kept = contents(tmp_path)
    values = [call.request["value"] for call in cloud.journal.find("bot.invoke")]
    secrets = [value.get("token") or f'"{value["state"]}"' for value in values]
    assert len(secrets) == 2
    for secret in (*secrets, cloud.tokens.of(tenant.ana).token):
        assert secret.encode() not in kept
        assert secret.strip('"') not in caplog.text


def contents(folder: Path) -> bytes:
    """Return what a folder's files hold."""
    return b"".join(path.read_bytes() for path in folder.iterdir())
