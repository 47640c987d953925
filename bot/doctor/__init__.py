"""Doctor: what has to be right before a meeting can open, looked at in Microsoft's own answers (EXPERIENCE 1.20).

`asking` asks and keeps what was answered in a `case.Case`, `looks` reads one thing in it, `judging` says what follows
from what; those two are pure. `report` writes it for a terminal. A fault is named once: what cannot be seen because
of it is "not known until" that is right.
"""
