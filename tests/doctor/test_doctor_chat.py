"""`@Muster doctor`: an administrator hears in a whisper what is missing, and nobody else hears anything of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

import app
from bot.checkup import well
from bot.doctor.opening import OneLook
from bot.model import Chat, ChatKind, Turn, TurnKind
from bot.model import Person as Asker
from bot.operator import doctor
from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Person
from bot.settings import Settings
from bot.system import SystemClock
from tests.journeys.harness import Journey


@pytest.fixture
async def journey(cloud: Cloud, environment: dict[str, str]) -> AsyncIterator[Journey]:
    """Run the bot behind its public address; the administrator is Ana."""
    runner = web.AppRunner(app.build(Settings.from_env(environment | {"MUSTER_READ_MESSAGES": "on"})), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    cloud.front.targets = [url]
    cloud.tenant.consents.add("ChannelMessage.Read.Group")
    yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
    await runner.cleanup()


async def told(journey: Journey, person: Person, line: str = "doctor") -> str:
    """Let somebody ask in the channel, and return the whisper."""
    channel = journey.cloud.tenant.incidents
    before = len(journey.whispers(channel))
    await journey.teams.say(person, channel, line)
    await journey.until(lambda: len(journey.whispers(channel)) > before)
    return journey.whispers(channel)[-1].replace("\\", "")


async def test_an_administrator_is_told_what_is_missing_here(journey: Journey) -> None:
    """Faults, and what Graph made of the channel's last meeting, are whispered with their steps; all is well again."""
    cloud, tenant = journey.cloud, journey.cloud.tenant
    assert "All is well." in await told(journey, tenant.ana)
    assert "to do" not in journey.whispers(tenant.incidents)[-1]
    cloud.faults.inject("unbound")
    await journey.teams.say(tenant.ben, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro" in text for text in journey.texts(tenant.incidents)))
    cloud.faults.inject("policy")
    tenant.consents.clear()
    text = await told(journey, tenant.ana, "what is missing?")
    assert "3 things are to do, in this order." in text
    assert f'Grant-CsApplicationAccessPolicy -PolicyName Muster -Identity "{tenant.ana.oid}"' in text
    assert "reading posts: posts cannot be looked for here: nobody consented to it" in text.replace("**", "")
    assert "channel: Graph gave the last meeting a chat of its own" in text.replace("**", "")
    assert not any("PolicyName" in text for text in journey.texts(tenant.incidents))


async def test_a_command_line_looks_beside_a_running_bot(journey: Journey, environment: dict[str, str]) -> None:
    """The store that the bot has open is looked at from outside too, and its meetings are counted."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: bool(journey.texts(tenant.incidents)))
    found = await doctor.look(Settings.from_env(environment))
    said = {one.check: one.says for one in found}
    assert said["store"] == "SQLite, for one process"
    assert said["quota"].endswith("Muster made 1 of 2000 this month")
    assert well(found)


async def test_who_is_no_administrator_is_told_who_can_help(journey: Journey) -> None:
    """Nothing is looked at for somebody whom nobody named an administrator."""
    assert "That is for my administrators." in await told(journey, journey.cloud.tenant.ben)
    assert journey.cloud.graph.meetings == []


async def test_nothing_is_asked_about_a_tenant_that_left(cloud: Cloud, environment: dict[str, str]) -> None:
    """What an administrator asked before their tenant was taken off the list asks neither Entra nor Graph about it."""
    tenant = cloud.tenant
    chat = Chat(cloud.tenant_id.upper(), tenant.incidents.thread_id, ChatKind.CHANNEL)
    turn = Turn("key", "", TurnKind.SAID, chat, Asker("29:1", tenant.ana.oid), chat.thread_id, "1", 0, 1, "7F3K-92QD")
    settings = Settings.from_env(environment)
    away = replace(settings, tenants=("e4a34d8f-0000-4000-8000-000000000000",))
    assert await OneLook(away, SystemClock(), lambda _: None).examine(tenant.ana.oid, turn) == ()
    assert cloud.journal.find("entra.token") == []
    assert cloud.graph.meetings == []
    assert await OneLook(settings, SystemClock(), lambda _: None).examine(tenant.ana.oid, turn)
    assert cloud.journal.find("entra.token")
