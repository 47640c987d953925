"""Every gate of Muster, side by side: `python app.py test`.

With words for pytest (`-k meet`, `tests/journeys`) only those tests run, without the coverage threshold.
`bench`, `chaos`, `day` and their options run those folders of `tests` for minutes, `words` renews the catalogues of
other languages, `peers` and `browser` run theirs with what Microsoft publishes, `assurance` writes a reviewer's page.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.database import server

ROOT = Path(__file__).resolve().parent.parent
NETWORK = Path(__file__).resolve().parent / "network"
PYTHON = sys.executable
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
PROGRAMS = ("bench", "chaos", "day", "words")
"""What is no test of pytest's: some run for minutes."""
ROOM = 2 * 1024**3
"""Bytes that must be free in memory before temporary files go there."""
WORKERS = str(min(8, (os.cpu_count() or 2) + 3))  # some tests wait for a process or a pause
IN_PARALLEL = ("-p", "tests.processes.workers", "-n", WORKERS)


@dataclass(frozen=True)
class Gate:
    """One check: what to run (each step only when the one before passed) and what repairs it."""

    name: str
    steps: tuple[tuple[str, ...], ...]
    repair: str


@dataclass(frozen=True)
class Outcome:
    """How a gate ended. `seconds` is wall time, `output` what its steps printed."""

    gate: Gate
    passed: bool
    seconds: float
    output: str


STATIC = (
    Gate("format", ((PYTHON, "-m", "ruff", "format", "--check", "."),), "make format"),
    Gate("lint", ((PYTHON, "-m", "ruff", "check", "."),), "make format, and by hand what is left"),
    Gate(
        "imports",
        ((PYTHON, "-c", LINT_IMPORTS),),
        "move the import; pyproject.toml, [tool.importlinter], draws the house",
    ),
    Gate("types", ((PYTHON, "-m", "mypy"),), "mend what it names; again alone: make check"),
)

COMPLETE = Gate("words", ((PYTHON, "-m", "tests.words", "--complete"),), "make words, then translate what it lists")
"""What only a release needs: every text in every language."""


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; return 0 when everything passed, else 1 (2: cannot run)."""
    parser = argparse.ArgumentParser(prog="python app.py test", description=__doc__)
    parser.add_argument("--gates", action="store_true", help="the gates without the tests")
    parser.add_argument("--fix", action="store_true", help="let formatter and linter rewrite the code")
    parser.add_argument("--release", action="store_true", help="every gate, and every language complete")
    parser.add_argument("--python", metavar="3.N", action="append", default=[], help="the tests, on that Python")
    parser.add_argument("--every-python", action="store_true", help="the tests, on each Python found here")
    options, for_pytest = parser.parse_known_args(arguments)
    os.chdir(ROOT)
    if options.fix:
        return fix()
    if options.python or options.every_python:
        return other_pythons(options.python, for_pytest)
    if options.gates:
        return run_all(STATIC, {})
    if for_pytest:
        return some(for_pytest)
    os.environ |= in_memory()
    prefix, environ = offline()
    with tempfile.TemporaryDirectory() as folder, one_postgres() as named:
        environ |= {"COVERAGE_FILE": str(Path(folder) / "coverage"), **named}
        return run_all((tests(prefix), *STATIC, *([COMPLETE] if options.release else [])), environ)


@contextmanager
def one_postgres() -> Iterator[dict[str, str]]:
    """Run one PostgreSQL for all of pytest's workers, where there is one; yield how they are told its address."""
    if not server.available():
        yield {}
        return
    with server.running() as address:
        yield {"MUSTER_TEST_POSTGRES": address}


def some(words: list[str]) -> int:
    """Run what the words name: bench, chaos, day, peers, browser, assurance, or the tests that they tell pytest."""
    if words[0] == "browser":  # not offline: it fetches from npm what it draws with
        return subprocess.call([PYTHON, "-m", "tests.browser", *words[1:]], env=neutral())  # noqa: S603 - ours
    if words[0] == "peers":
        return in_a_folder_of_its_own(PYTHON, "peers", ".venv-peers", ["tests/peers", *words[1:]])
    if words[0] == "assurance":  # not offline: it asks whether a vulnerability is known; what it starts is offline
        return assured(words[1:])
    prefix, environ = offline()
    module, *rest = [f"tests.{words[0]}", *words[1:]] if words[0] in PROGRAMS else ["pytest", *words]
    return subprocess.call([*prefix, PYTHON, "-m", module, *rest], env=environ)  # noqa: S603 - ours, or pytest


def tests(prefix: tuple[str, ...]) -> Gate:
    """Return the gate of the tests: all of them, then their branch coverage, children included."""
    coverage = (PYTHON, "-m", "coverage")
    pytest = (*prefix, *coverage, "run", "-m", "pytest")
    return Gate(
        "tests",
        (
            (*pytest, *IN_PARALLEL, "--maxschedchunk", "2"),
            (*coverage, "combine", "-q"),
            (*coverage, "report"),
        ),
        "make test ARGS='-k NAME' runs one",
    )


def fix() -> int:
    """Let the linter mend what it can and the formatter write the rest."""
    subprocess.call([PYTHON, "-m", "ruff", "check", "--fix", "--quiet", "."])  # noqa: S603 - ruff
    return subprocess.call([PYTHON, "-m", "ruff", "format", "."])  # noqa: S603 - ruff


def offline() -> tuple[tuple[str, ...], dict[str, str]]:
    """Return a prefix for commands and an environment in which only loopback can be reached; say which way it is."""
    trusted = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")  # whom this machine trusts is its own affair
    environ = {name: value for name, value in neutral().items() if name not in trusted}
    if given := os.environ.get("MUSTER_TEST_POSTGRES"):  # in a namespace only one behind a socket's path is there
        environ["MUSTER_TEST_POSTGRES"] = given
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # some seventy processes would each compile everything anew
    environ |= in_memory()
    namespace = (PYTHON, str(NETWORK / "namespace.py"))
    probe = subprocess.run([*namespace, PYTHON, "-c", ""], capture_output=True, check=False)  # noqa: S603 - ourselves
    if probe.returncode == 0:
        print("network: a namespace without any route; only loopback is there", flush=True)
        return namespace, environ
    print("network: a socket guard; connections to any other address fail, in children too", flush=True)
    paths = [str(NETWORK / "guard"), *filter(None, [environ.get("PYTHONPATH")])]
    return (), {**environ, "PYTHONPATH": os.pathsep.join(paths)}


def neutral() -> dict[str, str]:
    """Return the environment without anybody's settings for a Muster."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MUSTER_", "MicrosoftApp"))}
    environ["MUSTER_SETUP"] = "off"  # this interpreter is the one to test, in children too
    return environ


def in_memory() -> dict[str, str]:
    """Return where temporary files go: into memory where there is room, for the stores of the tests wait for disks."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder is Linux's own; what is made in it has unguessable names
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < ROOM:
        return {}
    return {"TMPDIR": str(memory)}


def run_all(gates: tuple[Gate, ...], environ: dict[str, str]) -> int:
    """Run the gates two at a time, the first one longest; print a line for each as it ends."""
    began = time.monotonic()
    failed = False
    closing = ""
    with ThreadPoolExecutor(2) as lanes:
        waiting = {
            lanes.submit(run, gate, {**os.environ, **environ} if gate in STATIC else environ): gate.name
            for gate in gates
        }
        for outcome in as_they_end(waiting, began):
            verdict = "ok  " if outcome.passed else "FAIL"
            closing = pytest_line(outcome.output) or closing
            print(f"  {verdict}  {outcome.gate.name:<9} {outcome.seconds:5.1f} s  {summary(outcome)}", flush=True)
            if not outcome.passed:
                failed = True
                print(f"{outcome.output.rstrip()}\n  repair {outcome.gate.name}: {outcome.gate.repair}", flush=True)
    if closing:
        print("left out: the long ones, make crash, make chaos and make day")
    print(f"{'FAILED' if failed else 'all gates passed'} in {time.monotonic() - began:.0f} s")
    if closing:
        print(closing)
    return int(failed)


def as_they_end(waiting: dict[Future[Outcome], str], began: float) -> Iterator[Outcome]:
    """Yield outcomes as gates end; on a terminal a line meanwhile says what is still running."""
    terminal = sys.stdout.isatty()
    left = set(waiting)
    while left:
        ended, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        if terminal:
            names = ", ".join(sorted(waiting[future] for future in left))
            print(
                f"\r\x1b[K  ..  {time.monotonic() - began:.0f} s: {names}" if left and not ended else "\r\x1b[K",
                end="",
                flush=True,
            )
        for future in ended:
            yield future.result()


def run(gate: Gate, environ: dict[str, str]) -> Outcome:
    """Run a gate's steps until one fails."""
    began = time.monotonic()
    output = ""
    code = 0
    modest = ("nice",) if gate in STATIC and shutil.which("nice") else ()  # it works while the tests wait
    for step in gate.steps:
        command = (*modest, *step)
        done = subprocess.run(  # noqa: S603 - the gates above
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output += done.stdout.decode("utf-8", "replace")
        code = done.returncode
        if code:
            break
    return Outcome(gate, code == 0, time.monotonic() - began, output)


def pytest_line(output: str) -> str:
    """Return pytest's own closing line, such as "= 412 passed in 21.3s =", or nothing."""
    closing = [line for line in output.splitlines() if line.startswith("=") and " in " in line and line.endswith("=")]
    return closing[-1] if closing else ""


def summary(outcome: Outcome) -> str:
    """Return a few words about a gate: for the tests how many passed and the coverage."""
    total = [line.split()[-1] for line in outcome.output.splitlines() if line.startswith("TOTAL")]
    words = [pytest_line(outcome.output).strip("= "), *(f"branches covered {share}" for share in total)]
    return ", ".join(word for word in words if word)


def other_pythons(wanted: list[str], for_pytest: list[str]) -> int:
    """Run the tests on other interpreters, each in a `.venv-3.N` of its own; return 0 when all passed."""
    found = subprocess.run(["sh", "infra/preflight.sh", "--all"], capture_output=True, text=True, check=True).stdout  # noqa: S607 - the shell that make uses
    pythons = dict(line.split(" ", 1) for line in found.splitlines())
    for version in wanted:
        if version not in pythons:
            print(f"Python {version} is not here; found {', '.join(pythons) or 'none'}.", file=sys.stderr)
            return 2
    return max([on_python(version, pythons[version], for_pytest) for version in wanted or pythons], default=2)


def on_python(version: str, python: str, for_pytest: list[str]) -> int:
    """Set up `.venv-VERSION` with the test set and run pytest there."""
    print(f"Python {version}", flush=True)
    return in_a_folder_of_its_own(python, "test", f".venv-{version}", [*IN_PARALLEL, *for_pytest])


def assured(words: list[str]) -> int:
    """Write the page of `tests.assurance`: here where its packages are, else in a folder of its own."""
    here = importlib.util.find_spec("pip_audit") is not None
    code = 0 if here else subprocess.call([PYTHON, "-m", "bot.install", "assurance", ".venv-assurance"])  # noqa: S603 - ours
    python = PYTHON if here else inside(".venv-assurance")
    return code or subprocess.call([python, "-m", "tests.assurance", *words], env=neutral() | in_memory())  # noqa: S603 - ours


def inside(folder: str) -> str:
    """Return the path of the Python of a folder that was set up."""
    return str(ROOT / folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def in_a_folder_of_its_own(python: str, extra: str, folder: str, for_pytest: list[str]) -> int:
    """Set up a folder with a set of packages and run pytest there."""
    code = subprocess.call([python, "-m", "bot.install", extra, folder])  # noqa: S603 - an interpreter found here
    if code:
        return code
    prefix, environ = offline()
    return subprocess.call([*prefix, inside(folder), "-m", "pytest", "-q", *for_pytest], env=environ)  # noqa: S603 - pytest


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
