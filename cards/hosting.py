"""What one person is told about hosting: who may not, who else could, and what it lacks (EXPERIENCE 1.6, 1.7)."""

from __future__ import annotations

from bot.messages import Whisper
from cards import times
from cards.parts import Button, Line, Row
from cards.saying import LONGEST_LINE, Parts, button, press, text, texts, with_reference
from cards.words import Words


def policy(whisper: Whisper, says: Words) -> Parts:
    """No access policy names the person who asked for `subject`, `minutes` long; `service`: the account that hosts."""
    length = times.length(int(whisper.data["minutes"]), says.language)
    values = {"subject": text(whisper, "subject"), "length": length}
    again = says('As soon as it is made, "{subject}, {length}" can be tried again.')
    asks = () if whisper.data.get("service") else (_asks_for_a_host(values["subject"], says),)
    return with_reference(
        whisper,
        says,
        Line(not_allowed(whisper, says)),
        Line(again, values),
        Row((button(says("Try again"), f"meet now {values['subject']}"), *asks, _tells_the_admin(says))),
    )


def not_allowed(whisper: Whisper, says: Words) -> str:
    """Return why meetings cannot be opened while no access policy names their host."""
    if whisper.data.get("service"):
        return says("I may not open meetings for the account that hosts here yet. It's a setting your admin makes.")
    return says("I may not open meetings in your name yet. It's a setting your admin makes; you did nothing wrong.")


def _asks_for_a_host(subject: str, says: Words) -> Button:
    return button(says("Ask someone here to host"), f"ask someone to host {subject}")


def _tells_the_admin(says: Words) -> Button:
    return button(says("Tell the admin"), "tell the admin")


def sign_in_else(whisper: Whisper, says: Words) -> Parts:
    """What somebody can do for `subject` who does not want to sign in: a sign-in card has no other buttons."""
    subject = text(whisper, "subject")
    line = Line(says("{subject} without signing in:"), {"subject": subject})
    return (line, Row((_asks_for_a_host(subject, says), _tells_the_admin(says))))


def no_admin(whisper: Whisper, says: Words) -> Parts:
    """Nobody said who administers; `ref` is what to give them."""
    said = says("I don't know who your administrator is. Please give them the reference {reference}.")
    return (Line(said, {"reference": text(whisper, "ref")}),)


def admin_told(whisper: Whisper, says: Words) -> Parts:
    """The administrators are written to; `ref` is what to give them if they hear nothing."""
    said = says("I'm writing to your administrator, who hears of it once a day. The reference is {reference}.")
    return (Line(said, {"reference": text(whisper, "ref")}),)


def policy_advice(whisper: Whisper, says: Words) -> Parts:
    """For an administrator: `people` cannot open meetings; `lines` mend it, typed at `url`; `ref` is one case."""
    count = int(whisper.data["people"])
    met = says.many(
        "I may not open meetings for people here: no application access policy names them. "
        "{count} person asked within a day.",
        "I may not open meetings for people here: no application access policy names them. "
        "{count} people asked within a day.",
        count,
    )
    lines = tuple(Line("{line}", {"line": line}, longest=LONGEST_LINE) for line in texts(whisper, "lines"))
    reference, more = {"reference": text(whisper, "ref")}, {"group": "-Group", "everybody": "-Global"}
    return (
        Line(met, {"count": str(count)}),
        Line(says("A Teams administrator can allow it at {url} (PowerShell):"), {"url": text(whisper, "url")}),
        *lines,
        Line(says("Instead of one person it may name a group ({group}) or everybody ({everybody})."), more),
        Line(says("It works within 30 minutes, sometimes longer. The reference is {reference}."), reference),
    )


def no_numbers(_: Whisper, says: Words) -> Parts:
    """Why a host's meetings have no phone numbers."""
    why = says(
        "Your meetings have no phone numbers, because your account has no Audio Conferencing licence "
        "(or no number yet). Link and meeting ID work as usual. Your admin can add it; new meetings then have numbers."
    )
    return (Line(why),)


def host_wanted(whisper: Whisper, says: Words) -> Parts:
    """`who` cannot host themselves; `line` starts the meeting for whoever presses."""
    said = says("{name} would like to meet here.")
    return (Line(said, {"name": text(whisper, "who")}), press(says("Start it as host"), text(whisper, "line")))


def host_asked(whisper: Whisper, says: Words) -> Parts:
    """The chat was told that `subject` needs a host."""
    said = says("{subject}: I asked here. Whoever presses the button hosts.")
    return (Line(said, {"subject": text(whisper, "subject")}),)


def cannot_host(whisper: Whisper, says: Words) -> Parts:
    """Who asked for `subject` cannot host, by the `code` of `bot.rooms`; somebody else in the chat can.

    Where a `service` account hosts, nobody in the chat can do anything about it.
    """
    values = {"subject": text(whisper, "subject")}
    quota = text(whisper, "code") == "quota"
    if whisper.data.get("service"):
        said = (
            says("The account that hosts here has used up Microsoft's meetings of this month: {subject} is not open.")
            if quota
            else says("Microsoft does not let the account that hosts here host meetings: {subject} is not open.")
        )
        return with_reference(whisper, says, Line(said, values), Line(says("Your administrator can change that.")))
    said = (
        says("You have used up Microsoft's meetings of this month: {subject} is not open. Somebody else here can host.")
        if quota
        else says(
            "Microsoft does not let your account host meetings, so {subject} is not open. Somebody else here can."
        )
    )
    return with_reference(whisper, says, Line(said, values), Row((_asks_for_a_host(values["subject"], says),)))


def no_calendar(whisper: Whisper, says: Words) -> Parts:
    """The calendar of who asked for `subject` has no Teams meetings; `line` asks for an ordinary one."""
    said = says("Your calendar does not allow Teams meetings: {subject} is not open. An ordinary meeting is possible.")
    line = press(says("Meet now"), text(whisper, "line"))
    return with_reference(whisper, says, Line(said, {"subject": text(whisper, "subject")}), line)
