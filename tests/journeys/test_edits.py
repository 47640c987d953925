"""What people edit in their own messages (EXPERIENCE 1.13)."""

from __future__ import annotations

from bot.sandbox.tenant import Chat, Person
from tests.journeys.harness import Journey


async def settled(journey: Journey, person: Person, chat: Chat) -> None:
    """Wait until everything said in a chat so far was heard."""
    before = len(journey.whispers(chat))
    await journey.teams.say(person, chat, "help")
    await journey.until(lambda: len(journey.whispers(chat)) > before)


async def test_a_slip_of_the_finger_is_edited_into_a_meeting(journey: Journey) -> None:
    """Who edits a command that was not understood gets what was meant, without saying it anew; once."""
    tenant = journey.cloud.tenant
    said = await journey.teams.say(tenant.ana, tenant.incidents, "meat now")
    await journey.until(lambda: any("Did you mean" in text for text in journey.whispers(tenant.incidents)))
    assert (await journey.teams.edit(said, "@Muster meet now Retro")).status == 202
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    for words in ("@Muster meet now Retro", "@Muster meet now Review"):
        await journey.teams.edit(said, words)
    await settled(journey, tenant.ben, tenant.incidents)
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1
    assert len(journey.whispers(tenant.incidents)) == 2, "the slip, and Ben's help"


async def test_editing_what_opened_opens_nothing(journey: Journey) -> None:
    """A request that became a meeting is not asked a second time by an edit of it, and nobody is told anything."""
    tenant = journey.cloud.tenant
    said = await journey.teams.say(tenant.ana, tenant.incidents, "meet #INC-1 DB down")
    await journey.until(lambda: any("DB down: open\n" in text for text in journey.texts(tenant.incidents)))
    await journey.teams.edit(said, "@Muster meet #INC-2 DB down")
    await settled(journey, tenant.ben, tenant.incidents)
    assert journey.made() == 1
    assert len(journey.whispers(tenant.incidents)) == 1


async def test_a_mention_that_comes_by_an_edit_is_heard(journey: Journey) -> None:
    """Who forgot to mention Muster and adds it by an edit is answered."""
    tenant = journey.cloud.tenant
    said = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro", mention=False)
    await journey.teams.edit(said, "@Muster meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    assert journey.made() == 1
