"""Who Muster is for Teams and whom it lets in, as the settings have it: one answer for serving and for doctor."""

from __future__ import annotations

from bot.settings import Settings
from bot.teams.door import Rules
from bot.teams.edge import Registration
from bot.teams.token_service import Account


def registration(settings: Settings) -> Registration:
    """Return what the Teams edge is opened with."""
    hosts, tenants = frozenset(settings.connector_hosts), frozenset(settings.tenants)
    rules = Rules(settings.app_id, settings.token_issuer, hosts, tenants)
    connection = settings.oauth_connection if settings.auth != "app" else ""
    account = Account(settings.token_service_url, connection, settings.app_id) if connection else None
    return Registration(rules, settings.metadata_urls, settings.bot_tenant, settings.bot_scope, account)
