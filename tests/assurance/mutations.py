"""From JSON that was really sent to JSON, bytes and HTTP that nobody should send: hypothesis' strategies."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

DEEP, LONG, TWICE = "@@deep:{}@@", "@@long:{}@@", "@@twice@@"
"""What is written out only when the JSON is: thousands of brackets, of letters; a key that stands there twice."""
_WRITTEN = re.compile(r'"@@deep:([0-9]+)@@"')
_SPELT = re.compile(r"@@long:([0-9]+)@@")

SIGNS = (
    *("\0", "\ud800", "\udfff", "\ufffe", "\u202e", "\u200b", "\u0130", "\u00df", "\ufdfa", "\U0001f468\u200d", "\x7f"),
    *("<at>Muster</at>", "<at>", "</at>", "&#0;", "&#x110000;", "\r\n", "'", '"', "\\u0000", "%00", "../", "{}", "${}"),
    *(
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-12:00",
        "meet now",
        "meet at 25:61",
        "meet #",
        "for 9999999999h",
        "29:",
        "28:",
        "19:x@thread.tacv2;messageid=",
        "@@long:300@@",
    ),
)
text = st.lists(st.one_of(st.sampled_from(SIGNS), st.text(st.characters(codec="utf-8"), max_size=4)), max_size=4).map(
    "".join
)
numbers = st.sampled_from(
    (0, -1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30, 1e308, -0.0, 0.1, float("nan"), float("inf"))
)
places = st.integers(0, 2**19)
"""A place in a body, modulo its length: what is drawn may not hang on what was encrypted with a key of the moment."""
large = st.sampled_from((3_000, 29_000, 70_000, 250_000, 270_000)).map(LONG.format)
deep = st.sampled_from((20, 200, 900, 1_100, 5_000)).map(DEEP.format)
scalars = st.one_of(st.none(), st.booleans(), numbers, text)
small = st.recursive(
    scalars, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(text, inside, max_size=3), max_leaves=5
)
anything = st.one_of(small, small, small, deep, large)
Json = Any
Path = tuple[str | int, ...]


def paths(document: Json, here: Path = ()) -> list[Path]:
    """Return the way to every value below a JSON value, the value itself left out."""
    inside: list[tuple[str | int, Json]] = []
    if isinstance(document, dict):
        inside = list(document.items())
    elif isinstance(document, list):
        inside = list(enumerate(document))
    return [found for key, value in inside for found in ((*here, key), *paths(value, (*here, key)))]


def changed(document: Json, path: Path, change: Callable[[Any, Any], None]) -> Json:
    """Return a copy in which `change` was done to what holds the value at a path, and to its key."""
    copy = json.loads(json.dumps(document))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return copy


@st.composite
def mutated(draw: st.DrawFn, document: Json) -> Json:
    """Change up to three values: another type, another text, nothing, the same twice, or what stands elsewhere."""
    for _ in range(draw(st.sampled_from((1, 1, 0, 2, 3)))):
        ways = paths(document)
        if not ways:
            return draw(anything)
        path = draw(st.sampled_from(ways))
        how = draw(st.sampled_from((_replace, _replace, _spell, _spell, _remove, _rename)))
        document = changed(document, path, how(draw))
    return document


def _replace(draw: st.DrawFn) -> Callable[[Any, Any], None]:
    value = draw(anything)

    def change(holder: Any, key: Any) -> None:  # noqa: ANN401 - any JSON
        holder[key] = value

    return change


def _spell(draw: st.DrawFn) -> Callable[[Any, Any], None]:
    """Change a text, and leave it one: most of what matters is an id."""
    more, front = draw(text), draw(st.booleans())

    def change(holder: Any, key: Any) -> None:  # noqa: ANN401 - any JSON
        old = holder[key] if isinstance(holder[key], str) else json.dumps(holder[key])[:50]
        holder[key] = more + old if front else old + more

    return change


def _remove(_: st.DrawFn) -> Callable[[Any, Any], None]:
    def change(holder: Any, key: Any) -> None:  # noqa: ANN401 - any JSON
        del holder[key]

    return change


def _rename(draw: st.DrawFn) -> Callable[[Any, Any], None]:
    """Give a value another key, or the same one twice."""
    name = draw(st.one_of(text, st.just(TWICE)))

    def change(holder: Any, key: Any) -> None:  # noqa: ANN401 - any JSON
        if isinstance(holder, dict):
            holder[f"{key}{name}" if name == TWICE else name] = holder[key]

    return change


def written(document: Json) -> str:
    """Return JSON text, with what only stood for brackets, letters and doubled keys written out."""
    said = json.dumps(document).replace(TWICE, "")
    said = _WRITTEN.sub(lambda found: "[" * int(found[1]) + "]" * int(found[1]), said)
    return _SPELT.sub(lambda found: "x" * int(found[1]), said)


def _bomb(body: bytes) -> bytes:
    return gzip.compress(body + b" " * 8_000_000, 1)


ENCODED: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("", lambda body: body.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass")),
    ("", lambda body: b"\xef\xbb\xbf" + body),
    ("", lambda body: body.replace(b"e", b"\xe9", 3)),
    ("", lambda body: body.replace(b"a", b"\xed\xa0\x80", 1)),
    ("", lambda body: body.replace(b"\\u", b"\\U", 1)),
    ("gzip", gzip.compress),
    ("gzip", _bomb),
    ("deflate", zlib.compress),
    ("gzip", bytes),
    ("br", bytes),
    ("zstd, gzip", gzip.compress),
)
"""Content-Encoding, and what becomes of the body."""


@st.composite
def bodies(draw: st.DrawFn, document: st.SearchStrategy[Json]) -> tuple[str, bytes]:
    """Draw a Content-Encoding and a body: mostly JSON as it is, else cut, flipped or encoded in another way."""
    body = written(draw(document)).encode("utf-8", "surrogatepass")
    kind = draw(st.sampled_from(("as it is",) * 12 + ("cut", "flipped", "encoded")))
    if kind == "cut":
        return "", body[: draw(places) % (len(body) + 1)]
    if kind == "flipped" and body:
        at, sign = draw(places) % len(body), draw(st.integers(0, 255))
        return "", body[:at] + bytes([sign]) + body[at + 1 :]
    if kind == "encoded":
        name, encode = draw(st.sampled_from(ENCODED))
        return name, encode(body)
    return "", body
