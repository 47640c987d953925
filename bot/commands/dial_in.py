"""`dial-in`: telephone numbers as plain text, of the running meeting or of the one behind an id or a link."""

from __future__ import annotations

import re
from dataclasses import asdict

from bot import ending, ways
from bot.commands import meant
from bot.commands.command import Asked, Command
from bot.decisions import Reply, SetTimer
from bot.errors import UsageError
from bot.model import DialIn, Meeting, MeetingKey, Person, Room, RoomState, Timer, TimerKind, Way

SHORTEST_ID, LONGEST_ID, LONGEST_VIDEO, LONGEST_LINK = 6, 20, 200, 2_000
LONGEST_TYPED = 60
_LINK = re.compile(r"https://\S+")
_ID = re.compile(r"[\d\s.#-]+")
_VIDEO = re.compile(r"(\d+)@[\w.-]+", re.ASCII)


def run(asked: Asked) -> Reply:
    """Whisper the numbers of the room whose card was pressed, else of the chat's room, else of what is named.

    Raises UsageError for words that name no meeting.
    """
    if asked.rest:
        return look_up(asked)
    room = asked.view.pressed_room or next((room for room in asked.view.rooms if _shown(room)), None)
    if room is not None and room.state is RoomState.ENDED and ending.is_over(room):
        return asked.tell("stranger")  # its card is older than its end
    if room is None or not _shown(room):
        return meant.which(asked)  # one that is opening has no numbers yet, but is there
    url = asked.policy.public_url
    file = f"{url}/api/ics?m={room.room_id}" if url else ""
    return numbers(asked, room.subject, room.meeting.dial_in if room.meeting else None, file)


def _shown(room: Room) -> bool:
    """Say whether people may know the meeting: what is not as private as asked yet they may not (ENGINE R4)."""
    return room.meeting is not None and room.state not in {RoomState.OPENING, RoomState.FAILED}


def look_up(asked: Asked) -> Reply:
    """Ask Graph for the meeting that is named, by the asking person's own right (facts/graph 1.4)."""
    turn, policy = asked.turn, asked.policy
    if not keys(asked.rest):
        raise UsageError(turn.text[:LONGEST_TYPED], "dial-in")
    if not turn.person.oid:
        return found(asked, None)
    by_person = ways.first(policy.auth, asked.view.notes, turn.person.oid) is Way.USER
    payload = {"turn": asdict(turn), "rest": asked.rest, "by_person": by_person}
    key = f"find|{turn.turn_key}"
    timer = Timer(key, TimerKind.FIND, turn.chat.tenant, turn.chat.thread_id, asked.view.now, payload)
    return Reply((SetTimer(timer),), "looking")


def keys(words: str) -> tuple[tuple[MeetingKey, str], ...]:
    """Return what the words may mean, in the order to try: a join link; digits are a meeting id or a video room's."""
    if link := _LINK.search(words):
        return ((MeetingKey.JOIN_URL, link[0]),) if len(link[0]) <= LONGEST_LINK else ()
    if video := _VIDEO.fullmatch(words):
        return ((MeetingKey.VIDEO_ID, video[0]),) if len(video[0]) <= LONGEST_VIDEO else ()
    digits = "".join(filter(str.isdecimal, words)) if _ID.fullmatch(words) else ""
    if not SHORTEST_ID <= len(digits) <= LONGEST_ID:
        return ()
    plain = str(int(digits)).zfill(len(digits))
    return ((MeetingKey.JOIN_MEETING_ID, plain), (MeetingKey.VIDEO_ID, plain))


def may_know(meeting: Meeting, person: Person) -> bool:
    """Say whether a meeting is this person's: the app's right would show it to anybody who guesses its id."""
    theirs = (Person("", meeting.organizer_oid), *(one.person for one in meeting.invited))
    return any(person.names & other.names for other in theirs)


def found(asked: Asked, meeting: Meeting | None) -> Reply:
    """Whisper the numbers of the meeting that Graph found, if it is the asking person's."""
    if meeting is None or not may_know(meeting, asked.turn.person):
        return asked.tell("not-found", typed=asked.rest[:LONGEST_TYPED])
    return numbers(asked, meeting.subject, meeting.dial_in, "")


def numbers(asked: Asked, subject: str, dial_in: DialIn | None, file: str) -> Reply:
    """Whisper a meeting's numbers, or that it has none; `file` is the address of its calendar file, "" for none."""
    if dial_in is None:
        return asked.tell("no-dial-in", subject=subject, calendar_file=file)
    return asked.tell(
        "dial-in",
        subject=subject,
        toll_numbers=list(dial_in.toll_numbers),
        toll_free_numbers=list(dial_in.toll_free_numbers),
        conference_id=dial_in.conference_id,
        url=dial_in.url,
        calendar_file=file,
    )


COMMAND = Command(
    name="dial-in",
    phrases=("dial-in", "dial in", "dialin", "numbers"),
    usage="dial-in [meeting id or link]",
    description="The phone numbers of the running meeting as text, or of the one you name",
    examples=("dial-in", "dial-in 234 567 890 12"),
    run=run,
    takes_words=True,
    tells=True,
    teaches=(("dial-in", "the numbers as text"),),
)
