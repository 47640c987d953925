"""The story of a request and the audit, out of either store: sorted, and one tenant's own (EXPERIENCE 1.19)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from bot.decisions import MakeRoom, PlanMessage, Record, SaveStep, SetTimer, View
from bot.leases import Sent
from bot.messages import MessageState, Purpose, Whisper
from bot.model import Binding, Person, RoomState, TimerKind
from bot.ports import Store
from bot.store.auditing import Wanted
from bot.store.records import Records, open_records
from bot.stories import Exchange, Step

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make

REFERENCE = "7F3K-92QD"


@pytest.fixture
async def records(store: Store, engine: Engine) -> AsyncIterator[Records]:
    """The same database, read beside the process that has it open."""
    await store.ready()
    opened = await open_records(getattr(engine, "url", "") or f"sqlite:///{engine.path}")  # type: ignore[attr-defined]  # one or the other
    yield opened
    await opened.close()


async def asked(store: Store, make: Make) -> None:
    """Let Ana ask for a meeting that Graph made at the second try, and rename it."""
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.claim
    room = make.room(
        state=RoomState.OPEN, opened_at=make.now + 30, live_at=make.now + 50, binding=Binding.BOUND, attempt=2
    )
    whisper = make.message(
        "whisper", intent_key="whisper|a|policy", purpose=Purpose.WHISPER, room_id="", to=Person("29:ana", "oid-ana")
    )
    first = Exchange("POST", 503, 12, "r1", "c1", "UnknownError", "NotNow")
    second = Exchange("POST", 201, 9, "r2", "c2")
    effects = (
        MakeRoom(room),
        PlanMessage(make.message()),
        PlanMessage(replace(whisper, content=Whisper("policy"), due_at=None)),
        SaveStep(Step(make.tenant, REFERENCE, make.now + 10, "open", 1, "not yet", (first,))),
        SaveStep(Step(make.tenant, REFERENCE, make.now + 30, "open", 2, "open", (second,))),
        SaveStep(Step("other", REFERENCE, make.now, "open", 1, "open", (second,))),
        Record(make.tenant, "oid-ana", "meet", make.thread, "room", reference=REFERENCE),
        Record(make.tenant, "oid-ana", "rename", make.thread, "room", reference="XXXX-YYYY"),
    )
    (card,) = (await store.settle_turn(receipt.claim, make.reply(*effects), make.now, "f")).work.messages
    sent = Sent(MessageState.POSTED, "1:x", shown_version=1, outcome="posted", sent_at=make.now + 40)
    await store.settle_message(card, sent, make.now + 40)


async def test_a_story_has_all_that_happened_in_its_order(store: Store, make: Make, records: Records) -> None:
    """Asked, Graph's every answer with its ids, opened, whom it told, who did what: earliest first."""
    await asked(store, make)
    story, *others = [one for one in await records.stories(REFERENCE, make.now + 99) if one.tenant == make.tenant]
    assert others == []
    assert [moment.at for moment in story.moments] == sorted(moment.at for moment in story.moments)
    told = [(moment.at - make.now, moment.what) for moment in story.moments]
    assert sorted(told) == sorted(
        [
            *((0, "asked"), (0, "begun"), (0, "did"), (0, "told"), (10, "graph"), (30, "graph"), (30, "opened")),
            *((40, "told"), (50, "live")),
        ]
    )
    graph = [moment.facts for moment in story.moments if moment.what == "graph"]
    assert [(facts["status"], facts["request_id"], facts["outcome"]) for facts in graph] == [
        (503, "r1", "not yet"),
        (201, "r2", "open"),
    ]
    facts = {moment.what: moment.facts for moment in story.moments}
    assert facts["asked"].items() >= {"chat": "channel", "by": "oid-ana", "thread": make.thread}.items()
    assert (facts["begun"]["tries"], facts["opened"]["binding"], facts["did"]["action"]) == (2, "bound", "rename")
    assert {moment.facts.get("name", "card") for moment in story.moments if moment.what == "told"} == {"policy", "card"}


async def test_a_story_outlives_its_turn(store: Store, engine: Engine, make: Make, records: Records) -> None:
    """When the turn is forgotten the meeting still says who asked and where, also how it failed."""
    await asked(store, make)
    await engine.rows("DELETE FROM inbox")
    await engine.rows("UPDATE rooms SET state = 'failed', fail_code = 'policy', ended_at = ?", make.now + 60)
    story = next(one for one in await records.stories(REFERENCE, make.now + 99) if one.tenant == make.tenant)
    assert (story.moments[0].what, story.moments[0].facts["by"]) == ("asked", "oid-ana")
    assert (story.moments[-1].what, story.moments[-1].facts) == ("failed", {"code": "policy"})
    assert await records.stories("2222-2222", make.now) == []


async def test_an_administrator_s_chat_hears_its_own_tenant_alone(store: Store, make: Make) -> None:
    """Of two tenants that have the same reference each hears its own story; one without any hears of none."""
    await asked(store, make)
    seen = {}
    for tenant in (make.tenant, "other", "third"):
        timer = make.timer(f"story|{tenant}", kind=TimerKind.STORY, tenant=tenant, subject="", payload={})
        chat = make.chat(tenant=tenant, thread_id="19:admins")
        turn = make.turn(f"why in {tenant}", chat=chat, reference="AAAA-2222")
        receipt = await store.receive(turn, make.now)
        assert receipt.claim
        asks = replace(timer, payload={"ref": REFERENCE, "turn": asdict(turn)})
        (claim,) = (await store.settle_turn(receipt.claim, make.reply(SetTimer(asks)), make.now, tenant)).work.timers
        views: list[View] = []
        await store.settle_timer(claim, make.looking(views), make.now, "g")
        seen[tenant] = views[0].story
    assert {tenant: story and story.tenant for tenant, story in seen.items()} == {
        make.tenant: make.tenant,
        "other": "other",
        "third": None,
    }
    assert seen["other"] is not None
    assert {moment.what for moment in seen["other"].moments} == {"graph"}


async def test_the_audit_is_sorted_and_cut_as_it_is_asked_for(store: Store, make: Make, records: Records) -> None:
    """Lines come oldest first, of one tenant or of all, from a time up to another, and page by page."""
    for number, tenant in enumerate([make.tenant, "other", make.tenant]):
        chat = make.chat(tenant=tenant)
        receipt = await store.receive(
            make.turn(f"{number}", chat=chat, received_at=make.now + number), make.now + number
        )
        assert receipt.claim
        record = Record(tenant, "oid-ana", f"act {number}", make.thread)
        await store.settle_turn(receipt.claim, make.reply(record, record), make.now + number, f"{number}")
    assert [line.action for line in await records.audit(Wanted())] == [f"act {n}" for n in (0, 0, 1, 1, 2, 2)]
    mine = await records.audit(Wanted(make.tenant))
    assert [line.action for line in mine] == ["act 0", "act 0", "act 2", "act 2"]
    assert {line.tenant for line in mine} == {make.tenant}
    assert await records.audit(Wanted(make.tenant, after=mine[2].audit_id)) == mine[3:]
    assert await records.audit(Wanted(since=make.now + 1, until=make.now + 2, tenant="other")) != []
    assert await records.audit(Wanted(make.tenant, since=make.now + 1, until=make.now + 2)) == []


async def test_who_signs_in_is_in_the_audit(store: Store, make: Make, records: Records) -> None:
    """A sign-in that ended well is one line with its person; one that was refused is none."""
    for exchange, done in (("x", True), ("y", False)):
        await store.exchange_begins(make.tenant, "oid-ana", exchange, make.now)
        await store.exchange_ended(make.tenant, "oid-ana", exchange, make.now, done=done)
    (line,) = await records.audit(Wanted(make.tenant))
    assert (line.action, line.actor_oid, line.at) == ("sign in", "oid-ana", make.now)
