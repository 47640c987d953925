"""`sign out`: meetings are no longer opened by the person's own permission."""

from __future__ import annotations

from bot.commands.command import Asked, Command
from bot.decisions import Reply, SetTimer
from bot.model import Timer, TimerKind


def run(asked: Asked) -> Reply:
    """Have the Token Service forget the person; they are told when it has."""
    turn, person = asked.turn, asked.turn.person
    payload = {
        "id": person.id,
        "oid": person.oid,
        "name": person.name,
        "thread_id": turn.chat.thread_id,
        "conversation_id": turn.conversation_id,
        "language": turn.locale,
        "zone": turn.zone,
        "reference": turn.reference,
    }
    timer = Timer(f"sign_out|{turn.turn_key}", TimerKind.SIGN_OUT, turn.chat.tenant, "", asked.view.now, payload)
    return Reply((SetTimer(timer),), "signing out")


COMMAND = Command(
    name="sign-out",
    phrases=("sign out",),
    usage="sign out",
    description="Take back my permission to open meetings in your name",
    examples=("sign out",),
    run=run,
    delegated=True,
)
