"""What stops a set-up and what to do about it, in sentences (EXPERIENCE 1.22). Loads on Python 3.6."""

import re
import sys

OLDEST = (3, 11)
TOO_OLD = (
    "Muster needs Python 3.11 or newer; this is {version} ({path}). macOS: brew install python \xb7 "
    "Debian: sudo apt install python3-venv make \xb7 Windows: winget install Python.Python.3.13, then  py app.py demo"
)
NO_VENV = (
    "Muster puts its packages into .venv, and {path} cannot make one: its module {module} is missing. "
    "Debian: sudo apt install python3-venv \xb7 elsewhere: install Python from python.org. "
    "Then run the same command again."
)
MIXED_UP = (
    "A downloaded package differs from the one infra/locks names, so nothing was installed. "
    "Ask whoever runs the package mirror, then run the same command again."
)
UNTRUSTED = (
    "The packages could not be downloaded: this computer does not trust the package index's certificate. "
    "Set PIP_CERT (for uv: SSL_CERT_FILE) to your network's CA file, then run the same command again."
)
FULL = "The disk is full: Muster needs about 250 MB for its packages. Free some, then run the same command again."
NOT_OURS = "This folder cannot be written to. Copy Muster to a folder of your own, then run the same command there."
NO_NETWORK = (
    "The packages could not be downloaded: no answer from the package index. Check the network, or set HTTPS_PROXY "
    "or PIP_INDEX_URL as your network needs, then run the same command again."
)
NO_ANSWER = (
    r"NewConnectionError|ConnectionError|NameResolutionError|Temporary failure|Failed to fetch|dns error|ProxyError"
    r"|[Cc]onnection refused|[Nn]etwork is unreachable|[Tt]imed out|No matching distribution"
)
SIGNS = (
    (r"DO NOT MATCH THE HASHES|[Hh]ash mismatch", MIXED_UP),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError|UnknownIssuer|invalid peer certificate", UNTRUSTED),
    (r"No space left on device|not enough space", FULL),
    (r"Permission denied|PermissionError|Read-only file system", NOT_OURS),
    (NO_ANSWER, NO_NETWORK),
)


class SetupError(Exception):
    """Set-up cannot go on; the text says what to do."""


def check_python(version: "tuple[int, ...]", path: str) -> None:
    """Raise SetupError when this version (major, minor) is too old, with the fix per system."""
    if version < OLDEST:
        raise SetupError(TOO_OLD.format(version=".".join(map(str, version)), path=path))


def on(output: str, what: str) -> str:
    """Return the sentence for an installer's output: the fix when its signs are known, else its last lines."""
    for signs, sentence in SIGNS:
        if re.search(signs, output):
            return sentence
    last = "\n".join(output.splitlines()[-8:])
    return f"{what}. Delete the folder .venv and run the same command again. The last it said:\n{last}"


def say(line: str) -> None:
    """Print a line on standard error at once, also on consoles that know no middle dot."""
    encoding = sys.stderr.encoding or "ascii"
    shown = line.encode(encoding, "ignore").decode(encoding)
    sys.stderr.write(shown + "\n")
    sys.stderr.flush()
