"""What Teams shows beside the chat, for the terminal: adding Muster, the compose box, a message's menu, dialogs."""

from __future__ import annotations

from bot.sandbox import dialogs
from bot.sandbox.teams_client import Delivery, TeamsClient
from bot.sandbox.tenant import Chat, Person

USAGE = {
    "/install": "/install             add Muster to this chat: then you may change its settings",
    "/compose": "/compose [SUBJECT]   Meet now beside the text field",
    "/about": "/about               Meet about this, on your last message",
}


async def installed(client: TeamsClient, person: Person, chat: Chat) -> Delivery:
    """Add Muster to a chat."""
    return (await client.install(chat, person))[-1]


async def composed(client: TeamsClient, person: Person, chat: Chat, subject: str) -> Delivery:
    """Ask for Meet now beside the text field and press it in the dialog; return the last answer."""
    return await _submitted(client, await client.compose(person, chat), {"subject": subject} if subject else {})


async def about(client: TeamsClient, person: Person, said: Delivery) -> Delivery:
    """Ask to meet about what was said, and press Meet now in the dialog; return the last answer."""
    return await _submitted(client, await client.about(person, said), {})


async def _submitted(client: TeamsClient, dialog: Delivery, inputs: dict[str, str]) -> Delivery:
    try:
        return await client.submit(dialog, "Meet now", **inputs)
    except LookupError:  # no form, but what stands in its way
        return dialog


def drawn(delivery: Delivery) -> str:
    """Return the dialog of an answer as lines of text: what it says, its fields and its buttons; "" for none."""
    if delivery.activity.get("name") not in dialogs.NAMES:
        return ""
    shown = dialogs.card(delivery.body)
    lines = [f"  | {part.get('text') or _field(part)}" for part in shown["body"]]
    buttons = "  ".join(f"[{action['title']}]" for action in shown.get("actions", []))
    return "\n".join([*lines, *([f"  | {buttons}"] if buttons else [])])


def _field(part: dict[str, str]) -> str:
    return f"{part.get('label', '')}: {part.get('value', '')}"
