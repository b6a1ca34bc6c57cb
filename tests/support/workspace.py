"""The npm workspace of this checkout, installed as its lock file says, for tests that need Node.

`PYTHONPATH=tests python -m support.workspace` installs it.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).parents[2]
BIN: Final = Path(sys.executable).parent
"""Where node and npm are: they come with the Python environment."""
_INSTALL_SECONDS: Final = 300
_LOCK: Final = CHECKOUT / "package-lock.json"
_INSTALLED: Final = CHECKOUT / "node_modules" / ".package-lock.json"


class NotInstalledError(Exception):
    """Why there is no workspace."""


def npm_workspace() -> Path:
    """The checkout with what `npm ci` puts there. Without it the test is skipped, or in CI failed."""
    import pytest

    reason = _outcome()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the npm workspace: {reason}")
        pytest.skip(f"needs the npm workspace: {reason}")
    return CHECKOUT


def node_environment(**more: str) -> dict[str, str]:
    """Variables for processes that use Node and the tools of the workspace."""
    path = os.pathsep.join([str(BIN), str(CHECKOUT / "node_modules" / ".bin"), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false", **more}


def run(*command: str, cwd: Path = CHECKOUT, timeout: float = 120) -> str:
    """The output of a command that uses Node; fails the test with it if the command does."""
    completed = subprocess.run(
        command,
        cwd=cwd,
        env=node_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    assert completed.returncode == 0, f"{' '.join(command)}: {completed.stdout}"
    return completed.stdout


@functools.cache
def _outcome() -> str | None:
    try:
        install()
    except NotInstalledError as error:
        return str(error)
    return None


def install() -> None:
    """`npm ci`, unless everything is there: one process at a time. Raises `NotInstalledError`."""
    if not _LOCK.is_file():
        raise NotInstalledError("this is no checkout: there is no package-lock.json")
    if not (BIN / "npm").exists():
        raise NotInstalledError("npm is not in the Python environment: set it up with ./test")
    with _alone():
        if not is_installed():
            _install()


def is_installed() -> bool:
    """Whether `node_modules` holds what the lock file lists, in these versions."""
    try:
        wanted, present = _packages(_LOCK), _packages(_INSTALLED)
    except (OSError, ValueError, KeyError):
        return False
    for location, package in wanted.items():
        if "node_modules/" not in location or package.get("link"):
            continue
        found = present.get(location)
        if found is None and package.get("optional"):
            continue  # for another platform
        if found is None or any(found.get(key) != package.get(key) for key in ("version", "integrity")):
            return False
    return True


def _packages(lock: Path) -> Mapping[str, dict[str, Any]]:
    packages: Mapping[str, dict[str, Any]] = json.loads(lock.read_bytes())["packages"]
    return packages


def _install() -> None:
    command = [
        str(BIN / "npm"),
        "ci",
        "--prefer-offline",
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=1000",
    ]
    try:
        completed = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=node_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalledError(f"npm ci did not end within {_INSTALL_SECONDS} seconds") from None
    if completed.returncode:
        lines = completed.stdout.splitlines()
        said = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
        raise NotInstalledError(f"npm ci failed: {' '.join(said[:3])[:300]}")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    descriptor = os.open(_LOCK, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    try:
        install()
    except NotInstalledError as error:
        sys.exit(str(error))
