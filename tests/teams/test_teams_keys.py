"""Signing keys: fetched rarely, replaced in time, kept through outages."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import pytest

from bot.errors import DoorError
from bot.observe import Event
from bot.sandbox.authority import SigningKey
from bot.teams.keys import Keys, KeysUnavailable, parse
from tests.teams.stage import HandClock, KeyServer, finished, public


@pytest.fixture
async def keys(trusting: aiohttp.ClientSession, key_server: KeyServer, clock: HandClock, events: list[Event]) -> Keys:
    return Keys(trusting, key_server.metadata_url, clock, events.append)


async def test_keys_are_loaded_once_and_announced(keys: Keys, key_server: KeyServer, signers: list[SigningKey]) -> None:
    """After the first load a known key costs no request."""
    assert await keys.refresh()
    assert keys.ready.is_set()
    found = await keys.find(signers[0].kid)
    assert found is not None
    assert found.endorsements == {"msteams"}
    assert key_server.fetches == 2


async def test_before_any_key_the_door_says_503(keys: Keys, key_server: KeyServer) -> None:
    """Without keys nobody is told they are wrong; they are asked to come back."""
    key_server.down = True
    with pytest.raises(DoorError) as refused:
        await keys.find("any")
    assert (refused.value.status, refused.value.retry_after) == (503, 5)


async def test_whatever_breaks_while_keys_are_loaded(
    keys: Keys, trusting: aiohttp.ClientSession, events: list[Event]
) -> None:
    """An error nobody thought of is the same as no keys: the caller is asked to come back, and the log has its kind."""
    await trusting.close()
    with pytest.raises(DoorError) as refused:
        await keys.find("any")
    assert refused.value.status == 503
    assert events == [Event("keys.unavailable", {"error": "RuntimeError"}, logging.WARNING)]


async def test_a_new_key_is_found_without_waiting_for_tomorrow(
    keys: Keys, key_server: KeyServer, signers: list[SigningKey]
) -> None:
    """A rotated signing key works with its first message."""
    await keys.refresh()
    key_server.keys.append(public(signers[1]))
    found = await keys.find(signers[1].kid)
    assert found is not None
    assert keys.generation == 0


async def test_fifty_unknown_key_ids_make_at_most_four_fetches(keys: Keys, key_server: KeyServer) -> None:
    """Forged key ids cannot make Muster hammer Microsoft's server."""
    await keys.refresh()
    found = await asyncio.gather(*(keys.find(f"forged-{number}") for number in range(50)))
    assert found == [None] * 50
    assert key_server.fetches == 4


async def test_unknown_key_ids_ask_once_in_five_minutes(keys: Keys, key_server: KeyServer, clock: HandClock) -> None:
    """Another forged id asks again only after five minutes."""
    await keys.refresh()
    for step, fetches in ((0, 4), (299_999, 4), (1, 6)):
        clock.ms += step
        assert await keys.find("forged") is None
        assert key_server.fetches == fetches


async def test_stale_keys_survive_an_outage(
    keys: Keys, key_server: KeyServer, signers: list[SigningKey], events: list[Event]
) -> None:
    """While the key server is away, what was valid stays valid."""
    await keys.refresh()
    key_server.down = True
    assert not await keys.refresh()
    assert await keys.find(signers[0].kid) is not None
    assert events[-1].name == "keys.unavailable"


async def test_a_key_that_left_is_gone_and_says_so(
    keys: Keys, key_server: KeyServer, signers: list[SigningKey]
) -> None:
    """A withdrawn key is believed no longer, and whoever remembers its tokens learns of it."""
    await keys.refresh()
    key_server.keys = [public(signers[1])]
    await keys.refresh()
    assert (await keys.find(signers[0].kid), keys.generation) == (None, 1)


async def test_a_key_that_changed_under_its_name_counts_as_gone(
    keys: Keys, key_server: KeyServer, signers: list[SigningKey]
) -> None:
    """The same key id with another key does not vouch for what the old one signed."""
    await keys.refresh()
    key_server.keys = [{**public(signers[1]), "kid": signers[0].kid}]
    await keys.refresh()
    assert keys.generation == 1


async def test_keys_are_refreshed_once_a_day(keys: Keys, key_server: KeyServer, clock: HandClock) -> None:
    """The set is fetched again a day later, ahead of need."""
    running = asyncio.create_task(keys.run())
    await clock.advance(seconds=24 * 3600 - 1)
    assert key_server.fetches == 2
    key_server.gate = asyncio.Event()
    key_server.asked.clear()
    await clock.advance(seconds=1)
    await key_server.asked.wait()
    await finished(running)
    assert key_server.fetches == 3


async def test_the_first_load_is_tried_until_it_works(keys: Keys, key_server: KeyServer, clock: HandClock) -> None:
    """A key server that is away when Muster starts is asked again soon."""
    key_server.down = True
    running = asyncio.create_task(keys.run())
    await clock.advance(seconds=0)
    key_server.down = False
    await clock.advance(seconds=1)
    await keys.ready.wait()
    await finished(running)


@pytest.mark.parametrize(
    ("metadata", "document"),
    [
        ({"jwks_uri": "http://127.0.0.1/keys"}, None),
        ({"issuer": "x"}, None),
        ({"jwks_uri": 5}, None),
        ({"jwks_uri": "https://127.0.0.1:1/keys"}, None),
        (None, []),
        (None, {"keys": "none"}),
        (None, {"keys": []}),
    ],
)
async def test_a_key_set_that_makes_no_sense_is_an_outage(
    keys: Keys,
    key_server: KeyServer,
    metadata: dict[str, Any] | None,
    document: Any,  # noqa: ANN401 - any JSON
) -> None:
    """A wrong, empty or unsafe answer never replaces the keys there are."""
    key_server.metadata, key_server.document = metadata, document
    assert not await keys.refresh()
    assert not keys.ready.is_set()


def test_keys_that_cannot_be_used_are_left_out(signers: list[SigningKey]) -> None:
    """One broken key in the set does not spoil the others."""
    good = public(signers[0])
    broken: list[Any] = [
        None,
        {"kty": "EC", "kid": "x"},
        {"kty": "RSA"},
        {"kty": "RSA", "kid": "y", "n": 5, "e": "AQAB"},
    ]
    assert set(parse({"keys": [*broken, {**good, "endorsements": None}]})) == {good["kid"]}
    with pytest.raises(KeysUnavailable):
        parse({"keys": broken})
