"""The sandbox's cloud: Entra, Graph and Teams on loopback, as one thing to start, ask and break."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from bot.sandbox.tenant import Chat, Tenant


class Cloud:
    """`async with Cloud() as cloud:` starts three HTTPS servers and stops them at the end.

    Attributes (after start): `entra_url`, `graph_url`, `teams_url` (no last slash), `service_url` (what activities
    carry), `ca_file` (PEM path), `app_id`, `app_secret`, `tenant_id`; `tenant` (people and chats, change freely),
    `journal` (every exchange), `faults` (what goes wrong), `board` (what was posted), `entra`, `graph`, `connector`.
    """

    tenant: Tenant

    def __init__(self, *, ports: tuple[int, int, int] = (0, 0, 0), clock: object = None) -> None:
        """Take the ports of Entra, Graph and Teams (0 = any free one) and a clock with `now() -> int` ms UTC."""

    async def __aenter__(self) -> Self:
        """Start; raises OSError if a given port is taken."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what is held, stop the servers, delete the CA file."""
        ...

    def environment(self, port: int) -> dict[str, str]:
        """Return exactly the environment variables the bot needs to talk to this cloud and listen on `port`."""
        ...

    def client(self, bot_url: str) -> TeamsClient:
        """Return Teams' side towards the bot at `bot_url` (such as http://127.0.0.1:3978/api/messages)."""
        ...

    def hold(self, operation: str, *, when: str = "before", times: int = 1) -> Gate:
        """Hold the next `times` calls of an operation, `before` their effect or `after` it (answer not yet sent).

        `gate = cloud.hold("graph.createOrGet", when="after"); await gate.reached; gate.release()` or `gate.drop()`
        (the connection closes without an answer). Operations: `graph.createOrGet|create|get|find|update|delete`,
        `connector.post|whisper|edit|delete|create|members|member|team`, `entra.token|discovery|metadata|keys`.
        """
        ...

    def posts(self, chat: Chat | str) -> list[Post]:
        """Return what stands in a chat now (thread id or conversation id): edits applied, deleted and whispers left out.

        Post: `id`, `conversation_id`, `sender` (29: or 28:), `activity`, `card` (dict or None), `text`,
        `visible_to` ("" for everybody, else a 29:…), `edits` (how many), `deleted`, `problems` (what Teams would mind).
        """
        ...

    def whispers(self, chat: Chat | str, person: str = "") -> list[Post]:
        """Return the targeted messages of a chat, all or only those that one person (`29:…`) sees."""
        ...

    async def until(self, holds: object, *, seconds: float = 10) -> None:
        """Wait, without polling, until `holds()` is true; asked again after each exchange. Raises TimeoutError."""
        ...


class Gate:
    """See Cloud.hold."""


class Post:
    """See Cloud.posts."""


class TeamsClient:
    """Moves to bot/sandbox/teams_client.py. People's side of Teams; every method posts signed activities to the bot.

    async say(person, chat, text, *, mention=True, root="", targeted=False) -> Delivery     a message (root = thread's id)
    async edit(delivery, text) -> Delivery; async delete(delivery) -> Delivery     messageUpdate, messageDelete
    async press(person, post, button, *, inputs=None) -> Delivery     button: title, verb or id of an Action.Execute
    async install(chat, person) -> list[Delivery]; async remove(chat, person) -> list[Delivery]
    async redeliver(delivery, *, times=1, new_id=False) -> list[Delivery]     copies, all at once
    async send(activity, *, token=None) -> Delivery     anything
    forge(kind, activity) -> str     token: other-key, wrong-audience, wrong-issuer, expired, not-yet, unknown-kid, ...
    Delivery: activity, status (0: no answer), body (JSON or None), text, ms, id, conversation_id.
    """
