"""The generated parts of README.md, between `<!-- name -->` and `<!-- /name -->`, and pages made as a whole."""

from __future__ import annotations

import re
from pathlib import Path

from bot import commands


def renew(readme: Path, *, check: bool = False) -> bool:
    """Write the generated parts into the file unless `check`; say whether any of them was out of date."""
    before = readme.read_text(encoding="utf-8")
    after = generated(before, {"commands": commands.table()})
    if not check and after != before:
        readme.write_text(after, encoding="utf-8")
    return after != before


def whole(page: Path, text: str, *, check: bool = False) -> bool:
    """Write a page that is generated from its first word on unless `check`; say whether it was out of date."""
    stale = not page.is_file() or page.read_text(encoding="utf-8") != text
    if not check and stale:
        page.write_text(text, encoding="utf-8")
    return stale


def generated(text: str, parts: dict[str, str]) -> str:
    """Return the text with each named part replaced. Raises ValueError when a part has no place."""
    for name, content in parts.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"README.md has no place for {name}: <!-- {name} --> … <!-- /{name} -->")
        text = place.sub(lambda found, content=content: found[1] + content + "\n" + found[2], text)  # type: ignore[misc]  # mypy sees one parameter more than re passes
    return text
