"""Doctor names what is wrong, all of it, and nothing else: each fault alone, and every two together (WO6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import pytest

from bot.checkup import Findings, Status, well
from bot.operator import doctor
from bot.sandbox.cloud import Cloud
from bot.sandbox.faults import CATALOGUE
from bot.settings import Settings

READ_WRITE = "OnlineMeetings.ReadWrite.All"
CALLS = ("Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All")


@dataclass(frozen=True)
class Trouble:
    """What is wrong: faults of the sandbox (`name` or `name@operations`), settings; and what doctor is to name."""

    names: tuple[str, ...]
    faults: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


TROUBLES: dict[str, Trouble] = {
    **{
        fault: Trouble(names, (fault,))
        for fault, names in {
            "policy": ("access policy",),
            "no-licence": ("dial-in",),
            "unlicensed": ("host",),
            "quota": ("quota",),
            "429": ("graph",),
            "503": ("graph",),
            "504-after": ("graph",),
            "outage": ("graph",),
            "reset-after": ("graph",),
            "7504": ("graph",),
            "forbidden": ("graph",),
            "bad-request": ("graph",),
            "not-found": ("host",),
            "token-revoked": ("graph",),
            "claims": ("conditional access",),
            "503@graph.delete": ("graph",),
            "secret-expired": ("credentials",),
            "entra-503@entra.token": ("credentials",),
            "entra-outage@entra.token": ("credentials",),
            "keys-503": ("signing keys",),
            "entra-outage": ("signing keys", "credentials"),
            "no-consent": (READ_WRITE, *CALLS),
            "no-calls": CALLS,
            "wrong-audience": ("token",),
            "wrong-clock": ("clock",),
            "no-connection": ("sign-in",),
            "tokens-503": ("sign-in",),
            "callback-502": ("callback",),
        }.items()
    },
    "wrong secret": Trouble(("credentials",), settings=(("MicrosoftAppPassword", "not-the-secret"),)),
    "wrong tenant": Trouble(
        ("credentials",), settings=(("MicrosoftAppTenantId", "99999999-0000-4000-8000-000000000009"),)
    ),
    "no store": Trouble(("store",), settings=(("MUSTER_STORE", "sqlite:////proc/nowhere/muster.db"),)),
    "nobody to host": Trouble(("graph",), settings=(("MUSTER_ADMINS", ""),)),
    "in a container": Trouble(("store",), settings=(("KUBERNETES_SERVICE_HOST", "10.0.0.1"),)),
}
COVERING = (
    ("policy", "secret-expired"),
    ("unlicensed", "policy"),
    ("no-consent", "no-licence"),
    ("keys-503", "wrong-clock"),
    ("entra-outage", "callback-502"),
    ("503@graph.delete", "no store"),
    ("wrong-audience", "tokens-503"),
    ("quota", "no-calls"),
    ("claims", "no-connection"),
    ("nobody to host", "in a container"),
)
"""Two of each kind: of one part and of two, one hiding the other and not."""


UNMADE = frozenset({"access policy", "host", "quota", "conditional access"})
"""What keeps the trial meeting from being made, though Graph answers."""


async def examined(cloud: Cloud, environment: dict[str, str], troubles: Iterable[Trouble]) -> Findings:
    """Return what doctor finds with these troubles, which are over afterwards."""
    changed = dict(environment)
    for trouble in troubles:
        changed |= dict(trouble.settings)
        for fault in trouble.faults:
            name, _, operations = fault.partition("@")
            cloud.faults.inject(name, on=operations)
    try:
        return await doctor.look(Settings.from_env(changed))
    finally:
        cloud.faults.clear()
        for meeting in cloud.graph.meetings:  # what could not be deleted the next one would find
            meeting.deleted = True


def judge(findings: Findings, troubles: Iterable[Trouble]) -> str:
    """Return what doctor said wrongly: named what is right, missed what is wrong, or left a step out; "" for nothing.

    What is wrong and cannot be seen is not known until something is right that is wrong too.
    """
    wrong = {name for trouble in at_work(troubles, findings) for name in trouble.names}
    todo = {one.check for one in findings if one.status is Status.TODO}
    hidden = {one.check: one.until for one in findings if one.status is Status.UNKNOWN}
    problems = [
        *(f"{name} is right" for name in todo - wrong),
        *(f"{name} was missed" for name in wrong - todo - set(hidden)),
        *(f"{name} waits for {until}" for name, until in hidden.items() if until not in todo),
        *(f"{one.check} has no step" for one in findings if one.status is Status.TODO and one.step is None),
    ]
    return "; ".join(sorted(problems))


def at_work(troubles: Iterable[Trouble], findings: Findings) -> list[Trouble]:
    """Return the troubles that anybody can meet: not those to which Microsoft's side never comes.

    Of two faults that answer the same request the later one does; what was not made cannot fail to be deleted, nor
    can its answer be lost.
    """
    unmade = {one.check for one in findings if one.status is Status.TODO} & UNMADE
    met: dict[str, Trouble] = {}
    for trouble in troubles:
        answers = [CATALOGUE[name] for name in trouble.faults if "@" not in name]
        where = next((fault.operations for fault in answers if fault.status is not None), "")
        lost = "503@graph.delete" in trouble.faults or any(fault.after for fault in answers)
        if not (unmade and lost):
            met[where or str(trouble)] = trouble
    return list(met.values())


async def test_all_is_well(cloud: Cloud, environment: dict[str, str]) -> None:
    """Where nothing is wrong every line is ok, and the trial meeting is gone."""
    findings = await examined(cloud, environment, ())
    assert well(findings)
    assert {one.status for one in findings} <= {Status.OK, Status.OFF}
    assert [meeting.deleted for meeting in cloud.graph.meetings] == [True]


async def test_each_fault_is_named_and_no_other(cloud: Cloud, environment: dict[str, str]) -> None:
    """Whatever is wrong, doctor names exactly that, with what to do about it."""
    said = {
        name: judge(await examined(cloud, environment, (trouble,)), (trouble,)) for name, trouble in TROUBLES.items()
    }
    assert {name: problem for name, problem in said.items() if problem} == {}


async def pairs(cloud: Cloud, environment: dict[str, str], wanted: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what was said wrongly of which two faults."""
    said = {}
    for first, second in wanted:
        both = (TROUBLES[first], TROUBLES[second])
        if problem := judge(await examined(cloud, environment, both), both):
            said[f"{first} + {second}"] = problem
    return said


async def test_two_faults_are_both_named_or_one_waits_for_the_other(cloud: Cloud, environment: dict[str, str]) -> None:
    """Where two things are wrong, each is named, or cannot be known until the other is right."""
    assert await pairs(cloud, environment, COVERING) == {}


@pytest.mark.long
async def test_every_two_faults_are_named(cloud: Cloud, environment: dict[str, str]) -> None:
    """The same for every pair of faults there is."""
    assert await pairs(cloud, environment, combinations(TROUBLES, 2)) == {}
