"""What people see: the public card of a room and the whispers, rendered from what is true when they are sent."""

from __future__ import annotations

from cards.dialogs import (
    dialog_title,
    install_card,
    meet_dialog,
    ring_dialog,
    room_dialog,
    room_insert,
    sentence_dialog,
    settings_dialog,
    whisper_dialog,
)
from cards.rooms import render_room
from cards.warming import warm
from cards.whispers import WHISPERS, answer_text, render_whisper

__all__ = [
    "WHISPERS",
    "answer_text",
    "dialog_title",
    "install_card",
    "meet_dialog",
    "render_room",
    "render_whisper",
    "ring_dialog",
    "room_dialog",
    "room_insert",
    "sentence_dialog",
    "settings_dialog",
    "warm",
    "whisper_dialog",
]
