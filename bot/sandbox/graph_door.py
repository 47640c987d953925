"""The door of the sandbox's Graph: whose token may do what, for whom, in which cloud (facts/graph 1.1, 3 and 8)."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.clock import moment
from bot.sandbox.entra import GRAPH_AUDIENCE, Entra
from bot.sandbox.messages import LISTED, MEMBERS
from bot.sandbox.server import Answer, Call, Refused, Server, Stage
from bot.sandbox.tenant import Person

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
VERSION = r"/{version:v1\.0|beta}{_:/+}"
BARE = "An error has occurred."
UNREADABLE = "Unable to read JSON request payload."
WITHOUT_TEAMS = frozenset({"china"})
WITHOUT_BETA_CREATE_OR_GET = frozenset({"gcch", "dod"})

_ME = "/me request is only valid with delegated authentication flow."
_POLICY = "No application access policy found for this app {} on the user {}"
_SEGMENT = "Resource not found for the segment '{}'."
_DENIED = "Access is denied. Check credentials and try again."
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Door(Server):
    """What every operation of Graph goes through. Whoever registers routes says which are Outlook's: `outlook`."""

    name = "graph"

    def __init__(self, stage: Stage, authority: Authority, entra: Entra) -> None:
        super().__init__(stage, authority)
        self.outlook: set[str] = set()
        self._entra = entra

    def for_people(self, method: str, tail: str, operation: str, answer: Answer) -> None:
        """Answer `/users/{user}` and `/me` alike."""
        for whose in ("users/{user}", "me"):
            self.route(method, VERSION + whose + tail, operation, answer)

    def admit(self, call: Call) -> None:
        """Judge the bearer and the cloud; raises Refused 401, 403 without the role or scope that is needed, 400.

        `/me` is for people's own tokens alone (facts/graph 1.1); theirs opens `/users/{user}` only for themselves.
        """
        claims = self._claims(call)
        if call.exchange.operation in {LISTED, MEMBERS}:
            return  # who may read messages and members is not the tenant's to say but the team's or the chat's
        outlook = call.exchange.operation in self.outlook
        needed = {"Calendars.ReadWrite"} if outlook else {"OnlineMeetings.ReadWrite"}
        if call.request.method == "GET":
            needed |= {name.replace("ReadWrite", "Read") for name in needed}
        if "scp" in claims:
            granted = set(claims["scp"].split())
            theirs = call.request.match_info.get("user", claims["oid"]).lower()
            allowed = theirs in {claims["oid"], claims["upn"]}
        else:
            granted, allowed = set(claims.get("roles", ())), True
            # Outlook's application permissions have the names of the delegated ones (facts/graph 3.1).
            needed = needed if outlook else {f"{name}.All" for name in needed}
        if not allowed or not needed & granted:
            raise Refused(403, "ErrorAccessDenied", _DENIED) if outlook else Refused(403, "Forbidden")
        if not outlook:
            self._has_this_cloud(call)

    def host(self, call: Call) -> Person:
        """Return in whose name a meeting is handled; raises Refused as Graph does (facts/graph 3.2, 3.3)."""
        key = self._whose(call)
        if not _GUID.fullmatch(key):
            raise Refused(404, "UnknownError")
        person = next((person for person in self.stage.tenant.people if person.oid == key.lower()), None)
        if person is None:
            raise Refused(404, "NotFound", "User not found.")
        if person.guest or not person.licensed or self.stage.faults.rule("unlicensed", call.exchange):
            raise Refused(404, "UnknownError")
        if self.delegated(call):
            return person  # the policy is about what an app may do alone
        if self.stage.faults.rule("policy", call.exchange) or not self.stage.tenant.app_may_host_for(person):
            raise Refused(403, "Forbidden", _POLICY.format(self.stage.tenant.app_id, person.oid))
        return person

    def owner(self, call: Call) -> Person:
        """Return whose calendar it is, by object id or UPN; raises Refused 404 for nobody and without a mailbox."""
        key = self._whose(call).casefold()
        people = self.stage.tenant.people
        person = next((person for person in people if key in {person.oid, person.upn.casefold()}), None)
        if person is None:
            raise Refused(404, "ErrorInvalidUser", f"The requested user '{key}' is invalid.")
        if not person.mailbox:
            text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise Refused(404, "MailboxNotEnabledForRESTAPI", text)
        return person

    def delegated(self, call: Call) -> bool:
        """Tell whether it is a person's own token."""
        return "scp" in self._claims(call)

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return Graph's error body (facts/graph 3.3)."""
        inner = {
            "date": moment(self.stage.clock.now()).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": call.request_id,
            "client-request-id": call.request.headers.get("client-request-id", call.request_id),
        }
        error = {"code": refused.code, "message": refused.message, "innerError": inner}
        headers = dict(refused.headers)
        if refused.status == 401:  # noqa: PLR2004 - a status is what it says
            headers["WWW-Authenticate"] = (
                'Bearer realm="", authorization_uri="' + self._entra.url + '/common/oauth2/authorize"'
            )
            if call.exchange.fault == "claims":
                headers["WWW-Authenticate"] += f', error="insufficient_claims", claims="{self._challenge()}"'
        return web.json_response({"error": error}, status=refused.status, headers=headers)

    def dress(self, call: Call, response: web.Response) -> None:
        """Add the trace headers."""
        response.headers["request-id"] = call.request_id
        response.headers["client-request-id"] = call.request.headers.get("client-request-id", call.request_id)

    def _whose(self, call: Call) -> str:
        claims = self._claims(call)
        if "user" not in call.request.match_info and "scp" not in claims:
            raise Refused(400, "BadRequest", _ME)
        return str(call.request.match_info.get("user", claims.get("oid")))

    def _has_this_cloud(self, call: Call) -> None:
        """Raise Refused 400 for what this cloud's schema lacks (facts/graph 8)."""
        cloud, operation = self.stage.tenant.cloud, call.exchange.operation
        if cloud in WITHOUT_TEAMS:
            raise Refused(400, "BadRequest", _SEGMENT.format("onlineMeetings"))
        beta = operation == "graph.createOrGet" and call.part("version") == "beta"
        if beta and cloud in WITHOUT_BETA_CREATE_OR_GET:
            raise Refused(400, "BadRequest", _SEGMENT.format("createOrGet"))

    def _claims(self, call: Call) -> dict[str, Any]:
        audiences = {GRAPH_AUDIENCE, GRAPH_APP, self.url}
        return self._entra.claims(call.request.headers.get("Authorization", ""), audiences)

    def _challenge(self) -> str:
        """Return the claims that a token has to have: one issued from now on."""
        since = str(self.stage.clock.now() // 1000)
        wanted = {"access_token": {"nbf": {"essential": True, "value": since}}}
        return base64.b64encode(json.dumps(wanted, separators=(",", ":")).encode()).decode()


def json_object(call: Call) -> dict[str, Any]:
    """Return the body; raises Refused 400 for anything but a JSON object."""
    if not isinstance(call.body, dict):
        raise Refused(400, "BadRequest", UNREADABLE)
    return call.body


def prefers(call: Call, wish: str) -> bool:
    """Tell whether the request's Prefer header has this wish."""
    return wish in call.request.headers.get("Prefer", "").lower()
