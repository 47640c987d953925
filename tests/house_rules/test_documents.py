"""The documents against the code: what there is, is documented, and what is documented, is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from bot import cli, docs, rooms
from bot.commands import COMMANDS
from bot.docs import doors, troubles
from cards.whispers import WHISPERS

NOT_COMMANDS = {"__init__", "command", "grammar"}
SETTING = re.compile(
    r"(MUSTER|AZURE|MANAGED|OTEL)_[A-Z_]+|MicrosoftApp\w+|PORT|HOST|(SSL|REQUESTS)_CA_\w+|SSL_CERT_FILE"
)
NO_SETTINGS = {"MUSTER_SETUP_REPORT"}
"""Words in the code that look like settings and are none: between Muster and its own child."""
SAID_ONLY_BY_CODE = {"refused", "withdrawn"}
"""Fail codes whose words are not in the list of `cards.failures`: the rest's, and a closed card's."""

Trees = dict[Path, ast.Module]


@cache
def nodes(tree: ast.AST) -> list[ast.AST]:
    """Every node of a tree; each rule wants them."""
    return list(ast.walk(tree))


def constants(trees: Iterable[ast.AST]) -> Iterator[str]:
    """Yield every text in the code."""
    for tree in trees:
        for node in nodes(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def settings_read(trees: Iterable[ast.AST]) -> set[str]:
    """Return the variables that code reads by name."""
    return {text for text in constants(trees) if SETTING.fullmatch(text)} - NO_SETTINGS


def settings_told(readme: str) -> set[str]:
    """Return the variables that README's table of settings explains, each in the first column of a row."""
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", readme.partition("### Settings")[2], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row) if SETTING.fullmatch(name)}


def called(trees: Iterable[ast.AST], name: str) -> Iterator[ast.Call]:
    """Yield the calls of a function or class by its name, with or without its module."""
    for tree in trees:
        for node in nodes(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == name:
                yield node


def refusals(trees: Iterable[ast.AST]) -> set[tuple[int, str]]:
    """Return the statuses and reasons by which doors refuse."""
    given = (call.args for call in called(trees, "DoorError") if len(call.args) > 1)
    return {(ast.literal_eval(status), word) for status, said, *_ in given for word in constants([said])}


def fail_codes(trees: Iterable[ast.AST]) -> set[str]:
    """Return the codes with which rooms fail."""
    second = (call.args[1] for call in called(trees, "failed") if len(call.args) > 1)
    said = {code.value for code in second if isinstance(code, ast.Constant) and isinstance(code.value, str)}
    return {*(code for _, code in rooms.FAIL_CODES), "withdrawn", *said}


def anchors(text: str) -> set[str]:
    """Return where links into a document may lead: its headings as GitHub spells them, and its `<a id>`."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    spelt = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
    return spelt | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.fixture(scope="module")
def bot_trees(production: Trees, root: Path) -> list[ast.Module]:
    """The bot's own modules, without the sandbox."""
    sandbox = root / "bot" / "sandbox"
    return [tree for path, tree in production.items() if root / "bot" in path.parents and sandbox not in path.parents]


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[str, str]:
    """Every document that says how things are; the two that say how they were are left out."""
    paths = [*root.glob("*.md"), *(root / "infra").glob("*.md")]
    kept = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths}
    return {name: text for name, text in kept.items() if name not in {"CHANGELOG.md", "DECISIONS.md"}}


def test_every_command_file_is_in_the_list(root: Path) -> None:
    """A command that has a file can be asked for: each module of bot/commands is in COMMANDS, once."""
    modules = {path.stem for path in (root / "bot" / "commands").glob("*.py")} - NOT_COMMANDS
    defining = {
        m for m in modules if re.search(r"^COMMAND\b", (root / f"bot/commands/{m}.py").read_text("utf-8"), re.MULTILINE)
    }
    listed = [command.run.__module__.rpartition(".")[2] for command in COMMANDS]
    assert sorted(listed) == sorted(defining)
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)


def test_what_documents_have_from_the_code_is_true(root: Path) -> None:
    """Commands, permissions, command lines, targets, hosts and errors are told as they are by `python app.py docs`."""
    assert docs.renew(root, docs.parts(root, cli.lines()), check=True) == []


def test_every_setting_is_told_and_none_that_is_gone(bot_trees: list[ast.Module], documents: dict[str, str]) -> None:
    """Whatever variable Muster reads README explains, and it explains no other."""
    read, told = settings_read(bot_trees), settings_told(documents["README.md"])
    assert {"MicrosoftAppId", "PORT", "MUSTER_STORE", "AZURE_FEDERATED_TOKEN_FILE", "SSL_CERT_FILE"} <= read
    assert sorted(read ^ told) == []


def test_every_door_s_refusal_is_told(bot_trees: list[ast.Module]) -> None:
    """Each reason that the log gives for a refused request is explained with its statuses, and no other."""
    told = {(status, word) for word, shut in doors.DOORS.items() for status in shut.statuses}
    assert sorted(refusals(bot_trees) ^ told) == []


def test_every_failure_and_whisper_is_told(bot_trees: list[ast.Module], root: Path) -> None:
    """Each reason for which a meeting fails and each message that says no is explained, in the words people read."""
    assert sorted(fail_codes(bot_trees) ^ set(troubles.FAILURES)) == []
    assert sorted(set(WHISPERS) ^ (set(troubles.WHISPERS) | troubles.ANSWERS)) == []
    assert set(troubles.WHISPERS) & troubles.ANSWERS == set()
    known = ast.parse((root / "cards" / "failures.py").read_text("utf-8"))
    worded = {
        key for node in ast.walk(known) if isinstance(node, ast.Dict) for key in constants(filter(None, node.keys))
    }
    assert sorted(worded ^ set(troubles.FAILURES)) == sorted(SAID_ONLY_BY_CODE)
    catalogue = " ".join((root / "cards" / "locale" / "de.po").read_text("utf-8").replace('"\n"', "").split())
    said = [one.says for one in (*troubles.FAILURES.values(), *troubles.WHISPERS.values()) if one.says]
    quoted = [text.replace('"', '\\"') for text in said]
    assert [text for text in quoted if f'"{text}"' not in catalogue] == []


def test_documents_name_only_what_can_be_run(documents: dict[str, str], root: Path) -> None:
    """Every `python app.py …` and every `make …` that a document says can be typed as it stands there."""
    lines = {line.partition(" ")[0] for line in cli.lines()} | {"sandbox"}
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name, text in documents.items():
        assert set(re.findall(r"\bapp\.py ([a-z][a-z-]+)", text)) <= lines, name
        assert set(re.findall(r"(?:`|^    |^)make ([a-z-]+)", text, re.MULTILINE)) <= targets, name


def test_the_bot_has_no_name_of_its_own(production: Trees, root: Path) -> None:
    """Whoever renames the bot renames all that people read: only the app package's template has its name."""
    shown = [tree for path, tree in production.items() if root / "bot" / "sandbox" not in path.parents]
    said = {text for call in called(shown, "says") for text in constants(call.args)}
    assert len(said) > 300
    assert [text for text in said if "muster" in text.casefold()] == []


def test_links_between_documents_lead_somewhere(documents: dict[str, str], root: Path) -> None:
    """Every link from one document to a file, and to a heading in it, leads there."""
    for name, text in documents.items():
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            led = (root / name).parent / path if path else root / name
            assert led.exists(), f"{name}: {target}"
            assert not anchor or anchor in anchors(led.read_text("utf-8")), f"{name}: {target}"


def test_what_nobody_documented_is_found(bot_trees: list[ast.Module], documents: dict[str, str]) -> None:
    """A setting, a refusal and a fail code that were added and told nobody turn these rules red, as does a told one."""
    planted = ast.parse('read("MUSTER_PLANTED"); raise DoorError(418, "teapot"); rooms.failed(room, "planted")')
    trees = [*bot_trees, planted]
    told = settings_told(documents["README.md"])
    assert settings_read(trees) - settings_read(bot_trees) == {"MUSTER_PLANTED"}
    assert settings_told(documents["README.md"] + "\n| `MUSTER_GONE` | | gone |\n") - told == {"MUSTER_GONE"}
    assert refusals(trees) - refusals(bot_trees) == {(418, "teapot")}
    assert fail_codes(trees) - fail_codes(bot_trees) == {"planted"}


@pytest.mark.parametrize("command", ["make demo", "make test", "python app.py demo", "python app.py test"])
def test_the_readme_begins_with_its_commands(root: Path, command: str) -> None:
    """A newcomer finds the commands that matter in README, with and without make."""
    assert command in (root / "README.md").read_text(encoding="utf-8")


def test_make_lists_its_targets(root: Path) -> None:
    """Every target of the Makefile says what it does, since `make` alone lists them."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    told = set(re.findall(r"^([a-z-]+):.*## .+", makefile, re.MULTILINE))
    phony = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split()
    assert targets == told == set(phony)
