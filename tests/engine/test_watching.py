"""The subscription of a room: its row before the call, its renewal, its end (ENGINE R20)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import calls_seen, watching
from bot.calls import Attendance, CallEvent, CallEventKind, Change, Session, Stay, Watched, WatchKey, WatchState
from bot.decisions import (
    DropWatch,
    RefreshCards,
    Reply,
    SaveAttendance,
    SaveKey,
    SaveNote,
    SaveRoom,
    SaveWatch,
    SetTimer,
    View,
)
from bot.errors import Refused
from bot.model import Chat, ChatKind, Room, RoomState, Timer, TimerKind
from tests.engine.test_rooms import MEETING, NOW, a_room, kinds

KEY = WatchKey("key", "certificate", "sealed", NOW + 1)
ROW = Watched("r1", "tenant", "mark", "key", "beta", expires_at=NOW + watching.LIFE)
ACTIVE = replace(ROW, state=WatchState.ACTIVE, subscription_id="s1")


def view(state: RoomState = RoomState.OPEN, **more: object) -> View:
    """Return what a decision sees of a room that has its meeting."""
    room = a_room(state=state, meeting=MEETING, opened_at=NOW)
    return replace(View(NOW, "fresh", room=room), **more)  # type: ignore[arg-type]  # fields by name


def timers(reply: Reply) -> list[Timer]:
    """Return what a reply arms."""
    return [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]


def opens(to: RoomState, before: Room | None = None, **more: object) -> list[Timer]:
    """Return what is armed when a room gets another state."""
    was = before or a_room()
    after = replace(was, state=to, meeting=MEETING, **more)  # type: ignore[arg-type]  # fields by name
    return timers(watching.begun(Reply((SaveRoom(after),)), View(NOW, "fresh", room=was)))


def test_a_room_that_opens_is_watched() -> None:
    """The moment a meeting is there it is subscribed to, a planned one a quarter of an hour before it starts."""
    assert [(one.kind, one.due_at) for one in opens(RoomState.OPEN)] == [(TimerKind.SUBSCRIBE, NOW)]
    planned = opens(RoomState.SCHEDULED, starts_at=NOW + 3_600_000)
    assert [one.due_at for one in planned] == [NOW + 3_600_000 - watching.EARLY]
    assert opens(RoomState.FAILED) == []
    assert opens(RoomState.LIVE, a_room(state=RoomState.OPEN)) == []


def test_the_row_is_there_before_graph_is_asked() -> None:
    """Graph may notify before it answers, so what it will be asked is written first, once there is a key."""
    assert timers(watching.prepared(view(), None, "mark"))[0].payload == {"make_key": True}
    with_key = watching.prepared(view(key=KEY), None, "mark")
    assert kinds(with_key) == [SaveWatch, SetTimer]
    assert watching.unpacked(timers(with_key)[0].payload["watched"]) == ROW
    assert kinds(watching.prepared(view(), KEY, "mark")) == [SaveKey, SaveWatch, SetTimer]
    assert watching.prepared(view(notes={watching.REFUSED: ""}), KEY, "mark").effects == ()
    assert watching.prepared(view(RoomState.ENDED), KEY, "mark").effects == ()


def test_a_subscription_is_renewed_in_time() -> None:
    """It is renewed two hours before its end; whoever came in after the card was told of only if that was at once."""
    reply = watching.subscribed(view(), ACTIVE)
    assert [one.due_at for one in timers(reply)] == [ACTIVE.expires_at - watching.RENEWED_BEFORE]
    assert [effect.attendance.heard for effect in reply.effects if isinstance(effect, SaveAttendance)] == [True]
    late = watching.subscribed(view(now=NOW + watching.AT_ONCE), replace(ACTIVE, version="v1.0"))
    assert kinds(late) == [SaveWatch, SetTimer, SaveNote]


@pytest.mark.parametrize(
    ("status", "tried", "expected"),
    [(400, (), "other version"), (404, (), "other version"), (400, ("v1.0",), "refused"), (403, (), "refused")],
)
def test_a_refusal_is_remembered(status: int, tried: tuple[str, ...], expected: str) -> None:
    """What one version has not is asked of the other; a missing permission is remembered for the tenant."""
    reply = watching.refused(view(), ROW, Refused("no", status=status), "certificate", tried)
    assert reply.outcome == expected
    assert kinds(reply) == ([SaveWatch, SetTimer] if expected == "other version" else [DropWatch, SaveNote])


def test_trouble_makes_it_later_and_not_for_ever() -> None:
    """A busy Graph is asked a few times; a renewal for as long as there may be something to renew."""
    timer = Timer("subscribe|r1", TimerKind.SUBSCRIBE, "tenant", "r1", NOW, {}, watching.TRIES)
    assert kinds(watching.not_now(timer, NOW)) == [DropWatch]
    assert kinds(watching.not_now(replace(timer, attempts=1), NOW)) == [SetTimer]
    assert kinds(watching.not_now(replace(timer, kind=TimerKind.RENEW), NOW)) == [SetTimer]


def test_what_is_due_is_renewed_ended_or_nothing() -> None:
    """A meeting that may go on is renewed under the newest key; one that ended a day ago is let go."""
    assert watching.due(view(key=KEY), None).effects == ()
    assert timers(watching.due(view(watched=ACTIVE), None))[0].payload == {"make_key": True}
    newest = replace(KEY, key_id="newest")
    renewed = timers(watching.due(view(watched=ACTIVE, key=newest), None))[0].payload["watched"]
    assert (renewed["key_id"], renewed["expires_at"]) == ("newest", NOW + watching.LIFE)
    ended = view(watched=ACTIVE, key=KEY, room=a_room(state=RoomState.ENDED, ended_at=NOW - 86_400_000))
    assert set(timers(watching.due(ended, None))[0].payload) == {"ended"}


def test_a_lost_subscription_is_made_again_while_the_meeting_goes_on() -> None:
    """Where Graph has forgotten it, it is asked for anew, but not for a meeting that has ended."""
    assert [one.kind for one in timers(watching.gone(view(), ACTIVE))] == [TimerKind.SUBSCRIBE]
    assert kinds(watching.gone(view(RoomState.ENDED), ACTIVE)) == [DropWatch]


def test_while_nobody_tells_us_nobody_is_known_to_have_joined() -> None:
    """Where a subscription was lost, or its renewal refused, people may have come in of whom nobody told."""
    heard = a_room(state=RoomState.OPEN, meeting=MEETING, attendance=Attendance(heard=True))
    for reply in (
        watching.gone(view(room=heard), ACTIVE),
        watching.refused(view(room=heard), ACTIVE, Refused("no", status=403), "", watching.VERSIONS),
    ):
        assert [one.attendance.heard for one in reply.effects if isinstance(one, SaveAttendance)] == [False]


def test_lifecycle_only_asks_graph() -> None:
    """Whatever Graph says of a subscription, Muster believes only what it then finds there."""
    for name in ("reauthorizationRequired", "subscriptionRemoved"):
        assert [one.kind for one in timers(watching.lifecycle(view(watched=ACTIVE), name))] == [TimerKind.RENEW]
    assert watching.lifecycle(view(watched=ACTIVE), "somethingNew").effects == ()
    assert watching.lifecycle(view(watched=ROW), "subscriptionRemoved").effects == ()


def test_a_subscription_is_known_by_its_first_word() -> None:
    """One that notifies before it was answered is kept under the id it says; a known one keeps its own."""
    (saved,) = watching.early(view(watched=ROW), "s1", NOW + 9)
    assert saved == SaveWatch(replace(ACTIVE, expires_at=NOW + 9))
    assert watching.early(view(watched=ACTIVE), "s2", NOW + 9) == ()


COMES = CallEvent(CallEventKind.ROSTER, NOW, (Change("p1", inside=True, person="ana"),))
ANAS = Stay(1, "p1", 0, NOW - 5, "ana", joined_at=NOW - 5)
LIVE = Attendance((Session(1, NOW - 9, told=True, people=1, most=1),), inside=1)


def test_a_meeting_that_was_over_before_we_heard_of_it_is_empty() -> None:
    """A whole call that is told late makes the open meeting an empty one, and not a live one."""
    events = [
        CallEvent(CallEventKind.STARTED, NOW - 9),
        replace(COMES, at=NOW - 5),
        CallEvent(CallEventKind.ENDED, NOW),
    ]
    reply = calls_seen.seen(view(), events, "count")
    assert [effect.room.state for effect in reply.effects if isinstance(effect, SaveRoom)] == [RoomState.EMPTY]


def test_after_the_first_minute_counts_are_calm() -> None:
    """The number in the card follows at once in the first minute, then twice a minute at most, and never in `off`."""
    live = a_room(state=RoomState.LIVE, meeting=MEETING, live_at=NOW, attendance=LIVE)
    for now, shown, expected in ((NOW, "count", [0]), (NOW + 60_000, "count", [30_000]), (NOW, "off", [])):
        came = replace(COMES, at=now, changes=(Change("p2", inside=True, person="ben"),))
        room = replace(live, attendance=replace(LIVE, shown=shown))
        reply = calls_seen.seen(View(now, "fresh", room=room, stays=(ANAS,)), [came], shown)
        assert [effect.apart for effect in reply.effects if isinstance(effect, RefreshCards)] == expected


@pytest.mark.parametrize(
    ("most", "wished", "expected"),
    [("names", "off", "off"), ("count", "names", "count"), ("names", "", "names"), ("count", "faces", "count")],
)
def test_a_chat_may_show_less_and_never_more(most: str, wished: str, expected: str) -> None:
    """What the tenant lets cards show is an upper bound; a chat can have less."""
    chat = Chat("tenant", "thread", ChatKind.CHANNEL, settings={"roster": wished})
    assert calls_seen.allowed(most, chat) == expected
    assert calls_seen.allowed(most, None) == most


def test_what_is_known_already_writes_nothing() -> None:
    """A copy changes nothing, and neither does a meeting that failed."""
    assert calls_seen.seen(view(), [], "count").effects == ()
    assert calls_seen.seen(view(RoomState.FAILED), [COMES], "count").effects == ()


def test_people_who_stay_in_an_ended_meeting_are_not_back() -> None:
    """Somebody ends a meeting with people in it: that they are still told of is not "in it again"."""
    ended = a_room(state=RoomState.ENDED, meeting=MEETING, live_at=NOW - 9, ended_at=NOW, attendance=LIVE)
    came = replace(COMES, at=NOW + 1, changes=(Change("p2", inside=True, person="ben"),))
    reply = calls_seen.seen(View(NOW + 1, "fresh", room=ended), [came], "count")
    assert kinds(reply) == [SaveAttendance]
    again = calls_seen.seen(View(NOW + 9, "fresh", room=ended), [CallEvent(CallEventKind.STARTED, NOW + 5)], "count")
    assert SaveRoom in kinds(again)
