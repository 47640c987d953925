"""Forgetting a person or a tenant, in every table alike (ENGINE 2.17): the statements are made from the tables' list.

What is a person's alone goes; elsewhere what names them is replaced, so that other people's meetings go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

from bot.decisions import Record
from bot.store import auditing
from bot.store.statements import Operation, Row, Value
from bot.store.tables import TABLES, Table

PAGE = 200
NOBODY = "00000000-0000-0000-0000-000000000000"
"""What stands for a forgotten object id inside of other text, such as a frozen path."""
ID = "forgotten"
"""What stands for a forgotten `29:…`, for a chat of the person's own, and for their name in people's text."""
OWN = frozenset({"people", "signins", "personal_chats", "notes"})
"""Whatever names the person in these is about them."""
SHORTEST_NAME = 2
WORDS = frozenset(
    {
        *("answer", "attendance", "backup_bridge", "body", "content", "detail", "host", "meeting", "name", "options"),
        *("payload", "people", "person", "request", "ringing", "settings", "starter", "subject", "to_person", "topic"),
        "value",
    }
)
"""Columns in which somebody's name may stand; elsewhere the same letters are a word of ours, such as `open`."""
OURS = frozenset(
    {
        *("allowMeetingChat", "allowedPresenters", "call", "channel_kind", "chat", "command", "kind", "language"),
        *("lobby", "lobby_scope", "locale", "path", "presenters", "reference", "role", "roster", "scope", "shown"),
        *("start", "state", "step", "template", "usual", "verb", "version", "way", "zone", "zone_seen"),
    }
)
"""What is named so in JSON is a word of ours or of Graph's: a person who is called Paris is no zone."""


@dataclass(slots=True)
class Named:
    """By what somebody is known: `ids` are unique, `names` other people may have too."""

    oid: str
    ids: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    threads: set[str] = field(default_factory=set)

    def unnamed(self) -> Named:
        """Return the same without names: who is called `open` does not close every meeting."""
        return replace(self, names=set())

    def needles(self) -> list[str]:
        """Return what to look for, as it stands in text and in JSON, and in JSON within JSON."""
        plain = {self.oid, *self.ids, *self.names, *self.threads}
        once = {json.dumps(text, ensure_ascii=False)[1:-1] for text in plain}
        twice = {json.dumps(text, ensure_ascii=False)[1:-1] for text in once}
        return sorted({*plain, *once, *twice, *(json.dumps(text)[1:-1] for text in plain)})


def sql() -> str:
    """Return the statements of every table that has a tenant's rows, by the names of the operations below."""
    template = (files("bot.store") / "sql" / "every_table.sql").read_text("utf-8")
    return "\n".join(template.format(**_words(table)) for table in of_tenant())


def _words(table: Table) -> dict[str, str]:
    columns = [column for column in (*table.key, *table.texts) if column not in table.numbers]
    changed = [f"{column} = CAST(:{column} AS TEXT)" for column in table.texts]
    return {
        "table": table.name,
        "keys": ", ".join(table.key),
        "condition": table.condition,
        "says": " OR ".join(f"REPLACE({column}, CAST(:needle AS TEXT), '') <> {column}" for column in columns),
        "mine": " AND ".join(
            f"{key} = CAST(:{key} AS {'BIGINT' if key in table.numbers else 'TEXT'})" for key in table.key
        ),
        "wanted": ", ".join((*table.key, *table.texts)),
        "changed": ", ".join([*changed, f"{table.bump} = {table.bump} + 1"] if table.bump else changed),
    }


def of_tenant() -> list[Table]:
    """Return the tables that have a tenant's rows, those that are found by others first."""
    return [table for table in TABLES if table.bound]


def count(table: Table, tenant: str) -> Operation[int]:
    """Return how many rows a tenant has in a table."""
    found = yield f"{table.name}_count", {"tenant": tenant}
    return int(found[0]["found"])


def leave(table: Table, tenant: str) -> Operation[bool]:
    """Delete some of a tenant's rows; say whether there were any."""
    return bool((yield f"{table.name}_leave", {"tenant": tenant, "most": PAGE}))


def _naming(table: Table, tenant: str, needle: str, skip: int = 0) -> Operation[list[Row]]:
    """Return a page of a tenant's rows in which a text stands anywhere."""
    return list((yield f"{table.name}_naming", {"tenant": tenant, "needle": needle, "most": PAGE, "skip": skip}))


Keys = tuple[str | int, ...]


def forget_in(table: Table, tenant: str, named: Named, *, act: bool) -> Operation[int]:
    """Let go of the person in a table's rows, or (not `act`) only look; return how many name them."""
    found: set[Keys] = set()
    for needle in named.needles():
        found |= yield from _forget_in(table, tenant, named, needle, act=act)
    return len(found)


def _forget_in(table: Table, tenant: str, named: Named, needle: str, *, act: bool) -> Operation[set[Keys]]:
    found: set[Keys] = set()
    skip = 0
    while rows := (yield from _naming(table, tenant, needle, skip)):
        for row in rows:
            after = _after(table, row, named)
            names = after != _before(table, row)
            skip += not (act and names)  # it will be there again; else it was somebody else, or part of a longer word
            if names:
                found.add(tuple(row[key] for key in table.key))
            if names and act:
                yield from _write(table, row, after)
        if len(rows) < PAGE:
            break
    return found


def _write(table: Table, row: Row, after: dict[str, Value] | None) -> Operation[None]:
    keys: dict[str, Value] = {key: row[key] for key in table.key}
    if after is None:
        yield f"{table.name}_drop_row", keys
    else:
        yield f"{table.name}_rewrite", {**keys, **after}


def _before(table: Table, row: Row) -> dict[str, Value]:
    return {column: row[column] for column in table.texts}


def _after(table: Table, row: Row, named: Named) -> dict[str, Value] | None:
    """Return what a row says without the person; None: it was about nobody else."""
    keys = [str(row[key]) for key in table.key if key not in table.numbers]
    about = any(_plain(key, named.unnamed()) != key for key in keys)
    if about or (table.name in OWN and _names(table, row, named)) or _theirs(table, row, named):
        return None
    after: dict[str, Value] = {column: _column(column, row[column], named) for column in table.texts}
    if table.name == "inbox" and _is(row["from_oid"], row["from_id"], named):
        fate = {"state": "dropped", "outcome": ID} if row["state"] in {"new", "waiting", "poison"} else {}
        after |= {"from_id": "", "from_oid": "", "echo_key": "", "body": None, "answer": None, **fate}
    return after


def _names(table: Table, row: Row, named: Named) -> bool:
    return any(_column(column, row[column], named) != row[column] for column in table.texts)


def _theirs(table: Table, row: Row, named: Named) -> bool:
    """Say whether a meeting or a message is of the person's own chat or for them alone, or a timer's work theirs."""
    if table.name == "rooms":
        return row["home_thread"] in named.threads
    if table.name == "messages":
        to = json.loads(row["to_person"]) if row["to_person"] else {}
        return row["thread_id"] in named.threads or _is(row["to_oid"], to.get("id", ""), named)
    if table.name == "timers":
        payload = json.loads(row["payload"])
        who = payload.get("turn", {}).get("person", payload)
        return _is(who.get("oid", ""), who.get("id", ""), named)
    return False


def _is(oid: str, known_as: str, named: Named) -> bool:
    return bool((oid and oid == named.oid) or (known_as and known_as in named.ids))


def _column(column: str, text: str | None, named: Named) -> str | None:
    if text is None:
        return None
    if column.endswith("_oid") and text == named.oid:
        return ""
    return _text(text, named if column in WORDS else named.unnamed())


def _text(text: str, named: Named) -> str:
    """Return a text without the person; one that is JSON stays JSON."""
    if text[:1] in {"{", "["}:
        try:
            value = json.loads(text)
        except ValueError:
            return _plain(text, named)
        after = _value(value, named)
        return text if after == value else json.dumps(after, ensure_ascii=False, separators=(",", ":"))
    return _plain(text, named)


def _plain(text: str, named: Named) -> str:
    for unique in sorted({*named.ids, *named.threads}, key=len, reverse=True):
        text = text.replace(unique, ID)
    text = text.replace(named.oid, NOBODY)
    if text.startswith("https://"):
        return text
    for name in sorted(named.names, key=len, reverse=True):
        text = _phrase(text, name)
    return text


def _phrase(text: str, name: str) -> str:
    """Replace a name where it stands as words of their own."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        alone = not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum())
        text = f"{text[:at]}{ID}{text[end:]}" if alone else text
        at = text.find(name, at + len(ID) if alone else end)
    return text


def _value(value: Any, named: Named) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        if _person(value) and _is(value["oid"], value["id"], named):
            return {**dict.fromkeys(value, ""), "id": ID, "guest": False}
        other = value.get("name") if _person(value) or "data" in value else None
        kept = {"name": other} if other else {}  # somebody else may have the same name, or a text of ours
        plain = named.unnamed()
        return {
            _text(key, plain): _value(one, plain if key in OURS and not isinstance(one, dict) else named)
            for key, one in value.items()
        } | kept
    if isinstance(value, list):
        return [_value(one, named) for one in value]
    return _text(value, named) if isinstance(value, str) else value


def _person(value: dict[str, Any]) -> bool:
    """Say whether a JSON object is somebody in a chat (`bot.model.Person`)."""
    return {"id", "oid", "name"} <= value.keys()


def known(tenant: str, oid: str) -> Operation[Named]:
    """Return by what else a person is known: what stands beside it in any row, until nothing new is found."""
    named = Named(oid, threads=(yield from _own_chats(tenant, oid)))
    looked: set[str] = set()
    while left := {named.oid, *named.ids} - looked:
        needle = left.pop()
        looked.add(needle)
        for table in of_tenant():
            yield from _learn_from(table, tenant, named, needle)
    return named


def _learn_from(table: Table, tenant: str, named: Named, needle: str) -> Operation[None]:
    skip = 0
    while rows := (yield from _naming(table, tenant, needle, skip)):
        for row in rows:
            _learn(table, row, named)
        skip += len(rows)
        if len(rows) < PAGE:
            break


def _learn(table: Table, row: Row, named: Named) -> None:
    for column in table.texts:
        for person in _people(row[column]):
            if _is(person["oid"], person["id"], named):
                named.ids |= {known for known in (person["id"], person.get("upn", "")) if known and known != ID}
                named.names |= {name for name in (person["name"],) if len(name) >= SHORTEST_NAME}
    if table.name == "roster" and row["person"] == named.oid and len(row["name"]) >= SHORTEST_NAME:
        named.names.add(row["name"])
    if table.name == "inbox" and row["from_oid"] == named.oid and row["from_id"]:
        named.ids.add(row["from_id"])
    if table.name == "personal_chats" and row["person_id"] in named.ids and row["conversation_id"]:
        named.threads.add(row["conversation_id"])


def _people(text: str | None) -> Iterator[dict[str, Any]]:
    try:
        waiting = [json.loads(text)] if text and text[:1] in {"{", "["} else []
    except ValueError:
        waiting = []
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if _person(value):
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            yield from _people(value)


def _own_chats(tenant: str, oid: str) -> Operation[set[str]]:
    """Return the threads in which the person and the bot are alone."""
    found = yield "own_chats", {"tenant": tenant, "oid": oid}
    return {str(row["thread_id"]) for row in found}


def record(tenant: str, what: str, now: int, unique: str) -> Operation[None]:
    """Write into the audit that somebody at the command line had a person or the tenant forgotten."""
    yield auditing.insert(Record(tenant, "", "forget", detail=what), now, unique)
