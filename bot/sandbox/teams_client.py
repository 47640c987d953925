"""People's side of Teams: what they say, press and install reaches the bot as signed activities, and is redelivered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt

from bot.sandbox import dialogs
from bot.sandbox.activities import Activity, Scribe, button
from bot.sandbox.authority import SigningKey
from bot.sandbox.clock import stamp
from bot.sandbox.connector import Connector
from bot.sandbox.entra import Entra
from bot.sandbox.journal import masked_headers
from bot.sandbox.posts import Post
from bot.sandbox.server import Stage
from bot.sandbox.tenant import Chat, Person

INVOKE_MS = 10_000
"""How long Teams waits for the answer to a button (facts/teams 4)."""

SHORTEST_TEXT = 10
_ANSWERS = frozenset(
    {
        "application/vnd.microsoft.card.adaptive",
        "application/vnd.microsoft.activity.message",
        "application/vnd.microsoft.error",
        "application/vnd.microsoft.activity.loginRequest",
    }
)
_HOUR = 3600


@dataclass(slots=True)
class Delivery:
    """One activity and the bot's answer. `status` 0: none came, `error` says why; `body` is JSON or None.

    `at` and `answered_at` are ms UTC of the cloud's clock; `post` is what the chat shows of it, if anything.
    """

    activity: Activity
    at: int
    status: int = 0
    body: Any = None
    text: str = ""
    error: str = ""
    answered_at: int = 0
    post: Post | None = None

    @property
    def id(self) -> str:
        """Return the activity's id."""
        return str(self.activity["id"])

    @property
    def conversation_id(self) -> str:
        """Return the reply address, with `;messageid=` in a channel."""
        return str(self.activity["conversation"]["id"])

    def problems(self) -> list[str]:
        """Return what would show people an error in Teams: "" answers, late ones, unknown types (facts/teams 2.5)."""
        if str(self.activity.get("name", "")).startswith("signin/"):
            return [] if self.status in {200, 412} else [f"answered {self.status}"]
        if self.activity["type"] != "invoke":
            return [] if self.status // 100 == 2 else [f"answered {self.status}"]  # noqa: PLR2004 - any 2xx is fine
        problems = [] if self.status == 200 else [f"answered {self.status}, not 200"]  # noqa: PLR2004 - the one that is fine
        dialog = self.activity.get("name") in dialogs.NAMES
        if self.answered_at - self.at > (dialogs.DIALOG_MS if dialog else INVOKE_MS):
            problems.append(f"answered after {self.answered_at - self.at} ms")
        if dialog:
            return [*problems, *dialogs.problems(self.body)]
        kind = self.body.get("type") if isinstance(self.body, dict) else None
        return problems if kind in _ANSWERS else [*problems, f"unknown answer type {kind!r}"]


class TeamsClient:
    """Sends to one bot endpoint. Made by `Cloud.client`; `close()` belongs to the cloud.

    `deliveries` holds everything sent, in order. `endpoint` may be changed when the bot moves to another port.
    """

    def __init__(self, stage: Stage, entra: Entra, connector: Connector, *, endpoint: str) -> None:
        self.endpoint = endpoint
        self.deliveries: list[Delivery] = []
        self.seconds = 30.0
        self._stage = stage
        self._entra = entra
        self._connector = connector
        self._session: aiohttp.ClientSession | None = None

    @property
    def scribe(self) -> Scribe:
        """Return what writes this client's activities, to change one before `send`."""
        return Scribe(self._stage.tenant, self._connector.service_url)

    @property
    def said(self) -> list[str]:
        """Return what people said so far, without the bot's name and what is shorter than any log line's words."""
        texts = [str(delivery.activity.get("text", "")).rpartition("</at>")[2].strip() for delivery in self.deliveries]
        return [text for text in texts if len(text) >= SHORTEST_TEXT]

    async def say(
        self, person: Person, chat: Chat, text: str, *, mention: bool = True, root: str = "", targeted: bool = False
    ) -> Delivery:
        """Say something in a chat and return how the bot took it.

        `@Muster` and `@Ben` in the text become mentions; without `@Muster` it is put in front (not in 1:1, not if
        `mention` is False). `root` is the id of the thread to answer in, in a channel; else it is a new root post.
        `targeted`: only the bot sees it (a slash command).
        """
        tag = f"@{self._stage.tenant.bot_name}"
        if mention and not targeted and chat.kind != "personal" and tag not in text:
            text = f"{tag} {text}"
        post_id = self._connector.board.new_id()
        conversation_id = chat.thread_id
        if chat.kind == "channel":
            conversation_id += f";messageid={root or post_id}"
        activity = self.scribe.message(person, conversation_id, text, at=self._now(), id=post_id)
        if root:
            activity["replyToId"] = root
        if targeted:
            activity["recipient"]["isTargeted"] = True
            return await self.send(activity)
        post = self._connector.board.add(conversation_id, person.id, activity, post_id=post_id)
        delivery = await self.send(activity)
        delivery.post = post
        return delivery

    async def edit(self, delivery: Delivery, text: str) -> Delivery:
        """Edit what was said (messageUpdate); mentions work as in `say`, but none is put in front."""
        person = self._sender(delivery)
        activity = self.scribe.message(person, delivery.conversation_id, text, at=self._now(), id=delivery.id)
        activity["type"] = "messageUpdate"
        activity["channelData"]["eventType"] = "editMessage"
        if delivery.post is not None:
            self._connector.board.edit(delivery.post, activity)
        return await self.send(activity)

    async def delete(self, delivery: Delivery) -> Delivery:
        """Delete what was said (messageDelete)."""
        activity = self.scribe.envelope(
            "messageDelete", self._sender(delivery), delivery.conversation_id, at=self._now()
        )
        activity["id"] = delivery.id
        activity["channelData"]["eventType"] = "softDeleteMessage"
        if delivery.post is not None:
            delivery.post.deleted = True
        return await self.send(activity)

    async def press(self, person: Person, post: Post, wanted: str, *, inputs: Activity | None = None) -> Delivery:
        """Press a button of a card by its title, verb or id, with what the person put into its inputs.

        Raises LookupError if there is none, ValueError if Teams would not tell the bot (a link, a toggle),
        PermissionError if this person does not see the message.
        """
        if post.visible_to not in ("", person.id):
            raise PermissionError(f"{person.name} does not see this message")
        action = button(post, wanted)
        if dialogs.opens(action):
            return await self.open_dialog(person, post, wanted)
        activity = self.scribe.press(person, post, action, at=self._now(), inputs=inputs or {})
        return await self.send(activity)

    async def open_dialog(self, person: Person, post: Post, wanted: str) -> Delivery:
        """Press a button that opens a dialog. Raises as `press` does, ValueError for a button that opens none."""
        action = button(post, wanted)
        if not dialogs.opens(action):
            raise ValueError(f"{wanted} opens no dialog")
        return await self.send(dialogs.opened(self.scribe, person, post, action, at=self._now()))

    async def compose(self, person: Person, chat: Chat, command: str = "meet") -> Delivery:
        """Ask for a command of the compose box in a chat, installed or not."""
        return await self.send(dialogs.composed(self.scribe, person, chat.thread_id, command, at=self._now()))

    async def about(self, person: Person, said: Delivery) -> Delivery:
        """Ask to meet about what somebody said."""
        if said.post is None:
            raise LookupError("it does not stand in the chat")
        author = self._sender(said)
        return await self.send(dialogs.about(self.scribe, person, said.post, author, at=self._now()))

    async def submit(self, shown: Delivery, title: str, **inputs: str) -> Delivery:
        """Press a button of the dialog that was shown, its fields filled in with `inputs` by their ids."""
        activity = dialogs.submitted(shown.activity, dict(inputs), title, dialogs.card(shown.body))
        activity["timestamp"] = stamp(self._now())
        if activity["value"]["data"].get("msteams", {}).get("justInTimeInstall"):
            chat = self._stage.tenant.chat(shown.conversation_id)
            if chat is not None:
                await self.install(chat, self._sender(shown))
        return await self.send(activity)

    async def install(self, chat: Chat, person: Person) -> list[Delivery]:
        """Install the bot in a chat (in a channel: in its team): two activities, as Teams sends them."""
        self._install(chat, installed=True)
        return [await self.send(activity) for activity in self.scribe.installation(person, chat, "add", at=self._now())]

    async def remove(self, chat: Chat, person: Person) -> list[Delivery]:
        """Uninstall the bot; from now on the connector answers 403 there."""
        self._install(chat, installed=False)
        return [
            await self.send(activity) for activity in self.scribe.installation(person, chat, "remove", at=self._now())
        ]

    async def redeliver(self, delivery: Delivery, *, times: int = 1, new_id: bool = False) -> list[Delivery]:
        """Send copies at once, with the same id, or with new ids and timestamps (facts/teams 4)."""
        copies = []
        for _ in range(times):
            activity = json.loads(json.dumps(delivery.activity))
            if new_id:
                activity.update(id=self._connector.board.new_id(), timestamp=stamp(self._now()))
            copies.append(self.send(activity))
        return list(await asyncio.gather(*copies))

    async def send(self, activity: Activity, *, token: str | None = None) -> Delivery:
        """Send an activity, signed unless a token is given ("" sends none). An activity without id gets one."""
        activity.setdefault("id", self._connector.board.new_id())
        delivery = Delivery(activity, self._now())
        self.deliveries.append(delivery)
        bearer = self.token(activity) if token is None else token
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-ms-conversation-id": str((activity.get("conversation") or {}).get("id", "")),
            "x-ms-tenant-id": self._stage.tenant.tenant_id,
        }
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        await self._exchange(delivery, headers)
        return delivery

    def token(self, activity: Activity, **changes: Any) -> str:  # noqa: ANN401 - any claim
        """Return the token Teams would send with an activity; `changes` replace claims."""
        return self._given(self._entra.bot_key.sign(self._claims(activity, **changes)))

    def forge(self, kind: str, activity: Activity) -> str:
        """Return a token that must not open the door (facts/teams 7.2). Raises KeyError for an unknown kind.

        Kinds: other-key, unknown-kid, wrong-audience, wrong-issuer, expired, not-yet, other-service-url,
        no-service-url, unendorsed, no-signature, garbage.
        """
        now = self._now() // 1000
        claims = self._claims(activity)
        without = {name: value for name, value in claims.items() if name != "serviceurl"}
        changed: dict[str, Activity] = {
            "wrong-audience": {**claims, "aud": "00000000-0000-0000-0000-000000000001"},
            "wrong-issuer": {**claims, "iss": "https://sts.windows.net/other/"},
            "expired": {**claims, "nbf": now - 2 * _HOUR, "exp": now - _HOUR},
            "not-yet": {**claims, "nbf": now + _HOUR, "exp": now + 2 * _HOUR},
            "other-service-url": {**claims, "serviceurl": "https://elsewhere.example/teams/"},
            "no-service-url": without,
        }
        if kind in changed:
            return self._given(self._entra.bot_key.sign(changed[kind]))
        made: dict[str, Callable[[], str]] = {
            "other-key": lambda: SigningKey().sign(claims, kid=self._entra.bot_key.kid),
            "unknown-kid": lambda: SigningKey().sign(claims),
            "unendorsed": lambda: self._entra.unendorsed_key().sign(claims),
            "no-signature": lambda: jwt.encode(claims, "", algorithm="none"),
            "garbage": lambda: "not.a.token",
        }
        return self._given(made[kind]())

    def _given(self, token: str) -> str:
        return self._stage.canaries.add("token", token)

    async def close(self) -> None:
        """Close the connections to the bot."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(self, delivery: Delivery, headers: dict[str, str]) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.seconds), trust_env=False)
        journal = self._stage.journal
        path = "/" + self.endpoint.partition("://")[2].partition("/")[2]
        exchange = journal.begin("bot", "POST", path, delivery.at)
        exchange.operation = f"bot.{delivery.activity.get('type')}"
        exchange.request, exchange.request_headers = delivery.activity, masked_headers(headers)
        started = asyncio.get_running_loop().time()
        try:
            body = json.dumps(delivery.activity).encode()
            async with self._session.post(self.endpoint, data=body, headers=headers) as answer:
                delivery.text = await answer.text()
                delivery.status = answer.status
                delivery.body = _json(delivery.text)
                exchange.status, exchange.response = answer.status, delivery.body or delivery.text or None
                exchange.response_headers = masked_headers(answer.headers)
        except (aiohttp.ClientError, TimeoutError) as error:
            delivery.error = f"{type(error).__name__}: {error}"
        delivery.answered_at = self._now()
        exchange.ms = (asyncio.get_running_loop().time() - started) * 1000
        exchange.done = True
        journal.changed()

    def _claims(self, activity: Activity, **changes: Any) -> Activity:  # noqa: ANN401 - any claim
        now = self._now() // 1000
        claims = {
            "iss": self._entra.bot_framework,
            "aud": self._stage.tenant.app_id,
            "nbf": now - 60,
            "exp": now + _HOUR,
        }
        return {**claims, "serviceurl": activity.get("serviceUrl", ""), **changes}

    def _sender(self, delivery: Delivery) -> Person:
        person = self._stage.tenant.person(delivery.activity["from"]["id"])
        if person is None:
            raise LookupError(delivery.activity["from"]["id"])
        return person

    def _install(self, chat: Chat, *, installed: bool) -> None:
        tenant = self._stage.tenant
        if chat.kind == "personal":
            for person in tenant.members(chat):
                person.app_installed = installed
        for other in tenant.chats:
            # A team's app is there in all of its channels at once.
            if other is chat or (chat.team is not None and other.team is chat.team):
                other.installed = installed

    def _now(self) -> int:
        return self._stage.clock.now()


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except ValueError:
        return None
