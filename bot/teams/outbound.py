"""What Muster says to Teams, as JSON, and what the connector's answers mean (facts/teams 3, ENGINE R15). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.errors import Gone, NotDone, Rejected, SendError, Unclear
from bot.messages import Answer, Rendered
from bot.model import Chat, Person
from bot.teams import dialogs

CARD = "application/vnd.microsoft.card.adaptive"
OAUTH_CARD = "application/vnd.microsoft.card.oauth"
SENTENCE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_SURELY_NOT_DONE = frozenset({401, 412, 429, 503})
"""401 among them, the second within one call: whoever refuses a token has not posted, and a later one may be taken."""
NOT_MEMBERS = frozenset({"guest", "anonymous"})
"""Roles of people who are in a chat without being in its organization."""
_REQUEST_TIMEOUT, _SERVER_ERROR, _FORBIDDEN, _NOT_FOUND = 408, 500, 403, 404


@dataclass(frozen=True, slots=True)
class InvokeReply:
    """What the HTTP response to an invoke is: its status and its JSON body, or no body."""

    status: int
    body: dict[str, Any] | None = None


def activity(content: Rendered, *, nonce: str = "", to: Person | None = None) -> dict[str, Any]:
    """Return the message to post: a card, or plain text when there is none; `to` makes it a targeted one's body."""
    message: dict[str, Any] = {"type": "message", "summary": content.summary}
    if content.card is None:
        message |= {"text": content.text, "textFormat": "plain"}
    else:
        message["attachments"] = [{"contentType": CARD, "content": content.card}]
    if nonce:
        message["channelData"] = {"muster": {"nonce": nonce}}
    if to is not None:
        message["recipient"] = {"id": to.id, "name": to.name}
    return message


def sign_in(content: Rendered, connection: str, resource: Mapping[str, Any], *, silent: bool) -> dict[str, Any]:
    """Return the attachment by which one person signs in (facts/graph 7.3).

    `resource` is the Token Service's. `silent` lets Teams try its own token first: never in a channel, where that ends
    in `resourcematchfailed` (facts/teams 3.4).
    """
    button = {"type": "signin", "title": content.sign_in, "value": resource.get("signInLink")}
    card: dict[str, Any] = {"text": content.text, "connectionName": connection, "buttons": [button]}
    if silent and resource.get("tokenExchangeResource"):
        card["tokenExchangeResource"] = resource["tokenExchangeResource"]
    if resource.get("tokenPostResource"):
        card["tokenPostResource"] = resource["tokenPostResource"]
    return {"contentType": OAUTH_CARD, "content": card}


def invoke_reply(answer: Answer) -> InvokeReply:
    """Return the response to a press: HTTP 200 always, a Teams error type inside it (facts/teams 2.5, ENGINE R14)."""
    if answer.error:
        return refusal_reply(400, "BadRequest", answer.error)
    if answer.card is not None:
        return InvokeReply(200, {"statusCode": 200, "type": CARD, "value": answer.card})
    return InvokeReply(200, {"statusCode": 200, "type": SENTENCE, "value": answer.text})


def dialog_reply(answer: Answer, verb: str = "", locale: str = "en") -> InvokeReply:
    """Return the response to a dialog's invoke: HTTP 200, always something to show (facts/teams 2.5)."""
    return InvokeReply(200, dialogs.reply(answer, verb, locale))


def refusal_reply(status: int, code: str, message: str) -> InvokeReply:
    """Return the response to a press that cannot be acted upon, in the form Teams shows quietly."""
    return InvokeReply(200, {"statusCode": status, "type": ERROR, "value": {"code": code, "message": message}})


def targeted_url(service_url: str, conversation_id: str) -> str:
    """Return the address of a targeted post (facts/teams 3.4); `;` in ids is sent as %3B (facts/teams 3.1)."""
    return f"{service_url}/v3/conversations/{quote(conversation_id, safe='')}/activities?isTargetedActivity=true"


def member_url(service_url: str, thread_id: str, person_id: str) -> str:
    """Return the address of one member of a chat (facts/teams 3.1)."""
    return f"{service_url}/v3/conversations/{quote(thread_id, safe='')}/members/{quote(person_id, safe='')}"


def team_url(service_url: str, team_id: str) -> str:
    """Return the address of a team's details (facts/teams 3.1)."""
    return f"{service_url}/v3/teams/{quote(team_id, safe='')}"


def text(document: Mapping[str, Any], name: str) -> str:
    """Return a property that is text, "" for any other."""
    value = document.get(name)
    return value if isinstance(value, str) else ""


def channel_names(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the names in a team's list of channels by their threads (facts/teams 3.1)."""
    listed = document.get("conversations")
    channels = [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    return {text(channel, "id"): name for channel in channels if (name := text(channel, "name"))}


def member(document: Mapping[str, Any], person_id: str) -> Person:
    """Return the member of a look-up's answer. A guest's `#EXT#` name is nobody's to call: their address is."""
    said = {name: value for name, value in document.items() if isinstance(value, str)}
    upn = said.get("userPrincipalName", "")
    if not upn or "#EXT#" in upn.upper():
        upn = said.get("email", "")
    guest = "#EXT#" in said.get("userPrincipalName", "").upper() or said.get("userRole", "").casefold() in NOT_MEMBERS
    return Person(person_id, said.get("aadObjectId") or said.get("objectId", ""), said.get("name", ""), upn, guest)


def personal_conversation(chat: Chat, to: Person) -> dict[str, Any]:
    """Return the body of `POST /v3/conversations` for the bot and one person (facts/teams 3.3)."""
    return {
        "isGroup": False,
        "bot": {"id": chat.bot_id},
        "members": [{"id": to.id}],
        "tenantId": chat.tenant,
        "channelData": {"tenant": {"id": chat.tenant}},
    }


def refusal(method: str, status: int, *, code: str = "", retry_after: float | None = None) -> SendError:
    """Return what a status other than 2xx means for a POST, PUT or DELETE. `code` is the body's error code."""
    detail = f"{method} was answered {status}"
    if status in _SURELY_NOT_DONE:
        return NotDone(detail, status=status, retry_after=retry_after)
    if status == _REQUEST_TIMEOUT or status >= _SERVER_ERROR:
        kind = NotDone if method in REPEATABLE else Unclear
        return kind(detail, status=status, retry_after=retry_after)
    if status in (_FORBIDDEN, _NOT_FOUND):
        gone = Gone(detail, status=status)
        gone.chat = status == _FORBIDDEN or method not in REPEATABLE or code == "ConversationNotFound"
        return gone
    return Rejected(detail, status=status)


def broken(method: str, detail: str, *, bytes_sent: bool) -> SendError:
    """Return what no answer means: after bytes have left, a POST may have been done (ENGINE R15)."""
    if bytes_sent and method not in REPEATABLE:
        return Unclear(detail)
    return NotDone(detail)


def error_code(document: object) -> str:
    """Return the connector's error code, such as `ConversationNotFound`, "" if the body has none."""
    error = document.get("error") if isinstance(document, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, str) else ""
