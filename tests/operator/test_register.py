"""`python app.py register` in front of an `az` that keeps what it was asked, and has what it made."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.operator import register
from bot.operator.registration import REDIRECT, SCOPE_ID, TEAMS_CLIENTS
from bot.permissions import PERMISSIONS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the az of these tests is a shell script")

TENANT = "00000000-0000-0000-0000-0000000000aa"
APP = "00000000-0000-0000-0000-0000000000bb"
SECRET = "canary~secret.0"
ENDPOINT = "https://bot.contoso.example/api/messages"
AZ = f"""#!/bin/sh
# Says what was asked for in the words of the real one: values one a line, 3 for "not found", 1 with a complaint.
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/asked"
given() {{ cat "$here/$1" 2>/dev/null || exit "${{2:-0}}"; }}
if [ -f "$here/fails" ] && printf '%s' "$*" | grep -q -f "$here/fails"; then cat "$here/complaint" >&2; exit 1; fi
case "$*" in
    "account show"*) echo {TENANT} ;;
    "ad app list"*) given app ;;
    "ad app create"*) echo {APP} | tee "$here/app" ;;
    "ad app show"*json) given lists ;;
    "ad app show"*identifierUris*) given uris ;;
    "ad app show"*redirectUris*) given redirects ;;
    "ad app show"*oauth2PermissionScopes*) given scopes ;;
    "ad app show"*preAuthorizedApplications*) given clients ;;
    "ad app show"*) if [ -f "$here/gone" ]; then exit 3; else echo {APP}; fi ;;
    "rest --method PATCH"*identifierUris*) echo api://botid-{APP} > "$here/uris" ;;
    "rest --method PATCH"*redirectUris*) echo {REDIRECT} > "$here/redirects" ;;
    "rest --method PATCH"*oauth2PermissionScopes*) echo access_as_user > "$here/scopes" ;;
    "rest --method PATCH"*preAuthorizedApplications*) printf '%s\\n' {" ".join(TEAMS_CLIENTS)} > "$here/clients" ;;
    "rest --method GET"*appRoleAssignments*) given consented ;;
    "rest --method POST"*appRoleAssignments*)
        printf '%s' "$*" | sed 's/.*appRoleId": "\\([^"]*\\)".*/\\1/' >> "$here/consented" ;;
    "ad sp list"*) given sp ;;
    "ad sp create"*) echo sp-id | tee "$here/sp" ;;
    "ad sp show"*appId*) echo {APP} ;;
    "ad sp show"*) echo graph-id ;;
    "ad app permission list"*) given permissions ;;
    "ad app permission add"*) for last in "$@"; do :; done; echo "${{last%=*}}" >> "$here/permissions" ;;
    "ad app permission admin-consent"*) cp "$here/permissions" "$here/consented" ;;
    "ad app credential reset"*) echo '{SECRET}' ;;
    "group exists"*) if [ -f "$here/group" ]; then echo true; else echo false; fi ;;
    "group create"*) echo /group | tee "$here/group" ;;
    "bot show"*msaAppId*) given bot 3 ;;
    "bot show"*endpoint*) given endpoint ;;
    "bot create"*) echo {APP} > "$here/bot"; echo {ENDPOINT} > "$here/endpoint"; echo /bot ;;
    "bot msteams show"*) given channel 3 ;;
    "bot msteams create"*) printf 'true\\nhttps://bot.contoso.example/api/calls\\n' > "$here/channel" ;;
    "bot authsetting show"*) given connection 3 ;;
    "bot authsetting create"*) cat > "$here/piped"; echo muster-bot/muster | tee "$here/connection" ;;
    *) echo "ERROR: '$*' is misspelled or not recognized by the system." >&2; exit 2 ;;
esac
"""
LOOKS = (" show ", " list ", " exists ", "--method GET")


class Desk:
    """Where somebody registers Muster: a folder, an `az`, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        az = folder / "az"
        az.write_text(AZ, encoding="utf-8")
        az.chmod(0o755)

    def register(self, *words: str) -> int:
        """Run the command line."""
        parser = argparse.ArgumentParser()
        register.add_arguments(parser)
        return register.run(parser.parse_args(["--out", str(self.folder / "muster.env"), *words]))

    def asked(self) -> list[str]:
        """Return what az was asked."""
        path = self.folder / "asked"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def changed(self) -> list[str]:
        """Return what of it changes something, and forget it all."""
        asked = [line for line in self.asked() if not any(look in f" {line} " for look in LOOKS)]
        (self.folder / "asked").unlink(missing_ok=True)
        return asked


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder with the only `az` on the path."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Desk(tmp_path)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """A function that sets what a person answers, a letter each time, and returns what they were asked."""

    def answer(letters: str) -> list[str]:
        rest, asked = list(letters), []

        def said(question: str) -> str:
            asked.append(question)
            if not rest:
                raise EOFError
            return rest.pop(0)

        monkeypatch.setattr("builtins.input", said)
        return asked

    return answer


def test_nothing_is_done_before_somebody_says_yes(
    desk: Desk, answers: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The command and who may run it are on the screen, and until it is agreed to only questions went to Azure."""
    asked = answers("")
    assert desk.register() == 1
    shown = capsys.readouterr().out
    assert "az ad app create --display-name Muster --sign-in-audience AzureADMyOrg" in shown
    assert "Who may: whoever may register apps" in shown
    assert len(asked) == 1
    assert desk.changed() == []


def test_print_runs_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """With --print there is a script to read and to paste, and the Azure CLI is not even needed."""
    (desk.folder / "az").unlink()
    assert desk.register("--way", "calls", "--endpoint", ENDPOINT, "--print") == 0
    script = capsys.readouterr().out
    assert 'az ad app permission admin-consent --id "$app"' in script
    assert "--enable-calling true --calling-web-hook https://bot.contoso.example/api/calls" in script
    assert "Grant-CsApplicationAccessPolicy -PolicyName Muster -Global" in script
    assert not (desk.folder / "muster.env").exists()
    assert desk.register("--way", "app", "--endpoint", ENDPOINT, "--print") == 0
    assert "set MUSTER_SECRET_KEY too" in capsys.readouterr().out


def test_the_script_writes_over_no_settings_either(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Pasted where a settings file is, the script stops before Azure is asked; elsewhere the file is its owner's."""
    assert desk.register("--way", "app", "--print") == 0
    script, file = capsys.readouterr().out, desk.folder / "muster.env"
    file.write_text("MicrosoftAppId='another'\n", encoding="utf-8")
    run = subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert f"{file} is there" in run.stderr
    assert desk.asked() == []
    file.unlink()
    assert subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True, check=False).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"MicrosoftAppPassword='{SECRET}'\n" in file.read_text(encoding="utf-8")


def test_sign_in_is_registered_once(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run makes all that sign-in needs, the second finds all of it and changes nothing."""
    assert desk.register("--endpoint", ENDPOINT, "--yes") == 0
    made = [" ".join(line.split(" --")[0].split()[:4]) for line in desk.changed()]
    assert made == [
        *("ad app create", "ad sp create", "ad app permission add", *["rest"] * 4),
        *("ad app credential reset", "group create", "bot create", "bot msteams create", "bot authsetting create"),
    ]
    capsys.readouterr()
    assert desk.register("--endpoint", ENDPOINT, "--yes") == 0
    assert desk.changed() == []
    assert capsys.readouterr().out.count("There already") == 14


def listed(body: dict[str, Any]) -> Iterator[list[Any]]:
    """Every list that a change of the app sets."""
    for value in body.values():
        if isinstance(value, list):
            yield value
        elif isinstance(value, dict):
            yield from listed(value)


def test_what_others_have_on_the_app_s_lists_stays(desk: Desk) -> None:
    """Whoever signs in elsewhere with an app that is there already goes on signing in, and so do its other clients."""
    mine = [{"appId": "another-client"}, {"id": "another-scope"}, "https://portal.contoso.example/signed-in"]
    (desk.folder / "lists").write_text(json.dumps(mine, indent=2), encoding="utf-8")
    assert desk.register("--app-id", APP, "--yes") == 0
    bodies = [json.loads(line.split(" --body ")[1]) for line in desk.changed() if " PATCH " in line]
    lists = [found for body in bodies for found in listed(body)]
    assert [found[:3] for found in lists] == [mine] * 4
    assert [len(found[3:]) for found in lists] == [1, 1, 1, 2]


def test_no_secret_is_made_that_nobody_could_keep(
    desk: Desk, answers: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the file cannot be written no secret is made, and who leaves at that question leaves no empty file."""
    assert desk.register("--yes", "--out", str(desk.folder / "missing" / "muster.env")) == 1
    assert "No such file or directory. Name another: --out" in capsys.readouterr().err
    answers("")
    assert desk.register() == 1
    assert not any("credential reset" in line for line in desk.asked())
    assert not (desk.folder / "muster.env").exists()


def test_the_secret_is_in_one_file_only(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The client secret is neither shown nor in any command line, and its file is its owner's alone."""
    assert desk.register("--endpoint", ENDPOINT, "--yes") == 0
    file = desk.folder / "muster.env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"MicrosoftAppPassword='{SECRET}'\n" in file.read_text(encoding="utf-8")
    assert (desk.folder / "piped").read_text(encoding="utf-8") == SECRET
    seen = capsys.readouterr()
    assert SECRET not in seen.out + seen.err + "".join(desk.asked())


def test_the_app_s_own_way_ends_with_the_cmdlets(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Every permission is asked for by its id, an administrator consents, and what PowerShell has to do is shown."""
    assert desk.register("--way", "calls", "--endpoint", ENDPOINT, "--with", "calendar", "--yes") == 0
    asked = " ".join(desk.changed())
    wanted = [
        one for one in PERMISSIONS if one.kind == "application" and one.feature in {"meetings", "ringing", "calendar"}
    ]
    assert len(wanted) == 5
    assert all(f"{one.id}=Role" in asked for one in wanted)
    assert asked.index("admin-consent") > asked.index(wanted[-1].id)
    assert f'New-CsApplicationAccessPolicy   -Identity Muster -AppIds "{APP}"' in capsys.readouterr().out


def test_a_managed_identity_is_given_its_roles(desk: Desk) -> None:
    """An identity that infra/main.bicep made gets the same permissions without an app registration or a secret."""
    identity = "00000000-0000-0000-0000-0000000000cc"
    assert desk.register("--way", "app", "--identity", identity, "--yes") == 0
    (given,) = desk.changed()
    assert f"servicePrincipals/{identity}/appRoleAssignments" in given
    assert '"resourceId": "graph-id"' in given
    assert desk.register("--way", "app", "--identity", identity, "--yes") == 0
    assert desk.changed() == []
    assert not (desk.folder / "muster.env").exists()


@pytest.mark.parametrize(
    ("fails", "complaint", "said"),
    [
        ("account show", "ERROR: Please run 'az login' to setup account.", "Sign in first: az login"),
        (
            "ad app create",
            "ERROR: Insufficient privileges to complete the operation.",
            "Who may: whoever may register apps",
        ),
        ("admin-consent", "ERROR: Authorization_RequestDenied", "Who may: a Privileged Role Administrator."),
        ("ad sp create", "WARNING: new\nERROR: something else", "The Azure CLI refused (1): ERROR: something else"),
    ],
)
def test_a_refusal_is_told_in_plain_words(
    desk: Desk, capsys: pytest.CaptureFixture[str], fails: str, complaint: str, said: str
) -> None:
    """What Azure refuses is told with who may do it, what was done stays done, and the exit status is 1."""
    (desk.folder / "fails").write_text(fails, encoding="utf-8")
    (desk.folder / "complaint").write_text(complaint, encoding="utf-8")
    assert desk.register("--way", "app", "--yes") == 1
    assert said in capsys.readouterr().err
    (desk.folder / "fails").unlink()
    assert desk.register("--way", "app", "--yes") == 0


def test_two_apps_of_one_name_are_not_confused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Where two apps are called Muster, both ids are shown and one has to be named."""
    (desk.folder / "app").write_text(f"{APP}\n{TENANT}\n", encoding="utf-8")
    assert desk.register("--yes") == 1
    assert f"There are 2: {APP}, {TENANT}. Say which: --app-id" in capsys.readouterr().err
    assert desk.register("--yes", "--app-id", APP) == 0


def test_an_app_that_is_not_there_is_not_made_up(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names an app that the tenant does not have is told so, and nothing is changed."""
    (desk.folder / "gone").touch()
    assert desk.register("--yes", "--app-id", APP) == 1
    assert "It is not there." in capsys.readouterr().err
    assert desk.changed() == []


def test_a_file_of_another_app_is_never_written_over(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A settings file that somebody already has keeps what is in it, and no secret is made in vain."""
    (desk.folder / "muster.env").write_text("MicrosoftAppId='another'\n", encoding="utf-8")
    assert desk.register("--yes") == 1
    assert "--out" in capsys.readouterr().err
    assert not any("credential" in line for line in desk.asked())


def test_a_step_can_be_left_out(
    desk: Desk, answers: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever did a step by hand skips it; what later steps need cannot be skipped, and quitting is never an error."""
    answers("yyssq")
    assert desk.register("--way", "app") == 1
    assert [" ".join(line.split()[:3]) for line in desk.changed()] == ["ad app create", "ad sp create"]
    assert capsys.readouterr().out.count("Left out.") == 2
    answers("s")
    (desk.folder / "app").unlink()
    assert desk.register("--way", "app") == 1
    assert desk.changed() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--endpoint", "http://bot.example/api/messages"], "https://bot.contoso.example/api/messages"),
        (["--endpoint", "https://bot.example/"], "https://bot.contoso.example/api/messages"),
        (["--name", "x' or '1"], "--name may have letters"),
        (["--identity", APP], "A managed identity signs nobody in"),
        (["--with", "owners"], "Only the app itself may read who owns a team"),
    ],
)
def test_what_cannot_be_is_said_before_anything_happens(
    desk: Desk, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """An endpoint or a name that cannot be right is refused with what it should look like."""
    assert desk.register(*words) == 2
    assert said in capsys.readouterr().err
    assert desk.asked() == []


def test_an_app_is_named_by_its_id(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no id is refused before anything happens, and one in capitals is the same app's."""
    for option in ("--app-id", "--identity"):
        with pytest.raises(SystemExit, match="2"):
            desk.register(option, "muster")
        assert "'muster' is no id such as" in capsys.readouterr().err
    assert desk.asked() == []
    assert desk.register("--app-id", "AAAAAAAA-0000-4000-8000-000000000001", "--print") == 0
    assert "aaaaaaaa-0000-4000-8000-000000000001" in capsys.readouterr().out


def test_without_the_azure_cli_there_are_two_ways_on(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine without az is told where to get it, and that Cloud Shell has it."""
    (desk.folder / "az").unlink()
    assert desk.register() == 1
    assert "https://shell.azure.com" in capsys.readouterr().err


def test_register_is_a_command_line(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """`python app.py register --print` reaches it, and the scope's id in the script is the one Teams is let use."""
    assert (
        cli.run(["register", "--print", "--out", str(desk.folder / "x")], lambda _: pytest.fail("nothing is served"))
        == 0
    )
    assert capsys.readouterr().out.count(SCOPE_ID) == 4
