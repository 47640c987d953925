"""Lines that documents give people to type: no secret stands where everybody on the machine can read it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot.operator import registration
from bot.operator.registration import Step, Wanted

NAMES_A_SECRET = re.compile(r"(password|passphrase|secret|token|credential|key)s?$", re.IGNORECASE)
FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
HERE_DOCUMENT = re.compile(r"<<-?'?(\w+)'?\n.*?^\1$", re.DOTALL | re.MULTILINE)
ASSIGNED = re.compile(r"\w+=.*", re.DOTALL)
FROM_ELSEWHERE = ("@", "/", "./", "infra/")
"""How a value begins that only says where the secret is: a file, or the command's input."""


def typed(page: str) -> Iterator[str]:
    """Yield the lines of a page's blocks, continued ones as one, without what a command is given to read."""
    for block in FENCE.findall(page):
        yield from re.sub(r"\\\n\s*", "", HERE_DOCUMENT.sub("", block)).splitlines()


def told_to_all(line: str) -> list[str]:
    """Return the arguments of a line that are secrets; what a shell assigns before a command is no argument."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []
    while words and ASSIGNED.fullmatch(words[0]):
        words.pop(0)
    pairs = [word.partition("=")[::2] for word in words if "=" in word]
    pairs += [(name, value) for name, value in pairwise(words) if name.startswith("--")]
    return [name for name, value in pairs if NAMES_A_SECRET.search(name) and not value.startswith(FROM_ELSEWHERE)]


def pages(root: Path) -> dict[str, str]:
    """Return what people read and type from: documents, and how templates say that they are used."""
    files = [*root.glob("*.md"), *root.glob("infra/*.md")]
    comments = [*root.glob("infra/**/*.bicep"), *root.glob("infra/*.yml"), root / "infra" / "Dockerfile"]
    found = {path.name: path.read_text(encoding="utf-8") for path in files}
    for path in comments:
        lines = re.findall(r"^(?://|#) ?(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        found[path.name] = "\n".join(["```", *lines, "```"])
    return found


def test_no_line_to_type_has_a_secret_in_it(root: Path) -> None:
    """What a document tells people to type shows no secret to who lists the machine's processes."""
    lines = {name: [*typed(page)] for name, page in pages(root).items()}
    assert any("az deployment group create" in line for line in lines["ADMIN.md"])
    assert any("az deployment group create" in line for line in lines["main.bicep"])
    assert {name: bad for name, all_of in lines.items() for line in all_of if (bad := told_to_all(line))} == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('az x create --parameters image=a appPassword="$MicrosoftAppPassword"', ["appPassword"]),
        ("az x create -p secretKey=$(openssl rand -hex 32)", ["secretKey"]),
        ("az ad app credential reset --password hunter2", ["--password"]),
        ("docker run -e MUSTER_SECRET_KEY=abc muster", ["MUSTER_SECRET_KEY"]),
        ("az bot authsetting create --client-secret @-", []),
        ("az x create --parameters @infra/secrets/azure.json --parameters image=a", []),
        ("MUSTER_SECRET_KEY=abc python app.py", []),
        ("it's prose", []),
    ],
)
def test_a_secret_in_a_line_is_found(line: str, said: list[str]) -> None:
    """A secret is found as a parameter, as an option and in a container's environment; a file's name is none."""
    assert told_to_all(line) == said


def test_registering_shows_no_secret() -> None:
    """No command that registering runs has the secret among its words: it is read from the input."""
    wanted = [Wanted(way=way, endpoint="https://bot.contoso.example/api/messages") for way in registration.WAYS]
    steps: list[Step] = [step for one in wanted for step in registration.steps(one)]
    assert any(step.secret for step in steps)
    assert not [step.title for step in steps if "$secret" in " ".join((*step.do, *step.look))]


def test_the_file_of_secrets_is_one_that_a_deployment_reads(root: Path) -> None:
    """What ADMIN.md has people write is JSON with the template's own parameters, each of them a secret one."""
    page = (root / "infra" / "ADMIN.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"cat > infra/secrets/azure\.json\) <<END\n(.*?)^END$", page, re.DOTALL | re.MULTILINE)
    found = json.loads(re.sub(r'"\$[(\w].*?"', '"x"', body.replace(r"\$", "$")))
    template = (root / "infra" / "main.bicep").read_text(encoding="utf-8")
    secure = set(re.findall(r"@secure\(\)\n(?:@\w+\(\d+\)\n)*param (\w+)", template))
    assert {*found["parameters"]} | {"secretSettings"} == secure
    assert "umask 077" in page
    assert "infra/secrets/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()
