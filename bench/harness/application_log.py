"""A log of applications as a year of use would leave it: made once, from a seed, and kept."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import itertools
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from harness.peers import BENCH
from proven.apps import LOG
from proven.engine.embedded import EmbeddedEngine
from proven.wire.applications import (
    UPGRADES,
    AddAllowedOrigin,
    Archive,
    Body,
    CancelUpgrade,
    Command,
    CreateApplication,
    Deploy,
    LinkDomain,
    Multisig,
    OwnerDecides,
    OwnerKey,
    Policy,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    UnlinkDomain,
    Upgrade,
    decode_envelope,
    delay_of,
    sign,
)
from proven.wire.ids import ApplicationId, application_id
from proven.wire.log_entries import (
    Activated,
    DomainLapsed,
    DomainProved,
    Entry,
    Submitted,
    decode_entry,
    encode_entry,
)

ORIGIN: Final = "proven.local/" + "ab" * 32

_KEY: Final = b"e" * 32
_KEPT: Final = BENCH / ".logs"
_TOGETHER: Final = 512

_BEGIN: Final = 1_790_000_000_000
_BETWEEN: Final = 30_000
"""Milliseconds between two entries: a million of them take a year."""
_DAY: Final = 24 * 3600 * 1000
_ENTRIES_PER_APPLICATION: Final = 50
_OWNERS: Final = 1000
_HAPPENS: Final = {
    "deploy": 80.0,
    "roll_back": 5.0,
    "set_policy": 1.0,
    "transfer": 0.5,
    "take_back": 0.5,
    "origin": 6.0,
    "domain": 6.0,
    "archive": 0.2,
}


@asynccontextmanager
async def engine_with(entries: int) -> AsyncIterator[EmbeddedEngine]:
    """An engine whose log of applications has so many entries. Its file is kept for the next time."""
    engine = EmbeddedEngine(_folder(entries) / "engine.db", _KEY)
    await engine.start()
    try:
        if (present := await engine.logs.last(LOG)) < entries:
            await _write(engine, itertools.islice(leaves(), present, entries))
        yield engine
    finally:
        await engine.stop()


async def _write(engine: EmbeddedEngine, log: Iterator[bytes]) -> None:
    while together := list(itertools.islice(log, _TOGETHER)):
        await asyncio.gather(*(engine.logs.append(LOG, "events", leaf) for leaf in together))


async def as_events(entries: int) -> Path:
    """A plain SQLite file with the same log as JSON events. It is kept for the next time."""
    async with engine_with(entries) as engine:
        file = _folder(entries) / "events.db"
        if not file.exists():
            written = file.with_suffix(".part")
            written.unlink(missing_ok=True)
            with closing(sqlite3.connect(written)) as events, events:
                events.execute("CREATE TABLE event (number INTEGER PRIMARY KEY, application, at, event)")
                after = 0
                while records := await engine.logs.read(LOG, after=after):
                    rows = (_event(record.sequence, decode_entry(record.data)) for record in records)
                    events.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", rows)
                    after = records[-1].sequence
            written.rename(file)
        return file


def _event(number: int, entry: Entry) -> tuple[int, str, int, bytes]:
    happened = entry.command.body.command if isinstance(entry, Submitted) else entry
    fields = {"command": type(happened).__name__, **msgspec.to_builtins(happened)}
    return number, entry.application_id, entry.at, msgspec.json.encode(fields)


def leaves() -> Iterator[bytes]:
    """The entries, without end and always the same. Every signature in them is good."""
    return map(encode_entry, _Year().entries())


def _folder(entries: int) -> Path:
    """Another one when anything here has changed."""
    return _KEPT / f"{entries}-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]}"


@dataclass(slots=True)
class _Known:
    """What those who write to an application's log have to know about it. `keys` change it."""

    id: ApplicationId
    name: str
    keys: tuple[OwnerKey, ...]
    policy: Policy
    revision: int = 0
    versions: int = 0
    pending: tuple[int, Upgrade] | None = None
    origins: int = 0
    claims: bool = False
    proved_until: int | None = None
    archived: bool = False


class _Year:
    """A few applications change often, most seldom. Of ten, seven are changed by their owner, and one each
    after notice, by two keys of three, and by two keys after notice.
    """

    def __init__(self) -> None:
        self._random = random.Random(1)
        owners = (OwnerKey.from_seed(number.to_bytes(32, "big")) for number in range(_OWNERS))
        self._owners = sorted(owners, key=lambda owner: owner.public_key)
        self._by_key = {owner.public_key: owner for owner in self._owners}
        self._applications: list[_Known] = []
        self._due: list[tuple[int, int]] = []
        self._at = _BEGIN

    def entries(self) -> Iterator[Entry]:
        for number in itertools.count():
            self._at += _BETWEEN
            if number % _ENTRIES_PER_APPLICATION == 0:
                yield self._create(len(self._applications))
            else:
                yield self._activated() or self._change()

    def _create(self, number: int) -> Entry:
        first = self._random.randrange(_OWNERS - 3)
        keys, guardian = self._owners[first : first + 3], self._owners[first + 3].public_key
        public = tuple(key.public_key for key in keys)
        policies: list[Policy] = [
            Timelock(delay=2 * 24 * 3600, guardians=(guardian,)),
            Multisig(threshold=2, keys=public),
            TimelockMultisig(delay=7 * 24 * 3600, threshold=2, keys=public, guardians=(guardian,)),
        ]
        policy = policies[number % 10] if number % 10 < 3 else OwnerDecides()
        nonce = number.to_bytes(8, "big")
        identifier = application_id(public[0], nonce)
        known = _Known(identifier, f"app-{number}", (keys[0],), policy)
        command = CreateApplication(name=known.name, nonce=nonce, policy=policy if number % 10 < 3 else None)
        entry = self._submitted(known, command)
        known.keys = tuple(keys[:2]) if number % 10 in (1, 2) else known.keys
        self._applications.append(known)
        return entry

    def _activated(self) -> Entry | None:
        """The longest due change that is still pending, brought into force."""
        while self._due and self._due[0][0] <= self._at:
            at, number = heapq.heappop(self._due)
            known = self._applications[number]
            if known.pending and known.pending[0] == at:
                self._bring_into_force(known, known.pending[1])
                known.pending = None
                known.revision += 1
                return Activated(at=self._at, application_id=known.id, revision=known.revision - 1)
        return None

    def _change(self) -> Entry:
        while True:
            number = int(len(self._applications) * self._random.random() ** 2)
            known = self._applications[number]
            (happens,) = self._random.choices(list(_HAPPENS), list(_HAPPENS.values()))
            command = None if known.archived else self._command(known, happens)
            if isinstance(command, Entry):
                return command
            if command is not None:
                entry = self._submitted(known, command)
                if isinstance(command, UPGRADES):
                    self._announce(known, number, command)
                return entry

    def _command(self, known: _Known, happens: str) -> Command | Entry | None:
        """What has to be written for that to happen, if it can."""
        match happens:
            case "origin":
                name = f"https://page-{known.origins // 2}.example"
                known.origins += 1
                return (
                    AddAllowedOrigin(origin=name) if known.origins % 2 else RemoveAllowedOrigin(origin=name)
                )
            case "domain":
                return self._domain(known)
            case "archive":
                known.archived = True
                known.pending = None
                return Archive()
            case "take_back" if known.pending:
                known.pending = None
                return CancelUpgrade()
            case _ if known.pending or happens == "take_back":
                return None
            case "deploy":
                return Deploy(package_id=self._random.randbytes(32).hex())
            case "roll_back" if known.versions > 1:
                return RollBack(version=self._random.randrange(1, known.versions))
            case "transfer" if isinstance(known.policy, OwnerDecides):
                return TransferOwnership(to=self._random.choice(self._owners).public_key)
            case "set_policy":
                alone = len(known.keys) == 1
                return SetUpgradePolicy(policy=Timelock(delay=24 * 3600) if alone else known.policy)
        return None

    def _domain(self, known: _Known) -> Command | Entry:
        """Claimed first, then proved for 30 days and again from the 20th on; seldom given up."""
        name = f"www.{known.name}.example"
        if not known.claims:
            known.claims = True
            return LinkDomain(domain=name)
        known.revision += 1
        if known.proved_until is not None and known.proved_until <= self._at:
            known.proved_until = None
            return DomainLapsed(at=self._at, application_id=known.id, domain=name)
        if known.proved_until is None or known.proved_until - self._at < 10 * _DAY:
            known.proved_until = self._at + 30 * _DAY
            return DomainProved(at=self._at, application_id=known.id, domain=name, until=known.proved_until)
        known.revision -= 1
        known.claims, known.proved_until = False, None
        return UnlinkDomain(domain=name)

    def _announce(self, known: _Known, number: int, change: Upgrade) -> None:
        delay = delay_of(known.policy) * 1000
        if not delay:
            self._bring_into_force(known, change)
            return
        known.pending = (self._at + delay, change)
        heapq.heappush(self._due, (self._at + delay, number))

    def _bring_into_force(self, known: _Known, change: Upgrade) -> None:
        match change:
            case Deploy() | RollBack():
                known.versions += 1
            case SetUpgradePolicy(policy=policy):
                known.policy = policy
            case TransferOwnership(to=owner):
                known.keys = (self._by_key[owner],)

    def _submitted(self, known: _Known, command: Command) -> Entry:
        body = Body(origin=ORIGIN, application_id=known.id, revision=known.revision, command=command)
        known.revision += 1
        return Submitted(at=self._at, command=decode_envelope(sign(body, *known.keys)))
