"""The first cards of a process, made before anybody waits for one (ENGINE R28)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.messages import Whisper
from bot.model import DialIn, FrozenRequest, Meeting, Person, Room, RoomState
from cards.rooms import render_room
from cards.whispers import render_whisper

_NUMBERS = DialIn("1", ("+1", "+2"), ("+3",), "https://dialin.teams.microsoft.com/")
_MEETING = Meeting("", "https://teams.microsoft.com/", dial_in=_NUMBERS, join_meeting_id="1", dial_in_bypass=True)
_ROOM = Room(
    room_id="",
    tenant="",
    scope_key="",
    topic="",
    state=RoomState.OPENING,
    version=1,
    subject="",
    starter=Person(""),
    host=Person(""),
    home_thread="",
    home_conversation="",
    request=FrozenRequest("", "", ""),
    external_id="",
    created_at=0,
    give_up_at=0,
    starts_at=0,
    ends_at=0,
    reference="",
)


def warm(languages: Iterable[str]) -> None:
    """Build the skeletons that nearly every conversation needs, in these languages (BCP 47 tags)."""
    for language in languages:
        for state in (RoomState.OPENING, RoomState.OPEN, RoomState.FAILED, RoomState.ENDED):
            render_room(replace(_ROOM, state=state, language=language, meeting=_MEETING))
        render_room(replace(_ROOM, state=RoomState.OPEN, language=language, meeting=replace(_MEETING, dial_in=None)))
        running = {
            "subject": "",
            "starter": "",
            "opened_at": 0,
            "join_url": _MEETING.join_url,
            "another": "start another",
        }
        render_whisper(Whisper("running", running, language))
        render_whisper(Whisper("typo", {"typed": "", "meant": ""}, language))
