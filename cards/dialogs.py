"""Dialogs as Adaptive Cards: settings, a meeting asked for from the compose box, and what comes of it (DESIGN 4).

What a dialog sends back is a client's input. https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards
"""

from __future__ import annotations

from typing import Any

from bot.model import Room, RoomState, Whisper
from cards import escape, phone, preferences
from cards.words import Words, words

Element = dict[str, Any]
PEOPLE = {"type": "Data.Query", "dataset": "graph.microsoft.com/users?scope=currentContext"}
"""Teams' people picker; what is chosen comes back as object ids separated by commas."""


def dialog_title(name: str, language: str) -> str:
    """Return a dialog's title; KeyError for one that there is not."""
    says = words(language)
    return {"settings": says("Settings"), "meet": says("Meet now"), "about": says("Meet about this")}[name]


def settings_dialog(whisper: Whisper) -> Element:
    """Return the settings to fill in; `chat`, `me` and `may` as in the whisper of that name."""
    says = words(whisper.language)
    chat, me = whisper.data.get("chat", {}), whisper.data.get("me", {})
    body: list[Element] = []
    if whisper.data.get("may"):
        body.append(_heading(says("This chat")))
        body += [_input(key, label, str(chat.get(key, "")), says) for key, label in preferences.labels(says).items()]
    body += [
        _heading(says("Only you")),
        _text_input("me.language", says("Language"), str(me.get("language", "")), 20),
        _choices(
            "me.plain", says("Answers"), {"on": says("plain text")}, "on" if me.get("plain") else "", says("cards")
        ),
    ]
    return _card(says, body, [_submit(says("Save"), {"dialog": "settings"})])


def meet_dialog(command: str, subject: str, language: str) -> Element:
    """Return what a meeting is asked for with: subject, people, duration, lobby; `command` is `meet` or `about`."""
    says = words(language)
    body = [
        _text_input("subject", says("Subject"), escape.clean(subject), 120),
        _people("people", says("People"), ""),
        _choices("duration", says("How long"), preferences.choices("duration", says), "", says("as usual here")),
        _choices("lobby", says("Who comes straight in"), preferences.choices("lobby", says), "", says("as usual here")),
    ]
    return _card(says, body, [_submit(says("Meet now"), {"dialog": command})])


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


def room_dialog(room: Room, command: str, seen: int) -> Element:
    """Return a meeting inside a dialog, for a chat that has no post of it; `seen` counts how often it was looked at."""
    says = words(room.language)
    subject = escape.markdown(room.subject)
    meeting = room.meeting
    if room.state is RoomState.OPENING or meeting is None:
        again = _submit(says("Show it"), {"dialog": command, "show": str(seen + 1)})
        failed = room.state is RoomState.FAILED
        text = says("{subject}: not opened") if failed else says("{subject}: opening…")
        return _card(says, [_heading(text.format(subject=subject))], [] if failed else [again])
    number = phone.short(meeting.dial_in, says) if meeting.dial_in and room.options.numbers else None
    link = {**_text_input("link", says("Link, to copy"), meeting.join_url, 2000), "isRequired": False}
    body = [
        _heading(says("{subject}: open").format(subject=subject)),
        *([_line(number.markdown())] if number else []),
        link,
    ]
    copy = _submit(says("Copy it into my message"), {"dialog": command, "copy": "yes"})
    return _card(says, body, [*_joining(room, says), copy])


def room_insert(room: Room) -> Element:
    """Return a meeting as a card for somebody's own message: its buttons need nobody's answer."""
    says = words(room.language)
    heading = _heading(says("{subject}: open").format(subject=escape.markdown(room.subject)))
    meeting = room.meeting
    number = phone.short(meeting.dial_in, says) if meeting and meeting.dial_in and room.options.numbers else None
    return _card(says, [heading, *([_line(number.markdown())] if number else [])], _joining(room, says))


def _joining(room: Room, says: Words) -> list[Element]:
    url = escape.https(room.meeting.join_url) if room.meeting else ""
    title = says("Join {subject}").format(subject=escape.clean(room.subject, 40))
    return [{"type": "Action.OpenUrl", "title": title, "url": url}] if url else []


def _input(key: str, label: str, value: str, says: Words) -> Element:
    name = f"chat.{key}"
    known = preferences.choices(key, says)
    if known:
        return _choices(name, label, {**({value: value} if value else {}), **known}, value, says("as everywhere"))
    if key == "ring":
        return _people(name, label, value)
    return _text_input(name, label, value, 200)


def _text_input(name: str, label: str, value: str, longest: int) -> Element:
    return {"type": "Input.Text", "id": name, "label": label, "value": value[:longest], "maxLength": longest}


def _choices(name: str, label: str, known: dict[str, str], value: str, nothing: str) -> Element:
    options = [
        {"title": nothing, "value": "default"},
        *({"title": title, "value": key} for key, title in known.items()),
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
