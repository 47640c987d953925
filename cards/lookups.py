"""What somebody reads who asked for the numbers of a meeting by its id or its link, and gets none."""

from __future__ import annotations

from bot.messages import Whisper
from cards.parts import Line
from cards.saying import Parts, text
from cards.words import Words


def not_found(whisper: Whisper, says: Words) -> Parts:
    """Graph shows no meeting of the asking person's behind `typed`."""
    said = says('Microsoft shows me no meeting of yours behind "{typed}".')
    who = says("I can look up the meetings that you organize.")
    return (Line(said, {"typed": text(whisper, "typed")}), Line(who))


def not_looked_up(whisper: Whisper, says: Words) -> Parts:
    """Graph did not answer what is behind `typed`."""
    said = says("Microsoft isn't answering, so I couldn't look up \"{typed}\". Try again in a few minutes.")
    return (Line(said, {"typed": text(whisper, "typed")}),)
