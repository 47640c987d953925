"""A small bot for tests of the sandbox's face: answers each message with a card, a button with an edit.

It is a program (`python sample_bot.py`) that reads the environment a bot gets from the cloud.
"""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

URL = "https://teams.example/meet/23456789012?p=demo"


def sample_card(subject: str = "Retro", state: str = "open") -> dict[str, Any]:
    """Return a card like the bot's own."""
    more = {"type": "Action.ToggleVisibility", "title": "More", "targetElements": ["more"]}
    return {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [
            {"type": "TextBlock", "text": f"{subject}: {state}", "wrap": True, "style": "heading"},
            {"type": "TextBlock", "text": "Ana Lima is hosting · since 12:04 (UTC+1)", "wrap": True},
            {
                "type": "ActionSet",
                "actions": [{"type": "Action.OpenUrl", "title": f"Join {subject}", "url": URL}, more],
            },
            {
                "type": "TextBlock",
                "text": "Phone: +44 20 7946 0123 (London) or +44 808 157 0192 (free), then 123 456 789#",
            },
            {"type": "TextBlock", "text": "Callers come straight in."},
            {
                "type": "Container",
                "id": "more",
                "isVisible": False,
                "items": [
                    {"type": "TextBlock", "text": "Teams meeting ID 234 567 890 12"},
                    {"type": "ActionSet", "actions": [{"type": "Action.Execute", "title": "End", "verb": "end"}]},
                ],
            },
        ],
    }


class SampleBot:
    """Answers `meet` with a card, `whisper` with a targeted message, anything else with nothing."""

    def __init__(self) -> None:
        context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))
        self._last: dict[str, str] = {}

    async def close(self, _: web.Application) -> None:
        """Close the connections."""
        await self._session.close()

    async def handle(self, request: web.Request) -> web.Response:
        """Take an activity; the answer is posted before it is acknowledged."""
        activity = await request.json()
        text = activity.get("text", "")
        if activity["type"] == "invoke":
            await self._edit(activity)
            return web.json_response(
                {
                    "statusCode": 200,
                    "type": "application/vnd.microsoft.activity.message",
                    "value": "Closed for everybody.",
                }
            )
        if "meet" in text and activity["type"] == "message":
            await self._post(activity, sample_card(text.split()[-1] if "now " in text else "Meeting"))
        if "whisper" in text:
            await self._whisper(activity)
        return web.Response(status=202)

    async def _call(self, method: str, url: str, body: dict[str, Any]) -> dict[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "client_id": _setting("AppId"),
            "client_secret": _setting("AppPassword"),
            "scope": "https://api.botframework.com/.default",
        }
        login = f"{os.environ['MUSTER_LOGIN_URL']}/{_setting('AppTenantId')}/oauth2/v2.0/token"
        async with self._session.post(login, data=form) as answer:
            token = (await answer.json())["access_token"]
        async with self._session.request(
            method, url, json=body, headers={"Authorization": f"Bearer {token}"}
        ) as answer:
            answer.raise_for_status()
            result: dict[str, Any] = await answer.json()
            return result

    async def _post(self, activity: dict[str, Any], card: dict[str, Any]) -> None:
        conversation = activity["conversation"]["id"]
        made = await self._call("POST", _url(activity), _message(card))
        self._last[conversation.partition(";")[0]] = made["id"]

    async def _edit(self, activity: dict[str, Any]) -> None:
        await self._call("PUT", f"{_url(activity)}/{activity['replyToId']}", _message(sample_card(state="ended")))

    async def _whisper(self, activity: dict[str, Any]) -> None:
        body = {"type": "message", "text": "There's already a meeting here: **Retro**.", "recipient": activity["from"]}
        await self._call("POST", f"{_url(activity)}?isTargetedActivity=true", body)


def _setting(name: str) -> str:
    return os.environ[f"Microsoft{name}"]


def _url(activity: dict[str, Any]) -> str:
    return f"{activity['serviceUrl']}v3/conversations/{quote(activity['conversation']['id'], safe='')}/activities"


def _message(card: dict[str, Any]) -> dict[str, Any]:
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "summary": "Retro is open.", "attachments": [{"contentType": kind, "content": card}]}


async def application() -> web.Application:
    """Return the bot."""
    app = web.Application()
    bot = SampleBot()
    app.router.add_post("/api/messages", bot.handle)
    app.on_cleanup.append(bot.close)

    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ready")

    app.router.add_get("/readyz", ready)
    return app


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] != "--broken":
        Path(sys.argv[1]).write_text(str(Path.cwd()), encoding="utf-8")
    if "--broken" in sys.argv:
        sys.exit("NameError: name 'coffe' is not defined")
    web.run_app(application(), host=os.environ["HOST"], port=int(os.environ["PORT"]), print=None, access_log=None)
