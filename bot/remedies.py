"""What an administrator can do about Microsoft's refusals, in the log beside them (EXPERIENCE 2, POLICY LOG)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.clouds import Cloud
from bot.observe import Event, Observer, Value

AGAIN_MS = 3_600_000
"""After so long the same advice is given to the same tenant again."""
POLICY = "graph.access_policy_missing"
REFUSED = "graph.refused"
WATCH_REFUSED = "graph.watch_refused"
PLACES: Mapping[str, tuple[str, str]] = {
    "RoleMissing": ("Privileged Role Administrator", "Entra → App registrations → Muster → API permissions"),
    "HostUnknown": ("License Administrator", "Microsoft 365 admin center → Users → Licenses and apps"),
    "AccessBlocked": (
        "Conditional Access Administrator",
        "Entra → Conditional Access, policies for workload identities",
    ),
}
"""Who may mend a refusal, and where."""
_MEND = {kind: f"Who: a {who}. Where: {where}" for kind, (who, where) in PLACES.items()}
_OTHERS = {
    "RoleMissing": f"""\
App {{app}} lacks a permission of Microsoft Graph, or nobody has consented to it.
  {_MEND["RoleMissing"]}:
    OnlineMeetings.ReadWrite.All as an application permission, then Grant admin consent""",
    "HostUnknown": f"""\
User {{host}} cannot host: a guest, somebody of another tenant, or without a Teams licence.
  {_MEND["HostUnknown"]}""",
    "QuotaReached": """\
User {host} has made as many meetings this month as Microsoft Graph lets one person make.
  Others can host until the month is over.""",
    "AccessBlocked": f"""\
App {{app}} is not let in: a conditional access policy wants more of it.
  {_MEND["AccessBlocked"]}""",
    WATCH_REFUSED: f"""\
App {{app}} is not told of calls, so cards say "open" and never who is in.
  401 or 403: a {PLACES["RoleMissing"][0]}. Where: {PLACES["RoleMissing"][1]}:
    OnlineMeetings.Read.All as an application permission, then Grant admin consent
  400: Graph has to reach MUSTER_PUBLIC_URL from the internet, where Muster answers its validation""",
}
"""What else is refused, by its kind (facts/graph 3 and 6). Credentials are told where a token is refused."""


class Remedies:
    """An observer before another: it names the app in refusals, and adds advice for the first of a kind in an hour.

    `now` returns ms UTC. What was said is remembered by this process alone: another says it once more.
    """

    def __init__(self, behind: Observer, app_id: str, cloud: Cloud, now: Callable[[], int]) -> None:
        self._behind = behind
        self._app_id = app_id
        self._cloud = cloud
        self._now = now
        self._said: dict[tuple[str, str], int] = {}

    def __call__(self, event: Event) -> None:
        """Pass an event on."""
        self._behind(self._advised(event) if event.name in {POLICY, REFUSED, WATCH_REFUSED} else event)

    def _advised(self, event: Event) -> Event:
        fields = _with_app(event.fields, self._app_id)
        kinds = {POLICY: "PolicyMissing", WATCH_REFUSED: WATCH_REFUSED}
        kind = kinds.get(event.name, str(fields.get("error", "")))
        advice = self._advice(kind, str(fields.get("host", "")))
        key = (str(fields.get("tenant", "")), kind)
        now = self._now()
        if not advice or now < self._said.get(key, now - AGAIN_MS) + AGAIN_MS:
            return replace(event, fields=fields)
        self._said[key] = now
        return replace(event, fields=fields, advice=advice)

    def _advice(self, kind: str, host: str) -> str:
        if kind == "PolicyMissing":
            return _policy(self._app_id, host, self._cloud)
        return _OTHERS.get(kind, "").format(app=self._app_id, host=host)


def _policy(app: str, host: str, cloud: Cloud) -> str:
    """Return how a host is named in an application access policy (facts/graph 3.2)."""
    url, connect, new, grant = (line.format(host=host) for line in cmdlets(app, cloud))
    where = f"Where: {url} (PowerShell), nothing to install on your computer:"
    return "\n".join(
        [
            f"App {app} may not open meetings for user {host}: no application access policy names it.",
            f"  Who: a Teams administrator. {where}",
            f"    {connect}",
            f"    {new.ljust(len(grant))}      # once",
            f"    {grant}      # or -Group <id>, or -Global",
            "  Works within 30 minutes, sometimes longer.",
            "  Without PowerShell: MUSTER_AUTH=user, and people sign in once.",
        ]
    )


def cmdlets(app: str, cloud: Cloud) -> tuple[str, str, str, str]:
    """Return where a Teams administrator types, and the three lines; the last is about `{host}` (facts/graph 3.2)."""
    environment = f" -TeamsEnvironmentName {cloud.teams_environment}" if cloud.teams_environment else ""
    return (
        cloud.powershell_url,
        f"Connect-MicrosoftTeams{environment}",
        f'New-CsApplicationAccessPolicy   -Identity Muster -AppIds "{app}"',
        'Grant-CsApplicationAccessPolicy -PolicyName Muster -Identity "{host}"',
    )


def _with_app(fields: Mapping[str, Value], app_id: str) -> dict[str, Value]:
    """Return the fields with the app after the tenant."""
    told: dict[str, Value] = {}
    for name, value in fields.items():
        told[name] = value
        if name == "tenant":
            told["app"] = app_id
    return told
