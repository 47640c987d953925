"""Everything that can go wrong, as one tree. Adapters translate foreign errors at their edge.

MusterError
├── SettingsError            the process cannot start: every problem at once, each with its fix
├── UsageError               somebody typed what Muster does not understand
├── DoorError                a POST is refused before anything is stored (status 400 to 429, 503)
├── MeetingsError            Graph or Entra did not make the meeting
│   ├── NotNow               not done or unclear; trying the same bytes again is right (ENGINE R27)
│   └── Refused              a definite no (4xx)
│       ├── PolicyMissing    no application access policy names this host (facts/graph 3.2)
│       ├── RoleMissing      the app lacks a Graph permission, an admin's work
│       ├── HostUnknown      the host does not exist or has no Teams licence
│       ├── ThreadRefused    a request with chatInfo was refused: ask again without it (ENGINE R2)
│       ├── CredentialsWrong Entra refused the app's own credentials
│       │   └── AccessBlocked conditional access wants more than the app's token (facts/graph 3.3)
│       ├── SignInNeeded     the person whose permission is used has to sign in (again) or to consent (ENGINE R13)
│       ├── SomebodyElse     a person signed in with another account than the one they have in Teams
│       ├── CalendarWithoutTeams  the host's calendar allows no Teams meetings (facts/graph 4)
│       └── QuotaReached     2,000 meetings per user and month (facts/graph 3.4)
├── SendError                the connector did not take a message
│   ├── NotDone              surely not posted: post again later (ENGINE R15)
│   ├── Unclear              it may have been posted
│   ├── Gone                 the chat or the message is no longer there for us (ENGINE R19)
│   └── Rejected             a definite no that is not about the chat (413, other 4xx)
└── StoreError               the store is away, full or locked; nothing was promised
"""

from __future__ import annotations


class MusterError(Exception):
    """The root of everything Muster raises on purpose."""


def told(error: BaseException) -> str:
    """Return what a log line may say: the words of an error of ours; of any other its kind and where it was raised.

    What others put into their errors may be anybody's text, a link or a secret.
    """
    if isinstance(error, MusterError):
        return f"{type(error).__name__}: {error}"
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}" if place else ""
    return type(error).__name__ + where


class SettingsError(MusterError):
    """Settings that the process cannot start with. `problems` has one line each, with its fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UsageError(MusterError):
    """Words that no command understands, or a command that cannot be understood.

    `typed` is what the person wrote (bounded), `meant` the nearest command line or empty.
    """

    def __init__(self, typed: str, meant: str = "") -> None:
        super().__init__(f"not understood; nearest: {meant or 'none'}")
        self.typed = typed
        self.meant = meant


class DoorError(MusterError):
    """A POST that is refused. `status` is the HTTP status, `reason` one word for the log, never shown.

    `retry_after` in seconds goes into the header of a 503.
    """

    def __init__(self, status: int, reason: str, *, retry_after: int | None = None) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class MeetingsError(MusterError):
    """Graph or Entra did not do what was asked.

    `status` is the HTTP status (0: no answer), `code` Graph's error code; the two ids are for the admin's log.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        client_request_id: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.client_request_id = client_request_id


class NotNow(MeetingsError):
    """Transient or unclear: the same bytes may be sent again. `retry_after` in seconds, None when not said.

    `unclear` says that the request may have had its effect.
    """

    retry_after: float | None = None
    unclear: bool = False

    def after(self, seconds: float | None, *, unclear: bool) -> NotNow:
        """Return this error with the server's wish and whether the effect is unknown."""
        self.retry_after = seconds
        self.unclear = unclear
        return self


class Refused(MeetingsError):
    """A definite no: nothing was made."""


class PolicyMissing(Refused):
    """403: no application access policy names this host (facts/graph 3.2)."""


class RoleMissing(Refused):
    """401 or 403: the app's token lacks the Graph permission, or admin consent was not given."""


class HostUnknown(Refused):
    """404: the host does not exist at Graph or has no Teams licence (facts/graph 3.3)."""


class ThreadRefused(Refused):
    """A definite 4xx to a request with chatInfo that says nothing about the host or the app (ENGINE R2)."""


class CredentialsWrong(Refused):
    """Entra refused the app's credential, or there is none to show: the detail names the setting to mend."""


class AccessBlocked(CredentialsWrong):
    """401 or 403 with `insufficient_claims` to the app's own token: no other credential would help, an admin can."""


class SignInNeeded(Refused):
    """The person whose own permission is used has to sign in, or to sign in again (ENGINE R13).

    Also a conditional-access challenge (`insufficient_claims`) to a person's token.
    """


class SomebodyElse(Refused):
    """A person signed in with another account than the one they have in Teams."""


class CalendarWithoutTeams(Refused):
    """The host's calendar allows no online meetings of Teams (facts/graph 4)."""


class QuotaReached(Refused):
    """The host has made 2,000 meetings this month (facts/graph 3.4)."""


class SendError(MusterError):
    """The connector did not take a message. `status` 0 means no answer. `retry_after` in seconds or None."""

    def __init__(self, detail: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after


class NotDone(SendError):
    """412, 429, 503, connection refused before a byte left: surely not posted."""


class Unclear(SendError):
    """408, 500, 502, 504, a reset or a timeout after bytes left: it may have been posted."""


class Nameless(Unclear):
    """A 2xx without an id: it stands there, and cannot be edited before somebody presses one of its buttons."""


class Gone(SendError):
    """403 or 404: the chat, the conversation or the message is not there for us any more.

    `chat` is False when only the message is gone (404 on an edit).
    """

    chat: bool = True


class Rejected(SendError):
    """Another definite 4xx, such as 413: sending it again cannot help."""


class StoreError(MusterError):
    """The store is away, locked or full: nothing was written, nothing was promised (ENGINE 2.15)."""
