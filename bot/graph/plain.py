"""Join information as plain words: Graph sends a URL-encoded page, which never reaches a card (facts/graph 1.7)."""

from __future__ import annotations

from contextlib import suppress
from html.parser import HTMLParser
from urllib.parse import unquote_plus

LONGEST = 4_000
"""Characters of join information that are kept."""
_BREAKS = frozenset({"br", "div", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "table", "td", "th", "tr", "ul"})
_SILENT = frozenset({"script", "style", "head", "title"})


def from_html(content: str) -> str:
    """Return the words of `joinInformation.content`, a line for each block; no markup is left in them.

    A `data:text/html,` address is URL-encoded with `+` for blanks; anything else is taken as it is.
    """
    scheme, _, rest = content.partition(",")
    page = unquote_plus(rest) if scheme.lower().startswith("data:") else content
    words = _Words()
    with suppress(AssertionError):  # a declaration that the parser gives up on: what was read so far is kept
        words.feed(page)
        words.close()
    lines = ("".join(words.said).translate(_NO_MARKUP)).splitlines()
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))[:LONGEST]


_NO_MARKUP = str.maketrans("", "", "<>")


class _Words(HTMLParser):
    """Collects text and turns blocks into lines."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where a block begins."""
        del attrs
        self._silent += tag in _SILENT
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        """End it where the block ends."""
        self._silent = max(0, self._silent - (tag in _SILENT))
        self._break(tag)

    def handle_data(self, data: str) -> None:
        """Keep words that are shown; a line break inside them is a blank."""
        if not self._silent:
            self.said.append(" ".join(data.splitlines()))

    def _break(self, tag: str) -> None:
        if tag in _BREAKS:
            self.said.append("\n")
