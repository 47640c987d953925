from __future__ import annotations

import json
from typing import Any

import pytest

from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


def buttons(card: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the card's actions by title, wherever they stand."""
    found: dict[str, Any] = {}
    if isinstance(card, dict):
        if str(card.get("type", "")).startswith("Action."):
            found[card.get("title", "")] = card
        for value in card.values():
            found |= buttons(value)
    elif isinstance(card, list):
        for value in card:
            found |= buttons(value)
    return found


async def test_meet_now_in_a_channel_becomes_a_card(journey: Journey) -> None:
    """`@Muster meet now Retro` in a channel becomes a card with a join link, two numbers and a conference id."""
    tenant = journey.cloud.tenant
    delivery = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    assert delivery.status == 202
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    (post,) = [post for post in journey.cloud.posts(tenant.incidents) if post.sender.startswith("28:")]
    (text,) = journey.texts(tenant.incidents)
    assert "+44 20 7946 0123" in text
    assert "+44 808 157 0192" in text
    (created,) = journey.cloud.journal.find("graph.createOrGet")
    assert created.request["chatInfo"] == {"threadId": tenant.incidents.thread_id}
    conference_id = created.response["audioConferencing"]["conferenceId"]
    assert conference_id in text.replace(" ", "")
    assert buttons(post.card)["Join Retro"]["url"] == created.response["joinWebUrl"]
    assert "The meeting's chat is this channel." in text
    assert post.problems == []


async def test_until_the_card_is_posted_only_the_two_unavoidable_calls_are_made(journey: Journey) -> None:
    """One request costs one call to Graph, one to Teams and at most one token for each."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: bool(journey.texts(tenant.incidents)))
    counts = journey.cloud.journal.counts()
    assert counts["graph.createOrGet"] == 1
    assert counts["connector.post"] == 1
    assert counts["entra.token"] <= 2
    others = {name for name in counts if name.startswith(("graph.", "connector."))}
    assert others == {"graph.createOrGet", "connector.post"}


async def test_a_reply_in_a_thread_is_answered_in_that_thread(journey: Journey) -> None:
    """Who asks in a thread finds the card in that thread."""
    tenant = journey.cloud.tenant
    root = await journey.teams.say(tenant.ben, tenant.incidents, "the database is slow", mention=False)
    asked = await journey.teams.say(tenant.ana, tenant.incidents, "meet now", root=root.id)
    await journey.until(lambda: bool(journey.texts(tenant.incidents)))
    (post,) = [post for post in journey.cloud.posts(tenant.incidents) if post.sender.startswith("28:")]
    assert post.conversation_id == asked.conversation_id
    assert post.conversation_id.endswith(f";messageid={root.id}")


async def test_a_group_chat_gets_a_standalone_meeting(journey: Journey) -> None:
    """In a group chat the meeting has its own chat, and the card says so."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.leads, "meet now")
    await journey.until(lambda: bool(journey.texts(tenant.leads)))
    (created,) = journey.cloud.journal.find("graph.createOrGet")
    assert "chatInfo" not in created.request
    assert "This meeting has its own chat" in journey.texts(tenant.leads)[0]


async def test_a_one_to_one_needs_no_mention(journey: Journey) -> None:
    """In a 1:1 one just types."""
    tenant = journey.cloud.tenant
    chat = tenant.personal_chat(tenant.ana)
    await journey.teams.say(tenant.ana, chat, "meet now", mention=False)
    await journey.until(lambda: bool(journey.texts(chat)))
    assert "Meeting with Ana Lima: open\n" in journey.texts(chat)[0]


async def test_a_second_person_is_shown_the_running_meeting(journey: Journey) -> None:
    """Whoever asks while a meeting runs is whispered the way into it: one meeting, one card."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    await journey.teams.say(tenant.ben, tenant.incidents, "meet now")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "There's already a meeting here: **Retro**" in journey.whispers(tenant.incidents)[0]
    assert [post.visible_to for post in journey.cloud.whispers(tenant.incidents)] == [tenant.ben.id]
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1


async def test_dial_in_whispers_the_numbers(journey: Journey) -> None:
    """`dial-in` tells the asking person alone how to join by phone, also in a line to read aloud."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    await journey.teams.say(tenant.ben, tenant.incidents, "dial-in")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "To read aloud: plus four four, two zero, seven nine four six" in journey.whispers(tenant.incidents)[0]


async def test_details_as_text_answers_the_press_itself(journey: Journey) -> None:
    """The button under More is answered in its own response with the numbers, and nobody else sees it."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    (post,) = [post for post in journey.cloud.posts(tenant.incidents) if post.sender.startswith("28:")]
    pressed = await journey.teams.press(tenant.ben, post, "Details as text")
    assert pressed.status == 200
    assert pressed.body["type"] == "application/vnd.microsoft.activity.message"
    assert "+44 20 7946 0123" in json.dumps(pressed.body)
    assert journey.whispers(tenant.incidents) == []


async def test_an_unknown_command_gets_the_nearest_one(journey: Journey) -> None:
    """A typo is answered privately with the command that was meant, ready to press."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meat now")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "Did you mean" in journey.whispers(tenant.incidents)[0]
    (whisper,) = journey.cloud.whispers(tenant.incidents)
    pressed = await journey.teams.press(tenant.ana, whisper, "Meet now")
    assert pressed.status == 200
    await journey.until(lambda: any(": open\n" in text for text in journey.texts(tenant.incidents)))
    assert journey.made() == 1


async def test_help_is_whispered(journey: Journey) -> None:
    """Help disturbs nobody who did not ask."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "help")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "meet now" in journey.whispers(tenant.incidents)[0]
    assert journey.texts(tenant.incidents) == []


async def test_installation_in_a_team_is_welcomed_once(journey: Journey) -> None:
    """Teams reports an installation twice; the team is greeted once."""
    tenant = journey.cloud.tenant
    deliveries = await journey.teams.install(tenant.incidents, tenant.ana)
    assert {delivery.status for delivery in deliveries} == {202}
    await journey.until(lambda: bool(journey.texts(tenant.incidents)))
    await journey.teams.say(tenant.ana, tenant.incidents, "help")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert len(journey.texts(tenant.incidents)) == 1
    assert "meet now" in journey.texts(tenant.incidents)[0]


async def test_installation_for_a_person_is_quiet(journey: Journey) -> None:
    """Nobody gets a message because an administrator installed the app for them."""
    tenant = journey.cloud.tenant
    chat = tenant.personal_chat(tenant.ben)
    await journey.teams.install(chat, tenant.ben)
    await journey.teams.say(tenant.ben, chat, "help", mention=False)
    await journey.until(lambda: bool(journey.texts(chat)))
    assert len(journey.texts(chat)) == 1


@pytest.mark.parametrize(
    ("fault", "calls", "sentence"),
    [
        ("refused-thread", 2, "This meeting has its own chat, apart from this channel."),
        ("unbound", 1, "This meeting has its own chat, apart from this channel."),
        ("unbound-other", 1, "This meeting has its own chat, apart from this channel."),
        ("unbound-no-post", 1, "This meeting has its own chat, apart from this channel."),
    ],
)
async def test_a_channel_s_thread_that_graph_does_not_tie(
    journey: Journey, fault: str, calls: int, sentence: str
) -> None:
    """Where Graph refuses or ignores the channel's thread people still get a meeting, and the card says so."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject(fault)
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    assert sentence in journey.texts(tenant.incidents)[0]
    requests = [call.request for call in journey.cloud.journal.find("graph.createOrGet")]
    assert len(requests) == calls
    assert len({request["externalId"] for request in requests}) == calls


async def test_no_access_policy_is_told_to_the_person_and_shown_on_the_card(journey: Journey) -> None:
    """Without an application access policy the channel learns that it failed, the person what an admin has to do."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)) and bool(journey.texts(tenant.incidents)))
    assert "It's a setting your admin makes; you did nothing wrong." in journey.whispers(tenant.incidents)[0]
    assert "Retro: not open" in journey.texts(tenant.incidents)[0]
    assert journey.made() == 0


async def test_without_audio_conferencing_the_card_says_so(journey: Journey) -> None:
    """A host without the licence gets a meeting whose card says to all that it has no phone numbers, and not why."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("no-licence")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    assert "No phone dial-in for this meeting." in journey.texts(tenant.incidents)[0]
    assert "licence" not in journey.texts(tenant.incidents)[0]
    await journey.teams.say(tenant.ben, tenant.incidents, "dial-in")
    await journey.until(lambda: bool(journey.cloud.whispers(tenant.incidents, tenant.ben.id)))


async def test_a_host_is_told_once_why_there_are_no_numbers(journey: Journey) -> None:
    """The host alone reads that a licence is missing, at the first meeting and not at the next ones."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("no-licence")
    for chat in (tenant.incidents, tenant.leads):
        await journey.teams.say(tenant.ana, chat, "meet now Retro")
        await journey.until(lambda chat=chat: any("Retro: open\n" in text for text in journey.texts(chat)))  # type: ignore[misc]  # mypy sees one parameter more
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "your account has no Audio Conferencing licence" in journey.whispers(tenant.incidents)[0]
    assert [post.visible_to for post in journey.cloud.whispers(tenant.incidents)] == [tenant.ana.id]
    assert journey.whispers(tenant.leads) == []


async def test_a_failed_request_can_be_tried_again(journey: Journey) -> None:
    """The failed card's button opens the meeting when the fault is mended."""
    tenant = journey.cloud.tenant
    fault = journey.cloud.faults.inject("forbidden")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("not open" in text for text in journey.texts(tenant.incidents)))
    fault.remove()
    (post,) = [post for post in journey.cloud.posts(tenant.incidents) if post.sender.startswith("28:")]
    pressed = await journey.teams.press(tenant.ben, post, "Try again")
    assert pressed.status == 200
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    assert len(journey.texts(tenant.incidents)) == 1
