"""Set-up on a bare machine (EXPERIENCE 1.22): the real pip, a lock of one small package, no network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from bot import advice, install

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = f"""
import os, sys
from pathlib import Path
os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # this is traced, pip is not: that takes twice as long
sys.path.insert(0, {str(ROOT)!r})
from bot import install
install.ensure_for(sys.argv[1:], Path(sys.argv[0]).resolve().parent)
import muster_probe
report = os.environ.get("MUSTER_SETUP_REPORT", "at once")
print("inside", Path(sys.prefix).name, sys.argv[1:], muster_probe.NUMBER, report)
"""
HELPED = "run the same command again"


@dataclass(frozen=True)
class House:
    """A folder like a checkout of Muster: a program, locks, and wheels to install from."""

    root: Path

    def wheel(self, number: int) -> str:
        """Make version `number` of the package `muster-probe`; return its hash."""
        path = self.root / "wheels" / f"muster_probe-{number}-py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        about = f"muster_probe-{number}.dist-info"
        parts = {
            "muster_probe.py": f"NUMBER = {number}\n",
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: muster-probe\nVersion: {number}\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{about}/RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in parts.items():
                archive.writestr(name, text)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def lock(self, number: int, digest: str, *sets: str) -> None:
        """Write locks that want this version, and one package for a system that does not exist."""
        folder = self.root / "infra" / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        absent = f"never-here==1 ; sys_platform == 'none' \\\n    --hash=sha256:{'0' * 64}\n"
        for name in sets:
            lines = f"muster-probe=={number} \\\n    --hash=sha256:{digest}\n    # via {name}\n{absent}"
            (folder / f"{name}.txt").write_text(lines, encoding="utf-8")

    def environ(self) -> dict[str, str]:
        """Return an environment with an empty home, no index and no uv, as a fresh machine has it."""
        for name in ("home", "bin"):
            (self.root / name).mkdir(exist_ok=True)
        dropped = ("PIP_", "UV_", "MUSTER_", "PYTHONPATH")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        environ |= {"HOME": str(self.root / "home"), "PATH": str(self.root / "bin")}
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.root / "wheels"), "PIP_CONFIG_FILE": os.devnull}
        return environ | pip

    def run(self, *words: str, python: str = sys.executable, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the program on that machine."""
        command = [python, str(self.root / "app.py"), *words]
        return subprocess.run(  # noqa: S603 - the program above
            command,
            env=self.environ() | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def checkout(root: Path) -> House:
    """Make a house with all three locks in which nothing is installed yet."""
    house = House(root)
    (house.root / "app.py").write_text(PROGRAM, encoding="utf-8")
    house.lock(1, house.wheel(1), "serve", "demo", "test")
    return house


def set_up(root: Path) -> None:
    """Make a house and set it up with the demo set."""
    root.mkdir()
    first = checkout(root).run("demo", "--say", "meet now")
    assert first.returncode == 0, first.stderr
    assert "  ..  installing 2 packages into .venv ..." in first.stderr
    assert first.stdout.startswith("inside .venv ['demo', '--say', 'meet now'] 1 1 of 1, ")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house that was set up with the demo set: a copy of the one that the first of all workers has made."""
    mine = tmp_path_factory.getbasetemp()
    made = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "house"
    with FileLock(f"{made}.lock"):
        if not made.is_dir():
            set_up(made)
    return House(Path(shutil.copytree(made, mine / "copied", symlinks=True)))


def test_the_second_time_nothing_is_installed(house: House) -> None:
    """A command that has its packages starts at once and says nothing about set-up."""
    again = house.run("demo")
    assert (again.stderr, again.stdout) == ("", "inside .venv ['demo'] 1 1 of 1, already here\n")


def test_a_larger_set_serves_the_smaller(house: House) -> None:
    """Whoever has tried the demo can serve without another installation; inside .venv there is no restart either."""
    python = str(install.interpreter(house.root / ".venv"))
    assert house.run("serve").stdout == "inside .venv ['serve'] 1 1 of 1, already here\n"
    assert house.run("serve", python=python).stdout == "inside .venv ['serve'] 1 at once\n"


def test_a_changed_lock_is_installed(house: House) -> None:
    """After an update that changes the lock, the next command brings the packages up to it."""
    house.lock(2, house.wheel(2), "demo")
    changed = house.run("demo")
    assert "installing" in changed.stderr
    assert changed.stdout.startswith("inside .venv ['demo'] 2 1 of 1, ")


def test_without_a_network_one_sentence_says_so(house: House) -> None:
    """When nothing can be downloaded, the fix is named in one sentence and the exit status is 2."""
    house.lock(9, "0" * 64, "test")
    failed = house.run("test")
    assert failed.returncode == 2
    assert failed.stderr.splitlines()[-1] == advice.NO_NETWORK
    assert "Traceback" not in failed.stderr


def test_a_package_that_was_tampered_with_is_not_installed(house: House) -> None:
    """A package whose bytes differ from the lock's is refused, and the refusal says what that means."""
    house.wheel(3)
    house.lock(3, "0" * 64, "test")
    failed = house.run("test")
    assert (failed.returncode, failed.stderr.splitlines()[-1]) == (2, advice.MIXED_UP)


def test_a_checkout_without_locks_is_told_apart(tmp_path: Path) -> None:
    """A folder without its lock files is named as incomplete."""
    house = checkout(tmp_path)
    (house.root / "infra" / "locks" / "test.txt").unlink()
    failed = house.run("test")
    assert failed.returncode == 2
    assert "complete checkout" in failed.stderr


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a shell script")
def test_pip_takes_over_where_uv_cannot(house: House) -> None:
    """Where uv is installed but knows no way to the packages, pip is tried before anybody is told of a failure."""
    stand_in = house.root / "bin" / "uv"
    stand_in.write_text("#!/bin/sh\necho no way\nexit 1\n", encoding="utf-8")
    stand_in.chmod(0o755)
    house.lock(4, house.wheel(4), "demo")
    try:
        done = house.run("demo", PIP_USER="1")
    finally:
        stand_in.unlink()
    assert "uv could not do it, trying pip" in done.stderr
    assert done.stdout.startswith("inside .venv ['demo'] 4 "), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are a POSIX thing")
def test_on_a_terminal_a_line_shows_that_it_lives(house: House) -> None:
    """While packages install, a terminal shows a line that counts, and it is wiped afterwards."""
    import pty  # noqa: PLC0415 - POSIX only

    house.lock(5, house.wheel(5), "demo")
    master, slave = pty.openpty()
    command = [sys.executable, str(house.root / "app.py"), "demo"]
    with subprocess.Popen(command, env=house.environ(), stderr=slave, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - the program above
        os.close(slave)
        shown = read_all(master)
        assert child.stdout is not None
        assert child.stdout.read().startswith("inside .venv ['demo'] 5 ")
    assert "\r  ..  installing 2 packages into .venv: 0 s" in shown
    assert shown.endswith("\r" + " " * 78 + "\r")


def read_all(descriptor: int) -> str:
    """What a pseudo-terminal shows until its other end is closed."""
    shown = b""
    try:
        while data := os.read(descriptor, 4096):
            shown += data
    except OSError:  # Linux says so when the last writer is gone
        pass
    os.close(descriptor)
    return shown.decode()


def test_set_up_can_be_left_to_others(tmp_path: Path) -> None:
    """With MUSTER_SETUP=off the interpreter at hand is used as it is."""
    left = checkout(tmp_path).run("demo", MUSTER_SETUP="off")
    assert "No module named 'muster_probe'" in left.stderr


def test_an_old_python_is_named_with_the_fix() -> None:
    """Python 3.9 is refused with its version, its path and the command for each system."""
    with pytest.raises(advice.SetupError) as refused:
        advice.check_python((3, 9), "/usr/bin/python3")
    assert str(refused.value) == (
        "Muster needs Python 3.11 or newer; this is 3.9 (/usr/bin/python3). macOS: brew install python · Debian: "
        "sudo apt install python3-venv make · Windows: winget install Python.Python.3.13, then  py app.py demo"
    )
    advice.check_python((3, 11), "python")


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: Could not fetch: SSLError(CERTIFICATE_VERIFY_FAILED)", advice.UNTRUSTED),
        ("error: Failed to fetch: tcp connect error: Connection refused", advice.NO_NETWORK),
        ("NewConnectionError: Temporary failure in name resolution", advice.NO_NETWORK),
        ("OSError: [Errno 28] No space left on device", advice.FULL),
        ("[Errno 13] Permission denied: '.venv'", advice.NOT_OURS),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", advice.MIXED_UP),
    ],
)
def test_each_known_failure_has_its_sentence(output: str, sentence: str) -> None:
    """What pip or uv prints is turned into one sentence with the fix."""
    assert advice.on(output, "It failed") == sentence


def test_an_unknown_failure_shows_its_last_lines() -> None:
    """A failure nobody foresaw says what to try, and shows the end of what the installer printed."""
    told = advice.on("\n".join(str(number) for number in range(20)), "It failed")
    assert told.startswith("It failed. Delete the folder .venv")
    assert HELPED in told
    assert told.endswith("\n12\n13\n14\n15\n16\n17\n18\n19")


@pytest.mark.skipif(os.name == "nt", reason="preflight is for systems with sh")
def test_preflight_passes_over_a_python_that_does_not_run(tmp_path: Path) -> None:
    """A shim that fails and a Python that is too old are skipped; the first good one runs the command."""
    stand_in(tmp_path, "python3.14", "exit 127")
    stand_in(tmp_path, "python3", "printf '3.9 /old/python3'")
    stand_in(tmp_path, "py", f'exec "{sys.executable}" "$@"')
    done = preflight(tmp_path, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (0, "ran\n")


@pytest.mark.skipif(os.name == "nt", reason="preflight is for systems with sh")
def test_preflight_says_what_it_found_and_the_fix(tmp_path: Path) -> None:
    """Where every Python is too old, the sentence is the same as app.py's."""
    stand_in(tmp_path, "python3", "printf '3.9 /usr/bin/python3'")
    done = preflight(tmp_path, "app.py", "demo")
    sentence = advice.TOO_OLD.format(version="3.9", path="/usr/bin/python3")
    assert (done.returncode, done.stderr) == (2, sentence + "\n")
    (tmp_path / "python3").unlink()
    assert "none was found" in preflight(tmp_path, "app.py", "demo").stderr


@pytest.mark.skipif(os.name == "nt", reason="preflight is for systems with sh")
def test_preflight_obeys_the_python_it_is_given(tmp_path: Path) -> None:
    """PYTHON= decides alone: when that one does not run, no other is taken in its place."""
    stand_in(tmp_path, "python3", f'exec "{sys.executable}" "$@"')
    assert preflight(tmp_path, "-c", "print('ran')", PYTHON=sys.executable).stdout == "ran\n"
    refused = preflight(tmp_path, "-c", "print('ran')", PYTHON="python-of-mine")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "PYTHON=python-of-mine does not run" in refused.stderr


def stand_in(folder: Path, name: str, does: str) -> None:
    """Put a program of that name on the PATH."""
    (folder / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def preflight(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run infra/preflight.sh with nothing but that folder on the PATH."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHON"} | {"PATH": str(folder)} | settings
    command = ["/bin/sh", str(ROOT / "infra" / "preflight.sh"), *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
