"""`settings`: what this chat's meetings have unless somebody says otherwise, and how one person is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cards
from bot.commands import owning, setting_words
from bot.commands.command import Asked, Command
from bot.commands.setting_words import Changes
from bot.decisions import Effect, Record, Reply, SaveChat, SavePerson
from bot.messages import Answer
from bot.model import Chat

PRIVATE = frozenset({"backup_bridge", "ring"})
"""What the audit only says was changed."""


def run(asked: Asked) -> Reply:
    """Show what is set, with the way into the dialog, or set what was said. Raises UsageError for anything else."""
    if not asked.rest.strip():
        return asked.ask("settings", **shown(asked))
    mine, changes = setting_words.said(asked.rest, asked.policy.languages)
    return change(asked, {} if mine else changes, changes if mine else {})


def change(asked: Asked, chat_changes: Changes, own_changes: Changes) -> Reply:
    """Write the changes, each by somebody who may, with a line in the audit for each place (DESIGN 4)."""
    chat, turn, view = asked.chat, asked.turn, asked.view
    if own_changes and not turn.person.oid:
        return asked.tell("settings-nobody")
    after, keys = setting_words.changed(chat.settings, chat_changes)
    if keys and not owning.may_set(asked):
        return owning.looked_up(asked, COMMAND.name) or asked.tell("settings-refused", who=_who(asked))
    effects: list[Effect] = []
    own, own_keys = setting_words.changed(view.me, own_changes)
    if own_keys:  # first: it is what somebody else may have been faster with
        effects += [
            SavePerson(chat.tenant, turn.person.oid, own, view.me_version),
            _record(asked, "settings me", own_keys, own),
        ]
    if keys:
        effects += [SaveChat(replace(chat, settings=after)), _record(asked, "settings", keys, after)]
    if not effects:
        return asked.tell("settings-same")
    now = replace(asked, view=replace(view, chat=replace(chat, settings=after), me=own))
    return now.tell("settings-set", *effects, **shown(now))


def again(asked: Asked) -> Reply:
    """Go on with what was said or with a dialog, when it is known whether the person owns the team."""
    _, _, name = asked.turn.verb.partition(" ")
    return owning.dialog_goes_on(asked, opened, chosen) if name == COMMAND.name else run(asked)


def chosen(asked: Asked) -> Reply:
    """Write what was changed in the dialog."""
    return change(asked, *setting_words.submitted(asked.turn.data, asked.policy.languages))


def opened(asked: Asked) -> Reply:
    """Show the dialog, at once unless it has to be found out who may change what."""
    looking = None if owning.may_set(asked) else owning.looked_up(asked, COMMAND.name)
    return looking or Reply((), "dialog", dialog(asked))


def dialog(asked: Asked) -> Answer:
    """Return the dialog, filled in with what is set; the chat's part only for who may change it."""
    languages = list(asked.policy.languages)
    words = asked.whisper("settings", **shown(asked), may=owning.may_set(asked), languages=languages)
    return Answer(card=cards.settings_dialog(words))


def shown(asked: Asked) -> dict[str, Any]:
    """Return the settings as words and dialogs take them: text, numbers and lists of text."""
    return {"chat": of_chat(asked.chat), "me": {key: str(value) for key, value in asked.view.me.items()}}


def of_chat(chat: Chat) -> dict[str, str]:
    """Return what is set for a chat as the dialog's inputs have it; what is not set is left out."""
    known = {key: chat.settings.get(key) for key in setting_words.CHAT}
    return {key: _text(value) for key, value in known.items() if value not in (None, "", [])}


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "on" if value is True else str(value)


def _who(asked: Asked) -> str:
    return next((person.name for person in asked.view.installers if person.name), "")


def _record(asked: Asked, action: str, keys: list[str], after: Mapping[str, Any]) -> Record:
    """Say what was changed to what; of people's own text and of people only that it was."""
    turn = asked.turn
    said = [key if key in PRIVATE else f"{key}={_text(after.get(key, 'default'))}" for key in keys]
    return Record(
        turn.chat.tenant,
        turn.person.oid,
        action,
        turn.chat.thread_id if action == "settings" else "",
        detail=" ".join(said),
        reference=turn.reference,
    )


COMMAND = Command(
    name="settings",
    phrases=("settings",),
    usage="settings",
    description="What this chat's meetings have, and how I answer you",
    examples=("settings", "settings duration: 45m", "settings lobby: everyone", "settings me: plain text"),
    run=run,
    takes_words=True,
)
