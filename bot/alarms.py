"""`POST /api/hooks/<chat secret>`: an alert opens its topic's meeting and rings the chat's list (EXPERIENCE 1.25)."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field

from aiohttp import web

from bot import alerts
from bot.alerts import Alert, Hook
from bot.bounded import Crowd, body_of, read_json, refused
from bot.commands import options
from bot.commands.alerted import ALERT, SOURCE
from bot.errors import DoorError, SendError, StoreError
from bot.model import Chat, Person, Turn, TurnKind
from bot.observe import Event, Observer
from bot.ports import Clock, Intake, Messenger, Store
from bot.references import reference

BEST_BEFORE = 300_000
"""ms after which an alert opens nothing any more, as any request (ENGINE R6)."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """Answers 202 to a real alert, once it is written; 401 to a forged one, 404 where nobody expects any.

    A copy of an alert is known by its event, or by its signed words (`alerts.delivery`).
    """

    hooks: tuple[Hook, ...]
    tenant: str
    store: Store
    messenger: Messenger
    intake: Intake
    clock: Clock
    observe: Observer
    crowd: Crowd = field(default_factory=Crowd)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one POST."""
        try:
            with self.crowd.joined(request.remote or ""):
                return web.Response(status=await self._answer(request))
        except DoorError as error:
            self.observe(Event("hooks.refused", {"reason": error.reason, "status": error.status}, logging.WARNING))
            return refused(error)
        except (StoreError, SendError) as error:
            self.observe(Event("hooks.not_kept", {"status": 503, "error": type(error).__name__}, logging.ERROR))
            return refused(DoorError(503, "not-kept", retry_after=5))

    async def _answer(self, request: web.Request) -> int:
        hook = alerts.meant(self.hooks, request.match_info["secret"])
        if hook is None:
            raise DoorError(404, "unknown-hook")
        body, now = await body_of(request), self.clock.now()
        source = alerts.signed_by(hook, request.headers, body, now)
        if not source:
            raise DoorError(401, "signature")
        try:
            alert = alerts.read_alert(source, read_json(body), now)
        except ValueError:
            raise DoorError(400, "not-json") from None
        if alert is None:
            return 204
        chat = await self.store.chat(self.tenant, hook.thread_id)
        if chat is None or chat.gone_at is not None:
            raise DoorError(404, "unknown-chat")
        host = await self.messenger.member(chat, hook.host_oid)
        event = alerts.delivery(alert, request.headers, body)
        key = hashlib.sha256(b"|".join((b"hook", hook.secret.reveal().encode(), event))).hexdigest()
        receipt = await self.intake.take(turn_of(key, alert, chat, host, now))
        self.observe(Event("hooks.alert", {"source": source, "receipt": receipt.kind}))
        return 202


def turn_of(key: str, alert: Alert, chat: Chat, host: Person, now: int) -> Turn:
    """Return the alert as if its host had asked for the meeting; nothing in it is read as an option."""
    asked = options.write(options.Request(subject=f"#{alert.topic} {alert.title}".strip()), enclosed=True)
    return Turn(
        turn_key=key,
        echo_key=key,
        kind=TurnKind.SAID,
        chat=chat,
        person=host,
        conversation_id=chat.thread_id,
        activity_id=key,
        received_at=now,
        expires_at=now + BEST_BEFORE,
        reference=reference(key),
        text=f"meet now {asked}",
        verb=ALERT,
        data={SOURCE: alert.source},
    )
