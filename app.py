"""Muster's entry and composition root: the one place that puts the parts together; nothing imports it.

`python app.py` serves; `python app.py help` lists the rest. Importing this file opens nothing. It parses on Python 3.6,
and imports what is not in the standard library only after `bot.install` has seen to it.
"""

import contextlib
import sys
from typing import TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, Dict, List, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    from aiohttp import web

    from bot.commands.command import Command, Policy
    from bot.graph.client import GraphMeetings
    from bot.graph.notifications import NotificationDoor
    from bot.graph.tokens import MsalTokens
    from bot.observe import Observer
    from bot.ports import Calls, Chance, Clock, Meetings, Messenger, Posts, Store, Watch
    from bot.probes import Probes
    from bot.serving import Deadline, Handler
    from bot.settings import Settings
    from bot.subscribing import Subscribing
    from bot.teams.edge import TeamsEdge
    from bot.telemetry.export import Telemetry
    from bot.worker import Worker

STOP_WITHIN_SECONDS = 3.0  # requests and work together may take so long to finish; the rest is handed back (ENGINE R25)
ADMIN_WITHIN_SECONDS = 0.5  # nobody's meeting waits for what an administrator reads


def _as_it_is(part: "Any") -> "Any":  # noqa: ANN401 - whatever part it is
    return part


class Replaced(NamedTuple):
    """What takes the place of real parts: other commands, a test's clock or dice, something around an edge.

    `open_store` is called as `bot.store.opening.open_store` is; `lease_ms` is in ms.
    """

    commands: "Optional[tuple[Command, ...]]" = None
    clock: "Optional[Clock]" = None
    chance: "Optional[Chance]" = None
    open_store: "Optional[Callable[..., Awaitable[Store]]]" = None
    wrap_store: "Callable[[Store], Store]" = _as_it_is
    wrap_meetings: "Callable[[Meetings], Meetings]" = _as_it_is
    wrap_messenger: "Callable[[Messenger], Messenger]" = _as_it_is
    wrap_calls: "Callable[[Calls], Calls]" = _as_it_is
    wrap_watch: "Callable[[Watch], Watch]" = _as_it_is
    lease_ms: int = 30_000  # ENGINE 3


REAL = Replaced()


def build(settings: "Settings", replaced: Replaced = REAL) -> "web.Application":
    """Return the bot as an aiohttp application; nothing is opened before it starts."""
    import asyncio

    from aiohttp import web

    from bot.serving import Deadline

    handlers: "Dict[str, Handler]" = {}
    leaving = Deadline(STOP_WITHIN_SECONDS)

    async def leave(_: "web.Application") -> None:
        leaving.begin(asyncio.get_running_loop().time())

    async def running(_: "web.Application") -> "AsyncIterator[None]":
        async with contextlib.AsyncExitStack() as stack:
            handlers.update(await _open(stack, settings, replaced, leaving))
            yield

    async def handle(request: "web.Request") -> "web.StreamResponse":
        path = request.path.rpartition("/")[0] if request.match_info else request.path
        return await handlers[path](request)

    application = web.Application()
    application.cleanup_ctx.append(running)
    application.on_shutdown.append(leave)
    application.router.add_post("/api/messages", handle)
    application.router.add_get("/healthz", handle)
    application.router.add_get("/readyz", handle)
    if settings.public_url:
        application.router.add_get("/api/ics", handle)
    if settings.hooks:
        application.router.add_post("/api/hooks/{secret}", handle)
    if settings.rings:
        application.router.add_post("/api/calls/{nonce}", handle)
    if settings.watches:
        application.router.add_post("/api/graph", handle)
    return application


class Edges(NamedTuple):
    """Everything that speaks with the world outside, open."""

    observe: "Observer"
    telemetry: "Optional[Telemetry]"
    clock: "Clock"
    chance: "Chance"
    tokens: "MsalTokens"
    meetings: "GraphMeetings"
    posts: "Optional[Posts]"
    store: "Store"
    teams: "TeamsEdge"


async def _edges(stack: contextlib.AsyncExitStack, settings: "Settings", replaced: Replaced) -> Edges:
    """Open the edges, in the order in which they need each other."""
    import asyncio
    import logging

    from bot.graph.client import GraphMeetings
    from bot.graph.posts import GraphPosts
    from bot.graph.tokens import MsalTokens
    from bot.observe import Event
    from bot.registered import registration
    from bot.store.opening import forgetful, open_store
    from bot.stories import overhearing
    from bot.system import SystemChance, SystemClock, trust
    from bot.teams.edge import TeamsEdge

    clock = replaced.clock or SystemClock()
    told, telemetry = _observer(stack, settings, clock)
    observe = overhearing(told)
    chance = replaced.chance or SystemChance()
    context = await asyncio.to_thread(trust, settings.ca_files)
    url = settings.store.reveal()
    warning = forgetful(url, container=settings.container)
    if warning:
        observe(Event("store.forgetful", {"text": warning}, logging.WARNING))
    for name, near in settings.ignored:
        observe(Event("setting.unknown", {"name": name, "meant": near}, logging.WARNING))
    opening = replaced.open_store or open_store
    store = replaced.wrap_store(await opening(url, owner=chance.token(), lease_ms=replaced.lease_ms))
    stack.push_async_callback(store.close)
    tokens = MsalTokens(settings.login_url, settings.app_id, settings.credential, context, clock, observe=observe)
    stack.push_async_callback(tokens.close)
    registered = registration(settings)
    teams = await stack.enter_async_context(TeamsEdge(registered, context, tokens, clock, observe))
    tie, tenants = settings.thread_binding, registered.rules.tenants
    meetings = GraphMeetings(
        settings.graph_url, tokens, context, clock, observe, users=teams.users, binding=tie, tenants=tenants
    )
    stack.push_async_callback(meetings.close)
    posts = GraphPosts(meetings, settings.app_id) if settings.read_messages else None
    return Edges(observe, telemetry, clock, chance, tokens, meetings, posts, store, teams)


def _observer(
    stack: contextlib.AsyncExitStack, settings: "Settings", clock: "Clock"
) -> "Tuple[Observer, Optional[Telemetry]]":
    """Return who is told of every step, and what counts and traces among them.

    That is None, and OpenTelemetry is not even loaded, where nobody would ask for it.
    """
    import logging

    from bot.observe import both, log_lines
    from bot.remedies import Remedies

    observe, telemetry = log_lines(logging.getLogger("muster")), None
    if settings.admin[1] or settings.collector:
        from bot.telemetry.export import Wanted, start

        telemetry = start(Wanted(bool(settings.admin[1]), settings.collector, settings.graph_url), clock.now)
        stack.push_async_callback(telemetry.close)
        observe = both(observe, telemetry)
    return Remedies(observe, settings.app_id, settings.cloud, clock.now), telemetry


def _policy(settings: "Settings", edges: Edges) -> "Policy":
    """Return what this deployment decided."""
    from bot.commands.command import Policy
    from bot.remedies import cmdlets

    return Policy(
        edges.meetings.freeze,
        settings.duration,
        settings.language,
        binding=settings.thread_binding,
        welcome=settings.welcome == "team",
        open_topics=settings.open_topics,
        backup_bridge=settings.backup_bridge,
        auth=settings.auth,
        options=settings.meeting_options,
        hosts=settings.hosts,
        spares=settings.spares,
        public_url=settings.public_url,
        roster=settings.roster,
        admins=settings.admins,
        cmdlets=cmdlets(settings.app_id, settings.cloud),
        rings=settings.rings,
        languages=settings.languages,
        tenants=len(settings.tenants),
    )


def _worker(settings: "Settings", edges: Edges, replaced: Replaced) -> "Worker":
    """Return the engine behind the edges."""
    from bot.call_timers import CallTimers
    from bot.commands import COMMANDS, available
    from bot.delivery import Delivery
    from bot.dispatch import Dispatch
    from bot.doctor.opening import OneLook
    from bot.examining import Examining
    from bot.graph.calendar import GraphCalendar
    from bot.graph.calls import GraphCalls
    from bot.graph.owners import GraphOwners
    from bot.lifecycle import Lifecycle
    from bot.reading import Reading
    from bot.worker import Engine, Worker

    policy = _policy(settings, edges)
    commands = available(replaced.commands or COMMANDS, delegated=settings.auth != "app")
    dispatch = Dispatch(commands, policy)
    messenger = replaced.wrap_messenger(edges.teams.messenger)
    meetings = replaced.wrap_meetings(edges.meetings)
    users = edges.teams.users
    lifecycle = Lifecycle(
        meetings,
        messenger,
        policy,
        edges.clock,
        edges.chance,
        edges.observe,
        users=users,
        calendar=GraphCalendar(edges.meetings),
        owners=GraphOwners(edges.meetings),
        calls=replaced.wrap_calls(GraphCalls(edges.meetings)) if settings.rings else None,
    )
    reading = Reading(edges.posts, messenger, edges.observe) if edges.posts else None
    shown = {"language": settings.language, "teams_url": settings.cloud.teams_url}
    delivery = Delivery(messenger, edges.clock, edges.chance, edges.observe, reading=reading, **shown)
    timers = CallTimers(lifecycle, _subscribing(settings, edges, replaced))
    examining = Examining(timers, OneLook(settings, edges.clock, edges.observe, edges.store), policy)
    parts = (edges.store, dispatch, examining, delivery, edges.clock, edges.chance, edges.observe)
    return Worker(Engine(*parts, kept=settings.keep_days * 86_400_000))


def _subscribing(settings: "Settings", edges: Edges, replaced: Replaced) -> "Optional[Subscribing]":
    """Return what asks Graph to tell us of calls; None where it has nowhere to tell it."""
    from bot.graph.subscriptions import GraphWatch
    from bot.subscribing import Subscribing

    if not settings.watches:
        return None
    secret = settings.secret_key.reveal().encode()
    watch = replaced.wrap_watch(GraphWatch(edges.meetings, settings.public_url, secret, edges.chance))
    return Subscribing(watch, edges.clock, edges.chance, edges.observe)


def _notifications(settings: "Settings", edges: Edges, worker: "Worker") -> "NotificationDoor":
    """Return the door through which Graph tells of calls."""
    from bot.graph.notifications import Ear, NotificationDoor
    from bot.graph.validation import Audience

    audience = Audience(settings.app_id, settings.login_url, frozenset(settings.tenants))
    ear = Ear(audience, edges.teams.publisher_keys, settings.secret_key.reveal().encode(), settings.roster)
    return NotificationDoor(ear, edges.store, worker, edges.clock, edges.observe)


async def _open(
    stack: contextlib.AsyncExitStack, settings: "Settings", replaced: Replaced, leaving: "Deadline"
) -> "Dict[str, Handler]":
    """Open everything and return the handlers by path; `stack` closes it in the opposite order."""
    import asyncio

    from bot.discreet import listening
    from bot.handout import Handout
    from bot.serving import served
    from bot.signins import SignIns

    edges = await _edges(stack, settings, replaced)
    stack.enter_context(listening(asyncio.get_running_loop(), edges.observe))
    worker = _worker(settings, edges, replaced)
    await worker.start()

    async def stop() -> None:
        await worker.stop(leaving.left(asyncio.get_running_loop().time()))

    stack.push_async_callback(stop)
    probes = await _probes(stack, settings, edges)
    users = edges.teams.users
    told, key = (edges.clock, edges.observe, worker.wake), settings.code_key
    signins = SignIns(edges.store, users, *told, key) if users else None
    endpoint = edges.teams.endpoint(worker, signins, settings.languages)
    handout = Handout(edges.store)
    called = _callbacks(settings, edges, worker) if settings.rings else {}
    if settings.hooks:
        called["/api/hooks"] = _alarms(settings, edges, worker)
    probed = {"/healthz": probes.healthz, "/readyz": probes.readyz}
    if settings.watches:
        called["/api/graph"] = _notifications(settings, edges, worker).handle
    doors = {"/api/messages": endpoint.handle, "/api/ics": handout.handle, **called, **probed}
    return {path: served(handle, edges.clock, edges.observe) for path, handle in doors.items()}


async def _probes(stack: contextlib.AsyncExitStack, settings: "Settings", edges: Edges) -> "Probes":
    """Return what says whether all is there, begun; the administrator's listener too, where there is to be one."""
    import asyncio
    from functools import partial

    import cards
    from bot.probes import Probes

    parts: "Dict[str, Callable[[], Awaitable[None]]]" = {
        "signing keys": edges.teams.warm,
        "connector token": partial(edges.tokens.warm, settings.bot_tenant, (settings.bot_scope,)),
        "Graph token": partial(edges.tokens.warm, settings.app_tenant, (edges.meetings.scope,)),
        "cards": partial(asyncio.to_thread, cards.warm, settings.languages),
    }
    probes = Probes(edges.store, edges.clock, edges.observe, parts)
    probes.start()
    stack.push_async_callback(probes.stop)
    if settings.admin[1]:
        await _administration(stack, settings.admin, probes, edges.telemetry)
    return probes


def _callbacks(settings: "Settings", edges: Edges, worker: "Worker") -> "Dict[str, Handler]":
    """Return the handler of what Graph tells of our calls."""
    from bot.callbacks import Callbacks
    from bot.clouds import CALLERS
    from bot.graph.calls import read_news

    door = edges.teams.callers(settings.calls_openid_url, CALLERS)
    return {"/api/calls": Callbacks(edges.store, door.claims, read_news, worker.heard_call, edges.observe).handle}


def _alarms(settings: "Settings", edges: Edges, worker: "Worker") -> "Handler":
    """Return the handler of monitoring systems' alerts."""
    from bot.alarms import Alarms

    chats = (edges.store, edges.teams.messenger)
    return Alarms(settings.hooks, settings.app_tenant, *chats, worker, edges.clock, edges.observe).handle


async def _administration(
    stack: contextlib.AsyncExitStack, at: "Tuple[str, int]", probes: "Probes", telemetry: "Optional[Telemetry]"
) -> None:
    """Listen (on loopback, if nobody said otherwise) for the administrator, who may know more (ENGINE 4.8)."""
    from aiohttp import web

    from bot.errors import SettingsError
    from bot.serving import nearby

    async def metrics(request: "web.Request") -> "web.Response":
        body, content_type = telemetry.page(request.headers.get("Accept", "")) if telemetry else (b"", "text/plain")
        return web.Response(body=body, headers={"Content-Type": content_type})

    inside = web.Application(middlewares=[nearby(at[0])])
    inside.router.add_get("/readyz", probes.details)
    inside.router.add_get("/metrics", metrics)
    runner = web.AppRunner(inside, access_log=None, shutdown_timeout=ADMIN_WITHIN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, *at).start()
    except OSError as error:
        problem = f"MUSTER_ADMIN_PORT is {at[1]}, which cannot be listened on: {error.strerror}. Name another port."
        raise SettingsError([problem]) from error


def main(argv: "Optional[List[str]]" = None) -> int:
    """Run one of Muster's commands; return the exit status."""
    from bot import install

    words = sys.argv[1:] if argv is None else argv
    install.ensure_for(words)
    from bot.cli import run

    return run(words, build)


if __name__ == "__main__":
    sys.exit(main())
