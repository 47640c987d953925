"""What is said about settings: what is set, what was changed, and who may (EXPERIENCE 1.15, 1.18)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.messages import Whisper
from cards import escape, times
from cards.parts import Act, Button, Line, Look, Part, Row, join
from cards.words import Words, named

Parts = tuple[Part, ...]


def settings(whisper: Whisper, says: Words) -> Parts:
    """What is set for the `chat` and for `me`; `may` change the chat's."""
    dialog = Button(Act.DIALOG, says("Change settings"), "settings")
    lines = {"length": "settings duration: 45m", "language": "settings language: de", "me": "settings me: plain text"}
    how = Line(says("Or say **{length}**, **{language}**, **{me}**."), lines)
    return (Line(says("Settings"), {}, Look.HEADING), *_set(whisper, says), Row((dialog,)), how)


def settings_set(whisper: Whisper, says: Words) -> Parts:
    """They were changed: what is set now."""
    return (Line(says("Saved.")), *_set(whisper, says))


def settings_same(_: Whisper, says: Words) -> Parts:
    """Nothing was changed."""
    return (Line(says("It was set like that already.")),)


def settings_nobody(_: Whisper, says: Words) -> Parts:
    """Teams did not say who asked."""
    return (Line(says("Teams didn't tell me who you are, so I can't remember settings of yours.")),)


def settings_refused(whisper: Whisper, says: Words) -> Parts:
    """Only `who` may change a chat's settings; "" where nobody is on record."""
    who = str(whisper.data.get("who", ""))
    if not who:
        return (Line(says("Only a team owner, or whoever added me here, can change this chat's settings.")),)
    text = says("Only {who}, who added me here, or a team owner can change this chat's settings.")
    return (Line(text, {"who": who}),)


def may_not_start(whisper: Whisper, says: Words) -> Parts:
    """Meetings are started by `owners` (of whom `who` is one) or by `members` only."""
    if whisper.data.get("may") == "members":
        return (Line(says("Guests can't start meetings here. Somebody of the organization can start it for you.")),)
    who = str(whisper.data.get("who", "")) or says("whoever added me")
    text = says("Only {who} or a team owner can start meetings here: that's how this chat is set.")
    return (Line(text, {"who": who}),)


def meeting_chat(whisper: Whisper, says: Words) -> Parts:
    """This chat belongs to a meeting that exists; `line` opens one more."""
    text = says("This chat has its own meeting already: **Join** at the top of the chat takes you in.")
    line = escape.clean(str(whisper.data.get("line", "")), 1000)
    return (Line(text), Row((Button(Act.PRESS, says("Start another"), line),)))


def is_open(whisper: Whisper, says: Words) -> Parts:
    """`subject` is open: for whom an edited card says nothing; `join_url` leads in."""
    subject = str(whisper.data.get("subject", ""))
    buttons = join(subject, str(whisper.data.get("join_url", "")), says)
    return (Line(says("**{subject} is open.**"), {"subject": subject}), *((Row(buttons),) if buttons else ()))


def _set(whisper: Whisper, says: Words) -> tuple[Line, ...]:
    chat, me = _said(whisper, "chat"), _said(whisper, "me")
    names = labels(says)
    lines = [
        Line(says("{name}: {value}"), {"name": Line(names[key]), "value": in_words(key, value, says)})
        for key, value in chat.items()
        if value
    ]
    if not lines:
        lines = [Line(says("Nothing is set for this chat: its meetings are as usual."))]
    if me.get("plain"):
        lines.append(Line(says("You: every answer as plain text.")))
    if me.get("language"):
        lines.append(Line(says("You: language {language}."), {"language": named(me["language"])}))
    return tuple(lines)


def _said(whisper: Whisper, part: str) -> dict[str, str]:
    found = whisper.data.get(part)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def labels(says: Words) -> dict[str, str]:
    """Return what each of a chat's settings is called, in the order in which they are shown."""
    return {
        "duration": says("How long"),
        "lobby": says("Who comes straight in"),
        "passcode": says("Passcode"),
        "record": says("Recording"),
        "start": says("Who may start meetings"),
        "ring": says("Whom to ring"),
        "language": says("Language of the posts"),
        "backup_bridge": says("Backup bridge"),
        "dial_in": says("Show numbers to guests"),
        "roster": says("Who is inside"),
    }


def choices(key: str, says: Words) -> dict[str, str]:
    """Return a setting's values and how each is called; empty where anything may be written."""
    known: dict[str, dict[str, str]] = {
        "duration": {str(minutes): times.length(minutes, says.language) for minutes in (15, 30, 45, 60, 90, 120)},
        "lobby": {
            "everyone": says("everyone"),
            "organizationAndFederated": says("the organization, its guests and partners"),
            "organization": says("the organization and its guests"),
            "invited": says("who is invited"),
            "organizer": says("the host only"),
        },
        "passcode": {"on": says("on")},
        "record": {"on": says("on")},
        "start": {
            "everyone": says("everyone"),
            "members": says("everyone but guests"),
            "owners": says("team owners and who added me"),
        },
        "dial_in": {"public": says("yes, on the post"), "whisper": says("no, only to who asks")},
        "roster": {"count": says("how many"), "names": says("their names"), "off": says("nothing")},
    }
    return known.get(key, {})


def in_words(key: str, value: str, says: Words) -> str:
    """Return a setting's value as people read it."""
    if key == "ring":
        count = len(value.split(","))
        return says.many("{count} person", "{count} people", count).format(count=count)
    if key == "duration":
        return times.length(int(value), says.language)
    return named(value) if key == "language" else choices(key, says).get(value, value)


WHISPERS: Mapping[str, Callable[[Whisper, Words], Parts]] = {
    "settings": settings,
    "settings-set": settings_set,
    "settings-same": settings_same,
    "settings-nobody": settings_nobody,
    "settings-refused": settings_refused,
    "may-not-start": may_not_start,
    "meeting-chat": meeting_chat,
    "is-open": is_open,
}
"""The texts of this module by their names."""
