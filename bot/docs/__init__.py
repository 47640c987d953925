"""What documents have from the code: what stands between `<!-- name -->` and `<!-- /name -->`, and pages as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot import commands, permissions
from bot.clouds import CLOUDS, Cloud
from bot.docs import doors, troubles
from bot.store.tables import TABLES
from bot.telemetry import catalogue
from cards import failures
from cards.words import words

Lines = Mapping[str, str]
"""The command lines of `python app.py` by what is typed, and what each does."""
Parts = Mapping[str, Mapping[str, str]]
"""The contents of each part, by the document's path and the part's name."""
WHOLE = ""
"""The name of a part that is the whole document."""


def parts(root: Path, lines: Lines) -> Parts:
    """Return everything that is made, for the checkout at `root`."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    return {
        "README.md": {"commands": commands.table(), "permissions": permissions.table()},
        "CONTRIBUTING.md": {"targets": targets(makefile)},
        "infra/ADMIN.md": {"lines": command_lines(lines)},
        "infra/EVENTS.md": {WHOLE: catalogue.page()},
        "infra/SECURITY.md": {"hosts": hosts(), "tables": kept()},
        "infra/TROUBLESHOOTING.md": {"failures": on_cards(), "whispers": whispered(), "doors": at_doors()},
    }


def renew(root: Path, made: Parts, *, check: bool = False) -> list[str]:
    """Write the parts into their documents unless `check`; return the documents that were out of date.

    Raises ValueError when a part has no place in its document.
    """
    stale = []
    for name, contents in made.items():
        document = root / name
        before = document.read_text(encoding="utf-8") if document.is_file() else ""
        after = contents[WHOLE] if WHOLE in contents else generated(before, contents, name)
        if after != before:
            stale.append(name)
            if not check:
                document.write_text(after, encoding="utf-8")
    return stale


def generated(text: str, contents: Mapping[str, str], document: str = "README.md") -> str:
    """Return the text with each named part replaced. Raises ValueError for a part without one place."""
    for name, content in contents.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if (places := len(place.findall(text))) != 1:
            much = "more than one" if places else "no"
            raise ValueError(f"{document} has {much} place for {name}: <!-- {name} --> … <!-- /{name} -->")
        text = place.sub(lambda found, content=content: found[1] + content + "\n" + found[2], text)  # type: ignore[misc]  # mypy sees one parameter more than re passes
    return text


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *rows))


def targets(makefile: str) -> str:
    """Return the Makefile's targets, each with what it says of itself."""
    found = re.findall(r"^([a-z-]+):.*?## (.+)$", makefile, re.MULTILINE)
    return table(("Target", "Does"), ((f"`make {name}`", does.replace("|", "\\|")) for name, does in found))


def command_lines(lines: Lines) -> str:
    """Return what `python app.py` can do."""
    return table(("Line", "Does"), ((f"`python app.py {line}`", does) for line, does in lines.items()))


def hosts() -> str:
    """Return whom Muster talks to, cloud by cloud, each host as it is set where nothing else is."""
    clouds: dict[Cloud, list[str]] = {}
    for name, cloud in CLOUDS.items():
        clouds.setdefault(cloud, []).append(f"`{name}`")
    purposes: dict[str, Callable[[Cloud], str]] = {
        "Graph": lambda cloud: _host(cloud.graph_url),
        "Entra: tokens, and the keys of Graph's notifications": lambda cloud: _host(cloud.login_url),
        "Bot Framework's keys": lambda cloud: _host(cloud.openid_metadata_url),
        "Keys of calls' callbacks": lambda cloud: _host(cloud.calls_openid_url),
        "Teams' connector": lambda cloud: "<br>".join(f"`{host}`" for host in cloud.connector_hosts),
        "Token Service, where people sign in": lambda cloud: _host(cloud.token_service_url),
    }
    rows = ((purpose, *(host(cloud) for cloud in clouds)) for purpose, host in purposes.items())
    return table(("What for", *(", ".join(names) for names in clouds.values())), rows)


def kept() -> str:
    """Return how long each table of the store keeps its rows."""
    return table(("Table", "Kept"), ((f"`{one.name}`", one.kept) for one in TABLES))


def on_cards() -> str:
    """Return why a card says *not opened*."""
    rows = (
        (_said(one.says or failures.reason(code, words("en"))), f"`{code}`", one.means, one.mend)
        for code, one in troubles.FAILURES.items()
    )
    return table(("On the card", "Code", "Means", "What to do"), rows)


def whispered() -> str:
    """Return what one person is told where something was not done."""
    rows = ((_said(one.says), f"`{code}`", one.means, one.mend) for code, one in troubles.WHISPERS.items())
    return table(("Only you see", "Code", "Means", "What to do"), rows)


def at_doors() -> str:
    """Return which requests are refused."""
    rows = (
        (", ".join(map(str, shut.statuses)), f"`{word}`", shut.means, shut.mend) for word, shut in doors.DOORS.items()
    )
    return table(("Status", "In the log", "Means", "What to do"), rows)


def _host(url: str) -> str:
    return f"`{urlsplit(url).hostname}`" if url else "none is documented"


def _said(text: str) -> str:
    """Return our words as they are read, with what is filled in slanted."""
    return re.sub(r"\{(\w+)\}", r"*\1*", text.replace("**", ""))
