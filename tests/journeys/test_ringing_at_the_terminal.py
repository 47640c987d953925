"""What issue 7 shows in the terminal: a ring list from the settings dialog, people rung, and a card that follows."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Look, Stream
from bot.sandbox.display import Display
from bot.sandbox.terminal import Talk
from tests.journeys.fast_clock import FastClock
from tests.journeys.harness import Journey
from tests.journeys.watched import watched


class Typed(Stream):
    """A console at which lines are typed; `lines` is what it showed."""

    def __init__(self, journey: Journey) -> None:
        super().__init__(io.StringIO())
        self.lines: list[str] = []
        self.journey = journey
        self.display = Display(journey.cloud, self, Look(boxes=False, unicode=True))
        self.talk = Talk(journey.cloud, journey.teams, self, self.display)
        self.talk.patience = 0.1

    def show(self, text: str) -> None:
        """Keep it."""
        self.lines += text.split("\n")

    async def ask(self, prompt: str) -> str:
        """Type nothing by itself."""
        raise EOFError(prompt)

    async def types(self, line: str) -> str:
        """Type a line, and return what is shown for it."""
        self.lines.clear()
        await self.talk.line(line)
        return "\n".join(self.lines)

    async def draws(self, *words: str) -> None:
        """Wait until the post in the channel says all this, and see that `card` draws it so."""
        journey = self.journey
        chat = journey.cloud.tenant.incidents
        await journey.until(lambda: any(all(word in text for word in words) for text in journey.texts(chat)))
        drawn = await self.types("card")
        assert [word for word in words if word not in drawn] == []


@pytest.fixture
async def typed(tmp_path: Path) -> AsyncIterator[Typed]:
    """Start a terminal before a bot that Graph can call back; a minute lasts six seconds."""
    clock = FastClock(10.0)
    async with Cloud(clock=clock) as cloud, watched(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
        yield Typed(journey)


async def ring_list(typed: Typed, names: str) -> str:
    """Fill in the settings dialog, and return what is shown for it."""
    cloud = typed.journey.cloud
    await typed.types("/install")
    await typed.types("settings")
    await typed.journey.until(lambda: bool(cloud.whispers(cloud.tenant.incidents)))
    typed.display.show_news()
    number = re.search(r"\[(\d+)] Change settings", "\n".join(typed.lines))
    assert number
    assert "  | Whom to ring: " in await typed.types(number[1])
    return await typed.types(f"/fill Whom to ring: {names}")


async def test_people_are_rung_and_the_card_follows_at_the_terminal(typed: Typed) -> None:
    """One declines and the next of the list is rung, one comes; all leave, it ends with its digest and is reopened."""
    calls, tenant = typed.journey.cloud.graph.calls, typed.journey.cloud.tenant
    assert "  | Whom to ring: 1 person" in await ring_list(typed, "Kim")
    await typed.types("meet now Outage ring @Ben @Chloé")
    await typed.journey.until(lambda: len(calls.rung()) > 1)
    await typed.types("/decline chloe")
    await typed.draws("Outage: open", "Declined: Chloé Martin", "Ringing Ben Okafor and Kim Park")
    await typed.types("/answer ben")
    await typed.draws("Outage: live, 1 person", "Came when rung: Ben Okafor")
    await typed.types("/leave all")
    await typed.draws("Outage: empty")
    await typed.types("end")
    await typed.draws("Outage: ended", "1 person · started by Ana Lima")
    number = typed.journey.cloud.graph.meetings[-1].conference_id
    await typed.types("reopen")
    await typed.draws("Outage: open", number[:3])
    await typed.types("/join ben")
    await typed.draws("Outage: live, 1 person")
    assert tenant.ben.oid not in {person.oid for person in calls.rung()}


async def test_a_dialog_says_what_can_be_filled_in(typed: Typed) -> None:
    """A field, a choice or a name that there is not is answered by those that there are."""
    assert await typed.types("/fill Whom to ring: Kim") == "  No dialog with fields is open."
    assert await ring_list(typed, "Kim, Dana") == "  Nobody here is called Dana."
    assert (await typed.types("/fill Colour: red")).startswith("  Fields: How long, Who comes straight in, ")
    assert await typed.types("/fill Passcode: blue") == "  Choose one of: as usual, on."
    assert "  | Passcode: on" in await typed.types("/fill passcode: ON")
