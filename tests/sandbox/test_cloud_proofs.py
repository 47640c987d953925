"""The sandbox's Entra and its machine let nobody in who proves nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bot.sandbox.cloud import Cloud
from bot.sandbox.machine import Machine
from bot.sandbox.proofs import ASSERTION_TYPE, EXCHANGE
from tests.certificates import Made, made
from tests.sandbox.conftest import Caller, HandClock

METADATA, ASKED = "/metadata/identity/oauth2/token", {"Metadata": "true"}
IDENTITY = "7e000000-0000-4000-8000-000000000003"


@pytest.fixture(scope="module")
def ours() -> Made:
    """A certificate of the app's."""
    return made()


@pytest.fixture(scope="module")
def theirs() -> Made:
    """Somebody else's."""
    return made()


def assertion(cloud: Cloud, certificate: Made, *, key: RSAPrivateKey | None = None, **changes: Any) -> dict[str, str]:  # noqa: ANN401 - any claim
    """Return the form fields that prove the app by a certificate; `key` and `changes` forge."""
    now = cloud.entra.stage.clock.now() // 1000
    claims = {
        "iss": cloud.app_id,
        "sub": cloud.app_id,
        "aud": f"{cloud.entra_url}/{cloud.tenant_id}/oauth2/v2.0/token",
        "jti": "1",
        "exp": now + 600,
        **changes,
    }
    digest = hashlib.sha256(certificate.certificate.public_bytes(Encoding.DER)).digest()
    headers = {"x5t#S256": base64.urlsafe_b64encode(digest).decode()}
    signed = jwt.encode(claims, key or certificate.key, algorithm="PS256", headers=headers)
    return {"client_assertion": signed, "client_assertion_type": ASSERTION_TYPE, "client_secret": ""}


async def refused(caller: Caller, form: dict[str, str]) -> int:
    """Return the number of Entra's refusal."""
    answer = await caller.ask_token(**form)
    assert answer.status == 401
    return int(answer.body["error_codes"][0])


async def test_a_registered_certificate_is_let_in(cloud: Cloud, caller: Caller, ours: Made) -> None:
    """An assertion by the app's certificate gets a token."""
    cloud.entra.proofs.certificates.append(ours.certificate)
    assert (await caller.ask_token(**assertion(cloud, ours))).status == 200


async def test_forged_assertions_are_refused(
    cloud: Cloud, caller: Caller, ours: Made, theirs: Made, hand_clock: HandClock
) -> None:
    """Another's key, another's certificate, another endpoint, no id and a time that is over each get nothing."""
    assert await refused(caller, assertion(cloud, ours)) == 700027
    cloud.entra.proofs.certificates.append(ours.certificate)
    assert await refused(caller, assertion(cloud, theirs)) == 700027
    assert await refused(caller, assertion(cloud, ours, key=theirs.key)) == 700027
    assert await refused(caller, assertion(cloud, ours, aud="https://login.example/token")) == 50027
    assert await refused(caller, assertion(cloud, ours, jti="")) == 50027
    assert await refused(caller, assertion(cloud, ours, exp=hand_clock.now() // 1000 - 1)) == 700024
    assert await refused(caller, assertion(cloud, ours, exp=hand_clock.now())) == 700024
    assert await refused(caller, assertion(cloud, ours, exp="soon")) == 700024
    assert await refused(caller, assertion(cloud, ours, sub="another")) == 70025


@pytest.mark.parametrize(
    ("path", "told", "status"),
    [
        (METADATA, (ASKED, {}), 200),
        (METADATA, ({}, {}), 400),
        (METADATA, (ASKED, {"api-version": "2017-01-01"}), 400),
        (METADATA, (ASKED, {"resource": "https://vault.example"}), 400),
        (METADATA, (ASKED, {"client_id": "another"}), 400),
        ("/msi/token", ({"X-IDENTITY-HEADER": "guessed"}, {}), 401),
    ],
)
async def test_a_machine_gives_its_tokens_to_its_programs_alone(
    cloud: Cloud, caller: Caller, path: str, told: tuple[dict[str, str], dict[str, str]], status: int
) -> None:
    """Who leaves out the header against forged requests, or asks for what is not there, gets no token."""
    headers, query = told
    asked = {"api-version": "2018-02-01", "resource": EXCHANGE, "client_id": IDENTITY, **query}
    async with Machine(cloud, IDENTITY) as machine:
        answer = await caller.call("GET", f"{machine.url}{path}", params=asked, headers=headers)
    assert answer.status == status
    assert ("access_token" in answer.body) == (status == 200)
