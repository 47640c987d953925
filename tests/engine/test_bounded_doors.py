"""What the doors of calls and of alerts read of strangers: no more than the main door (ENGINE 4.10)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.alarms import Alarms
from bot.alerts import Hook
from bot.bounded import read_json
from bot.callbacks import Callbacks
from bot.errors import DoorError
from bot.identity import Secret
from bot.observe import Event
from bot.system import SystemClock

SECRET, NONCE = "s" * 32, "0" * 32
HOOK = Hook(Secret(SECRET), Secret("a-key-of-some-length"), "19:x@thread.tacv2", "oid")
CHUNKED = "Host: x\r\nTransfer-Encoding: chunked\r\n"


class Behind:
    """What stands behind the doors: it knows one call, and nothing else is ever asked of it."""

    refuses: DoorError | None = None

    async def caller_of(self, nonce: str) -> str:
        """Return the call's tenant."""
        return "tenant" if nonce == NONCE else ""

    async def verify(self, _: str | None) -> Mapping[str, Any]:
        """Take everybody for Graph."""
        if self.refuses:
            raise self.refuses
        return {"tid": "tenant"}

    def read(self, _: object) -> Sequence[Any]:
        """Hear no news."""
        return ()

    async def hear(self, *_: object) -> None:
        """Keep nothing."""


async def answers(behind: Behind, path: str, said: str, events: list[Event]) -> str:
    """Send bytes to a door, and return the head of its answer in small letters."""
    store: Any = behind
    calls = Callbacks(store, behind.verify, behind.read, behind.hear, events.append)
    alarms = Alarms((HOOK,), "tenant", store, store, store, SystemClock(), events.append)
    application = web.Application()
    application.router.add_post("/api/calls/{nonce}", calls.handle)
    application.router.add_post("/api/hooks/{secret}", alarms.handle)
    async with TestServer(application, access_log=None) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(f"POST {path} HTTP/1.1\r\n{said}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.close()
    return head.casefold()


@pytest.mark.parametrize("path", [f"/api/calls/{NONCE}", f"/api/hooks/{SECRET}"])
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Host: x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone", "400"),
        ("Host: x\r\nContent-Length: 262145\r\n\r\n", "413"),
        (f"{CHUNKED}\r\n40001\r\n{'x' * 262145}\r\n", "413"),
    ],
)
async def test_half_a_body_is_refused_and_its_connection_closed(path: str, said: str, status: str) -> None:
    """What is broken or too long is the caller's mistake, never ours; the rest of it is not waited for."""
    head = await answers(Behind(), path, said, [])
    assert (head.split()[1], "connection: close" in head) == (status, True)


async def test_callers_are_told_when_to_come_back() -> None:
    """Before any key was loaded Graph reads how long to wait, as at the other doors."""
    events: list[Event] = []
    behind = Behind()
    behind.refuses = DoorError(503, "keys", retry_after=5)
    head = await answers(behind, f"/api/calls/{NONCE}", "Host: x\r\nContent-Length: 0\r\n\r\n", events)
    assert (head.split()[1], "retry-after: 5" in head) == ("503", True)
    assert [event.fields["reason"] for event in events] == ["keys"]


@given(st.lists(st.sampled_from(["\0", "\\", "\\u0000", "u0000", '"', "a", "\ufffd"])).map("".join))
def test_no_text_from_outside_has_a_nul(text: str) -> None:
    """A NUL anywhere in a name or an id is read as the sign for what is no character; everything else stays."""
    said = {text: [text, {"id": text}]}
    plain = text.replace("\0", "\ufffd")
    assert read_json(json.dumps(said).encode()) == {plain: [plain, {"id": plain}]}


@pytest.mark.parametrize(
    "body", [b'"\\ud800"', b'"\\udc00\\u0000"', b'"\xed\xa0\x80"', b'"\0"', b"\xff\xfe{\0}\0", b"[" * 9_000, b""]
)
def test_what_no_database_could_keep_is_no_json(body: bytes) -> None:
    """Halves of characters, other encodings and bottomless nesting are refused as what they are: not JSON."""
    with pytest.raises(json.JSONDecodeError):
        read_json(body)
