"""Microsoft's clouds as one table: which endpoints belong together (facts/graph 8, facts/teams 7.2).

Tokens of one cloud are worth nothing in another, so a row is used as a whole; a single endpoint can be overridden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cloud:
    """The endpoints of one cloud. URLs have no last slash, hosts are exact names.

    `sign_in_pages` is the host of the pages on which people sign in to an OAuth connection; `teams_url` is where
    Teams' own links open.
    `shared_tenant` is the one that multi-tenant bots get the connector's token from. `exchange_audience` is what a
    managed identity's token is for where it stands for the app
    (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
    `powershell_url` and `teams_environment` are where and how an administrator runs Teams' cmdlets
    (https://learn.microsoft.com/powershell/module/teams/connect-microsoftteams). `ties` says whether Graph's beta
    createOrGet is there, the only one documented to tie a meeting to a channel.
    """

    graph_url: str
    login_url: str
    shared_tenant: str
    bot_scope: str
    token_issuer: str
    openid_metadata_url: str
    connector_hosts: tuple[str, ...]
    token_service_url: str
    sign_in_pages: str
    teams_url: str
    exchange_audience: str
    powershell_url: str
    teams_environment: str
    ties: bool


WORLDWIDE = Cloud(
    graph_url="https://graph.microsoft.com",
    login_url="https://login.microsoftonline.com",
    shared_tenant="botframework.com",
    bot_scope="https://api.botframework.com/.default",
    token_issuer="https://api.botframework.com",  # noqa: S106 - an issuer's address, not a secret
    openid_metadata_url="https://login.botframework.com/v1/.well-known/openidconfiguration",
    connector_hosts=(
        "smba.trafficmanager.net",
        "smba.onyx.prod.teams.trafficmanager.net",
        "smba.infra.gcc.teams.microsoft.com",
    ),
    token_service_url="https://api.botframework.com",  # noqa: S106 - an address, not a secret
    sign_in_pages="token.botframework.com",
    teams_url="https://teams.microsoft.com",
    exchange_audience="api://AzureADTokenExchange",
    powershell_url="https://shell.azure.com",
    teams_environment="",
    ties=True,
)
GCC_HIGH = Cloud(
    graph_url="https://graph.microsoft.us",
    login_url="https://login.microsoftonline.us",
    shared_tenant="MicrosoftServices.onmicrosoft.us",
    bot_scope="https://api.botframework.us/.default",
    token_issuer="https://api.botframework.us",  # noqa: S106 - an issuer's address, not a secret
    openid_metadata_url="https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
    connector_hosts=("smba.infra.gov.teams.microsoft.us",),
    # Microsoft's Teams SDK names this host; the older api.botframework.azure.us is botbuilder's (facts/graph 8).
    token_service_url="https://tokengcch.botframework.azure.us",  # noqa: S106 - an address, not a secret
    sign_in_pages="tokengcch.botframework.azure.us",
    teams_url="https://gov.teams.microsoft.us",
    exchange_audience="api://AzureADTokenExchangeUSGov",
    powershell_url="https://shell.azure.us",
    teams_environment="TeamsGCCH",
    ties=False,
)
DOD = Cloud(
    graph_url="https://dod-graph.microsoft.us",
    login_url="https://login.microsoftonline.us",
    shared_tenant="MicrosoftServices.onmicrosoft.us",
    bot_scope="https://api.botframework.us/.default",
    token_issuer="https://api.botframework.us",  # noqa: S106 - an issuer's address, not a secret
    openid_metadata_url="https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
    connector_hosts=("smba.infra.dod.teams.microsoft.us",),
    token_service_url="https://apidod.botframework.azure.us",  # noqa: S106 - an address, not a secret
    sign_in_pages="apidod.botframework.azure.us",
    teams_url="https://dod.teams.microsoft.us",
    exchange_audience="api://AzureADTokenExchangeUSGov",
    powershell_url="https://shell.azure.us",
    teams_environment="TeamsDOD",
    ties=False,
)
CLOUDS: Mapping[str, Cloud] = {"public": WORLDWIDE, "gcc": WORLDWIDE, "gcch": GCC_HIGH, "dod": DOD}
"""Every cloud by the name it is set by; GCC lives at the worldwide endpoints."""
NO_MEETINGS = {"china": "Microsoft Graph makes no online meetings in the cloud that 21Vianet operates"}
"""Clouds in which Muster cannot work, and why (facts/graph 8)."""
