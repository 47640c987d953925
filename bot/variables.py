"""Values out of a mapping of variables, each read with its rule; every problem is collected, with its fix."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_URL = re.compile(
    r"https://[a-z0-9][a-z0-9_.-]*(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>/[a-z0-9_.~/-]*)?", re.IGNORECASE
)
LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Variables:
    """Collects every problem instead of stopping at the first; what has one is read as its default.

    `known` are the names that were asked for.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take the variables by name."""
        self._environ = environ
        self.problems: list[str] = []
        self.known: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """Return a value without blanks around it."""
        self.known.add(name)
        return self._environ.get(name, "").strip() or default

    def needed(self, name: str, fix: str) -> str:
        """Return a value that there has to be."""
        value = self.text(name)
        if not value:
            self.problems.append(f"{name} is not set. {fix}")
        return value

    def guid(self, name: str, fix: str) -> str:
        """Return an id that there has to be, in small letters."""
        value = self.needed(name, fix)
        return self.id_of(name) if value else ""

    def id_of(self, name: str) -> str:
        """Return an id in small letters."""
        value = self.text(name)
        if not GUID.fullmatch(value):
            # Never the value: whoever copied the secret into this one has it in the log.
            self.problems.append(f"{name} is not an id such as 00000000-0000-0000-0000-000000000000.")
        return value.lower()

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of these, as it is written here."""
        value = self.text(name, default)
        by_name = {choice.casefold(): choice for choice in choices}
        if value.casefold() not in by_name:
            self.problems.append(f"{name} is {value!r}; it may be {', '.join(choices)}.")
            return default
        return by_name[value.casefold()]

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """Return a whole number within bounds."""
        value = self.text(name, str(default))
        if not value.isdecimal() or not lowest <= int(value) <= highest:
            self.problems.append(f"{name} is {value!r}; it may be a whole number from {lowest} to {highest}.")
            return default
        return int(value)

    def listener(self, name: str) -> tuple[str, int]:
        """Return the host and port to listen on, given as PORT (on loopback) or HOST:PORT; port 0 where none is."""
        host, _, port = self.text(name, "0").rpartition(":")
        if not port.isdecimal() or int(port) > HIGHEST_PORT:
            self.problems.append(f"{name} may be a port such as 9464, or a host and a port such as 0.0.0.0:9464.")
            return LOOPBACK, 0
        return host.strip("[]") or LOOPBACK, int(port)

    def url(self, name: str, default: str, *, path: bool = True) -> str:
        """Return an address that secrets are sent to: a plain one, which no two readers understand differently."""
        value = self.text(name, default).rstrip("/")
        found = _URL.fullmatch(value)
        if not found or int(found["port"] or 0) > HIGHEST_PORT or (found["path"] and not path):
            # Never the value: it may hold a password.
            end = "its path" if path else "no more"
            self.problems.append(f"{name} must be https://, a host and {end}, such as {default}.")
            return default
        return value

    def collector(self, name: str) -> str:
        """Return where OpenTelemetry is pushed to, "" for nowhere: plain HTTP will do, it is often on this machine."""
        value = self.text(name).rstrip("/")
        if value and not _URL.fullmatch(re.sub("^http:", "https:", value)):
            # Never the value: it may hold a password.
            self.problems.append(f"{name} must be http:// or https:// and a host, such as http://localhost:4318.")
            return ""
        return value

    def optional_url(self, name: str, example: str) -> str:
        """Return an address, "" where none is given."""
        return self.url(name, example) if self.text(name) else ""

    def words(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return what is separated by commas or blanks, in small letters."""
        value = self.text(name)
        return tuple(word.lower() for word in re.split(r"[,;\s]+", value) if word) if value else default

    def line(self, name: str, longest: int) -> str:
        """Return one line of at most so many characters."""
        value = " ".join(self.text(name).split())
        if len(value) > longest:
            self.problems.append(f"{name} has {len(value)} characters; it may have {longest}.")
            return ""
        return value

    def files(self, *names: str) -> tuple[str, ...]:
        """Return the paths of files that are there."""
        found = []
        for name in names:
            path = self.text(name)
            if not path:
                continue
            if not os.path.isfile(path):  # noqa: PTH113 - a path as given, for the message
                self.problems.append(f"{name} is {path!r}, and there is no such file.")
                continue
            found.append(path)
        return tuple(dict.fromkeys(found))

    def file(self, name: str) -> str:
        """Return the path of a file that is there, "" where none is given."""
        return "".join(self.files(name))
