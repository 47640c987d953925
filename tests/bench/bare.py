"""The lower bound: aiohttp alone. Verifies the token, asks Graph once, posts one card, and only then answers.

Nothing is durable, nothing is done again, copies are not recognised.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import jwt
from aiohttp import web

from tests.bench.beat import serve
from tests.bench.wording import card, request_for

SETTINGS = os.environ
BOT_SCOPE = "https://api.botframework.com/.default"


class Bot:
    """Holds one session, the keys and two tokens."""

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Fetch keys and tokens, and keep the connections."""
        trust = ssl.create_default_context(cafile=SETTINGS["SSL_CERT_FILE"])
        connector = aiohttp.TCPConnector(ssl=trust, limit=0, keepalive_timeout=60)
        async with aiohttp.ClientSession(connector=connector) as self.session:
            async with self.session.get(SETTINGS["MUSTER_OPENID_METADATA_URL"]) as answer:
                keys_url = (await answer.json())["jwks_uri"]
            async with self.session.get(keys_url) as answer:
                self.keys = {key["kid"]: jwt.PyJWK(key).key for key in (await answer.json())["keys"]}
            self.graph_token = await self._token(f"{SETTINGS['MUSTER_GRAPH_URL']}/.default")
            self.bot_token = await self._token(BOT_SCOPE)
            yield

    async def _token(self, scope: str) -> str:
        url = f"{SETTINGS['MUSTER_LOGIN_URL']}/{SETTINGS['MicrosoftAppTenantId']}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": SETTINGS["MicrosoftAppId"],
            "client_secret": SETTINGS["MicrosoftAppPassword"],
            "scope": scope,
        }
        async with self.session.post(url, data=form) as answer:
            return str((await answer.json())["access_token"])

    async def messages(self, request: web.Request) -> web.Response:
        """Answer one POST when its card is posted."""
        token = request.headers["Authorization"].removeprefix("Bearer ")
        key = self.keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience=SETTINGS["MicrosoftAppId"], issuer="https://api.botframework.com"
        )
        activity = await request.json()
        if claims["serviceurl"] != activity["serviceUrl"]:
            return web.Response(status=401)
        meeting = await self._meeting(activity)
        await self._post(activity, card(meeting))
        return web.Response(status=200)

    async def _meeting(self, activity: dict[str, Any]) -> dict[str, Any]:
        oid = activity["from"]["aadObjectId"]
        url = f"{SETTINGS['MUSTER_GRAPH_URL']}/v1.0/users/{oid}/onlineMeetings/createOrGet"
        headers = {"Authorization": f"Bearer {self.graph_token}"}
        body = request_for(activity["conversation"]["id"], activity["id"])
        async with self.session.post(url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            meeting: dict[str, Any] = await answer.json()
            return meeting

    async def _post(self, activity: dict[str, Any], content: dict[str, Any]) -> None:
        conversation = quote(activity["conversation"]["id"], safe="")
        url = f"{activity['serviceUrl']}v3/conversations/{conversation}/activities"
        headers = {"Authorization": f"Bearer {self.bot_token}"}
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
        body = {"type": "message", "attachments": [attachment]}
        async with self.session.post(url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            await answer.read()


def application() -> web.Application:
    """Return the bot as an application."""
    bot, made = Bot(), web.Application()
    made.cleanup_ctx.append(bot.running)
    made.router.add_post("/api/messages", bot.messages)
    return made


if __name__ == "__main__":
    serve(application(), int(SETTINGS["PORT"]))
