"""What Teams shows beside the chat, for the terminal: adding Muster, the compose box, a message's menu, dialogs."""

from __future__ import annotations

from typing import Any

from bot.sandbox import dialogs
from bot.sandbox.teams_client import Delivery, TeamsClient
from bot.sandbox.tenant import Chat, Person, Tenant

USAGE = {
    "/install": "/install             add Muster to this chat: then you may change its settings",
    "/compose": "/compose [SUBJECT]   Meet now beside the text field",
    "/about": "/about               Meet about this, on your last message",
    "/fill": "/fill FIELD: VALUE   fill in a field of the dialog that is shown, and send it",
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


async def filled(client: TeamsClient, tenant: Tenant, shown: Delivery | None, text: str) -> Delivery:
    """Fill in one field, named by the beginning of its label, and press the dialog's first button.

    Raises LookupError with what to say: no dialog, no such field, or nobody and nothing of this name to choose.
    """
    label, _, value = (part.strip() for part in text.partition(":"))
    shows = dialogs.card(shown.body) if shown else {"body": []}
    fields = [part for part in shows["body"] if str(part["type"]).startswith("Input.")]
    meant = [field for field in fields if label and str(field["label"]).casefold().startswith(label.casefold())]
    if shown is None or not meant:
        there = ", ".join(str(field["label"]) for field in fields)
        raise LookupError(f"Fields: {there}." if there else "No dialog with fields is open.")
    button = next(action["title"] for action in shows["actions"] if action["type"] == "Action.Submit")
    return await client.submit(shown, button, **{meant[0]["id"]: _chosen(meant[0], value, tenant)})


def _chosen(field: dict[str, Any], value: str, tenant: Tenant) -> str:
    """Return what Teams sends for what somebody chose: of people their object ids, of choices what they stand for."""
    if "choices.data" in field:
        people = [(name, tenant.person(name.strip())) for name in value.split(",") if name.strip()]
        if nobody := ", ".join(name.strip() for name, person in people if person is None):
            raise LookupError(f"Nobody here is called {nobody}.")
        return ",".join(person.oid for _, person in people if person)
    choices = {str(choice["title"]).casefold(): str(choice["value"]) for choice in field.get("choices", ())}
    if choices and value.casefold() not in choices:
        raise LookupError(f"Choose one of: {', '.join(str(choice['title']) for choice in field['choices'])}.")
    return choices.get(value.casefold(), value)


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


def _field(part: dict[str, Any]) -> str:
    titles = {choice["value"]: choice["title"] for choice in part.get("choices", ())}
    value = part.get("value", "")
    return f"{part.get('label', '')}: {titles.get(value, value)}"
