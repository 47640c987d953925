"""Microsoft's own description of its API (OpenAPI 3.1), where it lies beside the project."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FOLDER = Path(__file__).parents[3] / "shared" / "graph"
V1, BETA = "openapi-v1.0-onlinemeetings.yaml", "openapi-beta-createorget.yaml"
Schema = dict[str, Any]
Strategy = st.SearchStrategy[Any]

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *("https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0", "https://j.example"),
            *("data:text/html,%3cp%3eJoin+%2b44%3c%2fp%3e", "data:text/html,<![x", "+1 206-485-3005", "123 456 789#"),
            *("+12064853005,,123456789#", "2026-11-21T10:00:00.0000000", "UTC", "everyone", "unknownFutureValue"),
        ]
    ),
)
MOMENTS = st.builds(
    lambda at, tail: at.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + tail,
    st.datetimes(),
    st.sampled_from(["Z", ".1234567Z", ".5+00:00", "-07:00"]),
)
LINKS = st.sampled_from(["https://teams.microsoft.com/meet/23456789012?p=x", "https://j.example", "", None])
OFTEN = frozenset({"joinWebUrl", "joinUrl", "audioConferencing", "onlineMeeting", "participants", "joinInformation"})
"""What reading is most about: half of all bodies have each of these."""
EXTRA = st.dictionaries(
    st.sampled_from(["autoAdmittedUsers", "ConferenceId", "joinUrl", "isCanceled", "tenantId", "@odata.type"]),
    TEXTS,
    max_size=2,
)
"""What an open type may hold besides (facts/graph 1.7)."""


class Slice:
    """One document. Skips the test, with the reason, where it cannot be read."""

    def __init__(self, name: str) -> None:
        try:
            yaml = importlib.import_module("yaml")
            self._document = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
        except ImportError:
            pytest.skip("the OpenAPI slices are YAML, and no YAML reader is installed")
        except FileNotFoundError:
            pytest.skip(f"the OpenAPI slice {name} is not beside the project")
        resource = Resource.from_contents(self._document, DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:slice", resource)
        self._strategies: dict[str, Strategy] = {}

    def named(self, name: str) -> Schema:
        """Return the schema of one of Graph's types."""
        return {"$ref": f"#/components/schemas/microsoft.graph.{name}"}

    def operation(self, method: str, path: str) -> Schema | None:
        """Return an operation, None where the document has none; paths have Microsoft's placeholders."""
        found: Schema | None = self._document["paths"].get(path, {}).get(method.lower())
        return found

    def request(self, method: str, path: str) -> Schema:
        """Return the schema of a request's body."""
        body: Schema = (self.operation(method, path) or {})["requestBody"]["content"]["application/json"]["schema"]
        return body

    def answer(self, method: str, path: str, status: int) -> Schema:
        """Return the schema of an answer's body."""
        answers = (self.operation(method, path) or {})["responses"]
        answer = self._resolved(answers.get(str(status)) or answers[f"{status // 100}XX"])
        body: Schema = answer["content"]["application/json"]["schema"]
        return body

    def errors(self, schema: Schema, body: object) -> list[str]:
        """Return what is wrong with a body: what is not valid, and which names nobody declared."""
        validator = Draft202012Validator({**_absolute(schema)}, registry=self._registry)
        wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
        return wrong + [f"{name} is not declared" for name in self._undeclared(schema, body, "")]

    def valid(self, schema: Schema, body: object) -> bool:
        """Say whether a body is valid, whatever else it says."""
        return Draft202012Validator({**_absolute(schema)}, registry=self._registry).is_valid(body)

    def anything(self, schema: Schema) -> Strategy:
        """Return everything that satisfies a schema."""
        if "$ref" in schema:
            reference: str = schema["$ref"]
            if reference not in self._strategies:
                self._strategies[reference] = st.deferred(lambda: self.anything(self._resolved(schema)))
            return self._strategies[reference]
        if "enum" in schema or "const" in schema:
            return st.sampled_from(schema.get("enum") or [schema["const"]])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return st.one_of([self.anything(each) for each in schema[several]])
        kinds = schema.get("type", "object")
        return st.one_of([self._of_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)])

    def _of_kind(self, kind: str, schema: Schema) -> Strategy:
        plain = {"null": st.none(), "boolean": st.booleans(), "integer": st.integers(-(2**31), 2**31 - 1)}
        if kind == "string":
            return MOMENTS if schema.get("format") == "date-time" else TEXTS
        if kind == "array":
            return st.lists(self.anything(schema["items"]), max_size=2)
        return self._object(schema) if kind == "object" else plain.get(kind, st.floats(-1e9, 1e9))

    def _object(self, schema: Schema) -> Strategy:
        properties = schema.get("properties", {})
        needed = set(schema.get("required", []))
        optional = sorted(set(properties) - needed)

        @st.composite
        def made(draw: st.DrawFn) -> dict[str, Any]:
            chosen = draw(st.lists(st.sampled_from(optional), max_size=9, unique=True)) if optional else []
            body = draw(EXTRA) if "x-odata-open-type" in schema else {}
            often = [name for name in optional if name in OFTEN and draw(st.booleans())]
            own = {name: draw(self._property(name, properties[name])) for name in sorted({*needed, *chosen, *often})}
            return {name: value for name, value in body.items() if name not in properties} | own

        return made()

    def _property(self, name: str, schema: Schema) -> Strategy:
        return LINKS if name in {"joinWebUrl", "joinUrl"} else self.anything(schema)

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._registry.resolver().lookup(_absolute(schema)["$ref"]).contents
        return schema

    def _properties(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        found = self._resolved(schema)
        yield from found.get("properties", {}).items()
        for several in ("allOf", "anyOf", "oneOf"):
            for each in found.get(several, []):
                yield from self._properties(each)

    def _undeclared(self, schema: Schema, body: object, at: str) -> Iterator[str]:
        """Yield the names that no schema declares; an open type lets them pass, a misspelt request does not."""
        if isinstance(body, list):
            found = self._resolved(schema)
            items: Schema = next((each["items"] for each in (found, *found.get("anyOf", [])) if "items" in each), {})
            for each in body:
                yield from self._undeclared(items, each, f"{at}[]")
        if isinstance(body, dict):
            declared = dict(self._properties(schema))
            for name, value in body.items():
                if name not in declared and "@" not in name:
                    yield f"{at}.{name}"
                yield from self._undeclared(declared.get(name, {}), value, f"{at}.{name}") if name in declared else ()


def _absolute(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema whose references lead into the document."""
    if isinstance(schema, list):
        return [_absolute(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: f"urn:slice{value}" if name == "$ref" and value.startswith("#") else _absolute(value)
        for name, value in schema.items()
    }


@functools.cache
def document(name: str) -> Slice:
    """Return a document, read once."""
    return Slice(name)
