"""A few of the hundred thousand: whatever is sent, every door answers, none with an error of ours."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from aiohttp import ClientConnectionResetError, web
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import given
from hypothesis import strategies as st

import app
from bot import discreet
from bot.ports import Store
from tests.assurance.doors import Sent
from tests.assurance.fuzz import Found, Stumbling, Tally, errors, judge, run
from tests.assurance.mutations import DEEP, LONG, TWICE, mutated, written
from tests.assurance.standing import standing

INPUTS = 120


def test_every_door_answers_whatever_is_sent(tmp_path: Path) -> None:
    """Mutated requests to every door are answered without an error; a bot with a bug is found out by as many."""
    stumbling: list[Stumbling] = []

    def around(store: Store) -> Store:
        stumbling.append(Stumbling(store, 10**6))
        return cast("Store", stumbling[0])

    with standing(f"sqlite:///{tmp_path}/muster.db", tmp_path, app.Replaced(wrap_store=around)) as stood:
        sound, broken = Tally(1), Tally(1)
        run(stood, sound, INPUTS, smaller=False)
        stumbling[0].patience = 0
        run(stood, broken, INPUTS, smaller=False)
    assert sound.found == []
    assert sum(sound.sent.values()) >= INPUTS
    assert "500 to /api/messages" in "".join(broken.found)


@given(mutated({"text": "meet", "from": {"id": "29:a"}, "entities": [{"type": "mention"}]}))
def test_a_mutation_is_still_json(document: object) -> None:
    """Whatever was changed can be written and read, if only by who minds no depth and no odd numbers."""
    text = written(document)
    with suppress(RecursionError):
        json.loads(text)
    assert text.encode("utf-8", "surrogatepass")


def test_what_stands_for_much_is_written_out() -> None:
    """Depth, length and a key that stands there twice come out as they should."""
    assert written({"a": DEEP.format(3), "b": LONG.format(4), f"b{TWICE}": 1}) == '{"a": [[[]]], "b": "xxxx", "b": 1}'


@pytest.mark.parametrize(("status", "may"), [(500, ()), (503, (501,)), (-1, ())])
def test_no_answer_and_errors_nobody_promised_are_found(status: int, may: tuple[int, ...]) -> None:
    """Silence and every status from 500 on count, but those that are the documented answer."""
    request = Sent("/api/messages", (b"x" * 3_000,), may=frozenset(may))
    with pytest.raises(Found, match="/api/messages"):
        judge(request, status)
    judge(request, 404)
    judge(Sent("/api/messages", (b"",), may=frozenset({501})), 501)


@given(st.sampled_from(["2026 ERROR muster worker.failed", "turn.failed ref=x", "Traceback (most recent call last):"]))
def test_an_error_in_the_log_is_found(line: str) -> None:
    """What fails behind an answer that was fine is red too, from its first line on."""
    assert errors(["2026 INFO muster turn.done", line, "  more"]) == [line, "  more"]
    assert errors(["2026 WARNING muster door.refused reason=size"]) == []


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (BadHttpMessage("Bearer x"), False),
        (web.RequestPayloadError(), False),
        (ClientConnectionResetError("Cannot write to closing transport"), False),
        (KeyError(), True),
    ],
)
def test_strangers_broken_http_is_not_quoted_in_the_log(error: Exception, *, logged: bool) -> None:
    """What is no HTTP may have a token in it, and who hangs up is no fault; an error of ours is always logged."""
    record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "Error", None, (type(error), error, None))
    assert discreet.is_ours(record) is logged
    assert discreet.is_ours(logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "Error", None, None))
