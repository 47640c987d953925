"""`doctor`: what is missing before a meeting can open here, for administrators alone (EXPERIENCE 1.20, ENGINE R23)."""

from __future__ import annotations

from dataclasses import asdict

from bot import limits
from bot.checkup import Finding, Findings, Status, Step
from bot.commands import found
from bot.commands.command import Asked, Command, Policy, once
from bot.decisions import Reply, SaveNote, SetTimer
from bot.leases import TimerClaim
from bot.model import Binding, ChannelKind, ChatKind, Timer, TimerKind, Way
from bot.ports import Decide
from bot.rooms import refusal_keys

TEAMS = 7
"""The part of the set-up that chats belong to."""
_UNBOUND = {
    Binding.REFUSED: "Graph refused to tie the last meeting to this channel",
    Binding.IGNORED: "Graph gave the last meeting a chat of its own instead of this channel's",
    Binding.NO_POST: "Graph tied the last meeting to this channel without a post in it",
}


def run(asked: Asked) -> Reply:
    """Have everything looked at, which is network work; the answer is whispered when it is done."""
    turn = asked.turn
    if turn.person.oid not in asked.policy.admins:
        nobody = {"setting": "MUSTER_ADMINS", "line": "python app.py doctor"}
        return asked.tell("doctor-admins") if asked.policy.admins else asked.tell("doctor-nobody", **nobody)
    if asked.policy.tenants > 1 and asked.chat.kind is not ChatKind.PERSONAL:
        return asked.tell("why-alone", line=COMMAND.name)  # elsewhere they may be another tenant's guest
    noted = often(asked)
    if isinstance(noted, Reply):
        return noted
    payload = {"turn": asdict(turn), "tie": asdict(tie(asked))}
    timer = Timer(f"doctor|{turn.turn_key}", TimerKind.DOCTOR, turn.chat.tenant, "", asked.view.now, payload)
    return Reply((SetTimer(timer), noted), "looking")


def often(asked: Asked) -> SaveNote | Reply:
    """Return the note of when this person had it looked at, or that it is too often: each look asks Graph a lot.

    As often as one person may open meetings: a look makes one too.
    """
    person, tenant, now = asked.turn.person, asked.turn.chat.tenant, asked.view.now
    key = f"doctor|{person.oid}"
    lately = [at for at in map(int, asked.view.notes.get(key, "").split()) if at > now - limits.RATE_SPAN]
    if limits.too_fast(lately, (), now):
        return once(asked.tell("busy"), f"{key}|{tenant}|{now // limits.RATE_SPAN}")
    return SaveNote(tenant, key, " ".join(map(str, (now, *lately))), now + limits.RATE_SPAN, person.oid)


def tie(asked: Asked) -> Finding:
    """Return whether meetings of this chat are tied to it: what Graph did with the last one (ENGINE R2).

    Nothing is tried: what is tied stands in the channel as a post, which nobody could take back.
    """
    chat, binding = asked.chat, asked.policy.binding
    if chat.kind is not ChatKind.CHANNEL or chat.channel_kind in {ChannelKind.PRIVATE, ChannelKind.SHARED}:
        return _tie(Status.OFF, "Graph ties meetings to standard channels alone")
    if binding == "off":
        return _tie(Status.OFF, "MUSTER_THREAD_BINDING is off")
    rooms = (room for room in (*asked.view.rooms, *asked.view.recent) if room.home_thread == chat.thread_id)
    last = next((room.binding for room in rooms if room.meeting), None)
    refused = any(key in asked.view.notes for way in Way for key in refusal_keys(binding, chat.thread_id, way))
    if refused and last in {None, Binding.NOT_ASKED}:
        last = Binding.REFUSED  # and since then it was not asked for
    if last is None or last not in {Binding.BOUND, *_UNBOUND}:
        return _tie(Status.OFF, "no meeting of this channel has been tied yet")
    if last is Binding.BOUND:
        return _tie(Status.OK, "Graph tied the last meeting to this channel")
    path = "MUSTER_OAUTH_CONNECTION and `sign in`: Graph documents the tie for people's own permission alone"
    after = "Or MUSTER_THREAD_BINDING=off: each meeting then has its own chat, and its card says so."
    return _tie(Status.TODO, _UNBOUND[last], Step(path, "Whoever runs Muster", 10, after=after))


def _tie(status: Status, says: str, step: Step | None = None) -> Finding:
    return Finding("channel", TEAMS, status, says, step)


def answered(claim: TimerClaim, policy: Policy, findings: Findings) -> Decide:
    """Return the decision that whispers what was found."""
    told = [*map(asdict, findings), claim.timer.payload["tie"]]
    return found.told(claim, policy, lambda asked: asked.tell("doctor", findings=told))


COMMAND = Command(
    name="doctor",
    phrases=("doctor",),
    usage="doctor",
    description="For administrators: what is missing, and what to do next",
    examples=("doctor",),
    run=run,
    listed=False,
    tells=True,
    aside=True,
)
