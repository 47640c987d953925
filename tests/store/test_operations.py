"""Operations driven by hand: what another replica does in between, which one SQLite file cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.leases import Receipt, ReceiptKind
from bot.store import operations
from bot.store.statements import SEVERAL, Operation, Row, Statement, Terms

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make


def driven(operation: Operation[Receipt], answers: dict[str, list[list[Row]]]) -> Receipt:
    """Run an operation whose queries are answered from lists, in order; other queries have no rows."""

    def answer(name: str) -> list[Row]:
        waiting = answers.get(name, [])
        return waiting.pop(0) if waiting else []

    name, asked = next(operation)
    while True:
        rows: Any = answer(name) if name != SEVERAL else [answer(one) for one, _ in cast("list[Statement]", asked)]
        try:
            name, asked = operation.send(rows)
        except StopIteration as ended:
            receipt: Receipt = ended.value
            return receipt


EARLIER: Row = {
    "turn_key": "first",
    "echo_key": "e",
    "kind": "said",
    "reference": "7F3K-92QD",
    "received_at": 1_790_000_000_000,
    "state": "new",
    "outcome": "",
    "answer": None,
}


@pytest.mark.parametrize("before", [[], [EARLIER]])
@pytest.mark.parametrize(("found", "original"), [([{"original_key": "first", "answer": None}], "first"), ([], "a")])
def test_two_replicas_receive_one_turn(make: Make, before: list[Row], found: list[Row], original: str) -> None:
    """When another replica wrote the same turn a moment earlier, this one has a copy and runs nothing."""
    operation = operations.receive(Terms("one"), make.turn("a", echo_key="e"), make.now)
    receipt = driven(
        operation,
        {"chat_seen": [[{"thread_id": "t"}]], "turn_find": [found], "turn_before": [before], "turn_insert": [[]]},
    )
    assert receipt == Receipt(ReceiptKind.COPY, original)
