"""`POST /api/messages`: bounded, checked, made durable, then acknowledged (ENGINE R10, R14, 4.10)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import web

from bot.bounded import BODY_BYTES, BODY_SECONDS, PER_ADDRESS, Crowd, body_of, read_json, refused
from bot.errors import DoorError, StoreError
from bot.leases import ReceiptKind
from bot.messages import Answer
from bot.model import Turn, TurnKind
from bot.observe import Event, Observer, Value
from bot.ports import Intake, SignIns
from bot.teams import dialogs, signin
from bot.teams.botbuilder_adapter import BotbuilderAdapter
from bot.teams.door import Door
from bot.teams.inbound import EXECUTE
from bot.teams.outbound import InvokeReply, dialog_reply, invoke_reply, refusal_reply
from cards.words import REVIEWED, preferred, words


class Endpoint:
    """Answers every POST: 401, 403, 400, 413, 429, 503 or 408 for what may not come in, 202 or an invoke's answer."""

    def __init__(
        self,
        door: Door,
        adapter: BotbuilderAdapter,
        intake: Intake,
        observe: Observer,
        *,
        signins: SignIns | None = None,
        connection: str = "",
        languages: tuple[str, ...] = REVIEWED,
        body_seconds: float = BODY_SECONDS,
        per_address: int = PER_ADDRESS,
    ) -> None:
        self._door = door
        self._adapter = adapter
        self._intake = intake
        self._observe = observe
        self._signins = signins
        self._connection = connection
        self._languages = languages
        self._body_seconds = body_seconds
        self._crowd = Crowd(per_address)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one POST of the Bot Connector."""
        try:
            with self._crowd.joined(request.remote or ""):
                return await self._answer(request)
        except DoorError as error:
            self._observe(Event("door.refused", {"reason": error.reason, "status": error.status}, logging.WARNING))
            return refused(error)
        except StoreError:
            self._observe(Event("door.not_kept", {"status": 503}, logging.ERROR))
            return refused(DoorError(503, "store", retry_after=5))

    async def _answer(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > BODY_BYTES:
            raise DoorError(413, "size")
        ticket = await self._door.verify(request.headers.get("Authorization"))
        activity = _parse(await body_of(request, BODY_BYTES, self._body_seconds))
        self._door.check(ticket, activity)
        reply = await self._adapter.process(activity, ticket.claims, self._respond)
        if reply is None:
            return web.Response(status=202)
        if reply.body is None:
            return web.Response(status=reply.status)
        return web.Response(status=reply.status, body=orjson.dumps(reply.body), content_type="application/json")

    async def _respond(self, activity: Mapping[str, Any], turn: Turn | None) -> InvokeReply | None:
        """Take the turn in. What is not for us leaves no trace but a count (ENGINE R10)."""
        if turn is not None:
            turn = replace(turn, locale=preferred(turn.locale, self._languages))
        if self._signins is not None and signin.is_sign_in(activity):
            return await signin.respond(activity, turn, self._signins, self._connection, self._observe)
        if turn is None or turn.kind is TurnKind.UNKNOWN:
            self._observe(Event("door.ignored", level=logging.DEBUG))
            return self._unknown_invoke(activity)
        try:
            receipt = await self._intake.take(turn)
        except (StoreError, DoorError):
            if not turn.wants_answer:
                raise  # a press is answered with HTTP 200, whatever happens (ENGINE R14)
            self._observe(Event("door.not_kept", {"status": 200}, logging.ERROR))
            says = words(turn.locale)
            text = says("That could not be kept, so nothing was done. Please press again in a minute.")
            if turn.kind is TurnKind.DIALOG:
                return dialog_reply(Answer(text=text), turn.verb, turn.locale)
            return refusal_reply(500, "InternalServerError", text)
        if receipt.kind is ReceiptKind.UNHEARD:
            self._observe(Event("door.ignored", level=logging.DEBUG))
            return None
        told: dict[str, Value] = {"kind": turn.kind, "ref": turn.reference, "receipt": receipt.kind}
        self._observe(Event("door.accepted", told | {"at": turn.received_at}))
        return _reply(turn, await self._intake.answer(turn, receipt)) if turn.wants_answer else None

    def _unknown_invoke(self, activity: Mapping[str, Any]) -> InvokeReply | None:
        """A malformed press gets a quiet error at HTTP 200; invokes nobody handles get 501, as everywhere (2.5).

        Sign-in invokes end here too where nobody can sign in: they never reach the inbox (ENGINE R13).
        """
        if activity.get("type") != "invoke":
            return None
        name, says = activity.get("name"), words(preferred(str(activity.get("locale") or ""), self._languages))
        text = says("This button sent something I do not understand.")
        if name == EXECUTE:
            return refusal_reply(400, "BadRequest", text)
        if isinstance(name, str) and name in dialogs.STEPS:
            return dialog_reply(Answer(text=text), locale=says.language)
        return InvokeReply(501)


def _reply(turn: Turn, answer: Answer) -> InvokeReply:
    return dialog_reply(answer, turn.verb, turn.locale) if turn.kind is TurnKind.DIALOG else invoke_reply(answer)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        activity = read_json(body)
    except ValueError:
        raise DoorError(400, "not-json") from None
    if not isinstance(activity, dict):
        raise DoorError(400, "not-an-object")
    if not isinstance(activity.get("type"), str) or not activity["type"]:
        raise DoorError(400, "no-type")
    return activity
