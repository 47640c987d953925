"""The one file that knows botbuilder: its turn pipeline at the door, its connector client outwards (facts/teams 1.7).

botbuilder-python is no longer mended, so Muster uses its public extension points and leaves out what loses time or
turns: its JWT code, its per-turn clients, its serialisers, `CloudAdapter.process` and `TeamsActivityHandler`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import orjson
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter
from botbuilder.schema import Activity, ChannelAccount, ConversationAccount
from botframework.connector.aio import ConnectorClient
from botframework.connector.aio.operations_async import ConversationsOperations
from botframework.connector.auth import BotFrameworkAuthentication, ClaimsIdentity, MicrosoftAppCredentials
from botframework.connector.auth.authenticate_request_result import AuthenticateRequestResult
from botframework.connector.auth.connector_factory import ConnectorFactory
from msrest.pipeline import Response
from msrest.pipeline.async_abc import AsyncHTTPSender, AsyncPipeline

from bot.errors import Rejected
from bot.model import Turn
from bot.ports import Clock
from bot.teams import inbound
from bot.teams.connection import Connection
from bot.teams.outbound import InvokeReply
from bot.teams.service_url import normal

MOST_CLIENTS = 32
CALLER = "urn:botframework:azure"

Respond = Callable[[Mapping[str, Any], Turn | None], Awaitable[InvokeReply | None]]
"""What is done about an activity and the turn it stands for; the reply is an invoke's, None for everything else."""


class _Passing:
    """Stands in for msrest's serialiser and deserialiser: JSON goes out and comes in as it is (ENGINE R29)."""

    def body(self, data: Any, _: str) -> bytes:  # noqa: ANN401 - any JSON
        return orjson.dumps(data)

    def url(self, _: str, data: str, __: str) -> str:
        return quote(data, safe="")

    def __call__(self, _: str, response: _Accepted) -> dict[str, Any]:
        return response.document


class _Accepted:
    """A 2xx as msrest's operations look at it; everything else was raised before."""

    status_code = 200

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document


class _Sender(AsyncHTTPSender[Any, Any]):
    """msrest's way to the network, by our connection: no threads, no session per turn (facts/teams 1.6)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, request: Any, **_: Any) -> Any:  # noqa: ANN401 - whatever msrest passes on
        http = request.http_request
        document = await self._connection.request(http.method, http.url, http.data)
        return Response(request, _Accepted(document))

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close: the session belongs to whoever made it."""


class _Pipeline(AsyncPipeline[Any, Any]):
    """No policies: the connection signs and names itself, and a gateway's HTML must not fail to parse."""

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - whatever msrest passes on
        super().__init__([], sender=config.sender)


class _Client(ConnectorClient):  # type: ignore[misc]  # botframework has no types
    def __init__(self, service_url: str, sender: _Sender) -> None:
        super().__init__(MicrosoftAppCredentials.empty(), service_url, pipeline_type=_Pipeline, sender=sender)
        passing = _Passing()
        self.conversations = ConversationsOperations(self._client, self.config, passing, passing)


class _Clients(ConnectorFactory):  # type: ignore[misc]  # botframework has no types
    """One connector client per service URL, kept: a client costs 8 ms to build (facts/teams 1.3)."""

    def __init__(self, connection: Connection) -> None:
        self._sender = _Sender(connection)
        self._clients: OrderedDict[str, _Client] = OrderedDict()

    async def create(self, service_url: str, audience: str) -> _Client:
        del audience  # the connection asks for the one scope it was given
        address = normal(service_url)
        if not address:
            raise Rejected("the chat has no usable service URL")
        if address not in self._clients:
            self._clients[address] = _Client(address, self._sender)
            if len(self._clients) > MOST_CLIENTS:
                self._clients.popitem(last=False)
        self._clients.move_to_end(address)
        return self._clients[address]


class _Authentication(BotFrameworkAuthentication):  # type: ignore[misc]  # botframework has no types
    """Our door has judged before botbuilder sees anything; whatever else asks is refused."""

    def __init__(self, clients: _Clients) -> None:
        self._clients = clients

    async def authenticate_request(self, activity: Activity, auth_header: str) -> AuthenticateRequestResult:
        del activity, auth_header
        raise PermissionError("activities come in through the door")

    async def authenticate_streaming_request(
        self, auth_header: str, channel_id_header: str
    ) -> AuthenticateRequestResult:
        del auth_header, channel_id_header
        raise PermissionError("there is no streaming")

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:
        del claims_identity
        return self._clients

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> None:
        """Nobody signs in through it, and building one takes 8 ms (facts/teams 1.3)."""


class BotbuilderAdapter:
    """botbuilder's turn pipeline and connector over our connection."""

    def __init__(self, connection: Connection, *, app_id: str, scope: str, clock: Clock) -> None:
        self._clients = _Clients(connection)
        self._adapter = CloudAdapter(_Authentication(self._clients))
        self._app_id = app_id
        self._scope = scope
        self._clock = clock

    async def process(self, raw: Mapping[str, Any], claims: Mapping[str, Any], respond: Respond) -> InvokeReply | None:
        """Run one admitted activity through botbuilder; return an invoke's reply, None for everything else.

        Raises what `respond` raises.
        """
        result = AuthenticateRequestResult()
        result.claims_identity = ClaimsIdentity(dict(claims), is_authenticated=True)
        result.audience = self._scope
        result.caller_id = CALLER
        result.connector_factory = self._clients

        async def on_turn(context: TurnContext) -> None:
            carried = context.activity.additional_properties
            turn = inbound.read(carried, app_id=self._app_id, now=self._clock.now())
            reply = await respond(carried, turn)
            if reply is not None:
                value = InvokeResponse(status=reply.status, body=reply.body)
                await context.send_activity(Activity(type="invokeResponse", value=value))

        response = await self._adapter.process_activity(result, decode(raw), on_turn)
        return None if response is None else InvokeReply(int(response.status), response.body)

    async def conversations(self, service_url: str) -> ConversationsOperations:
        """Return botbuilder's operations at a service URL; they take and return JSON. Raises Rejected, SendErrors."""
        return (await self._clients.create(service_url, self._scope)).conversations


def decode(raw: Mapping[str, Any]) -> Activity:
    """Return botbuilder's Activity of an inbound JSON object, which it carries along in `additional_properties`.

    Built directly: the reflective deserialiser takes ten times as long and drops `conversation.tenantId` (1.5.4).
    `deliveryMode` stays out: botbuilder's buffered replies cannot be serialised (facts/teams 9.24).
    """
    conversation = raw.get("conversation")
    activity = Activity(
        type=raw.get("type"),
        id=raw.get("id"),
        name=raw.get("name"),
        channel_id=raw.get("channelId"),
        service_url=normal(raw.get("serviceUrl")),
        from_property=_account(raw.get("from")),
        recipient=_account(raw.get("recipient")),
        text=raw.get("text"),
        locale=raw.get("locale"),
        reply_to_id=raw.get("replyToId"),
        channel_data=raw.get("channelData"),
        value=raw.get("value"),
    )
    if isinstance(conversation, Mapping):
        activity.conversation = ConversationAccount(
            id=conversation.get("id"),
            conversation_type=conversation.get("conversationType"),
            tenant_id=conversation.get("tenantId"),
            is_group=conversation.get("isGroup"),
        )
    activity.additional_properties = raw
    return activity


def _account(value: object) -> ChannelAccount | None:
    if not isinstance(value, Mapping):
        return None
    return ChannelAccount(id=value.get("id"), name=value.get("name"), aad_object_id=value.get("aadObjectId"))
