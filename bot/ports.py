"""The promises the engine relies on; each edge keeps one. Nothing here does anything.

Times are ms UTC, durations in seconds; every method may raise what its docstring names and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot.calls import Watched, WatchKey
from bot.decisions import Reply, View
from bot.leases import Exchange, MessageClaim, Receipt, Sent, Settled, Stuck, TimerClaim, TurnClaim, Work
from bot.messages import Answer, Rendered
from bot.model import Chat, FrozenRequest, Meeting, MeetingKey, MeetingRequest, Options, Person, Room, Turn

Decide = Callable[[View], Reply]
"""A pure function from what is there to what is to be done; may run twice, so it keeps no state."""
KEPT = 30 * 86_400_000
"""ms for which what is over is kept, unless MUSTER_KEEP_DAYS says otherwise (EXPERIENCE 1.21)."""


class Clock(Protocol):
    """The time, and waiting for it. Tests move it by hand."""

    def now(self) -> int:
        """Return ms UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that much of this clock's time has passed."""
        ...


class Chance(Protocol):
    """Randomness, from one place."""

    def token(self) -> str:
        """Return 128 unguessable bits as 32 hex digits."""
        ...

    def fraction(self) -> float:
        """Return a number in [0, 1) for jitter."""
        ...


class Tokens(Protocol):
    """Access tokens of the app itself (client credentials)."""

    async def token(self, tenant: str, scope: str) -> str:
        """Return a bearer token for a scope such as `https://graph.microsoft.com/.default`.

        Raises NotNow (Entra away) or CredentialsWrong.
        """
        ...

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Forget this token because its resource answered 401; the next `token` call fetches a new one."""
        ...


class UserTokens(Protocol):
    """Graph tokens of people who signed in, kept by the Bot Framework Token Service, never by us (ENGINE R13).

    `person.id` (`29:…`) is the key there, with the name of the OAuth connection.
    """

    async def token(self, tenant: str, person: Person) -> str | None:
        """Return a bearer token for Graph without asking the person anything; None when they have to sign in.

        Raises NotNow (Token Service away).
        """
        ...

    def revoked(self, tenant: str, person: Person, token: str) -> None:
        """Forget what is remembered of this token: Graph answered 401."""
        ...


class Accounts(UserTokens, Protocol):
    """Where people sign in and out: the service that keeps their tokens."""

    async def exchange(self, person: Person, sso_token: str) -> bool:
        """Trade Teams' own token of the person for Graph's; False when they have to consent first. Raises NotNow."""
        ...

    async def redeem(self, person: Person, code: str) -> bool:
        """Finish a sign-in in the browser with the code it ended with; False when it is not good.

        Raises NotNow, or SomebodyElse when the browser was signed in to another account.
        """
        ...

    async def sign_out(self, tenant: str, person: Person) -> None:
        """Let the service forget the person, and forget what is remembered here. Raises NotNow."""
        ...


class SignIns(Protocol):
    """What the door hands `signin/*` to: done within the request, and never kept (ENGINE R13)."""

    async def exchange(self, turn: Turn, exchange_id: str, sso_token: str) -> bool:
        """Sign the turn's person in with Teams' token; every copy of one exchange id hears the same."""
        ...

    async def redeem(self, turn: Turn, code: str) -> bool:
        """Sign the turn's person in with the code that their browser ended with."""
        ...

    async def failed(self, turn: Turn, code: str) -> None:
        """Teams could not sign the person in by itself, for this reason: offer them the way through the browser."""
        ...


class Meetings(Protocol):
    """Online meetings and calendar events at Graph.

    `by` is the person whose own permission is used (`Way.USER`); None is the app's. Every method raises NotNow or one
    of Refused (SignInNeeded when `by` has to sign in first); `reference` goes into the log. `language` is that of the
    join information, a BCP 47 tag.
    """

    def freeze(self, host_oid: str, request: MeetingRequest) -> FrozenRequest:
        """Return the exact bytes a room will send, now and on every retry (ENGINE R1). Pure."""
        ...

    async def make(self, tenant: str, request: FrozenRequest, *, reference: str, by: Person | None = None) -> Meeting:
        """Send the frozen request, whichever of `GraphCall` it is, and return the meeting it made or found.

        Only an event may come without a join link: Outlook fills it in later, see `Calendar.read`.
        """
        ...

    async def update(
        self,
        tenant: str,
        meeting: Meeting,
        options: Options,
        *,
        reference: str,
        by: Person | None = None,
        language: str = "en",
        basics: bool = False,
    ) -> Meeting:
        """Set the options of a meeting (PATCH) and return it as Graph has it now; what differs is the caller's to see.

        `meeting.organizer_oid` and `meeting.id` name it; with `basics` its subject and both times are set too, as
        `meeting` has them. Whoever is invited already stays so. A passcode and a template can only be had when the
        meeting is made (ENGINE R3).
        """
        ...

    async def find(
        self,
        tenant: str,
        value: str,
        *,
        organizer_oid: str,
        reference: str,
        key: MeetingKey = MeetingKey.JOIN_URL,
        by: Person | None = None,
        language: str = "en",
    ) -> Meeting | None:
        """Return the organizer's online meeting behind a join link, or by another key; None when there is none.

        facts/graph 1.4. By the video room's number (`VIDEO_ID`) only the app may ask, whoever organizes.
        """
        ...

    async def delete(
        self, tenant: str, organizer_oid: str, meeting_id: str, *, reference: str, by: Person | None = None
    ) -> None:
        """Delete a meeting nobody was shown; one that is not there any more is deleted too."""
        ...


class Calendar(Protocol):
    """A person's Outlook calendar at Graph (facts/graph 4). Raises as `Meetings` does."""

    async def allows_teams(self, tenant: str, oid: str, *, reference: str, by: Person | None = None) -> bool:
        """Say whether the calendar's `allowedOnlineMeetingProviders` has Teams."""
        ...

    async def read(self, tenant: str, oid: str, event_id: str, *, reference: str, by: Person | None = None) -> Meeting:
        """Return an event as a meeting; `join_url` is empty while Outlook has not filled `onlineMeeting` in yet.

        One that Outlook left offline is made an online meeting first.
        """
        ...

    async def remove(self, tenant: str, oid: str, event_id: str, *, reference: str, by: Person | None = None) -> None:
        """Take an event nobody was shown out of the calendar; one that is not there any more is out of it."""
        ...

    async def put_online(
        self, tenant: str, oid: str, event_id: str, *, reference: str, by: Person | None = None
    ) -> Meeting:
        """Make an event an online meeting (PATCH). It can never go offline again (facts/graph 4)."""
        ...


class Owners(Protocol):
    """Who owns a team, read with the grant that it gave for it (ENGINE R23)."""

    async def owns(self, chat: Chat, oid: str, *, reference: str) -> bool:
        """Say whether somebody owns the channel's team, which `chat.group_id` names. Raises NotNow or Refused."""
        ...


class Calls(Protocol):
    """Muster's own leg in a meeting, and people rung into it, by the app's permission (facts/graph 5).

    Every method raises NotNow or one of Refused; a NotNow that is `unclear` may have had its effect.
    """

    async def presence(self, tenant: str, oids: Sequence[str], *, reference: str) -> Mapping[str, str]:
        """Return by object id what people do just now, in Graph's words, such as `Presenting`."""
        ...

    async def join(self, room: Room, callback_url: str) -> str:
        """Join the room's meeting without media of our own and return the call's id. Not idempotent."""
        ...

    async def invite(self, room: Room, call_id: str, oid: str, context: str) -> None:
        """Ring somebody into an established call; `context` comes back with the answer. Not idempotent."""
        ...

    async def keep_alive(self, room: Room, call_id: str) -> None:
        """Say that the call is still wanted: Graph drops one that is silent for 45 minutes."""
        ...

    async def hang_up(self, room: Room, call_id: str) -> None:
        """Leave the meeting; a call that is over already is left too."""
        ...


class Posts(Protocol):
    """What stands in a chat, read with the grant that a team or a chat gave for it (ENGINE R15)."""

    async def find(self, chat: Chat, conversation_id: str, nonce: str, *, reference: str) -> str:
        """Return the id of the post of ours that carries the nonce, "" where none does. Raises NotNow or Refused."""
        ...


class Watch(Protocol):
    """Call events of meetings at Graph, by subscriptions (facts/graph 6). Raises as `Meetings` does."""

    async def make_key(self, now: int) -> WatchKey:
        """Make a key pair that new subscriptions use from `now` (ms UTC) on; its private half is sealed."""
        ...

    def opens(self, key: WatchKey) -> bool:
        """Say whether the private half of a key was sealed with the secret of today. Pure."""
        ...

    def mark(self, room_id: str) -> str:
        """Return the hash of the clientState that a room's subscription has. Pure."""
        ...

    async def begin(self, wanted: Watched, join_url: str, certificate: str, *, reference: str) -> Watched:
        """Subscribe to a meeting's call events until `wanted.expires_at`, and return what Graph made of it."""
        ...

    async def find(self, wanted: Watched, join_url: str, *, reference: str) -> list[Watched]:
        """Return the subscriptions of ours that there are to a meeting's call events."""
        ...

    async def renew(self, watched: Watched, certificate: str, *, reference: str) -> Watched:
        """Prolong a subscription until `watched.expires_at`, under its key. HostUnknown when it is gone."""
        ...

    async def end(self, watched: Watched, *, reference: str) -> None:
        """Unsubscribe; what is not there any more is ended too."""
        ...


class Messenger(Protocol):
    """Messages in Teams through the Bot Connector. All methods raise NotDone, Unclear, Gone or Rejected."""

    async def post(self, chat: Chat, conversation_id: str, content: Rendered, *, nonce: str) -> str:
        """Post into a conversation and return the new activity's id. The nonce travels in channelData."""
        ...

    async def whisper(self, chat: Chat, conversation_id: str, to: Person, content: Rendered, *, nonce: str) -> str:
        """Post a targeted message that only `to` sees (facts/teams 3.4); in a 1:1 an ordinary one."""
        ...

    async def edit(self, chat: Chat, conversation_id: str, activity_id: str, content: Rendered) -> None:
        """Replace a posted activity in place."""
        ...

    async def delete(self, chat: Chat, conversation_id: str, activity_id: str) -> None:
        """Delete a posted activity."""
        ...

    async def member(self, chat: Chat, person_id: str) -> Person:
        """Return a member of the chat with their object id and sign-in name; Gone for somebody who is none."""
        ...

    async def group(self, chat: Chat) -> str:
        """Return the Entra group id of a channel's team, which Graph knows the team by; "" when it is not said."""
        ...

    async def channel_names(self, chat: Chat) -> Mapping[str, str]:
        """Return what the channels of a chat's team are called, by thread; the general one may have no name."""
        ...

    async def personal(self, chat: Chat, to: Person) -> str:
        """Return the conversation of the bot and one member of `chat`, opening it if need be (facts/teams 3.3)."""
        ...


class Intake(Protocol):
    """What the door hands turns to: the engine."""

    async def take(self, turn: Turn) -> Receipt:
        """Return when the turn is durable (ENGINE R10).

        Raises StoreError, or DoorError 503 when too many wait here: then nothing was promised.
        """
        ...

    async def answer(self, turn: Turn, receipt: Receipt) -> Answer:
        """Return what an invoke's response says, within 2.5 s at the latest (ENGINE R14)."""
        ...


class Hearing(Protocol):
    """What the door of call events hands them to: the engine."""

    async def heard(self, room_id: str, decide: Decide) -> None:
        """Return when what was told of a room's call is durable. Raises StoreError: then nothing was promised."""
        ...


class Store(Protocol):
    """What survives. Every method is one transaction; raises StoreError when nothing was written."""

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """Write the turn to the inbox (T1). The receipt carries a claim when this process may run it at once.

        It may when no earlier turn of the same chat is waiting (order within a chat, ENGINE 3.1). Where 20 wait
        already it is dropped, and the person is told so once a minute (R12).
        """
        ...

    async def claim(self, now: int, limit: int) -> Work:
        """Lease at most `limit` due turns, timers and messages each to this process (ENGINE R27)."""
        ...

    async def settle_turn(self, claim: TurnClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """Read the view, decide, apply the reply and mark the turn done: one transaction (T2, ENGINE R12).

        Work that the reply made due at once comes back claimed.
        """
        ...

    async def settle_timer(self, claim: TimerClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """The same for a timer: its row is deleted unless the reply re-arms it."""
        ...

    async def settle_call(self, room_id: str, decide: Decide, now: int, fresh_id: str) -> Settled:
        """The same for what was told of a room's call: the view has who was in it, and its subscription."""
        ...

    async def watched(self, subscription_id: str, mark: str) -> Watched | None:
        """Return the subscription of this id, or one not answered yet whose clientState has this hash; None if none."""
        ...

    async def watch_key(self, key_id: str) -> WatchKey | None:
        """Return the key pair of this id, None when it is gone."""
        ...

    async def settle_message(self, claim: MessageClaim, sent: Sent, now: int) -> Settled:
        """Write how a sending ended (T4). A posted card that is out of date comes back claimed when due."""
        ...

    async def fail_turn(self, claim: TurnClaim, now: int, retry_at: int) -> bool:
        """A handler raised: give the turn back until `retry_at`; the fifth time it is poison. Say if it is."""
        ...

    async def answer(self, turn_key: str, *, last: bool = False) -> Receipt | None:
        """Return the stored answer of an invoke, or None while it has none.

        With `last` nobody asks again: a turn that is not decided yet sees in its view that it is `unheard`.
        """
        ...

    async def exchange_begins(self, tenant: str, user_oid: str, exchange_id: str, now: int) -> Exchange:
        """Say who exchanges: this process from now on, another one, or nobody any more, and how it ended."""
        ...

    async def exchange_ended(
        self, tenant: str, user_oid: str, exchange_id: str, now: int, *, done: bool | None
    ) -> None:
        """Write how the exchange ended; when it is done, whatever waited for the person's sign-in may run.

        None: nobody could say; a further copy begins it anew.
        """
        ...

    async def exchange_failed(self, tenant: str, user_oid: str, now: int, *, account: bool = False) -> None:
        """Plan the sign-in through the browser, once, for each turn that waits for this person's sign-in.

        `account`: once more, because the browser was signed in to another account.
        """
        ...

    async def room(self, room_id: str) -> Room | None:
        """Return the room of this id, None when there is none."""
        ...

    async def chat(self, tenant: str, thread_id: str) -> Chat | None:
        """Return a chat that Muster has met, None for any other."""
        ...

    async def caller_of(self, nonce: str) -> str:
        """Return the tenant of the call whose callbacks come with this nonce, "" where there is none (R22)."""
        ...

    async def heard(self, nonce: str, decide: Decide, now: int, fresh_id: str) -> Settled:
        """Decide about the room of a call that Graph tells something of: one transaction, written when it returns."""
        ...

    async def renew(self, work: Work, now: int) -> Work:
        """Prolong the leases of this work to the full length from now; return what is somebody else's by now."""
        ...

    async def release(self, work: Work, now: int) -> None:
        """Hand leases back at shutdown so that another process need not wait.

        A message in it whose bytes had not begun is planned again; one whose bytes may have left must not be in it.
        """
        ...

    async def stuck(self, limit: int) -> list[Stuck]:
        """Return the turns that were set aside, oldest first."""
        ...

    async def replay(self, turn_key: str, now: int) -> bool:
        """Let a turn that was set aside run again; False when there is none of this key."""
        ...

    async def drop(self, turn_key: str) -> bool:
        """Forget a turn that was set aside; False when there is none of this key."""
        ...

    async def made(self, tenant: str, since: int) -> Mapping[str, int]:
        """Return by host's object id how many meetings were made for them since then (ms UTC)."""
        ...

    async def sweep(self, now: int, kept: int = KEPT) -> None:
        """Delete what is kept no longer: finished turns after 48 h, what else is over after `kept` ms, old notes."""
        ...

    async def alive(self, now: int) -> int:
        """Write that this process lives and return how many did within 30 s, itself among them; SQLite's is 1."""
        ...

    async def ready(self) -> None:
        """Return when the store answers; raises StoreError when it does not."""
        ...

    async def close(self) -> None:
        """Finish what is queued and let go of files and connections."""
        ...
