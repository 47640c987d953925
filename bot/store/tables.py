"""Every table there is: by what its rows are known, whose they are, what names people, and how long it is kept.

A table that is not here fails a test: what it keeps, and how somebody in it is forgotten, is said first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """Whose a table's rows are: a tenant's by their own column or by their room, or nobody's."""

    TENANT = "tenant"
    ROOM = "room"
    NOBODY = ""


OWN = "tenant = CAST(:tenant AS TEXT)"
"""The condition of a tenant's own rows."""
OF_ROOMS = "room_id IN (SELECT r.room_id FROM rooms AS r WHERE r.tenant = CAST(:tenant AS TEXT))"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its primary key, its other columns of text, and how long its rows are kept, in words.

    `bump` is what changes with every change of a row, so that who read it before cannot write it back; `numbers` are
    the columns of the key that are no text; `stays` says that no row of it goes by time alone.
    """

    name: str
    key: tuple[str, ...]
    texts: tuple[str, ...]
    kept: str
    bound: Bound = Bound.TENANT
    bump: str = ""
    numbers: tuple[str, ...] = ()
    stays: bool = False

    @property
    def condition(self) -> str:
        """Return the SQL condition of a tenant's rows."""
        return OF_ROOMS if self.bound is Bound.ROOM else OWN


OVER = "MUSTER_KEEP_DAYS after it is over"
UNTIL = "until its own time"
TABLES: tuple[Table, ...] = (
    Table(
        "roster", ("room_id", "session", "participant_id"), ("person", "name"), OVER, Bound.ROOM, numbers=("session",)
    ),
    Table(
        "chats",
        ("tenant", "thread_id"),
        ("kind", "channel_kind", "team_id", "group_id", "name", "service_url", "bot_id", "settings"),
        "MUSTER_KEEP_DAYS after Muster was taken out of it",
        bump="settings_version",
    ),
    Table(
        "inbox",
        ("turn_key",),
        (
            *("original_key", "echo_key", "tenant", "thread_id", "from_id", "from_oid", "kind", "reference", "body"),
            *("state", "lease_owner", "answer", "outcome"),
        ),
        "48 hours; what was typed, until it is done",
    ),
    Table(
        "rooms",
        ("room_id",),
        (
            *("tenant", "scope_key", "topic", "state", "subject", "starter_oid", "starter", "host_oid", "host"),
            *("home_thread", "home_conversation", "request", "external_id", "reference", "zone", "language"),
            *("graph_call", "bind_thread", "binding", "meeting_id", "join_hash", "meeting", "trying", "ended_by"),
            *("fail_code", "people", "backup_bridge", "way", "options", "lobby_before", "attendance", "ringing"),
            "alerted",
        ),
        OVER,
        bump="version",
    ),
    Table(
        "messages",
        ("message_id",),
        (
            *("intent_key", "tenant", "thread_id", "conversation_id", "room_id", "purpose", "to_oid", "to_person"),
            *("content", "state", "activity_id", "lease_owner", "outcome"),
        ),
        "as long as its meeting; else MUSTER_KEEP_DAYS; a team's welcome, for good; what it said, until it is sent",
    ),
    Table("timers", ("timer_key",), ("kind", "tenant", "subject", "payload", "lease_owner"), "until it is done"),
    Table(
        "audit",
        ("audit_id",),
        ("tenant", "actor_oid", "action", "room_id", "thread_id", "detail", "reference"),
        "MUSTER_KEEP_DAYS",
    ),
    Table("notes", ("tenant", "note_key"), ("value", "about"), UNTIL),
    Table("sends", ("message_id", "fence"), ("tenant", "thread_id"), "an hour", numbers=("fence",)),
    Table("personal_chats", ("tenant", "person_id"), ("conversation_id",), f"{UNTIL}, 30 days at most"),
    Table("signins", ("tenant", "user_oid", "exchange_id"), ("state",), "a quarter of an hour"),
    Table("people", ("tenant", "oid"), ("settings",), "until the person is forgotten", stays=True),
    Table("installers", ("tenant", "place"), ("person",), "as long as its chat or team"),
    Table(
        "subscriptions",
        ("room_id",),
        ("tenant", "mark", "key_id", "version", "state", "subscription_id"),
        "3 days after it has ended",
    ),
    Table("calls", ("nonce",), ("tenant", "room_id"), "48 hours"),
    Table(
        "steps",
        ("reference", "tenant", "at", "kind"),
        ("outcome", "exchanges"),
        "MUSTER_KEEP_DAYS",
        numbers=("at",),
    ),
    Table("keys", ("key_id",), ("certificate", "sealed"), "3 days after its last subscription", Bound.NOBODY),
    Table("replicas", ("owner",), (), "48 hours after its process was last seen", Bound.NOBODY),
    Table(
        "schema_version",
        ("version",),
        ("name",),
        "as long as the store",
        Bound.NOBODY,
        numbers=("version",),
        stays=True,
    ),
)
