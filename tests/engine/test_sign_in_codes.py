"""What is written down of a sign-in's code: all copies know each other by it, and nobody reads the code out of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from bot.leases import Exchange
from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from bot.settings import Settings
from bot.signins import SignIns
from bot.system import SystemClock
from tests.operator.test_settings import GOOD

CODE = "814305"
CHAT = Chat("tenant", "19:x", ChatKind.PERSONAL)
ANA = Turn("k", "", TurnKind.SAID, CHAT, Person("29:a", "oid-a"), "19:x", "1", 0, 1, "7F3K-92QD")


class Book:
    """A store that keeps what exchanges are called, and has always had the exchange done already."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def exchange_begins(self, _tenant: str, _oid: str, name: str, _now: int) -> Exchange:
        """Keep the name."""
        self.names.append(name)
        return Exchange.DONE


async def written(key: bytes, turn: Turn = ANA) -> str:
    """Return what the store has of the code."""
    book: Any = Book()
    users: Any = None  # nothing is left for it to do
    assert await SignIns(book, users, SystemClock(), lambda _: None, lambda: None, key).redeem(turn, CODE)
    (name,) = book.names
    return str(name)


async def test_a_code_is_not_found_by_trying_all_of_them() -> None:
    """Who reads the database cannot try a million codes: without the key none of them gives what stands there."""
    one = await written(b"k" * 32)
    assert one == await written(b"k" * 32)
    assert one != await written(b"l" * 32)
    assert one != await written(b"k" * 32, replace(ANA, person=Person("29:b", "oid-b")))
    for guess in (CODE, f"tenant|oid-a|{CODE}"):
        assert hashlib.sha256(guess.encode()).hexdigest() not in one


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, GOOD["MicrosoftAppPassword"]),
        ({"MUSTER_SECRET_KEY": "s" * 32}, "s" * 32),
        ({"MicrosoftAppPassword": "", "MANAGED_IDENTITY_CLIENT_ID": "system"}, ""),
    ],
)
def test_every_replica_has_the_key(changes: dict[str, str], key: str) -> None:
    """The key is the one for secrets, without it the app's own password; neither is in the database."""
    assert Settings.from_env({**GOOD, **changes}).code_key == key.encode()
