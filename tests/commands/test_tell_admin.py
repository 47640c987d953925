"""`tell the admin` writes to administrators about a missing policy, and about nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.commands import meant, tell_admin
from bot.commands.command import Asked
from bot.decisions import PlanMessage
from bot.messages import Message, Purpose
from bot.model import Person, RoomState, TurnKind
from tests.engine.test_rooms import a_room

Ask = Callable[..., Asked]
ADMINS = ("11111111-0000-4000-8000-00000000000a", "11111111-0000-4000-8000-00000000000b")
FAILED = a_room(state=RoomState.FAILED, fail_code="policy")


def told(ask: Ask, code: str = "policy", *, starter: str = "29:ana", admins: tuple[str, ...] = ADMINS) -> list[Message]:
    """Press the button of a whisper about a room, and return what is written to whom."""
    asked = ask(kind=TurnKind.PRESSED)
    room = replace(FAILED, fail_code=code, starter=Person(starter, "oid-ana"))
    asked = replace(
        asked,
        view=replace(asked.view, pressed_room=room, affected=17),
        policy=replace(asked.policy, admins=admins, cmdlets=("https://shell", "Connect", "Grant {host}")),
    )
    effects = tell_admin.run(asked).effects
    return [effect.message for effect in effects if isinstance(effect, PlanMessage)]


def test_each_administrator_is_written_to_once_a_day(ask: Ask) -> None:
    """Every administrator gets the fix and the number of people, in a message that the same day knows only once."""
    first, second = told(ask), told(ask, "sign_in")
    assert [message.to.oid for message in first if message.to] == list(ADMINS)
    assert {message.purpose for message in first} == {Purpose.ADVICE}
    assert [message.intent_key for message in first] == [message.intent_key for message in second]
    content = first[0].content
    assert content is not None
    assert content.data["people"] == 17
    assert content.data["lines"] == ["Connect", f"Grant {FAILED.host.oid}"]


def test_who_types_it_means_their_own_newest_request(ask: Ask) -> None:
    """Without the button it is the newest request of the person that was not opened, and nobody else's."""
    theirs = replace(FAILED, room_id="r2", starter=Person("29:ben", "oid-ben"))
    seen = replace(ask().view, recent=(theirs, FAILED))
    assert meant.unopened(ask(view=seen)) == FAILED
    assert meant.unopened(ask(view=replace(seen, recent=(theirs,)))) is None
    assert meant.unopened(ask(kind=TurnKind.PRESSED, view=seen)) is None


@pytest.mark.parametrize("case", [{"code": "deadline"}, {"starter": "29:ben"}, {"admins": ()}])
def test_nobody_is_written_to_about_anything_else(ask: Ask, case: dict[str, str]) -> None:
    """Another fault, somebody else's request, or nobody to tell: no administrator gets a message."""
    assert told(ask, **case) == []  # type: ignore[arg-type]  # keywords by name
