"""The calendar file of a meeting: offered where browsers can reach the bot, and given to who knows its address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

import app
from bot.sandbox.cloud import Cloud
from tests.journeys.fast_clock import bot
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


async def test_a_meeting_can_be_put_into_any_calendar(cloud: Cloud, browser: ClientSession, tmp_path: Path) -> None:
    """Details as text has the file's address; its event carries the link, and guessing finds nothing."""
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, app.REAL, MUSTER_PUBLIC_URL="https://bot.contoso.example") as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
        await journey.teams.say(tenant.ben, tenant.incidents, "dial-in")
        await journey.until(lambda: bool(cloud.whispers(tenant.incidents)))
        card = cloud.whispers(tenant.incidents)[0].card
        assert card is not None
        (url,) = [action["url"] for action in card["body"][-1]["actions"]]
        address = urlsplit(url)
        async with browser.get(f"{journey.url}{address.path}?{address.query}") as answer:
            assert (answer.status, answer.content_type) == (200, "text/calendar")
            assert answer.headers["Content-Disposition"] == 'attachment; filename="meeting.ics"'
            text = (await answer.text()).replace("\r\n ", "")
        (meeting,) = cloud.graph.meetings
        assert f"UID:{meeting.external_id}\r\n" in text
        assert f"URL:{meeting.join_url}\r\n" in text
        for guess in ("", "?m=", "?m=" + "0" * 32, "?m=" + "x" * 5_000):
            async with browser.get(f"{journey.url}/api/ics{guess}") as answer:
                assert answer.status == 404


async def test_without_an_address_there_is_no_file(journey: Journey, browser: ClientSession) -> None:
    """Where nobody said how browsers reach the bot, nothing offers a file and nothing gives one."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    await journey.teams.say(tenant.ben, tenant.incidents, "dial-in")
    await journey.until(lambda: bool(journey.cloud.whispers(tenant.incidents)))
    assert "api/ics" not in str(journey.cloud.whispers(tenant.incidents)[0].card)
    (meeting,) = journey.cloud.graph.meetings
    async with browser.get(f"{journey.url}/api/ics?m={meeting.external_id}") as answer:
        assert answer.status == 404


async def test_the_calendar_file_speaks_the_language_of_who_asked(
    cloud: Cloud, browser: ClientSession, tmp_path: Path
) -> None:
    """Microsoft words the invitation in the language of who asked for the meeting; the file has those words."""
    tenant = cloud.tenant
    tenant.ana.locale = "de-AT"
    async with bot(
        cloud, tmp_path, app.REAL, MUSTER_PUBLIC_URL="https://bot.contoso.example", MUSTER_LANGUAGES="de"
    ) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
        (meeting,) = cloud.graph.meetings
        async with browser.get(f"{journey.url}/api/ics?m={meeting.external_id}") as answer:
            text = (await answer.text()).replace("\r\n ", "")
    assert f"DESCRIPTION:{meeting.join_url}\\nJetzt teilnehmen" in text
