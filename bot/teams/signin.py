"""`signin/*` invokes: they carry a token or a code, so they are answered within the request and kept nowhere (R13).

What Teams sends: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/authentication/bot-sso-overview and
https://learn.microsoft.com/microsoftteams/platform/teams-sdk/teams/user-authentication/troubleshooting-sso.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.errors import MusterError
from bot.model import Turn
from bot.observe import Event, Observer
from bot.ports import SignIns
from bot.teams.outbound import InvokeReply

EXCHANGE, VERIFY, FAILURE = "signin/tokenExchange", "signin/verifyState", "signin/failure"
SIGN_INS = (EXCHANGE, VERIFY, FAILURE)  # no set: a name may be a list, which has no hash
LONGEST_ID, LONGEST_CODE = 512, 64
_BAD_REQUEST, _CONSENT_NEEDED = 400, 412
_CODE = re.compile(r"[a-z]{1,40}")


def is_sign_in(activity: Mapping[str, Any]) -> bool:
    """Say whether an activity is about a sign-in."""
    return activity.get("type") == "invoke" and activity.get("name") in SIGN_INS


async def respond(
    activity: Mapping[str, Any], turn: Turn | None, signins: SignIns, connection: str, observe: Observer
) -> InvokeReply:
    """Do what a sign-in invoke asks for: 200 done, 412 Teams shows the sign-in button, 400 not understood (R13).

    Whoever cannot be asked just now (store or service away) counts as not signed in: 412.
    """
    found = activity.get("value")
    value = found if isinstance(found, Mapping) else {}
    if turn is None or not turn.person.oid or not turn.person.id:
        return InvokeReply(_BAD_REQUEST)
    name = str(activity["name"])
    try:
        reply = await _reply(name, value, turn, signins, connection)
    except MusterError as error:
        observe(Event("sign_in.not_now", {"name": name, "error": type(error).__name__}))
        reply = _answer(value, _CONSENT_NEEDED)
    observe(Event("sign_in.answered", {"name": name, "status": reply.status, "ref": turn.reference}))
    return reply


async def _reply(name: str, value: Mapping[str, Any], turn: Turn, signins: SignIns, connection: str) -> InvokeReply:
    if name == EXCHANGE:
        exchange_id, token = _text(value, "id"), _text(value, "token")
        if not exchange_id or len(exchange_id) > LONGEST_ID or not token or value.get("connectionName") != connection:
            return _answer(value, _BAD_REQUEST)
        return _answer(value, 200 if await signins.exchange(turn, exchange_id, token) else _CONSENT_NEEDED)
    if name == VERIFY:
        code = _text(value, "state")
        good = 0 < len(code) <= LONGEST_CODE and await signins.redeem(turn, code)
        return InvokeReply(200 if good else _BAD_REQUEST)
    why = _text(value, "code").casefold()
    await signins.failed(turn, why if _CODE.fullmatch(why) else "unknown")
    return InvokeReply(200)


def _answer(value: Mapping[str, Any], status: int) -> InvokeReply:
    """Return the answer to an exchange, which names it; Teams asks for no more (facts/graph 7.3)."""
    named = {"id": _text(value, "id")[:LONGEST_ID], "connectionName": _text(value, "connectionName")[:LONGEST_ID]}
    return InvokeReply(status, named)


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
