"""A meeting without a subject is called by its channel, whose name Teams' messages do not say (EXPERIENCE 2, OPEN)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.commands import channel_names, meet
from bot.commands.command import Asked
from bot.decisions import MakeRoom, Reply, SaveNote, SetTimer, View
from bot.model import Chat, ChatKind, TimerKind

NOW = 1_790_000_000_000
TEAM = "19:general@thread.tacv2"
NAMELESS = Chat("tenant", "19:incidents@thread.tacv2", ChatKind.CHANNEL, team_id=TEAM)
Ask = Callable[..., Asked]


def seen(**notes: str) -> View:
    """Return a view with notes by their keys."""
    return View(now=NOW, fresh_id="f" * 32, notes=notes)


def subject(reply: Reply) -> str:
    """Return what the new meeting is called."""
    return next(effect.room.subject for effect in reply.effects if isinstance(effect, MakeRoom))


def looks(reply: Reply) -> int:
    """Return how many look-ups of names a reply begins, all of them behind the card."""
    timers = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]
    return sum(timer.kind is TimerKind.NAMES and timer.due_at > NOW for timer in timers)


def test_a_channel_s_name_is_learnt_for_the_next_meeting(ask: Ask) -> None:
    """The first meeting of a nameless channel is called by who asked, and lets the names of the team be looked up."""
    first = meet.run(ask(chat=NAMELESS, view=seen()))
    assert (subject(first), looks(first)) == ("Meeting with Ana Lima", 1)
    names = {NAMELESS.thread_id: "incidents", "19:ops@thread.tacv2": "ops", TEAM: ""}
    learnt = channel_names.learnt(ask(chat=NAMELESS).turn, names, NOW)
    notes = [effect for effect in learnt.effects if isinstance(effect, SaveNote)]
    assert {note.about for note in notes} == {NAMELESS.thread_id, "19:ops@thread.tacv2"}
    known = {note.key: note.value for note in notes if note.about == NAMELESS.thread_id}
    second = meet.run(ask(chat=NAMELESS, view=seen(**known)))
    assert (subject(second), looks(second)) == ("Meeting in #incidents", 0)


def test_a_renamed_channel_is_noticed_the_next_day(ask: Ask) -> None:
    """A name that was learnt is used, and learnt anew once a day; a meeting with a subject asks for none."""
    known = {channel_names.key(NAMELESS.thread_id): "incidents"}
    reply = meet.run(ask(chat=NAMELESS, view=seen(**known)))
    assert (subject(reply), looks(reply)) == ("Meeting in #incidents", 1)
    assert looks(meet.run(ask("Retro", chat=NAMELESS, view=seen()))) == 0
    assert looks(meet.run(ask(chat=replace(NAMELESS, kind=ChatKind.GROUP), view=seen()))) == 0


def test_the_general_channel_has_teams_own_name(ask: Ask) -> None:
    """The channel that every team has is called as Teams calls it, until somebody gives it a name."""
    general = replace(NAMELESS, thread_id=TEAM)
    assert subject(meet.run(ask(chat=general, view=seen()))) == "Meeting in #General"
    assert subject(meet.run(ask(chat=general, view=seen(**{channel_names.key(TEAM): "Lobby"})))) == "Meeting in #Lobby"
