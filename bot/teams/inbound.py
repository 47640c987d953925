"""From an activity's JSON to a Turn, or to nothing when it is not addressed to us (facts/teams 2). Pure.

Whatever JSON arrives, nothing is raised: what is missing or of another type counts as absent.
"""

from __future__ import annotations

import hashlib
import json
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.model import ChannelKind, Chat, ChatKind, Person, Turn, TurnKind
from bot.references import reference
from bot.teams import dialogs, meeting_events, said
from bot.teams.door import tenant_of
from bot.teams.ids import identifier
from bot.teams.service_url import normal

SOON = 5 * 60_000
LATER = 24 * 3_600_000
LATEST = 4 * 3_600_000
"""Best-before in ms: what people said or pressed, installations, what is told of calls (ENGINE R6)."""
EXECUTE = "adaptiveCard/action"
TEAM = "team"
"""Where the data of an installation says what the team is called."""
MOST_DATA = 64
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(/[A-Za-z][A-Za-z0-9_+-]{0,30}){0,2}")
_CHANNEL_KINDS = {kind.value: kind for kind in ChannelKind}
_HAPPENED = {"add": TurnKind.INSTALLED, "add-upgrade": TurnKind.INSTALLED, "remove": TurnKind.REMOVED}
_LATER_ON = frozenset({TurnKind.EDITED, TurnKind.DELETED})
"""What happens to a message afterwards; it has the message's reference."""
_SPOKEN = {"message": TurnKind.SAID, "messageUpdate": TurnKind.EDITED, "messageDelete": TurnKind.DELETED}
_TOLD = {**_SPOKEN, "event": TurnKind.CALLED}


@dataclass(frozen=True, slots=True)
class _Press:
    verb: str
    text: str
    data: dict[str, str]
    people: tuple[Person, ...] = ()


def read(activity: Mapping[str, Any], *, app_id: str, now: int) -> Turn | None:
    """Return the turn an activity stands for; None when it is nothing for us (ENGINE 2.1). `now` is ms UTC.

    Any invoke but a well-formed press of a card's button or a known dialog's becomes a turn of kind UNKNOWN.
    """
    sender = _object(activity, "from")
    bot_id = identifier(_object(activity, "recipient"), "id") or f"28:{app_id}"
    chat = _chat(activity, bot_id)
    kind = _kind(activity, bot_id)
    if kind is None or chat is None or sender.get("role") == "bot" or kind is TurnKind.CALLED:
        return _called(activity, chat, now) if kind is TurnKind.CALLED and chat else None
    mentions = said.mention_entities(activity)
    targeted = _object(activity, "recipient").get("isTargeted") is True
    person = Person(identifier(sender, "id"), identifier(sender, "aadObjectId"), said.words(_text(sender, "name")))
    if kind in _SPOKEN.values():
        # What was deleted has no words left: whether it was said to us the store knows.
        heard = targeted or kind is TurnKind.DELETED or chat.kind is ChatKind.PERSONAL
        if not (heard or _is_mentioned(mentions, bot_id)) or person.id in ("", bot_id):
            return None
    press = _carried(activity, kind)
    spoken = said.words(said.without_bot(_text(activity, "text"), mentions, bot_id))
    key = _turn_key(activity, kind, chat.tenant)
    locale, zone = _language_and_zone(activity)
    return Turn(
        turn_key=key,
        echo_key=_echo_key(activity, kind, person, press if press.verb else spoken),
        kind=kind,
        chat=chat,
        person=person,
        conversation_id=identifier(_object(activity, "conversation"), "id"),
        activity_id=_text(activity, "id"),
        received_at=now,
        expires_at=now + (LATER if kind in _HAPPENED.values() else SOON),
        reference=reference(_turn_key(activity, TurnKind.SAID, chat.tenant) if kind in _LATER_ON else key),
        text=press.text if press.verb else spoken,
        mentions=press.people or said.people(mentions, bot_id),
        verb=press.verb or (_text(activity, "action") if kind in _HAPPENED.values() else ""),
        data=_team(activity) if kind is TurnKind.INSTALLED else press.data,
        reply_to_id=identifier(activity, "replyToId"),
        locale=locale,
        zone=zone,
        targeted=targeted,
        around=said.around_bot(_text(activity, "text"), mentions, bot_id) if kind in _SPOKEN.values() else (),
        bot_name=said.name_of(bot_id, mentions) or said.words(_text(_object(activity, "recipient"), "name")),
    )


def _called(activity: Mapping[str, Any], chat: Chat, now: int) -> Turn | None:
    """Return the turn of an event in a meeting's call; None for one of a kind that is not known."""
    data, people = meeting_events.read(activity)
    if not data:
        return None
    key = _turn_key(activity, TurnKind.CALLED, chat.tenant)
    return Turn(
        turn_key=key,
        echo_key=key,
        kind=TurnKind.CALLED,
        chat=chat,
        person=Person(""),
        conversation_id=identifier(_object(activity, "conversation"), "id"),
        activity_id=_text(activity, "id"),
        received_at=now,
        expires_at=now + LATEST,
        reference=reference(key),
        mentions=people,
        data=data,
    )


def _kind(activity: Mapping[str, Any], bot_id: str) -> TurnKind | None:
    name = _text(activity, "type")
    if name == "invoke":
        if _dialog(activity) is not None:
            return TurnKind.DIALOG
        return TurnKind.PRESSED if _press(activity) is not None else TurnKind.UNKNOWN
    if name == "installationUpdate":
        return _HAPPENED.get(_text(activity, "action"))
    if name == "conversationUpdate":
        if _among(activity.get("membersAdded"), bot_id):
            return TurnKind.INSTALLED
        return TurnKind.REMOVED if _among(activity.get("membersRemoved"), bot_id) else None
    return _TOLD.get(name)


def _chat(activity: Mapping[str, Any], bot_id: str) -> Chat | None:
    """Return where it happened (facts/teams 2.2), None if that cannot be said."""
    conversation, channel_data = _object(activity, "conversation"), _object(activity, "channelData")
    channel, team = _object(channel_data, "channel"), _object(channel_data, "team")
    tenant, whole = tenant_of(activity), identifier(conversation, "id")
    if not tenant or not whole:
        return None
    kind = _chat_kind(_text(conversation, "conversationType"), whole, in_team=bool(team))
    named = identifier(channel, "id") if kind is ChatKind.CHANNEL else ""
    return Chat(
        tenant=tenant,
        thread_id=named or whole.partition(";")[0],
        kind=kind,
        channel_kind=_CHANNEL_KINDS.get(_text(channel, "type").lower()) if kind is ChatKind.CHANNEL else None,
        team_id=identifier(team, "id"),
        group_id=identifier(team, "aadGroupId"),
        name=said.words(_text(channel if kind is ChatKind.CHANNEL else conversation, "name")),
        service_url=normal(activity.get("serviceUrl")),
        bot_id=bot_id,
    )


def _chat_kind(kind: str, conversation_id: str, *, in_team: bool) -> ChatKind:
    """What does not say where it is counts as a group: there Muster answers only when mentioned."""
    if kind == "channel" or (not kind and in_team):
        return ChatKind.CHANNEL
    if kind == "personal" and conversation_id.startswith("19:"):
        return ChatKind.GROUP  # two people's own chat: Muster's with somebody is `a:…` (facts/teams 2.2)
    if kind == "personal" or (not kind and conversation_id.startswith("a:")):
        return ChatKind.PERSONAL
    return ChatKind.MEETING if conversation_id.startswith("19:meeting_") else ChatKind.GROUP


def _press(activity: Mapping[str, Any]) -> _Press | None:
    """Return the pressed button of an adaptiveCard/action, None for any other invoke and for a malformed one."""
    action = _object(_object(activity, "value"), "action")
    if _text(activity, "name") != EXECUTE or action.get("type", "Action.Execute") != "Action.Execute":
        return None
    # Of one word, as our buttons have it: those of two are dialogs' and alerts', and a client says what it likes.
    verb = _text(action, "verb").partition(" ")[0]
    if not verb or not identifier(_object(activity, "from"), "id"):
        return None
    data = {key: _plain(value) for key, value in list(_object(action, "data").items())[:MOST_DATA] if _is_plain(value)}
    return _Press(verb, said.words(data.pop("text", "")), data)


def _dialog(activity: Mapping[str, Any]) -> _Press | None:
    """Return what a dialog's invoke says: as its text what a message says, and as its people who wrote it."""
    asked = dialogs.read(activity) if identifier(_object(activity, "from"), "aadObjectId") else None
    if asked is None:
        return None
    return _Press(asked.verb, asked.text, asked.data, (asked.author,) if asked.author else ())


def _team(activity: Mapping[str, Any]) -> dict[str, str]:
    """Return what the team is called that Muster was added to, which no other activity says."""
    name = said.words(_text(_object(_object(activity, "channelData"), "team"), "name"))
    return {TEAM: name} if name else {}


def _carried(activity: Mapping[str, Any], kind: TurnKind) -> _Press:
    """Return what an invoke carries; nothing for everything else."""
    readers = {TurnKind.PRESSED: _press, TurnKind.DIALOG: _dialog}
    return (readers[kind](activity) if kind in readers else None) or _Press("", "", {})


def _is_mentioned(mentions: list[Mapping[str, Any]], bot_id: str) -> bool:
    return any(said.mentioned(entity).get("id") == bot_id for entity in mentions)


def _turn_key(activity: Mapping[str, Any], kind: TurnKind, tenant: str) -> str:
    """Hash tenant, conversation and activity id (ENGINE R11).

    An edit or a deletion carries the id of the message it changes and may overtake it, so its kind and time count too.
    """
    parts = [tenant, _text(_object(activity, "conversation"), "id"), _text(activity, "id")]
    if kind in _LATER_ON:
        parts += [kind.value, _text(activity, "timestamp")]
    if not parts[2]:
        parts += [kind.value, _text(activity, "timestamp"), _text(_object(activity, "from"), "id")]
    return _hash(parts)


def _echo_key(activity: Mapping[str, Any], kind: TurnKind, person: Person, what: _Press | str) -> str:
    """Hash who did what, so that a copy under a new id is known (ENGINE R11), or an edit without a change."""
    who = person.oid or person.id
    if isinstance(what, _Press):
        return _hash([who, kind.value, what.verb, what.text, sorted(what.data.items()), _text(activity, "replyToId")])
    said = TurnKind.SAID if kind is TurnKind.EDITED else kind
    return _hash([who, said.value, what.casefold(), ""])


def _language_and_zone(activity: Mapping[str, Any]) -> tuple[str, str]:
    """Return the person's language and zone as their client tells them; `en` and "" when it does not."""
    entities = activity.get("entities")
    listed = entities if isinstance(entities, list) else []
    clients = (item for item in listed if isinstance(item, Mapping) and item.get("type") == "clientInfo")
    client: Mapping[str, Any] = next(clients, {})
    locales = (_text(activity, "locale"), _text(client, "locale"))
    zones = (_text(client, "timezone"), _text(activity, "localTimezone"))
    locale = next((name for name in locales if _LOCALE.fullmatch(name)), "en")
    return locale, next((name for name in zones if _is_zone(name)), "")


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    if not _ZONE.fullmatch(name):
        return False
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _among(members: object, bot_id: str) -> bool:
    listed = members if isinstance(members, list) else []
    return any(isinstance(member, Mapping) and member.get("id") == bot_id for member in listed)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _hash(parts: list[Any]) -> str:
    """Hash values unambiguously: as JSON, so that no separator can be smuggled in."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(holder: Mapping[str, Any], key: str) -> str:
    found = holder.get(key)
    return found if isinstance(found, str) else ""
