"""Bicep templates read as trees and held against Microsoft's own types, where these are beside the checkout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from tests.infra.shapes import PINNED, SHAPES, Shape

REQUIRED, READ_ONLY = 1, 2
PAPERS = Path(__file__).resolve().parents[3] / "shared" / "bicep-types"
FUNCTIONS = {
    *("concat", "empty", "guid", "items", "json", "max", "resourceGroup", "subscription", "subscriptionResourceId"),
    *("replace", "toLower", "union", "uniqueString", "uriComponent"),
}
"""What of Bicep's own the templates use (https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions)."""
WORDS = {
    *("array", "bool", "false", "for", "if", "in", "int", "module", "null", "object", "output", "param", "resource"),
    *("string", "true", "var"),
}
OF_BICEP = {"parent", "scope", "dependsOn"}
_TEXT = re.compile(r"//[^\n]*|'((?:\\.|\$\{(?:[^{}']|'[^']*')*\}|[^'\\$]|\$(?!\{))*)'")
_INSERTED = re.compile(r"\$\{((?:[^{}']|'[^']*')*)\}")
_IDENTIFIER = re.compile(r"(?<![\w.@])([A-Za-z_]\w*)\b(?!\s*:(?!:))")


class Parser(Protocol):
    """Reads Bicep: pycep's BicepParser."""

    def parse(self, text: str) -> dict[str, Any]:
        """Return the tree of a text."""
        ...


class Template:
    """One template: `text` as it is written, and its tree."""

    def __init__(self, name: str, text: str, parser: Parser) -> None:
        self.name = name
        self.text = text
        self.tree = parser.parse(text=text)

    def part(self, kind: str) -> dict[str, Any]:
        """Return its parameters, variables, resources, modules or outputs by name."""
        return dict(self.tree.get(kind, {}))

    def names(self) -> set[str]:
        """Return every name that it defines and an expression may use."""
        return {name for kind in ("parameters", "variables", "resources", "modules") for name in self.part(kind)}

    def secure(self) -> set[str]:
        """Return the parameters that are secrets."""
        return {name for name, about in self.part("parameters").items() if {"type": "secure"} in about["decorators"]}

    def undeclared(self) -> list[str]:
        """Return each name that an expression uses and nothing declares."""
        outside = _TEXT.sub(_kept, self.text)
        declared = set(re.findall(r"(?:param|var|resource|module|output|for) (\w+)", outside))
        return sorted(
            set(_IDENTIFIER.findall(outside)) - declared - WORDS - FUNCTIONS - {"description"} - _decorators(outside)
        )

    def resource(self, kind: str) -> dict[str, Any]:
        """Return the properties of the only resource of a type."""
        (found,) = [inner(about["config"]) for about in self.part("resources").values() if about["type"] == kind]
        return found


def _kept(text: re.Match[str]) -> str:
    """Return a text's expressions alone, and nothing of a comment."""
    return " ".join(_TEXT.sub(_kept, inserted) for inserted in _INSERTED.findall(text[1] or ""))


def _decorators(text: str) -> set[str]:
    return set(re.findall(r"@(\w+)\(", text))


def inner(config: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a resource, also where a condition or a loop is around them."""
    while "config" in config and ("condition" in config or "loop_type" in config):
        config = config["config"]
    return config


def faults(template: Template) -> Iterator[str]:
    """Return what is wrong with a template's resources, and with names that are nobody's."""
    yield from (f"{template.name}: nothing is called {name}" for name in template.undeclared())
    for about in template.part("resources").values():
        full = f"{about['type']}@{about['api_version']}"
        config = {key: value for key, value in inner(about["config"]).items() if key not in OF_BICEP}
        if full not in PINNED:
            yield f"{full} is not among the types that were checked"
        elif (types := papers(full)) is not None:
            yield from types.faults(full, config, template)
        elif full in SHAPES:
            yield from _unlike(SHAPES[full], config, full.split("@", maxsplit=1)[0])


def of_modules(template: Template, modules: Mapping[str, Template]) -> Iterator[str]:
    """Return what is wrong with how a template uses its modules, which are given by their paths."""
    for name, about in template.part("modules").items():
        module = modules[about["detail"]["path"]]
        wanted = module.part("parameters")
        given = about["config"]["params"]
        yield from (f"{name} has no parameter {key}" for key in given if key not in wanted)
        yield from (f"{name} lacks {key}" for key in wanted if key not in given and wanted[key]["default"] is None)
        secrets = [
            key for key, value in given.items() if any(re.search(rf"\b{s}\b", str(value)) for s in template.secure())
        ]
        yield from (f"{name}.{key} is not secure" for key in secrets if key not in module.secure())
        used = set(re.findall(rf"\b{name}\.outputs\.(\w+)", template.text))
        yield from (f"{name} gives no {key}" for key in sorted(used - set(module.part("outputs"))))


@cache
def papers(full: str) -> Types | None:
    """Return Microsoft's types of `Microsoft.App/containerApps@2024-03-01` or the like, where they are at hand."""
    provider, version = full.split("/", maxsplit=1)[0].lower(), full.split("@")[1]
    path = PAPERS / f"{provider}@{version}.json"
    return Types(path) if path.is_file() else None


def _unlike(shape: Shape, value: Any, where: str) -> Iterator[str]:  # noqa: ANN401 - any Bicep value
    """Hold a value against a shape of our own: no unknown property, and none missing."""
    if isinstance(value, dict) and "loop_type" in value:
        value = [value["config"]]
    if isinstance(shape, list) and isinstance(value, list):
        for item in value:
            yield from _unlike(shape[0], item, f"{where}[]")
    elif isinstance(shape, dict) and isinstance(value, dict) and not _expression(value):
        known = {key.rstrip("!"): inside for key, inside in shape.items()}
        for key, item in value.items():
            name = key.strip("'")
            if name in known:
                yield from _unlike(known[name], item, f"{where}.{name}")
            else:
                yield f"{where} has no property {name}"
        needed = {key.rstrip("!") for key in shape if key.endswith("!")}
        yield from (f"{where}.{key} is missing" for key in sorted(needed - {key.strip("'") for key in value}))


class Types:
    """One of Microsoft's type files: checks a resource's properties against the type of that name."""

    def __init__(self, path: Path) -> None:
        self._types: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        self._resources = {t["name"].lower(): t["body"] for t in self._types if t["$type"] == "ResourceType"}

    def faults(self, resource: str, config: dict[str, Any], template: Template) -> Iterator[str]:
        """Return what is wrong with a resource such as `Microsoft.App/containerApps@2024-03-01`."""
        if resource.lower() not in self._resources:
            return iter([f"there is no {resource}"])
        return self._check(self._resources[resource.lower()], config, resource.split("@", maxsplit=1)[0], template)

    def _check(self, reference: dict[str, str], value: Any, where: str, template: Template) -> Iterator[str]:  # noqa: ANN401 - any Bicep value
        kind = self._types[int(reference["$ref"].removeprefix("#/"))]
        for item in _meant(value, template):
            if isinstance(item, dict) and "loop_type" in item:
                yield from self._check(kind["itemType"], item["config"], f"{where}[]", template)
            elif isinstance(item, dict):
                yield from self._object(kind, item, where, template)
            elif isinstance(item, list) and kind["$type"] == "ArrayType":
                for number, one in enumerate(item):
                    yield from self._check(kind["itemType"], one, f"{where}[{number}]", template)
            elif isinstance(item, str) and item not in template.names() and "${" not in item:
                yield from self._literal(kind, item, where)
            elif isinstance(item, bool) and kind["$type"] not in {"BooleanType", "AnyType"}:
                yield f"{where} is {item}, wanted {kind['$type']}"

    def _object(self, kind: dict[str, Any], value: dict[str, Any], where: str, template: Template) -> Iterator[str]:
        value = {key.strip("'"): item for key, item in value.items()}
        properties = dict(kind.get("properties", kind.get("baseProperties", {})))
        if kind["$type"] == "DiscriminatedObjectType":
            chosen = kind["elements"][value[kind["discriminator"]]]
            properties |= self._types[int(chosen["$ref"].removeprefix("#/"))]["properties"]
        more = kind.get("additionalProperties")
        for key, item in value.items():
            if key in properties:
                if properties[key]["flags"] & READ_ONLY and key not in {"type", "apiVersion"}:
                    yield f"{where}.{key} is read-only"
                yield from self._check(properties[key]["type"], item, f"{where}.{key}", template)
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


def _meant(value: Any, template: Template) -> Iterator[Any]:  # noqa: ANN401 - any Bicep value
    """Return what a value can be: a variable's own, each side of a condition, each part of what is put together."""
    variables = template.part("variables")
    expression = _expression(value)
    if isinstance(value, str) and value in variables:
        yield from _meant(variables[value]["value"], template)
    elif expression.get("type") == "conditional":
        for side in ("true_value", "false_value"):
            yield from _meant(expression["operands"][side], template)
    elif expression.get("type") in {"concat", "union"}:
        for part in expression["parameters"].values():
            yield from _meant(part, template)
    elif not expression:
        yield value


def _expression(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any Bicep value
    """Return an operator or a function with what it is applied to, {} for what is none."""
    for kind in ("operator", "function"):
        if isinstance(value, dict) and isinstance(value.get(kind), dict):
            return dict(value[kind])
    return {}
