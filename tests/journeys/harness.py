"""One cloud, one running bot, and what people do and see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from bot.sandbox.signing_in import sign_in_card
from bot.sandbox.teams_client import TeamsClient
from bot.sandbox.tenant import Chat


@dataclass
class Journey:
    """One cloud, one running bot, and Teams' side towards it."""

    cloud: Cloud
    teams: TeamsClient
    url: str

    def texts(self, chat: Chat) -> list[str]:
        """Return the words of what stands in a chat, one text for each post of the bot."""
        return [words(post.card) or post.text for post in self.cloud.posts(chat) if post.sender.startswith("28:")]

    def whispers(self, chat: Chat) -> list[str]:
        """Return the words of what was whispered in a chat."""
        return [words(post.card) or post.text or asked(post) for post in self.cloud.whispers(chat)]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; asked again after each exchange."""
        await self.cloud.until(holds)

    def made(self) -> int:
        """Return how many meetings Graph made."""
        return len(self.cloud.graph.meetings)


def asked(post: Post) -> str:
    """Return the words of a sign-in card, "" for a post without one."""
    return str((sign_in_card(post) or {}).get("text", ""))


def words(card: Any) -> str:  # noqa: ANN401 - any JSON
    """Return all text of an Adaptive Card, one line for each text block."""
    if isinstance(card, dict):
        own = [card["text"]] if isinstance(card.get("text"), str) else []
        return "\n".join([*own, *filter(None, (words(value) for key, value in card.items() if key != "text"))])
    if isinstance(card, list):
        return "\n".join(filter(None, (words(value) for value in card)))
    return ""
