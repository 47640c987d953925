"""How a person's Teams clients sign in to a bot: silently, each of them, or through the browser (facts/graph 7.3)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from bot.sandbox.activities import Activity
from bot.sandbox.clock import Clock
from bot.sandbox.entra import Entra
from bot.sandbox.posts import Post
from bot.sandbox.teams_client import Delivery, TeamsClient
from bot.sandbox.tenant import Person
from bot.sandbox.token_service import TokenService

OAUTH_CARD = "application/vnd.microsoft.card.oauth"
DONE = 200


class SigningIn:
    """One person's way through a bot's sign-in card. Made by `Cloud.signing_in`."""

    def __init__(self, client: TeamsClient, entra: Entra, tokens: TokenService, clock: Clock) -> None:
        self._client = client
        self._entra = entra
        self._tokens = tokens
        self._clock = clock

    async def silently(self, person: Person, post: Post, *, clients: int = 1) -> list[Delivery]:
        """Let each client the person has open send its copy of the exchange, all at once; return the answers.

        Where the card has nothing to exchange no client sends anything; a channel's clients only report that it failed
        (facts/teams 3.4). A post that was answered 200 is not shown any more.
        """
        resource = (sign_in_card(post) or {}).get("tokenExchangeResource")
        if not resource:
            return []
        value = {"id": resource["id"], "connectionName": self._tokens.connection}
        if ";messageid=" in post.conversation_id or resource["uri"] != self._tokens.sso_audience:
            return [await self.failed(person, post, "resourcematchfailed", "Resource match failed")]
        sends = []
        for _ in range(clients):
            token = self._entra.issue_for(person, "access_as_user", audience=self._tokens.sso_audience)
            sends.append(self._invoke(person, post, "signin/tokenExchange", {**value, "token": token}))
        answers = list(await asyncio.gather(*sends))
        if any(answer.status == DONE for answer in answers):
            post.deleted = True
        return answers

    async def in_the_browser(self, person: Person, post: Post, *, account: Person | None = None) -> Delivery:
        """Press the card's button, sign in and consent; the code that the browser ends with reaches the bot.

        `account` is who the browser is signed in as, if somebody else. Raises LookupError for a post without a sign-in
        card, PermissionError if this person does not see it.
        """
        code = self._tokens.page(self._link(person, post), consents=True, account=account)
        return await self._invoke(person, post, "signin/verifyState", {"state": code})

    def refuses(self, person: Person, post: Post) -> None:
        """Press the button and refuse to consent: the browser closes, and nothing reaches the bot. Raises as above."""
        self._tokens.page(self._link(person, post), consents=False)

    def _link(self, person: Person, post: Post) -> str:
        if post.visible_to not in ("", person.id):
            raise PermissionError(f"{person.name} does not see this message")
        card = sign_in_card(post)
        if card is None:
            raise LookupError("no sign-in card")
        return str(card["buttons"][0]["value"])

    async def failed(self, person: Person, post: Post, code: str, message: str) -> Delivery:
        """Report that Teams could not sign the person in by itself."""
        return await self._invoke(person, post, "signin/failure", {"code": code, "message": message})

    async def _invoke(self, person: Person, post: Post, name: str, value: Activity) -> Delivery:
        activity = self._client.scribe.envelope("invoke", person, post.conversation_id, at=self._clock.now())
        activity.update(id=f"f:{uuid.uuid4()}", name=name, replyToId=post.id, value=value)
        return await self._client.send(activity)


def sign_in_card(post: Post) -> dict[str, Any] | None:
    """Return a post's OAuthCard, None if it has none."""
    attachments = post.activity.get("attachments") or []
    return next((item["content"] for item in attachments if item.get("contentType") == OAUTH_CARD), None)


def as_card(oauth: dict[str, Any]) -> dict[str, Any]:
    """Return an OAuthCard as the elements of an Adaptive Card, to be drawn like one."""
    text = {"type": "TextBlock", "text": oauth.get("text", "")}
    return {"body": [text], "actions": [{**button, "url": ""} for button in oauth.get("buttons", [])]}
