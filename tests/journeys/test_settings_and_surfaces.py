"""Settings, dialogs, the compose box and plain text: what people set, and the ways to a meeting besides typing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.dialogs import card
from bot.sandbox.teams_client import Delivery
from bot.sandbox.tenant import Chat, Person
from tests.journeys.harness import Journey, words


async def told(journey: Journey, person: Person, chat: Chat, line: str) -> str:
    """Return what is whispered to somebody who says a line."""
    before = len(journey.whispers(chat))
    await journey.teams.say(person, chat, line)
    await journey.until(lambda: len(journey.whispers(chat)) > before)
    return journey.whispers(chat)[-1]


def shown(delivery: Delivery) -> dict[str, Any]:
    """Return the card of a dialog that Teams can show."""
    assert delivery.problems() == []
    return card(delivery.body)


async def open_in(journey: Journey, chat: Chat, subject: str) -> str:
    """Return the card of a meeting once it is open in a chat."""
    await journey.until(lambda: any(f"{subject}: open\n" in text for text in journey.texts(chat)))
    return next(text for text in journey.texts(chat) if f"{subject}: open\n" in text)


async def test_what_a_chat_sets_is_what_its_meetings_have(journey: Journey) -> None:
    """Who added Muster sets length and lobby in words; others cannot; the next meeting has them."""
    tenant = journey.cloud.tenant
    await journey.teams.install(tenant.incidents, tenant.ana)
    assert (await told(journey, tenant.ana, tenant.incidents, "settings duration: 30m")).startswith("Saved.")
    assert "everyone" in await told(journey, tenant.ana, tenant.incidents, "settings lobby: everyone")
    refusal = await told(journey, tenant.ben, tenant.incidents, "settings duration: 2h")
    assert refusal == "Only Ana Lima, who added me here, or a team owner can change this chat's settings."
    await journey.teams.say(tenant.ben, tenant.incidents, "meet now Retro")
    await open_in(journey, tenant.incidents, "Retro")
    asked = [one.request for one in journey.cloud.journal.find("graph.createOrGet")]
    begins, ends = (datetime.fromisoformat(asked[0][name]) for name in ("startDateTime", "endDateTime"))
    assert ends - begins == timedelta(minutes=30)
    await journey.until(lambda: journey.cloud.graph.meetings[0].lobby["scope"] == "everyone")


async def test_the_settings_dialog_opens_from_a_button_and_is_kept(journey: Journey) -> None:
    """The button of `settings` opens a dialog; what is saved stands in it the next time, and in the channel's post."""
    tenant = journey.cloud.tenant
    await journey.teams.install(tenant.incidents, tenant.ana)
    await told(journey, tenant.ana, tenant.incidents, "settings")
    post = journey.cloud.whispers(tenant.incidents)[-1]
    dialog = await journey.teams.open_dialog(tenant.ana, post, "Change settings")
    inputs = {part["id"]: part for part in shown(dialog)["body"] if part["type"].startswith("Input.")}
    assert inputs["chat.dial_in"]["value"] == "default"
    saved = await journey.teams.submit(dialog, "Save", **{"chat.dial_in": "whisper", "chat.start": "owners"})
    assert "Saved." in words(shown(saved))
    again = await journey.teams.open_dialog(tenant.ana, post, "Change settings")
    assert "whisper" in str(shown(again)["body"])
    refused = await told(journey, tenant.ben, tenant.incidents, "meet now")
    assert refused == "Only Ana Lima or a team owner can start meetings here: that's how this chat is set."
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    assert "7946" not in await open_in(journey, tenant.incidents, "Retro")
    pressed = await journey.teams.press(tenant.ben, journey.cloud.bot_posts(tenant.incidents)[-1], "Details as text")
    assert "7946 0123" in pressed.body["value"]


async def test_a_dialog_gives_nobody_rights_they_do_not_have(journey: Journey) -> None:
    """Whoever may not change a chat's settings is not offered them, and a forged submission changes nothing."""
    tenant = journey.cloud.tenant
    await journey.teams.install(tenant.incidents, tenant.ana)
    await told(journey, tenant.ben, tenant.incidents, "settings")
    dialog = await journey.teams.open_dialog(
        tenant.ben, journey.cloud.whispers(tenant.incidents)[-1], "Change settings"
    )
    assert "chat." not in str([part.get("id") for part in shown(dialog)["body"]])
    forged = await journey.teams.submit(dialog, "Save", **{"chat.start": "owners", "me.language": "de"})
    assert "Only Ana Lima" in words(shown(forged))
    assert "Who may start" not in await told(journey, tenant.ana, tenant.incidents, "settings")


async def test_a_team_owner_sets_and_starts_like_who_added_muster(journey: Journey) -> None:
    """Whoever owns the team is offered its settings in the dialog, and starts meetings where only owners may."""
    tenant = journey.cloud.tenant
    tenant.team.owners.append(tenant.chloe.oid)
    tenant.consents.add("TeamMember.Read.Group")
    await journey.teams.install(tenant.incidents, tenant.ana)
    await told(journey, tenant.chloe, tenant.incidents, "settings")
    post = journey.cloud.whispers(tenant.incidents)[-1]
    dialog = await journey.teams.open_dialog(tenant.chloe, post, "Change settings")
    assert "chat.start" in str(shown(dialog)["body"])
    await journey.teams.submit(dialog, "Save", **{"chat.start": "owners"})
    assert (await told(journey, tenant.ben, tenant.incidents, "meet now")).startswith("Only Ana Lima or a team owner")
    await journey.teams.say(tenant.chloe, tenant.incidents, "meet #INC-42")
    await open_in(journey, tenant.incidents, "#INC-42")


async def test_guests_are_kept_from_starting_where_members_start(journey: Journey) -> None:
    """Where everyone but guests may start meetings, a guest is told so in one sentence, and a member starts one."""
    tenant = journey.cloud.tenant
    await journey.teams.install(tenant.incidents, tenant.ana)
    await told(journey, tenant.ana, tenant.incidents, "settings start: members")
    assert (await told(journey, tenant.kim, tenant.incidents, "meet now Lunch")).startswith("Guests can't start")
    await journey.teams.say(tenant.ben, tenant.incidents, "meet now Retro")
    await open_in(journey, tenant.incidents, "Retro")
    assert journey.made() == 1


async def test_plain_text_is_every_answer_as_text(journey: Journey) -> None:
    """After `settings me: plain text` whispers have no card, in every chat, and their buttons are written out."""
    tenant = journey.cloud.tenant
    assert "plain text" in await told(journey, tenant.ana, tenant.incidents, "settings me: plain text")
    await told(journey, tenant.ana, tenant.leads, "meat now")
    whisper = journey.cloud.whispers(tenant.leads)[-1]
    assert whisper.card is None
    assert "Meet now: say meet now" in whisper.text


async def test_the_compose_box_asks_for_the_same_meeting(journey: Journey) -> None:
    """Meet now beside the text field: a dialog, and from it the meeting with its people, as if it had been typed."""
    tenant = journey.cloud.tenant
    dialog = await journey.teams.compose(tenant.ana, tenant.leads)
    assert {part.get("id") for part in shown(dialog)["body"]} == {"subject", "people", "duration", "lobby"}
    sent = {"subject": "Retro with lobby everyone", "people": f"{tenant.ben.oid},nobody", "duration": "45"}
    answer = await journey.teams.submit(dialog, "Meet now", **sent)
    again = await journey.teams.redeliver(answer, new_id=True)
    assert "Working on it" in words(shown(answer))
    assert again[0].body == answer.body
    await open_in(journey, tenant.leads, "Retro with lobby everyone")
    assert journey.made() == 1
    asked = [one.request for one in journey.cloud.journal.exchanges if one.operation.startswith("graph.")]
    assert tenant.ben.oid in str(asked)


async def test_what_a_dialog_answers_has_its_buttons(journey: Journey) -> None:
    """Where a meeting runs already the dialog leads into it, and its other button starts another, once."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ben, tenant.leads, "meet now Retro")
    await open_in(journey, tenant.leads, "Retro")
    there = await journey.teams.submit(
        await journey.teams.compose(tenant.ana, tenant.leads), "Meet now", subject="Lunch"
    )
    assert "There's already a meeting here" in words(shown(there))
    assert [action["title"] for action in shown(there)["actions"]] == ["Join Retro", "Start another"]
    another = await journey.teams.submit(there, "Start another")
    await journey.teams.redeliver(another, times=2, new_id=True)
    await open_in(journey, tenant.leads, "Lunch")
    assert journey.made() == 2


async def test_a_meeting_about_a_message_names_it(journey: Journey) -> None:
    """Meet about this: the message's words are the subject, its author is invited, and the card leads back to it."""
    tenant = journey.cloud.tenant
    said = await journey.teams.say(tenant.ben, tenant.leads, "The database is down", mention=False)
    dialog = await journey.teams.about(tenant.ana, said)
    subject = next(part for part in shown(dialog)["body"] if part.get("id") == "subject")
    assert subject["value"] == "The database is down"
    await journey.teams.submit(dialog, "Meet now")
    text = await open_in(journey, tenant.leads, "The database is down")
    assert "[The message this is about](https://teams.example/l/message/" in text


async def test_where_muster_is_not_it_can_be_added_or_stay_in_the_window(journey: Journey) -> None:
    """In a chat without Muster the dialog offers to add it; else the meeting is in the dialog, ready to copy."""
    tenant = journey.cloud.tenant
    chat = tenant.add_group_chat("Lunch", tenant.ana, tenant.ben, installed=False)
    dialog = await journey.teams.compose(tenant.ana, chat)
    assert [action["title"] for action in shown(dialog)["actions"]] == ["Add me here", "Open it in this window"]
    form = await journey.teams.submit(dialog, "Open it in this window")
    opening = await journey.teams.submit(form, "Meet now", subject="Pizza")
    await journey.until(lambda: journey.made() == 1)
    seen = opening
    while not any(action["title"] == "Copy it into my message" for action in shown(seen)["actions"]):
        seen = await journey.teams.submit(seen, "Show it")
    assert "7946 0123" in words(shown(seen))
    assert "https://" in next(part["value"] for part in shown(seen)["body"] if part.get("id") == "link")
    copied = await journey.teams.submit(seen, "Copy it into my message")
    assert copied.body["composeExtension"]["type"] == "result"
    assert [action["type"] for action in shown(copied)["actions"]] == ["Action.OpenUrl"]
    assert journey.texts(chat) == []
    other = await journey.teams.compose(tenant.ben, chat)
    stranger = await journey.teams.submit(other, "Open it in this window")
    peeked = await journey.teams.submit(stranger, "Meet now", show="1")
    assert "Pizza" not in words(shown(peeked))


async def test_adding_muster_on_the_way_leads_on_to_the_dialog(journey: Journey) -> None:
    """Who adds Muster from the compose box is shown the dialog at once, and the meeting is posted in the chat."""
    tenant = journey.cloud.tenant
    chat = tenant.add_group_chat("Lunch", tenant.ana, tenant.ben, installed=False)
    dialog = await journey.teams.compose(tenant.ana, chat)
    form = await journey.teams.submit(dialog, "Add me here")
    await journey.teams.submit(form, "Meet now", subject="Pizza")
    await open_in(journey, chat, "Pizza")


async def test_a_meeting_chat_offers_its_own_meeting_first(journey: Journey) -> None:
    """In the chat of a meeting nobody gets a second one by accident; who wants one presses the button."""
    tenant = journey.cloud.tenant
    chat = Chat("19:meeting_abc@thread.v2", "groupChat", "Planning", [tenant.ana.oid, tenant.ben.oid])
    tenant.chats.append(chat)
    assert "has its own meeting already" in await told(journey, tenant.ana, chat, "meet now Retro")
    assert journey.made() == 0
    await journey.teams.press(tenant.ana, journey.cloud.whispers(chat)[-1], "Start another")
    await open_in(journey, chat, "Retro")


async def test_a_team_is_welcomed_once_and_people_never(journey: Journey) -> None:
    """One welcome in a team, with Muster's name; none after it was removed and added again, none in a 1:1."""
    tenant = journey.cloud.tenant
    await journey.teams.install(tenant.incidents, tenant.ana)
    await journey.until(lambda: bool(journey.texts(tenant.incidents)))
    (welcome,) = journey.texts(tenant.incidents)
    assert welcome.startswith("Hello, Platform team. Type @Muster meet now (pick Muster from the list)")
    await journey.teams.remove(tenant.incidents, tenant.ana)
    await journey.teams.install(tenant.incidents, tenant.ben)
    alone = tenant.personal_chat(tenant.ben)
    await journey.teams.install(alone, tenant.ben)
    await told_alone(journey, tenant.ben, alone)
    assert (len(journey.texts(tenant.incidents)), len(journey.texts(alone))) == (1, 1)


async def told_alone(journey: Journey, person: Person, chat: Chat) -> None:
    """Ask something in a 1:1 and wait for its answer."""
    await journey.teams.say(person, chat, "help")
    await journey.until(lambda: bool(journey.texts(chat)))


async def test_a_slash_command_needs_no_mention(journey: Journey) -> None:
    """What is said to Muster alone in a channel is heard, and the meeting it opens is everybody's."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro", targeted=True)
    await open_in(journey, tenant.incidents, "Retro")
    await journey.teams.say(tenant.ben, tenant.incidents, "settings", targeted=True)
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert journey.whispers(tenant.incidents)[0].startswith("Settings\n")
