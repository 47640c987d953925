"""`sign in`: let meetings be opened by the person's own permission, once and for all."""

from __future__ import annotations

from dataclasses import replace

from bot import ways
from bot.commands.command import Asked, Command
from bot.decisions import Park, Reply
from bot.model import TurnKind


def run(asked: Asked) -> Reply:
    """Whisper the way to sign in; when it is done, that is confirmed (ENGINE R13)."""
    turn, now = asked.turn, asked.view.now
    key = f"sign-in|{turn.turn_key}"
    waits = replace(
        turn, turn_key=key, echo_key=key, kind=TurnKind.SIGNED_IN, data={}, received_at=now, expires_at=now + ways.KEPT
    )
    return asked.ask("sign-in", Park(waits))


COMMAND = Command(
    name="sign-in",
    phrases=("sign in",),
    usage="sign in",
    description="Let me open meetings by your own permission",
    examples=("sign in",),
    run=run,
    delegated=True,
)
