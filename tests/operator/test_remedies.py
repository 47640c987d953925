from __future__ import annotations

import logging

import pytest

from bot.clouds import CLOUDS
from bot.observe import Event, Value, log_lines
from bot.remedies import AGAIN_MS, POLICY, REFUSED, WATCH_REFUSED, Remedies

APP, HOST = "1c0d0000-0000-4000-8000-000000000001", "9f2c0000-0000-4000-8000-000000000002"
FIELDS: dict[str, Value] = {
    "ref": "7F3K-92QD",
    "tenant": "5d",
    "host": HOST,
    "status": 403,
    "code": "Forbidden",
    "error": "PolicyMissing",
    "request_id": "r-1",
    "client_request_id": "c-1",
}
MISSING = Event(POLICY, FIELDS, logging.WARNING)


class Log:
    """What is passed on, and a clock that is moved by hand."""

    def __init__(self, cloud: str = "public") -> None:
        self.now = 0
        self.events: list[Event] = []
        self.observe = Remedies(self.events.append, APP, CLOUDS[cloud], lambda: self.now)


def test_the_administrator_reads_the_cmdlets(caplog: pytest.LogCaptureFixture) -> None:
    """A missing access policy is logged with its ids, and with what to paste where to mend it."""
    observe = Remedies(log_lines(logging.getLogger("muster.test")), APP, CLOUDS["public"], lambda: 0)
    with caplog.at_level(logging.WARNING):
        observe(MISSING)
    (line, *advice) = caplog.messages[0].splitlines()
    assert line == (
        f"graph.access_policy_missing ref=7F3K-92QD tenant=5d app={APP} host={HOST} status=403 code=Forbidden "
        "error=PolicyMissing request_id=r-1 client_request_id=c-1"
    )
    who = "  Who: a Teams administrator. "
    assert advice == [
        f"App {APP} may not open meetings for user {HOST}: no application access policy names it.",
        f"{who}Where: https://shell.azure.com (PowerShell), nothing to install on your computer:",
        "    Connect-MicrosoftTeams",
        f'    New-CsApplicationAccessPolicy   -Identity Muster -AppIds "{APP}"          # once',
        f'    Grant-CsApplicationAccessPolicy -PolicyName Muster -Identity "{HOST}"      # or -Group <id>, or -Global',
        "  Works within 30 minutes, sometimes longer.",
        "  Without PowerShell: MUSTER_AUTH=user, and people sign in once.",
    ]


def test_the_same_advice_is_given_once_an_hour() -> None:
    """Five hundred refusals in an hour are five hundred lines and one piece of advice for each tenant."""
    log = Log()
    for tenant in ("5d", "5d", "6e"):
        log.observe(Event(POLICY, {**FIELDS, "tenant": tenant}, logging.WARNING))
    assert [bool(event.advice) for event in log.events] == [True, False, True]
    log.now += AGAIN_MS - 1
    log.observe(MISSING)
    log.now += 1
    log.observe(MISSING)
    assert [bool(event.advice) for event in log.events[3:]] == [False, True]
    assert {event.fields["app"] for event in log.events} == {APP}


@pytest.mark.parametrize(("cloud", "named"), [("gcch", "TeamsGCCH"), ("dod", "TeamsDOD")])
def test_the_cmdlets_are_those_of_the_cloud(cloud: str, named: str) -> None:
    """An administrator in a government cloud is not sent to the worldwide one."""
    log = Log(cloud)
    log.observe(MISSING)
    assert f"Connect-MicrosoftTeams -TeamsEnvironmentName {named}" in log.events[0].advice
    assert "https://shell.azure.us" in log.events[0].advice


@pytest.mark.parametrize(
    ("error", "who"),
    [
        ("RoleMissing", "Privileged Role Administrator"),
        ("HostUnknown", "License Administrator"),
        ("QuotaReached", "Others can host"),
        ("AccessBlocked", "Conditional Access Administrator"),
    ],
)
def test_every_refusal_that_somebody_can_end_says_who(error: str, who: str) -> None:
    """Beside each refusal the log says what is wrong and whose work it is."""
    log = Log()
    log.observe(Event(REFUSED, {**FIELDS, "error": error}, logging.WARNING))
    assert who in log.events[0].advice


def test_everything_else_passes_as_it_is() -> None:
    """Other events, and refusals nobody can do anything about, are left alone."""
    log = Log()
    other = Event("turn.done", {"tenant": "5d"})
    log.observe(other)
    for error in ("Refused", "CredentialsWrong"):  # the latter was told when the token was refused
        log.observe(Event(REFUSED, {**FIELDS, "error": error}))
    assert log.events[0] is other
    assert [event.advice for event in log.events[1:]] == ["", ""]


def test_whoever_is_not_told_of_calls_reads_why() -> None:
    """A refused subscription names the permission, and the address that Graph has to reach."""
    log = Log()
    log.observe(Event(WATCH_REFUSED, {**FIELDS, "error": "Refused"}, logging.WARNING))
    (event,) = log.events
    assert event.advice.startswith(f'App {APP} is not told of calls, so cards say "open" and never who is in.')
    assert "OnlineMeetings.Read.All" in event.advice
    assert "MUSTER_PUBLIC_URL" in event.advice
