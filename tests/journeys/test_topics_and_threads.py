"""What people meet about: topics of a team, slips of the finger, threads (ENGINE R9, EXPERIENCE 1.1, 1.11)."""

from __future__ import annotations

import pytest

from bot.sandbox.activities import button
from bot.sandbox.posts import Post
from bot.sandbox.tenant import Chat
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


def bot_posts(journey: Journey, chat: Chat) -> list[Post]:
    """Return what the bot posted for everybody in a chat."""
    return journey.cloud.bot_posts(chat)


async def opened(journey: Journey, chat: Chat, subject: str) -> None:
    """Wait until a card of this subject is open in a chat."""
    await journey.until(lambda: any(f"{subject}: open\n" in text for text in journey.texts(chat)))


async def test_one_topic_in_two_channels_is_one_meeting_with_two_cards(journey: Journey) -> None:
    """However it is typed, in whichever channel of the team: one meeting, a card in each, and the way in whispered."""
    tenant = journey.cloud.tenant
    database = tenant.add_channel("db-oncall")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet #INC-42 DB down")
    await opened(journey, tenant.incidents, "#INC-42 DB down")
    await journey.teams.say(tenant.ben, database, "meet \uff03inc\u201342")
    await opened(journey, database, "#INC-42 DB down")
    await journey.until(lambda: bool(journey.whispers(database)))
    assert "There's already a meeting here: **#INC-42 DB down**" in journey.whispers(database)[0]
    await journey.teams.say(tenant.chloe, database, "meet #inc 42")
    await journey.until(lambda: len(journey.whispers(database)) > 1)
    assert journey.made() == 1
    assert (len(bot_posts(journey, tenant.incidents)), len(bot_posts(journey, database))) == (1, 1)
    assert "7946" not in journey.texts(database)[0]


async def test_details_are_whispered_in_the_second_chat(journey: Journey) -> None:
    """Whoever presses Details as text under a topic's second card gets the numbers in the answer."""
    tenant = journey.cloud.tenant
    database = tenant.add_channel("db-oncall")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet #INC-42")
    await opened(journey, tenant.incidents, "#INC-42")
    await journey.teams.say(tenant.ben, database, "meet #INC-42")
    await opened(journey, database, "#INC-42")
    pressed = await journey.teams.press(tenant.chloe, bot_posts(journey, database)[0], "Details as text")
    assert "7946 0123" in pressed.body["value"]


async def test_the_same_name_elsewhere_reveals_nothing(journey: Journey) -> None:
    """In a group chat or another team a topic is another meeting, nothing shows the first, not even the work done."""
    tenant = journey.cloud.tenant
    dan = tenant.add_person("Dan Roth")
    private = tenant.add_channel("hr", tenant.ana, tenant.chloe, membership="private")
    other = tenant.add_group_chat("Works council", tenant.ben, dan)
    for asker, chat in ((tenant.chloe, private), (tenant.ben, tenant.leads), (dan, other)):
        before = journey.cloud.journal.counts()
        await journey.teams.say(asker, chat, "meet #layoffs")
        await opened(journey, chat, "#layoffs")
        assert journey.whispers(chat) == []
        after = journey.cloud.journal.counts()
        assert after["connector.member"] - before["connector.member"] == 1
    assert journey.made() == 3


async def asked_elsewhere(journey: Journey) -> tuple[Chat, Post]:
    """Let Ana, who is in a private channel where a topic is live, ask for it elsewhere; return both ends."""
    tenant = journey.cloud.tenant
    private = tenant.add_channel("hr", tenant.ana, tenant.chloe, membership="private")
    await journey.teams.say(tenant.chloe, private, "meet #layoffs")
    await opened(journey, private, "#layoffs")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet #lay-offs in spring")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    (whisper,) = journey.cloud.whispers(tenant.incidents)
    assert whisper.visible_to == tenant.ana.id
    assert journey.whispers(tenant.incidents)[0].startswith("**#lay-offs** is live in hr.")
    assert bot_posts(journey, tenant.incidents) == []
    return private, whisper


async def test_a_member_may_bring_the_meeting_here(journey: Journey) -> None:
    """Who is in the first chat is asked, and shows the same meeting's card here; others are then led to it."""
    tenant = journey.cloud.tenant
    _, whisper = await asked_elsewhere(journey)
    for _ in range(2):
        pressed = await journey.teams.press(tenant.ana, whisper, "Bring it here")
        assert pressed.problems() == []
        await opened(journey, tenant.incidents, "#layoffs")
    await journey.teams.say(tenant.ben, tenant.incidents, "meet #layoffs")
    await journey.until(lambda: len(journey.whispers(tenant.incidents)) == 2)
    assert "There's already a meeting here: **#layoffs**" in journey.whispers(tenant.incidents)[1]
    assert (journey.made(), len(bot_posts(journey, tenant.incidents))) == (1, 1)
    assert "7946" not in journey.texts(tenant.incidents)[0]
    await journey.teams.say(tenant.ben, tenant.incidents, "dial-in")
    await journey.until(lambda: len(journey.whispers(tenant.incidents)) == 3)
    assert "No phone dial-in for this meeting." in journey.whispers(tenant.incidents)[2]  # its host has no licence


async def test_a_member_may_want_a_separate_meeting(journey: Journey) -> None:
    """Open a separate one opens the topic of this chat, under the subject that was asked for."""
    _, whisper = await asked_elsewhere(journey)
    await journey.teams.press(journey.cloud.tenant.ana, whisper, "Open a separate one")
    await opened(journey, journey.cloud.tenant.incidents, "#lay-offs in spring")
    assert journey.made() == 2


async def test_a_member_no_more_brings_nothing(journey: Journey) -> None:
    """Who has left the first chat since the question was asked cannot bring its meeting anywhere."""
    tenant = journey.cloud.tenant
    private, whisper = await asked_elsewhere(journey)
    private.members.remove(tenant.ana.oid)
    await journey.teams.press(tenant.ana, whisper, "Bring it here")
    await journey.until(lambda: len(journey.whispers(tenant.incidents)) == 2)
    assert journey.whispers(tenant.incidents)[1].startswith("I couldn't bring #lay-offs here.")
    assert bot_posts(journey, tenant.incidents) == []


async def test_nobody_else_can_press_the_question(journey: Journey) -> None:
    """A forged press of somebody else's question, and its words typed by hand, bring nothing."""
    tenant = journey.cloud.tenant
    _, whisper = await asked_elsewhere(journey)
    action = button(whisper, "Bring it here")
    forged = journey.teams.scribe.press(tenant.ben, whisper, action, at=whisper.at + 1, inputs={})
    answer = await journey.teams.send(forged)
    assert answer.body["value"]["message"].startswith("I don't know this post here")
    await journey.teams.say(tenant.chloe, tenant.incidents, "bring it here #layoffs")
    await journey.until(lambda: len(journey.whispers(tenant.incidents)) == 2)
    assert journey.whispers(tenant.incidents)[1].startswith("I couldn't bring #layoffs here.")
    assert bot_posts(journey, tenant.incidents) == []


async def test_where_membership_cannot_be_confirmed_the_topic_opens_apart(journey: Journey) -> None:
    """When Teams refuses the look-up the member is treated as a stranger, and gets a meeting."""
    tenant = journey.cloud.tenant
    private = tenant.add_channel("hr", tenant.ana, tenant.chloe, membership="private")
    await journey.teams.say(tenant.chloe, private, "meet #layoffs")
    await opened(journey, private, "#layoffs")
    journey.cloud.faults.inject("connector-403", on="connector.member")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet #layoffs")
    await opened(journey, tenant.incidents, "#layoffs")
    assert journey.whispers(tenant.incidents) == []
    assert journey.made() == 2


async def test_a_slip_of_the_finger_is_asked_about(journey: Journey) -> None:
    """A topic one slip away from a live one is not opened before the person says that it is meant."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet #INC-42")
    await opened(journey, tenant.incidents, "#INC-42")
    await journey.teams.say(tenant.ben, tenant.incidents, "meet #INC-24 DB down")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "No #INC-24 yet, but **#INC-42** is open." in journey.whispers(tenant.incidents)[0]
    assert journey.made() == 1
    (whisper,) = journey.cloud.whispers(tenant.incidents)
    first = await journey.teams.press(tenant.ben, whisper, "Open #INC-24")
    await opened(journey, tenant.incidents, "#INC-24 DB down")
    second = await journey.teams.press(tenant.ben, whisper, "Open #INC-24")
    assert (first.problems(), second.problems()) == ([], [])
    assert journey.made() == 2


async def test_another_thread_may_have_its_own_meeting(journey: Journey) -> None:
    """Who asks in another thread is shown the running one, and may start one for the thread, once."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await opened(journey, tenant.incidents, "Retro")
    root = await journey.teams.say(tenant.ben, tenant.incidents, "lunch?", mention=False)
    await journey.teams.say(tenant.ben, tenant.incidents, "meet now Lunch", root=root.id)
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "**Retro** is live in another thread." in journey.whispers(tenant.incidents)[0]
    (whisper,) = journey.cloud.whispers(tenant.incidents)
    await journey.teams.press(tenant.ben, whisper, "Start one for this thread")
    await opened(journey, tenant.incidents, "Lunch")
    await journey.teams.press(tenant.ben, whisper, "Start one for this thread")
    await journey.teams.say(tenant.chloe, tenant.incidents, "meet now", root=root.id)
    await journey.until(lambda: len(journey.whispers(tenant.incidents)) > 1)
    assert "There's already a meeting here: **Lunch**" in journey.whispers(tenant.incidents)[1]
    assert journey.made() == 2


async def test_root_posts_share_the_channel_s_meeting_and_one_more_can_be_started(journey: Journey) -> None:
    """A second root post is led to the meeting; its whisper starts exactly one more, for its reader only."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await opened(journey, tenant.incidents, "Retro")
    await journey.teams.say(tenant.ben, tenant.incidents, "meet now Lunch")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "There's already a meeting here: **Retro**" in journey.whispers(tenant.incidents)[0]
    (whisper,) = journey.cloud.whispers(tenant.incidents)
    await journey.teams.press(tenant.ben, whisper, "Start another")
    await opened(journey, tenant.incidents, "Lunch")
    again = await journey.teams.press(tenant.ben, whisper, "Start another")
    assert again.problems() == []
    assert journey.made() == 2
