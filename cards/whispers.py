"""What one person is told, by name: the texts of EXPERIENCE 2, in the person's language and zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.messages import Rendered, Whisper
from bot.model import DialIn
from cards import (
    attendance,
    doctor,
    escape,
    existing,
    failures,
    hosting,
    lookups,
    phone,
    planning,
    preferences,
    ringing,
    stories,
    times,
)
from cards.parts import SHORT, Act, Button, Content, Line, Look, Row, join, open_button, plain_text, titled
from cards.saying import LONGEST_LINE, Parts
from cards.saying import button as _button
from cards.saying import press as _press
from cards.saying import text as _text
from cards.saying import texts as _texts
from cards.saying import with_reference as _with_reference
from cards.skeletons import rendered
from cards.words import Words, words


def render_whisper(whisper: Whisper, nonce: str = "", *, plain: bool = False) -> Rendered:
    """Return the card for a whisper, or plain text for a line that stands alone; its buttons carry `nonce`.

    `plain`: its person reads text, so that what a button says is written out (EXPERIENCE 1.15). KeyError: no such name.
    """
    content = _content(whisper)
    if plain or whisper.name in _TEXT_ONLY:
        says, rtl = content.words, content.words.rtl
        text = plain_text(content.parts, rtl=rtl, say=says("{title}: say {line}") if plain else "")
        signs_in, silent = _sign_in(whisper, content), not _text(whisper, "browser")
        return Rendered(None, content.summary.plain(rtl=rtl), text, signs_in, silent)
    return rendered(content, nonce)


def answer_text(whisper: Whisper) -> str:
    """Return a whisper's plain words, for the response to a press. KeyError when there is none of its name."""
    content = _content(whisper)
    return plain_text(content.parts, rtl=content.words.rtl)


def whisper_parts(whisper: Whisper) -> Parts:
    """Return what a whisper consists of. KeyError when there is none of its name."""
    return _content(whisper).parts


def _content(whisper: Whisper) -> Content:
    says = words(whisper.language)
    parts = WHISPERS[whisper.name](whisper, says)
    first = next(part for part in parts if isinstance(part, Line))
    return Content(says, parts, replace(first, look=Look.TEXT))


def typo(whisper: Whisper, says: Words) -> Parts:
    """`typed` is not known, but `meant` is near."""
    typed, meant = _text(whisper, "typed"), _text(whisper, "meant")
    title = titled("{meant}", {"meant": meant[:1].upper() + meant[1:]}, says, SHORT)
    meet = Button(Act.PRESS, title, escape.clean(meant, LONGEST_LINE))
    text = says('I don\'t know "{typed}". Did you mean {meant}? You can also just edit your message.')
    return (Line(text, {"typed": typed, "meant": meant}), Row((meet,)))


def unknown(whisper: Whisper, says: Words) -> Parts:
    """`typed` is not known, and nothing is near."""
    text = says('I don\'t know "{typed}". You can also just edit your message.')
    return (Line(text, {"typed": _text(whisper, "typed")}), _press(says("Help"), "help"))


def running(whisper: Whisper, says: Words) -> Parts:
    """There is a meeting: `subject`, `starter`, `opened_at` (ms UTC), `join_url` or "" while it is opening.

    `another` is the command line that opens one more; "" where there is only one; with `live` `opened_at` is since
    when, and `people` are inside, 0 where nobody knows.
    """
    subject = _text(whisper, "subject")
    values = {
        "subject": subject,
        "starter": _text(whisper, "starter") or says("Somebody"),
        "time": times.clock(int(whisper.data["opened_at"]), whisper.zone, says.language),
        "people": attendance.people(int(whisper.data.get("people", 0)), says),
    }
    buttons = join(subject, _text(whisper, "join_url"), says)
    text = (
        attendance.running(whisper.data, says)
        if buttons
        else says("There's already a meeting here: **{subject}**, still opening. {starter} asked at {time}.")
    )
    another = _text(whisper, "another")
    more = (_button(says("Start another"), another),) if another else ()
    return (Line(text, values), *((Row((*buttons, *more)),) if buttons or more else ()))


def other_thread(whisper: Whisper, says: Words) -> Parts:
    """`subject` runs in another thread, with `join_url` and so many `people`; `here` opens one for this thread."""
    subject, people = _text(whisper, "subject"), int(whisper.data.get("people", 0))
    buttons = join(subject, _text(whisper, "join_url"), says)
    text = says("**{subject}** is live in another thread.")
    if people:
        text = says("**{subject}** is live in another thread ({people}).")
    elif not buttons:
        text = says("**{subject}** is opening in another thread.")
    here = _button(says("Start one for this thread"), _text(whisper, "here"))
    return (Line(text, {"subject": subject, "people": attendance.people(people, says)}), Row((*buttons, here)))


def near_topic(whisper: Whisper, says: Words) -> Parts:
    """There is no `topic` yet, but `near` with `join_url` and so many `people`; `line` opens it all the same."""
    topic, near, people = _text(whisper, "topic"), _text(whisper, "near"), int(whisper.data.get("people", 0))
    buttons = join(near, _text(whisper, "join_url"), says)
    text = says("No {topic} yet, but **{near}** is open.")
    if people:
        text = says("No {topic} yet, but **{near}** is live with {people}.")
    elif not buttons:
        text = says("No {topic} yet, but **{near}** is opening.")
    title = titled(says("Open {topic}"), {"topic": topic}, says, SHORT)
    opens = Button(Act.PRESS, title, escape.clean(_text(whisper, "line"), LONGEST_LINE))
    values = {"topic": topic, "near": near, "people": attendance.people(people, says)}
    return (Line(text, values), Row((*buttons, opens)))


def topic_elsewhere(whisper: Whisper, says: Words) -> Parts:
    """`topic` is live in the chat `where`, or `opening` there: `bring` shows it here too, `apart` opens another."""
    values = {"topic": _text(whisper, "topic"), "where": _text(whisper, "where") or says("another chat of yours")}
    opening = whisper.data.get("opening", False)
    text = says("**{topic}** is opening in {where}.") if opening else says("**{topic}** is live in {where}.")
    bring = _button(says("Bring it here"), _text(whisper, "bring"))
    apart = _button(says("Open a separate one"), _text(whisper, "apart"))
    return (Line(text, values), Row((bring, apart)))


def not_brought(whisper: Whisper, says: Words) -> Parts:
    """`topic` could not be shown here; `line` opens another."""
    text = says("I couldn't bring {topic} here. It may be over, or I couldn't make sure that you are a member there.")
    apart = _press(says("Open a separate one"), _text(whisper, "line"))
    return (Line(text, {"topic": _text(whisper, "topic")}), apart)


def trying_now(whisper: Whisper, says: Words) -> Parts:
    """The next attempt for `subject` is under way."""
    return (
        Line(says("{subject}: trying again now. The post changes by itself."), {"subject": _text(whisper, "subject")}),
    )


def stopped(whisper: Whisper, says: Words) -> Parts:
    """The request for `subject` was stopped by whoever is told."""
    return (
        Line(says("{subject}: I stopped trying. Nothing opens by itself."), {"subject": _text(whisper, "subject")}),
    )


def no_request(_: Whisper, says: Words) -> Parts:
    """Nothing is waiting for Microsoft in this chat."""
    return (Line(says("No meeting is waiting to be opened here.")), _press(says("Meet now"), "meet now"))


def _sign_in(whisper: Whisper, content: Content) -> str:
    """Return the title of the button by which somebody signs in; "" where a whisper is not about that."""
    if whisper.name != "sign-in":
        return ""
    says = content.words
    return says("Sign in and open it") if _text(whisper, "subject") else says("Sign in")


def sign_in(whisper: Whisper, says: Words) -> Parts:
    """The person has to sign in, for `subject`, `minutes` long, or for later; `policy`: because no policy names them.

    `browser`: Teams could not do it by itself; `account`: it was tried with somebody else's account.
    """
    length = times.length(int(_text(whisper, "minutes") or 0), says.language)
    values = {"subject": _text(whisper, "subject"), "length": length}
    if _text(whisper, "account"):
        why = says("That was another account than the one you use here. Please sign in with yours.")
    elif _text(whisper, "policy"):
        why = hosting.not_allowed(whisper, says)
    elif values["subject"]:
        why = says("Please sign in once, so that I can open meetings in your name.")
    else:
        why = says("Sign in, and the meetings you ask for open in your name.")
    keep = (Line(says('I\'ll keep "{subject}, {length}" for 15 minutes.'), values),) if values["subject"] else ()
    return _with_reference(whisper, says, Line(why), *keep)


def signed_in(_: Whisper, says: Words) -> Parts:
    """Somebody has signed in."""
    return (Line(says("You're signed in: the meetings you ask for can open in your name.")),)


def signed_out(_: Whisper, says: Words) -> Parts:
    """Somebody's sign-in is forgotten."""
    return (Line(says("You're signed out: I can no longer open meetings by your permission.")),)


def not_signed_out(whisper: Whisper, says: Words) -> Parts:
    """Microsoft could not be reached to forget somebody's sign-in."""
    text = says("You're still signed in: Microsoft's sign-in service isn't answering. Try again in a few minutes.")
    return _with_reference(whisper, says, Line(text), _press(says("Sign out"), "sign out"))


def failed(whisper: Whisper, says: Words) -> Parts:
    """`subject` was not opened; `code` says why."""
    values = {"subject": _text(whisper, "subject"), "host": says("you"), "time": says("the deadline")}
    values["by"] = values["time"]
    return _with_reference(
        whisper,
        says,
        Line(says("{subject}: not opened"), values, Look.HEADING),
        Line(failures.reason(_text(whisper, "code"), says), values),
    )


def dial_in(whisper: Whisper, says: Words) -> Parts:
    """How to join `subject` by phone, also to send on and to read aloud."""
    numbers = DialIn(
        conference_id=_text(whisper, "conference_id"),
        toll_numbers=_texts(whisper, "toll_numbers"),
        toll_free_numbers=_texts(whisper, "toll_free_numbers"),
        url=_text(whisper, "url"),
    )
    lines = phone.aloud(_text(whisper, "subject"), numbers, says)
    return (*lines, *_calendar_file(whisper, says)) if lines else no_dial_in(whisper, says)


def _calendar_file(whisper: Whisper, says: Words) -> tuple[Row, ...]:
    url = _text(whisper, "calendar_file")
    button = open_button(says("Calendar file of {subject}"), _text(whisper, "subject"), url, says)
    return (Row((button,)),) if escape.https(url) else ()


def no_dial_in(whisper: Whisper, says: Words) -> Parts:
    """`subject` has no phone numbers."""
    values = {"subject": _text(whisper, "subject")}
    return (
        Line("{subject}", values, Look.HEADING),
        Line(says("No phone dial-in for this meeting. Link and meeting ID work as usual.")),
        *_calendar_file(whisper, says),
    )


def no_meeting(_: Whisper, says: Words) -> Parts:
    """Nothing is running in this chat."""
    return (Line(says("There's no meeting here right now.")), _press(says("Meet now"), "meet now"))


def help_(whisper: Whisper, says: Words) -> Parts:
    """What can be said: `commands` has a line and what it does each, `also` names; `bot` is the name to mention."""
    first = says("In a channel, start with {mention} and pick me from the list. In our own chat, just type.")
    commands = [
        Line("**{usage}** · {does}", {"usage": str(usage), "does": says(str(does))}, longest=LONGEST_LINE)
        for usage, does in whisper.data["commands"]
    ]
    names = {f"c{place}": name for place, name in enumerate(_texts(whisper, "also"))}
    also = says("Also: {commands}.").replace("{commands}", ", ".join(f"{{{name}}}" for name in names))
    every = says("**{line}** shows every option. Only you see this.")
    last = Line(f"{also} {every}" if names else every, {**names, "line": "help meet"}, longest=LONGEST_LINE)
    return (Line(first, {"mention": f"@{_text(whisper, 'bot')}"}), *commands, last)


def help_command(whisper: Whisper, says: Words) -> Parts:
    """One command: `usage`, `description`, `examples`."""
    examples = {f"e{place}": example for place, example in enumerate(_texts(whisper, "examples"))}
    shown = " · ".join(f"{{{name}}}" for name in examples)
    lines = (
        Line("{usage}", {"usage": _text(whisper, "usage")}, Look.HEADING),
        Line("{does}", {"does": says(_text(whisper, "description"))}, longest=LONGEST_LINE),
    )
    return (*lines, Line(says("For example: {examples}").replace("{examples}", shown), examples)) if shown else lines


def welcome(whisper: Whisper, says: Words) -> Parts:
    """Muster was added to `team`; its name is `bot`."""
    team = _text(whisper, "team")
    text = says(
        "Type {line} (pick {bot} from the list) and you get a meeting for this channel, "
        "with a link and phone numbers. I post once per meeting and keep that post true."
    )
    hello = says("Hello, {team}.") if team else says("Hello.")
    bot = _text(whisper, "bot")
    line = Line(f"{hello} {text}", {"team": team, "bot": bot, "line": f"@{bot} meet now"})
    return (line, _press(says("Show me what else"), "help"))


def problem(whisper: Whisper, says: Words) -> Parts:
    """Something of ours broke."""
    text = says("I couldn't do that: something went wrong on my side, and whoever runs me can look it up.")
    return _with_reference(whisper, says, Line(text))


def working(_: Whisper, says: Words) -> Parts:
    """A press was taken; what comes of it is shown in the chat."""
    return (Line(says("Working on it. The result appears here in a moment.")),)


def busy(whisper: Whisper, says: Words) -> Parts:
    """More was asked than can be done at once."""
    return _with_reference(whisper, says, Line(says("That's more than I can do at once. Try again in a minute.")))


def too_fast(whisper: Whisper, says: Words) -> Parts:
    """More meetings were opened than may be in a minute; `seconds` until another may be."""
    text = says.many(
        "That's many meetings in one minute. Try again in {seconds} second.",
        "That's many meetings in one minute. Try again in {seconds} seconds.",
        int(whisper.data["seconds"]),
    )
    return (Line(text, {"seconds": _text(whisper, "seconds")}),)


def late(whisper: Whisper, says: Words) -> Parts:
    """`typed` was asked, and nothing was done about it while it could still be meant (ENGINE R6)."""
    typed = _text(whisper, "typed")
    text = says('I couldn\'t get to "{typed}" in time, so I did nothing. Still needed?')
    button = (_press(says("Try again"), typed),) if typed else ()
    return _with_reference(whisper, says, Line(text, {"typed": typed}), *button)


def live_below(_: Whisper, says: Words) -> Parts:
    """What becomes of a second copy of a card that cannot be deleted."""
    return (Line(says("The live card is below.")),)


def stranger(_: Whisper, says: Words) -> Parts:
    """A button of a meeting that is over was pressed."""
    return (Line(says("This button belongs to a meeting that has ended.")), _press(says("Meet again"), "meet now"))


def elsewhere(whisper: Whisper, says: Words) -> Parts:
    """The neutral public line when `name` cannot be whispered to (EXPERIENCE 1.3)."""
    values = {"name": _text(whisper, "name"), "reference": whisper.reference}
    if not whisper.reference:
        return (Line(says("@{name}, I couldn't do that here."), values),)
    return (Line(says("@{name}, I couldn't do that here. Details: reference {reference}."), values),)


def notice(whisper: Whisper, _: Words) -> Parts:
    """A command's answer to everybody: `title` and `lines`."""
    lines = [Line("{line}", {"line": line}, longest=LONGEST_LINE) for line in _texts(whisper, "lines")]
    return (Line("{title}", {"title": _text(whisper, "title")}, Look.HEADING), *lines)


WHISPERS: Mapping[str, Callable[[Whisper, Words], Parts]] = {
    "typo": typo,
    "unknown": unknown,
    "running": running,
    "other-thread": other_thread,
    "near-topic": near_topic,
    "topic-elsewhere": topic_elsewhere,
    "not-brought": not_brought,
    "trying-now": trying_now,
    "stopped": stopped,
    "no-request": no_request,
    "policy": hosting.policy,
    "sign-in": sign_in,
    "sign-in-else": hosting.sign_in_else,
    "no-admin": hosting.no_admin,
    "admin-told": hosting.admin_told,
    "policy-advice": hosting.policy_advice,
    "signed-in": signed_in,
    "signed-out": signed_out,
    "not-signed-out": not_signed_out,
    "failed": failed,
    "dial-in": dial_in,
    "no-dial-in": no_dial_in,
    "not-found": lookups.not_found,
    "not-looked-up": lookups.not_looked_up,
    "no-numbers": hosting.no_numbers,
    "host-wanted": hosting.host_wanted,
    "host-asked": hosting.host_asked,
    "cannot-host": hosting.cannot_host,
    "no-calendar": hosting.no_calendar,
    "no-meeting": no_meeting,
    "help": help_,
    "help-command": help_command,
    "welcome": welcome,
    "problem": problem,
    "working": working,
    "busy": busy,
    "too-fast": too_fast,
    "late": late,
    "live-below": live_below,
    "stranger": stranger,
    "elsewhere": elsewhere,
    "notice": notice,
    **preferences.WHISPERS,
    **existing.WHISPERS,
    **ringing.WHISPERS,
    **stories.WHISPERS,
    **doctor.WHISPERS,
    "bare": planning.bare,
    "now-or-then": planning.now_or_then,
    "planned": planning.planned,
    "planned-already": planning.planned_already,
    "not-then": planning.not_then,
    "reminder": planning.reminder,
}
"""Every text by its name, which is `Whisper.name`."""
_TEXT_ONLY = frozenset({"elsewhere", "live-below", "sign-in"})
