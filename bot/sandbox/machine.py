"""An Azure machine with a managed identity: its metadata service's endpoint, or App Service's, over HTTP on loopback.

https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token and
https://learn.microsoft.com/azure/app-service/overview-managed-identity (REST endpoint reference).
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from typing import Self

from aiohttp import web

from bot.sandbox.cloud import Cloud
from bot.sandbox.entra import BAD_RESOURCE
from bot.sandbox.proofs import EXCHANGE, Federated
from bot.sandbox.server import Call, Refused, Server

_METADATA = "/metadata/identity/oauth2/token"
_APP_SERVICE = "/msi/token"


class Machine(Server):
    """`async with Machine(cloud, client_id) as machine`: its identity's tokens are the cloud's Entra's.

    `client_id` is the application id of the user-assigned identity; `object_id` is what its tokens name.
    """

    name = "entra"
    secure = False

    def __init__(self, cloud: Cloud, client_id: str) -> None:
        super().__init__(cloud.entra.stage, cloud.authority)
        self.client_id = client_id
        self.object_id = str(uuid.uuid4())
        self.secret = secrets.token_urlsafe(16)
        self._entra = cloud.entra
        self.route("GET", _METADATA, "machine.token", self._metadata)
        self.route("GET", _APP_SERVICE, "machine.token", self._app_service)

    async def __aenter__(self) -> Self:
        """Listen on any free port."""
        await self.start(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the port."""
        await self.stop()

    def virtual_machine(self) -> dict[str, str]:
        """Return the environment by which a program finds the metadata service here."""
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def app_service(self) -> dict[str, str]:
        """Return the environment that App Service and Container Apps give a program."""
        return {"IDENTITY_ENDPOINT": f"{self.url}{_APP_SERVICE}", "IDENTITY_HEADER": self.secret}

    def trusted(self) -> None:
        """Let tokens of this identity stand for the app: a federated credential of its registration."""
        key = self._entra.key.public_key
        self._entra.proofs.federated.append(Federated(self._entra.issuer, self.object_id, key))

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return an error as the metadata service words it, or as App Service does."""
        if call.request.path == _APP_SERVICE:
            body: dict[str, object] = {"statusCode": refused.status, "message": refused.message}
        else:
            body = {"error": refused.code, "error_description": refused.message}
        return web.json_response(body, status=refused.status, headers=refused.headers)

    async def _metadata(self, call: Call) -> web.Response:
        if call.request.headers.get("Metadata") != "true":
            raise Refused(400, "bad_request_102", "Required metadata header not specified")
        return web.json_response(self._granted(call, "2018-02-01"))

    async def _app_service(self, call: Call) -> web.Response:
        told = call.request.headers.get("X-IDENTITY-HEADER", "")
        if not hmac.compare_digest(told.encode(), self.secret.encode()):
            raise Refused(401, "unauthorized")  # in words that are not documented
        return web.json_response(self._granted(call, "2019-08-01"))

    def _granted(self, call: Call, version: str) -> dict[str, str]:
        resource = call.query("resource")
        if call.query("api-version") != version or not resource:
            raise Refused(400, "invalid_request", "api-version and resource are needed")
        if call.query("client_id") not in {"", self.client_id}:
            raise Refused(400, "invalid_request", "Identity not found")
        if resource == EXCHANGE:
            changes = {"iss": self._entra.issuer, "sub": self.object_id, "appid": self.client_id}
            token = self._entra.issue(resource, **changes)
        elif resource in self._entra.audiences:
            token = self._entra.issue(resource, appid=self.client_id)
        else:
            raise Refused(400, "invalid_resource", BAD_RESOURCE.format(resource))
        now = self.stage.clock.now() // 1000
        return {
            "access_token": token,
            "client_id": self.client_id,
            "expires_in": str(self._entra.token_lifetime),
            "expires_on": str(now + self._entra.token_lifetime),
            "resource": resource,
            "token_type": "Bearer",
        }
