"""What people see: the public card of a room and the whispers, rendered from what is true when they are sent."""

from __future__ import annotations

from cards.rooms import render_room
from cards.warming import warm
from cards.whispers import WHISPERS, answer_text, render_whisper

__all__ = ["WHISPERS", "answer_text", "render_room", "render_whisper", "warm"]
