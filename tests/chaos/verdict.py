"""The verdict of a run, from what Graph and the connector saw and what Teams got acknowledged, nothing else."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bot.sandbox.cloud import Cloud
from bot.sandbox.journal import Exchange
from bot.sandbox.posts import Post
from bot.sandbox.tenant import Chat, Person
from tests.chaos.plan import Request
from tests.journeys.harness import words

LINK = re.compile(r"https://teams\.example/meet/[^\"'\s\\]+")
ACCEPTED = range(200, 300)
HEARD_WITHIN_MS = 9_500
"""ms after which whoever posted has stopped listening (its deadline is ten seconds): an answer this late is lost."""
UNCLEAR = frozenset({"connector-reset", "connector-reset-after", "connector-502", "connector-502-after"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One intent as Teams knows it: who, where, and whether any delivery of it was acknowledged."""

    request: Request
    chat: Chat
    person: Person
    acknowledged: bool


@dataclass(slots=True)
class Verdict:
    """What came of a run. `lost` and `wrong` make it red; `doubled` are the cards that a lost answer explains."""

    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def green(self) -> bool:
        """Say whether nothing was lost and nothing happened twice without an excuse."""
        return not self.lost and not self.wrong

    def lines(self) -> list[str]:
        """Return the verdict for people to read."""
        counted = ", ".join(f"{number} {what}" for what, number in sorted(self.counts.items()))
        doubled = [f"  doubled, an answer was lost: {line}" for line in self.doubled]
        bad = [*(f"  LOST: {line}" for line in self.lost), *(f"  WRONG: {line}" for line in self.wrong)]
        sums = f"{len(self.lost)} lost, {len(self.wrong)} wrong, {len(self.doubled)} cards doubled with an excuse"
        return [f"  {counted}", *doubled, *bad, f"{'green' if self.green else 'RED'}: {sums}"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the judge looks at: `blows` are when processes were killed or frozen (ms UTC), `wait_ms` is R15's pause."""

    cloud: Cloud
    asked: tuple[Asked, ...]
    blows: tuple[int, ...] = ()
    wait_ms: int = 5_000


def judge(seen: Seen) -> Verdict:
    """Return the verdict on everything seen so far."""
    verdict = Verdict()
    posts: dict[str, list[Post]] = defaultdict(list)
    for post in seen.cloud.board.posts:
        if post.sender == seen.cloud.tenant.bot_id and not post.deleted:
            posts[post.thread_id].append(post)
    alive = Counter(meeting.subject for meeting in seen.cloud.graph.meetings if not meeting.deleted)
    links = {meeting.join_url for meeting in seen.cloud.graph.meetings if not meeting.deleted}
    told: Counter[str] = Counter()
    for asked in seen.asked:
        found = Found(asked, posts[asked.chat.thread_id])
        _one_outcome(found, verdict)
        _one_meeting(found, verdict, alive[asked.request.subject], links)
        told[asked.chat.thread_id] += alive[asked.request.subject]
    crowded = [thread_id for thread_id, meetings in told.items() if meetings > 1]
    verdict.wrong += [f"{told[thread_id]} meetings at once in {thread_id}" for thread_id in crowded]
    _copies(seen, posts, verdict)
    return verdict


class Found:
    """What is there of one intent: its cards, and what its person was told."""

    def __init__(self, asked: Asked, posts: list[Post]) -> None:
        subject = asked.request.subject
        self.asked = asked
        cards = [post for post in posts if not post.visible_to and subject in _text(post)]
        self.cards = cards
        self.open = [post for post in cards if re.search(rf"{subject}: open$", _text(post), re.MULTILINE)]
        self.failed = [post for post in cards if f"{subject}: not opened" in _text(post)]
        whispers = [post for post in posts if post.visible_to == asked.person.id]
        self.joined = [post for post in whispers if "already a meeting" in _text(post)]
        self.links = {link for post in self.open for link in LINK.findall(str(post.card))}

    @property
    def outcomes(self) -> list[str]:
        """Return the kinds of outcome there are; one is right."""
        kinds = {"opened": self.open, "failed and told": self.failed, "shown the running one": self.joined}
        return [name for name, there in kinds.items() if there]


def _one_outcome(found: Found, verdict: Verdict) -> None:
    subject = found.asked.request.subject
    outcomes = found.outcomes
    verdict.counts["requests"] += 1
    verdict.counts["acknowledged"] += found.asked.acknowledged
    verdict.counts.update(outcomes)
    if found.asked.acknowledged and not outcomes:
        verdict.lost.append(f"{subject} was acknowledged and nothing came of it")
    if len(outcomes) > 1:
        verdict.wrong.append(f"{subject}: {' and '.join(outcomes)}")


def _one_meeting(found: Found, verdict: Verdict, alive: int, links: set[str]) -> None:
    subject = found.asked.request.subject
    verdict.counts["meetings"] += alive
    if alive > 1:
        verdict.wrong.append(f"{subject}: {alive} meetings at Graph")
    if len(found.links) > 1:
        verdict.wrong.append(f"{subject}: {len(found.links)} links")
    if not found.links <= links:
        verdict.wrong.append(f"{subject}: its link leads to no meeting")
    if alive and found.failed and not found.open:
        verdict.wrong.append(f"{subject} failed, and its meeting is there")


def _copies(seen: Seen, posts: dict[str, list[Post]], verdict: Verdict) -> None:
    """Each message stands once, unless an answer to its post was lost; each intent has one card, whatever its name."""
    sends: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in seen.cloud.journal.exchanges:
        if exchange.operation in {"connector.post", "connector.whisper"}:
            sends[_nonce(exchange.request)].append(exchange)
    for thread_id, there in posts.items():
        by_nonce = Counter(_nonce(post.versions[0]) for post in there)
        for nonce, copies in by_nonce.items():
            excuses = sum(_lost(exchange, seen) for exchange in sends[nonce])
            line = f"{copies} copies of {_title(there, nonce)!r} in {thread_id}"
            if copies > 1 + excuses:
                verdict.wrong.append(f"{line}, {excuses} answers lost")
            elif copies > 1:
                verdict.doubled.append(line)
        _one_card_each(seen, there, verdict, thread_id)
    for nonce, exchanges in sends.items():
        _patience(seen, exchanges, verdict, nonce)


def _one_card_each(seen: Seen, there: list[Post], verdict: Verdict, thread_id: str) -> None:
    for asked in seen.asked:
        if asked.chat.thread_id == thread_id:
            found = Found(asked, there)
            cards = {_nonce(post.versions[0]) for post in found.cards}
            whispers = {_nonce(post.versions[0]) for post in found.joined}
            if len(cards) > 1 or len(whispers) > 1:
                verdict.wrong.append(f"{asked.request.subject}: {len(cards)} cards, {len(whispers)} whispers")


def _patience(seen: Seen, exchanges: list[Exchange], verdict: Verdict, nonce: str) -> None:
    """A post whose answer was lost is repeated only after R15's pause: whoever reads meanwhile sees one card."""
    for before, after in pairwise(exchanges):
        if before.fault in UNCLEAR and after.at - (before.at + before.ms) < seen.wait_ms * 0.8:
            verdict.wrong.append(f"{nonce} was repeated {after.at - before.at} ms after an answer was lost")


def _lost(exchange: Exchange, seen: Seen) -> bool:
    """Say whether the answer to a post that took effect may not have been heard: the wire or the process broke."""
    if exchange.fault.endswith("-after"):
        return True
    if exchange.status not in ACCEPTED:
        return False  # it had no effect: whoever hears of it late must not post again for it
    ended = exchange.at + exchange.ms
    return exchange.ms >= HEARD_WITHIN_MS or any(exchange.at - 200 <= blow <= ended + 1_000 for blow in seen.blows)


def _nonce(activity: Any) -> str:  # noqa: ANN401 - any JSON
    data = activity.get("channelData") if isinstance(activity, dict) else None
    muster = data.get("muster") if isinstance(data, dict) else None
    return str(muster.get("nonce", "")) if isinstance(muster, dict) else ""


def _text(post: Post) -> str:
    return words(post.card) or post.text


def _title(posts: list[Post], nonce: str) -> str:
    return next(_text(post).partition("\n")[0] for post in posts if _nonce(post.versions[0]) == nonce)
