"""`python app.py manifest build` and `manifest check`, as an administrator uses them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import cli
from bot.manifest.wanted import FEATURES, Wanted
from bot.operator.manifest import next_steps

APP_ID = "1c0d0000-1111-4222-8333-444455556666"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the package goes; whatever asks for a site comes to a proxy that is not there."""
    for name in ("MicrosoftAppId", "MUSTER_PUBLIC_URL", "MUSTER_LANGUAGES", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and never listening
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        yield tmp_path / "muster.zip"


def line(*words: object) -> int:
    """Run one command line, whose bot is not built; return the exit status."""
    return cli.run(["manifest", *map(str, words)], build=None)  # type: ignore[arg-type]  # nothing is served


def test_build_then_check_passes(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is built is found to be well; where Microsoft's schema cannot be had that is said, with what mends it."""
    monkeypatch.setenv("MicrosoftAppId", APP_ID)
    assert line("build", "--out", out) == 0
    assert "muster.zip: schema 1.29, languages en, features none." in capsys.readouterr().out
    assert line("check", out) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("Not compared with Microsoft's schema: developer.microsoft.com cannot be reached")
    assert "--schema FILE" in told[0]
    assert told[1] == f"{out}: all well."
    schema = out.with_name("schema.json")
    schema.write_text('{"properties": {"version": {"const": "9.9.9"}}}', encoding="utf-8")
    assert line("check", out, "--schema", schema) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("manifest.json version: Microsoft's schema: '9.9.9' was expected. Repair: build")
    assert told[1:] == [f"Compared with Microsoft's schema: {schema}", f"{out}: 1 to mend."]
    out.write_bytes(b"no zip")
    assert line("check", out, "--schema", schema) == 1
    assert "Compared" not in capsys.readouterr().out


def test_findings_can_be_read_by_machines(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the findings come as JSON, each with its rule, place, words and repair."""
    assert line("build", "--out", out, "--app-id", APP_ID, "--features", "ringing", "--version", "1.25") == 0
    capsys.readouterr()
    schema = out.with_name("schema.json")
    schema.write_text('{"properties": {}}', encoding="utf-8")
    assert line("check", out, "--json", "--schema", schema) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["schema"]) == (str(out), str(schema))
    assert [(one["rule"], one["where"]) for one in told["findings"]] == [
        ("calling", "manifest.json bots[0].supportsCalling")
    ]
    assert line("check", out, "--json", "--schema", schema, "--features", "ringing") == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_npms_package_is_used_where_it_is(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Microsoft's site the schema of the installed npm package is taken; a damaged one is named."""
    folder = out.parent / "node_modules" / "@microsoft" / "app-manifest" / "build" / "json-schemas" / "teams" / "v1.29"
    folder.mkdir(parents=True)
    file = folder / "MicrosoftTeams.schema.json"
    file.write_text('{"properties": {}}', encoding="utf-8")
    assert line("build", "--out", out, "--app-id", APP_ID) == 0
    capsys.readouterr()
    assert line("check", out) == 0
    assert f"Compared with Microsoft's schema: {file}" in capsys.readouterr().out
    file.write_text("{", encoding="utf-8")
    assert line("check", out) == 0
    assert "of npm's @microsoft/app-manifest: it is no JSON schema" in capsys.readouterr().out


def test_what_cannot_be_done_is_said(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an app id nothing is built, and a file or schema that is not there is named: the status is 2."""
    assert line("build", "--out", out) == 2
    assert "MicrosoftAppId is not set" in capsys.readouterr().err
    assert not out.exists()
    assert line("check", out) == 2
    assert capsys.readouterr().err == f"{out}: No such file or directory. Build one: python app.py manifest build\n"
    out.write_bytes(b"")
    assert line("check", out, "--schema", out) == 2
    assert "no JSON schema" in capsys.readouterr().err
    assert line("check", out) == 1
    assert "cannot be read as a zip" in capsys.readouterr().out


def test_the_next_steps_are_those_of_the_features() -> None:
    """Whoever built a package reads what to switch on and who consents to what, and what an older schema leaves out."""
    told = "\n".join(next_steps(Path("muster.zip"), Wanted(APP_ID, "1.24", FEATURES)))
    for words in (
        "private and shared",
        "slash",
        "Upload new app",
        "ChatMessage.Read.Chat",
        "Developer Portal",
        "/api/calls",
    ):
        assert words in told
    assert len(next_steps(Path("muster.zip"), Wanted(APP_ID))) == 2
