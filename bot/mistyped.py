"""Variables that look like Muster's and are none: named with the one that was probably meant. Pure.

A typing mistake in a setting's name would otherwise be its default, without a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

OURS = "MUSTER_"
BESIDES = frozenset({"MUSTER_SETUP", "MUSTER_SETUP_REPORT"})
"""What `bot.install` reads before there are settings."""
_SERVICE = re.compile(r"\w+_SERVICE_(HOST|PORT(_\w+)?)|\w+_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
"""What Kubernetes puts into every pod for a Service that somebody called `muster`, or `muster-database`.

https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
"""
_LINK = re.compile(r"(tcp|udp|sctp)://")
_ALIKE = 0.6


def unknown(environ: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Return each variable that is called as Muster's are and that none of them is, with the likeliest name or ''.

    Values are looked at only to know Kubernetes' own from a mistake, and never part of the answer.
    """
    ours = {name.removeprefix(OURS): name for name in known if name.startswith(OURS)}
    return {
        name: _nearest(name.upper().removeprefix(OURS), ours)
        for name in sorted(environ)
        if name.upper().startswith(OURS) and name not in {*known, *BESIDES} and not _of_kubernetes(name, environ[name])
    }


def _nearest(word: str, ours: Mapping[str, str]) -> str:
    return next((ours[near] for near in get_close_matches(word, ours, 1, _ALIKE)), "")


def _of_kubernetes(name: str, value: str) -> bool:
    return bool(_SERVICE.fullmatch(name) or (name.endswith("_PORT") and _LINK.match(value)))


def told(unknown_names: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line for each."""
    return tuple(
        f"{name} is no setting of Muster's and changes nothing." + (f" Did you mean {near}?" if near else "")
        for name, near in unknown_names.items()
    )
