"""What follows from what: everything in the order of the set-up, each fault named once. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bot.checkup import Finding, Findings, Status
from bot.doctor import hosting, looks
from bot.doctor.case import Case
from bot.doctor.looks import Verdict
from bot.errors import SignInNeeded

STORE, NETWORK, PROOF, CONSENT, POLICY, LICENCES, TEAMS = range(1, 8)
"""The parts of the set-up, in their order."""
_WRONG = frozenset({Status.TODO, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Check:
    """One line of doctor's: `needs` are the lines that have to be right first, `off` why these settings go without."""

    name: str
    stage: int
    look: Callable[[Case], Verdict]
    needs: tuple[str, ...] = ()
    off: Callable[[Case], str] = lambda _: ""


def checks(case: Case) -> tuple[Check, ...]:
    """Return what is looked at: permissions by their names, the rest for everybody."""
    granted = tuple(
        Check(one.name, CONSENT, partial(looks.permission, one=one), ("token",)) for one in looks.wanted(case)
    )
    meetings = tuple(check.name for check in granted if check.name == "OnlineMeetings.ReadWrite.All")
    hosted = ("graph", "conditional access")
    return (
        Check("settings", STORE, looks.named),
        Check("store", STORE, looks.store),
        Check("signing keys", NETWORK, looks.keys),
        Check("clock", NETWORK, looks.clock, ("signing keys",)),
        Check("credentials", PROOF, looks.credentials),
        Check("token", PROOF, looks.audience, ("credentials",)),
        *granted,
        Check("graph", POLICY, hosting.graph, ("token", *meetings), lambda case: _by_people(case) if case.host else ""),
        Check("conditional access", POLICY, hosting.conditional_access, ("graph",), _by_people),
        Check("access policy", POLICY, hosting.policy, hosted, _needs_no_policy),
        Check("host", LICENCES, hosting.host, hosted, _by_people),
        Check("quota", LICENCES, hosting.quota, hosted, _by_people),
        Check("dial-in", LICENCES, hosting.dial_in, hosted, _numberless),
        Check("meet now", LICENCES, hosting.meet_now, hosted, _by_people),
        Check("sign-in", TEAMS, looks.sign_in, ("credentials",), _nobody_signs_in),
        Check("callback", TEAMS, looks.callback, (), _not_public),
        Check("app package", TEAMS, looks.package, (), _no_package),
    )


def judged(case: Case, here: bool = False) -> Findings:
    """Return a line for each check; `here` says that it is asked in a chat, whose own grant counts too."""
    found: dict[str, Finding] = {}
    asked = Check("reading posts", TEAMS, looks.reads, ("token",), _not_reading)
    for check in (*checks(case), *((asked,) if here else ())):
        verdict = _verdict(check, case, found)
        found[check.name] = Finding(check.name, check.stage, verdict.status, verdict.says, verdict.step, verdict.until)
    return tuple(found.values())


def _verdict(check: Check, case: Case, found: dict[str, Finding]) -> Verdict:
    if why := check.off(case):
        return Verdict(Status.OFF, why)
    for name in check.needs:
        if (needed := found[name]).status in _WRONG:
            return Verdict(Status.UNKNOWN, "", until=needed.until or name)
    verdict = check.look(case)
    waits_for = found.get(verdict.until)
    return replace(verdict, until=waits_for.until) if waits_for and waits_for.until else verdict


def _needs_no_policy(case: Case) -> str:
    return "people's own sign-in opens meetings (MUSTER_AUTH=user)" if case.settings.auth == "user" else ""


def _by_people(case: Case) -> str:
    """Say why no meeting was tried where people's own sign-in opens them: only who asks and has signed in can."""
    signed_in = not (case.seen.trial is None or isinstance(case.seen.trial, SignInNeeded))
    return "" if signed_in else _needs_no_policy(case)


def _numberless(case: Case) -> str:
    return _by_people(case) or ("" if case.settings.meeting_options.numbers else "no meeting is to have phone numbers")


def _nobody_signs_in(case: Case) -> str:
    return "only the app's own permission counts (MUSTER_AUTH=app)" if case.settings.auth == "app" else ""


def _not_public(case: Case) -> str:
    return "" if case.settings.public_url else "MUSTER_PUBLIC_URL is not set: no living card, nobody is rung"


def _no_package(case: Case) -> str:
    return "no package was built here" if case.seen.package is None else ""


def _not_reading(case: Case) -> str:
    return "" if case.settings.read_messages else "MUSTER_READ_MESSAGES is off"
