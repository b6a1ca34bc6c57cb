"""Random sequences of operations do to a scope what they do to a dictionary."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from proven.storage import (
    KvKind,
    KvStore,
    Operations,
    Scope,
    Storage,
    StorageConfig,
    Synchronous,
    Transaction,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

T = TypeVar("T")

Place = tuple[KvStore, str]
Entry = tuple[bytes, int, float | None]

CONFIG = StorageConfig(synchronous=Synchronous.NORMAL, max_page_bytes=200)
SCOPE = Scope.application(ApplicationId("a" * 32))
stores = st.builds(KvStore, st.sampled_from(KvKind), st.sampled_from(["n", "nn", "é"]))
keys = st.sampled_from(["a", "ab", "b", "a/", "a/b", "\uffff", "\U0001f600"])
values = st.binary(max_size=100)
lifetimes = st.none() | st.integers(1, 50)


class KeyValueStore(RuleBasedStateMachine):
    """Entries with versions and lifetimes, transactions, restarts, and time that passes."""

    seen = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.directory = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.committed: dict[Place, Entry] = {}
        self.pending: dict[Place, Entry] | None = None
        self.transaction: Transaction | None = None
        self.versions: set[int] = set()
        self.drafts: set[int] = set()
        self.discarded: set[int] = set()
        self.open()

    def open(self) -> None:
        self.storage = Storage(Path(self.directory.name), b"k" * 32, config=CONFIG, clock=lambda: self.now)
        self.run(self.storage.start())
        self.store = self.run(self.storage.scope(SCOPE))

    def run(self, work: Awaitable[T]) -> T:
        async def waited() -> T:
            return await work

        return self.loop.run_until_complete(waited())

    @property
    def target(self) -> Operations:
        return self.transaction or self.store

    @property
    def model(self) -> dict[Place, Entry]:
        return self.committed if self.pending is None else self.pending

    def live(self, model: dict[Place, Entry], place: Place) -> Entry | None:
        entry = model.get(place)
        return entry if entry is not None and (entry[2] is None or entry[2] > self.now) else None

    @initialize(target=seen)
    def no_version(self) -> int:
        return 0

    @rule(target=seen, store=stores, key=keys, value=values, ttl=lifetimes)
    def set(self, store: KvStore, key: str, value: bytes, ttl: int | None) -> int:
        return self.remember(store, key, value, ttl, self.run(self.target.kv_set(store, key, value, ttl=ttl)))

    @rule(target=seen, store=stores, key=keys, value=values, expected=seen)
    def compare_and_set(self, store: KvStore, key: str, value: bytes, expected: int) -> int:
        entry = self.live(self.model, (store, key))
        current = entry[1] if entry else 0
        attempt = self.target.kv_set(store, key, value, expected_version=expected)
        if expected != current:
            with pytest.raises(ProvenError) as caught:
                self.run(attempt)
            assert caught.value.code is ErrorCode.CONFLICT
            return current
        version = self.run(attempt)
        return self.remember(store, key, value, None, version)

    def remember(self, store: KvStore, key: str, value: bytes, ttl: int | None, version: int) -> int:
        assert version not in self.versions
        self.versions.add(version)
        if self.transaction is not None:
            self.drafts.add(version)
        self.model[store, key] = (value, version, None if ttl is None else self.now + ttl)
        return version

    @rule(store=stores, key=keys)
    def delete(self, store: KvStore, key: str) -> None:
        expected = self.live(self.model, (store, key)) is not None
        assert self.run(self.target.kv_delete(store, key)) == expected
        self.model.pop((store, key), None)

    @rule(store=stores, key=keys)
    def get(self, store: KvStore, key: str) -> None:
        for target, model in ((self.target, self.model), (self.store, self.committed)):
            entry = self.run(target.kv_get(store, key))
            found = None if entry is None else (entry.value, entry.version, entry.expires_at)
            assert found == self.live(model, (store, key))
            assert self.run(target.kv_has(store, key)) == (found is not None)

    @rule(store=stores, prefix=st.sampled_from(["", "a", "a/", "\uffff", "z"]), limit=st.integers(1, 4))
    def entries(self, store: KvStore, prefix: str, limit: int) -> None:
        expected = sorted(
            key
            for (kv, key) in self.model
            if kv == store and key.startswith(prefix) and self.live(self.model, (kv, key))
        )
        found: list[str] = []
        while True:
            after = found[-1] if found else None
            page = self.run(self.target.kv_entries(store, prefix=prefix, after=after, limit=limit))
            if not page:
                break
            assert len(page) <= limit
            for key, entry in page:
                assert entry is not None
                assert self.live(self.model, (store, key)) == (entry.value, entry.version, entry.expires_at)
            found += [key for key, _ in page]
        assert found == expected

    @rule(seconds=st.integers(1, 30))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: self.transaction is None)
    @rule()
    def begin(self) -> None:
        self.transaction = self.run(self.store.transaction(timeout=30))
        self.pending = dict(self.committed)

    @precondition(lambda self: self.transaction is not None)
    @rule(commit=st.booleans())
    def end(self, commit: bool) -> None:
        assert self.transaction is not None
        assert self.pending is not None
        if commit:
            self.run(self.transaction.commit())
            self.committed = self.pending
        else:
            self.run(self.transaction.rollback())
            self.discarded |= self.drafts
        self.drafts = set()
        self.transaction = self.pending = None

    @precondition(lambda self: self.transaction is None)
    @rule()
    def restart(self) -> None:
        self.run(self.storage.close())
        self.open()
        self.versions -= self.discarded

    @invariant()
    def a_transaction_is_open_exactly_if_one_was_begun(self) -> None:
        assert (self.transaction is None) == (self.pending is None)

    def teardown(self) -> None:
        end: Callable[[], Awaitable[None]] | None = self.transaction.rollback if self.transaction else None
        if end is not None:
            self.run(end())
        self.run(self.storage.close())
        self.loop.close()
        self.directory.cleanup()


TestKeyValueStore = KeyValueStore.TestCase
TestKeyValueStore.settings = settings(max_examples=60, stateful_step_count=40)
