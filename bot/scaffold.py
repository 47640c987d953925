"""Beginning a new command: its file, its test and its line in the list (EXPERIENCE 1.23)."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from bot.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = re.compile(r"^from bot\.commands import \(\n(?P<lines>(?: .*\n)+)\)$", re.MULTILINE)
LIST = re.compile(r"^COMMANDS\b.*\(\n(?: .*\n)+(?=\)$)", re.MULTILINE)

COMMAND = '''"""`{words}`: say here in one line what it is for."""

from __future__ import annotations

from bot.commands.command import Asked, Command
from bot.decisions import Reply


def run(asked: Asked) -> Reply:
    """Answer everybody in the chat with a small card; `asked.tell` whispers to the asking person alone."""
    return asked.say("{title}", f"{{asked.turn.person.name}} said: {words} {{asked.rest}}".strip())


COMMAND = Command(
    name="{name}",
    phrases=("{words}",),
    usage="{words} [words]",
    description="Answers with a card: say here what yours is for",
    examples=("{words}", "{words} please"),
    run=run,
    takes_words=True,
)
'''

TEST = '''"""`{words}`: what people are promised."""

from __future__ import annotations

from collections.abc import Callable

from bot.commands import {module}
from bot.commands.command import Asked
from bot.decisions import PlanMessage
from bot.messages import Purpose, Whisper


def test_{module}_answers_everybody_with_one_card(ask: Callable[..., Asked]) -> None:
    """Saying `{words}` posts exactly one card, which names who asked."""
    reply = {module}.COMMAND.run(ask("today"))
    (post,) = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    assert post.purpose is Purpose.NOTICE
    assert isinstance(post.content, Whisper)
    assert post.content.data == {{"title": "{title}", "lines": ["Ana Lima said: {words} today"]}}
'''


def new_command(name: str, root: Path = ROOT) -> list[str]:
    """Write the files of a command called `name` (such as `coffee`) and return what to do next, line by line.

    Nothing is written when something is in the way: UsageError says what.
    """
    words = " ".join(re.split(r"[\s_-]+", name.strip().lower()))
    module = words.replace(" ", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", module):
        raise UsageError(name[:40], "a word of letters a to z, such as coffee")
    if keyword.iskeyword(module):
        raise UsageError(name[:40], f"another word, such as coffee: {module} is one of Python's own")
    command, test = root / "bot" / "commands" / f"{module}.py", root / "tests" / "commands" / f"test_{module}.py"
    for path in (command, test):
        if path.exists():
            raise UsageError(name, f"another word: {path.relative_to(root).as_posix()} is there already")
    registry = root / "bot" / "commands" / "__init__.py"
    listed = with_line(registry.read_text(encoding="utf-8"), module)
    fields = {"name": module.replace("_", "-"), "words": words, "title": words.capitalize(), "module": module}
    command.write_text(COMMAND.format(**fields), encoding="utf-8")
    test.parent.mkdir(parents=True, exist_ok=True)
    test.write_text(TEST.format(**fields), encoding="utf-8")
    registry.write_text(listed, encoding="utf-8")
    return [
        f"Written: bot/commands/{module}.py, its test, and its line in bot/commands/__init__.py.",
        f"Edit bot/commands/{module}.py, save, type `{words}` in the demo (it reloads), then  make test",
        "README's table is generated:  python app.py docs",
    ]


def with_line(source: str, module: str) -> str:
    """Return the registry's source with one command more: in the import, sorted, and at the end of the tuple."""
    imported, listed = IMPORTS.search(source), LIST.search(source)
    if imported is None or listed is None:
        raise UsageError("bot/commands/__init__.py", "an import block and a tuple that end with ) on a line of its own")
    lines = "".join(sorted([*imported["lines"].splitlines(keepends=True), f"    {module},\n"]))
    source = source[: listed.end()] + f"    {module}.COMMAND,\n" + source[listed.end() :]
    return source[: imported.start("lines")] + lines + source[imported.end("lines") :]
