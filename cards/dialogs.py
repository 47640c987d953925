"""Dialogs as Adaptive Cards: settings, a meeting asked for from the compose box, and what comes of it (DESIGN 4).

What a dialog sends back is a client's input. https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards
"""

from __future__ import annotations

import json
from typing import Any

from bot.messages import Whisper
from bot.model import Room, RoomState
from cards import escape, phone, preferences
from cards.parts import Act, Button, Line, Look, Row, join
from cards.rooms import why_failed
from cards.whispers import whisper_parts
from cards.words import Words, named, words

Element = dict[str, Any]
PEOPLE = {"type": "Data.Query", "dataset": "graph.microsoft.com/users?scope=currentContext"}
"""Teams' people picker; what is chosen comes back as object ids separated by commas."""


def dialog_title(name: str, language: str) -> str:
    """Return a dialog's title; KeyError for one that there is not."""
    says = words(language)
    titles = {"settings": says("Settings"), "meet": says("Meet now"), "about": says("Meet about this")}
    return (titles | {"ring": says("Ring someone")})[name]


def settings_dialog(whisper: Whisper) -> Element:
    """Return the settings to fill in; `chat`, `me` and `may` as in the whisper of that name, `languages` by tag."""
    says = words(whisper.language)
    chat, me = whisper.data.get("chat", {}), whisper.data.get("me", {})
    languages = {tag: named(tag) for tag in whisper.data.get("languages", ())}
    body: list[Element] = []
    if whisper.data.get("may"):
        body.append(_heading(says("This chat")))
        for key, label in preferences.labels(says).items():
            known = languages if key == "language" else preferences.choices(key, says)
            body.append(_input(key, label, str(chat.get(key, "")), known, says("as usual")))
    body += [
        _heading(says("Only you")),
        _choices("me.language", says("Language"), languages, str(me.get("language", "")), says("as in Teams")),
        _choices(
            "me.plain", says("Answers"), {"on": says("plain text")}, "on" if me.get("plain") else "", says("cards")
        ),
    ]
    shown = {part["id"]: part["value"] for part in body if "id" in part}
    # What was not changed in the dialog is left alone: somebody else may have changed it meanwhile.
    return _card(says, body, [_submit(says("Save"), {"dialog": "settings", "was": json.dumps(shown)})])


def meet_dialog(command: str, subject: str, language: str) -> Element:
    """Return what a meeting is asked for with: subject, people, duration, lobby; `command` is `meet` or `about`."""
    says = words(language)
    body = [
        _text_input("subject", says("Subject"), escape.clean(subject), 120),
        _people("people", says("People"), ""),
        _choices("duration", says("How long"), preferences.choices("duration", says), "", says("as usual")),
        _choices("lobby", says("Who comes straight in"), preferences.choices("lobby", says), "", says("as usual")),
    ]
    return _card(says, body, [_submit(says("Meet now"), {"dialog": command})])


def ring_dialog(subject: str, language: str, *, listed: int) -> Element:
    """Return what asks whom to ring into a meeting; where nobody is chosen it is the next of `listed` people."""
    says = words(language)
    body = [_shown(Line(subject, look=Look.HEADING), says), _people("people", says("Whom to ring"), "")]
    if listed:
        body.append(_line(says("Nobody chosen: the next one of this chat's ring list.")))
    return _card(says, body, [_submit(says("Ring"), {"dialog": "ring"})])


def install_card(command: str, language: str) -> Element:
    """Return the card by which Teams adds Muster to a chat and asks again; or the meeting stays in the dialog.

    https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/action-commands/create-task-module
    """
    says = words(language)
    text = says("I'm not in this chat yet. Add me and the meeting is posted here, or open it just in this window.")
    here = _submit(says("Open it in this window"), {"dialog": command, "here": "yes"})
    return _card(says, [_line(text)], [_submit(says("Add me here"), {"msteams": {"justInTimeInstall": True}}), here])


def sentence_dialog(text: str, language: str = "en") -> Element:
    """Return a dialog that says something; each line of the text is a paragraph."""
    return _card(words(language), [_line(escape.markdown(line, 1000)) for line in text.split("\n") if line], [])


def whisper_dialog(whisper: Whisper, command: str) -> Element:
    """Return what one person is told as a dialog: a button that says a command sends its line back."""
    says, parts = words(whisper.language), whisper_parts(whisper)
    buttons = [button for part in parts if isinstance(part, Row) for button in part.buttons]
    body = [_shown(part, says) for part in parts if isinstance(part, Line)]
    return _card(says, body, [action for button in buttons for action in _acts(button, command)])


def _acts(button: Button, command: str) -> list[Element]:
    if button.act is Act.OPEN:
        return [{"type": "Action.OpenUrl", "title": button.title, "url": button.target}]
    if button.act is Act.PRESS:
        return [_submit(button.title, {"dialog": command, "say": button.target})]
    return []


def room_dialog(room: Room, command: str, seen: int) -> Element:
    """Return a meeting inside a dialog, for a chat that has no post of it; `seen` counts how often it was looked at."""
    says = words(room.language)
    meeting = room.meeting
    if room.state is RoomState.FAILED:
        reference = Line(says("Reference {reference}"), {"reference": room.reference})
        return _card(says, [_shown(line, says) for line in (*why_failed(room, says), reference)], [])
    if room.state is RoomState.ENDED:
        return _card(says, [_titled(room, says("{subject}: ended"), says)], [])
    if room.state is RoomState.OPENING or meeting is None:  # what is not as private as asked yet has no link (R4)
        again = _submit(says("Show it"), {"dialog": command, "show": str(seen + 1)})
        return _card(says, [_titled(room, says("{subject}: opening…"), says)], [again])
    link = _text_input("link", says("Link, to copy"), meeting.join_url, 2000)
    copy = _submit(says("Copy it into my message"), {"dialog": command, "copy": "yes"})
    return _card(says, [*_open(room, says, aloud=True), link], [*_joining(room, says), copy])


def room_insert(room: Room) -> Element:
    """Return a meeting as a card for somebody's own message: its buttons need nobody's answer."""
    says = words(room.language)
    return _card(says, _open(room, says, aloud=room.options.aloud), _joining(room, says))


def _open(room: Room, says: Words, *, aloud: bool) -> list[Element]:
    """Return what a meeting is called and its numbers; without them where they are not to be told to everybody."""
    dial_in = room.meeting.dial_in if room.meeting and room.options.numbers and aloud else None
    number = phone.short(dial_in, says) if dial_in else None
    title = says("{subject}: planned") if room.state is RoomState.SCHEDULED else says("{subject}: open")
    return [_titled(room, title, says), *([_shown(number, says)] if number else [])]


def _titled(room: Room, text: str, says: Words) -> Element:
    return _shown(Line(text, {"subject": room.subject}, Look.HEADING), says)


def _shown(line: Line, says: Words) -> Element:
    text = line.markdown(rtl=says.rtl)
    return _heading(text) if line.look is Look.HEADING else _line(text)


def _joining(room: Room, says: Words) -> list[Element]:
    buttons = join(room.subject, room.meeting.join_url, says) if room.meeting else ()
    return [{"type": "Action.OpenUrl", "title": button.title, "url": button.target} for button in buttons]


def _input(key: str, label: str, value: str, known: dict[str, str], nothing: str) -> Element:
    name = f"chat.{key}"
    if known:
        return _choices(name, label, known, value, nothing)
    if key == "ring":
        return _people(name, label, value)
    return _text_input(name, label, value, 200)


def _text_input(name: str, label: str, value: str, longest: int) -> Element:
    return {"type": "Input.Text", "id": name, "label": label, "value": value[:longest], "maxLength": longest}


def _choices(name: str, label: str, known: dict[str, str], value: str, nothing: str) -> Element:
    options = [
        {"title": nothing, "value": "default"},
        *({"title": title, "value": key} for key, title in known.items()),
        *([{"title": value, "value": value}] if value and value not in known else []),
    ]
    chosen = value or "default"
    return {
        "type": "Input.ChoiceSet",
        "id": name,
        "label": label,
        "style": "compact",
        "choices": options,
        "value": chosen,
    }


def _people(name: str, label: str, value: str) -> Element:
    picker = {"type": "Input.ChoiceSet", "id": name, "label": label, "isMultiSelect": True, "choices": []}
    return {**picker, "value": value, "choices.data": PEOPLE}


def _heading(text: str) -> Element:
    return {"type": "TextBlock", "text": text, "wrap": True, "style": "heading", "weight": "Bolder", "size": "Medium"}


def _line(text: str) -> Element:
    return {"type": "TextBlock", "text": escape.line_start(text), "wrap": True}


def _submit(title: str, data: dict[str, Any]) -> Element:
    return {"type": "Action.Submit", "title": title, "data": data}


def _card(says: Words, body: list[Element], actions: list[Element]) -> Element:
    card: Element = {"type": "AdaptiveCard", "version": "1.5", "lang": says.language, "body": body, "actions": actions}
    return card | ({"rtl": True} if says.rtl else {})
