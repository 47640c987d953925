"""`/fault` in words: what can be broken, and what that means for the next request."""

from __future__ import annotations

import difflib

from bot.sandbox.faults import CATALOGUE, Faults

MEANING = {
    "policy": "Graph now answers 403, no access policy. The next meet now asks its person to sign in.",
    "429": "Graph now answers 429, too many requests. The next meet now waits and tries again.",
    "503": "Graph now answers 503, not available. The next meet now says so and tries again.",
    "outage": "Graph now closes every connection. The next meet now says so and tries again.",
    "no-licence": "New meetings now have no phone numbers, as without an Audio Conferencing licence.",
    "unlicensed": "Nobody has a Teams licence now: Graph answers 404 for every host.",
    "quota": "The host has made this month's 2,000 meetings: Graph answers 429 until the month ends.",
    "claims": "Conditional access now wants a newer sign-in: Graph answers 401 with a claims challenge.",
    "lobby-kept": "Graph now answers 200 to a change of the lobby, and keeps the lobby as it was.",
    "calendar-off": "No calendar allows Teams meetings now.",
    "slow-calendar": "Outlook now leaves the join link of new events empty.",
    "old-spellings": "Graph now answers in the names of 2019: ConferenceId, joinUrl, one toll number.",
    "late-events": "Graph now tells up to 20 seconds late who comes and goes, in any order.",
    "doubled-events": "Graph now tells everything twice that happens in a call.",
    "no-consent": "Entra's new tokens have no permissions, as before consent. Muster uses the token that it has.",
    "secret-expired": "The app's client secret has expired: Entra now answers 401. Muster uses the token that it has.",
    "wrong-audience": "Entra's new tokens are for another service than Graph. Muster uses the token that it has.",
    "wrong-clock": "Microsoft's clock is now ten minutes ahead of this machine's.",
    "no-connection": "The Azure Bot now has no OAuth connection, so nobody can sign in.",
    "callback-502": "Muster's public address now answers 502: Graph cannot tell of calls.",
    "unbound": "Graph now gives a meeting a chat of its own instead of the channel's. The card says so.",
}

_PAUSED = "Muster leaves Graph alone a little longer: what waits opens by itself, and at once with:  try now"
AFTERWARDS = {
    "policy": "Muster remembers the refusal for 15 minutes, and asks whoever met it to sign in until then.",
    **dict.fromkeys(("outage", "503", "429"), _PAUSED),
}
"""What is left of a fault when it is over."""


def change(faults: Faults, words: str) -> str:
    """Put a fault in force, or end it (`NAME off`, `off` for all), and return what that means; "" lists them."""
    name, _, switch = words.strip().lower().partition(" ")
    if not name:
        return listed(faults)
    if name == "off":
        left = left_of(faults, [injection.name for injection in faults.active])
        faults.clear()
        return f"  Everything works again.{left}"
    if name not in CATALOGUE:
        near = difflib.get_close_matches(name, CATALOGUE, 1, 0.5)
        return f"  I can't break {name!r}. " + (f"Did you mean {near[0]}?" if near else "/fault lists what I can.")
    left = left_of(faults, [name])
    for injection in [active for active in faults.active if active.name == name]:
        injection.remove()
    if switch.strip() == "off":
        return f"  {name} is over.{left}"
    faults.inject(name)
    return f"  {MEANING.get(name, f'{name} is in force: {CATALOGUE[name].operations}.')}\n  /fault {name} off ends it."


def left_of(faults: Faults, names: list[str]) -> str:
    """Return what is left of faults that somebody met, in lines of its own; nothing of others."""
    met = [injection.name for injection in faults.active if injection.name in names and injection.hits]
    left = dict.fromkeys(AFTERWARDS[name] for name in met if name in AFTERWARDS)
    return "".join(f"\n  {line}" for line in left)


def listed(faults: Faults) -> str:
    """Return what can be broken, a mark before what is in force."""
    active = {injection.name for injection in faults.active}
    lines = [f"  {'*' if name in active else ' '} {name:<13} {MEANING[name]}" for name in MEANING]
    rest = [f"{name}{'*' if name in active else ''}" for name in CATALOGUE if name not in MEANING]
    return "\n".join([*lines, f"  Also: {', '.join(rest)}.", "  /fault NAME, /fault NAME off, /fault off"])
