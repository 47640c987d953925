"""What the trial meeting says: about Graph, about its host, and about their licences. Pure (facts/graph 3.2 to 3.4)."""

from __future__ import annotations

from collections.abc import Mapping

from bot.checkup import Status, Step
from bot.doctor.case import Case
from bot.doctor.looks import CONSENT_MINUTES, RUNS_MUSTER, Verdict, again, fine, mend
from bot.errors import AccessBlocked, HostUnknown, MeetingsError, NotNow, PolicyMissing, QuotaReached, RoleMissing
from bot.model import Meeting
from bot.remedies import PLACES, cmdlets
from cards.times import exact

IN_A_MONTH = 2_000
"""Meetings that Graph makes for one person in a month (facts/graph 3.4)."""
MANY = 1_800
POLICY_MS = 30 * 60_000
"""How long an application access policy takes (facts/graph 3.2)."""
ABOUT_THE_HOST: Mapping[type, str] = {PolicyMissing: "access policy", HostUnknown: "host", QuotaReached: "quota"}


def blamed(case: Case) -> str:
    """Return which thing about the host Graph refused the trial meeting for, "" for none."""
    return ABOUT_THE_HOST.get(type(case.seen.trial), "")


def graph(case: Case) -> Verdict:
    """Whether Graph answers, and what it made is gone again."""
    trial = case.seen.trial
    if not case.host:
        says = "nothing was tried in anybody's name: nobody is named"
        return mend(says, Step("python app.py doctor --host OBJECT-ID, somebody's who is to host", RUNS_MUSTER, 1))
    if isinstance(trial, Meeting):
        if not case.seen.left:
            return fine("a trial meeting was made, and deleted")
        return again("the trial meeting could not be deleted", "Run this again: it finds the meeting and deletes it")
    return _unmade(case, trial)


def _unmade(case: Case, trial: MeetingsError | None) -> Verdict:
    if trial is None or isinstance(trial, NotNow):
        return again(f"Microsoft Graph does not answer ({_code(trial)})", "Run this again in a few minutes")
    if isinstance(trial, RoleMissing):
        who, where = PLACES["RoleMissing"]
        says = f"Graph says that the app lacks a permission which its token has ({_code(trial)})"
        return mend(says, Step(f"{where} → *Grant admin consent*", who, CONSENT_MINUTES))
    if isinstance(trial, AccessBlocked) or blamed(case):
        return fine("Microsoft Graph answers")
    says = f"Graph refuses the trial meeting without saying why ({_code(trial)})"
    return again(says, "Give Microsoft's support the request id", "Teams Administrator")


def _code(error: MeetingsError | None) -> str:
    if error is None or not error.status:
        return "no answer"
    parts = (str(error.status), error.code, f"request-id {error.request_id}" if error.request_id else "")
    return " ".join(filter(None, parts))


def conditional_access(case: Case) -> Verdict:
    """Whether a conditional access policy stands between the app and Graph (facts/graph 3.3)."""
    if not isinstance(case.seen.trial, AccessBlocked):
        return fine("none keeps the app out")
    who, where = PLACES["AccessBlocked"]
    return mend("a conditional access policy wants more of the app", Step(where, who, 10))


def policy(case: Case) -> Verdict:
    """Whether an application access policy names the host."""
    if blamed(case) != "access policy":
        return _about_the_host(case, f"the app may open meetings for {case.host}")
    url, *lines = (line.format(host=case.host) for line in cmdlets(case.settings.app_id, case.settings.cloud))
    after = (
        f"Works within 30 minutes, so by {exact(case.now + POLICY_MS)} if it is done now, sometimes longer. "
        "It may name a group (-Group) or everybody (-Global). "
        "Without PowerShell: MUSTER_AUTH=user, and people sign in once."
    )
    says = f"no application access policy lets the app open meetings for {case.host}"
    return mend(says, Step(f"{url} (PowerShell)", "Teams Administrator", 5, tuple(lines), after))


def host(case: Case) -> Verdict:
    """Whether the host may host at all."""
    if blamed(case) != "host":
        return _about_the_host(case, f"{case.host} can host")
    who, where = PLACES["HostUnknown"]
    says = f"{case.host} cannot host: a guest, somebody of another tenant, or without a Teams licence"
    return mend(says, Step(where, who, 5))


def quota(case: Case) -> Verdict:
    """Whether the host has meetings left this month."""
    made = None if case.seen.made is None else case.seen.made.get(case.host, 0)
    step = Step("Set MUSTER_HOSTS to one service account more, or wait until the month is over", RUNS_MUSTER, 10)
    if blamed(case) == "quota":
        return mend(f"{case.host} has used up this month's {IN_A_MONTH} meetings", step)
    if made is not None and made >= MANY:
        return mend(f"Muster made {made} of {IN_A_MONTH} meetings for {case.host} this month", step)
    counted = "" if made is None else f"; Muster made {made} of {IN_A_MONTH} this month"
    return _about_the_host(case, f"Graph makes meetings for {case.host}{counted}")


def dial_in(case: Case) -> Verdict:
    """Whether the host's meetings have phone numbers."""
    trial = case.seen.trial
    if blamed(case) or not isinstance(trial, Meeting):
        return _about_the_host(case, "")
    if trial.dial_in is not None:
        return fine(f"meetings of {case.host} have phone numbers")
    who, where = PLACES["HostUnknown"]
    says = f"meetings of {case.host} have no phone numbers: no Audio Conferencing licence, or no number yet"
    return mend(says, Step(f"{where} → Audio Conferencing", who, 5))


def meet_now(case: Case) -> Verdict:
    """What can be known of AllowMeetNow, which only cmdlets show.

    https://learn.microsoft.com/powershell/module/microsoftteams/get-csteamsmeetingpolicy
    """
    if blamed(case):
        return _about_the_host(case, "")
    seen = "Graph makes meetings at once; whether Teams' own Meet now is allowed too, a Teams Administrator sees: "
    return fine(f"{seen}Get-CsTeamsMeetingPolicy | Select-Object Identity, AllowMeetNow, AllowPrivateMeetNow")


def _about_the_host(case: Case, says: str) -> Verdict:
    """Return what is known of a host whose meeting was made, or refused for something else."""
    other = blamed(case)
    return Verdict(Status.UNKNOWN, "", until=other) if other else fine(says)
