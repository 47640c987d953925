"""Telephones in the terminal: who is rung takes the call or declines it; whoever does nothing does not answer."""

from __future__ import annotations

from bot.sandbox.telephony import Calls
from bot.sandbox.tenant import Tenant

USAGE = {
    "/answer": "/answer NAME         somebody who is rung takes the call",
    "/decline": "/decline NAME        somebody who is rung declines it",
}


async def taken(calls: Calls, tenant: Tenant, name: str) -> str:
    """Let somebody answer, and return what is to be shown."""
    person = tenant.person(name)
    if person is None or not await calls.answer(person):
        return _nobody(calls)
    return f"  {person.first_name} answers and is in the meeting."


async def declined(calls: Calls, tenant: Tenant, name: str) -> str:
    """Let somebody decline, and return what is to be shown."""
    person = tenant.person(name)
    if person is None or not await calls.decline(person):
        return _nobody(calls)
    return f"  {person.first_name} declines."


def _nobody(calls: Calls) -> str:
    rung = ", ".join(person.first_name for person in calls.rung())
    return f"  Ringing just now: {rung}." if rung else "  Nobody is rung just now. Try:  ring @Ben"
