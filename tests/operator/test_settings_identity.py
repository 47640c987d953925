from __future__ import annotations

from pathlib import Path

import pytest

from bot.clouds import CLOUDS
from bot.errors import SettingsError
from bot.identity import Certificate, FederatedIdentity, ManagedIdentity, Secret, TokenFile
from bot.settings import Settings

APP = "1c0d0000-0000-4000-8000-000000000001"
TENANT = "5d000000-0000-4000-8000-000000000002"
IDENTITY = "7e000000-0000-4000-8000-000000000003"
BARE = {"MicrosoftAppId": APP, "MicrosoftAppTenantId": TENANT}
GOOD = {**BARE, "MicrosoftAppPassword": "not-a-real-secret"}


def problems(environ: dict[str, str]) -> list[str]:
    """Return what is wrong with these settings."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return caught.value.problems


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file that is there."""
    path = tmp_path / "proof.pem"
    path.write_text("x")
    return str(path)


def test_a_certificate_instead_of_a_password(file: str) -> None:
    """A certificate's file is enough, its password is secret, and its thumbprint may be copied from Entra as it is."""
    thumbprint = "0A:1b" + "00" * 18
    more = {"MicrosoftAppCertificatePassword": "s3cret", "MicrosoftAppCertificateThumbprint": thumbprint}
    credential = Settings.from_env({**BARE, "MicrosoftAppCertificatePath": file, **more}).credential
    assert credential == Certificate(file, Secret("s3cret"), "0A1B" + "00" * 18)
    assert "s3cret" not in repr(credential)
    (problem,) = problems({**BARE, "MicrosoftAppCertificatePath": file, "MicrosoftAppCertificateThumbprint": "0A1B"})
    assert problem.startswith("MicrosoftAppCertificateThumbprint is not a thumbprint")


def test_a_managed_identity_needs_nothing_else() -> None:
    """A bot that is a managed identity has no password to leak, and one that is set all the same is a mistake."""
    settings = Settings.from_env({**BARE, "MicrosoftAppType": "UserAssignedMSI"})
    assert settings.credential == ManagedIdentity(APP)
    assert settings.bot_tenant == TENANT
    (problem,) = problems({**GOOD, "MicrosoftAppType": "UserAssignedMSI"})
    assert problem.startswith("MicrosoftAppPassword is set, and MicrosoftAppType is UserAssignedMSI")
    (problem,) = problems({**BARE, "MicrosoftAppType": "UserAssignedMSI", "MUSTER_TENANTS": f"{TENANT} {IDENTITY}"})
    assert problem.startswith("MUSTER_TENANTS names other tenants than the app's")


def test_a_token_of_somebody_else_s_stands_for_the_app(file: str) -> None:
    """What Azure puts into a pod with workload identity is taken as the credential without another setting."""
    assert Settings.from_env({**BARE, "AZURE_FEDERATED_TOKEN_FILE": file}).credential == TokenFile(file)


@pytest.mark.parametrize(("said", "client_id"), [(IDENTITY.upper(), IDENTITY), ("system", ""), ("System", "")])
def test_a_managed_identity_may_stand_for_the_app(said: str, client_id: str) -> None:
    """An app of its own may be proven by a managed identity, a named one or the machine's."""
    credential = Settings.from_env({**BARE, "MANAGED_IDENTITY_CLIENT_ID": said}).credential
    assert credential == FederatedIdentity(ManagedIdentity(client_id), "api://AzureADTokenExchange")
    (problem,) = problems({**BARE, "MANAGED_IDENTITY_CLIENT_ID": "mine"})
    assert problem.startswith("MANAGED_IDENTITY_CLIENT_ID is not an id such as")


def test_exactly_one_credential(file: str, tmp_path: Path) -> None:
    """Two credentials are refused by name, and none is told with all that there might be."""
    (problem,) = problems({**GOOD, "AZURE_FEDERATED_TOKEN_FILE": file})
    assert problem.startswith("MicrosoftAppPassword and AZURE_FEDERATED_TOKEN_FILE are set; ")
    (problem,) = problems(BARE)
    assert problem.startswith("MicrosoftAppPassword is not set. It is a client secret")
    assert "MANAGED_IDENTITY_CLIENT_ID" in problem
    (problem,) = problems({**BARE, "MicrosoftAppCertificatePath": str(tmp_path / "absent.pem")})
    assert problem.startswith("MicrosoftAppCertificatePath is ")


@pytest.mark.parametrize("name", CLOUDS)
def test_a_cloud_is_used_as_a_whole(name: str) -> None:
    """One word picks every endpoint, and none of another cloud's is among them."""
    cloud = CLOUDS[name]
    settings = Settings.from_env({**BARE, "MUSTER_CLOUD": name, "MANAGED_IDENTITY_CLIENT_ID": "system"})
    shared = {"graph_url", "login_url", "bot_scope", "token_issuer", "openid_metadata_url"}
    assert {part: getattr(settings, part) for part in shared} == {part: getattr(cloud, part) for part in shared}
    assert settings.connector_hosts == cloud.connector_hosts
    assert settings.credential == FederatedIdentity(ManagedIdentity(""), cloud.exchange_audience)
    foreign = ".us" if cloud.graph_url.endswith(".com") else ".com"
    told = f"{[getattr(settings, part) for part in shared]} {settings.connector_hosts}"
    hosts = [word for word in told.replace("'", " ").replace("/", " ").replace(",", " ").split() if "." in word]
    assert hosts
    assert [host for host in hosts if host.endswith(foreign)] == []


@pytest.mark.parametrize(
    ("cloud", "said", "used"),
    [
        ("public", "", "beta"),
        ("gcc", "", "beta"),
        ("gcc", "v1.0", "v1.0"),
        ("gcch", "", "off"),
        ("gcch", "v1.0", "off"),
        ("dod", "off", "off"),
    ],
)
def test_channels_are_tied_only_where_graph_can(cloud: str, said: str, used: str) -> None:
    """In GCC High and DoD, which lack Graph's beta, no meeting is said to be tied to a channel."""
    environ = {**GOOD, "MUSTER_CLOUD": cloud} | ({"MUSTER_THREAD_BINDING": said} if said else {})
    assert Settings.from_env(environ).thread_binding == used


@pytest.mark.parametrize("cloud", ["gcch", "dod"])
def test_a_tie_that_cannot_be_is_a_mistake(cloud: str) -> None:
    """Whoever asks for beta where there is none is told so at the start instead of never."""
    (problem,) = problems({**GOOD, "MUSTER_CLOUD": cloud, "MUSTER_THREAD_BINDING": "beta"})
    assert problem.startswith("MUSTER_THREAD_BINDING is 'beta', which Microsoft Graph does not have in this cloud")


def test_china_is_refused_with_the_reason() -> None:
    """In the cloud that 21Vianet operates there are no online meetings, and Muster says so instead of failing later."""
    (problem,) = problems({**GOOD, "MUSTER_CLOUD": "China"})
    assert problem.startswith("MUSTER_CLOUD is 'china', where Muster cannot work: Microsoft Graph makes no online meet")
