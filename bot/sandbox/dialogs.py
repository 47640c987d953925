"""Dialogs as Teams opens and sends them, and what Teams makes of the answers (facts/teams 2.5, 4): pure functions.

https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/action-commands/create-task-module
"""

from __future__ import annotations

import uuid
from typing import Any

from bot.sandbox.activities import Activity, Scribe
from bot.sandbox.posts import Post
from bot.sandbox.tenant import Person

DIALOG_MS = 5_000
"""How long Teams waits for a dialog's answer (facts/teams 4)."""
NAMES = frozenset({"task/fetch", "task/submit", "composeExtension/fetchTask", "composeExtension/submitAction"})
_CARD = "application/vnd.microsoft.card.adaptive"


def problems(body: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return what of an answer Teams could not show: it takes a dialog, a sentence, or a card for the compose box."""
    answer = body if isinstance(body, dict) else {}
    task, result = answer.get("task"), answer.get("composeExtension")
    if isinstance(result, dict):
        listed = result.get("attachments")
        fine = result.get("type") == "result" and isinstance(listed, list) and all(_is_card(item) for item in listed)
        return [] if fine else ["the composeExtension is no result with cards"]
    if not isinstance(task, dict):
        return ["neither a task nor a composeExtension"]
    value = task.get("value")
    if task.get("type") == "message":
        return [] if isinstance(value, str) and value else ["a message without words"]
    if task.get("type") != "continue" or not isinstance(value, dict):
        return [f"unknown task type {task.get('type')!r}"]
    return [] if _is_card(value.get("card")) else ["a dialog without a card"]


def card(body: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the card of a dialog that is shown, or of one for the compose box. LookupError if there is none."""
    answer = body if isinstance(body, dict) else {}
    shown = (answer.get("task") or {}).get("value")
    listed = (answer.get("composeExtension") or {}).get("attachments") or [None]
    found: Any = shown.get("card") if isinstance(shown, dict) else listed[0]
    if not _is_card(found):
        raise LookupError("no dialog is shown")
    content: dict[str, Any] = found["content"]
    return content


def opens(action: Activity) -> bool:
    """Say whether a button opens a dialog: its data asks Teams to fetch one."""
    asked = (action.get("data") or {}).get("msteams")
    return action["type"] == "Action.Submit" and isinstance(asked, dict) and asked.get("type") == "task/fetch"


def opened(scribe: Scribe, person: Person, post: Post, action: Activity, *, at: int) -> Activity:
    """Return the press of a button that opens a dialog (Action.Submit with `msteams.type` `task/fetch`)."""
    return _invoke(scribe, "task/fetch", person, post.conversation_id, at) | {
        "replyToId": post.id,
        "value": {"data": action.get("data") or {}, "context": {"theme": "default"}},
    }


def composed(scribe: Scribe, person: Person, conversation_id: str, command: str, *, at: int) -> Activity:
    """Return a command asked for in the compose box."""
    context = {"commandId": command, "commandContext": "compose", "context": {"theme": "default"}}
    return _invoke(scribe, "composeExtension/fetchTask", person, conversation_id, at) | {"value": context}


def about(scribe: Scribe, person: Person, post: Post, author: Person, *, at: int) -> Activity:
    """Return the command "Meet about this" on a message of `author`."""
    user = {"id": author.oid, "displayName": author.name, "userIdentityType": "aadUser"}
    thread, _, _ = post.conversation_id.partition(";")
    message = {
        "id": post.id,
        "from": {"user": user, "device": None, "application": None},
        "body": {"contentType": "html", "content": f"<div><p>{post.text}</p></div>"},
        "linkToMessage": f"https://teams.example/l/message/{thread}/{post.id}",
        "attachments": [],
        "mentions": [],
    }
    context = {"commandId": "about", "commandContext": "message", "context": {"theme": "default"}}
    invoke = _invoke(scribe, "composeExtension/fetchTask", person, post.conversation_id, at)
    return invoke | {"value": {**context, "messagePayload": message}}


def submitted(before: Activity, inputs: Activity, title: str, shown: dict[str, Any]) -> Activity:
    """Return the press of a button of the dialog that `before` opened; `inputs` are what its fields hold.

    Raises LookupError naming the buttons when there is none of this title.
    """
    actions = shown.get("actions") or []
    pressed = next((action for action in actions if action.get("title") == title), None)
    if pressed is None or pressed.get("type") != "Action.Submit":
        titles = ", ".join(str(action.get("title")) for action in actions)
        raise LookupError(f"no button {title!r} to submit; there are: {titles or 'none'}")
    fields = {part["id"]: part.get("value", "") for part in shown["body"] if str(part["type"]).startswith("Input.")}
    data = {**(pressed.get("data") or {}), **fields, **inputs}
    name = "task/submit" if before["name"].startswith("task/") else "composeExtension/submitAction"
    value = {**before["value"], "data": data}
    return {**before, "id": f"f:{uuid.uuid4()}", "name": name, "value": value}


def _invoke(scribe: Scribe, name: str, person: Person, conversation_id: str, at: int) -> Activity:
    activity = scribe.envelope("invoke", person, conversation_id, at=at)
    return {**activity, "id": f"f:{uuid.uuid4()}", "name": name}


def _is_card(found: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(found, dict) and found.get("contentType") == _CARD and isinstance(found.get("content"), dict)
