"""`doctor` looks for administrators alone, and says of the channel what Graph did there last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.checkup import Status
from bot.commands import doctor
from bot.commands.command import Asked
from bot.decisions import PlanMessage, SaveNote, SetTimer
from bot.model import Binding, ChannelKind, Chat, ChatKind, Meeting, RoomState, TimerKind, Way
from bot.rooms import refusal_keys
from tests.engine.test_rooms import a_room

Ask = Callable[..., Asked]
MEETING = Meeting("id", "https://x.example")


def by_admin(asked: Asked, **policy: object) -> Asked:
    """Return the same asked by an administrator, in a deployment that decided so."""
    decided = replace(asked.policy, admins=(asked.turn.person.oid,), **policy)  # type: ignore[arg-type]  # by name
    return replace(asked, policy=decided)


def test_an_administrator_has_everything_looked_at(ask: Ask) -> None:
    """The look is work outside the transaction; who is no administrator, or nobody is, is told so at once."""
    reply = doctor.run(by_admin(ask()))
    assert [effect.timer.kind for effect in reply.effects if isinstance(effect, SetTimer)] == [TimerKind.DOCTOR]
    told = [doctor.run(asked) for asked in (ask(), replace(by_admin(ask()), turn=replace(ask().turn, person=BEN)))]
    assert [reply.outcome for reply in told] == ["doctor-nobody", "doctor-admins"]
    assert all(isinstance(effect, PlanMessage) for reply in told for effect in reply.effects)


def test_doctor_is_not_asked_without_end(ask: Ask) -> None:
    """Who asks for the sixth time in a minute is told to wait, once, and Graph is left alone; then it looks again."""
    asked, notes, told = by_admin(ask()), dict[str, str](), []
    for second in (*range(7), 61):
        view = replace(asked.view, notes=notes, now=asked.view.now + second * 1000)
        reply = doctor.run(replace(asked, view=view))
        notes |= {note.key: note.value for note in reply.effects if isinstance(note, SaveNote)}
        told.append((reply.outcome, {one.message.intent_key for one in reply.effects if isinstance(one, PlanMessage)}))
    assert [outcome for outcome, _ in told] == ["looking"] * 5 + ["busy"] * 2 + ["looking"]
    assert told[5] == told[6]
    ben = replace(asked.turn, person=replace(asked.turn.person, oid="another"))
    both = replace(asked.policy, admins=(*asked.policy.admins, "another"))
    assert doctor.run(replace(asked, turn=ben, policy=both, view=replace(asked.view, notes=notes))).outcome == "looking"


def test_who_may_be_a_guest_has_another_organisation_left_alone(ask: Ask) -> None:
    """Where a bot serves several tenants, nothing of another's is looked at, tried or told in a chat with guests."""
    asked = by_admin(ask(), tenants=2)
    assert doctor.run(asked).outcome == "why-alone"
    assert doctor.run(by_admin(ask(chat=OWN), tenants=2)).outcome == "looking"


OWN = Chat("tenant", "a:ana", ChatKind.PERSONAL)
BEN = replace(a_room().starter, oid="22222222-0000-4000-8000-000000000002")


@pytest.mark.parametrize(
    ("binding", "status"),
    [
        (Binding.BOUND, Status.OK),
        (Binding.REFUSED, Status.TODO),
        (Binding.IGNORED, Status.TODO),
        (Binding.NO_POST, Status.TODO),
        (Binding.NOT_ASKED, Status.OFF),
        (Binding.RESERVE, Status.OFF),
    ],
)
def test_the_channel_s_last_meeting_says_whether_it_is_tied(ask: Ask, binding: Binding, status: Status) -> None:
    """What Graph made of the last meeting is what is known of the next; what was not asked for is no fault."""
    asked = by_admin(ask())
    room = a_room(state=RoomState.ENDED, meeting=MEETING, binding=binding, home_thread=asked.chat.thread_id)
    found = doctor.tie(replace(asked, view=replace(asked.view, recent=(room,))))
    assert found.status is status
    assert (found.step is not None) == (status is Status.TODO)


@pytest.mark.parametrize(("way", "key"), [(Way.APP, 0), (Way.USER, 1)])
def test_a_refused_tie_is_known_while_it_is_not_asked_for_again(ask: Ask, way: Way, key: int) -> None:
    """For a day after Graph refused the channel its meetings are made without the tie, and doctor knows why."""
    asked = by_admin(ask())
    room = a_room(state=RoomState.OPEN, meeting=MEETING, home_thread=asked.chat.thread_id)
    notes = {refusal_keys(asked.policy.binding, asked.chat.thread_id, way)[key]: ""}
    found = doctor.tie(replace(asked, view=replace(asked.view, rooms=(room,), notes=notes)))
    assert (found.status, "refused" in found.says) == (Status.TODO, True)
    tied = replace(room, binding=Binding.BOUND)
    assert doctor.tie(replace(asked, view=replace(asked.view, rooms=(tied,), notes=notes))).status is Status.OK


def test_where_nothing_is_tied_nothing_is_missing(ask: Ask) -> None:
    """A group chat, a private channel, a deployment without ties and a channel without a meeting have nothing to do."""
    asked = by_admin(ask())
    group = by_admin(ask(chat=replace(asked.chat, kind=ChatKind.GROUP)))
    private = by_admin(ask(chat=replace(asked.chat, channel_kind=ChannelKind.PRIVATE)))
    off = by_admin(ask(), binding="off")
    assert {doctor.tie(each).status for each in (asked, group, private, off)} == {Status.OFF}
