"""What administrators do at a command line: `python app.py NAME`, each line a module here, loaded when it is called.

A module has `add_arguments(parser)`, which describes its options, and `run(options)`, which does it and returns the
exit status: 0 done, 1 failed, 2 not understood. It may raise SettingsError and StoreError: the command line tells them.
"""

from __future__ import annotations

from collections.abc import Mapping

LINES: Mapping[str, str] = {
    "doctor": "what is missing, and the one next step",
    "register": "register Muster in Entra and Azure: shows each command, asks, runs it",
    "manifest": "make the Teams app package, and check one",
    "turns": "what was set aside after five failures: list, replay or drop it",
}
"""Help for each line, by name, in the order of the help page."""
