"""What goes wrong on request: errors as Microsoft answers them, lost connections, and rules that change (DESIGN 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from bot.sandbox.journal import Exchange

Where = Callable[[Exchange], bool]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail. `status` 0 closes the connection; None changes a rule, which a server asks for by name.

    `operations` is a pattern such as `graph.*`. `after` lets the request have its effect first (the answer is lost).
    """

    operations: str
    status: int | None
    code: str = ""
    message: str = ""
    after: bool = False


_UNAVAILABLE = "The service is temporarily unavailable. Please try again later."

CATALOGUE: dict[str, Fault] = {
    "429": Fault("graph.*", 429, "TooManyRequests", "Too Many Requests"),
    "500": Fault("graph.*", 500, "InternalServerError", "An error has occurred."),
    "502": Fault("graph.*", 502, "BadGateway", "Bad gateway"),
    "503": Fault("graph.*", 503, "ServiceUnavailable", _UNAVAILABLE),
    "504": Fault("graph.*", 504, "GatewayTimeout", "The gateway did not answer in time."),
    "504-after": Fault("graph.*", 504, "GatewayTimeout", "The gateway did not answer in time.", after=True),
    "outage": Fault("graph.*", 0),
    "reset": Fault("graph.*", 0),
    "reset-after": Fault("graph.*", 0, after=True),
    "token-revoked": Fault(
        "graph.*", 401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."
    ),
    "forbidden": Fault("graph.*", 403, "Forbidden"),
    "bad-request": Fault("graph.*", 400, "BadRequest", "An error has occurred."),
    "not-found": Fault("graph.*", 404, "UnknownError"),
    "7504": Fault("graph.*", 403, "7504", "Insufficient enterprise tenant permissions, cannot access this API."),
    "claims": Fault("graph.*", 401, "InvalidAuthenticationToken"),
    "connector-412": Fault("connector.*", 412, "PreconditionFailed", "Precondition failed, please try again."),
    "connector-429": Fault("connector.*", 429, "TooManyRequests", "Too many requests"),
    "connector-500": Fault("connector.*", 500, "ServiceError", "Unknown"),
    "connector-502": Fault("connector.*", 502, "BadGateway", "Failed to proxy request"),
    "connector-502-after": Fault("connector.*", 502, "BadGateway", "Failed to proxy request", after=True),
    "connector-503": Fault("connector.*", 503, "ServiceUnavailable", "Service unavailable"),
    "connector-403": Fault(
        "connector.*", 403, "BotNotInConversationRoster", "The bot is not part of the conversation roster."
    ),
    "connector-404": Fault("connector.*", 404, "ConversationNotFound", "Conversation not found."),
    "connector-413": Fault("connector.*", 413, "MessageSizeTooBig", "Message size too large."),
    "connector-reset": Fault("connector.*", 0),
    "connector-reset-after": Fault("connector.*", 0, after=True),
    "tokens-503": Fault("tokens.*", 503, "ServiceUnavailable", _UNAVAILABLE),
    "tokens-outage": Fault("tokens.*", 0),
    "entra-503": Fault("entra.*", 503, "temporarily_unavailable", "AADSTS90033: A transient error has occurred."),
    "entra-outage": Fault("entra.*", 0),
    "keys-503": Fault("entra.metadata", 503, "ServiceUnavailable", _UNAVAILABLE),
    "secret-expired": Fault(
        "entra.token",
        401,
        "invalid_client",
        "AADSTS7000222: The provided client secret keys for app are expired. Visit the Azure portal to create new keys "
        "for your app.",
    ),
    "callback-502": Fault("front.*", 502, "BadGateway", "Bad gateway"),
    # Rules: Graph's handlers ask `faults.rule(name)` where they matter.
    "policy": Fault("graph.*", None),
    "no-licence": Fault("graph.*", None),
    "unbound": Fault("graph.*", None),
    "unbound-other": Fault("graph.*", None),
    "unbound-no-post": Fault("graph.*", None),
    "refused-thread": Fault("graph.*", None),
    "lobby-kept": Fault("graph.*", None),
    "unlicensed": Fault("graph.*", None),
    "quota": Fault("graph.*", None),
    "old-spellings": Fault("graph.*", None),
    "calendar-off": Fault("graph.*", None),
    "slow-calendar": Fault("graph.getEvent", None),
    "duplicate-event": Fault("graph.createEvent", None),
    "no-consent": Fault("entra.token", None),
    "no-calls": Fault("entra.token", None),
    "wrong-audience": Fault("entra.token", None),
    "wrong-clock": Fault("entra.*", None),
    "no-connection": Fault("tokens.*", None),
    "late-events": Fault("graph.notify", None),
    "doubled-events": Fault("graph.notify", None),
}
"""Every fault by name. The rules: `policy`: no access policy names the app (facts/graph 3.2); `no-licence`: no dial-in;
`unlicensed`: nobody has Teams; `quota`: the month's meetings are used up; `unbound`: the thread is ignored, the meeting
has its own; `unbound-other`: another thread is echoed; `unbound-no-post`: the thread is echoed with messageId "0";
`refused-thread`: 400 to every chatInfo; `lobby-kept`: the lobby is not set, neither at creation nor by a PATCH;
`old-spellings`: answers in the names of 2019 (facts/graph 1.8); `calendar-off`: no calendar allows Teams;
`late-events`: what is told of calls comes up to 20 s late, in any order; `doubled-events`: each twice;
`slow-calendar`: an event's join link is not there yet; `duplicate-event`: a repeated transactionId is refused;
`no-consent`: the app's tokens have no roles, `no-calls`: none for calls; `wrong-audience`: they are for another Graph;
`wrong-clock`: Microsoft's answers are dated ten minutes ahead; `no-connection`: the bot has no OAuth connection."""


@dataclass(slots=True, eq=False)
class Injection:
    """A fault in force: for calls that match `operations` and `where`, at most `times`, or only at these `ordinals`.

    Ordinals count the matching calls since the injection, from 1. `hits` is how often it struck.
    """

    name: str
    fault: Fault
    operations: str
    times: int | None = None
    ordinals: frozenset[int] = frozenset()
    retry_after: float | None = None
    where: Where | None = None
    seen: int = 0
    hits: int = 0
    _owner: list[Injection] = field(default_factory=list, repr=False)

    def remove(self) -> None:
        """End it. Removing twice is harmless."""
        if self in self._owner:
            self._owner.remove(self)

    def strikes(self, exchange: Exchange) -> bool:
        """Count a call and return whether the fault strikes it."""
        if not fnmatchcase(exchange.operation, self.operations) or (self.where and not self.where(exchange)):
            return False
        self.seen += 1
        if self.ordinals and self.seen not in self.ordinals:
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True


class Faults:
    """The faults in force; the newest one that matches wins."""

    def __init__(self) -> None:
        self.active: list[Injection] = []

    def inject(self, name: str, *, on: str = "", **limits: Any) -> Injection:  # noqa: ANN401 - Injection's own fields
        """Put a fault of the CATALOGUE in force and return it. `on` narrows the operations, such as `graph.update`.

        `limits`: `times`, `ordinals`, `retry_after` (seconds, a fraction is sent as one), `where(exchange) -> bool`.
        Raises KeyError for an unknown name.
        """
        fault = CATALOGUE[name]
        limits["ordinals"] = frozenset(limits.get("ordinals", ()))
        injection = Injection(name, fault, on or fault.operations, **limits, _owner=self.active)
        self.active.append(injection)
        return injection

    def clear(self) -> None:
        """End all of them."""
        self.active.clear()

    def strike(self, exchange: Exchange) -> Injection | None:
        """Return the fault that answers this call, if one does."""
        for injection in reversed(self.active):
            if injection.fault.status is not None and injection.strikes(exchange):
                exchange.fault = injection.name
                return injection
        return None

    def rule(self, name: str, exchange: Exchange) -> bool:
        """Return whether a rule is in force for this call (and count it)."""
        rules = [injection for injection in self.active if injection.name == name]
        return any(injection.strikes(exchange) for injection in rules)
