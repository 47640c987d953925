"""What `meet` is asked for: where the room's place is, what it is about, and what the meeting is to have."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot import meeting_options, preferences, ringing, topics
from bot.commands import alerted, channel_names, options
from bot.commands.command import Asked, derived
from bot.commands.options import Request
from bot.errors import UsageError
from bot.model import (
    NO_OPTIONS,
    ChatKind,
    GraphCall,
    Invited,
    Options,
    Person,
    Room,
    RoomState,
    TurnKind,
)
from cards.words import words

DIALOG = "submit "
"""How the verb of a submitted dialog begins."""
LONGEST_SUBJECT = 120
LONGEST_LINE = 400
"""Characters of a line with its options that a button carries."""
LONGEST_TYPED = 60
ANOTHER, HERE, OPEN = "start another", "start one for this thread", "open topic"
"""What the buttons of whispers say: one more, one for this thread, and no, that was no slip of the finger."""
APART, BRING = "open separately", "bring it here"
"""The same of the whisper about a topic that is live elsewhere."""
ANYWAY = "open anyway"
"""The same of the card of a meeting that was not as private as asked (ENGINE R4)."""
_PHRASE = re.compile(rf"(?:\w+\W+)?({ANOTHER}|{HERE}|{OPEN}|{APART}|{BRING}|{ANYWAY})\b")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: where the room's place is, its subject, and whether it was said explicitly.

    `topic` as in `Room.topic`; None is an id of its own. One that is asked for `apart` is not looked for elsewhere.
    `minutes` is 0 where no length was asked for; `said` is what was typed, options included; `rung` are the people to
    ring. `starts_at` is in ms UTC, 0 for now.
    """

    scope: str
    topic: str | None
    subject: str
    explicit: bool = False
    apart: bool = False
    options: Options = NO_OPTIONS
    minutes: int = 0
    calendar: bool = False
    said: Request | None = None
    rung: tuple[Person, ...] = ()
    starts_at: int = 0

    @property
    def shared(self) -> bool:
        """Whether the same words may mean something else in another chat."""
        return (self.topic or "").startswith("#") and self.scope != topics.TENANT_SCOPE

    @property
    def line(self) -> str:
        """Return all that was asked for in words, as a button carries it."""
        if self.said is None:
            return self.subject
        line = options.write(replace(self.said, subject=self.subject, names=(), rung=()))
        return line if line.startswith(self.subject[:1]) else self.subject  # a topic is what a line begins with


def wished(asked: Asked) -> Wish:
    """Return what was asked. Raises UsageError with the nearest line when an option was not understood."""
    before = asked.view.pressed_room
    if before is not None and again(asked):
        wish = _place(asked, asked.rest)
        minutes = round((before.ends_at - before.starts_at) / 60_000)
        anyway = phrase(asked) == ANYWAY
        had = meeting_options.opened_up(before.options) if anyway and before.fail_code == "private" else before.options
        calendar = before.graph_call is GraphCall.EVENT and not (anyway and before.fail_code == "calendar")
        planned = before.starts_at if before.state is RoomState.FAILED and before.starts_at > asked.view.now else 0
        rung = ringing.left_over(before)
        return replace(wish, options=had, minutes=minutes, calendar=calendar, starts_at=planned, rung=rung)
    mentions = {person.name: person for person in asked.turn.mentions}
    try:
        said = options.parse(asked.rest, mentions)
    except UsageError as error:
        raise UsageError(asked.turn.text[:LONGEST_TYPED], f"meet now {error.meant}") from None
    own = Options(
        lobby=said.lobby,
        passcode=said.passcode,
        record=True if said.record else None,
        numbers=said.numbers,
        # Whoever is chosen in a dialog is invited; who is mentioned in a line is by its `with`.
        invited=tuple(
            map(Invited, asked.turn.mentions if asked.turn.verb else [mentions[name] for name in said.names])
        ),
        about=asked.turn.data.get("link", "") if asked.turn.verb.startswith(DIALOG) else "",
    )
    wish = _place(asked, said.subject)
    usual = meeting_options.merged(asked.policy.options, preferences.options(asked.chat))
    merged = meeting_options.merged(usual, own)
    rung = tuple(mentions[name] for name in said.rung)
    return replace(wish, options=merged, minutes=said.minutes, calendar=said.calendar, said=said, rung=rung)


def apart(asked: Asked) -> Wish:
    """Return what was asked as a meeting in a place of its own (ENGINE R9, scheduled)."""
    wish = wished(asked)
    return replace(wish, scope=topics.chat_scope(asked.chat.thread_id), topic=None, explicit=True, apart=True)


def _place(asked: Asked, subject_said: str) -> Wish:
    """Return the place and the subject of what was asked."""
    chat = asked.chat
    own = topics.chat_scope(chat.thread_id)
    said = phrase(asked)
    written, about = topics.split(subject_said)
    if written:
        scope = topics.scope_of(written, chat, asked.policy.open_topics)
        subject = bounded(f"#{written} {about}")
        # Nobody is there to be asked whether an alert means another topic, or the same one of another team.
        apart = said == APART or again(asked) or alerted.is_alert(asked)
        return Wish(scope, topics.topic_column(written), subject, apart or said == OPEN, apart)
    subject = bounded(subject_said) or default_subject(asked)
    if said == HERE and root(asked.turn.conversation_id):
        return Wish(own, f"thread:{root(asked.turn.conversation_id)}", subject, explicit=True)
    if said in {ANOTHER, HERE}:
        pressed = asked.view.pressed
        # One whisper opens one more meeting, however often its button is pressed.
        return Wish(own, derived(pressed.message_id, ANOTHER) if pressed else None, subject, explicit=True)
    before = asked.view.pressed_room
    if before is not None and again(asked) and before.scope_key == own:
        return Wish(own, before.topic, subject, explicit=bool(before.topic))
    return Wish(own, "", subject)


def phrase(asked: Asked) -> str:
    """Return which of the buttons' phrases the turn begins with, "" for none."""
    said = _PHRASE.match(" ".join(asked.turn.text.casefold().split()))
    return said[1] if said else ""


def named(wish: Wish) -> str:
    """Return how people read what is meant: the topic, else the subject."""
    return f"#{topics.split(wish.subject)[0]}" if wish.shared else wish.subject


def again(asked: Asked) -> bool:
    """Say whether a card of a room that is over was pressed: the same thing is wanted once more."""
    before = asked.view.pressed_room
    return before is not None and before.state in {RoomState.FAILED, RoomState.ENDED}


def asked_line(asked: Asked) -> str:
    """Return the words of what was typed, options included; nothing after a press."""
    return " ".join(asked.rest.split())[:LONGEST_LINE] if asked.turn.kind is not TurnKind.PRESSED else ""


def bounded(words: str) -> str:
    """Return a subject in the length that is shown."""
    return " ".join(words.split())[:LONGEST_SUBJECT].strip()


def default_subject(asked: Asked) -> str:
    """Return the default subject of EXPERIENCE 2 (OPEN)."""
    person, says = asked.turn.person, words(asked.language)
    channel = channel_names.named(asked, says) if asked.turn.chat.kind is ChatKind.CHANNEL else ""
    if channel:
        return says("Meeting in {place}").format(place=f"#{channel}")
    return says("Meeting with {name}").format(name=person.name) if person.name else says("Meeting")


def root(conversation_id: str) -> str:
    """Return the id of the thread's first message in a channel, "" elsewhere (facts/teams 2.2)."""
    return conversation_id.partition(";messageid=")[2]


def is_reply(asked: Asked) -> bool:
    """Say whether it was asked inside a thread of a channel; root posts share the channel's meeting."""
    here = root(asked.turn.conversation_id)
    return bool(here) and here != asked.turn.activity_id


def is_of_thread(room: Room, here: str) -> bool:
    """Say whether a room was asked for in this thread."""
    return root(room.home_conversation) == here
