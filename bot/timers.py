"""The kinds of timers: every piece of work that is due at a time (ENGINE 3.1). Standard library only."""

from __future__ import annotations

from enum import StrEnum


class TimerKind(StrEnum):
    """What a timer does when it is due, ENGINE 3.1."""

    OPEN = "open"
    END = "end"
    DELETE = "delete"
    GIVE_UP = "give_up"
    EMPTY = "empty"
    MEMBERS = "members"
    TOPIC = "topic"
    SIGN_OUT = "sign_out"
    PATCH = "patch"
    EVENT = "event"
    SPARE = "spare"
    STALL = "stall"
    SUBSCRIBE = "subscribe"
    RENEW = "renew"
    AMEND = "amend"
    OWNER = "owner"
    LEAD = "lead"
