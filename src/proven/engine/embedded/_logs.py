"""Logs as rows of one table. Followers read from the table too, so a slow one holds no memory."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from proven.engine._names import require_name, require_space
from proven.engine.embedded._database import Database, page
from proven.engine.embedded._feed import Feed, Feeds
from proven.engine.interface import MAX_PAGE, MAX_PAYLOAD_BYTES, Logs, Record
from proven.wire.errors import ErrorCode, ProvenError

FOLLOW_PAGE = 64
"""Records that a follower holds at most."""


class EmbeddedLogs(Logs):
    """`Logs` of the embedded backend."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: Feeds[_Follower] = Feeds()

    async def append(self, log: str, subject: str, data: bytes, *, expected: int | None = None) -> int:
        require_space(log)
        require_name(subject)
        if len(data) > MAX_PAYLOAD_BYTES:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a log record holds at most {MAX_PAYLOAD_BYTES} bytes")

        def insert(database: apsw.Connection) -> int:
            if expected is not None and (last := _last(database, log, subject)) != expected:
                raise ProvenError(
                    ErrorCode.CONFLICT, "something was appended in the meantime", details={"last": last}
                )
            sequence = _last(database, log) + 1
            database.execute("INSERT INTO records VALUES (?, ?, ?, ?)", (log, sequence, subject, data))
            return sequence

        def wake_followers(_sequence: int) -> None:
            for follower in self._followers.of(log):
                follower.wake()

        return await self._database.write(insert, committed=wake_followers, size=len(data))

    async def read(
        self, log: str, *, after: int = 0, subject: str | None = None, limit: int = MAX_PAGE
    ) -> Sequence[Record]:
        require_space(log)
        if subject is not None:
            require_name(subject)
        limit = max(0, min(limit, MAX_PAGE))
        return await self._database.read(lambda database: _select(database, log, after, subject, limit))

    async def last(self, log: str, *, subject: str | None = None) -> int:
        require_space(log)
        if subject is not None:
            require_name(subject)
        return await self._database.read(lambda database: _last(database, log, subject))

    async def follow(self, log: str, *, after: int = 0, subject: str | None = None) -> Feed[Record]:
        require_space(log)
        if subject is not None:
            require_name(subject)
        return self._followers.add(log, _Follower(self, log, after, subject))

    def stop(self) -> None:
        self._followers.end_all()


class _Follower(Feed[Record]):
    def __init__(self, logs: EmbeddedLogs, log: str, after: int, subject: str | None) -> None:
        super().__init__()
        self._logs = logs
        self._log = log
        self._after = after
        self._subject = subject

    async def fetch(self) -> list[Record]:
        records = list(
            await self._logs.read(self._log, after=self._after, subject=self._subject, limit=FOLLOW_PAGE)
        )
        if records:
            self._after = records[-1].sequence
        return records


def _select(database: apsw.Connection, log: str, after: int, subject: str | None, limit: int) -> list[Record]:
    if subject is None:
        rows = database.execute(
            "SELECT sequence, subject, data FROM records WHERE log = ? AND sequence > ?"
            " ORDER BY sequence LIMIT ?",
            (log, after, limit),
        )
    else:
        rows = database.execute(
            "SELECT sequence, subject, data FROM records WHERE log = ? AND subject = ? AND sequence > ?"
            " ORDER BY sequence LIMIT ?",
            (log, subject, after, limit),
        )
    return page((Record(*row) for row in rows), lambda record: len(record.data))


def _last(database: apsw.Connection, log: str, subject: str | None = None) -> int:
    if subject is None:
        rows = database.execute("SELECT max(sequence) FROM records WHERE log = ?", (log,))
    else:
        rows = database.execute(
            "SELECT max(sequence) FROM records WHERE log = ? AND subject = ?", (log, subject)
        )
    return rows.get or 0
