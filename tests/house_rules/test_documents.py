"""README against the code: what is generated there is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bot.commands import COMMANDS, table

NOT_COMMANDS = {"__init__", "command", "grammar"}


def test_every_command_file_is_in_the_list(root: Path) -> None:
    """A command that has a file can be asked for: each module of bot/commands is in COMMANDS, once."""
    modules = {path.stem for path in (root / "bot" / "commands").glob("*.py")} - NOT_COMMANDS
    defining = {
        m for m in modules if re.search(r"^COMMAND\b", (root / f"bot/commands/{m}.py").read_text("utf-8"), re.MULTILINE)
    }
    listed = [command.run.__module__.rpartition(".")[2] for command in COMMANDS]
    assert sorted(listed) == sorted(defining)
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)


def test_the_readme_lists_the_commands(root: Path) -> None:
    """README's table of commands is the one made from the list; `python app.py docs` renews it."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- commands -->\n(.*?)<!-- /commands -->", readme, re.DOTALL)
    assert found is not None
    assert found[1].strip() == table().strip()


def test_the_readme_names_every_setting(root: Path) -> None:
    """Whatever variable Muster reads, README says what it means."""
    files = [(root / "bot" / name).read_text(encoding="utf-8") for name in ("settings.py", "identity.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file)) if isinstance(node, ast.Constant)]
    setting = re.compile(r"(MUSTER|AZURE|MANAGED)_[A-Z_]+|MicrosoftApp\w+|PORT|HOST|[A-Z]+_CA_\w+")
    variables = {node.value for node in nodes if isinstance(node.value, str) and setting.fullmatch(node.value)}
    assert {"MicrosoftAppId", "PORT", "MUSTER_STORE", "AZURE_FEDERATED_TOKEN_FILE"} <= variables
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(variables) if f"`{name}`" not in readme] == []


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
