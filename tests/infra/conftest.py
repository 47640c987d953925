"""Microsoft's Bicep types, read as far as our template needs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

REQUIRED, READ_ONLY = 1, 2
PAPERS = Path(__file__).resolve().parents[3] / "shared" / "bicep-types"


class Types:
    """One type file: checks a resource's properties against the type of that name."""

    def __init__(self, path: Path) -> None:
        self._types: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        self._resources = {t["name"].lower(): t["body"] for t in self._types if t["$type"] == "ResourceType"}

    def faults(self, resource: str, config: dict[str, Any], names: set[str]) -> list[str]:
        """Return what is wrong with a resource such as `Microsoft.App/containerApps@2024-03-01`.

        `names` are the template's own names: a value that is one of them is not a literal.
        """
        if resource.lower() not in self._resources:
            return [f"there is no {resource}"]
        written = {key: value for key, value in config.items() if key not in {"parent", "scope", "dependsOn"}}
        return list(self._check(self._resources[resource.lower()], written, resource.split("@", maxsplit=1)[0], names))

    def _check(self, reference: dict[str, str], value: Any, where: str, names: set[str]) -> Iterator[str]:  # noqa: ANN401 - any Bicep value
        kind = self._types[int(reference["$ref"].removeprefix("#/"))]
        if isinstance(value, dict) and not {"operator", "function"} & set(value):
            yield from self._object(kind, value, where, names)
        elif isinstance(value, list) and kind["$type"] == "ArrayType":
            for number, item in enumerate(value):
                yield from self._check(kind["itemType"], item, f"{where}[{number}]", names)
        elif isinstance(value, str) and value not in names and "${" not in value:
            yield from self._literal(kind, value, where)
        elif isinstance(value, bool) and kind["$type"] not in {"BooleanType", "AnyType"}:
            yield f"{where} is {value}, wanted {kind['$type']}"

    def _object(self, kind: dict[str, Any], value: dict[str, Any], where: str, names: set[str]) -> Iterator[str]:
        properties = dict(kind.get("properties", kind.get("baseProperties", {})))
        if kind["$type"] == "DiscriminatedObjectType":
            chosen = kind["elements"][value[kind["discriminator"]]]
            properties |= self._types[int(chosen["$ref"].removeprefix("#/"))]["properties"]
        more = kind.get("additionalProperties")
        for key, item in value.items():
            if key in properties:
                if properties[key]["flags"] & READ_ONLY and key not in {"type", "apiVersion"}:
                    yield f"{where}.{key} is read-only"
                yield from self._check(properties[key]["type"], item, f"{where}.{key}", names)
            elif more is None and kind["$type"] != "AnyType":
                yield f"{where} has no property {key}"
        for key, about in properties.items():
            given = key in value or key in {"type", "apiVersion", "id"}
            if about["flags"] & REQUIRED and not about["flags"] & READ_ONLY and not given:
                yield f"{where}.{key} is missing"

    def _literal(self, kind: dict[str, Any], value: str, where: str) -> Iterator[str]:
        if kind["$type"] == "UnionType":
            members = [self._types[int(element["$ref"].removeprefix("#/"))] for element in kind["elements"]]
            allowed = [member["value"] for member in members if member["$type"] == "StringLiteralType"]
            if len(allowed) == len(members) and value not in allowed:
                yield f"{where} is {value}, wanted one of {allowed}"
        elif kind["$type"] not in {"StringType", "AnyType", "StringLiteralType"}:
            yield f"{where} is the text {value}, wanted {kind['$type']}"


@pytest.fixture(scope="module", autouse=True)
def nothing_is_traced(untraced: None) -> None:
    """Judge files, of which none is run."""


@pytest.fixture(scope="session")
def types_of() -> Callable[[str], Types | None]:
    """Return a function that finds the type file of a resource, or None where there is none."""
    if not PAPERS.is_dir():
        pytest.skip("Microsoft's Bicep type files are not beside this checkout")

    def find(resource: str) -> Types | None:
        provider, version = resource.split("/", maxsplit=1)[0].lower(), resource.split("@")[1]
        path = PAPERS / f"{provider}@{version}.json"
        return Types(path) if path.is_file() else None

    return find
