"""What Graph answers, as values: a meeting however it is spelt; nothing raises (facts/graph 1.7, 1.8, 4 and 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.graph.options import echoed
from bot.graph.plain import from_html
from bot.graph.values import Fields, digits, fields, link, moment, part, text, texts, truth
from bot.model import DialIn, Invited, LobbyScope, Meeting, Person, Role

_ADMITTED = {"everyone": LobbyScope.EVERYONE, "everyoneincompany": LobbyScope.ORGANIZATION}
"""What `autoAdmittedUsers` said before `lobbyBypassSettings` was there (facts/graph 1.8)."""


def read_meeting(body: object, asked: Mapping[str, Any] | None = None) -> Meeting:
    """Return an onlineMeeting. Without a join link over https its `join_url` is empty: then there is none yet.

    `asked` is the body of the request: what it passed on is looked up in the answer.
    """
    found = fields(body)
    chat, ids = part(found, "chatinfo"), part(found, "joinmeetingidsettings")
    lobby = part(found, "lobbybypasssettings")
    return Meeting(
        id=text(found, "id"),
        join_url=link(found, "joinweburl", "joinurl"),
        subject=text(found, "subject"),
        organizer_oid=text(part(found, "participants", "organizer", "identity", "user"), "id"),
        starts_at=moment(found.get("startdatetime")),
        ends_at=moment(found.get("enddatetime")),
        dial_in=read_dial_in(part(found, "audioconferencing")),
        join_meeting_id=text(ids, "joinmeetingid"),
        passcode=text(ids, "passcode"),
        passcode_needed=truth(ids, "ispasscoderequired"),
        video_id=text(found, "videoteleconferenceid"),
        thread_id=text(chat, "threadid"),
        message_id=text(chat, "messageid"),
        lobby_scope=text(lobby, "scope") or _ADMITTED.get(text(found, "autoadmittedusers", "accesslevel").lower(), ""),
        dial_in_bypass=truth(lobby, "isdialinbypassenabled"),
        options_url=link(found, "meetingoptionsweburl"),
        presenters=text(found, "allowedpresenters"),
        announce=truth(found, "isentryexitannounced", "entryexitannouncement"),
        record=truth(found, "recordautomatically"),
        chat=text(found, "allowmeetingchat"),
        join_text=from_html(text(part(found, "joininformation"), "content")),
        external_id=text(found, "externalid"),
        expires_at=moment(found.get("expirydatetime", found.get("expirationdatetime"))),
        invited=tuple(_invited(each) for each in attendees(body)),
        more=echoed(asked or {}, found),
    )


def read_event(body: object) -> Meeting:
    """Return an event and its onlineMeetingInfo, which Outlook may fill in later: `join_url` is empty until then.

    The meeting's own id and its organizer's are not in it.
    """
    found = fields(body)
    inside = part(found, "onlinemeeting")
    return Meeting(
        id="",
        event_id=text(found, "id"),
        join_url=link(inside, "joinurl", "joinweburl"),
        subject=text(found, "subject"),
        starts_at=moment(found.get("start")),
        ends_at=moment(found.get("end")),
        dial_in=read_dial_in(inside),
        invited=tuple(_addressed(each) for each in _listed(found.get("attendees"))),
    )


def read_dial_in(block: Fields) -> DialIn | None:
    """Return how to join by telephone, or None: no licence is normal (facts/graph 1.7).

    Singular and plural numbers are one list, each number once however it is punctuated. An event's `quickDial`
    (`+49…,,123456789#`) fills in what is missing.
    """
    quick_number, _, quick_id = text(block, "quickdial").removeprefix("tel:").partition(",,")
    listed = [text(fields(phone), "number") for phone in _listed(block.get("phones"))]
    toll_free = _once(texts(block, "tollfreenumbers", "tollfreenumber"))
    toll = _once([*texts(block, "tollnumbers", "tollnumber"), *listed], known=toll_free)
    if not (toll or toll_free):
        toll = _once([quick_number])
    conference_id = digits(text(block, "conferenceid")) or digits(quick_id)
    if not conference_id or not (toll or toll_free):
        return None
    return DialIn(conference_id, toll, toll_free, link(block, "dialinurl"))


def attendees(body: object) -> list[Any]:
    """Return who is invited to an onlineMeeting, as Graph wrote it."""
    return _listed(part(fields(body), "participants").get("attendees"))


def found_meetings(body: object) -> list[Meeting]:
    """Return the meetings of a collection, or the one that an answer is."""
    found = fields(body)
    several = found.get("value")
    read = [read_meeting(each) for each in (several if isinstance(several, list) else [body])]
    return [meeting for meeting in read if meeting.join_url]


def _invited(attendee: object) -> Invited:
    found = fields(attendee)
    user = part(found, "identity", "user")
    person = Person("", text(user, "id"), text(user, "displayname"), text(found, "upn"))
    roles = {role.value: role for role in Role}
    return Invited(person, roles.get(text(found, "role").lower(), Role.ATTENDEE))


def _addressed(attendee: object) -> Invited:
    address = part(fields(attendee), "emailaddress")
    return Invited(Person("", name=text(address, "name"), upn=text(address, "address")))


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _once(numbers: Iterable[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the telephone numbers, each once: `+1 206-485-3005` and `+12064853005` are the same."""
    seen = {digits(number) for number in known} | {""}
    kept = []
    for number in numbers:
        if digits(number) not in seen:
            seen.add(digits(number))
            kept.append(number)
    return tuple(kept)
