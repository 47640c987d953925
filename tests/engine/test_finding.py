"""A look-up by id: patient with Microsoft, and by the asking person's own right (facts/graph 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import pytest

from bot.commands.command import Policy
from bot.decisions import Park, PlanMessage, Reply, SetTimer, View
from bot.errors import MeetingsError, NotNow, PolicyMissing, Refused, SignInNeeded
from bot.finding import TRIES, Finding
from bot.leases import Lease, TimerClaim
from bot.model import Chat, ChatKind, Meeting, MeetingKey, Person, Timer, TimerKind, Turn, TurnKind
from bot.ports import Chance, Clock, Meetings
from tests.engine.test_rooms import NOW, freeze

ANA = Person("29:ana", "oid-ana", "Ana Lima")
CHAT = Chat("tenant", "19:c", ChatKind.PERSONAL)
TURN = Turn("k", "e", TurnKind.SAID, CHAT, ANA, "19:c", "1", NOW, NOW + 300_000, "REF", "dial-in 234567890")


class Known:
    """A Graph that answers by what is asked about."""

    def __init__(self, answers: Mapping[MeetingKey, Meeting | MeetingsError | None]) -> None:
        self.answers = answers
        self.asked: list[tuple[MeetingKey, bool]] = []

    async def find(self, *_: object, **asked: Any) -> Meeting | None:  # noqa: ANN401 - as the port's
        """Answer."""
        self.asked.append((asked["key"], asked["by"] is not None))
        answer = self.answers[asked["key"]]
        if isinstance(answer, MeetingsError):
            raise answer
        return answer


class Still:
    """A clock that stands, and dice that fall on the same side."""

    def now(self) -> int:
        """Return ms UTC."""
        return NOW

    def fraction(self) -> float:
        """Return the middle."""
        return 0.5


async def looked(graph: Known, *, attempts: int = 1, paused_until: int = 0, now: int = NOW, own: bool = True) -> Reply:
    """Run the look-up and decide."""
    still = Still()
    finding = Finding(cast("Meetings", graph), Policy(freeze, auth="auto"), cast("Clock", still), cast("Chance", still))
    payload = {"turn": asdict(TURN), "rest": "234567890", "by_person": own}
    timer = Timer("find|k", TimerKind.FIND, "tenant", "19:c", NOW, payload, attempts)
    decide = await finding.run(TimerClaim(timer, Lease("one", 1, NOW + 30_000), None, None, paused_until, TURN))
    return decide(View(now, "f" * 32, chat=CHAT))


def whispered(reply: Reply) -> list[str]:
    """Return the names of what is whispered."""
    messages = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    return [message.content.name for message in messages if message.content]


async def test_what_is_no_meeting_id_is_looked_for_as_a_video_room() -> None:
    """A number that Graph does not show as a meeting id may be a video room's, about which only the app may ask."""
    there = Meeting("m", "https://x", "Retro", organizer_oid="oid-ana")
    graph = Known({MeetingKey.JOIN_MEETING_ID: Refused("403", status=403), MeetingKey.VIDEO_ID: there})
    assert whispered(await looked(graph)) == ["no-dial-in"]
    assert graph.asked == [(MeetingKey.JOIN_MEETING_ID, True), (MeetingKey.VIDEO_ID, False)]


@pytest.mark.parametrize(("attempts", "told"), [(1, []), (TRIES, ["not-looked-up"])])
async def test_microsoft_s_silence_is_waited_for_a_few_times(attempts: int, told: list[str]) -> None:
    """A bad moment of Microsoft's only delays the answer; a long one is said."""
    graph = Known({MeetingKey.JOIN_MEETING_ID: NotNow("503", status=503).after(2.0, unclear=False)})
    reply = await looked(graph, attempts=attempts)
    assert whispered(reply) == told
    assert [effect.timer.due_at for effect in reply.effects if isinstance(effect, SetTimer)] == [NOW + 2_100] * (
        not told
    )


async def test_a_pause_of_graph_s_is_kept() -> None:
    """While Graph wants to be left alone nothing is looked up."""
    graph = Known({})
    (effect,) = (await looked(graph, paused_until=NOW + 5)).effects
    assert isinstance(effect, SetTimer)
    assert (effect.timer.due_at, effect.timer.attempts, graph.asked) == (NOW + 5, 0, [])


async def test_whose_sign_in_is_needed_is_offered_it() -> None:
    """Who has to sign in before Graph shows them their meetings is asked to."""
    reply = await looked(Known({MeetingKey.JOIN_MEETING_ID: SignInNeeded("none")}))
    assert whispered(reply) == ["sign-in"]
    assert any(isinstance(effect, Park) for effect in reply.effects)


async def test_without_a_policy_the_person_s_own_right_is_next() -> None:
    """Where no policy lets the app ask for somebody, it asks by that person's sign-in."""
    (effect,) = (await looked(Known({MeetingKey.JOIN_MEETING_ID: PolicyMissing("403")}), own=False)).effects
    assert isinstance(effect, SetTimer)
    assert effect.timer.payload["by_person"] is True


async def test_where_the_app_may_not_ask_about_video_rooms_nothing_is_found() -> None:
    """A missing policy ends the look-up of somebody who asks by their own right: it is not begun again and again."""
    nothing = {MeetingKey.JOIN_MEETING_ID: None, MeetingKey.VIDEO_ID: PolicyMissing("403")}
    assert whispered(await looked(Known(nothing))) == ["not-found"]


async def test_what_comes_too_late_is_not_told() -> None:
    """Nobody is told numbers for a question of long ago."""
    graph = Known({MeetingKey.JOIN_MEETING_ID: None, MeetingKey.VIDEO_ID: None})
    assert whispered(await looked(graph, now=NOW + 300_000)) == ["late"]
