"""Alerts of monitoring systems as values: whose they are, whether they are real, what they say (EXPERIENCE 1.25). Pure.

PagerDuty signs the body (https://docs.pagerduty.com/developer/verifying-webhook-signatures), Grafana a timestamp and
the body (https://grafana.com/docs/grafana/latest/alerting/contact-points/notifiers/webhook-notifier); anybody else
does as Grafana does, in headers of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.identity import Secret

FRESH = 300_000
"""ms by which a signed time may be off; PagerDuty delivers for hours, and its events are known by their ids."""
DELIVERED_WITHIN = 86_400_000
LONGEST = 120
SOURCES = {
    "x-pagerduty-signature": "PagerDuty",
    "x-grafana-alerting-signature": "Grafana",
    "x-muster-signature": "Alert",
}
"""Whose alert it is, by the header that has its signature."""
_TIMES = {"Grafana": "x-grafana-alerting-timestamp", "Alert": "x-muster-timestamp"}
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,128}")
_OID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHORTEST_KEY = 16
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Hook:
    """Where alerts of a chat come in: `secret` is in the address, `key` signs them, `host_oid` opens the meetings."""

    secret: Secret
    key: Secret
    thread_id: str
    host_oid: str


@dataclass(frozen=True, slots=True)
class Alert:
    """What happened: `topic` names the incident, `event` the one delivery of it."""

    source: str
    topic: str
    title: str
    event: str


def read_hooks(said: str) -> tuple[tuple[Hook, ...], bool]:
    """Return the hooks of a setting, `SECRET|KEY|THREAD|HOST` separated by blanks, and whether all of it is one."""
    found: list[Hook] = []
    entries = said.split()
    for entry in entries:
        parts = entry.split("|")
        if len(parts) != _PARTS:
            continue
        secret, key, thread_id, host = parts
        fits = _SECRET.fullmatch(secret) and len(key) >= _SHORTEST_KEY and thread_id.startswith("19:")
        if fits and _OID.fullmatch(host):
            found.append(Hook(Secret(secret), Secret(key), thread_id, host.lower()))
    return tuple(found), len(found) == len(entries)


def meant(hooks: tuple[Hook, ...], secret: str) -> Hook | None:
    """Return the hook of an address, compared in constant time."""
    given = secret.encode(errors="replace")
    return next((hook for hook in hooks if hmac.compare_digest(hook.secret.reveal().encode(), given)), None)


def signed_by(hook: Hook, headers: Mapping[str, str], body: bytes, now: int) -> str:
    """Return whose alert it really is, "" for a forged one and for one whose signed time is not now."""
    lower = {name.lower(): value for name, value in headers.items()}
    for header, source in SOURCES.items():
        given = [part.strip().removeprefix("v1=").removeprefix("sha256=") for part in lower.get(header, "").split(",")]
        at = lower.get(_TIMES.get(source, ""), "")
        if source in _TIMES and not _is_fresh(at, now):
            continue
        signed = f"{at}:".encode() + body if source in _TIMES else body
        right = hmac.new(hook.key.reveal().encode(), signed, hashlib.sha256).hexdigest().encode()
        if any(hmac.compare_digest(right, one.encode("utf-8", "replace")) for one in given):
            return source
    return ""


def delivery(alert: Alert, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return what copies of an alert have in common, and the next alert has not.

    That is PagerDuty's event, and Grafana's body, which says since when it fires; a plain caller's may be the same
    words each time, so the time that it signed counts too.
    """
    if alert.event:
        return alert.event.encode()
    at = {name.lower(): value for name, value in headers.items()}.get(_TIMES["Alert"], "")
    return f"{at}:".encode() + body if alert.source == "Alert" else body


def _is_fresh(seconds: str, now: int) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,12}", seconds)) and abs(int(seconds) * 1000 - now) <= FRESH


def read_alert(source: str, body: object, now: int) -> Alert | None:
    """Return what an alert says; None for one that opens nothing: resolved, old, or without a name."""
    readers = {"PagerDuty": _pagerduty, "Grafana": _grafana, "Alert": _plain}
    said = readers[source](body if isinstance(body, dict) else {}, now)
    if said is None:
        return None
    topic = "-".join(re.sub(r"[^\w-]+", " ", said.topic).split())[:60].strip("-_")
    return Alert(source, topic, _line(said.title)[:LONGEST].strip(), said.event) if topic else None


def _line(title: str) -> str:
    """Return a title as one line, as people's words are read: NFKC, without signs that nobody sees (ENGINE 4.12)."""
    seen = (" " if unicodedata.category(sign) == "Cc" else sign for sign in title)
    plain = "".join(sign for sign in seen if unicodedata.category(sign) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def _pagerduty(body: Mapping[str, Any], now: int) -> Alert | None:
    """https://developer.pagerduty.com/docs/webhooks-overview: v3, one event in each delivery."""
    event = _object(body, "event")
    data = _object(event, "data")
    try:
        at = datetime.fromisoformat(str(event.get("occurred_at", ""))).timestamp() * 1000
    except ValueError:
        return None
    if event.get("event_type") != "incident.triggered" or abs(now - at) > DELIVERED_WITHIN:
        return None
    number = _text(data, "number")
    return Alert("", f"INC-{number}" if number else "", _text(data, "title"), _text(event, "id"))


def _grafana(body: Mapping[str, Any], _: int) -> Alert | None:
    if body.get("status") != "firing":
        return None
    name = _text(_object(body, "commonLabels"), "alertname") or _text(_object(body, "groupLabels"), "alertname")
    return Alert("", name, _text(_object(body, "commonAnnotations"), "summary") or _text(body, "title"), "")


def _plain(body: Mapping[str, Any], _: int) -> Alert | None:
    return Alert("", _text(body, "topic"), _text(body, "title"), "")


def _text(value: Mapping[str, Any], name: str) -> str:
    """Return what is said, also as a number; "" for null and for what is no words."""
    found = value.get(name)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
