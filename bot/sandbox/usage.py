"""What can be typed in the terminal besides what is said to the bot."""

from __future__ import annotations

import difflib

from bot.sandbox import phones, windows

TRY = """Try:  meet #INC-42 DB down     dial-in     end     help     card     quit
      /join ben     /leave all     /as ben meet now     /in group     /fault outage
      /lang ar     /explain
      Add a command:  python app.py new-command coffee   (reloads by itself)"""

USAGE = {
    "/as": "/as NAME [TEXT]      be somebody else, for one line or from now on",
    "/in": "/in WHERE            talk in channel, group, personal, or a channel such as #incidents",
    "/thread": "/thread TEXT         answer in the thread of the last message",
    "/edit": "/edit TEXT           change your last message",
    "/delete": "/delete              delete your last message",
    "/redeliver": "/redeliver           let Teams deliver your last message a second time",
    "/lang": "/lang TAG            let Teams and Muster speak another language, such as ar",
    "/join": "/join [NAMES]        come into the meeting, or let others come; phone is a caller",
    "/leave": "/leave [NAMES|all]   leave it again",
    "/fault": "/fault [NAME] [off]  break something, or list what can be broken",
    **windows.USAGE,
    **phones.USAGE,
    "/explain": "/explain             show the calls since your last message",
    "card": "card                 draw the last card again",
    "help": "help                 Muster's help, and this list",
    "quit": "quit                 stop; nothing is kept",
}
WORDS = ("meet now", "dial-in", *USAGE)


def unknown(word: str) -> str:
    """Return what is said of a word with a slash that there is not: the nearest one that there is."""
    near = difflib.get_close_matches(word, [verb for verb in USAGE if verb.startswith("/")], 1, 0.5)
    return f"  I don't know {word}. " + (f"Did you mean {near[0]}?" if near else "/help lists them.")
