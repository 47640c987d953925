"""Two tenants on one deployment: nothing of one is ever visible to the other, whatever their people do (WO6)."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.call_timers import CallTimers
from bot.commands import COMMANDS
from bot.commands.command import Policy
from bot.delivery import Delivery
from bot.dispatch import Dispatch
from bot.leases import Work
from bot.lifecycle import Lifecycle
from bot.messages import Answer, Rendered
from bot.model import Chat, ChatKind, DialIn, FrozenRequest, Meeting, MeetingRequest, Options, Person, Turn, TurnKind
from bot.observe import Event
from bot.ports import Store
from bot.references import reference
from bot.store.auditing import Wanted
from bot.store.records import open_records
from bot.store.sqlite import open_sqlite
from tests.commands.conftest import freeze

TENANTS = ("tenant-red", "tenant-blue")
SIGNS = ("Vermilion", "Cerulean")
"""What every text, name and link of a tenant has, and nothing of the other may have."""
LINES = (
    *(
        "meet now {sign} review",
        "meet",
        "meet #INC-42 {sign} down",
        "meet #{sign}",
        "meet #payroll",
        "start another {sign}",
    ),
    *(
        "meet tomorrow 9:00 {sign} plan",
        "status",
        "recent",
        "dial-in",
        "end",
        "reopen",
        "rename {sign} two",
        "settings",
    ),
    *("settings duration: 30m", "settings me: plain text", "settings backup: {sign} 4711", "ring", "host", "help"),
    *("bring it here #payroll", "why {mine}", "why {theirs}", "press", "press theirs", "press stolen"),
)
"""What people say; `press` presses a button of the last message here, `press theirs` and
`press stolen` claim to press one over there, by its place or by its nonce."""
Action = tuple[int, int, int, str]
ACTIONS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.sampled_from(LINES)), min_size=4, max_size=14
)


@dataclass
class World:
    """A clock that a test moves, dice that never fall the same; Graph and Teams, which write down who sees what."""

    at: int = 1_790_000_000_000
    thrown: int = 0
    seen: dict[str, list[str]] = field(default_factory=lambda: {tenant: [] for tenant in TENANTS})
    posted: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {tenant: [] for tenant in TENANTS})

    def now(self) -> int:
        """Return ms UTC."""
        return self.at

    async def sleep(self, _: float) -> None:
        """Wait for nothing."""

    def token(self) -> str:
        """Return 32 hex digits that nobody has seen yet."""
        self.thrown += 1
        return hashlib.sha256(str(self.thrown).encode()).hexdigest()[:32]

    def fraction(self) -> float:
        """Return the middle."""
        return 0.5

    def freeze(self, host_oid: str, request: MeetingRequest) -> FrozenRequest:
        """Freeze a request."""
        return freeze(host_oid, request)

    async def make(self, tenant: str, request: FrozenRequest, **_: object) -> Meeting:
        """Make a meeting whose link, id and numbers are its tenant's."""
        sign = SIGNS[TENANTS.index(tenant)]
        number, dial_in = self.token(), DialIn("123456789", (f"+44 20 {sign}",))
        return Meeting(number, f"https://join.example/{sign}/{number}", request.body, "oid-0", dial_in=dial_in)

    async def update(self, _: str, meeting: Meeting, _options: Options, **_named: object) -> Meeting:
        """Set nothing."""
        return meeting

    async def find(self, *_: object, **_named: object) -> None:
        """Find nothing."""

    async def delete(self, *_: object, **_named: object) -> None:
        """Delete."""

    def show(self, tenant: str, content: Rendered | Answer | None) -> None:
        """Keep what people of a tenant see."""
        if content is not None:
            self.seen[tenant].append(json.dumps(content.card, ensure_ascii=False) + content.text)

    async def post(self, chat: Chat, _: str, content: Rendered, *, nonce: str) -> str:
        """Post."""
        self.show(chat.tenant, content)
        activity_id = f"{len(self.posted[chat.tenant])}-{TENANTS.index(chat.tenant)}"
        self.posted[chat.tenant].append((activity_id, nonce))
        return activity_id

    async def whisper(self, chat: Chat, _: str, _to: Person, content: Rendered, *, nonce: str) -> str:
        """Whisper."""
        self.show(chat.tenant, content)
        return f"whisper {nonce}"

    async def edit(self, chat: Chat, _: str, _activity: str, content: Rendered) -> None:
        """Edit."""
        self.show(chat.tenant, content)

    async def member(self, chat: Chat, person_id: str) -> Person:
        """Say that everybody is a member, by the name that they have in the tenant."""
        return person(TENANTS.index(chat.tenant), int(person_id[-1]))

    async def group(self, _: Chat) -> str:
        """Say nothing."""
        return ""

    async def channel_names(self, chat: Chat) -> dict[str, str]:
        """Return a channel's name."""
        return {chat.thread_id: f"channel of {SIGNS[TENANTS.index(chat.tenant)]}"}


def person(tenant: int, number: int) -> Person:
    """Return somebody whose ids somebody in the other tenant has too, and whose name nobody has."""
    return Person(f"29:{number}", f"oid-{number}", f"Ana {SIGNS[tenant]} {number}", f"{number}@{SIGNS[tenant]}.example")


class Muster:
    """The engine over a store, without a network; what is due is run at once."""

    def __init__(self, store: Store, world: World) -> None:
        policy = Policy(freeze, open_topics=("INC-*",), admins=("oid-0",), backup_bridge="")
        self._store, self._world = store, world
        self._dispatch = Dispatch(COMMANDS, policy)
        ports: Any = world  # Graph, Teams, clock and dice in one
        self._timers = CallTimers(Lifecycle(ports, ports, policy, ports, ports, _unheard))
        self._delivery = Delivery(ports, ports, ports, _unheard)
        self.references: tuple[list[str], list[str]] = ([], [])
        self._said = 0

    async def does(self, action: Action) -> None:
        """Let somebody do something, and run what comes of it; a minute passes."""
        turn = self._turn(action)
        self.references[action[0]].append(turn.reference)
        receipt = await self._store.receive(turn, self._world.at)
        await self._run([Work(turns=(receipt.claim,))] if receipt.claim else [])
        found = await self._store.answer(turn.turn_key)
        self._world.show(turn.chat.tenant, found.answer if found else None)
        self._world.at += 61_000
        while any(due := _due(await self._store.claim(self._world.at, 64))):
            await self._run([Work(*due)])

    def _turn(self, action: Action) -> Turn:
        tenant, who, where, line = action
        self._said += 1
        key = hashlib.sha256(f"{self._said}".encode()).hexdigest()
        kind = ChatKind.PERSONAL if where and who else ChatKind.GROUP
        chat = Chat(
            TENANTS[tenant], f"19:chat-{where}-{kind}", kind, name=SIGNS[tenant], service_url="https://s.example"
        )
        told = line.replace("#{sign}", f"#{SIGNS[tenant]}").format(
            sign=SIGNS[tenant], mine=_last(self.references[tenant]), theirs=_last(self.references[1 - tenant])
        )
        times = (self._world.at, self._world.at + 300_000, reference(key))
        turn = Turn(key, key, TurnKind.SAID, chat, person(tenant, who), chat.thread_id, key, *times, told)
        if not line.startswith("press"):
            return turn
        posted = self._world.posted[TENANTS[tenant if line == "press" else 1 - tenant]]
        activity_id, nonce = posted[-1] if posted else ("0", "")
        reply_to = "nowhere" if line == "press stolen" else activity_id
        return replace(turn, kind=TurnKind.PRESSED, text="dial-in", reply_to_id=reply_to, data={"n": nonce})

    async def _run(self, waiting: list[Work]) -> None:
        store, world = self._store, self._world
        while waiting:
            work = waiting.pop(0)
            for turn in work.turns:
                decide = self._dispatch.decide(turn.turn)
                waiting.append((await store.settle_turn(turn, decide, world.at, world.token())).work)
            for timer in work.timers:
                settled = await store.settle_timer(timer, await self._timers.run(timer), world.at, world.token())
                waiting.append(settled.work)
            for message in work.messages:
                sent = await self._delivery.send(message)
                waiting.append((await store.settle_message(message, sent, world.at)).work)


def _due(work: Work) -> tuple[Any, Any, Any]:
    return work.turns, work.timers, work.messages


def _unheard(event: Event) -> None:
    assert event.name not in {"message.failed", "timer.failed"}, event


def _last(references: Sequence[str]) -> str:
    return references[-1] if references else "2222-2222"


async def lived(actions: Sequence[Action]) -> None:
    """Let people of both tenants do all this, and look at what each tenant saw and has in its records."""
    world = World()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "muster.db"
        store = await open_sqlite(str(path), owner="one", exclusive=False)
        muster = Muster(store, world)
        for action in actions:
            await muster.does(action)
        records = await open_records(f"sqlite:///{path}")
        for tenant in TENANTS:
            assert {line.tenant for line in await records.audit(Wanted(tenant))} <= {tenant}
        await records.close()
        await store.close()
    other = {TENANTS[0]: SIGNS[1], TENANTS[1]: SIGNS[0]}
    assert [text for tenant in TENANTS for text in world.seen[tenant] if other[tenant] in text] == []
    for tenant, theirs in zip(TENANTS, reversed(muster.references), strict=True):
        told = "".join(world.seen[tenant]).replace("\u2068", "").replace("\u2069", "")
        assert [one for one in theirs if f"The story of {one}" in told] == []
    if any("meet now" in line for *_, line in actions):
        assert any(SIGNS[0] in text or SIGNS[1] in text for texts in world.seen.values() for text in texts)


BOTH = [(tenant, 0, 0, line) for line in LINES for tenant in (0, 1)]


@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
@given(ACTIONS)
@example(BOTH)
async def test_nothing_of_one_tenant_is_seen_in_the_other(actions: list[Action]) -> None:
    """With the same chats, people's ids, topics and message ids, no word, name, link or story crosses over."""
    await lived(actions)


@pytest.mark.long
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(ACTIONS)
async def test_nothing_crosses_over_in_hundreds_of_lives(actions: list[Action]) -> None:
    """The same for hundreds of made-up days of two tenants (`make tenants`)."""
    await lived(actions)
