"""The bot with Microsoft's side of it, standing in a thread, and what came to its doors in a real conversation.

What is mutated later is what was really sent here: the sandbox's activities, notifications and callbacks.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import app
from bot import discreet
from bot.sandbox.child import free_port
from bot.sandbox.cloud import Cloud
from bot.sandbox.meetings import Meeting, write_time
from bot.sandbox.posts import actions
from bot.sandbox.subscriptions import Subscription
from tests.journeys.harness import Journey
from tests.journeys.watched import watched
from tests.processes.forked import Forked, Replacing

Json = dict[str, Any]
T = TypeVar("T")
HOOK, HOOK_KEY = "h" * 32, "the-key-that-alerts-are-signed-with"
FORGED = (
    *("wrong-audience", "wrong-issuer", "expired", "not-yet", "other-service-url", "no-service-url", "no-signature"),
    "garbage",
)
OTHER_KEYS = ("other-key", "unknown-kid", "unendorsed")
_SIGNED_IN = ("signin/tokenExchange", "signin/verifyState", "signin/failure")
_EVENTS = ("meetingStart", "meetingEnd", "meetingParticipantJoin", "meetingParticipantLeave")


@dataclass
class Standing:
    """Where the doors are, what opens them, and what genuinely came through them."""

    address: tuple[str, int]
    admin: tuple[str, int]
    cloud: Cloud
    bot: Forked | None
    tokens: list[str] = field(default_factory=list)
    activities: list[Json] = field(default_factory=list)
    nonce: str = ""
    callbacks: list[Any] = field(default_factory=list)
    call_tokens: list[str] = field(default_factory=list)
    subscription: Subscription | None = None
    events: list[Json] = field(default_factory=list)
    lifecycle: list[Json] = field(default_factory=list)
    notification_tokens: list[str] = field(default_factory=list)
    room_id: str = ""
    log: list[str] = field(default_factory=list)

    def said(self) -> list[str]:
        """Return what the log got since the last time, and forget it, as well as what the cloud remembers."""
        self.cloud.journal.exchanges.clear()
        log = self.bot.lines if self.bot else self.log
        lines = log[:]
        del log[: len(lines)]
        return lines


@contextmanager
def standing(store: str, folder: Path, replaced: app.Replaced = app.REAL) -> Iterator[Standing]:
    """Run the bot in this process, on a store; no key is made for tokens that are forged with one."""
    with _thread() as run, _running(run, _inside(store, folder, replaced)) as stood:
        keeping = _Keeping(stood.log)
        logging.getLogger().addHandler(keeping)
        try:
            yield stood
        finally:
            logging.getLogger().removeHandler(keeping)


@contextmanager
def standing_alone(store: str, replacing: Replacing) -> Iterator[Standing]:
    """Run the bot as a process of its own, as `python app.py serve` does, on a store."""
    with _thread() as run, _running(run, _beside(store, replacing)) as stood:
        yield stood


class _Keeping(logging.Handler):
    """Keeps lines as the bot's own log has them."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines
        self.addFilter(discreet.is_ours)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self._lines.append(f" {record.levelname} {self.format(record)}")


class _Loop:
    """Runs coroutines in the thread's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)


@contextmanager
def _thread() -> Iterator[_Loop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="standing")
    thread.start()
    try:
        yield _Loop(loop)
    finally:
        _Loop(loop)(_leave())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _leave() -> None:
    """End what still waits for clients that have gone: aiohttp does so for ten seconds."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@contextmanager
def _running(run: _Loop, started: AbstractAsyncContextManager[Standing]) -> Iterator[Standing]:
    stood = run(started.__aenter__())
    try:
        yield stood
    finally:
        run(started.__aexit__(None, None, None))


@asynccontextmanager
async def _inside(store: str, folder: Path, replaced: app.Replaced) -> AsyncIterator[Standing]:
    async with Cloud() as cloud:
        more = _settings(cloud)
        async with watched(cloud, folder, replaced, MUSTER_STORE=store, **more) as journey:
            yield await _lived(journey, None, int(more["MUSTER_ADMIN_PORT"]))


@asynccontextmanager
async def _beside(store: str, replacing: Replacing) -> AsyncIterator[Standing]:
    async with Cloud() as cloud:
        await cloud.watching()
        more = _settings(cloud)
        os.environ.update(more)  # what the child is given besides the cloud's own
        bot = Forked(cloud, store, replacing)
        cloud.front.targets.append(bot.url)
        await bot.start()
        try:
            yield await _lived(Journey(cloud, bot.client, bot.url), bot, int(more["MUSTER_ADMIN_PORT"]))
        finally:
            await bot.kill()


def _settings(cloud: Cloud) -> dict[str, str]:
    tenant = cloud.tenant
    hook = f"{HOOK}|{HOOK_KEY}|{tenant.incidents.thread_id}|{tenant.ana.oid}"
    return {"MUSTER_HOOKS": hook, "MUSTER_ADMIN_PORT": str(free_port(18_000 + os.getpid() % 2_000))}


async def _lived(journey: Journey, bot: Forked | None, admin: int) -> Standing:
    """Let people use every surface once, and return what came of it."""
    cloud, teams = journey.cloud, journey.teams
    tenant = cloud.tenant
    parts = urlsplit(journey.url)
    stood = Standing((str(parts.hostname), parts.port or 0), ("127.0.0.1", admin), cloud, bot)
    await teams.install(tenant.incidents, tenant.ana)
    first = await teams.say(tenant.ana, tenant.incidents, "meet now Retro ring @Ben")
    await journey.until(lambda: bool(cloud.graph.calls.rung()))
    meeting = cloud.graph.meetings[-1]
    await journey.until(lambda: bool(cloud.subscriptions.of(meeting)))
    await cloud.graph.calls.decline(tenant.ben)
    await teams.say(tenant.ana, tenant.personal_chat(tenant.ana), "help")
    await teams.edit(first, "meet now Retrospective")
    await teams.compose(tenant.ana, tenant.incidents)
    await teams.say(tenant.ana, tenant.incidents, "settings", targeted=True)
    await journey.until(lambda: bool(cloud.whispers(tenant.incidents)))
    dialog = await teams.open_dialog(tenant.ana, cloud.whispers(tenant.incidents)[-1], "Change settings")
    await teams.submit(dialog, "Save")
    card = cloud.bot_posts(tenant.incidents)[-1]
    buttons = [
        action for action in actions(card.card) if action["type"] == "Action.Execute" and action.get("verb") != "end"
    ]
    at = cloud.calls.now()
    pressed = [teams.scribe.press(tenant.ana, card, button, at=at, inputs={}) for button in buttons]
    said = [delivery.activity for delivery in teams.deliveries]
    stood.activities = said + pressed + _invented(stood.cloud, teams.scribe)
    genuine, forged = stood.activities[0], (*FORGED, *(OTHER_KEYS if bot else ()))
    stood.tokens = [teams.token(genuine), *(teams.forge(kind, genuine) for kind in forged)]
    leg = cloud.graph.calls.legs[-1]
    stood.nonce = urlsplit(leg.callback).path.rpartition("/")[2]
    stood.callbacks = [one.request for one in cloud.journal.exchanges if one.operation == "bot.callback"]
    calls = cloud.graph.calls
    stood.call_tokens = [calls.token(), calls.token(tid="another"), calls.token(aud=7), calls.token(exp=10**30)]
    _told(stood, meeting)
    return stood


def _told(stood: Standing, meeting: Meeting) -> None:
    """Note what Graph tells of a meeting, before it is encrypted."""
    cloud = stood.cloud
    now = write_time(cloud.calls.now())
    user = {"id": cloud.tenant.ben.oid, "displayName": "Ben", "tenantId": cloud.tenant_id}
    person = {"id": "p1", "info": {"identity": {"user": user}}, "isInLobby": False, "rosterSequenceNumber": 1}
    phone = {"id": "p2", "info": {"identity": {"phone": {"id": "+44", "displayName": "+44"}}}, "isInLobby": True}
    bare = {"@odata.type": "#microsoft.graph.callevent", "id": "e1", "eventDateTime": now}
    stood.events = [
        {**bare, "eventType": "callStarted"},
        {**bare, "eventType": "rosterUpdated", "participants@delta": [person, phone]},
        {**bare, "callEventType": "rosterUpdated", "participants": [{**person, "removedState": {"reason": "left"}}]},
        {**bare, "eventType": "callEnded"},
    ]
    stood.subscription = cloud.subscriptions.of(meeting)[-1]
    envelope = cloud.calls.envelope(stood.subscription)
    known = {"subscriptionId": stood.subscription.id, "clientState": stood.subscription.body["clientState"]}
    told = {event: {**known, "lifecycleEvent": event} for event in ("missed", "reauthorizationRequired", "renamed")}
    # With the right clientState there would be nothing left to tell of.
    told["removed"] = {**known, "clientState": "x", "lifecycleEvent": "subscriptionRemoved"}
    stood.lifecycle = [{"value": [{"tenantId": cloud.tenant_id, **one}]} for one in told.values()]
    stood.notification_tokens = [
        *envelope["validationTokens"],
        *(cloud.calls.token(**{claim: value}) for claim, value in (("tid", "another"), ("exp", 1), ("tid", {}))),
    ]
    stood.room_id = str(meeting.external_id)


def _invented(cloud: Cloud, scribe: Any) -> list[Json]:  # noqa: ANN401 - the sandbox's Scribe
    """Return activities of kinds that nobody sent in the conversation, in their documented shapes."""
    tenant = cloud.tenant
    at, thread = cloud.calls.now(), tenant.incidents.thread_id
    made = []
    for name in _SIGNED_IN:
        value = {"id": "x1", "connectionName": cloud.tokens.connection, "token": "a.b.c", "state": "1", "code": "no"}
        made.append({**scribe.envelope("invoke", tenant.ana, thread, at=at), "name": name, "value": value})
    for name in _EVENTS:
        members = [{"user": {"id": tenant.ben.id, "aadObjectId": tenant.ben.oid}, "meeting": {"inMeeting": True}}]
        happened = {"JoinUrl": cloud.graph.meetings[-1].join_url, "members": members}
        event = scribe.envelope("event", tenant.ana, thread, at=at)
        event["channelData"]["meeting"] = {"id": "m1"}
        made.append({**event, "name": f"application/vnd.microsoft.{name}", "value": happened})
    made.append({**scribe.envelope("messageDelete", tenant.ana, thread, at=at), "id": "d1"})
    made.append({**scribe.envelope("messageReaction", tenant.ana, thread, at=at), "reactionsAdded": [{"type": "like"}]})
    return [{"id": f"i{number}", **activity} for number, activity in enumerate(made)]
