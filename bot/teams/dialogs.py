"""Dialogs' invokes as Teams sends them, and their answers (facts/teams 2.5, 4). Pure; whatever JSON, nothing is raised.

`task/*` is a button's dialog, `composeExtension/*` one of the compose box or of a message.
https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/action-commands/define-action-command
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cards
from bot.messages import Answer
from bot.model import Person
from bot.teams import said

CARD = "application/vnd.microsoft.card.adaptive"
STEPS = {
    "task/fetch": "fetch",
    "task/submit": "submit",
    "composeExtension/fetchTask": "fetch",
    "composeExtension/submitAction": "submit",
}
"""What asks for a dialog, and what sends one back."""
BUTTONS, COMPOSE = frozenset({"settings", "ring"}), frozenset({"meet", "about"})
WRITTEN = frozenset({"subject", "say", "chat.backup_bridge"})
"""What of a dialog's data is people's own words."""
MOST_DATA = 64
LONGEST_MESSAGE = 4000
"""Characters of a message that its subject is looked for in."""
_TAG = re.compile(r"<[^<>]{0,2000}>")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an invoke says: `verb` such as `fetch meet`, its data, and the message it is about with its author."""

    verb: str
    data: dict[str, str]
    text: str = ""
    author: Person | None = None


def read(activity: Mapping[str, Any]) -> Asked | None:
    """Return what a dialog's invoke says, None for any other and for one of a dialog that there is not."""
    name = activity.get("name")
    step = STEPS.get(name) if isinstance(name, str) else None
    value = activity.get("value")
    if step is None or not isinstance(value, Mapping):
        return None
    given = _object(value, "data")
    from_button = isinstance(name, str) and name.startswith("task/")
    dialog = _text(given if from_button else value, "dialog" if from_button else "commandId")
    if dialog not in (BUTTONS if from_button else COMPOSE):
        return None
    data = {str(key): _plain(item) for key, item in list(given.items())[:MOST_DATA] if isinstance(item, str | int)}
    data |= {key: said.words(data[key]) for key in WRITTEN & data.keys()}
    for reserved in ("link", "installed"):
        data.pop(reserved, None)  # Teams' to say, not the dialog's
    if _object(given, "msteams").get("justInTimeInstall") is True:
        # Muster was added just now: what was asked for is shown at last.
        step, data = "fetch", {"installed": "yes"}
    message = _object(value, "messagePayload") if dialog == "about" else {}
    if link := _text(message, "linkToMessage"):
        data["link"] = link
    return Asked(f"{step} {dialog}", data, _words(message), _author(message))


def reply(answer: Answer, verb: str = "", locale: str = "en") -> dict[str, Any]:
    """Return the body of the response: a dialog to go on with, or a card for the message that is being written.

    `verb` is the turn's: it names the dialog.
    """
    if answer.insert and answer.card is not None:
        attachment = {"contentType": CARD, "content": answer.card}
        return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": [attachment]}}
    card = answer.card or cards.sentence_dialog(answer.text or answer.error, locale)
    shown = {"contentType": CARD, "content": card}
    _, _, name = verb.partition(" ")
    title = cards.dialog_title(name, locale) if name else "Muster"
    value = {"title": title, "height": "medium", "width": "medium", "card": shown}
    return {"task": {"type": "continue", "value": value}}


def _words(message: Mapping[str, Any]) -> str:
    """Return a message's first words: without its HTML, which is never shown as such."""
    body = _object(message, "body")
    content = _text(message, "subject") or _text(body, "content")[:LONGEST_MESSAGE]
    return said.words(html.unescape(_TAG.sub(" ", content)))


def _author(message: Mapping[str, Any]) -> Person | None:
    """Return who wrote the message, if a person of the organization did."""
    user = _object(_object(message, "from"), "user")
    oid = _text(user, "id")
    if not oid or _text(user, "userIdentityType") not in {"", "aadUser"}:
        return None
    return Person(oid, oid, said.words(_text(user, "displayName")))


def _plain(value: str | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(holder: Mapping[str, Any], key: str) -> str:
    found = holder.get(key)
    return found if isinstance(found, str) else ""
