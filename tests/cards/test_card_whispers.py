"""What one person is told says what EXPERIENCE 2 says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import cards
from bot.messages import Whisper

Whispers = Callable[..., Whisper]
Buttons = Callable[[Any], dict[str, dict[str, Any]]]
LINK = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0"

GOLDEN = {
    "settings": "Settings\nHow long: 45 minutes\nWho may start meetings: team owners and who added me\n"
    "Whom to ring: 2 people\n"
    "You: every answer as plain text.\nYou: language Deutsch.\n"
    "Or say settings duration: 45m, settings language: de, settings me: plain text.",
    "settings-set": "Saved.\nWho comes straight in: everyone\nLanguage of the posts: Français",
    "settings-same": "It was set like that already.",
    "settings-nobody": "Teams didn't tell me who you are, so I can't remember settings of yours.",
    "settings-refused": "Only Ana Lima, who added me here, or a team owner can change this chat's settings.",
    "may-not-start": "Only Ana Lima or a team owner can start meetings here: that's how this chat is set.",
    "meeting-chat": "This chat has its own meeting already: Join at the top of the chat takes you in.",
    "is-open": "Retro is open.\nJoin Retro: " + LINK,
    "typo": 'I don\'t know "meat now". Did you mean meet now? You can also just edit your message.',
    "unknown": 'I don\'t know "brew tea". You can also just edit your message.',
    "running": "There's already a meeting here: Retro, opened at 12:04 (UTC+1) by Ana Lima.\nJoin Retro: " + LINK,
    "other-thread": "Retro is live in another thread.\nJoin Retro: " + LINK,
    "near-topic": "No #INC-24 yet, but #INC-42 is open.\nJoin #INC-42: " + LINK,
    "topic-elsewhere": "#layoffs is live in HR leads.",
    "not-brought": "I couldn't bring #layoffs here. "
    "It may be over, or I couldn't make sure that you are a member there.",
    "trying-now": "Retro: trying again now. The post changes by itself.",
    "stopped": "Retro: I stopped trying. Nothing opens by itself.",
    "no-request": "No meeting is waiting to be opened here.",
    "policy": "I may not open meetings in your name yet. It's a setting your admin makes; you did nothing wrong.\n"
    'As soon as it is made, "Retro, 45 minutes" can be tried again.\nReference 7F3K-92QD',
    "sign-in": "I may not open meetings in your name yet. It's a setting your admin makes; you did nothing wrong.\n"
    'I\'ll keep "Retro, 45 minutes" for 15 minutes.\nReference 7F3K-92QD',
    "signed-in": "You're signed in: the meetings you ask for can open in your name.",
    "signed-out": "You're signed out: I can no longer open meetings by your permission.",
    "not-signed-out": "You're still signed in: Microsoft's sign-in service isn't answering. "
    "Try again in a few minutes.\nReference 7F3K-92QD",
    "failed": "Retro: not opened\nMicrosoft knows no Teams account for you that can host meetings: "
    "somebody else in this chat can ask for it and host.\nReference 7F3K-92QD",
    "dial-in": "Retro by phone: +44 20 7946 0123 (London), then 123 456 789 and the hash key.\n"
    "One tap, for an SMS: +442079460123,,123456789#\n"
    "To read aloud: plus four four, two zero, seven nine four six, zero one two three. "
    "Then one two three, four five six, seven eight nine, hash.\n"
    "Free of charge: +44 808 157 0192\n"
    "Other numbers: +49 30 23125042 (Berlin) · all local numbers: https://dialin.teams.microsoft.com/22f1?id=123456789",
    "no-dial-in": "Retro\nNo phone dial-in for this meeting. Link and meeting ID work as usual.",
    "not-found": 'Microsoft shows me no meeting of yours behind "234 567 890 12".\n'
    "I can look up the meetings that you organize.",
    "not-looked-up": "Microsoft isn't answering, so I couldn't look up \"234 567 890 12\". Try again in a few minutes.",
    "no-numbers": "Your meetings have no phone numbers, because your account has no Audio Conferencing licence (or no "
    "number yet). Link and meeting ID work as usual. Your admin can add it; new meetings then have numbers.",
    "sign-in-else": "Retro without signing in:",
    "story": "The story of 7F3K-92QD\n"
    "2026-03-19 12:04:00 (UTC+1) · Asked in a channel, 19:a, by oid.\n"
    "2026-03-19 12:04:00 (UTC+1) · A meeting was asked for: createOrGet, app, host oid, 2 ways tried.\n"
    "2026-03-19 12:04:00 (UTC+1) · Microsoft Graph did not answer: open 1, POST, 12 ms, not yet. client-request-id c1\n"
    "2026-03-19 12:04:02 (UTC+1) · Microsoft Graph said 201 X: open 2, POST, 9 ms, open. "
    "request-id r2, client-request-id c2\n"
    "2026-03-19 12:04:02 (UTC+1) · Opened, bound.\n"
    "2026-03-19 12:04:03 (UTC+1) · The card shows version 2: posted. Tried 3 times.\n"
    "2026-03-19 12:04:03 (UTC+1) · Told oid alone, policy: planned.\n"
    "2026-03-19 12:04:04 (UTC+1) · Somebody came in.\n"
    "2026-03-19 12:04:05 (UTC+1) · rename, by oid.\n"
    "2026-03-19 12:04:06 (UTC+1) · Ended: clock.",
    "no-story": "I know nothing about 7F3K-92QD. Look at it again: a reference has none of 0, O, 1, I, L. "
    "What was said is forgotten after two days, a meeting after some weeks.",
    "why-alone": "I serve several organisations, so please ask that in our own chat: why 7F3K-92QD",
    "why-admins": "Only an administrator of mine can look that up. Give them the reference 7F3K-92QD.",
    "no-admin": "I don't know who your administrator is. Please give them the reference 7F3K-92QD.",
    "admin-told": "I'm writing to your administrator, who hears of it once a day. The reference is 7F3K-92QD.",
    "policy-advice": "I may not open meetings for people here: no application access policy names them. "
    "17 people asked within a day.\n"
    "A Teams administrator can allow it at https://shell.azure.com (PowerShell):\n"
    "Connect-MicrosoftTeams\n"
    'Grant-CsApplicationAccessPolicy -PolicyName Muster -Identity "oid"\n'
    "Instead of one person it may name a group (-Group) or everybody (-Global).\n"
    "It works within 30 minutes, sometimes longer. The reference is 7F3K-92QD.",
    "doctor": "1 thing is to do.\n"
    "access policy: no application access policy lets the app open meetings\n"
    "Who: Teams Administrator. Where: https://shell.azure.com (PowerShell)\n"
    "Connect-MicrosoftTeams\nWorks within 30 minutes.\n"
    "Not known before that is right: host\nIn order: store\nNot in use: callback\nReference 7F3K-92QD",
    "doctor-admins": "That is for my administrators. If a meeting doesn't open, its message says who can help.",
    "doctor-nobody": "Nobody is named in MUSTER_ADMINS, so I can't tell that here. "
    "Whoever runs me can ask: python app.py doctor",
    "host-wanted": "Kim Park would like to meet here.",
    "host-asked": "Retro: I asked here. Whoever presses the button hosts.",
    "cannot-host": "Microsoft does not let your account host meetings, so Retro is not open. Somebody else here can.\n"
    "Reference 7F3K-92QD",
    "no-calendar": "Your calendar does not allow Teams meetings: Retro is not open. An ordinary meeting is possible.\n"
    "Reference 7F3K-92QD",
    "no-meeting": "There's no meeting here right now.",
    "help": "In a channel, start with @Muster and pick me from the list. In our own chat, just type.\n"
    "meet now · a meeting here, right away\n"
    "Also: status, host. help meet shows every option. Only you see this.",
    "help-command": "meet now [subject]\nA meeting here, right away\nFor example: meet now · meet now Retro",
    "welcome": "Hello, Platform team. Type @Muster meet now (pick Muster from the list) and you get a meeting for "
    "this channel, with a link and phone numbers. I post once per meeting and keep that post true.",
    "problem": "I couldn't do that: something went wrong on my side, and whoever runs me can look it up.\n"
    "Reference 7F3K-92QD",
    "working": "Working on it. The result appears here in a moment.",
    "busy": "That's more than I can do at once. Try again in a minute.\nReference 7F3K-92QD",
    "too-fast": "That's many meetings in one minute. Try again in 40 seconds.",
    "late": 'I couldn\'t get to "meet now Retro" in time, so I did nothing. Still needed?\nReference 7F3K-92QD',
    "live-below": "The live card is below.",
    "stranger": "This button belongs to a meeting that has ended.",
    "not-here": "I don't know this post here: it's a copy from another chat, or older than I remember. "
    "Its buttons work where I posted it.",
    "elsewhere": "@Kim, I couldn't do that here. Details: reference 7F3K-92QD.",
    "ended": "Retro is closed. The number stays the same if you reopen it within a day.",
    "end-live": "People are in Retro. End it for everyone?",
    "reopened": "Retro is open again. The number is still the same.",
    "reopen-late": "Retro ended more than a day ago, so it stays closed. A new meeting has numbers of its own.",
    "no-ended": "There's no ended meeting here to reopen.",
    "not-yours": "Only Ana Lima or a team owner can end this meeting.",
    "renamed": "It's called DB restore now.",
    "rename-what": "Say the new name too, for example: rename DB restore",
    "host": "Bea Novak now leads #INC-42 with Ana Lima.\nI couldn't hand #INC-42 over to Kim Park: "
    "only members of this chat with an account in the host's organisation can lead.",
    "host-already": "Ana Lima leads Retro already.",
    "host-who": "Mention who is to lead, for example: host @Bea",
    "status": "Retro: open since 12:04 (UTC+1) · Ana Lima is hosting\nJoin Retro: " + LINK,
    "recent": "The last meetings here:\nRetro: 19 March 2026, 12:04 to 12:40 (UTC+1) · Ana Lima was hosting",
    "ring-off": "I can't ring people here: whoever runs me has to set MUSTER_PUBLIC_URL first.",
    "ring-who": "Whom shall I ring? Mention them, for example: ring @Ana @Ben",
    "ring-many": "That's too many at once: I ring at most 20 people.",
    "ring-begun": "I'm ringing. The meeting's post shows who answers.",
    "ring-stopped": "I've stopped ringing.",
    "ring-nobody": "Nobody is left to ring.",
    "not-rung": "Ben Okafor is presenting.\nChloé Martin: rung less than two minutes ago, so not again yet.\n"
    "Kim Park: nobody here that I can ring.",
    "notice": "Coffee\nAna Lima fetches some.",
    "bare": "Meet now?",
    "now-or-then": "Now, or tomorrow?",
    "planned": "Retro starts 20 March 2026, 12:04 (UTC+1).\nThat time is past already today, so it is tomorrow's.\n"
    "I don't know your time zone, so I took this chat's.",
    "planned-already": "You've planned it with this button already; the meeting's post says how that went.",
    "not-then": "I plan meetings at most 60 days ahead.",
    "reminder": "Retro starts now.\n@Ana Lima\n"
    "Join Retro: https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0",
}
PRESSES = {
    "typo": ("Meet now", "meet now"),
    "unknown": ("Help", "help"),
    "running": ("Start another", "start another Lunch"),
    "other-thread": ("Start one for this thread", "start one for this thread Lunch"),
    "near-topic": ("Open #INC-24", "open topic #INC-24 DB down"),
    "topic-elsewhere": (
        *("Bring it here", "bring it here #layoffs"),
        *("Open a separate one", "open separately #layoffs"),
    ),
    "not-brought": ("Open a separate one", "open separately #layoffs"),
    "no-request": ("Meet now", "meet now"),
    "policy": (
        *("Try again", "meet now Retro"),
        *("Ask someone here to host", "ask someone to host Retro"),
        *("Tell the admin", "tell the admin"),
    ),
    "sign-in-else": (
        *("Ask someone here to host", "ask someone to host Retro"),
        *("Tell the admin", "tell the admin"),
    ),
    "meeting-chat": ("Start another", "start another Retro"),
    "host-wanted": ("Start it as host", "meet now Retro"),
    "cannot-host": ("Ask someone here to host", "ask someone to host Retro"),
    "no-calendar": ("Meet now", "open anyway Retro"),
    "no-meeting": ("Meet now", "meet now"),
    "not-signed-out": ("Sign out", "sign out"),
    "late": ("Try again", "meet now Retro"),
    "welcome": ("Show me what else", "help"),
    "stranger": ("Meet again", "meet now"),
    "not-here": ("Meet now", "meet now"),
    "ended": ("Reopen this one", "reopen Retro"),
    "end-live": ("End it", "end anyway Retro"),
    "reopen-late": ("Meet again", "meet now Retro"),
    "no-ended": ("Meet now", "meet now"),
    "not-rung": ("Ring anyway", "ring anyway"),
    "recent": ("Meet again", "meet now Retro"),
    "bare": ("Meet now", "meet now", "Help", "help"),
    "now-or-then": (
        *("Now", "meet now Retro"),
        *("Tomorrow 9:04", "meet tomorrow 9:00 Retro"),
        *("Pick a time", "help meet in 20m"),
    ),
    "not-then": ("Pick a time", "help meet in 20m"),
}


@pytest.mark.parametrize(
    ("code", "service", "says"),
    [
        ("quota", False, "You have used up Microsoft's meetings of this month: Retro is not open."),
        (
            "quota",
            True,
            "The account that hosts here has used up Microsoft's meetings of this month: Retro is not open.",
        ),
        ("host", True, "Microsoft does not let the account that hosts here host meetings: Retro is not open."),
    ],
)
def test_whose_limit_it_is_is_said(whisper: Whispers, buttons: Buttons, code: str, service: bool, says: str) -> None:
    """A month's limit is no missing right, and where a service account hosts nobody here is asked to host instead."""
    shown = cards.render_whisper(whisper("cannot-host", code=code, service=service))
    assert says in shown.text
    assert ("Ask someone here to host" in buttons(shown.card)) is not service


def test_every_whisper_has_a_golden_text() -> None:
    """No text reaches people that is not written down here."""
    assert set(cards.WHISPERS) == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_whisper_says_its_words(whisper: Whispers, placed: Callable[[str], str], name: str) -> None:
    """The card's plain words and the answer to a press are the text word for word."""
    words = placed(GOLDEN[name])
    assert cards.answer_text(whisper(name)) == words
    assert cards.render_whisper(whisper(name)).text == words
    assert cards.render_whisper(whisper(name)).summary == words.splitlines()[0]


@pytest.mark.parametrize("name", GOLDEN)
def test_every_button_of_a_whisper_says_a_command(whisper: Whispers, buttons: Buttons, name: str) -> None:
    """A whisper's buttons are the named ones, each with the line it says and that line's first word as verb."""
    found = buttons(cards.render_whisper(whisper(name)).card)
    presses = {title: (action["verb"], action["data"]["text"]) for title, action in found.items() if "verb" in action}
    said = PRESSES.get(name, ())
    assert presses == {title: (line.split()[0], line) for title, line in zip(said[::2], said[1::2], strict=True)}


def test_the_neutral_public_line_is_no_card(whisper: Whispers) -> None:
    """Where somebody cannot be whispered to, the thread gets one line of text."""
    assert cards.render_whisper(whisper("elsewhere")).card is None
    assert cards.answer_text(whisper("elsewhere", reference="")) == "@Kim, I couldn't do that here."


def test_a_sign_in_has_one_button_and_says_what_waits(whisper: Whispers) -> None:
    """Who has to sign in sees one button, and for whom nothing waits is told what it is good for."""
    shown = cards.render_whisper(whisper("sign-in"))
    assert (shown.card, shown.sign_in, shown.silent) == (None, "Sign in and open it", True)
    plain = cards.render_whisper(whisper("sign-in", subject="", policy="", browser="yes"))
    assert (plain.sign_in, plain.silent) == ("Sign in", False)
    assert plain.text.startswith("Sign in, and the meetings you ask for open in your name.")
    assert cards.answer_text(whisper("sign-in", policy="")).startswith("Please sign in once")
    assert cards.render_whisper(whisper("elsewhere")).sign_in == ""


def test_a_topic_of_a_chat_without_a_name_is_somewhere_else(whisper: Whispers) -> None:
    """Group chats often have no name; a meeting that is not there yet is opening."""
    assert cards.answer_text(whisper("topic-elsewhere", where="", opening=True)) == (
        "#layoffs is opening in another chat of yours."
    )


def test_a_running_meeting_is_bold_and_can_be_joined(whisper: Whispers, buttons: Buttons) -> None:
    """Who asks a second time gets the subject in bold and the way in."""
    card = cards.render_whisper(whisper("running")).card
    assert "There's already a meeting here: **Retro**, opened at 12:04" in json.dumps(card)
    assert buttons(card)["Join Retro"]["url"] == LINK


def test_a_meeting_that_still_opens_has_no_join(whisper: Whispers, buttons: Buttons) -> None:
    """Who asks while a meeting opens is told who asked first, without a button that leads nowhere."""
    shown = cards.render_whisper(whisper("running", join_url="", starter="", another=""))
    assert shown.text == ("There's already a meeting here: Retro, still opening. Somebody asked at 12:04 (UTC+1).")
    assert buttons(shown.card) == {}


def test_the_way_in_survives_a_plain_answer(whisper: Whispers) -> None:
    """Answers to presses have no buttons, so they write the link out."""
    assert LINK in cards.answer_text(whisper("running"))


def test_dial_in_without_any_number_says_so(whisper: Whispers) -> None:
    """A dial-in with an id but no numbers is told as none."""
    text = cards.answer_text(whisper("dial-in", toll_numbers=[], toll_free_numbers=[]))
    assert text == GOLDEN["no-dial-in"]


def test_dial_in_with_only_a_free_number_reads_it_aloud(whisper: Whispers) -> None:
    """With nothing but an unspaced free number, that one is given, and read in groups of three."""
    text = cards.answer_text(whisper("dial-in", toll_numbers=[], toll_free_numbers=["08081570192"], url=""))
    assert text.splitlines() == [
        "Retro by phone: 08081570192, then 123 456 789 and the hash key.",
        "One tap, for an SMS: 08081570192,,123456789#",
        (
            "To read aloud: zero eight zero, eight one five, seven zero one, nine two. "
            "Then one two three, four five six, seven eight nine, hash."
        ),
    ]


def test_what_is_missing_is_left_out(whisper: Whispers) -> None:
    """A team without a name, a command without examples and a turn without a reference read well."""
    assert cards.answer_text(whisper("welcome", team="")).startswith("Hello. Type @Muster meet now")
    assert "For example" not in cards.answer_text(whisper("help-command", examples=[]))
    assert "Reference" not in cards.answer_text(whisper("problem", reference=""))


def test_long_lines_of_a_notice_are_not_cut_like_names(whisper: Whispers) -> None:
    """A command may say a whole paragraph."""
    line = "coffee " * 60
    assert cards.answer_text(whisper("notice", lines=[line])).splitlines()[1] == line.strip()


def test_an_unknown_name_is_an_error_of_ours() -> None:
    """A whisper that has no text is never shown as an empty one."""
    with pytest.raises(KeyError):
        cards.answer_text(Whisper("nonsense"))


def test_the_post_at_a_start_mentions_people(whisper: Whispers) -> None:
    """Each person who is told is a mention that Teams knows, whatever signs their name has, in the card's own text."""
    names, ids = ["Ana Lima", "B<b>ea_*</at>"], ["29:ana", "29:bea"]
    card = cards.render_whisper(whisper("reminder", names=names, ids=ids)).card
    assert card is not None
    entities = card["msteams"]["entities"]
    assert [(entity["type"], entity["mentioned"]["id"]) for entity in entities] == [
        ("mention", "29:ana"),
        ("mention", "29:bea"),
    ]
    text = card["body"][1]["text"]
    assert text == " ".join(entity["text"] for entity in entities) == "<at>Ana Lima</at> <at>Bbea_*</at>"
    assert "entities" not in (cards.render_whisper(whisper("reminder", names=[], ids=[])).card or {})["msteams"]


def test_other_times_are_asked_about_and_told(whisper: Whispers) -> None:
    """A time of another day names its day, and what is odd about a time is said."""
    later = whisper("now-or-then", tomorrow=False, at=whisper("now-or-then").data["asked_at"] + 3 * 3_600_000)
    assert cards.answer_text(later) == "Now, or later?"
    assert "15:04 (UTC+1)" in str(cards.render_whisper(later).card)
    odd = cards.answer_text(whisper("planned", notes=["gap", "twice"]))
    assert "skip that time" in odd
    assert "show that time twice" in odd
    assert cards.answer_text(whisper("not-then", why="past")) == "12:04 (UTC+1) is past already."
    nowhere = replace(whisper("planned"), zone="")
    assert cards.answer_text(nowhere).endswith("so I took UTC.")
