"""The verdict on a day, from what Graph and the connector saw and what was acknowledged, nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.day.plan import NINE, Request
from tests.day.simulated import Made, Post

BUSY = 120
"""Seconds after nine until what was asked for in its first minute has surely been answered."""
SHOWN = 20
"""How many of the bad lines are printed."""


@dataclass(slots=True)
class Verdict:
    """What came of a day. `lost`, `doubled` and `stale` make it red; `waited` are seconds from request to answer.

    `stale` are cards that go on saying "open" long after their meeting was closed.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    waited: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def green(self) -> bool:
        """Say whether nothing was lost, doubled or left standing."""
        return not (self.lost or self.doubled or self.stale)

    def lines(self) -> list[str]:
        """Return the verdict for people to read."""
        times = [
            f"  {what:<28} {len(all_of):>6}   p50 {at(all_of, 0.5):7.2f} s   p99 {at(all_of, 0.99):7.2f} s"
            f"   longest {max(all_of):7.2f} s"
            for what, all_of in self.waited.items()
        ]
        counted = [f"  {what:<28} {number:>6}" for what, number in sorted(self.counts.items())]
        bad = {"LOST": self.lost, "DOUBLED": self.doubled, "STALE": self.stale}
        told = [f"  {name}: {line}" for name, lines in bad.items() for line in lines[:SHOWN]]
        sums = f"{len(self.lost)} lost, {len(self.doubled)} doubled, {len(self.stale)} cards left standing"
        return [*times, *counted, *told, f"{'green' if self.green else 'RED'}: {sums}"]


def at(values: Iterable[float], share: float) -> float:
    """Return the value that this share of all does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Seen:
    """What was there: the messages by what they are about, and the meetings by their subject.

    `unheard` is how many answers to the posts of a nonce were lost.
    """

    def __init__(self, posts: Iterable[Post], unheard: Mapping[str, int], meetings: Iterable[Made]) -> None:
        self.unheard = unheard
        self.cards: dict[str, list[Post]] = defaultdict(list)
        self.whispers: dict[tuple[str, str], list[Post]] = defaultdict(list)
        self.alive: Counter[str] = Counter()
        self.links: dict[str, set[str]] = defaultdict(set)
        for post in posts:
            if not post.deleted and post.to:
                self.whispers[post.thread_id, post.to].append(post)
            elif not post.deleted:
                self.cards[post.heads[0].partition(":")[0]].append(post)
        for meeting in meetings:
            if not meeting.deleted:
                self.alive[meeting.subject] += 1
                self.links[meeting.subject].add(meeting.link)


def judge(requests: Sequence[Request], acknowledged: dict[int, int], seen: Seen, zero: int) -> Verdict:
    """Return the verdict. `acknowledged` is when each request was first, in ms UTC; `zero` is midnight."""
    verdict = Verdict()
    for request in requests:
        if request.number not in acknowledged:
            verdict.lost.append(f"{request.subject} was refused at the door")
            continue
        _one(request, seen, verdict)
        first = [post.at for post in _answers(request, seen)]
        if first:
            waited = (min(first) - zero) / 1000 - request.at
            kind = "shown the running meeting" if not seen.cards[request.subject] else "asked, and had a card"
            verdict.waited[kind].append(waited)
            nine = NINE <= request.at < NINE + BUSY
            verdict.waited["of these about nine o'clock" if nine else "at any other time"].append(waited)
    return verdict


def _answers(request: Request, seen: Seen) -> list[Post]:
    return [*seen.cards[request.subject], *seen.whispers[request.where.thread_id, request.who.id]]


def _one(request: Request, seen: Seen, verdict: Verdict) -> None:
    """One request has one answer: a card with a link to its one meeting, or word of the meeting that is there."""
    subject = request.subject
    cards, answers = seen.cards[subject], _answers(request, seen)
    if not answers:
        verdict.lost.append(f"{subject} was acknowledged and nothing came of it")
    told = len(answers) - len(cards)
    if len(answers) > 1 and not cards and told <= 1 + seen.unheard[answers[0].nonce]:
        verdict.counts["told twice: an answer was lost"] += 1  # what one person sees cannot be read (ENGINE R15)
    elif len(answers) > 1:
        verdict.doubled.append(f"{subject} has {len(cards)} cards and {told} whispers")
    if seen.alive[subject] > 1:
        verdict.doubled.append(f"{subject} has {seen.alive[subject]} meetings at Graph")
    for card in cards:
        _honest(card, subject, seen.links[subject], verdict)


def _honest(card: Post, subject: str, links: set[str], verdict: Verdict) -> None:
    """A card led to its own meeting and has said that its time is up, or it says that there was none."""
    opened = [head for head in card.heads if head.endswith(": open")]
    failed = card.heads[-1].endswith("not opened")
    verdict.counts["failed, and said so"] += failed
    if not opened and not failed:
        verdict.lost.append(f"{subject} neither opened nor failed: {card.heads}")
    if opened and not (card.links and card.links <= links):
        verdict.lost.append(f"{subject}: its link leads to no meeting of its own")
    if opened and card.heads[-1] == opened[-1]:
        verdict.stale.append(f"{subject} still says it is open")
