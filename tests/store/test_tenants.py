"""Each statement that reads what belongs to people is bound to a tenant, to a key nobody can guess, or says why not."""

from __future__ import annotations

import re

import pytest

from bot.store.statements import load
from bot.store.tables import TABLES, Bound

PEOPLES = sorted(table.name for table in TABLES if table.bound is not Bound.NOBODY)
UNGUESSABLE = ("turn_key", "room_id", "message_id", "nonce", "timer_key", "subscription_id", "mark")
"""Keys that begin with the tenant or are random (ENGINE 3)."""
WORK = "what is due of all tenants alike is leased to this process; nobody sees it"
OVER = "what is over is deleted, of all tenants alike"
OPERATOR = "for who has the whole store, at the command line"
REVIEWED = {
    **dict.fromkeys(("lanes_due", "turns_claim", "timers_claim", "threads_due", "next_due"), WORK),
    **dict.fromkeys(("turns_expire", "turns_poison", "turns_waited_out"), WORK),
    **dict.fromkeys(("messages_gone", "messages_late", "messages_not_again", "messages_unclear"), WORK),
    **dict.fromkeys(("orphan_turns", "orphan_timers", "orphan_messages"), WORK),
    **dict.fromkeys(("turns_stuck", "audit_page_of_all", "story_tenants"), OPERATOR),
    **dict.fromkeys(("turns_sweep", "rooms_sweep", "rooms_sweep_messages", "messages_sweep", "notes_sweep"), OVER),
    **dict.fromkeys(("personal_sweep", "signins_sweep", "roster_sweep", "watches_sweep", "calls_sweep"), OVER),
    **dict.fromkeys(("sends_sweep", "steps_sweep", "audit_sweep", "chats_sweep", "installers_sweep"), OVER),
    "keys_sweep": OVER,
}
"""Statements that are bound to nobody, each with its reason."""


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_no_statement_reads_past_its_tenant(engine: str) -> None:
    """A statement that is bound neither to a tenant nor to an unguessable key stands on the reviewed list."""
    loaded = load(engine, {"sqlite": "sqlite3", "postgres": "asyncpg"}[engine])
    loose = set()
    for name in loaded.available_queries:
        sql = getattr(loaded, name).sql
        touches = re.search(rf"\b(?:FROM|UPDATE|JOIN)\s+(?:{'|'.join(PEOPLES)})\b", sql)
        if touches and "_cursor" not in name and not bound(sql):
            loose.add(name)
    assert loose == set(REVIEWED)


def bound(sql: str) -> bool:
    """Say whether a statement asks for one tenant's rows, or for a row by a key that nobody can guess."""
    value = r"CAST\((?::\w+|\$\d+) AS TEXT\)"
    keys = "|".join(("tenant", *UNGUESSABLE))
    return bool(re.search(rf"\b(?:{keys}) = {value}", sql))


def test_the_rule_would_see_a_loose_statement() -> None:
    """A statement that asks for everybody's rooms is seen as bound to nobody."""
    assert not bound("SELECT * FROM rooms WHERE reference = CAST(:reference AS TEXT)")
    assert bound("SELECT * FROM rooms AS r WHERE r.tenant = CAST($1 AS TEXT)")
