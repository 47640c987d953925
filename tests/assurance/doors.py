"""What is put to each door: requests whose grammar is the door's own, with a change or two (DESIGN 9, ENGINE 4)."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from hypothesis import strategies as st

from bot.sandbox.calls import encrypted
from tests.assurance.mutations import bodies, mutated, text, written
from tests.assurance.standing import HOOK, HOOK_KEY, Json, Standing

INVOKES = (
    *("adaptiveCard/action", "task/fetch", "task/submit", "composeExtension/query", "composeExtension/fetchTask"),
    *("composeExtension/submitAction", "composeExtension/queryLink", "composeExtension/selectItem", "config/fetch"),
    *("signin/tokenExchange", "signin/verifyState", "signin/failure", "fileConsent/invoke", "message/submitAction"),
    *("actionableMessage/executeAction", "tab/fetch", "search", "handoff/action", "unheardOf"),
)
TYPES = (
    *("message", "messageUpdate", "messageDelete", "messageReaction", "conversationUpdate", "installationUpdate"),
    *("invoke", "event", "typing", "endOfConversation", "contactRelationUpdate", "deleteUserData", "handoff", "trace"),
    *("suggestion", "command", "commandResult", "delay", "unheardOf"),
)
METHODS = (b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"CONNECT", b"MEET", b"post")
_number = count()


@dataclass(frozen=True)
class Sent:
    """One request as bytes, in the pieces in which it is sent. `whole`: it says truly how long it is.

    `may` are the statuses of 500 and more that are promised as the answer to it.
    """

    door: str
    pieces: tuple[bytes, ...]
    admin: bool = False
    whole: bool = True
    may: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        shown = [
            piece if len(piece) <= 6_000 else piece[:6_000] + b"... %d bytes" % len(piece) for piece in self.pieces
        ]
        return f"{self.door}: {shown}"


@st.composite
def requests(
    draw: st.DrawFn, door: str, path: bytes, headers: tuple[tuple[bytes, bytes], ...], body: tuple[str, bytes]
) -> Sent:
    """Frame a body as HTTP: mostly as its length says, else in chunks, in pieces, or with a length that is a lie."""
    encoding, content = body
    lines = [b"Host: x", b"Content-Type: application/json", *(name + b": " + value for name, value in headers)]
    if encoding:
        lines.append(b"Content-Encoding: " + encoding.encode())
    lines += draw(st.sampled_from(_MORE))
    framing = draw(st.sampled_from(("length",) * 18 + ("chunks", "pieces", "long", "short", "both", "neither")))
    whole = framing not in {"long", "neither"}
    pieces: tuple[bytes, ...] = (content,)
    length = len(content)
    if framing == "chunks":
        half = length // 2
        chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (content[:half], content[half:]) if part]
        lines, pieces = [*lines, b"Transfer-Encoding: chunked"], (*chunks, b"0\r\n\r\n")
    else:
        lie = {"long": draw(st.sampled_from((1, 300_000))), "short": -1}.get(framing, 0)
        lines += [] if framing == "neither" else [b"Content-Length: %d" % max(0, length + lie)]
        lines += [b"Transfer-Encoding: chunked"] if framing == "both" else []
    if framing == "pieces":
        pieces = (content[: length // 3], content[length // 3 :])
    method = draw(st.sampled_from((b"POST",) * 60 + METHODS))
    head = b"\r\n".join([method + b" " + path + b" HTTP/1.1", *lines, b"Connection: close", b"", b""])
    return Sent(door, (head + pieces[0], *pieces[1:]), whole=whole)


_MORE: tuple[tuple[bytes, ...], ...] = (
    *(((),) * 24),
    (b"Expect: 100-continue",),
    (b"X-Ms-Tenant-Id: \xff\xfe",),
    (b"Cookie: " + b"a=b; " * 500,),
    (b"Forwarded: for=\xc3\xa4",),
    (b"X-Long: " + b"x" * 9_000,),
    (b"Content-Type: multipart/form-data; boundary=",),
    (b"Upgrade: websocket", b"Connection: upgrade"),
)


@st.composite
def bearer(draw: st.DrawFn, tokens: list[str], genuine: int = 20) -> tuple[tuple[bytes, bytes], ...]:
    """Draw the Authorization: mostly what opens the door, the first of the tokens."""
    kind = draw(st.sampled_from(("good",) * genuine + ("forged", "cut", "absurd", "none", "two")))
    good = f"Bearer {tokens[0]}"
    token = {
        "forged": lambda: f"Bearer {draw(st.sampled_from(tokens))}",
        "cut": lambda: good[: draw(st.integers(0, len(good)))] + draw(st.sampled_from(("", ".", "=", " "))),
        "absurd": lambda: draw(text).replace("\r", "").replace("\n", ""),
    }.get(kind, lambda: good)()
    one = ((b"Authorization", token.encode("utf-8", "replace")),)
    return {"none": (), "two": one * 2}.get(kind, one)


@st.composite
def activities(draw: st.DrawFn, stood: Standing) -> Json:
    """Draw an activity that was really sent, under another name or of another type now and then, and mutated."""
    activity = draw(st.sampled_from(stood.activities))
    kind = draw(st.sampled_from(("",) * 6 + ("type", "name")))
    if kind == "type":
        activity = {**activity, "type": draw(st.sampled_from(TYPES))}
    if kind == "name":
        activity = {**activity, "type": "invoke", "name": draw(st.sampled_from(INVOKES))}
    # A copy of what came before would be known by its id and never be read again.
    activity = {**activity, "id": f"f{next(_number)}"} if draw(st.sampled_from((True,) * 9 + (False,))) else activity
    changed_activity: Json = draw(mutated(activity))
    return changed_activity


@st.composite
def messages(draw: st.DrawFn, stood: Standing) -> Sent:
    """POST /api/messages: 501 is promised to invokes that nobody handles, as everywhere (facts/teams 2.5)."""
    headers = draw(bearer(stood.tokens))
    sent: Sent = draw(requests("/api/messages", b"/api/messages", headers, draw(bodies(activities(stood)))))
    return Sent(sent.door, sent.pieces, whole=sent.whole, may=frozenset({501}))


@st.composite
def calls(draw: st.DrawFn, stood: Standing) -> Sent:
    """POST /api/calls/<nonce>."""
    nonce = draw(st.sampled_from((stood.nonce,) * 8 + ("0" * 32, "", "%00", "%ED%A0%80", "..", "a" * 9_000)))
    body = draw(bodies(st.sampled_from(stood.callbacks).flatmap(mutated)))
    path = f"/api/calls/{nonce}".encode()
    sent: Sent = draw(requests("/api/calls", path, draw(bearer(stood.call_tokens)), body))
    return sent


@st.composite
def notifications(draw: st.DrawFn, stood: Standing) -> Sent:
    """POST /api/graph: echoes, lifecycle, and call events that are mutated before or after they are encrypted."""
    kind = draw(st.sampled_from(("events", "events", "events", "lifecycle", "echo")))
    if kind == "echo":
        token = draw(
            st.sampled_from((b"Validation: 1", b"%00", b"%ED%A0%80", b"%FF%FE", b"%0d%0a", b"x" * 3_000, b"\xff"))
        )
        path = b"/api/graph?validationToken=" + token.replace(b" ", b"+")
        return draw(requests("/api/graph", path, (), ("", b"")))
    if kind == "lifecycle" or stood.subscription is None:
        body = draw(bodies(st.sampled_from(stood.lifecycle).flatmap(mutated)))
        return draw(requests("/api/graph", b"/api/graph", (), body))
    envelope: Any = stood.cloud.calls.envelope(stood.subscription, draw(st.sampled_from(stood.events)))
    if draw(st.sampled_from((True, True, False))):
        told = [draw(mutated(event)) for event in draw(st.lists(st.sampled_from(stood.events), min_size=1, max_size=2))]
        contents = [encrypted(stood.subscription, written(event).encode()) for event in told]
        envelope["value"] = [{**envelope["value"][0], "encryptedContent": content} for content in contents]
    else:
        envelope = draw(mutated(envelope))
    if isinstance(envelope, dict) and draw(st.sampled_from((False,) * 7 + (True,))):
        envelope["validationTokens"] = draw(st.lists(st.sampled_from(stood.notification_tokens), max_size=3))
    return draw(requests("/api/graph", b"/api/graph", (), draw(bodies(st.just(envelope)))))


@st.composite
def hooks(draw: st.DrawFn, stood: Standing) -> Sent:
    """POST /api/hooks/<secret>: alerts that are really signed, whatever they say."""
    del stood
    alert = draw(st.sampled_from(_ALERTS))
    encoding, body = draw(bodies(mutated(alert)))
    at = str(int(time.time()) + draw(st.sampled_from((0, 0, 0, 10**6))))
    sign = partial(hmac.new, HOOK_KEY.encode(), digestmod=hashlib.sha256)
    timed = sign(msg=at.encode() + b":" + body).hexdigest().encode()
    headers: tuple[tuple[bytes, bytes], ...] = {
        "PagerDuty": ((b"X-PagerDuty-Signature", b"v1=" + sign(msg=body).hexdigest().encode()),),
        "Grafana": ((b"X-Grafana-Alerting-Signature", timed), (b"X-Grafana-Alerting-Timestamp", at.encode())),
        "Alert": ((b"X-Muster-Signature", b"sha256=" + timed), (b"X-Muster-Timestamp", at.encode())),
        "none": ((b"X-Muster-Signature", b"\xff, "), (b"X-Muster-Timestamp", "\u0661".encode())),
    }[draw(st.sampled_from(("PagerDuty", "Grafana", "Alert", "none")))]
    secret = draw(st.sampled_from((HOOK,) * 9 + ("%00", "%ED%A0%80", "x" * 5_000)))
    sent: Sent = draw(requests("/api/hooks", f"/api/hooks/{secret}".encode(), headers, (encoding, body)))
    return sent


_ALERTS: tuple[Json, ...] = (
    {"topic": "DB", "title": "down"},
    {"status": "firing", "commonLabels": {"alertname": "DB"}, "commonAnnotations": {"summary": "down"}, "title": "t"},
    {
        "event": {
            "id": "1",
            "event_type": "incident.triggered",
            "occurred_at": "2026-01-01T00:00:00Z",
            "data": {"number": 7},
        }
    },
)


@st.composite
def elsewhere(draw: st.DrawFn, stood: Standing) -> Sent:
    """Everything else that listens: probes, calendar files, the administrator's port, paths that nobody has."""
    known = ("/healthz", "/readyz", f"/api/ics?m={stood.room_id}", "/api/messages", "/api/graph", "/metrics", "/")
    path = draw(st.sampled_from(known)).encode()
    path += draw(
        st.sampled_from((b"",) * 4 + (b"?", b"//", b"%00", b"%", b"\xff", b"?m=%00", b"?m=%ED%A0%80", b"#", b"/..;"))
    )
    method = draw(st.sampled_from((b"GET",) * 6 + METHODS))
    version = draw(st.sampled_from((b"HTTP/1.1",) * 8 + (b"HTTP/1.0", b"HTTP/9.9", b"HTTP/", b"")))
    lines = draw(
        st.sampled_from((*_MORE, (b"no colon",), (b": no name",), (b"Content-Length: -1",), (b"Range: bytes=0-",)))
    )
    head = b"\r\n".join([method + b" " + path + b" " + version, b"Host: x", *lines, b"Connection: close", b"", b""])
    admin = draw(st.booleans())
    return Sent("admin port" if admin else "elsewhere", (head,), admin=admin)


DOORS = ((messages, 12), (notifications, 4), (calls, 2), (hooks, 2), (elsewhere, 2))
"""Each door with its share."""


def everything(stood: Standing) -> st.SearchStrategy[Sent]:
    """Return what is put to all doors."""
    doors = [door for door, share in DOORS for _ in range(share)]
    return st.sampled_from(doors).flatmap(lambda door: door(stood))
