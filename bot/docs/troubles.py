"""What Muster says when it does not do something, and what to do about it: infra/TROUBLESHOOTING.md (EXPERIENCE 1.19).

Each is known by the code that stands in the log and in the store. Tests hold the tables to the code: what is refused
is told here, and what is told here can happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a refusal means and who mends it, in words of Markdown; `says` is the English text where it has one."""

    means: str
    mend: str
    says: str = ""


_CONSENT = "Entra → App registrations → Muster → API permissions → *Grant admin consent*"
_LOG = "Whoever runs Muster: `python app.py why` and the reference"
_NOBODY = "Nothing: it says how to go on"
FAILURES: Mapping[str, Trouble] = {
    "deadline": Trouble(
        "Graph did not make the meeting within three minutes", "Anybody: *Try again*. Is Microsoft 365 in trouble?"
    ),
    "stopped": Trouble("somebody pressed *Stop trying*", "Anybody: *Try again*, if it is still needed"),
    "withdrawn": Trouble(
        "the message that asked for it was deleted, and nobody had joined",
        "Nothing",
        "{subject}: closed · request withdrawn.",
    ),
    "policy": Trouble(
        "no application access policy names the host; or it does since less than 30 minutes, sometimes longer",
        "A Teams administrator: [the two cmdlets](../README.md#three-ways-in). Without PowerShell: let people sign in",
    ),
    "role": Trouble(
        "the app has no permission `OnlineMeetings.ReadWrite.All` (on the calendar: `Calendars.ReadWrite`), or nobody "
        "consented to it",
        f"A Privileged Role Administrator: {_CONSENT}",
    ),
    "host": Trouble(
        "the host is a guest, is of another tenant, or has no Teams licence",
        "Somebody else asks; or a License Administrator: Microsoft 365 admin center → Users → Licenses and apps; or a "
        "service account hosts (`MUSTER_HOSTS`)",
    ),
    "sign_in": Trouble(
        "meetings are made by people's own permission, and the host has not signed in, or has to again",
        "The host: *Sign in*, in the message that only they see",
    ),
    "sign_in_lost": Trouble(
        "Graph did not take the token that the host's sign-in gave",
        "The host: `sign out`, `sign in`. Again: the OAuth connection's scopes must have `OnlineMeetings.ReadWrite`",
    ),
    "private": Trouble(
        "a lobby or a passcode was asked for, Graph kept something wider, and nobody was shown the link",
        "Anybody: *Open anyway*, or *Try again*. A Teams administrator, where the tenant's meeting policies forbid it",
    ),
    "calendar": Trouble(
        "the calendar of the host allows no meetings of Teams",
        "Leave out `on calendar`; or an Exchange administrator",
    ),
    "credentials": Trouble(
        "Entra refused the app's secret, certificate or federated credential: most often it has ended",
        "Whoever runs Muster: a new one ([how](SECURITY.md#secrets)); `token.refused` in the log names the setting",
    ),
    "blocked": Trouble(
        "conditional access wants more of the app than a credential",
        "A Conditional Access Administrator: Entra → Conditional Access, policies for workload identities",
    ),
    "quota": Trouble(
        "the host has made 2,000 meetings this month, Graph's limit for one person",
        "Somebody else asks; or more service accounts in `MUSTER_HOSTS`",
    ),
    "refused": Trouble(
        "Graph refused for a reason that none of the others is",
        f"{_LOG}; Graph's `request-id` stands beside it in the log",
    ),
    "problem": Trouble("a bug of Muster's, five times", "Whoever runs Muster: `python app.py turns list`, and the log"),
}
"""Why a card says *not opened*, by the room's fail code."""

WHISPERS: Mapping[str, Trouble] = {
    "typo": Trouble(
        "no command, but nearly one",
        "Edit the message, or press the button",
        'I don\'t know "{typed}". Did you mean {meant}? You can also just edit your message.',
    ),
    "unknown": Trouble(
        "no command", "`help` lists them", 'I don\'t know "{typed}". You can also just edit your message.'
    ),
    "not-brought": Trouble(
        "that topic's meeting is over, or Teams did not confirm that who asks is in its chat",
        "Ask somebody who is in that chat; or open another one here",
        "I couldn't bring {topic} here. It may be over, or I couldn't make sure that you are a member there.",
    ),
    "no-request": Trouble(
        "nothing is being opened in this chat", "`meet now`", "No meeting is waiting to be opened here."
    ),
    "policy": Trouble(
        "as on the card: no application access policy names the host",
        "*Sign in and open it*, *Ask someone here to host*, or *Tell the admin*, who needs "
        "[the two cmdlets](../README.md#three-ways-in)",
        "I may not open meetings in your name yet. It's a setting your admin makes; you did nothing wrong.",
    ),
    "no-admin": Trouble(
        "`MUSTER_ADMINS` is empty",
        "Whoever runs Muster: set it to the administrators' object ids",
        "I don't know who your administrator is. Please give them the reference {reference}.",
    ),
    "why-admins": Trouble(
        "who asked is none of `MUSTER_ADMINS`",
        "Give the reference to one of them",
        "Only an administrator of mine can look that up. Give them the reference {reference}.",
    ),
    "why-alone": Trouble(
        "the bot serves several tenants, and an administrator of one may be a guest in another's chat",
        "Ask it in the chat that the administrator and the bot have alone",
        "I serve several organisations, so please ask that in our own chat: {line}",
    ),
    "no-story": Trouble(
        "there is no such reference in this tenant, or what it was about is kept no longer (`MUSTER_KEEP_DAYS`)",
        "Look at its letters again",
        "I know nothing about {reference}. Look at it again: a reference has none of {letters}. What was said is "
        "forgotten after two days, a meeting after some weeks.",
    ),
    "doctor-admins": Trouble(
        "who asked is none of `MUSTER_ADMINS`",
        "Ask one of them",
        "That is for my administrators. If a meeting doesn't open, its message says who can help.",
    ),
    "doctor-nobody": Trouble(
        "`MUSTER_ADMINS` is empty",
        "Whoever runs Muster: set it, or `python app.py doctor`",
        "Nobody is named in {setting}, so I can't tell that here. Whoever runs me can ask: {line}",
    ),
    "not-signed-out": Trouble(
        "Bot Framework's Token Service does not answer",
        "Try again in a few minutes",
        "You're still signed in: Microsoft's sign-in service isn't answering. Try again in a few minutes.",
    ),
    "failed": Trouble("as on the card", "As on the card", "{subject}: not opened"),
    "no-dial-in": Trouble(
        "the meeting's host has no Audio Conferencing licence, or no number yet",
        "A License Administrator; or a service account that has one hosts (`MUSTER_HOSTS`)",
        "No phone dial-in for this meeting. Link and meeting ID work as usual.",
    ),
    "no-numbers": Trouble(
        "the same, told to the host once in 30 days",
        "A License Administrator: Microsoft 365 admin center → Users → Licenses and apps",
        "Your meetings have no phone numbers, because your account has no Audio Conferencing licence "
        "(or no number yet). Link and meeting ID work as usual. Your admin can add it; new meetings then have numbers.",
    ),
    "not-found": Trouble(
        "Graph shows the app no meeting of this person's behind that id or link",
        "Ask its organizer",
        'Microsoft shows me no meeting of yours behind "{typed}".',
    ),
    "not-looked-up": Trouble(
        "Graph does not answer",
        "Try again in a few minutes",
        "Microsoft isn't answering, so I couldn't look up \"{typed}\". Try again in a few minutes.",
    ),
    "cannot-host": Trouble(
        "as on the card: a guest, another tenant, no Teams licence, or 2,000 meetings this month",
        "*Ask someone here to host*; or as on the card",
        "Microsoft does not let your account host meetings, so {subject} is not open. Somebody else here can.",
    ),
    "no-calendar": Trouble(
        "as on the card",
        "Press the button for an ordinary meeting",
        "Your calendar does not allow Teams meetings: {subject} is not open. An ordinary meeting is possible.",
    ),
    "no-meeting": Trouble("nothing runs in this chat", "`meet now`", "There's no meeting here right now."),
    "no-ended": Trouble("nothing ended in this chat lately", "`meet now`", "There's no ended meeting here to reopen."),
    "reopen-late": Trouble(
        "a meeting can be reopened for 24 hours",
        "`meet now`",
        "{subject} ended more than a day ago, so it stays closed. A new meeting has numbers of its own.",
    ),
    "not-yours": Trouble(
        "who asked for a meeting, hosts or leads it, or owns the team may",
        "Ask one of them. Owners may once the app has `TeamMember.Read.All`",
        "Only {who} or a team owner can end this meeting.",
    ),
    "may-not-start": Trouble(
        "a setting of this chat",
        "A team owner: `settings`",
        "Only {who} or a team owner can start meetings here: that's how this chat is set.",
    ),
    "settings-refused": Trouble(
        "only they may change what holds for everybody",
        "Ask a team owner; `settings me:` is everybody's own",
        "Only a team owner, or whoever added me here, can change this chat's settings.",
    ),
    "settings-nobody": Trouble(
        "Teams sent no object id of this person",
        "Somebody with an account of the organization can",
        "Teams didn't tell me who you are, so I can't remember settings of yours.",
    ),
    "host-who": Trouble("nobody is mentioned", _NOBODY, "Mention who is to lead, for example: {line}"),
    "rename-what": Trouble("no new name is there", _NOBODY, "Say the new name too, for example: {line}"),
    "ring-who": Trouble(
        "nobody is mentioned, and this chat has no ring list",
        _NOBODY,
        "Whom shall I ring? Mention them, for example: {line}",
    ),
    "ring-many": Trouble("20 in one command", _NOBODY, "That's too many at once: I ring at most {most} people."),
    "ring-nobody": Trouble("all of the list were rung", "Mention somebody", "Nobody is left to ring."),
    "ring-off": Trouble(
        "Graph has nowhere to tell who answers",
        "Whoever runs Muster: `MUSTER_PUBLIC_URL`, and for calls the permissions of *ringing*",
        "I can't ring people here: whoever runs me has to set {setting} first.",
    ),
    "not-rung": Trouble(
        "each of them for the reason it says: busy, rung just before, or not of this tenant",
        "*Ring anyway*, or wait two minutes",
        "{names}: nobody here that I can ring.",
    ),
    "not-then": Trouble("that time is over, or more than 60 days ahead", "Another time", "{start} is past already."),
    "busy": Trouble(
        "20 requests of this chat wait already, or one administrator asked `doctor` more than 5 times in a minute",
        "Try again in a minute; often: [SCALE](SCALE.md)",
        "That's more than I can do at once. Try again in a minute.",
    ),
    "too-fast": Trouble(
        "more than 5 meetings in a minute by one person, or 10 in one chat",
        "Wait as long as it says",
        "That's many meetings in one minute. Try again in {seconds} second.",
    ),
    "late": Trouble(
        "Muster was down, or very busy, for 5 minutes after it was asked",
        "Ask again, if it is still needed",
        'I couldn\'t get to "{typed}" in time, so I did nothing. Still needed?',
    ),
    "stranger": Trouble(
        "the card's meeting is over",
        "*Meet again*",
        "This button belongs to a meeting that has ended.",
    ),
    "not-here": Trouble(
        "somebody carried the post here from another chat, or it is older than `MUSTER_KEEP_DAYS`",
        "Press it where it was posted, or `meet now`",
        "I don't know this post here: it's a copy from another chat, or older than I remember.",
    ),
    "elsewhere": Trouble(
        "Teams let Muster neither whisper here nor write to the person alone",
        "The person adds Muster to their own chats; the reference leads to what was to be said",
        "@{name}, I couldn't do that here. Details: reference {reference}.",
    ),
    "problem": Trouble(
        "a bug of Muster's, five times",
        "Whoever runs Muster: `python app.py turns list`, and the log",
        "I couldn't do that: something went wrong on my side, and whoever runs me can look it up.",
    ),
}
"""What only one person sees, by the whisper's name, where something was not done."""

ANSWERS = frozenset(
    {
        *(
            "running",
            "other-thread",
            "near-topic",
            "topic-elsewhere",
            "trying-now",
            "stopped",
            "sign-in",
            "sign-in-else",
        ),
        *("admin-told", "policy-advice", "signed-in", "signed-out", "dial-in", "host-wanted", "host-asked", "help"),
        *("help-command", "welcome", "working", "live-below", "notice", "settings", "settings-set", "settings-same"),
        *("meeting-chat", "is-open", "ended", "end-live", "reopened", "renamed", "host", "host-already", "status"),
        "doctor",
        "story",
        *("recent", "ring-begun", "ring-stopped", "bare", "now-or-then", "planned", "planned-already", "reminder"),
    }
)
"""Whispers that are no trouble: they answer, ask, or point to what is there."""
