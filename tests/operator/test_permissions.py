"""What Muster asks for: named in one place, and all of it there."""

from __future__ import annotations

import argparse
import json
import re
import zipfile
from pathlib import Path

import pytest

import app
from bot import cli
from bot.operator import permissions as line
from bot.permissions import PERMISSIONS, Feature, Kind, features_on, of
from bot.settings import Settings
from bot.variables import GUID

ROOT = Path(__file__).resolve().parents[2]
APP_ID = "00000000-0000-0000-0000-000000000001"
LEAST = {
    "MicrosoftAppId": APP_ID,
    "MicrosoftAppPassword": "secret",
    "MicrosoftAppTenantId": "00000000-0000-0000-0000-000000000002",
}
ALL = LEAST | {
    "MUSTER_OAUTH_CONNECTION": "graph",
    "MUSTER_PUBLIC_URL": "https://muster.example",
    "MUSTER_SECRET_KEY": "0" * 64,
    "MUSTER_READ_MESSAGES": "on",
    "MUSTER_MEETING_EVENTS": "on",
}
NAME = re.compile(r"\b[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)+\.(?:All|Group|Chat)\b")
NOT_ASKED_FOR = {"Calls.AccessMedia.All", "Calls.Initiate.All", "TeamMember.Read.Group"}
"""Named where it is said that Muster has no need of them, and in the sandbox, which knows more of Graph."""


def test_a_permission_is_known_by_its_name_its_kind_and_its_id() -> None:
    """Each permission stands in the table once; Graph's have an id of their own, an owner's consent has none."""
    assert len({(one.name, one.kind) for one in PERMISSIONS}) == len(PERMISSIONS)
    ids = [one.id for one in PERMISSIONS if one.kind is not Kind.RESOURCE]
    assert len(set(ids)) == len(ids)
    assert all(GUID.fullmatch(one) for one in ids)
    assert {one.id for one in PERMISSIONS if one.kind is Kind.RESOURCE} == {""}


def test_no_other_permission_is_named_anywhere() -> None:
    """Whatever permission the code or a document names is in the table that administrators read."""
    files = [
        *(ROOT / "bot").rglob("*.py"),
        *(ROOT / "cards").rglob("*.py"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ]
    files += [*(ROOT / "infra").glob("*.md"), *(ROOT / "manifest").glob("*.json"), *(ROOT / "infra").glob("*.bicep")]
    named = {name for file in files for name in NAME.findall(file.read_text(encoding="utf-8"))}
    assert named - {one.name for one in PERMISSIONS} <= NOT_ASKED_FOR


@pytest.mark.parametrize("environ", [ALL, LEAST], ids=["everything", "nothing"])
def test_the_app_package_asks_for_what_the_table_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """Owners of teams and chats are asked to consent to what the table says, with everything on and with nothing."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert cli.run(["manifest", "build", "--out", f"{tmp_path}/muster.zip"], app.build) == 0
    with zipfile.ZipFile(tmp_path / "muster.zip") as package:
        content = json.loads(package.read("manifest.json"))
    asked = content.get("authorization", {}).get("permissions", {}).get("resourceSpecific", [])
    told = of(features_on(Settings.from_env(environ)), Kind.RESOURCE)
    assert sorted(one["name"] for one in asked) == sorted(one.name for one in told)


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, {Feature.MEETINGS}),
        ({"MUSTER_OAUTH_CONNECTION": "graph"}, {Feature.MEETINGS, Feature.SIGN_IN}),
        ({"MUSTER_OAUTH_CONNECTION": "graph", "MUSTER_AUTH": "user"}, {Feature.SIGN_IN}),
        ({"MUSTER_PUBLIC_URL": "https://muster.example"}, {Feature.MEETINGS, Feature.RINGING}),
        (ALL, set(Feature)),
    ],
)
def test_what_the_settings_switch_on(environ: dict[str, str], on: set[Feature]) -> None:
    """A feature counts as on by its own settings alone; calendars and owners wait for nothing but consent."""
    assert features_on(Settings.from_env(LEAST | environ)) == on | {Feature.CALENDAR, Feature.OWNERS}


def test_permissions_are_told_before_there_are_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reviewer reads the whole list on a machine where nothing is set, and is told what that leaves open."""
    monkeypatch.delenv("MicrosoftAppId", raising=False)
    assert line.run(argparse.Namespace(json=False)) == 0
    told = capsys.readouterr().out
    assert all(one.name in told for one in PERMISSIONS)
    assert told.rstrip().endswith(line.NOT_KNOWN)
    assert "used by your settings" not in told


def test_permissions_in_use_come_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With settings the list begins with what they need and says of each whether they do, for programs too."""
    for name, value in LEAST.items():
        monkeypatch.setenv(name, value)
    assert line.run(argparse.Namespace(json=False)) == 0
    heads = [said for said in capsys.readouterr().out.splitlines() if said and not said.startswith(" ")]
    assert [head.endswith(": used by your settings") for head in heads] == sorted(
        (head.endswith(": used by your settings") for head in heads), reverse=True
    )
    assert line.run(argparse.Namespace(json=True)) == 0
    (first, *_), ring = (
        (found := json.loads(capsys.readouterr().out)),
        [one for one in found if one["feature"] == "ringing"],
    )
    assert (first["name"], first["kind"], first["on"]) == ("OnlineMeetings.ReadWrite.All", "application", True)
    assert {one["on"] for one in ring} == {False}


def test_every_option_of_permissions_is_understood() -> None:
    """The command line knows `--json` and nothing else."""
    parser = argparse.ArgumentParser()
    line.add_arguments(parser)
    assert parser.parse_args(["--json"]).json
