"""Telephones in the terminal: who is rung takes the call or declines it; whoever does nothing does not answer."""

from __future__ import annotations

from bot.sandbox import attending
from bot.sandbox.cloud import Cloud
from bot.sandbox.telephony import Calls

USAGE = {
    "/answer": "/answer NAME         somebody who is rung takes the call",
    "/decline": "/decline NAME        somebody who is rung declines it",
}


async def taken(cloud: Cloud, name: str) -> str:
    """Let somebody answer and so come into the meeting; return what is to be shown."""
    person, calls = cloud.tenant.person(name), cloud.graph.calls
    if person is None or not await calls.answer(person):
        return _nobody(calls)
    await attending.join(cloud, name, person)
    return f"  {person.first_name} answers and is in the meeting."


async def declined(cloud: Cloud, name: str) -> str:
    """Let somebody decline, and return what is to be shown."""
    person, calls = cloud.tenant.person(name), cloud.graph.calls
    if person is None or not await calls.decline(person):
        return _nobody(calls)
    return f"  {person.first_name} declines."


def _nobody(calls: Calls) -> str:
    rung = ", ".join(person.first_name for person in calls.rung())
    return f"  Ringing just now: {rung}." if rung else "  Nobody is rung just now. Try:  ring @Ben"
