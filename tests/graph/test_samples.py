"""Recorded exchanges with Graph: what Muster asks is what they show, and it understands what they answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.graph import refusals
from tests.graph.exchanges import CASES, DEAD, HOST, NOW, is_dead, load, plain, read, written
from tests.graph.slices import BETA, V1, document

pytestmark = pytest.mark.usefixtures("untraced")

BEYOND = {"/users/{user-id}/events/{event-id}", "/me/events/{event-id}", "/communications/onlineMeetings"}
"""What Muster asks too and the slice of Microsoft's description leaves out (facts/graph 1.4 and 4)."""
SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
"""The documents that the project started from, in a folder beside it."""


@pytest.mark.parametrize("case", CASES)
def test_what_graph_is_known_to_answer_is_understood(case: str) -> None:
    """Every recorded or documented answer means to Muster what its source says."""
    means = load(case, "response")["means"]
    found = read(case)
    assert {name: found.get(name) for name in means} == means


@pytest.mark.parametrize("case", [case for case in CASES if not is_dead(load(case, "request"))])
def test_what_the_samples_ask_muster_asks(case: str) -> None:
    """Every documented request, but those to addresses that are gone, is one that Muster writes."""
    request = load(case, "request")
    frozen = written(request)
    assert frozen.path == request["path"].replace("{user-id}", HOST)
    assert plain(json.loads(frozen.body or "null")) == plain(request["body"])
    assert frozen.version in {request["version"], "v1.0"}


@pytest.mark.parametrize("case", CASES)
def test_every_sample_names_its_source(case: str) -> None:
    """Each half of an exchange says where it comes from."""
    assert load(case, "request")["source"]
    assert load(case, "response")["source"]


@pytest.mark.parametrize("case", CASES)
def test_graph_s_own_words_stay_out_of_our_errors(case: str) -> None:
    """What an error says in the log is ours: Graph's message, which may name people, is not repeated."""
    response = load(case, "response")
    message = ((response["body"] or {}).get("error") or {}).get("message", "")
    error = refusals.read_error(max(400, response["status"]), {}, response["body"], now=NOW)
    assert not message or message not in str(error)


@pytest.mark.parametrize("case", CASES)
def test_samples_are_what_microsoft_describes(case: str) -> None:
    """Each half of an exchange is valid by Microsoft's description, and no request has a name that it lacks."""
    request, response = load(case, "request"), load(case, "response")
    described = document(BETA if request["version"] == "beta" else V1)
    method, path = request["method"], template(request["path"])
    if described.operation(method, path) is None:
        assert path in {*DEAD, *BEYOND}
        return
    if request["body"] is not None:
        assert described.errors(described.request(method, path), request["body"]) == []
    if response["body"] is not None:
        assert described.valid(described.answer(method, path, response["status"]), response["body"])


def template(path: str) -> str:
    """Return a path with Microsoft's placeholders."""
    plain_path = path.partition("?")[0]
    with_id = re.sub(r"(?<=/onlineMeetings/)(?!createOrGet)[^/]+$", "{onlineMeeting-id}", plain_path)
    return re.sub(r"(?<=/events/)[^/]+$", "{event-id}", with_id)


def test_every_body_the_project_started_from_is_a_sample() -> None:
    """All JSON that the first documents print, mended where it is broken, is among the samples."""
    if not SEEDS.exists():
        pytest.skip("the documents that the project started from are not beside it")
    ours = [load(case, half)["body"] for case in CASES for half in ("request", "response")]
    printed = list(bodies())
    assert len(printed) == 8
    assert [body for body in printed if not any(alike(body, sample) for sample in ours)] == []


def bodies() -> Iterator[Any]:
    """Yield the JSON bodies that the documents print."""
    for page in sorted(SEEDS.glob("*.txt")):
        text = page.read_text(encoding="utf-8", errors="replace")
        for block in re.findall(r"```(?:http|json)\s*\n(.*?)```", text, re.DOTALL):
            if (begin := block.find("\n{")) >= 0 or block.startswith("{"):
                yield json.loads(mended(block[max(begin, 0) :]))


def mended(text: str) -> str:
    """Return JSON without trailing commas, and without the line that is none."""
    quoted = re.sub(r"^\s*@odata\.context=(\S+)\s*$", r'"@odata.context": "\1",', text, flags=re.MULTILINE)
    return re.sub(r",(\s*[}\]])", r"\1", quoted)


def alike(printed: Any, sample: Any, name: str = "") -> bool:  # noqa: ANN401 - any JSON
    """Say whether a sample is what was printed; what was blacked out may be anything, and people have no names."""
    if (isinstance(printed, str) and "(redacted)" in printed) or name == "displayName":
        return True
    if isinstance(printed, dict) and isinstance(sample, dict):
        return printed.keys() == sample.keys() and all(alike(printed[key], sample[key], key) for key in printed)
    if isinstance(printed, list) and isinstance(sample, list):
        return len(printed) == len(sample) and all(map(alike, printed, sample))
    return bool(printed == sample)
