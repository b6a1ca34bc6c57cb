"""Any sequence of calls on any backend agrees with a model of a few lines."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from proven.engine import Engine, Entry, Record
from proven.wire.errors import ErrorCode, ProvenError

SUBJECTS = st.sampled_from(["a", "b", "a.b"])
SPACES = st.sampled_from(["one", "two"])
PAYLOADS = st.binary(max_size=20)


def engine_against_model(new_engine: Callable[[Path], Engine]) -> type[RuleBasedStateMachine]:
    class EngineAgainstModel(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.runner = asyncio.Runner()
            self.directory = tempfile.TemporaryDirectory()
            self.logs: dict[str, list[Record]] = {"one": [], "two": []}
            self.registers: dict[tuple[str, str], tuple[bytes, int]] = {}
            self.highest = {"one": 0, "two": 0}
            self.engine = new_engine(Path(self.directory.name))
            self.run(self.engine.start())

        def run(self, call):
            return self.runner.run(call)

        def teardown(self) -> None:
            self.run(self.engine.stop())
            self.runner.close()
            self.directory.cleanup()

        def last(self, log: str, subject: str) -> int:
            return max((r.sequence for r in self.logs[log] if r.subject == subject), default=0)

        @rule(log=SPACES, subject=SUBJECTS, data=PAYLOADS)
        def append(self, log: str, subject: str, data: bytes) -> None:
            sequence = self.run(self.engine.logs.append(log, subject, data))
            assert sequence == len(self.logs[log]) + 1
            self.logs[log].append(Record(sequence, subject, data))

        @rule(log=SPACES, subject=SUBJECTS, data=PAYLOADS, offset=st.integers(-1, 1))
        def append_if(self, log: str, subject: str, data: bytes, offset: int) -> None:
            last = self.last(log, subject)
            try:
                sequence = self.run(self.engine.logs.append(log, subject, data, expected=last + offset))
            except ProvenError as refused:
                assert (refused.code, refused.details) == (ErrorCode.CONFLICT, {"last": last})  # noqa: PT017
                assert offset != 0
            else:
                assert offset == 0
                self.logs[log].append(Record(sequence, subject, data))

        @rule(log=SPACES, writes=st.lists(st.tuples(SUBJECTS, PAYLOADS), min_size=2, max_size=20))
        def append_together(self, log: str, writes: list[tuple[str, bytes]]) -> None:
            async def together() -> list[int]:
                calls = (self.engine.logs.append(log, subject, data) for subject, data in writes)
                return await asyncio.gather(*calls)

            records = zip(self.run(together()), writes, strict=True)
            added = sorted(
                (Record(sequence, *write) for sequence, write in records), key=lambda r: r.sequence
            )
            start = len(self.logs[log]) + 1
            assert [record.sequence for record in added] == list(range(start, start + len(writes)))
            self.logs[log].extend(added)

        @rule(log=SPACES, after=st.integers(0, 30), limit=st.integers(0, 10), subject=st.none() | SUBJECTS)
        def read(self, log: str, after: int, limit: int, subject: str | None) -> None:
            expected = [r for r in self.logs[log][after:] if subject is None or r.subject == subject]
            found = self.run(self.engine.logs.read(log, after=after, limit=limit, subject=subject))
            assert list(found) == expected[:limit]

        @rule(
            bucket=SPACES, key=SUBJECTS, value=PAYLOADS, condition=st.sampled_from(["none", "right", "wrong"])
        )
        def put(self, bucket: str, key: str, value: bytes, condition: str) -> None:
            revision = self.registers.get((bucket, key), (b"", 0))[1]
            expected = {"none": None, "right": revision, "wrong": revision + 1}[condition]
            try:
                stored = self.run(self.engine.registers.put(bucket, key, value, expected=expected))
            except ProvenError as refused:
                assert refused.code is ErrorCode.CONFLICT  # noqa: PT017
                assert condition == "wrong"
            else:
                assert condition != "wrong"
                assert stored > self.highest[bucket]
                self.highest[bucket] = stored
                self.registers[bucket, key] = (value, stored)

        @rule(bucket=SPACES, key=SUBJECTS)
        def delete(self, bucket: str, key: str) -> None:
            existed = self.registers.pop((bucket, key), None) is not None
            assert self.run(self.engine.registers.delete(bucket, key)) is existed

        @precondition(lambda self: any(self.logs.values()))
        @rule()
        def restart(self) -> None:
            self.run(self.engine.stop())
            self.engine = new_engine(Path(self.directory.name))
            self.run(self.engine.start())

        @invariant()
        def registers_agree(self) -> None:
            for bucket in ("one", "two"):
                expected = [
                    Entry(key, *state) for (b, key), state in sorted(self.registers.items()) if b == bucket
                ]
                assert list(self.run(self.engine.registers.entries(bucket))) == expected

    return EngineAgainstModel


def test_any_sequence_of_calls_agrees_with_the_model(new_engine: Callable[[Path], Engine]) -> None:
    checks = settings(
        max_examples=40,
        stateful_step_count=25,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(engine_against_model(new_engine), settings=checks)
