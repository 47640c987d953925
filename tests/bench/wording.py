"""What the baselines ask Graph for and post: the same meeting, and a card with the same facts as Muster's."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any


def request_for(conversation_id: str, activity_id: str) -> dict[str, Any]:
    """Return the body of a createOrGet for an hour from now on."""
    now = datetime.now(UTC)
    return {
        "externalId": hashlib.sha256(f"{conversation_id}{activity_id}".encode()).hexdigest(),
        "subject": "Meeting",
        "startDateTime": now.isoformat(),
        "endDateTime": (now + timedelta(hours=1)).isoformat(),
    }


def card(meeting: dict[str, Any]) -> dict[str, Any]:
    """Return an Adaptive Card with the link and the dial-in details."""
    audio = meeting.get("audioConferencing") or {}
    facts = [
        {"title": "Number", "value": str(audio.get("tollNumber"))},
        {"title": "Conference id", "value": str(audio.get("conferenceId"))},
    ]
    return {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [
            {"type": "TextBlock", "text": str(meeting.get("subject")), "weight": "Bolder", "wrap": True},
            {"type": "FactSet", "facts": facts},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Join", "url": meeting["joinWebUrl"]}],
    }
