"""What a caller insists on, and what this machine remembers of logs."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.notes import NoteKey

_MAX_FILE: Final = 64 * 1024
_ROOT: Final = re.compile(r"[0-9a-f]{64}")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What has to hold besides what is checked anyway.

    `only_package` is the one package that may answer. `min_delay` is how many seconds at least lie between
    the announcement of a change and its coming into force; what never changes qualifies.
    `refuse_development` accepts evidence of hardware only. Of the `witnesses`, `min_witnesses` have to have
    cosigned the log's checkpoint (None: all of them). With `notice_witnessed` that many have to have seen the
    announcement of every change in force, as long ago as the notice that was promised for it.
    """

    only_package: PackageId | None = None
    min_delay: int = 0
    refuse_development: bool = False
    witnesses: tuple[NoteKey, ...] = ()
    min_witnesses: int | None = None
    notice_witnessed: bool = False

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        if self.min_delay < 0:
            raise ValueError("a delay is not negative")
        if not 0 <= self.needed_witnesses <= len(self.witnesses):
            raise ValueError(f"of {len(self.witnesses)} witnesses {self.min_witnesses} cannot have cosigned")
        if len({(key.name, key.public_key) for key in self.witnesses}) < len(self.witnesses):
            raise ValueError("a witness is named twice")
        if self.notice_witnessed and not self.needed_witnesses:
            raise ValueError("that a notice was witnessed is for witnesses to say: name one at least")

    @property
    def needed_witnesses(self) -> int:
        return len(self.witnesses) if self.min_witnesses is None else self.min_witnesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A state of a log that was verified here. `seen_at` is Unix seconds, `root` hex."""

    origin: str
    verifier_key: str
    size: int
    root: str
    seen_at: int

    @property
    def when(self) -> str:
        return datetime.fromtimestamp(self.seen_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class _LogOf:
    """In which log an application was seen, and when (Unix seconds)."""

    origin: str
    seen_at: int


class LogMemory:
    """The logs that were verified before, one small file each, under `directory`.

    A log that is shorter than, or contradicts, what is remembered was rolled back or forked. Nothing secret
    is here; who can write here can make this machine forget, or raise false alarms.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def default(cls, environment: Mapping[str, str] = os.environ) -> LogMemory:
        """That of this user: `$XDG_STATE_HOME/proven`, by default under `~/.local/state`."""
        base = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return cls(Path(base) / "proven")

    def log(self, origin: str) -> Remembered | None:
        """Raises `ProvenError` (`UNAVAILABLE`) if the file is damaged: it is never taken as if there were
        none.
        """
        found = _read(self._log_file(origin), Remembered)
        if found is not None and (found.origin != origin or not _ROOT.fullmatch(found.root)):
            raise _damaged(self._log_file(origin))
        return found

    def log_of(self, application: ApplicationId) -> tuple[str, str] | None:
        """The name of the log an application was seen in, and when. Raises as `log`."""
        found = _read(self._application_file(application), _LogOf)
        if found is None:
            return None
        return found.origin, datetime.fromtimestamp(found.seen_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def remember(self, application: ApplicationId, state: Remembered) -> None:
        """Keep `state`, unless more of the log is remembered already. Raises `OSError`."""
        known = self.log(state.origin)
        if known is None or known.size <= state.size:
            _write(self._log_file(state.origin), state)
        if self.log_of(application) is None:
            _write(self._application_file(application), _LogOf(origin=state.origin, seen_at=state.seen_at))

    def _log_file(self, origin: str) -> Path:
        return self._directory / "logs" / f"{hashlib.sha256(origin.encode()).hexdigest()}.json"

    def _application_file(self, application: ApplicationId) -> Path:
        return self._directory / "applications" / f"{application}.json"


def _read(file: Path, kind: type[_T]) -> _T | None:
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(_MAX_FILE), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        raise _damaged(file) from None


def _write(file: Path, value: object) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        with draft.open("xb") as opened:
            opened.write(msgspec.json.encode(value))
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _damaged(file: Path) -> ProvenError:
    return ProvenError(
        ErrorCode.UNAVAILABLE,
        f"{file}, which remembers what was seen of a log, cannot be read: remove it to begin anew",
    )
