"""What only a hostile or a changing world sends: absurd numbers in text, and endorsements that are taken back."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.errors import DoorError
from bot.leases import Receipt, ReceiptKind
from bot.messages import Answer
from bot.model import Turn
from bot.observe import Event
from bot.sandbox.cloud import Cloud
from bot.system import SystemClock, trust
from bot.teams import inbound
from bot.teams.door import Door, Rules
from bot.teams.edge import Registration, TeamsEdge
from bot.teams.keys import Keys

pytestmark = pytest.mark.usefixtures("untraced")


class Inbox:
    """Takes every turn and remembers it."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    async def take(self, turn: Turn) -> Receipt:
        """Keep the turn."""
        self.turns.append(turn)
        return Receipt(ReceiptKind.NEW, turn.turn_key)

    async def answer(self, turn: Turn, receipt: Receipt) -> Answer:
        """Say something."""
        del turn, receipt
        return Answer(text="done")


class NoTokens:
    """Nothing is sent in these tests."""

    async def token(self, tenant: str, scope: str) -> str:
        """Refuse."""
        raise AssertionError((tenant, scope))

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Refuse."""
        raise AssertionError((tenant, scope, token))


def spoken(text: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Return a 1:1 message."""
    return {
        "type": "message",
        "id": "1",
        "channelId": "msteams",
        "from": {"id": "29:ana"},
        "recipient": {"id": "28:bot"},
        "conversation": {"id": "a:1", "conversationType": "personal", "tenantId": "t"},
        "text": text,
        **changes,
    }


@pytest.mark.parametrize("digits", [8, 4301, 28_000])
def test_a_number_too_long_for_a_character_is_only_text(digits: int) -> None:
    """A character reference with thousands of digits costs nobody the words around it."""
    turn = inbound.read(spoken(f"meet &#{'9' * digits}; now &amp; &#65;"), app_id="bot", now=0)
    assert turn is not None
    assert turn.text.startswith("meet \ufffd")
    if digits < 28_000:
        assert turn.text == "meet \ufffd now & A"


def test_a_name_with_such_a_number_is_only_a_name() -> None:
    """Nor does it matter where it stands: in a mention, in the sender's name, on a button."""
    absurd = f"&#{'9' * 5000};"
    mention = {"type": "mention", "text": f"<at>{absurd}</at>", "mentioned": {"id": "29:ben", "name": absurd}}
    sender = {"id": "29:ana", "name": absurd}
    turn = inbound.read(spoken(f"<at>{absurd}</at> hi", entities=[mention], **{"from": sender}), app_id="bot", now=0)
    assert turn is not None
    assert (turn.person.name, turn.mentions[0].name, turn.text) == ("\ufffd", "\ufffd", "\ufffd hi")


async def test_an_absurd_message_is_taken_and_the_next_one_too() -> None:
    """Over HTTP: 202 for the absurd message, never 500, and the later turn is not lost."""
    inbox, events = Inbox(), list[Event]()
    async with Cloud() as cloud:
        rules = Rules(
            cloud.app_id, "https://api.botframework.com", frozenset({"localhost"}), frozenset({cloud.tenant_id})
        )
        registration = Registration(
            rules, (cloud.environment(0)["MUSTER_OPENID_METADATA_URL"], ""), cloud.tenant_id, "https://x/.default"
        )
        context = trust((cloud.ca_file,))
        async with TeamsEdge(registration, context, NoTokens(), SystemClock(), events.append) as edge:
            application = web.Application()
            application.router.add_post("/api/messages", edge.endpoint(inbox).handle)
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            teams = cloud.client(f"http://{host}:{port}/api/messages")
            tenant = cloud.tenant
            first = await teams.say(tenant.ana, tenant.incidents, f"meet &#{'9' * 5000}; now")
            second = await teams.say(tenant.ana, tenant.incidents, "meet now")
            await runner.cleanup()
    assert (first.status, second.status) == (202, 202)
    assert [turn.text for turn in inbox.turns] == ["meet \ufffd now", "meet now"]


async def test_a_key_that_may_no_longer_speak_for_teams_opens_nothing() -> None:
    """A remembered token is worth nothing once its key's endorsement is withdrawn."""
    clock, url = SystemClock(), "https://localhost/teams"
    async with Cloud() as cloud:
        pool = aiohttp.TCPConnector(ssl=trust((cloud.ca_file,)))
        async with aiohttp.ClientSession(connector=pool) as session:
            metadata_url = cloud.environment(0)["MUSTER_OPENID_METADATA_URL"]
            keys = Keys(session, metadata_url, clock, list[Event]().append)
            door = Door(keys, Rules("bot", "issuer", frozenset({"localhost"}), frozenset({"t"})), clock)
            now = clock.now() // 1000
            claims = {"iss": "issuer", "aud": "bot", "exp": now + 3600, "nbf": now, "serviceurl": url}
            header = f"Bearer {cloud.entra.bot_key.sign(claims)}"
            activity = spoken("hi", serviceUrl=url)
            door.check(await door.verify(header), activity)
            cloud.entra.endorsements = ["webchat"]
            assert await keys.refresh()
            with pytest.raises(DoorError, match="endorsement") as refused:
                door.check(await door.verify(header), activity)
    assert refused.value.status == 403
