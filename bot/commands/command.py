"""What a command is: one file with its words, its help and what it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cards
from bot.decisions import TOLD, Effect, PlanMessage, Reply, View
from bot.hosts import EVERYBODY_HOSTS, Hosts
from bot.messages import Answer, Message, Purpose, Whisper
from bot.model import NO_OPTIONS, Chat, ChatKind, FrozenRequest, MeetingRequest, Options, Turn, TurnKind
from cards.words import REVIEWED

Freeze = Callable[[str, MeetingRequest], FrozenRequest]


@dataclass(frozen=True, slots=True)
class Policy:
    """What this deployment decided: plain values, the same for every turn.

    `duration` is in minutes; `binding` is the Graph version that is asked to tie meetings to channel threads
    (`beta`, `v1.0`) or `off`; `freeze` is `Meetings.freeze`, which is pure. `open_topics` are the patterns of topics
    that the whole tenant shares; `backup_bridge` is what to use while Microsoft does not answer. `auth` is by whose
    permission meetings are made: `app`, `user`, or `auto`, which is the app's, else the person's (ENGINE R13);
    `options` what every meeting has unless somebody asks for something else; `hosts` who may host (R5); `spares` how
    many meetings are kept in reserve; `public_url` is where browsers reach this bot, "" where nobody said. `admins` are
    the administrators' object ids; `cmdlets` is where and how one of them lets the app open meetings for `{host}`;
    `rings` says that people can be rung; `roster` what cards show of who is inside: `count`, `names` or `off`.
    `languages` (BCP 47) are those that may be set; `tenants` is how many there are here.
    """

    freeze: Freeze
    duration: int = 60
    language: str = "en"
    binding: str = "beta"
    welcome: bool = True
    bot_name: str = "Muster"
    open_topics: tuple[str, ...] = ()
    backup_bridge: str = ""
    auth: str = "app"
    options: Options = NO_OPTIONS
    hosts: Hosts = EVERYBODY_HOSTS
    spares: int = 0
    public_url: str = ""
    roster: str = "count"
    admins: tuple[str, ...] = ()
    cmdlets: tuple[str, ...] = ()
    rings: bool = False
    languages: tuple[str, ...] = REVIEWED
    tenants: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a command: the turn, what is there, the words after the command's own, as typed.

    `owner` says whether the person owns the team of the meeting's chat; None while nobody has looked (ENGINE R23).
    """

    turn: Turn
    view: View
    rest: str
    policy: Policy
    commands: tuple[Command, ...]
    owner: bool | None = None

    @property
    def answers(self) -> bool:
        """Whether the turn's own response says the result: for a press, while somebody waits for it (ENGINE R14)."""
        return self.turn.wants_answer and not self.view.unheard

    @property
    def bot_name(self) -> str:
        """Return what people call Muster here: an administrator may have renamed it (EXPERIENCE 5 (d))."""
        return self.turn.bot_name or self.policy.bot_name

    @property
    def chat(self) -> Chat:
        """Return the chat as the store knows it, else as the turn says."""
        return self.view.chat or self.turn.chat

    @property
    def language(self) -> str:
        """Return the language of what everybody in the chat reads (EXPERIENCE 1.10)."""
        return self.chat.language(self.turn.locale if self.chat.kind is ChatKind.PERSONAL else self.policy.language)

    def whisper(self, name: str, **data: Any) -> Whisper:  # noqa: ANN401 - any JSON value, see Whisper.data
        """Return words for the asking person alone, in the person's language and zone (ENGINE R16)."""
        return Whisper(
            name=name,
            data=data,
            language=self.turn.locale,
            zone=self.turn.zone or self.chat.zone,
            reference=self.turn.reference,
        )

    def tell(self, name: str, *effects: Effect, outcome: str = "", **data: Any) -> Reply:  # noqa: ANN401 - as above
        """Answer the asking person alone: in the invoke's own response, else by a whisper (EXPERIENCE 1.3)."""
        words = self.whisper(name, **data)
        outcome = outcome or name
        if self.answers:
            return Reply(effects, outcome, self._answer(words))
        return Reply((*effects, whisper_to_asker(self.turn, self.view, words)), outcome)

    def ask(self, name: str, *effects: Effect, offer: dict[str, str] | None = None, **data: Any) -> Reply:  # noqa: ANN401 - as above
        """Answer the asking person alone with buttons to choose from: a whisper, also after a press.

        What a button may do that its data must not say stands in the `offer` (ENGINE 4.2).
        """
        words = replace(self.whisper(name, **data), offer=offer or {})
        answer = self._answer(words) if self.answers else None
        if answer and self.turn.kind is TurnKind.DIALOG and not offer:
            return Reply(effects, name, answer)  # its buttons are in the dialog
        return Reply((*effects, whisper_to_asker(self.turn, self.view, words)), name, answer)

    def _answer(self, words: Whisper) -> Answer:
        """Return the words for the response itself: with their buttons where it is a dialog, else as text."""
        if self.turn.kind is not TurnKind.DIALOG:
            return Answer(text=cards.answer_text(words))
        _, _, dialog = self.turn.verb.partition(" ")
        return Answer(card=cards.whisper_dialog(words, dialog))

    def say(self, title: str, *lines: str) -> Reply:
        """Answer everybody in the chat with a small card."""
        words = self.whisper("notice", title=title, lines=list(lines))
        words = replace(words, language=self.language, zone=self.chat.zone)
        key = f"notice|{self.turn.turn_key}"
        message = Message(
            message_id=derived(self.view.fresh_id, key),
            intent_key=key,
            tenant=self.turn.chat.tenant,
            thread_id=self.turn.chat.thread_id,
            conversation_id=self.turn.conversation_id,
            purpose=Purpose.NOTICE,
            due_at=self.view.now,
            content=words,
        )
        return Reply((PlanMessage(message),), "said", Answer(text=cards.answer_text(words)))


def whisper_to_asker(turn: Turn, view: View, words: Whisper) -> PlanMessage:
    """Plan a whisper to the person of the turn; one of each name per turn (ENGINE 3.1, `whisper|turn_key|n`)."""
    key = f"whisper|{turn.turn_key}|{words.name}"
    return PlanMessage(
        Message(
            message_id=derived(view.fresh_id, key),
            intent_key=key,
            tenant=turn.chat.tenant,
            thread_id=turn.chat.thread_id,
            conversation_id=turn.conversation_id,
            purpose=Purpose.WHISPER,
            due_at=view.now,
            to=turn.person,
            content=words,
        )
    )


def once(reply: Reply, key: str) -> Reply:
    """Return the reply with its messages planned under one intent: however often it is decided, they are sent once."""
    effects = tuple(
        PlanMessage(replace(effect.message, intent_key=key)) if isinstance(effect, PlanMessage) else effect
        for effect in reply.effects
    )
    return replace(reply, effects=effects)


def derived(fresh_id: str, what: str) -> str:
    """Return another unguessable id made from an unguessable one: 32 hex digits, always the same for the same."""
    return hashlib.sha256(f"{fresh_id}|{what}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Command:
    """One behaviour a person can ask for.

    `phrases` are the ways to begin a line with it, lower case, the first being the one that is taught;
    `takes_words` says whether more may follow, and `alone` which phrases stand only by themselves.
    `delegated` says that it is there only where people can sign in; `listed` that Teams' short menu shows it; `tells`
    that it changes nothing: whoever asks again within a minute is told again (ENGINE R11). `teaches` are lines and what
    they do, as `help` shows them; every other command it names, but for those that stand `aside`: administrators know
    them, or a card's button says them.
    `title` and `description` are shown in Teams' menu (at most 32 and 128 characters, facts/teams 6.2).
    """

    name: str
    phrases: tuple[str, ...]
    usage: str
    description: str
    examples: tuple[str, ...]
    run: Callable[[Asked], Reply]
    takes_words: bool = False
    alone: frozenset[str] = frozenset()
    delegated: bool = False
    listed: bool = True
    tells: bool = False
    teaches: tuple[tuple[str, str], ...] = ()
    aside: bool = False

    def answered(self, asked: Asked) -> Reply:
        """Run it; what only told its person something is marked, so that asking again is no echo (ENGINE R11)."""
        reply = self.run(asked)
        told = self.tells and not asked.turn.wants_answer  # a press that is repeated gets its first answer
        return replace(reply, outcome=f"{TOLD}{reply.outcome}") if told else reply

    def takes_words_after(self, phrase: Sequence[str]) -> bool:
        """Say whether words may follow this phrase of the command."""
        return self.takes_words and " ".join(phrase) not in self.alone

    @property
    def title(self) -> str:
        """What Teams' command menu shows and types."""
        return self.phrases[0]
