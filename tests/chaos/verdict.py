"""The verdict of a run, from what Graph and the connector saw and what Teams got acknowledged (ENGINE 5).

Every finding begins with the rule that it breaks: `lost`, `outcome`, `meetings`, `place`, `link`, `orphan`, `copies`,
`cards`, `at once`, `too soon`, `touch`, `hope`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from bot.sandbox.journal import Exchange
from bot.sandbox.meetings import Meeting
from bot.sandbox.posts import Post
from tests.chaos.evidence import TOO_FAST, Asked, Found, Seen, nonce, took_effect

ROUNDING_MS = 10
"""Clocks are read in whole ms, on both sides."""
ENOUGH, HOPE = 20, 0.5
"""Of so many meetings or more that were tried, this share opens in any weather: failing honestly is not enough."""
UNCLEAR = frozenset({"connector-reset", "connector-reset-after", "connector-502", "connector-502-after"})


@dataclass(slots=True)
class Verdict:
    """What came of a run. `lost` and `wrong` make it red.

    `doubled` are the messages that a lost answer explains, by their nonce.
    """

    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    doubled: dict[str, str] = field(default_factory=dict)

    @property
    def green(self) -> bool:
        """Say whether nothing was lost and nothing happened twice without an excuse."""
        return not self.lost and not self.wrong

    @property
    def unsettled(self) -> bool:
        """Say whether something is still to come: an answer, or the end of a meeting that came too late (R6)."""
        return bool(self.lost or self.rules["orphan"])

    @property
    def rules(self) -> Counter[str]:
        """Return which rules are broken, and how often."""
        return Counter(line.partition(":")[0] for line in (*self.lost, *self.wrong))

    def lines(self) -> list[str]:
        """Return the verdict for people to read."""
        counted = ", ".join(f"{number} {what}" for what, number in sorted(self.counts.items()))
        doubled = [f"  doubled, an answer was lost: {line}" for line in self.doubled.values()]
        bad = [*(f"  LOST: {line}" for line in self.lost), *(f"  WRONG: {line}" for line in self.wrong)]
        sums = f"{len(self.lost)} lost, {len(self.wrong)} wrong, {len(self.doubled)} doubled with an excuse"
        return [f"  {counted}", *doubled, *bad, f"{'green' if self.green else 'RED'}: {sums}"]


def judge(seen: Seen) -> Verdict:
    """Return the verdict on everything seen so far."""
    verdict = Verdict()
    posts = seen.bot_posts()
    alone = _alone(seen, posts)
    slow = [post for there in posts.values() for post in there if TOO_FAST in seen.text(post)]
    meetings: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in seen.cloud.graph.meetings:
        if not meeting.deleted:
            meetings[subject_of(meeting.subject or "")].append(meeting)
    found = [
        Found(seen, asked, posts[asked.chat.thread_id], alone.get(asked.person.oid, ()), slow) for asked in seen.asked
    ]
    places: Counter[str] = Counter()
    for one in found:
        _one_outcome(one, verdict)
        places[_place(one.asked)] += _meetings(one, verdict, meetings[one.asked.request.subject])
    verdict.wrong += [f"place: {number} meetings at once in {place}" for place, number in places.items() if number > 1]
    _copies(seen, posts, verdict)
    opened, failed = verdict.counts["opened"], verdict.counts["failed and told"]
    if opened + failed >= ENOUGH and opened < HOPE * (opened + failed):
        verdict.wrong.append(f"hope: only {opened} of {opened + failed} meetings opened")
    return verdict


def _alone(seen: Seen, posts: dict[str, list[Post]]) -> dict[str, list[Post]]:
    """Return what the bot said to people in their own chats, by their object ids."""
    own = [chat for chat in seen.cloud.tenant.chats if chat.kind == "personal"]
    return {chat.members[0]: posts[chat.thread_id] for chat in own}


def _place(asked: Asked) -> str:
    """Return what there is one meeting for: a chat, or a topic."""
    return asked.request.topic or asked.chat.thread_id


def _one_outcome(found: Found, verdict: Verdict) -> None:
    subject = found.asked.request.subject
    outcomes = found.outcomes
    verdict.counts["requests"] += 1
    verdict.counts["acknowledged"] += found.asked.acknowledged
    verdict.counts.update(outcomes)
    if found.asked.acknowledged and not outcomes:
        verdict.lost.append(f"lost: {subject} was acknowledged and nothing came of it")
    if len(outcomes) > 1 and not found.asked_again:
        verdict.wrong.append(f"outcome: {subject}: {' and '.join(outcomes)}: {found.history}")
    cards = {nonce(post.versions[0]) for post in found.cards}
    whispers = {nonce(post.versions[0]) for post in found.joined}
    if (len(cards) > 1 or len(whispers) > 1) and not found.asked_again:
        verdict.wrong.append(f"cards: {subject} has {len(cards)} cards, {len(whispers)} whispers: {found.history}")


def _meetings(found: Found, verdict: Verdict, alive: list[Meeting]) -> int:
    """Judge the meetings of an intent; return how many there are."""
    subject = found.asked.request.subject
    verdict.counts["meetings"] += len(alive)
    if len(alive) > 1:
        verdict.wrong.append(f"meetings: {subject} has {len(alive)} at Graph")
    if len(found.links) > 1:
        verdict.wrong.append(f"link: {subject} has {len(found.links)} links")
    if not found.links <= {meeting.join_url for meeting in alive}:
        verdict.wrong.append(f"link: {subject} has one that leads to no meeting")
    if alive and not found.open:
        verdict.wrong.append(f"orphan: {subject} is {', '.join(found.outcomes) or 'nowhere'}, and its meeting is there")
    return len(alive)


def _copies(seen: Seen, posts: dict[str, list[Post]], verdict: Verdict) -> None:
    """Each message is posted once, unless an answer was lost, and never by two at once or before R15's pause is over.

    Copies that were taken away since count too: somebody saw them.
    """
    sends = seen.sends()
    copies: dict[str, list[Post]] = defaultdict(list)
    for there in posts.values():
        for post in there:
            copies[nonce(post.versions[0])].append(post)
    for message, there in copies.items():
        if len(there) > 1:
            _doubled(seen, message, there, sends[message], verdict)
    for message, exchanges in sends.items():
        for before, after in pairwise(exchanges):
            _patience(seen, before, after, f"{message} in {there_of(copies[message])}", verdict)


def _doubled(seen: Seen, message: str, there: list[Post], sends: list[Exchange], verdict: Verdict) -> None:
    """Excuse copies by lost answers, or not.

    Where the bot may read, a lost answer is no reason for a second card that all can see, unless who posted
    it fell: the post may be on its way when others look (C13).
    """
    lost = sum(took_effect(send) and seen.lost(send) for send in sends)
    first = seen.text(there[0]).partition("\n")[0]
    line = f"{len(there)} copies of {first!r} in {there[0].thread_id}"
    if len(there) > 1 + lost:
        verdict.wrong.append(f"copies: {line}, {lost} answers lost")
    elif seen.reading and not there[0].visible_to and not any(seen.fell(send) for send in sends):
        verdict.wrong.append(f"unread: {line}, though the chat may be read")
    else:
        verdict.doubled[message] = line


def _patience(seen: Seen, before: Exchange, after: Exchange, message: str, verdict: Verdict) -> None:
    """A post whose answer was lost is repeated only after R15's pause: whoever reads meanwhile sees one card."""
    ended = before.at + before.ms
    left = seen.gave_up(before) or seen.fell(before)
    if after.at < ended - ROUNDING_MS and not left:
        verdict.wrong.append(f"at once: {message} was sent again while it was being sent")
    known = ended if before.fault in UNCLEAR else before.at
    unclear = before.fault in UNCLEAR or left or (took_effect(before) and seen.lost(before))
    if unclear and after.at < known + seen.wait_ms - ROUNDING_MS:
        verdict.wrong.append(f"too soon: {message} was repeated {after.at - known:.0f} ms after an answer was lost")


def there_of(copies: list[Post]) -> str:
    """Return where the copies of a message are."""
    return copies[0].thread_id if copies else "no chat"


def subject_of(subject: str) -> str:
    """Return a request's own words out of a meeting's subject, which may begin with a topic."""
    return subject[subject.find("Case ") :]
