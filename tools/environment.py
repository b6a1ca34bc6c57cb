"""Set up the checkout's own virtual environment, `.venv`, from the hash-pinned lock files.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)


def prepare(lock: str) -> dict[str, str]:
    """Install exactly what `lock` pins, once per content of it; return the variables to run commands with."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"proven needs Python 3.11 or newer, this is {found}: try `python3.11 {sys.argv[0]} …`")
    directory = CHECKOUT / ".venv"
    digest = hashlib.sha256((CHECKOUT / lock).read_bytes() + sys.version.encode()).hexdigest()[:16]
    marker = directory / f".{lock}.{digest}"
    if not marker.exists():
        try:
            with _alone():
                if not marker.exists():
                    _install(lock, directory)
                    marker.touch()
        except KeyboardInterrupt:
            sys.exit("\nstopped before everything was set up; run it again to go on")
        except OSError as error:
            sys.exit(f"cannot set up {directory}: {error.strerror}")
    environment = {**os.environ, "PATH": f"{directory / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment["VIRTUAL_ENV"] = str(directory)
    environment["PYTHONPATH"] = str(CHECKOUT / "src")
    return environment


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process sets up this checkout."""
    descriptor = os.open(CHECKOUT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _install(lock: str, directory: Path) -> None:
    print(f"Setting up {lock} in {directory} (only this time, about half a minute) …", file=sys.stderr)
    python = directory / "bin" / "python"
    if not _works(python):
        shutil.rmtree(directory, ignore_errors=True)
        try:
            venv.create(directory, with_pip=True)
        except subprocess.CalledProcessError:
            sys.exit("this Python cannot create virtual environments; on Debian: apt install python3-venv")
    install = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    install += ["--require-hashes", "-r", CHECKOUT / lock]
    if not sys.stderr.isatty():
        install.append("--quiet")
    if subprocess.run(install).returncode:
        sys.exit("installing the locked dependencies failed, pip says why above; run it again to retry")


def python() -> str:
    """The interpreter of the checkout's environment."""
    return str(CHECKOUT / ".venv" / "bin" / "python")


def _works(interpreter: Path) -> bool:
    if not interpreter.exists():
        return False
    return subprocess.run([interpreter, "-m", "pip", "--version"], capture_output=True).returncode == 0
