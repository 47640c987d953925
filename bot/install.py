"""Getting Muster's packages into `.venv` beside app.py, from the lock; standard library only.

app.py calls `ensure` before it imports anything else of Muster. This file is read by whatever Python a machine has, so
it loads on 3.6 (annotations that 3.6 cannot evaluate are quoted) and refuses politely.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import typing
from pathlib import Path

from bot import advice

ROOT = Path(__file__).resolve().parent.parent
FOR = {"demo": "demo", "sandbox": "demo", "test": "test", "check": "test", "format": "test"}
LARGER = {
    "serve": ("serve", "demo", "test"),
    "demo": ("demo", "test"),
    "test": ("test",),
    "peers": ("peers",),
    "assurance": ("assurance",),
}
REPORT = "MUSTER_SETUP_REPORT"
STAMP = "muster-setup.json"
TICK = 0.2  # seconds between two looks at the installer
NEWS = 10  # seconds between two lines where there is no terminal


def ensure_for(words: "list[str]", root: Path = ROOT) -> None:
    """The same as `ensure` for a command line such as `demo --plain`: its first word says which set it needs."""
    ensure(FOR.get(words[0] if words else "", "serve"), root)


def ensure(extra: str, root: Path = ROOT) -> None:
    """Return inside `.venv` with the packages of `extra` (serve, demo or test), installing and restarting as needed.

    A larger set counts: test contains demo contains serve. Prints what it does to standard error; on any failure
    prints one sentence with the fix and exits 2. `MUSTER_SETUP=off` leaves packages to whoever set it.
    """
    with stopping():
        advice.check_python(sys.version_info[:2], sys.executable)
        if os.environ.get("MUSTER_SETUP") == "off":
            return
        venv = root / ".venv"
        inside = Path(sys.prefix).resolve() == venv.resolve()
        if not (inside and _stamped(root, extra)):
            os.environ[REPORT] = prepare(extra, root)
            _restart(interpreter(venv))


@contextlib.contextmanager
def stopping() -> "typing.Iterator[None]":
    """Turn what stops a set-up into a sentence on standard error and an exit code (2; 130 for Ctrl-C)."""
    try:
        yield
    except advice.SetupError as problem:
        advice.say(str(problem))
        sys.exit(2)
    except KeyboardInterrupt:
        advice.say("Stopped. Run the same command again to go on.")
        sys.exit(130)


def interpreter(venv: Path) -> Path:
    """Return the path of the Python inside a virtual environment."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def prepare(extra: str, root: Path = ROOT, name: str = ".venv") -> str:
    """Make the folder `name` hold the packages of `extra`; return the report, such as "41 of 41, 96 MB, 31 s".

    Raises SetupError with the fix.
    """
    lock = _lock(root, extra)
    if not lock.is_file():
        raise advice.SetupError(f"There is no {lock}. Run this from a complete checkout of Muster.")
    try:
        with _alone(lock):
            stamp = _stamped(root, extra, name)
            return "{} of {}, already here".format(*stamp["packages"]) if stamp else _install(extra, root, name)
    except OSError as error:
        raise advice.SetupError(advice.on(str(error), "Set-up stopped")) from error


def _install(extra: str, root: Path, name: str) -> str:
    began = time.monotonic()
    venv, lock = root / name, _lock(root, extra)
    names = _names(lock)
    told = f"{len(names)} packages into {name}"
    by_uv = _with_uv(venv, lock, told)
    if not by_uv:
        _make_venv(venv, with_pip=True)
        pip = [str(interpreter(venv)), "-m", "pip", "install", "--require-hashes", "--no-input", "-r", str(lock)]
        failure = _run(pip, told)
        if failure:
            raise advice.SetupError(advice.on(failure, "pip could not install the packages"))
    here = _installed(_site(venv))
    wanted = [name for name, always in names.items() if always or name in here]
    count = [len(here.intersection(wanted)), len(wanted)]
    stamp = {"set": extra, "lock": _digest(lock), "python": list(sys.version_info[:2]), "packages": count}
    (venv / STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    size = sum(path.lstat().st_size for path in _site(venv).rglob("*")) / 1e6
    return f"{count[0]} of {count[1]}, {size:.0f} MB, {time.monotonic() - began:.0f} s"


def _with_uv(venv: Path, lock: Path, told: str) -> bool:
    """Install with uv when it is there: many times faster. Where only pip knows the mirror, say no and let pip try."""
    uv = shutil.which("uv")
    if not uv:
        return False
    _make_venv(venv, with_pip=False)
    done = not _run(
        [
            uv,
            "pip",
            "install",
            "--compile-bytecode",
            "--python",
            str(interpreter(venv)),
            "--require-hashes",
            "-r",
            str(lock),
        ],
        told,
    )
    if not done:
        advice.say("  ..  uv could not do it, trying pip")
    return done


def _make_venv(venv: Path, *, with_pip: bool) -> None:
    """Make the environment, or keep one that is of our version and has pip if wanted."""
    with contextlib.suppress(FileNotFoundError):
        (venv / STAMP).unlink()
    same = interpreter(venv).is_file() and _site(venv).is_dir()
    if same and (not with_pip or (_site(venv) / "pip").is_dir()):
        return
    for module in ("venv", "ensurepip") if with_pip else ("venv",):
        if importlib.util.find_spec(module) is None:
            raise advice.SetupError(advice.NO_VENV.format(path=sys.executable, module=module))
    making = [sys.executable, "-m", "venv", "--clear", str(venv)]
    failure = _run(making if with_pip else [*making, "--without-pip"], "a fresh .venv")
    if failure:
        raise advice.SetupError(advice.on(failure, "Python could not make .venv"))


def _run(command: "list[str]", told: str) -> str:
    """Run an installer while a line shows that it lives; return what it printed if it failed, else nothing."""
    environ = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUNBUFFERED="1")
    environ.setdefault("PIP_RETRIES", "2")
    printed: list[str] = []
    with subprocess.Popen(  # noqa: S603 - uv, pip or venv, with arguments of our own
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ
    ) as child:
        reader = threading.Thread(target=_read, args=(child, printed), daemon=True)
        reader.start()
        try:
            _watch(reader, printed, told)
        except BaseException:  # Ctrl-C too must not leave an installer behind
            child.kill()
            raise
    return "".join(printed).strip() or f"exit {child.returncode}" if child.returncode else ""


def _read(child: "subprocess.Popen[bytes]", printed: "list[str]") -> None:
    for line in child.stdout or ():
        printed.append(line.decode("utf-8", "replace"))


def _watch(reader: threading.Thread, printed: "list[str]", told: str) -> None:
    """Wait for the installer: a line that counts on a terminal, else one line now and one every ten seconds."""
    terminal = sys.stderr.isatty()
    began = spoken = time.monotonic()
    if not terminal:
        advice.say(f"  ..  installing {told} ...")
    while reader.is_alive():
        now = time.monotonic()
        seen = sum(line.startswith("Collecting ") for line in printed)
        line = f"  ..  installing {told}: {f'{seen} fetched, ' if seen else ''}{now - began:.0f} s"
        if terminal:
            sys.stderr.write("\r" + line)
            sys.stderr.flush()
        elif now - spoken >= NEWS:
            spoken = now
            advice.say(line)
        reader.join(TICK)
    if terminal:
        sys.stderr.write("\r" + " " * 78 + "\r")


def _restart(python: Path) -> None:
    """Run the same command line with another interpreter, in place of this process where the system can."""
    arguments = [str(python), *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(arguments[0], arguments)  # noqa: S606 - the interpreter of our own .venv
    child = subprocess.Popen(arguments)  # noqa: S603 - as above; exec on Windows lets go of the console
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the child hears Ctrl-C too, and decides
            sys.exit(child.wait())


def _stamped(root: Path, extra: str, name: str = ".venv") -> "dict[str, list[int]]":
    """Return the stamp when the folder holds this set, from today's lock and for this Python; else an empty one."""
    try:
        stamp: dict[str, list[int]] = json.loads((root / name / STAMP).read_text(encoding="utf-8"))
        held = str(stamp["set"])
        fits = held in LARGER[extra] and stamp["python"] == list(sys.version_info[:2])
        fits = fits and str(stamp["lock"]) == _digest(_lock(root, held)) and interpreter(root / name).exists()
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return stamp if fits else {}


@contextlib.contextmanager
def _alone(lock: Path) -> "typing.Iterator[None]":
    """Let two commands started at once install one after the other, where the system has flock."""
    with lock.open(encoding="utf-8") as file:
        with contextlib.suppress(ImportError, OSError):
            import fcntl  # noqa: PLC0415 - not on Windows

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _names(lock: Path) -> "dict[str, bool]":
    """Return the packages a lock names, and for each whether every system needs it."""
    text = lock.read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\n]*)", text, re.MULTILINE)
    return {_canonical(name): ";" not in rest for name, rest in found}


def _installed(site: Path) -> "set[str]":
    return {_canonical(path.name.split("-")[0]) for path in site.glob("*.dist-info")}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _site(venv: Path) -> Path:
    return venv / "Lib" / "site-packages" if os.name == "nt" else next(venv.glob(_LIB), venv / "none")


_LIB = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])


def _lock(root: Path, extra: str) -> Path:
    return root / "infra" / "locks" / (extra + ".txt")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":  # `python -m bot.install serve` fills .venv and starts nothing: for container images
    with stopping():
        advice.check_python(sys.version_info[:2], sys.executable)
        advice.say("  ok  packages     " + prepare(sys.argv[1], ROOT, *sys.argv[2:3]))
