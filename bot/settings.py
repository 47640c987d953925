"""Every setting of DESIGN section 10 as one frozen value, read once; the only file that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot import identity, mistyped
from bot.alerts import Hook, read_hooks
from bot.clouds import CALLS, CLOUDS, NO_MEETINGS, WORLDWIDE, Cloud
from bot.errors import SettingsError
from bot.graph import options
from bot.hosts import EVERYBODY_HOSTS, Hosts
from bot.identity import Credential, Secret
from bot.model import NO_OPTIONS, Options
from bot.variables import GUID, HIGHEST_PORT, Variables
from cards.words import REVIEWED, spoken, switched_on, words

SHORTEST_SECRET = 32
NO_SECRET = Secret("")
MOST_SPARES = 10

STORES = ("sqlite:///", "postgresql://", "postgres://")
REGISTER = "Not registered yet? python app.py register. Its settings come by: set -a; . ./muster.env"
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman put into their containers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process was told. Hosts are exact names; `tenants` are Entra tenant ids; URLs have no last slash.

    `ca_files` are PEM files trusted besides the machine's own; `duration` is in minutes; `container` says whether
    this process runs in one, whose files go with it; `store` may hold a password. `open_topics` are the patterns of
    topics that the whole tenant shares; `backup_bridge` is shown while Microsoft does not answer; `read_messages` says
    that posts whose fate is unclear may be looked for where a team or a chat allows it, `meeting_events` that the app
    package asks to be told of meetings by Teams itself. `auth` is by whose permission
    meetings are made, `app`, `user` or `auto`; `oauth_connection` names the Azure Bot's OAuth connection by which
    people sign in, "" for none; `hosts` is who may host, `spares` how many of their meetings are kept in
    reserve, `public_url` where browsers and Graph reach this bot, `admins` the administrators' object ids,
    `meeting_options` what every meeting has; `secret_key` seals keys in the store, `roster` is what cards show of who
    is inside: `count`, `names` or `off`; `languages` (BCP 47) are those that people are answered in, English first.
    `calls_openid_url` is where the keys of calls' callbacks are found, "" where this cloud's is not documented and
    nobody said: then nobody can be rung. `hooks` is where alerts come in, `collector` where OpenTelemetry is pushed to,
    `admin` the host and port where the administrator asks, port 0 for nowhere; what is over is kept for `keep_days`.
    `ignored` are variables that no setting is called, each with the name that was probably meant, or "".
    """

    app_id: str
    credential: Credential
    app_tenant: str
    app_type: str
    host: str
    port: int
    admin: tuple[str, int]
    graph_url: str
    login_url: str
    cloud: Cloud
    bot_scope: str
    token_issuer: str
    openid_metadata_url: str
    connector_hosts: tuple[str, ...]
    tenants: tuple[str, ...]
    thread_binding: str
    store: Secret
    container: bool
    duration: int
    language: str
    welcome: str
    log: str
    ca_files: tuple[str, ...]
    open_topics: tuple[str, ...] = ()
    backup_bridge: str = ""
    read_messages: bool = False
    meeting_events: bool = False
    auth: str = "app"
    oauth_connection: str = ""
    hosts: Hosts = EVERYBODY_HOSTS
    spares: int = 0
    public_url: str = ""
    admins: tuple[str, ...] = ()
    meeting_options: Options = NO_OPTIONS
    token_service_url: str = ""
    calls_openid_url: str = ""
    hooks: tuple[Hook, ...] = ()
    languages: tuple[str, ...] = REVIEWED
    secret_key: Secret = NO_SECRET
    roster: str = "count"
    keep_days: int = 30
    collector: str = ""
    ignored: tuple[tuple[str, str], ...] = ()

    @property
    def watches(self) -> bool:
        """Whether calls can be heard of: Graph has where to tell it, and keys can be sealed."""
        return bool(self.public_url and self.secret_key.reveal() and self.auth != "user")

    @property
    def code_key(self) -> bytes:
        """Return what people's sign-in codes are hashed with: of what every replica has, what is not in the store.

        Empty where there is nothing of the kind: an app without a password, and no MUSTER_SECRET_KEY.
        """
        own = self.credential.secret if isinstance(self.credential, identity.Password) else NO_SECRET
        return (self.secret_key or own).reveal().encode()

    @property
    def metadata_urls(self) -> tuple[str, str]:
        """Return where Bot Framework's keys are found and where those of Graph's notifications, "" if none come."""
        publisher = f"{self.login_url}/common/v2.0/.well-known/openid-configuration" if self.watches else ""
        return self.openid_metadata_url, publisher

    @property
    def bot_tenant(self) -> str:
        """Return the tenant whose token the connector wants: MultiTenant bots have one in common (facts/teams 1.3)."""
        return self.cloud.shared_tenant if self.app_type == "MultiTenant" else self.app_tenant

    @property
    def rings(self) -> bool:
        """Say whether people can be rung: callbacks find us, and we can tell whose they are."""
        return bool(self.public_url and self.calls_openid_url)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from a mapping (default: the environment). Raises SettingsError with every problem."""
        given = os.environ if environ is None else environ
        reader = _Reader(given)
        settings = reader.read()
        ignored = mistyped.unknown(given, reader.known)
        if reader.problems:
            near = {name: meant for name, meant in ignored.items() if meant}
            raise SettingsError([*reader.problems, *mistyped.told(near)])
        return replace(settings, ignored=tuple(ignored.items()))


class _Reader(Variables):
    """Reads Muster's own settings."""

    def hooks_of_chats(self) -> tuple[Hook, ...]:
        found, fits = read_hooks(self.text("MUSTER_HOOKS"))
        if not fits:
            # Never the value: its parts are secrets.
            self.problems.append(
                "MUSTER_HOOKS may have SECRET|KEY|THREAD|HOST, separated by blanks: 32 or more letters and digits, "
                "the key that signs the alerts (16 or more), the chat's thread id (19:...), a person's object id."
            )
        return found

    def calls_openid_url(self, cloud: Cloud) -> str:
        name = "MUSTER_CALLS_OPENID_URL"
        return self.url(name, cloud.calls_openid_url or CALLS) if self.text(name) else cloud.calls_openid_url

    def language(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if words(value).language.split("-")[0] != re.split("[-_]", value.casefold())[0]:
            self.problems.append(f"{name} is {value!r}, which Muster does not speak; it may be {', '.join(spoken())}.")
            return default
        return value

    def languages(self, name: str) -> tuple[str, ...]:
        """Return the languages that are spoken: those switched on, `all` there are, and that of the cards."""
        said, there = self.words(name, REVIEWED), spoken()
        if wrong := sorted({*said} - {"all", *(tag.lower() for tag in there)}):
            self.problems.append(f"{name} has {', '.join(map(repr, wrong))}; it may have {', '.join(there)}, or all.")
        return switched_on(" ".join(said), self.text("MUSTER_LANGUAGE"))

    def auth(self) -> str:
        """Return by whose permission meetings are made; without a connection nobody can sign in."""
        said = self.choice("MUSTER_AUTH", "auto", ("auto", "app", "user"))
        connected = bool(self.text("MUSTER_OAUTH_CONNECTION"))
        if said == "user" and not connected:
            self.problems.append(
                "MUSTER_AUTH is 'user', and MUSTER_OAUTH_CONNECTION is not set. It is the name of the OAuth connection "
                "of your Azure Bot, by which people sign in."
            )
        if said == "user" and self.hosts().service:
            self.problems.append(
                "MUSTER_AUTH is 'user', and MUSTER_HOSTS names service accounts: nobody can sign in as one of them. "
                "Set MUSTER_AUTH=app, or leave MUSTER_HOSTS out."
            )
        return said if connected else "app"

    def hosts(self) -> Hosts:
        """Return who may host: `requester`, service accounts by their object ids, or both."""
        said = self.words("MUSTER_HOSTS", ("requester",))
        wrong = [word for word in said if word != "requester" and not GUID.fullmatch(word)]
        problem = (
            f"MUSTER_HOSTS has {', '.join(map(repr, wrong))}; it may have requester and the object ids of service "
            "accounts, such as 00000000-0000-0000-0000-000000000000."
        )
        if wrong and problem not in self.problems:
            self.problems.append(problem)
        service = tuple(word for word in dict.fromkeys(said) if GUID.fullmatch(word))
        return Hosts(service, "requester" in said)

    def admins(self) -> tuple[str, ...]:
        """Return who is told what an administrator can mend, by object ids."""
        said = tuple(dict.fromkeys(self.words("MUSTER_ADMINS", ())))
        if wrong := [word for word in said if not GUID.fullmatch(word)]:
            self.problems.append(
                f"MUSTER_ADMINS has {', '.join(map(repr, wrong))}; it may have the object ids of people, "
                "such as 00000000-0000-0000-0000-000000000000."
            )
        return said

    def spares(self) -> int:
        count = self.number("MUSTER_SPARES", 0, 0, MOST_SPARES)
        if count and not self.hosts().service:
            self.problems.append(
                "MUSTER_SPARES keeps meetings of service accounts in reserve, and MUSTER_HOSTS names none. "
                "Set MUSTER_HOSTS to their object ids, or leave MUSTER_SPARES out."
            )
        return count

    def meeting_options(self, name: str) -> Options:
        """Return what every meeting is to have (facts/graph 1.7)."""
        found, problems = options.everywhere(self.text(name))
        self.problems += [f"{name}: {problem}." for problem in problems]
        return found

    def cloud(self) -> Cloud:
        name = self.text("MUSTER_CLOUD").casefold()
        if name in NO_MEETINGS:
            self.problems.append(f"MUSTER_CLOUD is {name!r}, where Muster cannot work: {NO_MEETINGS[name]}.")
            return WORLDWIDE
        return CLOUDS[self.choice("MUSTER_CLOUD", "public", tuple(CLOUDS))]

    def binding(self, cloud: Cloud) -> str:
        """Return the Graph version that ties meetings to threads; without its beta nothing does (facts/graph 8)."""
        name = "MUSTER_THREAD_BINDING"
        said = self.choice(name, "beta" if cloud.ties else "off", ("beta", "v1.0", "off"))
        if cloud.ties:
            return said
        if said == "beta":
            self.problems.append(f"{name} is 'beta', which Microsoft Graph does not have in this cloud. Leave it out.")
        return "off"

    def tenants(self, app_type: str, own: str) -> tuple[str, ...]:
        found = self.words("MUSTER_TENANTS", (own,) if own else ())
        if app_type == identity.MANAGED and own and set(found) - {own}:
            self.problems.append(
                f"MUSTER_TENANTS names other tenants than the app's, where {identity.MANAGED} has no permissions. "
                "Leave them out, or register an app of its own for Muster."
            )
        return found

    def store(self, name: str, default: str) -> str:
        value = self.text(name, default)
        scheme = value.partition("://")[0] if "://" in value else ""
        if not value.startswith(STORES):
            # Never the whole value: it may hold a password.
            named = f"begins with {scheme}://" if scheme else "has no scheme such as sqlite:///"
            self.problems.append(
                f"{name} {named}; it may be sqlite:///FILE (one process) "
                "or postgresql://USER@HOST/DATABASE (any number of them)."
            )
        return value

    def contained(self) -> bool:
        return bool(self.text("KUBERNETES_SERVICE_HOST")) or any(mark.exists() for mark in CONTAINER_MARKS)

    def read(self) -> Settings:
        return replace(
            self.deployment(),
            hosts=self.hosts(),
            spares=self.spares(),
            admins=self.admins(),
            public_url=self.optional_url("MUSTER_PUBLIC_URL", "https://bot.contoso.example"),
            languages=self.languages("MUSTER_LANGUAGES"),
            meeting_options=self.meeting_options("MUSTER_MEETING_OPTIONS"),
            secret_key=self.secret_key("MUSTER_SECRET_KEY"),
            roster=self.choice("MUSTER_ROSTER", "count", ("count", "names", "off")),
            keep_days=self.number("MUSTER_KEEP_DAYS", 30, 2, 3650),
        )

    def secret_key(self, name: str) -> Secret:
        """Return what keys in the store are sealed with; too short a one seals nothing."""
        value = self.text(name)
        if value and len(value) < SHORTEST_SECRET:
            # Never the value: it is a secret.
            self.problems.append(
                f"{name} has {len(value)} characters; it needs {SHORTEST_SECRET}, such as `openssl rand -hex 32` makes."
            )
        return Secret(value)

    def deployment(self) -> Settings:
        cloud = self.cloud()
        app_id = self.guid("MicrosoftAppId", f"It is the application (client) id of your Azure Bot. {REGISTER}")
        app_type = self.choice("MicrosoftAppType", "SingleTenant", ("SingleTenant", identity.MANAGED, "MultiTenant"))
        tenant = self.guid("MicrosoftAppTenantId", "It is the directory (tenant) id in Entra.")
        return Settings(
            app_id=app_id,
            credential=identity.chosen(self, app_id, app_type, cloud.exchange_audience),
            app_tenant=tenant,
            app_type=app_type,
            host=self.text("HOST", "0.0.0.0"),  # noqa: S104 - a server in a container listens to all
            port=self.number("PORT", 3978, 0, HIGHEST_PORT),
            admin=self.listener("MUSTER_ADMIN_PORT"),
            graph_url=self.url("MUSTER_GRAPH_URL", cloud.graph_url, path=False),
            login_url=self.url("MUSTER_LOGIN_URL", cloud.login_url),
            cloud=cloud,
            bot_scope=cloud.bot_scope,
            token_issuer=cloud.token_issuer,
            hooks=self.hooks_of_chats(),
            collector=self.collector("OTEL_EXPORTER_OTLP_ENDPOINT"),
            calls_openid_url=self.calls_openid_url(cloud),
            openid_metadata_url=self.url("MUSTER_OPENID_METADATA_URL", cloud.openid_metadata_url),
            connector_hosts=self.words("MUSTER_CONNECTOR_HOSTS", cloud.connector_hosts),
            tenants=self.tenants(app_type, tenant),
            thread_binding=self.binding(cloud),
            store=Secret(self.store("MUSTER_STORE", "sqlite:///muster.db")),
            container=self.contained(),
            duration=self.number("MUSTER_DURATION", 60, 5, 1440),
            language=self.language("MUSTER_LANGUAGE", "en"),
            welcome=self.choice("MUSTER_WELCOME", "team", ("team", "off")),
            log=self.choice("MUSTER_LOG", "info", ("debug", "info", "warning", "error")),
            ca_files=self.files("MUSTER_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
            open_topics=self.words("MUSTER_OPEN_TOPICS", ()),
            backup_bridge=self.line("MUSTER_BACKUP_BRIDGE", 200),
            read_messages=self.choice("MUSTER_READ_MESSAGES", "off", ("off", "on")) == "on",
            meeting_events=self.choice("MUSTER_MEETING_EVENTS", "off", ("off", "on")) == "on",
            auth=self.auth(),
            oauth_connection=self.text("MUSTER_OAUTH_CONNECTION"),
            token_service_url=self.url("MUSTER_TOKEN_SERVICE_URL", cloud.token_service_url),
        )
