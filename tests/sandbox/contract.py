"""Microsoft's own description of Graph, where it lies beside the project: what it says of requests and answers.

The OpenAPI slices are looked for in ../shared/graph. Undeclared names are legal, because onlineMeeting is an open type;
here only those may appear that Microsoft is known to send (facts/graph 1.7, 1.8 and 9).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from bot.sandbox.journal import Exchange

SLICES = Path(__file__).parents[3] / "shared" / "graph"
V1, BETA = "openapi-v1.0-onlinemeetings.yaml", "openapi-beta-createorget.yaml"
MISSING = "Microsoft's description of Graph (../shared/graph) is not beside the project"

_MEETINGS = "/users/{user-id}/onlineMeetings"
_MEETING = f"{_MEETINGS}/{{onlineMeeting-id}}"
_EVENTS = ("/users/{user-id}/events", "post", "201")
_ANSWERS: dict[str, tuple[str, str, str]] = {
    "graph.createOrGet": (f"{_MEETINGS}/createOrGet", "post", ""),
    "graph.create": (_MEETINGS, "post", ""),
    "graph.find": (_MEETINGS, "get", ""),
    "graph.get": (_MEETING, "get", ""),
    "graph.update": (_MEETING, "patch", ""),
    "graph.delete": (_MEETING, "delete", ""),
    "graph.gone": (_MEETINGS, "post", ""),
    "graph.me": (_MEETINGS, "get", ""),
    "graph.subscribe": ("/subscriptions", "post", ""),
    "graph.calendar": ("/users/{user-id}/calendar", "get", ""),
    "graph.createEvent": _EVENTS,
    "graph.getEvent": _EVENTS,
    "graph.updateEvent": _EVENTS,
    "graph.deleteEvent": (_MEETING, "delete", ""),
    "graph.call": ("/communications/calls", "post", ""),
    "graph.invite": ("/communications/calls/{call-id}/participants/invite", "post", ""),
    "graph.presence": ("/communications/getPresencesByUserId", "post", ""),
}
"""Where an operation's answer is described: path, method, and the status that the slice has, if not the same."""

_EVENT = {"$ref": "#/components/schemas/microsoft.graph.event"}

UNDECLARED = frozenset({"autoAdmittedUsers", "tenantId", "identityProvider"})
OF_2019 = frozenset(
    {
        "ConferenceId",
        "accessLevel",
        "canceledDateTime",
        "entryExitAnnouncement",
        "expirationDateTime",
        "isCanceled",
        "joinUrl",
    }
)


class Contract:
    """One OpenAPI document, asked about bodies."""

    def __init__(self, name: str) -> None:
        text = (SLICES / name).read_text(encoding="utf-8")
        safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # eight times faster where it is there
        self._document: Any = yaml.load(text, safe)  # noqa: S506 - it is the safe one
        resource = Resource.from_contents(self._document, DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:slice", resource)
        self._validators: dict[str, Draft202012Validator] = {}
        self.paths: dict[str, Any] = self._document["paths"]

    def answer(self, path: str, method: str, status: int | str) -> Any:  # noqa: ANN401 - any JSON schema
        """Return the schema of an answer; its own status, or 4XX and 5XX; None for one without a body."""
        responses = self.paths[path][method]["responses"]
        described = self._followed(responses.get(str(status)) or responses[f"{str(status)[0]}XX"])
        return described.get("content", {}).get("application/json", {}).get("schema")

    def question(self, path: str, method: str) -> Any:  # noqa: ANN401 - any JSON schema
        """Return the schema of a request's body."""
        return self.paths[path][method]["requestBody"]["content"]["application/json"]["schema"]

    def errors(self, schema: Any, body: object) -> list[str]:  # noqa: ANN401 - any JSON schema
        """Return what is wrong with a body, one line each."""
        written = json.dumps(schema)
        if written not in self._validators:
            checker = Draft202012Validator.FORMAT_CHECKER
            validator = Draft202012Validator(_absolute(schema), registry=self._registry, format_checker=checker)
            self._validators[written] = validator
        found = self._validators[written].iter_errors(body)
        return [f"{list(error.absolute_path)}: {error.message}" for error in found]

    def undeclared(self, schema: Any, body: object) -> Iterator[str]:  # noqa: ANN401 - any JSON schema
        """Yield the names in a body that no schema declares; OData's annotations are not meant."""
        schemas = list(self._alternatives(schema))
        if isinstance(body, list):
            for item in body:
                for one in schemas:
                    yield from self.undeclared(one.get("items", {}), item)
        declared = {name: inner for one in schemas for name, inner in one.get("properties", {}).items()}
        if isinstance(body, dict) and declared:
            for name, value in body.items():
                if name not in declared and "@" not in name:
                    yield name
                elif name in declared:
                    yield from self.undeclared(declared[name], value)

    def _alternatives(self, schema: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON schema
        schema = self._followed(schema)
        yield schema
        for inner in (*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self._alternatives(inner)

    def _followed(self, node: Any) -> Any:  # noqa: ANN401 - any JSON schema
        while "$ref" in node:
            reference, node = node["$ref"], self._document
            for part in reference.removeprefix("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node


@cache
def contract(name: str) -> Contract:
    """Return a slice, read once; skips the test where it is not there."""
    if not (SLICES / name).exists():
        pytest.skip(MISSING)
    return Contract(name)


def here() -> bool:
    """Say whether Microsoft's description is at hand."""
    return (SLICES / V1).exists()


def departures(exchanges: Iterable[Exchange], *, besides: frozenset[str] = frozenset()) -> list[str]:
    """Return where Graph's answers are not what Microsoft describes; `besides` are more undeclared names."""
    found = []
    for exchange, described, (path, method, status) in _described(exchanges):
        if exchange.status is None:
            continue
        succeeded = exchange.status < 300 and status
        schema = described.answer(path, method, succeeded or exchange.status)
        if schema is not None:
            found += _judged(exchange, described, schema, exchange.response, UNDECLARED | besides)
    return found


def misasked(exchanges: Iterable[Exchange]) -> list[str]:
    """Return where Graph was asked what Microsoft does not describe: a wrong value, or a name that nobody declares."""
    found = []
    for exchange, described, (path, method, _) in _described(exchanges):
        if exchange.request is not None:
            asked = "patch" if method == "patch" else "post"
            # The slice knows events only as they are made; a change may leave out what a new one needs.
            changes = exchange.operation == "graph.updateEvent"
            schema = _EVENT if changes else described.question(path, asked)
            found += _judged(exchange, described, schema, exchange.request, frozenset())
    return found


def _described(exchanges: Iterable[Exchange]) -> Iterator[tuple[Exchange, Contract, tuple[str, str, str]]]:
    for exchange in exchanges:
        if exchange.server == "graph" and exchange.operation in _ANSWERS:
            where = _ANSWERS[exchange.operation]
            described = contract(BETA if exchange.path.startswith("/beta") else V1)
            yield exchange, described if where[0] in described.paths else contract(V1), where


def _judged(
    exchange: Exchange,
    described: Contract,
    schema: Any,  # noqa: ANN401 - any JSON schema
    body: object,
    known: frozenset[str],
) -> list[str]:
    where = f"{exchange.method} {exchange.path} {exchange.status}"
    names = set(described.undeclared(schema, body)) - known
    return [
        *(f"{where}: {error}" for error in described.errors(schema, body)),
        *(f"{where}: undeclared {name}" for name in sorted(names)),
    ]


def _absolute(schema: Any) -> Any:  # noqa: ANN401 - any JSON schema
    if isinstance(schema, dict):
        return {
            key: f"urn:slice{value}" if key == "$ref" and str(value).startswith("#") else _absolute(value)
            for key, value in schema.items()
        }
    return [_absolute(item) for item in schema] if isinstance(schema, list) else schema
