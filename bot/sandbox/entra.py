"""A small Entra and Bot Framework login service: metadata, keys and tokens that are really checked.

Sources: facts/teams 7.1 (what the bot checks), learn.microsoft.com "OAuth 2.0 client credentials flow" and
"Microsoft Entra authentication error codes" (AADSTS…).
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from email.utils import format_datetime
from typing import Any

import jwt
from aiohttp import web

from bot.sandbox.authority import Authority, SigningKey
from bot.sandbox.clock import moment
from bot.sandbox.proofs import ASSERTION_TYPE, Proofs
from bot.sandbox.server import Call, Refused, Server, Stage
from bot.sandbox.tenant import DOMAIN, Person

GRAPH_AUDIENCE = "https://graph.microsoft.com"
BOT_AUDIENCE = "https://api.botframework.com"
OLD_GRAPH = "https://graph.windows.net"
"""The audience of a token for Graph's predecessor."""
AHEAD_MS = 600_000
CALLS = ("Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All", "Calls.Initiate.All")
"""What ringing people needs (facts/graph 5)."""

_UNKNOWN_TENANT = "AADSTS90002: Tenant '{}' not found. Check to make sure you have the correct tenant ID."
_UNKNOWN_APP = "AADSTS700016: Application with identifier '{}' was not found in the directory '{}'."
_BAD_SECRET = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."  # noqa: E501, S105 - Entra's text, not a secret
_NO_CREDENTIAL = (
    "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
)
_MISSING = "AADSTS900144: The request body must contain the following parameter: '{}'."
_BAD_GRANT = "AADSTS70003: The app requested an unsupported grant type '{}'."
_BAD_SCOPE = "AADSTS1002012: The provided value for scope {} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."  # noqa: E501 - Entra's text
BAD_RESOURCE = "AADSTS500011: The resource principal named {} was not found in the tenant."


class Entra(Server):
    """Issues and remembers tokens. `token_lifetime` is in seconds; `roles` are what Graph tokens carry.

    `bot_key` signs what Teams sends to the bot, `key` signs access tokens. `audiences` are resources with tokens.
    `bot_framework` is the connector's audience and who signs what Teams sends, which differ between Microsoft's clouds;
    `proofs` is what besides `app_secret` the app's registration knows the app by.
    """

    name = "entra"

    def __init__(self, stage: Stage, authority: Authority, *, app_secret: str) -> None:
        super().__init__(stage, authority)
        self.app_secret = app_secret
        self.token_lifetime = 3599
        self.roles = ["OnlineMeetings.ReadWrite.All", "Calendars.ReadWrite", "Presence.Read.All", *CALLS]
        self.endorsements = ["msteams"]
        self.audiences = {GRAPH_AUDIENCE, BOT_AUDIENCE}
        self.bot_framework = BOT_AUDIENCE
        self.proofs = Proofs()
        self.key = SigningKey()
        self.bot_keys = [SigningKey()]
        self.issued: list[str] = []
        self._unendorsed: list[SigningKey] = []
        self._revoked: set[str] = set()
        self.route("GET", "/v1/.well-known/openidconfiguration", "entra.metadata", self._metadata)
        self.route("GET", "/v1/.well-known/keys", "entra.keys", self._bot_framework_keys)
        self.route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", "entra.discovery", self._discovery)
        self.route("GET", "/{tenant}/discovery/v2.0/keys", "entra.keys", self._keys)
        self.route("POST", "/{tenant}/oauth2/v2.0/token", "entra.token", self._token)

    @property
    def bot_key(self) -> SigningKey:
        """Return the key that signs what Teams sends."""
        return self.bot_keys[-1]

    @property
    def issuer(self) -> str:
        """Return who issues tokens of version 2, such as those that stand for an app."""
        return f"{self.url}/{self.stage.tenant.tenant_id}/v2.0"

    def move(self, bot_framework: str) -> None:
        """Be another cloud's: its connector's audience, and its signer of what Teams sends."""
        self.audiences = self.audiences - {self.bot_framework} | {bot_framework}
        self.bot_framework = bot_framework

    def rotate_bot_key(self, *, keep_old: bool = True) -> SigningKey:
        """Sign what Teams sends with a new key from now on; the old one stays published unless told otherwise."""
        self.bot_keys = [*self.bot_keys, SigningKey()] if keep_old else [SigningKey()]
        return self.bot_key

    def retire(self) -> None:
        """Give the keys back. Once, at the end."""
        for key in (self.key, *self.bot_keys, *self._unendorsed):
            key.retire()

    def unendorsed_key(self) -> SigningKey:
        """Return a key that is published too, but for another channel than Teams."""
        if not self._unendorsed:
            self._unendorsed.append(SigningKey())
        return self._unendorsed[0]

    def rotate_key(self) -> None:
        """Sign access tokens with a new key; those issued before are no longer valid."""
        self.key = SigningKey()

    def revoke(self) -> int:
        """Revoke every access token issued until now, and return how many that were."""
        self._revoked.update(self.issued)
        return len(self.issued)

    def issue(self, audience: str, **changes: Any) -> str:  # noqa: ANN401 - any claim
        """Return an app-only access token for an audience; `changes` replace claims (to forge)."""
        now = self.stage.clock.now() // 1000
        tenant = self.stage.tenant
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant.tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": now + self.token_lifetime,
            "appid": tenant.app_id,
            "tid": tenant.tenant_id,
            "idtyp": "app",
            "ver": "1.0",
            "uti": secrets.token_urlsafe(16),
        }
        if audience != self.bot_framework:
            claims["roles"] = list(self.roles)
        claims.update(changes)
        token = self.stage.canaries.add("token", self.key.sign(claims))
        self.issued.append(claims["uti"])
        return token

    def issue_for(self, person: Person, scope: str, *, audience: str = GRAPH_AUDIENCE) -> str:
        """Return a delegated access token of a person: what they consented to is its `scp`, and it has no roles."""
        return self.issue(audience, oid=person.oid, upn=person.upn, scp=scope, idtyp="user", roles=[])

    def claims(self, authorization: str, audiences: set[str]) -> dict[str, Any]:
        """Return the claims of a valid `Bearer …` header; raises Refused 401 with the reason."""
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() != "bearer" or not token:
            raise Refused(401, "InvalidAuthenticationToken", "Access token is empty.")
        try:
            claims = self.key.verify(token)
        except jwt.InvalidTokenError:
            raise Refused(401, "InvalidAuthenticationToken", "IDX10511: Signature validation failed.") from None
        now = self.stage.clock.now() // 1000
        if claims["aud"] not in audiences:
            raise Refused(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
        if not claims["nbf"] - 300 <= now < claims["exp"]:
            raise Refused(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        if claims["uti"] in self._revoked:
            raise Refused(401, "InvalidAuthenticationToken", "Access token has been revoked.")
        return claims

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return an OAuth error as Entra words it."""
        number = refused.message.removeprefix("AADSTS").partition(":")[0]
        at = moment(self.stage.clock.now()).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), call.request.headers.get("client-request-id", str(uuid.uuid4()))
        description = f"{refused.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
        body = {
            "error": refused.code,
            "error_description": description,
            "error_codes": [int(number)] if number.isdecimal() else [],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{self.url}/error?code={number}",
        }
        return web.json_response(body, status=refused.status, headers=refused.headers)

    async def _metadata(self, call: Call) -> web.Response:
        del call
        return web.json_response(
            {
                "issuer": self.bot_framework,
                "authorization_endpoint": "https://invalid.botframework.com",
                "jwks_uri": f"{self.url}/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            }
        )

    async def _bot_framework_keys(self, call: Call) -> web.Response:
        del call
        keys = [{**key.jwk(), "endorsements": self.endorsements} for key in self.bot_keys]
        keys += [{**key.jwk(), "endorsements": ["webchat"]} for key in self._unendorsed]
        return web.json_response({"keys": keys})

    async def _keys(self, call: Call) -> web.Response:
        self._tenant(call)
        return web.json_response({"keys": [self.key.jwk()]})

    async def _discovery(self, call: Call) -> web.Response:
        tenant = self._tenant(call)
        base = f"{self.url}/{tenant}"
        return web.json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "tenant_region_scope": "EU",
            }
        )

    async def _token(self, call: Call) -> web.Response:
        self._tenant(call)
        form: dict[str, str] = call.body if isinstance(call.body, dict) else {}
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise Refused(400, "invalid_request", _MISSING.format(name))
        if form["grant_type"] != "client_credentials":
            raise Refused(400, "unsupported_grant_type", _BAD_GRANT.format(form["grant_type"]))
        self._credential(form, f"{self.url}{call.request.path}")
        resource, default = form["scope"].rsplit("/", 1) if "/" in form["scope"] else ("", "")
        if default != ".default":
            raise Refused(400, "invalid_scope", _BAD_SCOPE.format(form["scope"]))
        if resource not in self.audiences:
            raise Refused(400, "invalid_resource", BAD_RESOURCE.format(resource))
        lifetime = self.token_lifetime
        answer = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime}
        return web.json_response({**answer, "access_token": self._granted(call, resource)})

    def _granted(self, call: Call, resource: str) -> str:
        """Return the app's token, as the faults in force leave it."""
        if resource == self.bot_framework:
            return self.issue(resource)
        rule, exchange = self.stage.faults.rule, call.exchange
        roles = [] if rule("no-consent", exchange) else self.roles
        if rule("no-calls", exchange):
            roles = [role for role in roles if role not in CALLS]
        return self.issue(OLD_GRAPH if rule("wrong-audience", exchange) else resource, roles=roles)

    def dress(self, call: Call, response: web.Response) -> None:
        """Date the answer."""
        if self.stage.faults.rule("wrong-clock", call.exchange):
            ahead = moment(self.stage.clock.now() + AHEAD_MS)
            response.headers["Date"] = format_datetime(ahead, usegmt=True)

    def _credential(self, form: dict[str, str], endpoint: str) -> None:
        tenant = self.stage.tenant
        if form["client_id"] != tenant.app_id:
            raise Refused(400, "unauthorized_client", _UNKNOWN_APP.format(form["client_id"], tenant.tenant_id))
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise Refused(400, "invalid_request", _MISSING.format("client_assertion_type"))
            now = self.stage.clock.now() // 1000
            self.proofs.judge(form["client_assertion"], tenant.app_id, endpoint, now)
            return
        if not form.get("client_secret"):
            raise Refused(401, "invalid_client", _NO_CREDENTIAL)
        if not hmac.compare_digest(form["client_secret"].encode(), self.app_secret.encode()):
            raise Refused(401, "invalid_client", _BAD_SECRET)

    def _tenant(self, call: Call) -> str:
        tenant = call.part("tenant")
        if tenant.lower() not in {"common", self.stage.tenant.tenant_id, DOMAIN, "botframework.com"}:
            raise Refused(400, "invalid_request", _UNKNOWN_TENANT.format(tenant))
        return tenant
