"""What a dialog shows, and the line that a submitted one says: it ends in the same commands as what is typed.

`fetch` asks for a dialog, `submit` sends one back; its data is a client's input, the chat and the person are Teams'.
"""

from __future__ import annotations

from dataclasses import asdict, replace

import cards
from bot.commands import options, ring, setting_words, settings, wishes
from bot.commands.command import Asked
from bot.commands.options import Request
from bot.commands.starting import absent_key
from bot.decisions import Effect, GiveAnswer, PlanMessage, Reply, SaveNote, SetTimer, View
from bot.messages import Answer
from bot.model import Person, Room, RoomState, Timer, TimerKind, Turn

TWO_PEOPLE = "@unq.gbl.spaces"
"""How the thread id of a chat between two people ends; Muster's own with somebody is another (facts/teams 2.2)."""
LONGEST_LINE = 1000
"""Characters of a line that a dialog's button says."""
JOINABLE = frozenset({RoomState.SCHEDULED, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY})
"""States in which a meeting's link may be shown."""
ABSENT_FOR = 3_600_000
"""ms for which it is remembered that Muster is not in a chat."""
NAMES = frozenset({"settings", "ring", "meet", "about"})
"""The dialogs there are: settings, whom to ring, a meeting from the compose box, and one about a message."""


def named(turn: Turn) -> tuple[str, str]:
    """Return what is asked for and of which dialog, such as `fetch`, `meet`."""
    step, _, name = turn.verb.partition(" ")
    return step, name


def answered(asked: Asked) -> Reply | None:
    """Return the reply to a dialog that is no request for a meeting; None for one that is: then `line` says it."""
    turn, view = asked.turn, asked.view
    step, name = named(turn)
    if name == "settings":
        return settings.opened(asked) if step == "fetch" else settings.chosen(asked)
    if name == "ring":
        return ring.opened(asked) if step == "fetch" else ring.chosen(asked)
    if step == "fetch":
        payload = {"turn": asdict(turn)}
        key = f"roster|{turn.turn_key}"
        timer = Timer(key, TimerKind.ROSTER, turn.chat.tenant, turn.chat.thread_id, view.now, payload)
        return Reply((SetTimer(timer),), "looking")
    if turn.data.get("here"):
        return Reply((), "dialog", _form(asked))
    if turn.data.get("show") or turn.data.get("copy"):
        return _shown(asked)
    return None


def looked(asked: Asked, *, there: bool) -> Reply:
    """Answer after the look at the roster: the form where Muster is `there`, else the way to add it (ENGINE 2.5)."""
    turn, view = asked.turn, asked.view
    thread_id = turn.chat.thread_id
    until = view.now if there else view.now + ABSENT_FOR
    note = SaveNote(turn.chat.tenant, absent_key(thread_id), "", until, about=thread_id)
    known = absent_key(thread_id) in view.notes
    effects: tuple[Effect, ...] = (note,) if known == there else ()
    answer = _form(asked)
    # Between two people an app cannot be added: there the meeting stays in the dialog.
    if not there and not thread_id.endswith(TWO_PEOPLE) and not turn.data.get("installed"):
        _, name = named(turn)
        answer = replace(answer, card=cards.install_card(name, turn.locale))
    return Reply((*effects, GiveAnswer(turn.turn_key, answer)), "dialog")


def there_again(turn: Turn, view: View) -> tuple[Effect, ...]:
    """Forget that Muster was not in a chat."""
    key = absent_key(turn.chat.thread_id)
    return (SaveNote(turn.chat.tenant, key, "", view.now, about=turn.chat.thread_id),) if key in view.notes else ()


def line(turn: Turn) -> Turn:
    """Return the turn with the line that a submitted dialog says, and whom it invites as its mentions."""
    data = turn.data
    if said := data.get("say", ""):  # a button of what the dialog answered
        return replace(turn, text=said[:LONGEST_LINE], mentions=())
    lobby = options.SCOPES.get(data.get("lobby", "").casefold()) or next(
        (scope for scope in options.SCOPES.values() if scope.value == data.get("lobby")), None
    )
    minutes = data.get("duration", "")
    wanted = int(minutes) if minutes.isdecimal() and len(minutes) <= len(str(options.LONGEST)) else 0
    request = Request(
        subject=wishes.bounded(data.get("subject", "") or turn.text),
        minutes=wanted if options.SHORTEST <= wanted <= options.LONGEST else 0,
        lobby=lobby,
    )
    chosen = [Person(oid, oid) for oid in setting_words.oids(data.get("people", ""))]
    known = {person.oid for person in turn.mentions}
    everybody = (*turn.mentions, *(person for person in chosen if person.oid not in known))
    people = tuple(person for person in everybody if person.oid != turn.person.oid)
    return replace(turn, text=f"meet now {options.write(request)}".strip(), mentions=people)


def opened(asked: Asked, reply: Reply) -> Reply:
    """Answer a submitted request: where Muster is not in the chat its meeting stays in the dialog, without a post."""
    if absent_key(asked.turn.chat.thread_id) not in asked.view.notes:
        return reply
    effects = tuple(effect for effect in reply.effects if not isinstance(effect, PlanMessage))
    if reply.outcome != "opening":
        return replace(reply, effects=effects)
    room = next((made for effect in effects if isinstance(made := getattr(effect, "room", None), Room)), None)
    return replace(reply, effects=effects, answer=_of_room(asked, room) if room else reply.answer)


def _shown(asked: Asked) -> Reply:
    """Show the person's own meeting of this chat: which one is never the data's to say (ENGINE 4.2)."""
    mine = [room for room in asked.view.rooms if room.starter.oid and room.starter.oid == asked.turn.person.oid]
    room = next(iter((*mine, *asked.view.recent)), None)
    if room is None or room.starter.oid != asked.turn.person.oid:
        return asked.tell("no-meeting")
    if asked.turn.data.get("copy") and room.state in JOINABLE:
        return Reply((), "copied", Answer(card=cards.room_insert(room), insert=True))
    return Reply((), "dialog", _of_room(asked, room))


def _of_room(asked: Asked, room: Room) -> Answer:
    _, name = named(asked.turn)
    seen = asked.turn.data.get("show", "")
    counted = int(seen) if seen.isdecimal() and len(seen) < 4 else 0  # noqa: PLR2004 - digits of a counter of presses
    card = cards.room_dialog(room, name, counted)
    return Answer(card=card)


def _form(asked: Asked) -> Answer:
    _, name = named(asked.turn)
    subject = wishes.bounded(asked.turn.text)
    card = cards.meet_dialog(name, subject, asked.turn.locale)
    return Answer(card=card)
