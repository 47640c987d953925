"""infra/compose.yml against Compose's own schema, and against what a bot on one machine needs."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

INFRA = Path(__file__).resolve().parents[2] / "infra"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as it is read."""
    content: dict[str, Any] = yaml.safe_load((INFRA / "compose.yml").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """Compose's schema, as check-jsonschema carries it."""
    package = find_spec("check_jsonschema")
    if package is None or package.origin is None:
        pytest.skip("check-jsonschema, which carries Compose's schema, is not installed")
    path = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


def test_compose_can_read_it(compose: dict[str, Any], schema: Draft202012Validator) -> None:
    """The file fits Compose's own schema, and a misspelt or a misplaced key would not."""
    assert [error.message for error in schema.iter_errors(compose)] == []
    for service, key, value in (
        ("muster", "read_onyl", True),
        ("muster", "depends_on", {"database": {"condition": "ready"}}),
        ("database", "healthcheck", {"test": "x", "every": "5s"}),
    ):
        broken = deepcopy(compose)
        broken["services"][service][key] = value
        assert not schema.is_valid(broken), key


def test_whatever_a_service_names_is_there(compose: dict[str, Any]) -> None:
    """Networks, secrets, volumes and services that are named are defined, and the files of the build exist."""
    for service in compose["services"].values():
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service["secrets"]) <= set(compose["secrets"])
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(compose["volumes"])
        assert set(service.get("depends_on", {})) <= set(compose["services"])
    build = compose["services"]["muster"]["build"]
    assert (INFRA / build["context"] / build["dockerfile"]).is_file()


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    """There is no default password: the database's is a file that nobody commits, and without it nothing starts."""
    environment = compose["services"]["database"]["environment"]
    assert environment["POSTGRES_PASSWORD_FILE"] == "/run/secrets/database-password"
    assert "POSTGRES_PASSWORD" not in environment
    assert "POSTGRES_HOST_AUTH_METHOD" not in environment
    assert "environment" not in compose["services"]["muster"]
    ignored = (INFRA.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"muster.env", "infra/secrets/"} <= set(ignored)
    assert (INFRA / compose["services"]["muster"]["env_file"]).resolve() == INFRA.parent / "muster.env"
    assert f"infra/{compose['secrets']['database-password']['file']}".startswith("infra/secrets/")


def test_nothing_but_the_bot_is_reached_and_little_can_be_changed(compose: dict[str, Any]) -> None:
    """The bot listens to this machine alone, the database to the bot alone, and neither can write outside its data."""
    muster, database = compose["services"]["muster"], compose["services"]["database"]
    assert muster["ports"] == ["127.0.0.1:3978:3978"]
    assert "ports" not in database
    assert compose["networks"]["inside"]["internal"]
    assert database["networks"] == ["inside"]
    assert muster["cap_drop"] == ["ALL"]
    for service in (muster, database):
        assert service["read_only"]
        assert "/tmp" in service["tmpfs"]  # noqa: S108 - a mount in the container
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_bot_waits_for_its_database(compose: dict[str, Any]) -> None:
    """Muster starts when PostgreSQL answers on the network, not while it still makes its files."""
    assert compose["services"]["muster"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert compose["services"]["database"]["healthcheck"]["test"][-2:] == ["--host", "127.0.0.1"]


@pytest.mark.skipif(sys.platform == "win32", reason="it runs the container's shell line")
def test_the_password_reaches_the_bot_from_its_file(compose: dict[str, Any], tmp_path: Path) -> None:
    """The store's address has the password of the file; without the file the bot does not start."""
    shell, option, line, *rest = compose["services"]["muster"]["entrypoint"]
    line = (
        line.replace("$$", "$").replace("/run/secrets", str(tmp_path)).replace(".venv/bin/python", "env printf '%s '")
    )
    line = line.replace("exec env", 'printf "%s " "$MUSTER_STORE"; exec env')
    command = [shell, option, line, *rest, *compose["services"]["muster"]["command"]]
    without = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the line above
    assert (without.returncode, without.stdout) == (2, "")
    (tmp_path / "database-password").write_text("abc123\n", encoding="utf-8")
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - the line above
    assert said.stdout.split() == ["postgresql://muster:abc123@database/muster", "app.py", "serve"]
