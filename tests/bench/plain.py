"""What botbuilder's own documentation leads to: CloudAdapter, TeamsActivityHandler, an awaited call of Graph by httpx.

Only the addresses are the bench's. MSAL asks Microsoft's hosts about an address it does not know, unless it is told
otherwise; that is all that the credentials here change.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import httpx
import msal
from aiohttp import web
from botbuilder.core import CardFactory, MessageFactory, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botframework.connector.auth import MicrosoftAppCredentials, PasswordServiceClientCredentialFactory

from tests.bench.beat import serve
from tests.bench.wording import card, request_for

SETTINGS = os.environ
SCOPE = "https://api.botframework.com/.default"


def login() -> str:
    """Return the authority of the bot's tenant."""
    return f"{SETTINGS['MUSTER_LOGIN_URL']}/{SETTINGS['MicrosoftAppTenantId']}"


class Credentials(MicrosoftAppCredentials):  # type: ignore[misc]  # botframework has no types
    """botframework's own, whose MSAL takes the authority as it is."""

    app: Any

    def get_access_token(self, force_refresh: bool = False) -> str:
        """Return the token of the application's own cache, else a new one, as botframework's does."""
        del force_refresh
        if not self.app:
            self.app = msal.ConfidentialClientApplication(
                client_id=self.microsoft_app_id,
                client_credential=self.microsoft_app_password,
                authority=login(),
                instance_discovery=False,
            )
        found = self.app.acquire_token_silent([SCOPE], account=None) or self.app.acquire_token_for_client([SCOPE])
        return str(found["access_token"])


class Factory(PasswordServiceClientCredentialFactory):  # type: ignore[misc]  # botframework has no types
    """New credentials each time, as botframework's does."""

    async def create_credentials(self, app_id: str, *_: object, **__: object) -> Credentials:
        """Return credentials of the bot."""
        return Credentials(app_id, self.password, self.tenant_id, SCOPE)


class Bot(TeamsActivityHandler):  # type: ignore[misc]  # botbuilder has no types
    """Opens a meeting for everything said."""

    def __init__(self) -> None:
        self.graph = httpx.AsyncClient(verify=SETTINGS["SSL_CERT_FILE"])
        self.msal = msal.ConfidentialClientApplication(
            SETTINGS["MicrosoftAppId"],
            client_credential=SETTINGS["MicrosoftAppPassword"],
            authority=login(),
            instance_discovery=False,
        )

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        """Make a meeting and post its card."""
        said = turn_context.activity
        graph = SETTINGS["MUSTER_GRAPH_URL"]
        token = self.msal.acquire_token_for_client([f"{graph}/.default"])["access_token"]
        answer = await self.graph.post(
            f"{graph}/v1.0/users/{said.from_property.aad_object_id}/onlineMeetings/createOrGet",
            json=request_for(said.conversation.id, said.id),
            headers={"Authorization": f"Bearer {token}"},
        )
        content = CardFactory.adaptive_card(card(answer.raise_for_status().json()))
        await turn_context.send_activity(MessageFactory.attachment(content))


def configuration() -> Any:  # noqa: ANN401 - botbuilder reads whatever has these names
    """Return what botbuilder calls a configuration."""
    metadata = SETTINGS["MUSTER_OPENID_METADATA_URL"]
    return SimpleNamespace(
        APP_ID=SETTINGS["MicrosoftAppId"],
        APP_PASSWORD=SETTINGS["MicrosoftAppPassword"],
        APP_TYPE="SingleTenant",
        APP_TENANTID=SETTINGS["MicrosoftAppTenantId"],
        TO_CHANNEL_FROM_BOT_LOGIN_URL=login(),
        TO_CHANNEL_FROM_BOT_OAUTH_SCOPE="https://api.botframework.com",
        TO_BOT_FROM_CHANNEL_TOKEN_ISSUER="https://api.botframework.com",
        TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL=metadata,
        TO_BOT_FROM_EMULATOR_OPENID_METADATA_URL=metadata,
        OAUTH_URL="https://api.botframework.com",
        CALLER_ID="urn:botframework:azure",
        VALIDATE_AUTHORITY=False,
    )


def application() -> web.Application:
    """Return the bot as an application."""
    settings = configuration()
    factory = Factory(settings.APP_ID, settings.APP_PASSWORD, settings.APP_TENANTID)
    adapter = CloudAdapter(ConfigurationBotFrameworkAuthentication(settings, credentials_factory=factory))
    bot, made = Bot(), web.Application()

    async def messages(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse | None = await adapter.process(request, bot)
        return answer or web.Response(status=201)

    made.router.add_post("/api/messages", messages)
    return made


if __name__ == "__main__":
    serve(application(), int(SETTINGS["PORT"]))
