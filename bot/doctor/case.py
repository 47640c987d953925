"""What was asked and answered: plain values, from which everything that doctor says follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.errors import MeetingsError, SendError
from bot.model import Meeting
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Claims:
    """What the app's own token for Graph says; times are ms UTC.

    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """

    audience: str
    tenant: str
    app_id: str
    ends_at: int
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back. None is: not asked, or not answered in time.

    `store` is what is wrong with the store, `made` how many meetings of this month it knows by host; `keys` whether the
    signing keys could be read; `apart` by how many ms Microsoft's clock is ahead of ours; `ends_at` when the
    certificate ends (ms UTC); `token` the app's claims or why Entra gave none; `trial` the meeting that was made and
    deleted, or why not; `left` says that it could not be deleted. `sign_in` is "" for an OAuth connection that is
    there, else what was answered; `callback` the status of our own /healthz from outside, 0 for no answer; `package`
    what is wrong with the app package, `reads` why posts cannot be read here, "" if they can.
    """

    store: str | None = None
    made: Mapping[str, int] | None = None
    keys: bool | None = None
    apart: int | None = None
    ends_at: int | None = None
    token: Claims | MeetingsError | None = None
    trial: Meeting | MeetingsError | None = None
    left: bool = False
    sign_in: SendError | str | None = None
    callback: int | None = None
    package: tuple[str, ...] | None = None
    reads: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """The settings, in which tenant meetings are tried, who is to host (an object id, "" for nobody named), and when.

    `now` is ms UTC; `seen` what was answered.
    """

    settings: Settings
    tenant: str
    host: str
    now: int
    seen: Seen = field(default_factory=Seen)
