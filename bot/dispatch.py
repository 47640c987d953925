"""From a turn to the decision about it: finds the command, and turns every error into words, in this one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cards
from bot import calls_seen, topics
from bot.commands import afterwards, channel_names, dialogs, meet
from bot.commands.command import Asked, Command, Policy, derived
from bot.commands.grammar import find, is_polite
from bot.decisions import Effect, PlanMessage, Reply, SaveChat, SaveInstaller, View
from bot.errors import UsageError
from bot.messages import Answer, Message, Purpose, Whisper
from bot.model import ChatKind, RoomState, Turn, TurnKind
from bot.ports import Decide


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What turns are answered with: the commands and this deployment's policy."""

    commands: tuple[Command, ...]
    policy: Policy

    def decide(self, turn: Turn) -> Decide:
        """Return the decision about a turn, to be taken with the store's view of it (ENGINE R12)."""
        handlers: dict[TurnKind, Callable[[Turn, View], Reply]] = {
            TurnKind.SAID: self._said,
            TurnKind.EDITED: self._edited,
            TurnKind.DELETED: self._deleted,
            TurnKind.PRESSED: self._pressed,
            TurnKind.DIALOG: self._dialog,
            TurnKind.SIGNED_IN: self._signed_in,
            TurnKind.INSTALLED: self._installed,
            TurnKind.REMOVED: self._removed,
            TurnKind.CALLED: lambda turn, view: calls_seen.told_by_teams(turn, view, self.policy.roster),
        }

        def decision(view: View) -> Reply:
            handle = handlers.get(turn.kind)
            own = view.me.get("language")  # whispers are the person's (ENGINE R16)
            spoken = replace(turn, locale=str(own)) if own else turn
            return handle(spoken, view) if handle else Reply(outcome="ignored")

        return decision

    def _said(self, turn: Turn, view: View) -> Reply:
        if is_polite(turn.text):
            return Reply(outcome="polite")
        asked = self._asked(turn, view)
        try:
            command, rest = find(turn.text, self.commands)
            return command.answered(replace(asked, rest=rest))
        except UsageError as error:
            if not error.typed:
                return asked.ask("bare")
            return self._in_a_sentence(asked) if turn.around else self._mistyped(asked, about_topic(error, turn.text))

    def _in_a_sentence(self, asked: Asked) -> Reply:
        """Hear a command after or before the mention; talk about the bot is answered by silence (EXPERIENCE 3)."""
        nearly = Reply(outcome="not asked")
        for words in asked.turn.around:
            here = replace(asked, turn=replace(asked.turn, text=words))
            try:
                command, rest = find(words, self.commands)
                return command.answered(replace(here, rest=rest))
            except UsageError as error:
                nearly = self._mistyped(here, error) if error.meant else nearly
        return nearly

    def _mistyped(self, asked: Asked, error: UsageError) -> Reply:
        if error.meant:
            return asked.tell("typo", typed=error.typed, meant=error.meant)
        return asked.tell("unknown", typed=error.typed)

    def _edited(self, turn: Turn, view: View) -> Reply:
        """An edit is heard when nothing came of what was said first; else it is another subject (EXPERIENCE 1.13)."""
        opened = view.opened if view.opened and view.opened.state is not RoomState.FAILED else None
        return afterwards.edited(self._asked(turn, view), opened) if opened else self._said(turn, view)

    def _deleted(self, turn: Turn, view: View) -> Reply:
        asked = self._asked(turn, view)
        return afterwards.deleted(asked, view.opened) if view.opened else Reply(outcome="ignored")

    def _asked(self, turn: Turn, view: View) -> Asked:
        return Asked(turn, view, "", self.policy, self.commands)

    def _pressed(self, turn: Turn, view: View) -> Reply:
        """A press is authorised by the message it came from, never by what its data says (ENGINE 4.2)."""
        pressed = view.pressed
        if pressed is None or (pressed.to is not None and pressed.to.id != turn.person.id):
            if not view.unheard:
                return Reply(outcome="not-here", answer=Answer(error=in_words("not-here", turn)))
            reply = self._asked(turn, view).tell("not-here")
        else:
            reply = self._said(turn, view)
        if reply.answer is None:
            return replace(reply, answer=Answer(text=in_words("working", turn)))
        return reply

    def _dialog(self, turn: Turn, view: View) -> Reply:
        """A dialog is shown, or says the line that its person would have typed."""
        asked = self._asked(turn, view)
        reply = dialogs.answered(asked)
        if reply is None:
            reply = dialogs.opened(asked, self._said(dialogs.line(turn), view))
            if reply.answer is None:
                return replace(reply, answer=Answer(text=in_words("working", turn)))
        return reply

    def _signed_in(self, turn: Turn, view: View) -> Reply:
        """What waited for a sign-in goes on; a sign-in that nothing waited for is confirmed."""
        asked = self._asked(turn, view)
        return meet.go_on(asked) if turn.data.get("room") else asked.tell("signed-in")

    def _removed(self, turn: Turn, view: View) -> Reply:
        return Reply((SaveChat(replace(view.chat or turn.chat, gone_at=view.now)),), "removed")

    def _installed(self, turn: Turn, view: View) -> Reply:
        """One quiet welcome in a team; people get none, nor do upgrades and re-adding (EXPERIENCE 3)."""
        chat = view.chat or turn.chat
        names = channel_names.wanted(self._asked(turn, view))
        added: tuple[Effect, ...] = (SaveInstaller(chat, turn.person), *dialogs.there_again(turn, view), *names)
        quiet = bool(view.installers) or turn.verb == "add-upgrade"
        if quiet or not self.policy.welcome or chat.kind is not ChatKind.CHANNEL:
            return Reply(added, "installed")
        key = f"welcome|{turn.chat.tenant}|{turn.chat.team_id or turn.chat.thread_id}"
        data = {"team": turn.data.get("team", ""), "bot": turn.bot_name or self.policy.bot_name}
        message = Message(
            message_id=derived(view.fresh_id, key),
            intent_key=key,
            tenant=turn.chat.tenant,
            thread_id=turn.chat.thread_id,
            conversation_id=turn.conversation_id,
            purpose=Purpose.WELCOME,
            due_at=view.now,
            content=Whisper("welcome", data, chat.language(self.policy.language), reference=turn.reference),
        )
        return Reply((*added, PlanMessage(message)), "welcome")


def about_topic(error: UsageError, line: str) -> UsageError:
    """Return what was not understood with the nearest line: a topic alone is what people meet about."""
    topic = topics.split(line)[0] and not error.meant
    return UsageError(error.typed, f"meet {' '.join(line.split())}") if topic else error


def in_words(name: str, turn: Turn) -> str:
    """Return one of the texts without data in the language of the turn's person, for the answer to a press."""
    return cards.answer_text(Whisper(name, language=turn.locale))
