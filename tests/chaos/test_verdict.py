"""The verdict finds out each thing that must not happen, and excuses only what a lost answer explains."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.journal import Exchange
from bot.sandbox.meetings import Meeting
from bot.sandbox.posts import CARD_TYPE, Post
from tests.chaos.evidence import Asked, Down, Seen
from tests.chaos.plan import Request
from tests.chaos.verdict import Verdict, judge

pytestmark = pytest.mark.usefixtures("untraced")

NOON = 1_795_262_400_000
"""2026-11-21T12:00:00Z in ms."""
ONE, TWO = "127.0.0.1", "127.0.0.2"
"""Two replicas."""


@dataclass
class Scene:
    """A chat in which somebody asked once, and what the bot did there; times are ms after noon."""

    cloud: Cloud
    downs: list[Down] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    copied_at: int = 0
    reading: bool = False
    lag_ms: int = 0

    @property
    def verdict(self) -> Verdict:
        """Return what the judge says."""
        tenant = self.cloud.tenant
        copied = NOON + self.copied_at if self.copied_at else 0
        asked = Asked(Request(1, 0, 0, 0.0), tenant.incidents, tenant.ana, acknowledged=True, at=NOON, copied_at=copied)
        known = (tuple(self.downs), frozenset(self.stored))
        return judge(Seen(self.cloud, (asked,), *known, reading=self.reading, lag_ms=self.lag_ms))

    def judged(self, requests: int) -> Verdict:
        """Return what the judge says when so many people asked, each in words of their own."""
        tenant = self.cloud.tenant
        asked = [
            Asked(Request(number, 0, 0, 0.0), tenant.incidents, tenant.ana, acknowledged=True, at=NOON)
            for number in range(1, requests + 1)
        ]
        return judge(Seen(self.cloud, tuple(asked), stored=frozenset(self.stored)))

    def meeting(self, **answer: Any) -> str:  # noqa: ANN401 - fields of an Exchange
        """Let Graph make the meeting and answer so; return its link."""
        graph = self.cloud.graph
        number = len(graph.meetings) + 1
        external_id = f"room-{number}"
        host, at = self.cloud.tenant.ana, NOON
        made = Meeting(host, external_id, "Case 0001", at, at, at, number, {}, dial_in=True, thread_id=external_id)
        graph.meetings.append(made)
        self.exchange("graph.createOrGet", {"externalId": external_id}, **answer)
        return made.join_url

    def exchange(self, operation: str, request: Any, *, at: int = 0, **answer: Any) -> Exchange:  # noqa: ANN401 - any JSON
        """Write down a call that was answered."""
        exchange = self.cloud.journal.begin("teams", "POST", "/", NOON + at)
        exchange.operation, exchange.request, exchange.done = operation, request, True
        exchange.status, exchange.source = 201, ONE
        for name, value in answer.items():
            setattr(exchange, name, value)
        return exchange

    def send(self, text: str, *, to: str = "", link: str = "", stored: bool = True, **answer: Any) -> Post:  # noqa: ANN401 - fields of an Exchange
        """Let the bot post a message that is known by its text, and write the id down."""
        actions = [{"type": "Action.OpenUrl", "url": link}] if link else []
        card = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": text}], "actions": actions}
        activity = {
            "channelData": {"muster": {"nonce": text[:9]}},
            "attachments": [{"contentType": CARD_TYPE, "content": card}],
        }
        cloud = self.cloud
        post = cloud.board.add(f"{cloud.tenant.incidents.thread_id};messageid=1", cloud.tenant.bot_id, activity)
        post.visible_to = to
        exchange = self.exchange("connector.post", activity, **answer)
        exchange.response = {"id": post.id}
        if stored:
            self.stored.add(post.id)
        return post

    def opened(self, **answer: Any) -> Post:  # noqa: ANN401 - fields of an Exchange
        """Let all go well."""
        return self.send("Case 0001: open", link=self.meeting(), **answer)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A chat in which somebody asked, and nothing happened yet."""
    cloud = Cloud()
    yield Scene(cloud)
    await cloud.stop()


def test_one_meeting_and_one_card_is_right(scene: Scene) -> None:
    """A meeting with one card is what was asked for."""
    scene.opened()
    assert scene.verdict.green
    assert scene.verdict.counts["opened"] == 1


@pytest.mark.parametrize(
    ("text", "whispered"),
    [
        ("Case 0001: not opened", False),
        ("I couldn't do that: something went wrong on my side", True),
        ("There's already a meeting here: **Case 0007**", True),
        ("@Ana Lima, I couldn't do that here.", False),
        ("That's many meetings in one minute. Try again in 20 seconds.", True),
    ],
)
def test_an_honest_answer_is_right(scene: Scene, text: str, whispered: bool) -> None:
    """A failure that is told, by any rung of the ladder, is no lost request."""
    scene.send(text, to=scene.cloud.tenant.ana.id if whispered else "")
    assert scene.verdict.green


def test_a_whisper_in_a_persons_own_chat_counts(scene: Scene) -> None:
    """Who was told in their own chat with the bot was told."""
    tenant = scene.cloud.tenant
    own = tenant.personal_chat(tenant.ana)
    scene.cloud.board.add(own.thread_id, tenant.bot_id, {"text": "There's already a meeting here: **Case 0007**"})
    assert scene.verdict.counts["shown the running one"] == 1
    assert scene.verdict.green


def twice(scene: Scene, **later: Any) -> None:  # noqa: ANN401 - fields of an Exchange
    """Open a meeting and post its card once more."""
    scene.opened()
    scene.send("Case 0001: open", link=scene.cloud.graph.meetings[0].join_url, **{"at": 60_000, **later})


def two_meetings(scene: Scene) -> None:
    """Open a meeting and make another one for the same intent."""
    scene.opened()
    scene.meeting()


def opened_and_failed(scene: Scene) -> None:
    """Tell two things about one intent."""
    scene.opened()
    scene.send("Case 0001: not opened", at=60_000)


def whispered_to_another(scene: Scene) -> None:
    """Tell somebody else."""
    scene.send("There's already a meeting here: **Case 0007**", to=scene.cloud.tenant.ben.id)


def told_long_ago(scene: Scene) -> None:
    """Tell more than a minute before it was asked."""
    post = scene.send("That's many meetings in one minute.", to=scene.cloud.tenant.ana.id)
    post.at = NOON - 60_001


def dead_link(scene: Scene) -> None:
    """Publish a link and delete its meeting."""
    scene.opened()
    scene.cloud.graph.meetings[0].deleted = True


def nobody_knows(scene: Scene) -> None:
    """Fail though Graph said that the meeting is there."""
    scene.meeting()
    scene.send("Case 0001: not opened")


def at_once(scene: Scene) -> None:
    """Send a card while it is being sent."""
    scene.send("Case 0001: not opened", ms=8_000)
    scene.exchange("connector.post", scene.cloud.board.posts[-1].activity, at=6_000, status=503)


def too_soon(scene: Scene) -> None:
    """Send a card again before the pause is over."""
    scene.send("Case 0001: not opened", fault="connector-reset-after", stored=False, ms=10)
    scene.send("Case 0001: not opened", at=4_990)


@pytest.mark.parametrize(
    ("rule", "happens"),
    [
        ("lost", lambda _: None),
        ("lost", whispered_to_another),
        ("lost", told_long_ago),
        ("copies", twice),
        ("meetings", two_meetings),
        ("place", two_meetings),
        ("outcome", opened_and_failed),
        ("link", dead_link),
        ("orphan", nobody_knows),
        ("at once", at_once),
        ("too soon", too_soon),
    ],
)
def test_what_must_not_happen_is_found_out(scene: Scene, rule: str, happens: Callable[[Scene], None]) -> None:
    """Each thing that must not happen makes the verdict red, by the rule that it breaks."""
    happens(scene)
    verdict = scene.verdict
    assert not verdict.green
    assert rule in verdict.rules, verdict.lines()


HALF_A_MINUTE = 30_000


@pytest.mark.parametrize(
    ("first", "down", "excused"),
    [
        ({"fault": "connector-reset-after"}, None, True),
        ({"unheard": True, "ms": 11_000}, None, True),
        ({"unheard": True, "ms": 9_999}, None, False),  # it hung up before its deadline
        ({"ms": 9_900}, None, False),  # slow, and heard
        ({"unheard": True}, (5, 40_000), True),
        ({"unheard": True}, (11, 40_000), False),  # it hung up, and fell afterwards
        ({}, (5, 40_000), True),  # the sender fell while it waited
        ({"ms": 4}, (5, 40_000), True),  # the sender fell before it had written the answer down
        ({"ms": 4, "stored": True}, (5, 40_000), False),
        ({"source": TWO}, (5, 40_000), False),  # somebody else fell
        ({"at": 40_001}, (5, 40_000), False),  # it had fallen before
        ({}, (HALF_A_MINUTE + 11, 99_000), False),  # it fell when its lease was over
    ],
)
def test_a_second_copy_needs_a_lost_answer(
    scene: Scene, first: dict[str, Any], down: tuple[int, int] | None, excused: bool
) -> None:
    """A second card is excused only if the first one's answer never reached the process that posted it."""
    if down:
        scene.downs.append(Down(ONE, NOON + down[0], NOON + down[1]))
    scene.opened(**{"ms": 10, "stored": False, **first})
    scene.send("Case 0001: open", link=scene.cloud.graph.meetings[0].join_url, at=90_000, source=TWO)
    assert scene.verdict.green is excused
    assert bool(scene.verdict.doubled) is excused


@pytest.mark.parametrize(
    ("first", "lag_ms", "excused"),
    [
        ({"unheard": True, "ms": 9_500}, 500, True),  # its deadline began before the call arrived
        ({"unheard": True, "ms": 9_500}, 499, False),
        ({"ms": 9_500}, 500, True),  # the answer lay there, unread, when the deadline was over
        ({"ms": 9_500}, 499, False),
        ({"ms": 9_500, "stored": True}, 500, False),
        ({"ms": 10}, 500, False),
    ],
)
def test_a_machine_that_stood_still_excuses_what_came_too_late_by_as_much(
    scene: Scene, first: dict[str, Any], lag_ms: int, *, excused: bool
) -> None:
    """A second card is excused where the first one's deadline was over only because the whole machine stood still."""
    scene.lag_ms = lag_ms
    scene.opened(**{"stored": False, **first})
    scene.send("Case 0001: open", link=scene.cloud.graph.meetings[0].join_url, at=90_000, source=TWO)
    assert scene.verdict.green is excused


@pytest.mark.parametrize(
    ("to", "down", "excused"), [("", None, False), ("29:ana", None, True), ("", (5, 40_000), True)]
)
def test_where_the_bot_may_read_no_lost_answer_doubles_a_card(
    scene: Scene, to: str, down: tuple[int, int] | None, excused: bool
) -> None:
    """With the right to read, a card for all is doubled only where its sender fell; whispers are not listed."""
    scene.reading = True
    scene.opened()
    if down:
        scene.downs.append(Down(ONE, NOON + 60_000 + down[0], NOON + 60_000 + down[1]))
    scene.send("Case 0002", to=to, fault="connector-reset-after", at=60_000, ms=10, stored=False)
    scene.send("Case 0002", to=to, at=90_000, source=TWO)
    assert scene.verdict.green is excused
    assert ("unread" in scene.verdict.rules) is not excused


def test_a_call_after_a_401_has_no_deadline_of_its_own(scene: Scene) -> None:
    """Who was refused for an old token, and asked again at once, hangs up at the first call's deadline."""
    scene.send("Case 0001: not opened", stored=False, status=401, ms=6_000)
    scene.cloud.board.posts.clear()
    scene.send("Case 0001: not opened", stored=False, at=6_000, ms=5_000, unheard=True)
    scene.send("Case 0001: not opened", at=15_000)
    assert scene.verdict.green
    assert len(scene.verdict.doubled) == 1


def test_a_late_copy_is_another_request(scene: Scene) -> None:
    """Who says the same again after a minute asked again, and is shown the meeting; before, it is an echo."""
    scene.opened()
    scene.send("There's already a meeting here: **Case 0001**", to=scene.cloud.tenant.ana.id)
    scene.copied_at = 59_999
    assert not scene.verdict.green
    assert replace(scene, copied_at=60_000).verdict.green


@pytest.mark.parametrize(("led_to", "green"), [("Case 0002: not opened", True), ("Case 0002: open", False)])
def test_who_was_led_to_what_failed_asked_for_it(scene: Scene, led_to: str, *, green: bool) -> None:
    """A copy that comes after the meeting it was led to has failed is another request, and no other one is."""
    scene.send("There's already a meeting here: **Case 0002**, still opening.", to=scene.cloud.tenant.ana.id)
    scene.send(led_to)
    scene.copied_at = 15_000
    scene.opened()
    assert scene.verdict.green is green
    assert not replace(scene, copied_at=0).verdict.green


@pytest.mark.parametrize(("requests", "green"), [(19, True), (20, False)])
def test_a_bot_that_only_fails_is_found_out(scene: Scene, requests: int, *, green: bool) -> None:
    """Telling everybody honestly that nothing works is wrong where Graph answers most of the time."""
    for number in range(1, requests + 1):
        scene.send(f"Case {number:04}: not opened")
    verdict = scene.judged(requests)
    assert verdict.green is green
    assert verdict.rules == ({} if green else {"hope": 1})
