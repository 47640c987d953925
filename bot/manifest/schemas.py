"""Microsoft's schemas of an app package, held against JSON of anybody's (facts/teams 6.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.manifest.places import Place, shown

LONGEST = 4096
"""Characters of a text that a pattern is tried on: longer ones are too long anyway, and some patterns take ages."""


@dataclass(frozen=True, slots=True)
class Schemas:
    """Of a manifest and, where it is known, of its files in other languages; `source` says where they are from."""

    manifest: Mapping[str, Any]
    localization: Mapping[str, Any] | None
    source: str

    def departures(self, content: object, *, language: bool = False) -> Iterator[tuple[Place, str]]:
        """Yield the places at which JSON is not as the schema has it, and what is wrong there."""
        schema = self.localization if language else self.manifest
        told = set()
        for found in _departures(content, schema) if schema else ():
            if found not in told:  # one that is missing is told once for each
                told.add(found)
                yield found


def _departures(content: object, schema: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    # A quarter of a second to import, which only a check needs.
    from jsonschema import Draft4Validator, Draft6Validator, validators  # noqa: PLC0415 - see above
    from referencing import Registry  # noqa: PLC0415 - see above

    # The schemas call themselves draft 4, and say `const`, which draft 6 brought.
    rules = {"pattern": _pattern, "const": Draft6Validator.VALIDATORS["const"]}
    tolerant = validators.extend(Draft4Validator, rules)  # type: ignore[no-untyped-call]  # untyped there
    # An empty registry: whatever a schema refers to, nothing is fetched.
    for error in tolerant(dict(schema), registry=Registry()).iter_errors(content):
        place = tuple(error.absolute_path)
        if error.validator == "required":
            yield from (
                ((*place, name), "it is missing") for name in error.validator_value if name not in error.instance
            )
        elif error.validator == "additionalProperties":
            yield from (((*place, name), "nothing of this name is known") for name in _unknown(error))
        else:
            yield place, shown(error.message)


def _unknown(error: Any) -> list[str]:  # noqa: ANN401 - jsonschema's, imported when it is needed
    known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
    return [name for name in error.instance if name not in known and not any(re.search(p, name) for p in patterns)]


def _pattern(_validator: object, pattern: str, text: object, _schema: object) -> Iterator[Any]:
    r"""Say what does not match; a pattern that Python does not know, as one with \p{L} (facts/teams 6.4), matches."""
    from jsonschema import ValidationError  # noqa: PLC0415 - see above

    try:
        matches = not isinstance(text, str) or len(text) > LONGEST or bool(re.search(pattern, text))
    except re.error:
        return
    if not matches:
        yield ValidationError(f"{text!r} does not match {pattern!r}")
