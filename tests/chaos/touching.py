"""Second copies are gone after the first touch (ENGINE R15, 3.3): every copy is pressed, and one is left."""

from __future__ import annotations

from collections import defaultdict

from bot.sandbox.activities import Activity
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post, actions
from bot.sandbox.teams_client import TeamsClient
from tests.chaos.evidence import Seen, nonce
from tests.chaos.verdict import Verdict

POINTS_ON = "The live card is below."
"""What becomes of a copy that cannot be deleted."""
HARMLESS = ("Details as text", "Try now")


async def touch(seen: Seen, verdict: Verdict, client: TeamsClient, *, seconds: float) -> None:
    """Press every copy of each doubled card; what still stands twice after `seconds` is wrong.

    A copy that shows nothing to press yet ("opening…") is counted: nobody can touch it. A whisper's copy stays, for
    it is nobody else's to see.
    """
    copies: dict[str, list[Post]] = defaultdict(list)
    for there in seen.bot_posts().values():
        for post in there:
            message = nonce(post.versions[0])
            if message in verdict.doubled and post.card is not None and not post.visible_to and not post.deleted:
                copies[message].append(post)
    for there in copies.values():
        pressed = [
            post for post in there if (action := _button(post)) and await _press(seen.cloud, client, post, action)
        ]
        verdict.counts["copies touched"] += len(pressed)
        verdict.counts["copies with nothing to press"] += len(there) - len(pressed)
        there[:] = [post for post in there if post.id in seen.stored or post in pressed]
    try:
        await seen.cloud.until(lambda: all(_standing(there) <= 1 for there in copies.values()), seconds=seconds)
    except TimeoutError:
        for there in copies.values():
            if (left := _standing(there)) > 1:
                first = seen.text(there[0]).partition("\n")[0]
                verdict.wrong.append(f"touch: {left} copies of {first!r} still stand after they were pressed")


async def _press(cloud: Cloud, client: TeamsClient, post: Post, action: Activity) -> bool:
    chat = cloud.tenant.chat(post.thread_id)
    if chat is None:
        return False
    await client.press(cloud.tenant.members(chat)[0], post, str(action["title"]))
    return True


def _button(post: Post) -> Activity | None:
    pressable = [action for action in actions(post.card) if action["type"] == "Action.Execute"]
    harmless = [action for action in pressable if action["title"] in HARMLESS]
    return next(iter([*harmless, *pressable]), None)


def _standing(copies: list[Post]) -> int:
    return sum(1 for post in copies if not post.deleted and post.text != POINTS_ON)
