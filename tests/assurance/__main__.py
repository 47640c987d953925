"""What a security reviewer asks for, in one page: `make assurance`.

Hundred thousand mutated requests to all doors, on both stores; known vulnerabilities and licences of everything that
is locked; the bill of materials; that nothing anybody said is in a log. All of it is written to build/assurance too.
The network is asked for one thing: whether a vulnerability is known (or --advisories names a file of OSV's).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from tests.__main__ import offline
from tests.assurance import audit, licences, locks

OUT = Path("build/assurance")
ROUND = 12_500
"""Requests to one bot process; the next round has a new one, and the other store."""
SIDE_BY_SIDE = 2
COULD_NOT = 3


class Verdict(StrEnum):
    """How a part ended; the last means that nothing is known, which is no success."""

    OK = "ok"
    RED = "RED"
    COULD_NOT = "could not"


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the page, what stands below it, and what repairs it."""

    name: str
    verdict: Verdict
    said: str
    details: tuple[str, ...] = ()
    repair: str = ""


def main(arguments: list[str]) -> int:
    """Run every part; return 0 when all are well, 1 when one is red, 3 when one could not find out."""
    parser = argparse.ArgumentParser(prog="python app.py test assurance", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="requests to the doors (default: 100,000)")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6, help="of the first round")
    parser.add_argument("--advisories", type=Path, metavar="FILE", help="OSV's all.zip for PyPI, or a list of records")
    parser.add_argument("--only", choices=tuple(PARTS), action="append", help="leave the other parts out")
    options = parser.parse_args(arguments)
    OUT.mkdir(parents=True, exist_ok=True)
    page: list[str] = []
    parts = [told(PARTS[name](options), page) for name in options.only or PARTS]
    (OUT / "report.txt").write_text("\n".join(page) + "\n", encoding="utf-8")
    print(f"written to {OUT}/")
    return status(part.verdict for part in parts)


def status(verdicts: Any) -> int:  # noqa: ANN401 - any iterable of verdicts
    """Return the exit status of these verdicts together."""
    said = set(verdicts)
    return 1 if Verdict.RED in said else COULD_NOT if Verdict.COULD_NOT in said else 0


def told(part: Part, page: list[str]) -> Part:
    """Print a part, and keep what was printed."""
    lines = [f"{part.verdict:<9}  {part.name:<10} {part.said}", *(f"           {line}" for line in part.details)]
    if part.verdict is not Verdict.OK and part.repair:
        lines.append(f"           repair: {part.repair}")
    print("\n".join(lines), flush=True)
    page += lines
    return part


def fuzz(options: argparse.Namespace) -> Part:
    """Put the requests to bots on both stores, two bots at a time."""
    sizes = [min(ROUND, options.inputs - done) for done in range(0, options.inputs, ROUND)]
    began = time.monotonic()
    loopback()  # once, and not in each lane
    with ThreadPoolExecutor(SIDE_BY_SIDE) as lanes:
        rounds = list(lanes.map(lambda at: one_round(options.seed, *at), enumerate(sizes)))
    (OUT / "fuzz.json").write_text(json.dumps(rounds, indent=1), encoding="utf-8")
    found = [f"{one.get('store')}: {line}" for one in rounds for line in one["found"]]
    total = sum(sum(one["sent"].values()) for one in rounds)
    said = f"{total:,} requests, {len(found)} found, seed {options.seed}, {time.monotonic() - began:.0f} s"
    verdict = Verdict.RED if found else Verdict.OK
    repair = (
        "again alone: python -m tests.assurance.fuzz --store STORE --inputs 2500 --seed SEED (as it is named above)"
    )
    return Part("fuzz", verdict, said, (*table(rounds), *found), repair)


@cache
def loopback() -> tuple[tuple[str, ...], dict[str, str]]:
    """Return how a command is started that can reach nothing but this computer."""
    return offline()


def one_round(seed: int, number: int, inputs: int) -> dict[str, Any]:
    """Run one bot and return its tally."""
    prefix, environ = loopback()
    store = ("sqlite", "postgres")[number % 2]
    environ = {**environ, "PYTEST_XDIST_WORKER": f"gw{number}"}  # bots side by side take ports of their own by it
    words = ("--store", store, "--inputs", str(inputs), "--seed", str(seed + 1_000 * number))
    command = [*prefix, sys.executable, "-m", "tests.assurance.fuzz", *words]
    began = time.monotonic()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    print(f"  ..  fuzz, round {number + 1}: {inputs:,} on {store}, {time.monotonic() - began:.0f} s", flush=True)
    try:
        tally: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {
            "store": store,
            "sent": {},
            "statuses": {},
            "slowest": {},
            "found": [done.stderr[-2_000:] or "it said nothing"],
        }
    return tally


def table(rounds: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each door: how many, which statuses came back, the most CPU that one request took."""
    lines = []
    for door in sorted({door for one in rounds for door in one["sent"]}):
        statuses: Counter[str] = Counter()
        for one in rounds:
            statuses.update(one["statuses"].get(door, {}))
        slowest = max(one["slowest"].get(door, 0.0) for one in rounds)
        back = ", ".join(f"{status} {number:,}" for status, number in sorted(statuses.items()) if status != "0")
        left = f", broken off {statuses['0']:,}" if "0" in statuses else ""
        lines.append(f"{door:<14} {statuses.total():>7,}  at most {slowest:.0f} ms  {back}{left}")
    grown = [one["grown"] / 2**20 for one in rounds if one.get("grown") is not None]
    return [*lines, f"memory grew by at most {max(grown):.1f} MiB in the second half of a round"] if grown else lines


def vulnerabilities(options: argparse.Namespace) -> Part:
    """Ask what is known of everything that is locked."""
    pins = locks.locked(*SETS)
    try:
        found = audit.audit(pins, options.advisories)
    except (OSError, ValueError) as error:
        found = audit.Audited(known=False, why=f"{audit.UNREACHED}: {error}")
    (OUT / "audit.json").write_text(
        json.dumps({"known": found.known, "said": found.why, "vulnerable": found.vulnerable})
    )
    verdict = Verdict.RED if found.vulnerable else Verdict.OK if found.known else Verdict.COULD_NOT
    repair = (
        "make lock UPGRADE=--upgrade"
        if found.vulnerable
        else "let it reach PyPI or OSV, or fetch OSV's all.zip for PyPI: --advisories FILE"
    )
    return Part("advisories", verdict, found.why, found.vulnerable, repair)


def permitted(_: argparse.Namespace) -> Part:
    """Judge the licences of everything that is locked."""
    judged = licences.judge(locks.locked(*SETS), locks.locked("serve"))
    (OUT / "licences.json").write_text(
        json.dumps({f"{one.name} {one.version}": one.licence for one in judged}, indent=1)
    )
    wrong = tuple(f"{one.name} {one.version}: {one.problem}" for one in judged if one.problem)
    most = ", ".join(f"{name} {number}" for name, number in Counter(one.licence for one in judged).most_common(5))
    said = f"{len(judged)} packages: {most}, ..."
    return Part(
        "licences",
        Verdict.RED if wrong else Verdict.OK,
        said,
        wrong,
        "tests/assurance/licences.py says what is accepted and why",
    )


def bill(_: argparse.Namespace) -> Part:
    """Write the bill of materials of what is served."""
    served = locks.locked("serve")
    said = {one.name: one.licence for one in licences.judge(served, served)}
    version = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    from tests.assurance import sbom  # noqa: PLC0415 - only `make assurance` brings its library

    try:
        text = sbom.written(served, said, version)
    except ValueError as error:
        return Part("sbom", Verdict.RED, str(error), repair="tests/assurance/sbom.py writes it")
    (OUT / "sbom.cdx.json").write_text(text, encoding="utf-8")
    hashes = sum(len(pin.hashes) for pin in served)
    return Part(
        "sbom",
        Verdict.OK,
        f"{len(served)} packages of the bot, {hashes:,} hashes, valid CycloneDX 1.6: {OUT}/sbom.cdx.json",
    )


def redaction(_: argparse.Namespace) -> Part:
    """Run the tests beside this file: that nothing private is in a log, and this command's own."""
    prefix, environ = loopback()
    proof = Path("tests/assurance/test_redaction.py")
    command = [*prefix, sys.executable, "-m", "pytest", "-q", "-m", "long or not long", "tests/assurance"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - pytest
    (OUT / "redaction.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    last = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
    if done.returncode:
        return Part(
            "redaction", Verdict.RED, last, tuple(done.stdout.splitlines()[-30:]), "make test ARGS=tests/assurance"
        )
    if not proof.is_file():
        return Part("redaction", Verdict.COULD_NOT, f"there is no {proof}", repair="a complete checkout has it")
    return Part("redaction", Verdict.OK, last)


SETS = ("serve", "demo", "test", "peers", "assurance")
PARTS: dict[str, Callable[[argparse.Namespace], Part]] = {
    "licences": permitted,
    "sbom": bill,
    "advisories": vulnerabilities,
    "redaction": redaction,
    "fuzz": fuzz,
}
"""The quick ones first."""

if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main(sys.argv[1:]))
