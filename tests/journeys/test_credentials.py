from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import app
from bot.sandbox.authority import SigningKey
from bot.sandbox.cloud import Cloud
from bot.sandbox.machine import Machine
from bot.sandbox.proofs import EXCHANGE, Federated
from tests.certificates import made
from tests.journeys.fast_clock import bot

pytestmark = pytest.mark.usefixtures("untraced")

ISSUER, SUBJECT = "https://oidc.example/cluster", "system:serviceaccount:muster:muster"
Given = Callable[[Cloud, Path], AsyncIterator[dict[str, str]]]


async def certificate(cloud: Cloud, folder: Path) -> AsyncIterator[dict[str, str]]:
    """A certificate that is uploaded to the app, in a file beside the bot."""
    ours, file = made(), folder / "app.pem"
    file.write_bytes(ours.pem())
    cloud.entra.proofs.certificates.append(ours.certificate)
    yield {"MicrosoftAppCertificatePath": str(file)}


async def pod(cloud: Cloud, folder: Path) -> AsyncIterator[dict[str, str]]:
    """What Kubernetes writes for a service account that the app trusts."""
    key, file = SigningKey(), folder / "token"
    until = cloud.entra.stage.clock.now() // 1000 + 3600
    file.write_text(key.sign({"iss": ISSUER, "sub": SUBJECT, "aud": EXCHANGE, "exp": until}))
    cloud.entra.proofs.federated.append(Federated(ISSUER, SUBJECT, key.public_key))
    yield {"AZURE_FEDERATED_TOKEN_FILE": str(file)}


async def managed(cloud: Cloud, _: Path) -> AsyncIterator[dict[str, str]]:
    """A bot that is registered as a managed identity, in App Service."""
    async with Machine(cloud, cloud.app_id) as machine:
        yield {"MicrosoftAppType": "UserAssignedMSI", **machine.app_service()}


async def federated(cloud: Cloud, _: Path) -> AsyncIterator[dict[str, str]]:
    """A virtual machine's identity, which the app trusts."""
    async with Machine(cloud, "7e000000-0000-4000-8000-000000000003") as machine:
        machine.trusted()
        yield {"MANAGED_IDENTITY_CLIENT_ID": machine.client_id, **machine.virtual_machine()}


@pytest.mark.parametrize("given", [certificate, pod, managed, federated])
async def test_people_meet_with_each_kind_of_credential(
    cloud: Cloud, tmp_path: Path, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the administrator proves the app by, `meet now` becomes a card, and no password is anywhere."""
    async with asynccontextmanager(given)(cloud, tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)  # the machine's endpoint is found there by MSAL itself
        tenant = cloud.tenant
        async with bot(cloud, tmp_path, app.REAL, **environment, MicrosoftAppPassword="") as journey:
            await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
            await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
        assert [asked for asked in cloud.journal.find("entra.token") if "client_secret" in asked.request] == []


async def test_a_credential_that_ends_is_told_to_those_who_can_mend_it(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When Entra no longer takes the secret the log names the setting, and the secret itself is nowhere."""
    cloud.entra.app_secret = "another"
    async with bot(cloud, tmp_path, app.REAL) as journey:
        await journey.until(lambda: "token.refused" in caplog.text)
    assert "MicrosoftAppPassword is no client secret of this app" in caplog.text
    assert cloud.app_secret not in caplog.text


async def test_a_missing_policy_comes_with_its_cmdlets(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first refusal brings what a Teams administrator pastes into the log, with this app and host; the next not."""
    tenant = cloud.tenant
    cloud.faults.inject("policy")
    async with bot(cloud, tmp_path, app.REAL, MUSTER_AUTH="app") as journey:
        for count in (1, 2):
            await journey.teams.say(tenant.ana, tenant.incidents, f"meet now Retro {count}")
            await journey.until(lambda count=count: len(journey.texts(tenant.incidents)) == count)  # type: ignore[misc]  # mypy sees one parameter more
    lines = [text for text in caplog.messages if text.startswith("graph.access_policy_missing")]
    assert f'New-CsApplicationAccessPolicy   -Identity Muster -AppIds "{cloud.app_id}"' in lines[0]
    assert f'Grant-CsApplicationAccessPolicy -PolicyName Muster -Identity "{tenant.ana.oid}"' in lines[0]
    assert f" app={cloud.app_id} host={tenant.ana.oid} status=403 " in lines[0]
    assert "request_id=" in lines[0]
    assert ["Grant-Cs" in line for line in lines] == [True, False]
