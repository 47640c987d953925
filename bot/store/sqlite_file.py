"""The file behind the SQLite store: where it may be, who may read it, and that one process uses it (ENGINE R24)."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from bot.errors import SettingsError

MOUNTS = Path("/proc/mounts")
NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "ncpfs"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone"}
)
"""File systems whose locks and memory maps SQLite's WAL cannot rely on, by their names in /proc/mounts."""
MEMORY = frozenset({"tmpfs", "ramfs", "overlay"})
"""File systems that go with their container, wherever they are mounted in it."""
PREFIX = "sqlite:///"


def store_path(url: str) -> str:
    """Return the path of `sqlite:///muster.db` (relative) or `sqlite:////var/lib/muster.db` (absolute).

    Raises SettingsError when the URL names no SQLite file.
    """
    path = url.removeprefix(PREFIX)
    if not url.startswith(PREFIX) or not path or path == ":memory:" or "?" in path:
        raise SettingsError([f"MUSTER_STORE is {url!r}; a file is named like sqlite:///muster.db."])
    return path


def there(path: str) -> bool:
    """Say whether the file is there. Raises SettingsError where it is not and cannot be made."""
    if not Path(path).exists() and not os.access(Path(path).resolve().parent, os.W_OK):
        raise SettingsError([f"MUSTER_STORE is {path!r}, whose folder cannot be written."])
    return Path(path).exists()


def prepare(path: str) -> None:
    """Make the file, readable by its owner alone. Raises SettingsError when it cannot be or is on a network."""
    network = network_file_system(os.path.realpath(path), _mounts())
    if network:
        raise SettingsError(
            [f"MUSTER_STORE is {path!r}, on a network file system ({network}). Name a file on a local disk."]
        )
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        Path(path).chmod(0o600)  # it may have been there with another mode
    except OSError as error:
        problem = f"MUSTER_STORE is {path!r}, which cannot be written: {error.strerror}."
        raise SettingsError([problem]) from error


def present(path: str) -> None:
    """See to it that the file is there to be read. Raises SettingsError when it is not."""
    if not Path(path).is_file():
        raise SettingsError([f"MUSTER_STORE is {path!r}, which is not there. Run this where the bot runs."])


def lock(path: str) -> FileLock:
    """Take the file for this process, by a lock file beside it. Raises SettingsError when another one has it."""
    taken = FileLock(f"{path}.lock", timeout=0, mode=0o600)
    try:
        taken.acquire()
    except Timeout as error:
        problem = f"MUSTER_STORE is {path!r}, which another process uses. Stop that one, or name another file."
        raise SettingsError([problem]) from error
    except OSError as error:
        problem = f"MUSTER_STORE is {path!r}, which cannot be locked: {error.strerror}."
        raise SettingsError([problem]) from error
    return taken


def network_file_system(path: str, mounts: str) -> str:
    """Return the type of the network file system that an absolute path is on, or ''. `mounts` as in /proc/mounts."""
    kind = _mount(path, mounts)[1]
    return kind if kind in NETWORK else ""


def outlives(path: str) -> bool:
    """Say whether a file stays when the container that it is in goes: a volume is a mount of its own."""
    depth, kind = _mount(os.path.realpath(path), _mounts())
    return depth > 1 and kind not in MEMORY


def _mount(path: str, mounts: str) -> tuple[int, str]:
    """Return how deep the mount is that an absolute path is on (`/` is 1), and of which type."""
    here = PurePosixPath(path)
    longest, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = PurePosixPath(fields[1].replace("\\040", " "))
        # The last mount on a point hides the ones before it.
        if here.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), fields[2]
    return longest, kind


def _mounts() -> str:
    try:
        return MOUNTS.read_text("utf-8", "replace")
    except OSError:
        return ""  # not Linux: nothing to detect it by
