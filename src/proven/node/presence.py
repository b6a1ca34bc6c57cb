"""How command lines on one machine find the nodes that run there: one small file per running node."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class Presence:
    """A running local node: where it listens and the development root its evidence chains to (PEM).

    `data_dir` is where its keys are, for its own user; `metrics_url` is where Prometheus reads.
    """

    url: str
    pid: int
    applications: tuple[str, ...]
    development_root: str
    data_dir: str | None = None
    metrics_url: str | None = None


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Where presence files live: `$XDG_STATE_HOME/proven/nodes`, by default under `~/.local/state`."""
    base = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "proven" / "nodes"


@contextmanager
def announced(presence: Presence, directory: Path | None = None) -> Iterator[None]:
    """Keep `presence` discoverable for as long as the block runs."""
    directory = directory or state_directory()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = directory / f"{presence.pid}.json"
    draft = file.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.encode(presence))
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def discover(directory: Path | None = None) -> list[Presence]:
    """The nodes of this user that run now, oldest first. Files that dead nodes left behind are removed."""
    directory = directory or state_directory()
    found: list[tuple[float, Presence]] = []
    for file in directory.glob("*.json"):
        try:
            presence = msgspec.json.decode(file.read_bytes(), type=Presence)
            started = file.stat().st_mtime
        except (OSError, msgspec.DecodeError):
            continue
        if _alive(presence.pid):
            found.append((started, presence))
        else:
            file.unlink(missing_ok=True)
    return [presence for _, presence in sorted(found, key=lambda entry: entry[0])]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
