"""What registering Muster takes: steps, each with the command of the Azure CLI that does it and who may (issue 8, 3).

A command holds `$names` of what earlier steps gave, as a shell writes them. The commands and their options are those of
https://learn.microsoft.com/cli/azure/reference-index, the rest facts/graph 3, 5 and 7 and facts/teams 7.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from string import Template

from bot.errors import UsageError
from bot.permissions import GRAPH_APP, Feature, Kind, Permission, of

SIGN_IN, APP, CALLS = WAYS = ("sign-in", "app", "calls")
FEATURES: Mapping[str, frozenset[Feature]] = {
    SIGN_IN: frozenset({Feature.SIGN_IN}),
    APP: frozenset({Feature.MEETINGS}),
    CALLS: frozenset({Feature.MEETINGS, Feature.RINGING}),
}
MESSAGES, CALLBACKS = "/api/messages", "/api/calls"
RESOURCE = "https://graph.microsoft.com/v1.0"
TEAMS_CLIENTS = ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346")
"""Teams on desktops and phones, and on the web (facts/graph 7)."""
REDIRECT = "https://token.botframework.com/.auth/web/redirect"
SCOPE, SCOPE_ID = "access_as_user", "6d757374-6572-4d65-8e74-6e6f77000001"
"""By what Teams signs people in. The id is our own: it has to differ from those of the app's other scopes."""
DEVELOPER = "whoever may register apps, such as an Application Developer"
APP_OWNER = "whoever owns the app in Entra, or an Application Administrator"
CONSENTER = "a Privileged Role Administrator"
CONTRIBUTOR = "a Contributor of the Azure subscription or of the resource group"
_ENDPOINT = re.compile(r"https://[a-z0-9][a-z0-9.-]*(:[0-9]+)?" + MESSAGES, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be registered: the way in, and names.

    `app` is an app that is there already, "" to find or make one by `name`; `endpoint` is the bot's, "" where
    infra/main.bicep makes the bot; `identity` is a managed identity's object id, which then stands for the app;
    `more` are features beside those of the way.
    """

    way: str = SIGN_IN
    name: str = "Muster"
    app: str = ""
    endpoint: str = ""
    identity: str = ""
    group: str = "muster"
    location: str = "westeurope"
    bot: str = "muster-bot"
    connection: str = "muster"
    more: frozenset[Feature] = frozenset()

    def permissions(self) -> tuple[Permission, ...]:
        """Return what is asked of Microsoft Graph."""
        return of(FEATURES[self.way] | self.more, Kind.DELEGATED if self.way == SIGN_IN else Kind.APPLICATION)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, by the words after `az`.

    `look` prints what is there, one a line; the step is done when that has every one of `expects`, or any line where
    nothing is expected. `gives` names what it prints, for later steps. Without `do` it must be there. `secret` says
    that `do` prints a secret, `pipe` that it reads one from its standard input. `keeps` names the list of the app that
    `do` sets as a whole: what others put there has to stay.
    """

    title: str
    who: str = ""
    look: tuple[str, ...] = ()
    expects: tuple[str, ...] = ()
    do: tuple[str, ...] = ()
    gives: str = ""
    secret: bool = False
    pipe: bool = False
    keeps: str = ""


def steps(wanted: Wanted) -> tuple[Step, ...]:
    """Return the steps in order. Raises UsageError for a way or an endpoint that cannot be."""
    if wanted.identity and wanted.way == SIGN_IN:
        raise UsageError(wanted.identity, "A managed identity signs nobody in: take --way app or --way calls.")
    if wanted.way == SIGN_IN and Feature.OWNERS in wanted.more:
        raise UsageError(wanted.way, "Only the app itself may read who owns a team: take --way app or --way calls.")
    if wanted.endpoint and not _ENDPOINT.fullmatch(wanted.endpoint):
        raise UsageError(
            wanted.endpoint, f"The endpoint is where Teams finds Muster, such as https://bot.contoso.example{MESSAGES}"
        )
    return tuple(_identity(wanted) if wanted.identity else _app(wanted))


def filled(words: tuple[str, ...], known: Mapping[str, str]) -> tuple[str, ...]:
    """Return a command with what is known in the place of `$names`."""
    return tuple(Template(word).safe_substitute(known) for word in words)


def joined(words: tuple[str, ...], keeps: str, there: Sequence[object]) -> tuple[str, ...]:
    """Return a command that sets a list, with what is there and is not ours before what is."""
    *rest, text = words
    body = json.loads(text)
    *above, name = keeps.split(".")
    within = reduce(getitem, above, body)
    ours = [_id(one) for one in within[name]]
    within[name] = [*(one for one in there if _id(one) not in ours), *within[name]]
    return (*rest, json.dumps(body))


def _id(one: object) -> object:
    return one.get("appId") or one.get("id") if isinstance(one, dict) else one


def done(step: Step, found: list[str], known: Mapping[str, str]) -> bool:
    """Say whether what was found is what the step is for."""
    lines = {line.casefold() for line in found}
    return {word.casefold() for word in filled(step.expects, known)} <= lines if step.expects else bool(lines)


def _app(wanted: Wanted) -> Iterator[Step]:
    yield _tenant()
    if wanted.app:
        yield Step(
            "The app in Entra", APP_OWNER, ("ad", "app", "show", "--id", wanted.app, *_only("appId")), gives="app"
        )
    else:
        found = ("ad", "app", "list", "--filter", f"displayName eq '{wanted.name}'", *_only("[].appId"))
        made = ("ad", "app", "create", "--display-name", wanted.name, "--sign-in-audience", "AzureADMyOrg")
        yield Step(f"The app {wanted.name} in Entra", DEVELOPER, found, do=(*made, *_only("appId")), gives="app")
    yield Step(
        "Its service principal, which permissions are given to",
        APP_OWNER,
        ("ad", "sp", "list", "--filter", "appId eq '$app'", *_only("[].id")),
        do=("ad", "sp", "create", "--id", "$app", *_only("id")),
    )
    for one in wanted.permissions():
        yield _asked(one)
    if wanted.way != SIGN_IN:
        yield _consent(wanted.permissions())
    else:
        yield from _sign_in()
    yield Step(
        "A client secret for a year, kept in a file that you alone can read",
        APP_OWNER,
        do=(
            *_on_app("credential", "reset"),
            "--append",
            "--display-name",
            "Muster",
            "--years",
            "1",
            *_only("password"),
        ),
        gives="secret",
        secret=True,
    )
    if wanted.endpoint:
        yield from _bot(wanted)


def _tenant() -> Step:
    return Step("The tenant that you are signed in to", look=("account", "show", *_only("tenantId")), gives="tenant")


def _asked(one: Permission) -> Step:
    """Return the step that puts a permission on the list of the app."""
    kind = "Scope" if one.kind is Kind.DELEGATED else "Role"
    return Step(
        f"Ask for {one.name} ({one.kind}, {one.id}): {one.purpose}",
        APP_OWNER,
        (*_on_app("permission", "list"), *_only(f"[?resourceAppId=='{GRAPH_APP}'].resourceAccess[].id")),
        (one.id,),
        (*_on_app("permission", "add"), "--api", GRAPH_APP, "--api-permissions", f"{one.id}={kind}"),
    )


def _consent(permissions: tuple[Permission, ...]) -> Step:
    given = f"{RESOURCE}/servicePrincipals(appId='$app')/appRoleAssignments"
    return Step(
        "Consent to them for the whole tenant",
        CONSENTER,
        ("rest", "--method", "GET", "--url", given, *_only("value[].appRoleId")),
        tuple(one.id for one in permissions),
        _on_app("permission", "admin-consent"),
    )


def _sign_in() -> Iterator[Step]:
    """What Teams needs to sign people in without asking them (facts/graph 7)."""
    uri = "api://botid-$app"
    yield _listed("The address by which Teams asks for the app", "identifierUris", "[]", uri, {"identifierUris": [uri]})
    redirects = {"web": {"redirectUris": [REDIRECT]}}
    yield _listed("Where sign-in ends", "web.redirectUris", "[]", REDIRECT, redirects)
    said = "Sign in to Muster"
    scope = {
        "id": SCOPE_ID,
        "value": SCOPE,
        "type": "User",
        "isEnabled": True,
        "adminConsentDisplayName": said,
        "adminConsentDescription": "Lets Teams sign people in to Muster.",
        "userConsentDisplayName": said,
        "userConsentDescription": "Lets Teams sign you in to Muster.",
    }
    title = f"The scope {SCOPE} ({SCOPE_ID}), by which Teams signs people in"
    scopes = {"api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [scope]}}
    yield _listed(title, "api.oauth2PermissionScopes", "[].value", SCOPE, scopes)
    clients = [{"appId": client, "delegatedPermissionIds": [SCOPE_ID]} for client in TEAMS_CLIENTS]
    may = {"api": {"preAuthorizedApplications": clients}}
    yield _listed(
        "Teams' own apps, which may use it unasked", "api.preAuthorizedApplications", "[].appId", TEAMS_CLIENTS, may
    )


def _listed(title: str, path: str, values: str, expects: str | tuple[str, ...], body: Mapping[str, object]) -> Step:
    """Return the step that puts something on a list of the app."""
    return Step(
        title,
        APP_OWNER,
        ("ad", "app", "show", "--id", "$app", *_only(f"{path}{values}")),
        (expects,) if isinstance(expects, str) else expects,
        ("rest", "--method", "PATCH", "--url", f"{RESOURCE}/applications(appId='$app')", *_body(body)),
        keeps=path,
    )


def _bot(wanted: Wanted) -> Iterator[Step]:
    """The Azure Bot: what Teams knows Muster by."""
    where = ("--resource-group", wanted.group, "--name", wanted.bot)
    yield Step(
        f"The resource group {wanted.group}",
        CONTRIBUTOR,
        ("group", "exists", "--name", wanted.group),
        ("true",),
        ("group", "create", "--name", wanted.group, "--location", wanted.location, *_only("id")),
    )
    made = ("--app-type", "SingleTenant", "--appid", "$app", "--tenant-id", "$tenant", "--endpoint", wanted.endpoint)
    yield Step(
        f"The Azure Bot {wanted.bot}",
        CONTRIBUTOR,
        ("bot", "show", *where, *_only("properties.msaAppId")),
        ("$app",),
        ("bot", "create", *where, *made, "--display-name", wanted.name, "--sku", "F0", *_only("id")),
    )
    yield Step(
        f"Its endpoint, {wanted.endpoint}",
        CONTRIBUTOR,
        ("bot", "show", *where, *_only("properties.endpoint")),
        (wanted.endpoint,),
        ("bot", "update", *where, "--endpoint", wanted.endpoint, *_only("properties.endpoint")),
    )
    yield _channel(wanted, where)
    if wanted.way == SIGN_IN:
        yield _connection(wanted, where)


def _channel(wanted: Wanted, where: tuple[str, ...]) -> Step:
    callbacks = wanted.endpoint.removesuffix(MESSAGES) + CALLBACKS
    calls = wanted.way == CALLS
    seen = "[callingWebhook, callingWebHook]" if calls else "isEnabled"  # the second in older versions of the CLI
    return Step(
        "Its Teams channel" + (f", with calls reported to {callbacks}" if calls else ""),
        CONTRIBUTOR,
        (
            "bot",
            "msteams",
            "show",
            *where,
            *_only(f"properties.properties.{seen}"),
        ),
        (callbacks if calls else "true",),
        (
            "bot",
            "msteams",
            "create",
            *where,
            *(("--enable-calling", "true", "--calling-web-hook", callbacks) if calls else ()),
        ),
    )


def _connection(wanted: Wanted, where: tuple[str, ...]) -> Step:
    about = ("--setting-name", wanted.connection)
    scopes = " ".join(["openid", "profile", "offline_access", *(one.name for one in wanted.permissions())])
    return Step(
        f"Its OAuth connection {wanted.connection}, by which people sign in (the secret goes to the command's input)",
        CONTRIBUTOR,
        ("bot", "authsetting", "show", *where, *about, *_only("name")),
        do=(
            *("bot", "authsetting", "create", *where, *about, "--service", "Aadv2", "--client-id", "$app"),
            *("--client-secret", "@-", "--provider-scope-string", scopes),
            *("--parameters", "tenantId=$tenant", "tokenExchangeUrl=api://botid-$app", *_only("name")),
        ),
        pipe=True,
    )


def _identity(wanted: Wanted) -> Iterator[Step]:
    """The roles of a managed identity, which has no app registration that could ask for them."""
    yield _tenant()
    yield Step(
        "The identity's application id",
        CONSENTER,
        ("ad", "sp", "show", "--id", wanted.identity, *_only("appId")),
        gives="app",
    )
    yield Step(
        "Microsoft Graph in this tenant",
        CONSENTER,
        ("ad", "sp", "show", "--id", GRAPH_APP, *_only("id")),
        gives="graph",
    )
    given = f"{RESOURCE}/servicePrincipals/{wanted.identity}/appRoleAssignments"
    for one in wanted.permissions():
        body = {"principalId": wanted.identity, "resourceId": "$graph", "appRoleId": one.id}
        yield Step(
            f"Give it {one.name} ({one.id}): {one.purpose}",
            CONSENTER,
            ("rest", "--method", "GET", "--url", given, *_only("value[].appRoleId")),
            (one.id,),
            ("rest", "--method", "POST", "--url", given, *_body(body)),
        )


def _only(query: str) -> tuple[str, ...]:
    """Return the options that print what a JMESPath finds, one value a line."""
    return ("--query", query, "--output", "tsv")


def _on_app(*words: str) -> tuple[str, ...]:
    return ("ad", "app", *words, "--id", "$app")


def _body(content: Mapping[str, object]) -> tuple[str, ...]:
    return ("--headers", "Content-Type=application/json", "--body", json.dumps(content))
