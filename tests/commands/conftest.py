"""Turns and views as commands meet them: values, no network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.commands import COMMANDS
from bot.commands.command import Asked, Policy
from bot.decisions import View
from bot.model import Chat, ChatKind, FrozenRequest, MeetingRequest, Person, Turn, TurnKind

NOW = 1_790_000_000_000
THREAD = "19:incidents@thread.tacv2"
ANA = Person("29:ana", "11111111-0000-4000-8000-000000000001", "Ana Lima")


def freeze(host_oid: str, request: MeetingRequest) -> FrozenRequest:
    """Freeze a request in a form that a test can read."""
    version = "beta" if request.bind_thread else "v1.0"
    return FrozenRequest(version, f"/users/{host_oid}", f"{request.subject}|{request.bind_thread}", request.language)


@pytest.fixture
def policy() -> Policy:
    """The defaults of a deployment."""
    return Policy(freeze=freeze)


@pytest.fixture
def ask(policy: Policy) -> Callable[..., Asked]:
    """Return a function that asks in a channel: `ask(rest, kind=…, person=…, view=…)`."""

    def make(rest: str = "", **changes: Any) -> Asked:  # noqa: ANN401 - fields of Turn, Chat and View by name
        chat = changes.pop("chat", Chat("tenant", THREAD, ChatKind.CHANNEL, name="incidents"))
        view = changes.pop("view", View(now=NOW, fresh_id="f" * 32))
        fields: dict[str, Any] = {
            "turn_key": "a" * 64,
            "echo_key": "b" * 64,
            "kind": TurnKind.SAID,
            "chat": chat,
            "person": ANA,
            "conversation_id": f"{THREAD};messageid=1",
            "activity_id": "1",
            "received_at": NOW,
            "expires_at": NOW + 300_000,
            "reference": "7F3K-92QD",
            "zone": "Europe/Lisbon",
            **changes,
        }
        return Asked(Turn(**fields), view, rest, policy, COMMANDS)

    return make
