"""Every kind of credential against an Entra that checks what it is given."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import CredentialsWrong, MeetingsError, NotNow, SettingsError
from bot.graph import credentials
from bot.graph.tokens import MsalTokens
from bot.identity import Certificate, Credential, FederatedIdentity, ManagedIdentity, Password, Secret, TokenFile
from bot.observe import Event
from bot.sandbox.authority import SigningKey
from bot.sandbox.cloud import Cloud
from bot.sandbox.machine import Machine
from bot.sandbox.proofs import EXCHANGE, Federated
from tests.certificates import Made, made
from tests.graph.conftest import HandClock

pytestmark = pytest.mark.usefixtures("untraced")

SCOPE = "https://api.botframework.com/.default"
IDENTITY = "7e000000-0000-4000-8000-000000000003"
ISSUER, SUBJECT = "https://oidc.example/cluster", "system:serviceaccount:muster:muster"
MakeTokens = Callable[[Credential], MsalTokens]


@pytest.fixture(scope="module")
def ours() -> Made:
    """A certificate of the app's."""
    return made()


@pytest.fixture
async def tokens_by(
    cloud: Cloud, context: ssl.SSLContext, clock: HandClock, events: list[Event]
) -> AsyncIterator[MakeTokens]:
    """Make tokens by a credential; they are closed at the end."""
    opened = []

    def make(credential: Credential) -> MsalTokens:
        tokens = MsalTokens(cloud.entra_url, cloud.app_id, credential, context, clock, observe=events.append)
        opened.append(tokens)
        return tokens

    yield make
    for tokens in opened:
        await tokens.close()


@pytest.fixture
async def machine(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    """A machine in Azure with an identity, on which the test runs."""
    async with Machine(cloud, IDENTITY) as there:
        for name, value in there.virtual_machine().items():
            monkeypatch.setenv(name, value)
        yield there


async def refused(tokens: MsalTokens, cloud: Cloud) -> str:
    """Return what the administrator reads after a refusal."""
    with pytest.raises(CredentialsWrong) as caught:
        await tokens.token(cloud.tenant_id, SCOPE)
    return str(caught.value)


@pytest.mark.parametrize("form", ["pem", "locked pem", "pfx", "locked pfx", "key and thumbprint"])
async def test_a_certificate_proves_the_app(
    cloud: Cloud, tokens_by: MakeTokens, ours: Made, form: str, tmp_path: Path
) -> None:
    """A registered certificate is as good as a secret, in each form in which certificates come."""
    password = "s3cret" if "locked" in form else ""
    whole = ours.pfx(password) if "pfx" in form else ours.pem(password)
    file = tmp_path / "app"
    file.write_bytes(ours.key_pem() if "thumbprint" in form else whole)
    cloud.entra.proofs.certificates.append(ours.certificate)
    thumbprint = ours.thumbprint if "thumbprint" in form else ""
    assert await tokens_by(Certificate(str(file), Secret(password), thumbprint)).token(cloud.tenant_id, SCOPE)
    (asked,) = cloud.journal.find("entra.token")
    assert "client_secret" not in asked.request


async def test_a_certificate_is_trusted_by_its_subject_and_issuer(
    cloud: Cloud, tokens_by: MakeTokens, ours: Made, tmp_path: Path
) -> None:
    """Where the app trusts a name instead of a certificate, a renewed one needs no upload."""
    file = tmp_path / "app.pem"
    file.write_bytes(ours.pem())
    cloud.entra.proofs.subjects.append(("CN=Muster", "CN=Muster"))
    assert await tokens_by(Certificate(str(file), Secret(""), "")).token(cloud.tenant_id, SCOPE)


async def test_a_certificate_that_the_app_does_not_have(
    cloud: Cloud, tokens_by: MakeTokens, ours: Made, events: list[Event], tmp_path: Path
) -> None:
    """Who forgot to upload the certificate reads that, with its setting, and nothing of the key."""
    file = tmp_path / "app.pem"
    file.write_bytes(ours.pem())
    told = await refused(tokens_by(Certificate(str(file), Secret(""), "")), cloud)
    assert "MicrosoftAppCertificatePath: upload its public half in Entra" in told
    assert "PRIVATE" not in told
    (event,) = [event for event in events if event.name == "token.refused"]
    assert "upload its public half" in str(event.fields["error"])
    assert event.fields["code"] == "invalid_client AADSTS700027"


async def test_a_renewed_certificate_is_used_without_a_restart(
    cloud: Cloud, tokens_by: MakeTokens, ours: Made, tmp_path: Path
) -> None:
    """Whoever replaces the file, as Key Vault does, need not restart the bot."""
    file, newer = tmp_path / "app.pem", made()
    file.write_bytes(ours.pem())
    cloud.entra.proofs.certificates.append(ours.certificate)
    tokens = tokens_by(Certificate(str(file), Secret(""), ""))
    first = await tokens.token(cloud.tenant_id, SCOPE)
    file.write_bytes(newer.pem())
    cloud.entra.proofs.certificates[:] = [newer.certificate]
    tokens.revoked(cloud.tenant_id, SCOPE, first)
    assert await tokens.token(cloud.tenant_id, SCOPE) != first


async def test_a_certificate_that_ends_meanwhile(
    cloud: Cloud, tokens_by: MakeTokens, clock: HandClock, tmp_path: Path
) -> None:
    """On the day a certificate ends, the log says which one, since when, and what to do."""
    until = datetime.fromtimestamp(clock.moment / 1000, UTC) + timedelta(days=1)
    short, file = made(until=until), tmp_path / "app.pem"
    file.write_bytes(short.pem())
    cloud.entra.proofs.certificates.append(short.certificate)
    tokens = tokens_by(Certificate(str(file), Secret(""), ""))
    assert await tokens.token(cloud.tenant_id, SCOPE)
    clock.moment += 90_000_000
    assert f"to {until:%Y-%m-%d}: make a new one" in await refused(tokens, cloud)
    with pytest.raises(SettingsError, match=r"^MicrosoftAppCertificatePath names a certificate that is valid"):
        tokens_by(Certificate(str(file), Secret(""), ""))


@pytest.mark.parametrize("wrong", ["no file", "no key", "locked", "another's", "no certificate", "elliptic", "junk"])
async def test_a_certificate_that_cannot_be_used_is_told_at_the_start(
    tokens_by: MakeTokens, ours: Made, wrong: str, tmp_path: Path
) -> None:
    """Muster does not start with a file that proves nothing, and says what should be in it."""
    file = tmp_path / "app.pem"
    contents = {
        "no key": ours.pem().partition(b"-----BEGIN CERT")[2],
        "locked": ours.pem("s3cret"),
        "another's": ours.key_pem() + made().pem().partition(b"-----END PRIVATE KEY-----\n")[2],
        "no certificate": ours.key_pem(),
        "junk": b"junk",
        "elliptic": generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    if wrong in contents:
        file.write_bytes(contents[wrong])
    with pytest.raises(SettingsError, match=r"^MicrosoftAppCertificatePath (cannot be read|has no certificate)"):
        tokens_by(Certificate(str(file), Secret(""), ""))


@pytest.mark.parametrize("place", ["virtual_machine", "app_service"])
async def test_a_managed_identity_is_the_app(
    cloud: Cloud, tokens_by: MakeTokens, machine: Machine, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine in Azure the bot needs no secret at all, and no proxy sees its tokens."""
    for name, value in getattr(machine, place)().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    token = await tokens_by(ManagedIdentity(IDENTITY)).token(cloud.tenant_id, SCOPE)
    claims = cloud.entra.claims(f"Bearer {token}", {"https://api.botframework.com"})
    assert claims["appid"] == IDENTITY
    assert cloud.journal.find("entra.token") == []
    assert len(cloud.journal.find("machine.token")) == 1


async def test_an_identity_that_the_machine_does_not_have(
    cloud: Cloud, tokens_by: MakeTokens, machine: Machine
) -> None:
    """A managed identity that was not assigned is told as that."""
    assert machine.url
    told = await refused(tokens_by(ManagedIdentity("00000000-0000-4000-8000-000000000000")), cloud)
    assert told.startswith("this machine's identity endpoint refused")
    assert told.endswith("MicrosoftAppId: no managed identity with this client id is assigned to this machine")


async def test_no_machine_in_azure(cloud: Cloud, tokens_by: MakeTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing answers for a managed identity it is asked again: a machine that starts may not have it yet."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    with pytest.raises(NotNow, match="no token from this machine's identity endpoint"):
        await tokens_by(ManagedIdentity(IDENTITY)).token(cloud.tenant_id, SCOPE)


async def test_a_managed_identity_stands_for_the_app(cloud: Cloud, tokens_by: MakeTokens, machine: Machine) -> None:
    """An app of its own is proven by the machine's identity, once the app trusts it."""
    tokens = tokens_by(FederatedIdentity(ManagedIdentity(IDENTITY), EXCHANGE))
    told = await refused(tokens, cloud)
    assert "Federated credentials must have the issuer, the subject and the audience" in told
    machine.trusted()
    token = await tokens.token(cloud.tenant_id, SCOPE)
    assert cloud.entra.claims(f"Bearer {token}", {"https://api.botframework.com"})["appid"] == cloud.app_id


async def test_the_machine_s_own_identity_may_stand_for_the_app(
    cloud: Cloud, tokens_by: MakeTokens, machine: Machine
) -> None:
    """The system-assigned identity needs no id; one that is not there is told with its setting."""
    machine.trusted()
    assert await tokens_by(FederatedIdentity(ManagedIdentity(""), EXCHANGE)).token(cloud.tenant_id, SCOPE)
    told = await refused(tokens_by(FederatedIdentity(ManagedIdentity("another"), EXCHANGE)), cloud)
    assert "MANAGED_IDENTITY_CLIENT_ID" in told


async def test_a_pod_s_token_stands_for_the_app(cloud: Cloud, tokens_by: MakeTokens, tmp_path: Path) -> None:
    """In Kubernetes the token that the cluster writes, and renews, is all that the bot needs."""
    key, file = SigningKey(), tmp_path / "token"
    now = cloud.entra.stage.clock.now() // 1000
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": EXCHANGE, "iat": now, "exp": now + 3600}
    tokens = tokens_by(TokenFile(str(file)))
    assert await refused(tokens, cloud) == "AZURE_FEDERATED_TOKEN_FILE cannot be read: FileNotFoundError"
    file.write_text("")
    assert "names an empty file" in await refused(tokens, cloud)
    file.write_text(key.sign(claims))
    assert "the app has no federated credential" in await refused(tokens, cloud)
    cloud.entra.proofs.federated.append(Federated(ISSUER, SUBJECT, key.public_key))
    first = await tokens.token(cloud.tenant_id, SCOPE)
    assert first
    file.write_text(key.sign({**claims, "exp": now - 1}))
    tokens.revoked(cloud.tenant_id, SCOPE, first)
    assert "set this machine's clock right, or see who renews the token's file" in await refused(tokens, cloud)
    file.write_text(key.sign({**claims, "exp": now + 7200}))
    assert await tokens.token(cloud.tenant_id, SCOPE)
    key.retire()


@pytest.mark.parametrize(
    ("changed", "number"),
    [({"iss": "https://else.example"}, 700211), ({"sub": "another"}, 700213), ({"aud": "another"}, 700212)],
)
async def test_a_federated_credential_must_match(
    cloud: Cloud, tokens_by: MakeTokens, changed: dict[str, str], number: int, tmp_path: Path
) -> None:
    """A token of another issuer, subject or audience proves nothing, and the log says what must match."""
    key, file = SigningKey(), tmp_path / "token"
    now = cloud.entra.stage.clock.now() // 1000
    cloud.entra.proofs.federated.append(Federated(ISSUER, SUBJECT, key.public_key))
    file.write_text(key.sign({"iss": ISSUER, "sub": SUBJECT, "aud": EXCHANGE, "exp": now + 3600} | changed))
    with pytest.raises(CredentialsWrong, match="must have the issuer, the subject and the audience") as caught:
        await tokens_by(TokenFile(str(file))).token(cloud.tenant_id, SCOPE)
    assert caught.value.code == f"invalid_client AADSTS{number}"
    key.retire()


async def test_many_that_wait_cost_one_call_with_any_credential(
    cloud: Cloud, tokens_by: MakeTokens, machine: Machine
) -> None:
    """However many requests need a token at once, the machine and Entra are asked once."""
    machine.trusted()
    tokens = tokens_by(FederatedIdentity(ManagedIdentity(IDENTITY), EXCHANGE))
    got = await asyncio.gather(*(tokens.token(cloud.tenant_id, SCOPE) for _ in range(16)))
    assert len(set(got)) == 1
    assert len(cloud.journal.find("entra.token")) == len(cloud.journal.find("machine.token")) == 1


async def test_a_password_that_was_cut_short_is_named(cloud: Cloud, tokens_by: MakeTokens) -> None:
    """A wrong secret is told with its setting and the usual mistake."""
    told = await refused(tokens_by(Password(Secret("not-the-secret"))), cloud)
    assert told.endswith("MicrosoftAppPassword is no client secret of this app: set the secret's value, not its id")


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ([7000222], "MicrosoftAppPassword has expired"),
        ([700016], "MicrosoftAppId is no app of this tenant"),
        ([90002], "MicrosoftAppTenantId"),
        ([53003], "conditional access blocks the app"),
        ([123456789], "look at MicrosoftAppPassword"),
        ([], "look at MicrosoftAppPassword"),
    ],
)
def test_a_refusal_names_the_setting_to_mend(numbers: list[int], named: str) -> None:
    """Whatever Entra's number, the administrator reads which setting to look at."""
    assert named in credentials.advice("MicrosoftAppPassword", numbers)


@given(st.binary(max_size=200), st.text(max_size=5))
def test_any_file_is_a_certificate_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, password: str
) -> None:
    """Whatever stands in the file, it is used or refused in words."""
    file = tmp_path_factory.getbasetemp() / "any.pem"
    file.write_bytes(content)
    with pytest.raises(MeetingsError, match="MicrosoftAppCertificatePath"):
        credentials.from_certificate(Certificate(str(file), Secret(password), ""), 0)
