"""Which requests Muster's doors refuse, and what to do about it: infra/TROUBLESHOOTING.md (ENGINE 4, DESIGN 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shut:
    """A request that a door refused: its HTTP statuses, what that means, and what to do."""

    statuses: tuple[int, ...]
    means: str
    mend: str


_STRANGER = "Nothing, unless it came from Microsoft"
DOORS: Mapping[str, Shut] = {
    "no-bearer": Shut((401,), "no token", _STRANGER),
    "garbage": Shut((401,), "what stands there is no token", _STRANGER),
    "algorithm": Shut((401,), "a token that is not signed with RS256 and a named key", _STRANGER),
    "unknown-key": Shut(
        (401,),
        "signed with a key that Microsoft does not publish",
        "Nothing, unless it came from Microsoft: is `MUSTER_CLOUD` right?",
    ),
    "signature": Shut((401,), "the signature is not that key's", _STRANGER),
    "issuer": Shut((401,), "a token by somebody else than Bot Framework, Entra or Graph", "Is `MUSTER_CLOUD` right?"),
    "audience": Shut((401,), "a token for another app", "Does the Azure Bot have the app id of `MicrosoftAppId`?"),
    "times": Shut((401,), "a token whose times make no sense, or are over", "Does this machine's clock go right?"),
    "expired": Shut((401,), "a token that ended more than 5 minutes ago", "Does this machine's clock go right?"),
    "not-yet": Shut((401,), "a token that begins in more than 5 minutes", "Does this machine's clock go right?"),
    "publisher": Shut((401,), "a notification by another app than Graph's change tracking", _STRANGER),
    "tokens": Shut((401,), "a notification with more than 16 tokens", _STRANGER),
    "no-tokens": Shut((401,), "a notification with content and without a token", _STRANGER),
    "service-url-claim": Shut((401,), "the activity's `serviceUrl` is not the one its token names", _STRANGER),
    "channel": Shut((403,), "an activity that is not from Teams", "Remove the other channels from the Azure Bot"),
    "endorsement": Shut((403,), "the key may not speak for Teams", "Remove the other channels from the Azure Bot"),
    "service-url": Shut((403,), "a `serviceUrl` that is no plain https address", _STRANGER),
    "service-host": Shut(
        (403,),
        "a `serviceUrl` whose host is not on the list: Muster's token would be sent there",
        "If the host is Microsoft's: `MUSTER_CONNECTOR_HOSTS`, or `MUSTER_CLOUD`",
    ),
    "tenant": Shut(
        (401, 403),
        "a tenant that may not use this bot, a call of another tenant, or a notification that names none",
        "If it may: `MUSTER_TENANTS`",
    ),
    "unknown-call": Shut((404,), "a call that Muster did not make, or forgot", "Nothing"),
    "unknown-chat": Shut(
        (404,), "an alert for a chat that Muster is not in", "Add Muster there, or mend `MUSTER_HOOKS`"
    ),
    "unknown-hook": Shut((404,), "an alert with another secret in its address", "Mend the address, or `MUSTER_HOOKS`"),
    "not-json": Shut((400,), "a body that is no JSON", _STRANGER),
    "not-an-object": Shut((400,), "a body that is no JSON object", _STRANGER),
    "no-type": Shut((400,), "an activity without a type", _STRANGER),
    "body": Shut((400,), "a body that broke off", "Often: look at the reverse proxy"),
    "validation-token": Shut((400,), "a validation of more than 1 KiB", _STRANGER),
    "slow": Shut((408,), "a body that did not come within 20 seconds", "Often: look at the reverse proxy"),
    "size": Shut((413,), "a body that is larger than that door takes", _STRANGER),
    "crowd": Shut((429,), "more than 256 requests of one address at once", "Often: [SCALE](SCALE.md)"),
    "crowded": Shut(
        (503,), "as many requests as can be kept at once are being written", "Often: [SCALE](SCALE.md), and the store"
    ),
    "keys": Shut(
        (503,),
        "Microsoft's signing keys were never loaded: nobody can be told from anybody",
        "Can this machine reach [the hosts of the keys](SECURITY.md#whom-muster-talks-to)? The log says why not",
    ),
    "not-kept": Shut(
        (503,),
        "the store, or Teams about that chat, did not answer an alert: nothing was promised",
        "Look at what the log names; who called comes back",
    ),
    "store": Shut((503,), "the store did not answer", "Look at the store; the log names it"),
}
"""Why a request was answered with an error, by the word that stands in the log (`door.refused`, `hooks.refused`, …)."""
