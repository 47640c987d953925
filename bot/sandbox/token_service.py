"""A small Bot Framework Token Service: people's tokens behind one OAuth connection, on its real paths (facts/graph 7).

What a client of it sends and reads: `botframework.connector.token_api`. How a person consents, and what the browser
ends with, is the page behind a sign-in link: `page` stands for it.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.clock import moment
from bot.sandbox.entra import Entra
from bot.sandbox.server import Call, Refused, Server, Stage
from bot.sandbox.tenant import Person

CONNECTION = "graph"
SCOPE = "OnlineMeetings.ReadWrite Calendars.ReadWrite"
_CHANNEL = "msteams"


@dataclass(slots=True)
class Consent:
    """What the service knows of one person: whether they consented, and since then their token until it is lost."""

    given: bool = False
    token: str = ""
    codes: dict[str, Person] = field(default_factory=dict)


class TokenService(Server):
    """`connection` is the OAuth connection's name; `known` what is known of each person, by object id."""

    name = "tokens"

    def __init__(self, stage: Stage, authority: Authority, entra: Entra) -> None:
        super().__init__(stage, authority)
        self.connection = CONNECTION
        self.known: dict[str, Consent] = {}
        self._entra = entra
        self._links: dict[str, Person] = {}
        self.route("GET", "/api/usertoken/GetToken", "tokens.get", self._get)
        self.route("POST", "/api/usertoken/exchange", "tokens.exchange", self._exchange)
        self.route("DELETE", "/api/usertoken/SignOut", "tokens.signOut", self._sign_out)
        self.route("GET", "/api/botsignin/GetSignInResource", "tokens.resource", self._resource)

    @property
    def sso_audience(self) -> str:
        """Return the bot's own resource, for which Teams gets a token of the person (facts/graph 7.1)."""
        return f"api://botid-{self.stage.tenant.app_id}"

    def of(self, person: Person) -> Consent:
        """Return what is known of somebody."""
        return self.known.setdefault(person.oid, Consent())

    def lose(self, person: Person) -> None:
        """Let somebody's sign-in expire; the consent they gave stays."""
        self.of(person).token = ""

    def page(self, link: str, *, consents: bool, account: Person | None = None) -> str:
        """Open a sign-in link as its person, who consents or not; return the code the browser ends with, or "".

        `account` is who the browser is signed in as, if somebody else. Raises LookupError for an address that is not
        one of ours.
        """
        person = self._links[link]
        if not consents:
            return ""
        code = f"{secrets.randbelow(1_000_000):06d}"
        self.of(person).given = True
        self.of(person).codes[code] = account or person
        self.stage.canaries.add("code", f"code={code}")  # with its name: six digits stand in any log
        return code

    def admit(self, call: Call) -> None:
        """Judge the bot's bearer; raises Refused 401."""
        claims = self._entra.claims(call.request.headers.get("Authorization", ""), {self._entra.bot_framework})
        if claims["appid"] != self.stage.tenant.app_id:
            raise Refused(401, "Unauthorized")

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return the service's error body."""
        del call
        error = {"code": refused.code, "message": refused.message}
        return web.json_response({"error": error}, status=refused.status, headers=refused.headers)

    async def _get(self, call: Call) -> web.Response:
        person = self._person(call)
        known, code = self.of(person), call.query("code")
        if code:
            if code not in known.codes:
                raise Refused(404, "NotFound")
            known.token = self._entra.issue_for(known.codes.pop(code), SCOPE)
        if not known.token:
            raise Refused(404, "NotFound")
        return self._token(person)

    async def _exchange(self, call: Call) -> web.Response:
        person = self._person(call)
        token = call.body.get("token") if isinstance(call.body, dict) else None
        claims = self._entra.claims(f"Bearer {token}", {self.sso_audience}) if token else {}
        if claims.get("oid") != person.oid:
            raise Refused(400, "BadArgument")
        if not self.of(person).given:
            raise Refused(400, "BadArgument")
        self._keep(person)
        return self._token(person)

    async def _sign_out(self, call: Call) -> web.Response:
        self.lose(self._person(call))
        return web.Response(status=204)

    async def _resource(self, call: Call) -> web.Response:
        state = _read_state(call.query("state"))
        user = state.get("conversation", {}).get("user", {})
        person = self.stage.tenant.person(str(user.get("id", "")))
        if person is None or not self._has(state.get("connectionName"), call):
            raise Refused(400, "BadArgument")
        if state.get("msAppId") != self.stage.tenant.app_id:
            raise Refused(400, "BadArgument")
        link = f"{self.url}/api/oauth/signin?signin={self.stage.canaries.add('code', secrets.token_hex(16))}"
        self._links[link] = person
        silent = {"id": secrets.token_hex(16), "uri": self.sso_audience, "providerId": None}
        return web.json_response({"signInLink": link, "tokenExchangeResource": silent, "tokenPostResource": None})

    def _person(self, call: Call) -> Person:
        person = self.stage.tenant.person(call.query("userId"))
        if person is None or call.query("channelId") != _CHANNEL or not self._has(call.query("connectionName"), call):
            raise Refused(400, "BadArgument")
        return person

    def _has(self, connection: object, call: Call) -> bool:
        return connection == self.connection and not self.stage.faults.rule("no-connection", call.exchange)

    def _keep(self, person: Person) -> None:
        self.of(person).token = self._entra.issue_for(person, SCOPE)

    def _token(self, person: Person) -> web.Response:
        until = moment(self.stage.clock.now() + self._entra.token_lifetime * 1000)
        return web.json_response(
            {
                "channelId": _CHANNEL,
                "connectionName": self.connection,
                "token": self.of(person).token,
                "expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )


def _read_state(text: str) -> dict[str, Any]:
    try:
        state = json.loads(base64.b64decode(text))
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}
