"""The catalogues of cards/locale: every word that people read, found in the code, and its translations.

`python -m tests.words` (`make words`) writes the catalogues anew from the code and lists what is not translated yet;
with a language tag it begins one. `--complete` writes nothing and fails where something is missing (`make release`).
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from bot.commands import COMMANDS
from bot.localization import texts, typed
from cards.words import FOLDER, catalogue

ROOT = Path(__file__).resolve().parents[1]
MARKS: dict[str, tuple[Any, ...] | None] = {"says": None, "many": (1, 2)}
"""The calls whose first words are shown: `says("…")` and `says.many("…", "…", n)`."""
_NAMES = re.compile(r"\{(\w*)\}")
_COUNTS = frozenset({"count", "seconds"})
"""What a plural form may leave out: "in one second"."""


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; return 0 when it is done and, for `--complete`, nothing is missing."""
    begun = [word for word in arguments if not word.startswith("-")]
    files = sorted({*FOLDER.glob("*.po"), *(FOLDER / f"{tag.replace('-', '_')}.po" for tag in begun)})
    absent = [f"{file.stem}: {message}" for file in files for message in missing(file)]
    if "--complete" not in arguments:
        for file in files:
            file.write_text(renewed(file), encoding="utf-8")
    print("\n".join([*absent, f"{len(absent)} of {len(files)} x {len(english())} texts are not translated."]))
    return int("--complete" in arguments and bool(absent))


@cache
def english() -> tuple[Message, ...]:
    """Return every text that people read, as the code has it, in the order of its files."""
    found = Catalog(fuzzy=False)
    for path in sorted([*ROOT.glob("cards/*.py"), *ROOT.glob("bot/**/*.py")]):
        with path.open("rb") as source:
            for line, text, _, context in extract("python", source, MARKS):
                found.add(text, locations=[(path.relative_to(ROOT).as_posix(), line)], context=context)
    for command in COMMANDS:
        where = [(f"bot/commands/{command.run.__module__.rpartition('.')[2]}.py", 1)]
        for text in (command.description, *(does for _, does in command.teaches)):
            found.add(text, locations=where)
    manifest = json.loads((ROOT / "manifest" / "manifest.json").read_text(encoding="utf-8"))
    for key, text in texts(manifest):
        if not typed(key):
            found.add(text, locations=[("manifest/manifest.json", 1)])
    return tuple(message for message in found if message.id)


def missing(file: Path) -> list[str]:
    """Return the English texts that a catalogue has no translation of."""
    there = catalogue(file) if file.exists() else Catalog(file.stem)
    return [_first(message) for message in english() if not _forms(there.get(message.id))]


def renewed(file: Path) -> str:
    """Return a catalogue with exactly the texts of today, in their order, and the translations it had."""
    there = catalogue(file) if file.exists() else Catalog(file.stem)
    new = Catalog(file.stem, fuzzy=False)
    for message in english():
        kept = there.get(message.id)
        text = kept.string if kept else ""
        new.add(message.id, text, message.locations)
    written = io.BytesIO()
    write_po(written, new, width=0, omit_header=True, include_lineno=False)
    forms = f"nplurals={there.num_plurals}; plural={there.plural_expr};"
    head = {"Language": file.stem, "Content-Type": "text/plain; charset=utf-8", "Plural-Forms": forms}
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in head.items())
    return f'msgid ""\nmsgstr ""\n{lines}\n{written.getvalue().decode().strip()}\n'


def problems(file: Path) -> Iterator[str]:
    """Yield what is wrong with the translations of a catalogue: other `{names}`, other bold, blanks, fuzzy ones."""
    there = catalogue(file)
    for message in there:
        if message.pluralizable and len(message.string or ()) != there.num_plurals:
            yield f"{file.stem}: {_first(message)!r} has other forms than the language"
        for text in _forms(message) if message.id else ():
            lost, added = _named(message) - _names(text), _names(text) - _named(message)
            if message.fuzzy or added or lost - (_COUNTS if message.pluralizable else frozenset()):
                yield f"{file.stem}: {text!r} does not name what {_first(message)!r} names"
            if text != " ".join(text.split(" ")).strip() or text.count("**") != _first(message).count("**"):
                yield f"{file.stem}: {text!r} has other blanks or bold than {_first(message)!r}"


def _forms(message: Message | None) -> tuple[str, ...]:
    """Return the translations of a message; none where one of them is missing."""
    if message is None or not message.string:
        return ()
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return forms if all(forms) else ()


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _named(message: Message) -> set[str]:
    texts: Iterable[str] = [message.id] if isinstance(message.id, str) else message.id
    return {name for text in texts for name in _names(text)}


def _names(text: str) -> set[str]:
    return set(_NAMES.findall(text))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
