"""An administrator hears the story of a request, and nobody else does (EXPERIENCE 1.19)."""

from __future__ import annotations

from pathlib import Path

from bot.operator.why import as_json, as_lines
from bot.sandbox.cloud import Cloud
from bot.store.auditing import Wanted
from bot.store.records import open_records
from tests.journeys.harness import Journey
from tests.journeys.test_operating import running


async def reference_of(store: str, action: str = "meet") -> str:
    """Return the reference of what the audit says was done last, read while the bot runs."""
    records = await open_records(store)
    try:
        return [line.reference for line in await records.audit(Wanted()) if line.action == action][-1]
    finally:
        await records.close()


async def heard(journey: Journey, sentence: str) -> str:
    """Let the administrator, Chloé, say this in the channel, and return what is whispered to her."""
    tenant = journey.cloud.tenant
    before = len(journey.cloud.whispers(tenant.incidents, tenant.chloe.id))
    await journey.teams.say(tenant.chloe, tenant.incidents, sentence)
    await journey.until(lambda: len(journey.cloud.whispers(tenant.incidents, tenant.chloe.id)) > before)
    return journey.whispers(tenant.incidents)[-1].replace("\\", "").replace("\u2068", "").replace("\u2069", "")


async def test_a_story_says_what_was_asked_what_graph_said_and_whom_it_told(cloud: Cloud, tmp_path: Path) -> None:
    """An administrator, and nobody else, hears in ids and codes what became of a request, while the bot runs."""
    store = f"sqlite:///{tmp_path}/muster.db"
    async with running(cloud, tmp_path, MUSTER_ADMINS=cloud.tenant.chloe.oid) as journey:
        tenant = cloud.tenant
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Secret plans")
        await journey.until(lambda: any("Secret plans: open\n" in text for text in journey.texts(tenant.incidents)))
        reference = await reference_of(store)
        told = await heard(journey, f"why {reference.lower()}")
        assert told.startswith(f"The story of {reference}")
        for part in (
            "Asked in a channel",
            "createOrGet",
            "Microsoft Graph said 201",
            "Opened, ",
            "The card shows version",
        ):
            assert part in told
        records = await open_records(store)
        (story,) = await records.stories(reference, 2**60)
        await records.close()
        (graph,) = (moment.facts for moment in story.moments if moment.what == "graph")
        asked = {one.request_headers.get("client-request-id") for one in cloud.journal.exchanges}
        assert graph["client_request_id"] in asked
        assert "I know nothing about 2222-2222." in await heard(journey, "why 22222222")
        await journey.teams.say(tenant.ben, tenant.incidents, f"why {reference}")
        await journey.until(lambda: any("Only an administrator" in text for text in journey.whispers(tenant.incidents)))
        shown = as_lines(story) + str(as_json(story)) + told
        secrets = ("Secret plans", "Ana", "https://", *(one.join_url for one in cloud.graph.meetings))
        assert [secret for secret in secrets if secret in shown] == []
