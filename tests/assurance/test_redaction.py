"""Nobody's token, link, passcode, name, text or sign-in name leaves the process: the redaction proof (ENGINE 5).

The cloud gives out values that stand nowhere else; a bot lives through good and bad; whatever it told is searched.
`make test` lives through one failure of each kind, `-m long` through every fault there is.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from bot.sandbox.canaries import KINDS
from bot.sandbox.faults import CATALOGUE
from bot.telemetry.catalogue import EVENTS, STEPS
from bot.telemetry.measures import INSTRUMENTS
from tests.assurance.evidence import Evidence, Life, living, unreadable
from tests.journeys.signing_in import account, asked

ROOT = Path(__file__).resolve().parents[2]
BRIEF = ("504-after", "forbidden", "connector-502", "connector-403")
OPTIONS = {
    "lobby-kept": "lobby organizer",
    "calendar-off": "calendar",
    "slow-calendar": "calendar",
    "duplicate-event": "calendar",
}
"""What has to be asked for so that a fault strikes."""
NO_REQUEST_S = frozenset({"keys-503", "callback-502"})
"""These strike no request of anybody's, but the daily renewal of keys, and Graph on its way to us."""
OF_CALLS = frozenset({"late-events", "doubled-events"})


async def good(life: Life) -> None:
    """Open a meeting with a passcode, let people in, ring one, rename and end it; let somebody sign in."""
    tenant = life.cloud.tenant
    home = life.chat()
    name = await life.ask(home, "passcode")
    await life.shows(home, f"{name}: open\n")
    meeting = life.cloud.graph.meetings[-1]
    await life.until(lambda: bool(life.cloud.subscriptions.of(meeting)))
    await life.cloud.calls.join(meeting, tenant.ana, tenant.ben)
    await life.shows(home, tenant.ben.name)
    await life.journey.teams.say(tenant.people[-1], home, "ring @Chloé")
    await life.until(lambda: bool(life.cloud.graph.calls.rung()))
    renamed = life.cloud.canaries.word()
    await life.journey.teams.say(tenant.people[-1], home, f"rename {renamed}")
    await life.shows(home, renamed)
    policy = life.cloud.faults.inject("policy")
    tenant.leads.members.append(tenant.people[-1].oid)
    await life.journey.teams.say(tenant.ana, tenant.leads, f"meet now {life.cloud.canaries.word()}")
    post = await asked(life.journey, tenant.ana, tenant.leads)
    await account(life.journey).silently(tenant.ana, post)
    await account(life.journey).in_the_browser(tenant.ana, post)
    await life.shows(tenant.leads, ": open\n")
    policy.remove()


async def bad(life: Life, faults: tuple[str, ...]) -> None:
    """Fail in every way: of Microsoft's making, of strangers', of our own bugs'."""
    for fault in faults:
        await struck(life, fault)
    tenant, teams = life.cloud.tenant, life.journey.teams
    activity = teams.scribe.message(tenant.ana, tenant.incidents.thread_id, life.cloud.canaries.word(), at=0, id="1")
    assert (await teams.send(activity, token=teams.forge("wrong-audience", activity))).status in {401, 403}
    await unreadable(life, f"Bearer {teams.token(activity)}")
    await forged(life)
    for call, event in (("settle_turn", "turn.failed"), ("make", "timer.failed"), ("post", "message.failed")):
        life.breaks[call] = ValueError(life.cloud.canaries.word())
        await life.ask(life.chat())
        await life.said(f"{event} ")
    asyncio.get_running_loop().call_soon(_raise, ValueError(life.cloud.canaries.word()))
    await life.said("loop.failed ")


async def forged(life: Life) -> None:
    """Send an alert that nobody signed to the address that nobody can guess, and to one that is none."""
    (secret,) = (text for text in life.cloud.canaries.given["address"] if text.startswith("H00k"))
    async with ClientSession() as session:
        for path, status in ((secret, 401), (secret[:-1], 404)):
            async with session.post(f"{life.journey.url}/api/hooks/{path}", data=life.cloud.canaries.word()) as answer:
                assert answer.status == status
    await life.said("hooks.refused ")


async def struck(life: Life, fault: str) -> None:
    """Let a fault of the cloud's strike a request in a channel of its own."""
    # A lost answer is asked for again: only then does Outlook know the transaction.
    lost = life.cloud.faults.inject("504-after", on="graph.createEvent", times=1) if "duplicate" in fault else None
    of_tokens = CATALOGUE[fault].operations.startswith("entra")
    if of_tokens:
        life.cloud.entra.revoke()
    injection = life.cloud.faults.inject(fault, times=1)
    chat = life.chat()
    name = await life.ask(chat, OPTIONS.get(fault, ""))
    if fault in OF_CALLS:
        await life.shows(chat, f"{name}: open\n")
        meeting = next(one for one in life.cloud.graph.meetings if one.subject == name)
        await life.until(lambda: bool(life.cloud.subscriptions.of(meeting)))
        await life.cloud.calls.join(meeting, life.cloud.tenant.ana)
    try:
        await life.until(lambda: injection.hits > 0)
    except TimeoutError:
        raise AssertionError(f"{fault} struck nothing") from None
    injection.remove()
    if of_tokens:
        life.cloud.entra.revoke()  # a token without permissions would be used on
    if lost:
        lost.remove()


def _raise(error: Exception) -> None:
    raise error


async def lived(folder: Path, faults: tuple[str, ...], *, telling: bool = False) -> Evidence:
    """Return what a bot told that lived through good and bad; `telling`: one that tells on purpose."""
    with pytest.MonkeyPatch.context() as patch:
        async with living(folder, patch, telling=telling) as life:
            await good(life)
            await bad(life, faults)
    return life.evidence


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What one bot told; it lives once for all tests here."""
    return asyncio.run(lived(tmp_path_factory.mktemp("life"), BRIEF))


def test_nothing_that_is_secret_or_anybody_s_is_told(evidence: Evidence) -> None:
    """No log line, span, number, detail or traceback holds a token, link, passcode, number, name, text or state."""
    assert evidence.leaks() == []


def test_there_was_something_to_tell(evidence: Evidence) -> None:
    """The search is worth something: values of every kind were given out, and each place has much in it."""
    assert [kind for kind in KINDS if not evidence.given[kind]] == []
    assert [place for place, text in evidence.places.items() if len(text) < len("ready\n")] == []
    assert [name for name in STEPS if f"muster {name} " not in evidence.places["log"]] == []
    assert "process inbox" in evidence.places["traces"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_search_finds_what_is_told(evidence: Evidence, kind: str) -> None:
    """A single value of any kind, in any place, is found out: the search can fail."""
    for place, text in evidence.places.items():
        planted = replace(evidence, places={**evidence.places, place: text + f" {min(evidence.given[kind])}\n"})
        assert f"{place}: {kind}" in planted.leaks()


def test_numbers_have_no_name_on_them(evidence: Evidence) -> None:
    """No label names a tenant, person or chat, each has few values, and every metric that we promise is there."""
    page = evidence.places["metrics"]
    assert [one for one in evidence.about if one in page] == []
    families = list(text_string_to_metric_families(page))
    labels: dict[str, set[str]] = {}
    for sample in (sample for family in families for sample in family.samples):
        for label, value in sample.labels.items():
            labels.setdefault(label, set()).add(value)
    assert labels["muster_event"] <= EVENTS.keys()
    assert max(len(values) for values in labels.values()) <= len(EVENTS)
    told = {family.name for family in families}
    assert {
        name for name in INSTRUMENTS if not any(family.startswith(name.replace(".", "_")) for family in told)
    } == set()


@pytest.mark.long
def test_no_fault_makes_anything_be_told(tmp_path: Path) -> None:
    """The same holds whichever way Graph, Teams, Entra or the Token Service fails."""
    # Refusals are remembered, of subscriptions and of ties: what changes those answers comes before what refuses.
    order = sorted(
        [fault for fault in CATALOGUE if fault not in NO_REQUEST_S],
        key=lambda fault: (fault not in OF_CALLS, CATALOGUE[fault].status is not None),
    )
    evidence = asyncio.run(lived(tmp_path, tuple(order)))
    assert evidence.leaks() == []


@pytest.mark.long
def test_a_bot_that_tells_is_found_out(tmp_path: Path) -> None:
    """A build that writes what it hears and sends into its log is red: the proof proves something."""
    told = asyncio.run(lived(tmp_path, (), telling=True)).leaks()
    assert {f"log: {kind}" for kind in ("link", "passcode", "number", "name", "text")} <= set(told)


@pytest.mark.long
def test_a_process_that_dies_says_nothing_of_what_it_knew() -> None:
    """Standard error of a process that crashes, with a thread and a finalizer of its own, has kinds and places only."""
    crash = (
        "import sys, threading\n"
        "secret = sys.argv[1]\n"
        "from bot import discreet\n"
        "discreet.crash_without_words()\n"
        "class Final:\n"
        "    def __del__(self): raise ValueError(secret)\n"
        "Final()\n"
        "thread = threading.Thread(target=int, args=[secret])\n"
        "thread.start(); thread.join()\n"
        "int(secret)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", crash, "canary"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines().count("ValueError") == 3
    assert "canary" not in done.stderr
