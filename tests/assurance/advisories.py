"""OSV's query on loopback, from a file that somebody fetched: for networks from which no service can be reached.

The file is OSV's export of the ecosystem PyPI, a zip of records, or one JSON list of records
(https://google.github.io/osv.dev/data/; the schema: https://ossf.github.io/osv-schema/).
"""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Record = Mapping[str, Any]


def read_records(file: Path) -> dict[str, list[Record]]:
    """Return the records of a file by the names of the packages they are about. Raises ValueError, OSError."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            records: Any = [json.loads(packed.read(name)) for name in packed.namelist() if name.endswith(".json")]
    else:
        records = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(records, list) or not records:
        raise ValueError(f"{file} has no OSV records")
    found: dict[str, list[Record]] = {}
    for record in records:
        for name in {canonicalize_name(about["package"]["name"]) for about in _about_python(record)}:
            found.setdefault(name, []).append(record)
    return found


def concerns(record: Record, name: str, version: str) -> bool:
    """Say whether a record is about this version of a package: listed, or in one of its ranges."""
    return any(
        version in affected.get("versions", [])
        or any(_inside(spread, version) for spread in affected.get("ranges", []))
        for affected in _about_python(record)
        if canonicalize_name(affected["package"]["name"]) == name
    )


def _about_python(record: Record) -> list[Record]:
    return [one for one in record.get("affected", []) if one.get("package", {}).get("ecosystem") == "PyPI"]


def _inside(spread: Record, version: str) -> bool:
    """Follow a range's events, which stand in their order (OSV schema, affected[].ranges[].events)."""
    if spread.get("type") != "ECOSYSTEM":
        return False
    inside = False
    try:
        at = Version(version)
        for event in spread.get("events", []):
            if "introduced" in event and (event["introduced"] == "0" or at >= Version(event["introduced"])):
                inside = True
            if ("fixed" in event and at >= Version(event["fixed"])) or (
                "last_affected" in event and at > Version(event["last_affected"])
            ):
                inside = False
    except InvalidVersion:
        return True  # rather one too many, for somebody to read
    return inside


@contextmanager
def served(records: Mapping[str, list[Record]]) -> Iterator[str]:
    """Answer OSV's queries on loopback; yield the address."""

    class Answering(BaseHTTPRequestHandler):
        """POST /v1/query (https://google.github.io/osv.dev/post-v1-query/)."""

        def do_POST(self) -> None:
            """Answer one query."""
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = canonicalize_name(asked["package"]["name"])
            about = [one for one in records.get(name, []) if concerns(one, name, asked["version"])]
            body = json.dumps({"vulns": about} if about else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
