"""A registry of generated npm packages, as a real HTTP server on loopback."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def tarball(files: Mapping[str, str | bytes], top: str = "package") -> bytes:
    """An npm tarball of some files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def integrity(data: bytes) -> str:
    """The lock file's hash of a tarball."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


@dataclass
class Npm:
    """Published packages, the lock file that pins them, and what was asked of the registry."""

    url: str = ""
    tarballs: dict[str, bytes] = field(default_factory=dict)
    lock: dict[str, object] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def publish(
        self,
        name: str,
        version: str,
        files: Mapping[str, str | bytes],
        at: str | None = None,
        **description: object,
    ) -> None:
        """Publish a package, and install it at `at` (by default at the top) in the lock file."""
        manifest = json.dumps({"name": name, "version": version, **description})
        data = tarball({"package.json": manifest, **files})
        self.serve(name, version, data, at)

    def serve(self, name: str, version: str, data: bytes, at: str | None = None) -> None:
        """Publish any bytes as a package."""
        self.tarballs[f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"] = data
        location = at or f"node_modules/{name}"
        entry: dict[str, object] = {"version": version, "integrity": integrity(data)}
        if not location.endswith(f"node_modules/{name}"):
            entry["name"] = name
        self.lock[location] = entry

    @property
    def lock_file(self) -> str:
        """`package-lock.json`, without addresses."""
        return json.dumps(
            {"name": "app", "lockfileVersion": 3, "packages": {"": {"name": "app"}, **self.lock}}
        )


@contextmanager
def serving() -> Iterator[Npm]:
    """Serve an `Npm` while the block runs."""
    npm = Npm()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            npm.requests.append(self.path)
            data = npm.tarballs.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("content-length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    npm.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield npm
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
