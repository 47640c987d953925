"""Every event there is, and what it says: a house rule compares this list with the code, infra/EVENTS.md is made of it.

An event has `ref`, the reference of the request it belongs to, wherever it belongs to one.
"""

from __future__ import annotations

STEPS = {
    "door.accepted": "the door let an activity in and kept it: `kind`, `receipt` (new, a copy, …), `at` in ms UTC",
    "turn.received": "the turn is in the inbox, whichever door it came through",
    "turn.done": "a command decided, in one transaction: `kind`, `outcome`, `ms`",
    "graph.chosen": "which call makes the meeting, and why that one",
    "graph.answered": "Graph answered: `method`, `path` (its template), `status`, `ms`, Graph's and our request id",
    "timer.done": "work of a turn's or a meeting's was done: `kind`, `outcome`, `ms`; `since_asked_ms` once it is open",
    "message.sent": "a card or whisper was sent, or not: `purpose`, `outcome`, `ms`; the first card `since_asked_ms`",
}
"""The steps of a request that goes well, in their order."""

OTHERS = {
    "call.told": "Graph told of a room's call, and that is written",
    "calls.refused": "a callback of a call was refused at the door: `reason`, `status`",
    "door.ignored": "an activity was not for Muster, and was not kept",
    "door.not_kept": "the store was away, so nothing was promised to who asked: `status`",
    "door.refused": "a caller of `/api/messages` was refused: `reason`, `status`",
    "graph.access_policy_missing": "no application access policy names the host: the cmdlets are in the log below",
    "graph.call_refused": "Graph refused the call that rings people",
    "graph.created_twice": "a plain create was sent once more, because the answer to the first was lost",
    "graph.event_not_found": "an event of Outlook's is gone",
    "graph.ignored": "something at `/api/graph` was not about a room of ours: `reason`",
    "graph.invitation_refused": "Graph did not ring a person",
    "graph.no_answer": "Graph gave no answer: `error`, `ms`",
    "graph.not_amended": "Graph did not take a change of a meeting",
    "graph.not_kept": "what Graph told could not be written, so it was asked to tell it again",
    "graph.not_now": "Graph was busy or away; the same is tried again",
    "graph.options_refused": "Graph did not take a meeting's options",
    "graph.presence_unknown": "Graph did not say who may be disturbed",
    "graph.refused": "a definite no of Graph's: `status`, `code`, `error`, both request ids",
    "graph.refused_at_door": "a caller of `/api/graph` was refused: `reason`",
    "graph.sign_in_needed": "the person whose permission is used has to sign in",
    "graph.thread_refused": "Graph did not tie the meeting to the chat; it is made without the tie",
    "graph.watch_refused": "Graph does not tell of this meeting's call, so the card shows no roster",
    "hooks.alert": "a monitoring system's alert came in: `source`, `receipt`",
    "hooks.not_kept": "an alert could not be kept, and its sender was told so",
    "hooks.refused": "a caller of `/api/hooks` was refused: `reason`, `status`",
    "http.served": "one request was answered: `method`, `route`, `status`, `ms`; `error` where something broke",
    "keys.loaded": "the keys that sign callers' tokens are loaded: `count`",
    "keys.unavailable": "those keys could not be loaded; the old ones serve on",
    "lease.lost": "another process goes on with this one's work",
    "loop.failed": "something broke where nobody waits for it: `what`, `error`",
    "meeting.left_behind": "a meeting that nobody saw could not be deleted",
    "names.unknown": "the connector did not say what a team's channels are called",
    "member.unknown": "the connector did not say who somebody is",
    "message.failed": "a card or whisper could not be made or sent, unforeseen: `error`, `attempts`",
    "owner.unknown": "Graph did not say who owns the team",
    "post.not_read": "Graph did not let us look for a post whose fate is unclear",
    "roster.refused": "the connector did not say who is in the chat",
    "setting.unknown": "a variable looks like a setting and is none, so it changes nothing: `name`, `meant`",
    "sign_in.answered": "a sign-in's exchange was answered: `name`, `status`",
    "sign_in.failed": "a client says that a sign-in failed",
    "sign_in.not_now": "a sign-in could not be judged now",
    "spare.not_made": "no meeting could be put in reserve",
    "store.away": "the store did not answer; work is found again when it does",
    "store.forgetful": "the store is in a container and goes with it",
    "timer.failed": "a timer broke unforeseen and is tried again: `error`, `failures`",
    "timer.set_aside": "a timer broke too often and was given up",
    "token.fetched": "Entra gave the app a token: `scope`, `ms`",
    "token.refused": "Entra gave the app no token: `status`, `code`, `error`",
    "token_service.away": "Bot Framework's Token Service did not answer",
    "token_service.refused": "the Token Service refused: `asked`, `status`",
    "token_service.somebody_else": "the Token Service gave another person's token, which is not used",
    "turn.failed": "a command broke unforeseen: `error`, `attempts`, `poison` when it was given up",
    "warm.failed": "a part could not be loaded ahead: `part`, `error`",
    "whisper.refused": "Teams did not take a targeted message; the next way is tried",
    "worker.failed": "a task of the worker broke unforeseen",
}
EVENTS = {**STEPS, **OTHERS}

HEAD = """\
# Events

One event per step, one line in the log for each (`MUSTER_LOG`), one count in `muster_events_total`, and, where it
belongs to a request, one span. `python app.py docs` writes this page.

What a request's steps have in common is `ref`, the reference that people read out. The trace of a request has an id
made of it, the same on every replica and after every restart:
`printf 'muster|%s' 7F3K-92QD | sha256sum | cut -c1-32`.
"""


def page() -> str:
    """Return infra/EVENTS.md."""
    parts = [HEAD]
    for title, events in (("The steps of a request, in their order", STEPS), ("Everything else", OTHERS)):
        rows = [f"| `{name}` | {means} |" for name, means in events.items()]
        parts.append("\n".join([f"## {title}", "", "| Event | Says |", "|---|---|", *rows, ""]))
    return "\n".join(parts)
