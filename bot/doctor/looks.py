"""What one thing in a case says, where all that it needs is right. Pure; Microsoft's texts are never repeated."""

from __future__ import annotations

from dataclasses import dataclass

from bot import mistyped, permissions
from bot.checkup import Status, Step
from bot.doctor.case import Case, Claims
from bot.errors import CredentialsWrong, MeetingsError, Rejected
from bot.identity import Certificate, Password
from bot.permissions import GRAPH_APP, Kind, Permission
from bot.remedies import PLACES
from bot.store.opening import POSTGRES
from cards.times import exact

DAY_MS = 86_400_000
WARNED_BEFORE = 30 * DAY_MS
"""How long before a certificate ends it is time for a new one."""
SKEW = 5 * 60_000
"""ms by which clocks may differ before tokens are refused (DESIGN 9)."""
OK = 200
RUNS_MUSTER, NETWORK = "Whoever runs Muster", "Whoever runs the network"
APPLICATION_ADMINISTRATOR = "Application Administrator"
SECRETS = "Entra → App registrations → Certificates & secrets"
CONSENT_MINUTES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one thing is; `until` is what has to be right before it can be seen."""

    status: Status
    says: str
    step: Step | None = None
    until: str = ""


def fine(says: str) -> Verdict:
    """Return that it is right."""
    return Verdict(Status.OK, says)


def mend(says: str, step: Step) -> Verdict:
    """Return that it has to be mended."""
    return Verdict(Status.TODO, says, step)


def again(says: str, do: str, who: str = RUNS_MUSTER) -> Verdict:
    """Return that nothing answered, which may be over by itself."""
    return mend(says, Step(do, who, 5))


def named(case: Case) -> Verdict:
    """Whether a variable is nearly called as a setting is; one that is like none may be somebody else's."""
    ignored = dict(case.settings.ignored)
    says = " ".join(mistyped.told(ignored)) or "every MUSTER_ variable is one of Muster's"
    renamed = ". ".join(f"Rename {name} to {near}" for name, near in ignored.items() if near)
    return mend(says, Step(renamed, RUNS_MUSTER, 1)) if renamed else fine(says)


def store(case: Case) -> Verdict:
    """Whether the store can be written, and outlives this machine."""
    problem = case.seen.store
    if problem is None:
        return again("the store did not answer in time", "See whether MUSTER_STORE can be reached, and run this again")
    if problem:
        return mend(
            problem,
            Step(
                "Set MUSTER_STORE=postgresql://USER:PASSWORD@HOST/DATABASE, or sqlite:///FILE on a disk that stays",
                RUNS_MUSTER,
                5,
            ),
        )
    shared = case.settings.store.reveal().startswith(POSTGRES)
    return fine("PostgreSQL, for any number of processes" if shared else "SQLite, for one process")


def keys(case: Case) -> Verdict:
    """Whether Bot Framework's signing keys can be read: without them nobody is let in (ENGINE R25)."""
    if case.seen.keys:
        return fine("Bot Framework's signing keys were read")
    url = case.settings.openid_metadata_url
    return again("Bot Framework's signing keys cannot be read", f"Let this machine reach {url} over HTTPS", NETWORK)


def clock(case: Case) -> Verdict:
    """Whether this machine's clock is Microsoft's."""
    apart = case.seen.apart
    if apart is None:
        return again("Microsoft's answer had no date", "Run this again: python app.py doctor")
    seconds = round(abs(apart) / 1000)
    if abs(apart) < SKEW:
        return fine("this machine's clock is right")
    behind = "behind" if apart > 0 else "ahead of"
    says = f"this machine's clock is {seconds} seconds {behind} Microsoft's, which refuses tokens of another time"
    return mend(says, Step("Set this machine's clock by a time server (NTP)", RUNS_MUSTER, 5))


def credentials(case: Case) -> Verdict:
    """Whether Entra takes the app's credential, and how long it will."""
    token, ends_at = case.seen.token, case.seen.ends_at
    if isinstance(token, CredentialsWrong):
        _, _, advice = str(token).rpartition("its tenant: ")
        return mend(f"Entra gives Muster no token ({token.code or 'no code'})", Step(advice, _owner(case), 5))
    if token is None or isinstance(token, MeetingsError):
        do = f"Let this machine reach {case.settings.login_url} over HTTPS, and run this again"
        return again("Entra does not answer", do, NETWORK)
    if ends_at is not None and ends_at - case.now < WARNED_BEFORE:
        step = Step(
            f"{SECRETS} → Certificates: upload a new one, and name it in {Certificate.setting}", _owner(case), 10
        )
        return mend(f"the certificate ends on {exact(ends_at)}", step)
    return fine(f"Entra takes them{_until(case)}")


def _until(case: Case) -> str:
    if case.seen.ends_at is not None:
        return f"; the certificate ends on {exact(case.seen.ends_at)}"
    # Only a permission that Muster does not ask for shows it: https://learn.microsoft.com/graph/api/application-get
    hidden = f"; when the secret ends only {SECRETS} shows"
    return hidden if isinstance(case.settings.credential, Password) else ""


def _owner(case: Case) -> str:
    return (
        RUNS_MUSTER if not isinstance(case.settings.credential, Password | Certificate) else APPLICATION_ADMINISTRATOR
    )


def audience(case: Case) -> Verdict:
    """Whether the token is for this app, this tenant and this cloud's Graph."""
    token, settings = case.seen.token, case.settings
    if not isinstance(token, Claims):
        return fine("the token does not say")
    settled = {settings.graph_url.casefold(), GRAPH_APP}  # in some tokens it is the one, in some the other
    if token.audience.casefold().rstrip("/") not in settled:
        step = Step("Compare MUSTER_CLOUD and MUSTER_GRAPH_URL: both are of one cloud", RUNS_MUSTER, 5)
        return mend("Entra's token is for another service than Graph", step)
    own = (settings.app_id.casefold(), case.tenant.casefold())
    if (token.app_id.casefold() or own[0], token.tenant.casefold() or own[1]) != own:
        return mend(
            "Entra's token is another app's, or another tenant's",
            Step("Compare MicrosoftAppId and MicrosoftAppTenantId with Entra → App registrations", RUNS_MUSTER, 5),
        )
    if token.ends_at <= case.now:
        return mend("Entra's token has ended already", Step("Set this machine's clock right", RUNS_MUSTER, 5))
    return fine("the token is for this app, this tenant and this Graph")


def wanted(case: Case) -> tuple[Permission, ...]:
    """Return the application permissions that these settings make use of, without those that another one covers."""
    all_of_them = permissions.of(permissions.features_on(case.settings), Kind.APPLICATION)
    names = {one.name for one in all_of_them}
    return tuple(one for one in all_of_them if not names & set(one.covered_by))


def permission(case: Case, one: Permission) -> Verdict:
    """Whether the app's token has a permission; one that Muster can do without is off, not missing."""
    token = case.seen.token
    roles = token.roles if isinstance(token, Claims) else frozenset()
    if roles & {one.name, *one.covered_by}:
        return fine(one.purpose)
    if one.optional:
        return Verdict(Status.OFF, f"not granted: {one.without}")
    who, where = PLACES["RoleMissing"]
    add = f"Where it is not listed, first: Add a permission → Microsoft Graph → Application permissions → {one.name}."
    return mend(
        f"not granted: {one.without}", Step(f"{where} → *Grant admin consent*", who, CONSENT_MINUTES, after=add)
    )


def sign_in(case: Case) -> Verdict:
    """Whether the OAuth connection is there, by which people sign in."""
    seen, name = case.seen.sign_in, case.settings.oauth_connection
    if seen is None and not case.host:
        return Verdict(Status.UNKNOWN, "", until="graph")
    if seen == "":
        return fine(f"the OAuth connection {name} is there")
    if not isinstance(seen, Rejected):
        do = f"Let this machine reach {case.settings.token_service_url} over HTTPS, and run this again"
        return again("Bot Framework's Token Service does not answer", do, NETWORK)
    path = f"Azure portal → Azure Bot → Configuration → Add OAuth Connection Settings, with the name {name}"
    return mend(f"the Azure Bot has no OAuth connection {name}", Step(path, "Contributor of the Azure Bot", 10))


def callback(case: Case) -> Verdict:
    """Whether Muster is where the outside is told that it is."""
    status, url = case.seen.callback, case.settings.public_url
    if status == OK:
        return fine(f"{url} leads to Muster")
    answered = f"answers {status}" if status else "does not answer"
    step = Step(f"Let {url} lead to Muster from the internet; MUSTER_PUBLIC_URL is its base", RUNS_MUSTER, 10)
    return mend(f"{url}/healthz {answered}: Graph cannot tell of calls", step)


def package(case: Case) -> Verdict:
    """Whether the app package fits these settings."""
    problems = case.seen.package
    if not problems:
        return fine("the app package fits the settings")
    steps = Step(
        "python app.py manifest build, then Teams admin center → Teams apps → Manage apps", "Teams Administrator", 5
    )
    return mend(problems[0], steps)


def reads(case: Case) -> Verdict:
    """Whether this team or chat allows its messages to be read."""
    refused = case.seen.reads
    if refused == "":
        return fine("posts can be looked for here")
    if refused is None:
        return again("Graph did not say whether posts can be read here", "Ask again in a few minutes")
    path = "Teams → Manage team → Apps → Muster: remove it, and add it again from a package built with these settings"
    return mend("posts cannot be looked for here: nobody consented to it", Step(path, "Owner of this team or chat", 5))
