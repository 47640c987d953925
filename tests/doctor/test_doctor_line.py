"""`python app.py doctor` as an administrator runs it: what is printed, and what is left behind."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from pathlib import Path
from typing import NoReturn

import pytest
from aiohttp import web

import app
from bot.checkup import Status, well
from bot.cli import run
from bot.doctor import packaged
from bot.doctor.opening import OneLook
from bot.manifest import build
from bot.manifest.wanted import wanted
from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from bot.operator import doctor
from bot.sandbox.cloud import Cloud
from bot.sandbox.token_service import SCOPE
from bot.settings import Settings
from bot.system import SystemClock
from tests.doctor.test_doctor_faults import TROUBLES, examined

NEXT = (
    "Step 4 of 7, about 3 minutes: Entra → App registrations → Muster → API permissions → *Grant admin consent*. "
    "Needs: Privileged Role Administrator."
)
APP = "1c0d6a52-3f4e-4b8a-9a51-6d2f0b7c9e10"


async def test_the_next_step_is_one_line(cloud: Cloud, environment: dict[str, str]) -> None:
    """`--next` says which step it is of how many, how long it takes, where it is made and who may."""
    consent = await examined(cloud, environment, (TROUBLES["no-consent"],))
    assert doctor.said(consent, only_next=True) == [NEXT]
    policy = await examined(cloud, environment, (TROUBLES["policy"],))
    (line,) = doctor.said(policy, only_next=True)
    assert line.startswith(
        "Step 5 of 7, about 5 minutes: https://shell.azure.com (PowerShell): Connect-MicrosoftTeams;"
    )
    assert line.endswith(f'-Identity "{cloud.tenant.ana.oid}". Needs: Teams Administrator.')
    assert doctor.said(await examined(cloud, environment, ()), only_next=True) == ["Nothing is left to do."]


async def test_programs_get_the_same_in_one_shape(cloud: Cloud, environment: dict[str, str]) -> None:
    """`--json` has every line with its state, its step and what it waits for."""
    found = await examined(cloud, environment, (TROUBLES["policy"],))
    told = json.loads("\n".join(doctor.said(found, as_json=True)))
    assert (told["version"], told["well"]) == (1, False)
    lines = {line["check"]: line for line in told["checks"]}
    assert lines["access policy"]["status"] == "to do"
    assert lines["access policy"]["stage"] == [5, 7]
    assert set(lines["access policy"]["step"]) == {"do", "who", "minutes", "lines", "after"}
    assert (lines["host"]["status"], lines["host"]["until"]) == ("not known", "access policy")
    assert (lines["app package"]["status"], lines["app package"]["stage"]) == ("off", None)
    assert {line["status"] for line in told["checks"]} <= {"ok", "to do", "not known", "off"}
    said = "\n".join(doctor.said(found))
    assert "TO DO  access policy" in said
    assert "not known until: access policy" in said


async def test_the_store_is_left_as_it_was(cloud: Cloud, environment: dict[str, str], tmp_path: Path) -> None:
    """Where there is no store yet doctor makes none; where there is one it only counts."""
    await examined(cloud, environment, ())
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - in a coroutine


async def test_an_interrupted_doctor_leaves_no_meeting(cloud: Cloud, environment: dict[str, str]) -> None:
    """Whoever presses Ctrl-C while the trial meeting is being made, or deleted, leaves none behind."""
    for operation, when in (("graph.createOrGet", "after"), ("graph.delete", "before")):
        gate = cloud.hold(operation, when=when)
        look = asyncio.create_task(doctor.look(Settings.from_env(environment)))
        await gate.reached
        look.cancel()
        gate.release()
        with pytest.raises(asyncio.CancelledError):
            await look
        assert cloud.graph.meetings
        assert all(meeting.deleted for meeting in cloud.graph.meetings)


async def test_the_exit_status_says_whether_something_is_to_do(
    cloud: Cloud, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line ends with 0 where all is well, and with 1 where a step is left."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(doctor, "PACKAGE", Path("/nowhere/muster.zip"))

    def serve(_: object) -> NoReturn:
        pytest.fail("nothing is served")

    assert await asyncio.to_thread(run, ["doctor", "--host", cloud.tenant.ben.oid], serve) == 0
    assert capsys.readouterr().out.rstrip().endswith("All is well.")
    cloud.faults.inject("policy")
    assert await asyncio.to_thread(run, ["doctor", "--next"], serve) == 1
    assert capsys.readouterr().out.startswith("Step 5 of 7, about 5 minutes: https://shell.azure.com")


async def test_a_start_goes_on_and_names_a_mistyped_setting(
    environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The log of a start warns of a variable that is no setting, with the right name and without its value."""
    settings = Settings.from_env(environment | {"MUSTER_HOST": "s3cret"})
    runner = web.AppRunner(app.build(settings), access_log=None)
    await runner.setup()
    await runner.cleanup()
    (warning,) = [record for record in caplog.records if "setting.unknown" in record.getMessage()]
    assert (warning.levelname, warning.getMessage()) == (
        "WARNING",
        "setting.unknown name=MUSTER_HOST meant=MUSTER_HOSTS",
    )
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("signed_in", [True, False])
async def test_where_people_sign_in_an_administrator_s_own_meeting_is_tried(
    cloud: Cloud, environment: dict[str, str], *, signed_in: bool
) -> None:
    """Who has signed in has a trial meeting of their own, without any access policy; without it none is tried."""
    tenant = cloud.tenant
    tenant.ana.policy = False
    if signed_in:
        cloud.tokens.of(tenant.ana).token = cloud.entra.issue_for(tenant.ana, SCOPE)
    settings = Settings.from_env(environment | {"MUSTER_AUTH": "user"})
    chat = Chat(tenant.tenant_id, tenant.incidents.thread_id, ChatKind.CHANNEL, service_url=cloud.service_url)
    person = Person(tenant.ana.id, tenant.ana.oid, tenant.ana.name)
    turn = Turn("k", "e", TurnKind.SAID, chat, person, chat.thread_id, "1", 0, 1, "REF", "doctor")
    found = await OneLook(settings, SystemClock(), lambda _: None).examine(tenant.ana.oid, turn)
    assert well(found)
    status = {one.check: one.status for one in found}
    assert status["access policy"] is Status.OFF
    assert status["dial-in"] is (Status.OK if signed_in else Status.OFF)
    assert [meeting.deleted for meeting in cloud.graph.meetings] == [True] * signed_in


def test_settings_that_nobody_can_start_with_are_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without settings doctor ends with 2 and their list, as serving does."""
    monkeypatch.delenv("MicrosoftAppId", raising=False)
    assert run(["doctor", "--next"], lambda _: pytest.fail("nothing is served")) == 2
    assert "MicrosoftAppId is not set." in capsys.readouterr().err


def test_a_host_is_an_object_id(capsys: pytest.CaptureFixture[str]) -> None:
    """A sign-in name is refused as a host before anything is asked."""
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--host", "ana@contoso.example"])
    assert "is no id such as" in capsys.readouterr().err
    assert parser.parse_args(["--host", APP.upper()]).host == APP


def test_a_package_of_other_settings_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package that was built before a setting changed is to be built again; none at all is no fault."""
    package = tmp_path / "muster.zip"
    monkeypatch.setenv("MicrosoftAppId", APP)
    assert packaged.problems(package) is None
    build(wanted(), package)
    assert packaged.problems(package) == ()
    monkeypatch.setenv("MUSTER_READ_MESSAGES", "on")
    (problem, *_) = packaged.problems(package) or ("",)
    assert problem.startswith("muster.zip: manifest.json")
    monkeypatch.setenv("MUSTER_CLOUD", "mars")
    assert "MUSTER_CLOUD" in str(packaged.problems(package))
    assert "cannot be read" in str(packaged.problems(tmp_path))
