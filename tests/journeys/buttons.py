"""Every card with buttons as if it had been posted, each button in a chat of its own, and the presses of all of them.

A card is put into the store and on Teams' board as what posted it would have left it; what was meant since then is
another room in the store. The clock stands still, so that nothing but the press happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import cards
from bot import topics
from bot.decisions import Effect, MakeRoom, PlanMessage, Reply, SaveChat
from bot.messages import Message, MessageState, Purpose, Rendered, Whisper
from bot.model import Chat, ChatKind, FrozenRequest, GraphCall, Person, Room, RoomState, Turn, TurnKind
from bot.ports import Store
from bot.sandbox import dialogs, tenant
from bot.sandbox.activities import Scribe
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import CARD_TYPE, Post, actions
from tests.cards.conftest import NOON, ROOM, WHISPER_DATA
from tests.cards.gallery import faces

DAY = 86_400_000
SUBJECT = ROOM.subject
_EVERYBODYS = {"host-wanted": Purpose.NOTICE, "welcome": Purpose.WELCOME}
"""Whispers by name that everybody in the chat sees."""
_OF_FAILURES = {
    "policy": "policy",
    "sign-in-else": "sign_in",
    "cannot-host": "host",
    "host-wanted": "host",
    "no-calendar": "calendar",
}
"""Whispers that belong to a room that was not opened, and why it was not."""
_IN_VIEW = {
    "running": RoomState.OPEN,
    "other-thread": RoomState.OPEN,
    "near-topic": RoomState.OPEN,
    "end-live": RoomState.LIVE,
    "stranger": RoomState.ENDED,
    "ended": RoomState.ENDED,
    "recent": RoomState.ENDED,
    "reopen-late": RoomState.ENDED,
}
"""The state of the meeting in the chat that a whisper speaks of; the others speak of none."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One card that has buttons for the bot: a room's face, or a whisper with the room it came from or speaks of."""

    name: str
    room: Room | None
    whisper: Whisper | None = None
    at_home: bool = True

    def rendered(self, nonce: str = "") -> Rendered:
        """Return the card."""
        if self.whisper:
            return cards.render_whisper(self.whisper, nonce)
        return cards.render_room(cast("Room", self.room), nonce, at_home=self.at_home)


@dataclass(frozen=True, slots=True)
class Button:
    """One button where it stands: `asker` asked for the meeting and reads the whisper, `other` is in the chat too."""

    card: str
    action: dict[str, Any]
    post: Post
    nonce: str
    asker: tenant.Person
    other: tenant.Person
    chat: tenant.Chat

    @property
    def name(self) -> tuple[str, str]:
        """Return the card's name and the button's title."""
        return self.card, str(self.action["title"])


def of_the_bot(card: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the actions of a card that the bot hears of."""
    return [one for one in actions(card or {}) if one["type"] in {"Action.Execute", "Action.Submit"}]


@cache
def every() -> tuple[Shown, ...]:
    """Return every card with buttons once: the faces of a state that differ in their buttons, and the whispers."""
    seen: dict[str, Shown] = {}
    for shown in (*_faces(), *_whispers()):
        pressed = [(one["title"], one.get("data", {}).get("text")) for one in of_the_bot(shown.rendered().card)]
        key = str((shown.name if shown.whisper else shown.room and shown.room.state, pressed))
        if pressed:
            seen.setdefault(key, shown)
    return tuple(seen.values())


def _faces() -> Iterator[Shown]:
    for name, room in faces({}):
        yield Shown(name, room)
        yield Shown(f"{name} elsewhere", room, at_home=False)


def _whispers() -> Iterator[Shown]:
    for name in cards.WHISPERS:
        code, state = _OF_FAILURES.get(name, ""), _IN_VIEW.get(name)
        room = replace(ROOM, state=state) if state else None
        if code:
            call = GraphCall.EVENT if code == "calendar" else ROOM.graph_call
            room = replace(ROOM, state=RoomState.FAILED, fail_code=code, meeting=None, graph_call=call)
        yield Shown(f"whisper {name}", room, Whisper(name, WHISPER_DATA[name], "en", "Europe/Warsaw", "7F3K-92QD"))


class Stage:
    """Puts cards into chats: `put` each, then `opens` writes all of them into the bot's store at once."""

    def __init__(self, cloud: Cloud, now: int) -> None:
        """Take the cloud and its time, in ms UTC, which stands still."""
        self.cloud = cloud
        self.now = now
        self.buttons: list[Button] = []
        self._effects: list[Effect] = []

    def put(self, shown: Shown, since: Callable[[Room], Room]) -> None:
        """Put a card once for each of its buttons; `since` returns what its room has become."""
        for number in range(len(of_the_bot(shown.rendered().card))):
            self._put(shown, number, since)

    def _put(self, shown: Shown, number: int, since: Callable[[Room], Room]) -> None:
        cloud, mark = self.cloud, f"{len(self.buttons):03}"
        asker, other = (cloud.tenant.add_person(f"{name} {mark}") for name in ("Ana", "Ben"))
        team = tenant.Team(f"19:{mark}@thread.tacv2", f"Team {mark}", mark)
        chat = cloud.tenant.add_channel(f"channel {mark}", asker, other, team=team)
        nonce = mark.rjust(32, "c")
        root = f"{chat.thread_id};messageid={cloud.board.new_id()}"
        room = self._placed(shown.room, mark, asker, root) if shown.room else None
        whisper = self._about(shown.whisper, mark, asker, root) if shown.whisper else None
        rendered = replace(shown, room=room, whisper=whisper).rendered(nonce)
        to = _person(asker) if whisper and whisper.name not in _EVERYBODYS else None
        activity = {"type": "message", "attachments": [{"contentType": CARD_TYPE, "content": rendered.card}]}
        post = cloud.board.add(root, cloud.tenant.bot_id, activity, visible_to=to.id if to else "")
        own = room.room_id if room and (not whisper or whisper.name in _OF_FAILURES) else ""
        self._effects += [SaveChat(self._chat(chat)), *([MakeRoom(since(room))] if room else [])]
        self._effects.append(
            PlanMessage(
                Message(
                    message_id=nonce,
                    intent_key=f"shown|{mark}",
                    tenant=cloud.tenant_id,
                    thread_id=chat.thread_id,
                    conversation_id=post.conversation_id,
                    purpose=_purpose(whisper),
                    due_at=None,
                    room_id=own,
                    to=to,
                    # The words have left the store once they are posted.
                    content=whisper and Whisper(whisper.name, offer=whisper.offer),
                    state=MessageState.POSTED,
                    activity_id=post.id,
                    shown_version=1,
                    sent_at=self.now,
                )
            )
        )
        self.buttons.append(Button(shown.name, of_the_bot(rendered.card)[number], post, nonce, asker, other, chat))

    def _placed(self, room: Room, mark: str, asker: tenant.Person, conversation: str) -> Room:
        """Return a room of the gallery as that of a chat, in today's times."""
        thread, _, _ = conversation.partition(";")
        moved = {
            name: value + self.now - NOON
            for name in ("created_at", "give_up_at", "starts_at", "ends_at", "opened_at", "live_at", "empty_at")
            if (value := getattr(room, name)) is not None
        }
        return replace(
            room,
            **moved,
            ended_at=self.now if room.state in {RoomState.ENDED, RoomState.FAILED} else None,
            room_id=mark.rjust(32, "a"),
            external_id=mark.rjust(32, "a"),
            tenant=self.cloud.tenant_id,
            scope_key=topics.chat_scope(thread),
            starter=_person(asker),
            host=_person(asker),
            home_thread=thread,
            home_conversation=conversation,
            request=FrozenRequest("v1.0", f"/users/{asker.oid}/onlineMeetings/createOrGet", "{}"),
            people=(),
        )

    def _about(self, whisper: Whisper, mark: str, asker: tenant.Person, conversation: str) -> Whisper:
        """Return a whisper with what its buttons may do."""
        if whisper.name == "end-live":
            return replace(whisper, offer={"room": mark.rjust(32, "a")})
        if whisper.name != "topic-elsewhere":
            return whisper
        there = self.cloud.tenant.add_channel(f"leads {mark}", asker, membership="private")
        live = self._placed(
            replace(ROOM, subject="#layoffs", topic="#layoffs"), mark, asker, f"{there.thread_id};messageid=1"
        )
        live = replace(live, room_id=mark.rjust(32, "b"), external_id=mark.rjust(32, "b"))
        self._effects += [SaveChat(self._chat(there)), MakeRoom(live)]
        offer = {"room": live.room_id, "thread": conversation.partition(";")[0], "conversation": conversation}
        return replace(whisper, offer=offer)

    def _chat(self, chat: tenant.Chat) -> Chat:
        team = chat.team
        return Chat(
            tenant=self.cloud.tenant_id,
            thread_id=chat.thread_id,
            kind=ChatKind.CHANNEL,
            team_id=team.id if team else "",
            group_id=team.group_id if team else "",
            name=chat.name,
            service_url=self.cloud.service_url.rstrip("/"),
            bot_id=self.cloud.tenant.bot_id,
        )

    async def opens(self, store: Store) -> None:
        """Write everything that was put into the bot's store."""
        first = self.buttons[0]
        turn = Turn(
            turn_key="stage",
            echo_key="stage",
            kind=TurnKind.SAID,
            chat=self._chat(first.chat),
            person=_person(first.asker),
            conversation_id=first.post.conversation_id,
            activity_id="1",
            received_at=self.now,
            expires_at=self.now + DAY,
            reference="7F3K-92QD",
        )
        receipt = await store.receive(turn, self.now)
        if receipt.claim is None:
            raise LookupError("the stage's turn was taken by somebody else")
        await store.settle_turn(receipt.claim, lambda _: Reply(tuple(self._effects)), self.now, "stage")


def press(scribe: Scribe, button: Button, person: tenant.Person, at: int, **data: str) -> dict[str, Any]:
    """Return the press of a button by anybody, whether Teams shows them the card or not; `data` changes its data."""
    if dialogs.opens(button.action):
        return dialogs.opened(scribe, person, button.post, button.action, at=at)
    return scribe.press(person, button.post, button.action, at=at, inputs=data)


def _person(person: tenant.Person) -> Person:
    return Person(person.id, person.oid, person.name)


def _purpose(whisper: Whisper | None) -> Purpose:
    return _EVERYBODYS.get(whisper.name, Purpose.WHISPER) if whisper else Purpose.CARD
