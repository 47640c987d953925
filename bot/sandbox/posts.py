"""What stands in the chats: posts with their edits, and what Teams would mind about a card."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.clock import Clock

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
CARD_LIMIT = 28 * 1024
MESSAGE_LIMIT = 100 * 1024
"""Bytes of a message in UTF-16 (facts/teams 3.5)."""

DAY = 24 * 3_600_000
_VERSIONS = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"})


@dataclass(slots=True)
class Post:
    """One message: `sender` is `29:…` or `28:…`, `visible_to` "" for everybody, else the one `29:…` who sees it.

    `conversation_id` carries `;messageid=` in a channel; `activity` is the newest version, `versions` all of them;
    `at` is ms UTC; `problems` is what Teams would refuse or show badly.
    """

    id: str
    conversation_id: str
    sender: str
    activity: dict[str, Any]
    at: int
    visible_to: str = ""
    deleted: bool = False
    versions: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def thread_id(self) -> str:
        """Return the chat's thread, without `;messageid=`."""
        return self.conversation_id.partition(";")[0]

    @property
    def edits(self) -> int:
        """Return how often it was changed."""
        return len(self.versions) - 1

    @property
    def text(self) -> str:
        """Return the text, "" if it is only a card."""
        return str(self.activity.get("text") or "")

    @property
    def card(self) -> dict[str, Any] | None:
        """Return the first Adaptive Card, else None."""
        return next(iter(cards(self.activity)), None)


class Board:
    """All posts of all chats, in order. Ids are epoch milliseconds, as Teams makes them."""

    def __init__(self, clock: Clock) -> None:
        self.posts: list[Post] = []
        self._clock = clock
        self._last = 0

    def new_id(self) -> str:
        """Return an id that no other message has."""
        self._last = max(self._clock.now(), self._last + 1)
        return str(self._last)

    def add(
        self, conversation_id: str, sender: str, activity: dict[str, Any], *, post_id: str = "", visible_to: str = ""
    ) -> Post:
        """Add a message and return it; in a channel without `;messageid=` it becomes the root of a new thread."""
        post_id = post_id or self.new_id()
        if conversation_id.endswith("@thread.tacv2"):
            conversation_id = f"{conversation_id};messageid={post_id}"
        post = Post(post_id, conversation_id, sender, activity, self._clock.now(), visible_to)
        self.posts.append(post)
        self._write(post, activity)
        return post

    def edit(self, post: Post, activity: dict[str, Any]) -> None:
        """Replace what a message says."""
        self._write(post, activity)

    def find(self, conversation_id: str, post_id: str) -> Post | None:
        """Return a message that is there: not deleted, and not a targeted one older than a day."""
        thread_id = conversation_id.partition(";")[0]
        for post in self.posts:
            if (post.id, post.thread_id) == (post_id, thread_id) and not self._gone(post):
                return post
        return None

    def visible(self, conversation_id: str) -> list[Post]:
        """Return what everybody sees in a chat; with `;messageid=` in that thread of it alone."""
        return [post for post in self._in(conversation_id) if not post.visible_to]

    def whispers(self, conversation_id: str, person_id: str = "") -> list[Post]:
        """Return the targeted messages of a chat, all or those one person (`29:…`) sees."""
        return [post for post in self._in(conversation_id) if post.visible_to and person_id in ("", post.visible_to)]

    def _in(self, conversation_id: str) -> list[Post]:
        thread_id, _, root = conversation_id.partition(";")
        return [
            post
            for post in self.posts
            if post.thread_id == thread_id
            and (not root or post.conversation_id == conversation_id)
            and not self._gone(post)
        ]

    def _gone(self, post: Post) -> bool:
        return post.deleted or bool(post.visible_to and self._clock.now() - post.at > DAY)

    def _write(self, post: Post, activity: dict[str, Any]) -> None:
        post.activity = activity
        post.versions.append(activity)
        post.problems = card_problems(activity)


def cards(activity: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the Adaptive Cards of a message."""
    attachments = activity.get("attachments") or []
    return [item["content"] for item in attachments if item.get("contentType") == CARD_TYPE and item.get("content")]


def card_problems(activity: dict[str, Any]) -> list[str]:
    """Return what is wrong with the cards of a message, one line each (facts/teams 3.5)."""
    problems = []
    for card in cards(activity):
        if card.get("type") != "AdaptiveCard":
            problems.append(f"type is {card.get('type')!r}, not AdaptiveCard")
        if card.get("version") not in _VERSIONS:
            problems.append(f"version is {card.get('version')!r}; Teams draws up to 1.5")
        size = len(json.dumps(card, ensure_ascii=False).encode())
        if size > CARD_LIMIT:
            problems.append(f"the card has {size} bytes, more than {CARD_LIMIT}")
        problems += [f"link {action.get('url')!r} is not https" for action in actions(card) if _bad_link(action)]
    return problems


def actions(node: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Return every action of a card in reading order, those of nested cards and of `selectAction` too."""
    if isinstance(node, list):
        return [action for item in node for action in actions(item)]
    if not isinstance(node, dict):
        return []
    own = [node] if str(node.get("type", "")).startswith("Action.") else []
    # What an action carries to the bot (`data`) is nothing to press.
    return own + [action for key, value in node.items() if key != "data" for action in actions(value)]


def message_size(activity: dict[str, Any]) -> int:
    """Return the bytes that Teams counts: UTF-16."""
    return len(json.dumps(activity, ensure_ascii=False).encode("utf-16-le"))


def _bad_link(action: dict[str, Any]) -> bool:
    return action["type"] == "Action.OpenUrl" and not str(action.get("url", "")).startswith(("https://", "tel:"))
