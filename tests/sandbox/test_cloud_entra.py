"""Entra's and Bot Framework's login services of the sandbox."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import msal
import pytest
import requests

from bot.identity import Password, Secret
from bot.sandbox.cloud import Cloud
from bot.sandbox.proofs import ASSERTION_TYPE
from bot.settings import Settings
from tests.sandbox.conftest import Caller


async def test_the_environment_is_all_the_bot_needs(cloud: Cloud) -> None:
    """The bot reads its settings from the cloud's environment without a complaint."""
    settings = Settings.from_env(cloud.environment(3978))
    assert (settings.graph_url, settings.login_url) == (cloud.graph_url, cloud.entra_url)
    assert settings.credential == Password(Secret(cloud.app_secret))
    assert (settings.host, settings.port, settings.connector_hosts) == ("127.0.0.1", 3978, ("localhost",))
    assert settings.ca_files == (cloud.ca_file,)


async def test_nobody_trusts_the_servers_without_the_authority(cloud: Cloud) -> None:
    """A client that was not given the CA file refuses to talk."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{cloud.entra_url}/v1/.well-known/openidconfiguration")


async def test_both_names_of_this_machine_are_certified(cloud: Cloud, caller: Caller) -> None:
    """The servers answer as localhost and as 127.0.0.1."""
    url = cloud.entra_url.replace("localhost", "127.0.0.1")
    assert (await caller.call("GET", f"{url}/v1/.well-known/openidconfiguration")).status == 200


async def test_bot_framework_metadata_lead_to_endorsed_keys(cloud: Cloud, caller: Caller) -> None:
    """Whoever follows the metadata finds a key that endorses msteams and verifies what Teams sends."""
    metadata = (await caller.call("GET", f"{cloud.entra_url}/v1/.well-known/openidconfiguration")).body
    assert metadata["issuer"] == "https://api.botframework.com"
    keys = (await caller.call("GET", metadata["jwks_uri"])).body["keys"]
    assert [key["endorsements"] for key in keys] == [["msteams"]]
    token = cloud.client("http://127.0.0.1:9/").token({"serviceUrl": cloud.service_url})
    claims = _claims(token, keys[0])
    assert (claims["aud"], claims["serviceurl"]) == (cloud.app_id, cloud.service_url)


async def test_rotated_keys_stay_published_or_vanish(cloud: Cloud, caller: Caller) -> None:
    """After a rotation both keys are published, after a hard one only the new."""
    url = f"{cloud.entra_url}/v1/.well-known/keys"
    first = cloud.entra.bot_key.kid
    second = cloud.entra.rotate_bot_key().kid
    assert {key["kid"] for key in (await caller.call("GET", url)).body["keys"]} == {first, second}
    third = cloud.entra.rotate_bot_key(keep_old=False).kid
    assert {key["kid"] for key in (await caller.call("GET", url)).body["keys"]} == {third}


async def test_msal_gets_a_token_with_the_secret(cloud: Cloud) -> None:
    """Microsoft's own client library finds the endpoints and gets a token; with a wrong secret, Entra's error."""

    def acquire(secret: str) -> dict[str, Any]:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = cloud.ca_file
            app = msal.ConfidentialClientApplication(
                cloud.app_id,
                client_credential=secret,
                authority=f"{cloud.entra_url}/{cloud.tenant_id}",
                instance_discovery=False,
                http_client=session,
            )
            answer: dict[str, Any] = app.acquire_token_for_client(scopes=["https://graph.microsoft.com/.default"])
            return answer

    assert "access_token" in await asyncio.to_thread(acquire, cloud.app_secret)
    refused = await asyncio.to_thread(acquire, "wrong")
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])


async def test_a_token_says_for_whom_it_is(cloud: Cloud, caller: Caller) -> None:
    """A Graph token carries audience, role and expiry; a connector token carries no role."""
    answer = await caller.ask_token()
    assert (answer.status, answer.body["token_type"], answer.body["expires_in"]) == (200, "Bearer", 3599)
    keys = (await caller.call("GET", f"{cloud.entra_url}/{cloud.tenant_id}/discovery/v2.0/keys")).body["keys"]
    claims = _claims(answer.body["access_token"], keys[0])
    assert (claims["aud"], claims["appid"]) == ("https://graph.microsoft.com", cloud.app_id)
    assert claims["roles"] == ["OnlineMeetings.ReadWrite.All", "Calendars.ReadWrite"]
    assert claims["exp"] - claims["iat"] == 3599
    other = await caller.ask_token("https://api.botframework.com")
    assert "roles" not in _claims(other.body["access_token"], keys[0])


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_assertion": "a.b.c", "client_assertion_type": ASSERTION_TYPE}, 401, "invalid_client", 50027),
        ({"client_assertion": "a.b.c"}, 400, "invalid_request", 900144),
        ({"client_id": "00000000-0000-0000-0000-000000000009"}, 400, "unauthorized_client", 700016),
        ({"tenant": "00000000-0000-0000-0000-000000000009"}, 400, "invalid_request", 90002),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": "openid"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://elsewhere.example/.default"}, 400, "invalid_resource", 500011),
    ],
)
async def test_a_wrong_request_is_refused_with_entras_number(
    caller: Caller, changes: dict[str, str], status: int, error: str, number: int
) -> None:
    """Each mistake in a token request is answered with the error and AADSTS number that Entra has for it."""
    answer = await caller.ask_token(**changes)
    assert (answer.status, answer.body["error"], answer.body["error_codes"]) == (status, error, [number])
    assert answer.body["error_description"].startswith(f"AADSTS{number}:")


async def test_a_request_without_a_form_is_refused(cloud: Cloud, caller: Caller) -> None:
    """A token request without a body is a mistake, not a crash."""
    answer = await caller.call("POST", f"{cloud.entra_url}/{cloud.tenant_id}/oauth2/v2.0/token")
    assert (answer.status, answer.body["error_codes"]) == (400, [900144])


async def test_discovery_knows_its_tenant_alone(cloud: Cloud, caller: Caller) -> None:
    """The tenant's metadata lead to this server; another tenant is unknown."""
    path = "v2.0/.well-known/openid-configuration"
    known = await caller.call("GET", f"{cloud.entra_url}/{cloud.tenant_id}/{path}")
    assert known.body["token_endpoint"] == f"{cloud.entra_url}/{cloud.tenant_id}/oauth2/v2.0/token"
    unknown = await caller.call("GET", f"{cloud.entra_url}/other.example/{path}")
    assert (unknown.status, unknown.body["error_codes"]) == (400, [90002])


async def test_secrets_never_reach_the_journal(cloud: Cloud, caller: Caller) -> None:
    """Neither the client secret nor a token can be read from what the cloud wrote down."""
    token = (await caller.ask_token()).body["access_token"]
    await caller.graph("GET", f"/v1.0/users/{cloud.tenant.ana.oid}/onlineMeetings/x")
    written = repr(cloud.journal.exchanges)
    assert cloud.app_secret not in written
    assert token not in written
    assert cloud.journal.counts()["entra.token"] == 2


async def test_the_authority_leaves_nothing_behind() -> None:
    """The CA's files are gone when the cloud has stopped, and stopping twice is harmless."""
    async with Cloud() as cloud:
        path = cloud.ca_file
        assert is_there(path)
    assert not is_there(path)
    await cloud.stop()


async def test_a_taken_port_is_reported_and_nothing_is_left_open(cloud: Cloud) -> None:
    """Starting on a port in use raises OSError and closes what was already started."""
    taken = int(cloud.graph_url.rpartition(":")[2])
    other = Cloud(ports=(0, taken, 0))
    with pytest.raises(OSError, match=r"(?i)address already in use"):
        await other.__aenter__()
    assert not is_there(other.ca_file)


def is_there(path: str) -> bool:
    return Path(path).exists()


def _claims(token: str, key: dict[str, Any]) -> dict[str, Any]:
    options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(token, jwt.PyJWK(key).key, algorithms=["RS256"], options=options)
    return claims
