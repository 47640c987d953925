"""What Muster does when it is added somewhere: one quiet welcome in a team, and who did it is remembered."""

from __future__ import annotations

from dataclasses import replace

from bot.commands import COMMANDS
from bot.commands.command import Policy
from bot.commands.starting import absent_key
from bot.decisions import PlanMessage, Reply, SaveInstaller, SaveNote, View
from bot.dispatch import Dispatch
from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from tests.engine.test_rooms import NOW, freeze

ANA = Person("29:ana", "oid-ana", "Ana Lima")
TEAM = Chat("tenant", "19:general@thread.tacv2", ChatKind.CHANNEL, team_id="19:general@thread.tacv2")
ADDED = Turn(
    turn_key="a" * 64,
    echo_key="b" * 64,
    kind=TurnKind.INSTALLED,
    chat=TEAM,
    person=ANA,
    conversation_id=TEAM.thread_id,
    activity_id="1",
    received_at=NOW,
    expires_at=NOW + 86_400_000,
    reference="7F3K-92QD",
    verb="add",
    data={"team": "Platform team"},
)
SEEN = View(now=NOW, fresh_id="f" * 32)


def added(turn: Turn = ADDED, view: View = SEEN, *, welcome: bool = True) -> Reply:
    """Return what is decided about an installation."""
    return Dispatch(COMMANDS, Policy(freeze, welcome=welcome)).decide(turn)(view)


def welcomes(reply: Reply) -> int:
    """Return how many messages are planned."""
    return sum(isinstance(effect, PlanMessage) for effect in reply.effects)


def test_a_team_is_welcomed_by_who_added_muster() -> None:
    """The first installation in a team posts the welcome and remembers who it was."""
    reply = added()
    assert welcomes(reply) == 1
    assert SaveInstaller(TEAM, ANA) in reply.effects


def test_nobody_is_welcomed_twice_or_alone() -> None:
    """Upgrades, re-adding, people, group chats and a deployment that wants none post nothing."""
    assert welcomes(added(replace(ADDED, verb="add-upgrade"))) == 0
    assert welcomes(added(view=replace(SEEN, installers=(ANA,)))) == 0
    assert welcomes(added(welcome=False)) == 0
    for kind in (ChatKind.PERSONAL, ChatKind.GROUP, ChatKind.MEETING):
        reply = added(replace(ADDED, chat=replace(TEAM, kind=kind)))
        assert welcomes(reply) == 0
        assert any(isinstance(effect, SaveInstaller) for effect in reply.effects)


def test_a_chat_where_muster_was_not_is_like_any_other_from_now_on() -> None:
    """That Muster was not in a chat is forgotten when it is added."""
    reply = added(view=replace(SEEN, notes={absent_key(TEAM.thread_id): ""}))
    (note,) = [effect for effect in reply.effects if isinstance(effect, SaveNote)]
    assert (note.key, note.until) == (absent_key(TEAM.thread_id), NOW)


def test_whispers_speak_the_language_a_person_chose() -> None:
    """Who has set a language is answered in it, whatever their Teams is set to."""
    said = replace(ADDED, kind=TurnKind.SAID, text="help", verb="", locale="ko-KR")
    (effect,) = added(said, replace(SEEN, me={"language": "de"})).effects
    assert isinstance(effect, PlanMessage)
    assert effect.message.content
    assert effect.message.content.language == "de"
