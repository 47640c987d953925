from __future__ import annotations

import asyncio
import gc
import ssl
import threading

import pytest

from bot.errors import CredentialsWrong, NotNow
from bot.graph.tokens import MsalTokens
from bot.identity import Password, Secret
from bot.ports import Clock
from bot.sandbox.cloud import Cloud
from tests.graph.conftest import HandClock

SCOPE = "https://api.botframework.com/.default"


async def test_sixty_four_that_wait_cost_one_call(cloud: Cloud, tokens: MsalTokens) -> None:
    """However many requests need a token at once, Entra is asked once."""
    got = await asyncio.gather(*(tokens.token(cloud.tenant_id, SCOPE) for _ in range(64)))
    assert len(set(got)) == 1
    assert len(cloud.journal.find("entra.token")) == 1


async def test_a_token_is_kept_while_it_is_good(cloud: Cloud, tokens: MsalTokens, clock: HandClock) -> None:
    """Within a token's life Entra is not asked again."""
    first = await tokens.token(cloud.tenant_id, SCOPE)
    clock.moment += 1_000_000
    assert await tokens.token(cloud.tenant_id, SCOPE) == first
    assert len(cloud.journal.find("entra.token")) == 1


async def test_a_token_is_renewed_ahead_while_the_old_one_serves(
    cloud: Cloud, tokens: MsalTokens, clock: HandClock
) -> None:
    """Nobody waits for a renewal: the old token is handed out until the new one is there."""
    first = await tokens.token(cloud.tenant_id, SCOPE)
    clock.moment += int(cloud.entra.token_lifetime * 1000 * 0.85)
    gate = cloud.hold("entra.token")
    assert await tokens.token(cloud.tenant_id, SCOPE) == first
    await gate.reached
    gate.release()
    await cloud.journal.wait("entra.token", 2)
    clock.moment += int(cloud.entra.token_lifetime * 1000 * 0.14)
    assert await tokens.token(cloud.tenant_id, SCOPE) != first
    assert len(cloud.journal.find("entra.token")) == 2


async def test_waiting_for_entra_does_not_stop_the_event_loop(cloud: Cloud, tokens: MsalTokens) -> None:
    """While Entra keeps its answer the loop turns, and MSAL waits in a thread of its own."""
    gate = cloud.hold("entra.token")
    asked = asyncio.create_task(tokens.token(cloud.tenant_id, SCOPE))
    await gate.reached
    assert threading.active_count() > 1
    gate.release()
    assert await asked


async def test_a_stop_while_entra_is_asked_leaves_no_connection(cloud: Cloud, tokens: MsalTokens) -> None:
    """A thread that still asks when the process stops begins no connection that nobody would close."""
    gate = cloud.hold("entra.discovery")
    asked = asyncio.create_task(tokens.token(cloud.tenant_id, SCOPE))
    await gate.reached
    await tokens.close()
    gate.release()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert asked.cancelled()
    assert connections() == []


async def test_a_stop_closes_what_an_error_keeps(cloud: Cloud, tokens: MsalTokens) -> None:
    """An error whose frames still hold the connections does not keep them open."""
    gc.disable()
    try:
        outage = cloud.faults.inject("entra-outage")
        with pytest.raises(NotNow):
            await tokens.token(cloud.tenant_id, SCOPE)
        outage.remove()
        await tokens.token(cloud.tenant_id, SCOPE)
        assert connections()
        await tokens.close()
        assert connections() == []
    finally:
        gc.enable()


def connections() -> list[ssl.SSLSocket]:
    """Return the connections of this process that MSAL's client has open."""
    return [each for each in gc.get_objects() if isinstance(each, ssl.SSLSocket) and each.fileno() >= 0]


async def test_wrong_credentials_are_told_without_the_secret(
    cloud: Cloud, context: ssl.SSLContext, clock: Clock
) -> None:
    """A wrong client secret is named as such, and appears in no error."""
    wrong = MsalTokens(cloud.entra_url, cloud.app_id, Password(Secret("not-the-secret")), context, clock)
    with pytest.raises(CredentialsWrong) as caught:
        await wrong.token(cloud.tenant_id, SCOPE)
    assert "AADSTS" in caught.value.code
    assert "not-the-secret" not in repr(caught.value) + str(caught.value)
    await wrong.close()


@pytest.mark.parametrize("fault", ["entra-503", "entra-outage"])
async def test_an_entra_that_is_away_is_asked_again_later(cloud: Cloud, tokens: MsalTokens, fault: str) -> None:
    """An outage of Entra is no verdict about the credentials, and its end is noticed at once."""
    injected = cloud.faults.inject(fault)
    with pytest.raises(NotNow):
        await tokens.token(cloud.tenant_id, SCOPE)
    injected.remove()
    assert await tokens.token(cloud.tenant_id, SCOPE)


async def test_a_revoked_token_is_not_handed_out_again(cloud: Cloud, tokens: MsalTokens) -> None:
    """A token that its resource refused is fetched anew, also past MSAL's own memory."""
    first = await tokens.token(cloud.tenant_id, SCOPE)
    tokens.revoked(cloud.tenant_id, SCOPE, "another")
    assert await tokens.token(cloud.tenant_id, SCOPE) == first
    tokens.revoked(cloud.tenant_id, SCOPE, first)
    assert await tokens.token(cloud.tenant_id, SCOPE) != first


async def test_closing_stops_what_is_under_way(cloud: Cloud, context: ssl.SSLContext, clock: Clock) -> None:
    """Stopping does not wait for an Entra that keeps its answer."""
    tokens = MsalTokens(cloud.entra_url, cloud.app_id, Password(Secret(cloud.app_secret)), context, clock)
    gate = cloud.hold("entra.discovery")
    asked = asyncio.create_task(tokens.token(cloud.tenant_id, SCOPE))
    await gate.reached
    await tokens.close()
    with pytest.raises(asyncio.CancelledError):
        await asked
    gate.drop()
