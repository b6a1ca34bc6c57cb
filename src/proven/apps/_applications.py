"""The applications of a node: signed commands in, one log of entries, one view folded from it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from proven.apps._packages import Packages
from proven.apps._records import ApplicationRecord, Limits, Version
from proven.apps._snapshot import MAX_SNAPSHOT
from proven.apps._state import State
from proven.engine import Logs, Objects, Record, Subscription
from proven.packages import Asset, Manifest, Package, verify
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    Body,
    Command,
    CreateApplication,
    Deploy,
    OwnerKey,
    Policy,
    RemoveAllowedOrigin,
    RollBack,
    SignedCommand,
    Upgrade,
    decode_envelope,
    delay_of,
    sign,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId, application_id
from proven.wire.log_entries import (
    Activated,
    DomainLapsed,
    DomainProved,
    Entry,
    Submitted,
    decode_entry,
    encode_entry,
)
from proven.wire.merkle import leaf_hash
from proven.wire.origins import canonical_origin

logger = logging.getLogger("proven.apps")

LOG: Final = "applications"
"""The engine's log. Record `sequence` of it is entry `sequence - 1` of the network's log, byte for byte."""
SUBJECT: Final = "events"
SNAPSHOTS: Final = "application-snapshots"
SNAPSHOT: Final = "latest"

MAX_WAITING: Final = 256
"""Commands that wait for the one before them to be appended."""
SNAPSHOT_EVERY: Final = 100_000
"""Entries after which a new snapshot is taken while the node runs."""
SNAPSHOT_AT_BOUNDS: Final = 1_000
"""Entries since the last snapshot that are worth a new one at the start and the stop of a node."""
_MAX_ATTEMPTS: Final = 16
_CATCH_UP_SECONDS: Final = 30.0


Warm = Callable[[PackageId], Awaitable[None]]
"""Makes a package ready before it is announced or becomes a version; if it raises, neither happens."""


@dataclass(frozen=True, slots=True)
class Application:
    """One version of an application, ready to be called. `owner` is an Ed25519 public key; `log_index` is
    that of the entry that made the version live.
    """

    id: ApplicationId
    name: str
    owner: bytes
    version: int
    package_id: PackageId
    manifest: Manifest
    created_at: datetime
    log_index: int

    @classmethod
    def of(cls, record: ApplicationRecord, version: Version, manifest: Manifest) -> Application:
        return cls(
            id=record.id,
            name=record.name,
            owner=record.owner,
            version=version.number,
            package_id=version.package_id,
            manifest=manifest,
            created_at=datetime.fromtimestamp(record.created_at / 1000, UTC),
            log_index=version.log_index,
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """A command was accepted: the index of its entry in the log, and its application right after it or
    later.
    """

    log_index: int
    record: ApplicationRecord


@dataclass(frozen=True, slots=True)
class Change:
    """An entry, its index in the log, and its application as it was right after the entry or later."""

    log_index: int
    entry: Entry
    record: ApplicationRecord


class Applications:
    """Reads and changes the applications of a node. `State` has the rules.

    A command is checked against the state folded so far, appended on the condition that nothing else was in
    between, and returns once this node's state includes it. What does not wait (`find`, `list`, `versions`,
    `live`) reads this node's state as it is. `origin` names the network's log; `clock` is Unix seconds.
    """

    def __init__(
        self,
        logs: Logs,
        objects: Objects,
        *,
        origin: str,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._logs = logs
        self._objects = objects
        self._packages = Packages(objects)
        self._limits = limits or Limits()
        self._clock = clock
        self._state = State(origin, verify=False)
        self._snapshot_size = 0
        self._progress = asyncio.Condition()
        self._failure: ProvenError | None = ProvenError(ErrorCode.UNAVAILABLE, "applications are not started")
        self._follower: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._commands: set[asyncio.Task[int]] = set()

    @property
    def origin(self) -> str:
        """The name of the network's log, for which commands are signed."""
        return self._state.origin

    async def start(self) -> None:
        """Fold the log as it is now. Raises `UNAVAILABLE` if it breaks a rule."""
        last = await self._logs.last(LOG)
        await self._resume(last)
        await self._read_up_to(last)
        if self._state.length - self._snapshot_size >= SNAPSHOT_AT_BOUNDS:
            await self._take_snapshot()
        self._failure = None
        self._follower = asyncio.create_task(self._follow(), name="applications")

    async def stop(self) -> None:
        """Finish commands that have begun, then stop following the log."""
        await asyncio.gather(*self._commands, return_exceptions=True)
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
            sound = self._failure is None
            await self._fail(ProvenError(ErrorCode.UNAVAILABLE, "applications are stopped"))
            if sound and self._state.length - self._snapshot_size >= SNAPSHOT_AT_BOUNDS:
                await self._take_snapshot()

    async def health(self) -> None:
        """Raises if the state no longer follows the log."""
        if self._failure is not None:
            raise self._failure

    def now(self) -> int:
        """Unix milliseconds, by the clock that entries get their time from."""
        return int(self._clock() * 1000)

    def find(self, id_or_name: str) -> ApplicationRecord:
        """The application with this id or name, archived or not; raises `NOT_FOUND`."""
        return self._state.find(id_or_name)

    def by_domain(self, domain: str) -> ApplicationRecord:
        """The application that has proved, and not too long ago, that `domain` is its own; raises
        `NOT_FOUND`.
        """
        record = self._state.domain(domain, self.now())
        if record is None:
            raise ProvenError(
                ErrorCode.NOT_FOUND, f"no application has proved {domain[:200]!r} to be its own"
            )
        return record

    def list(self, *, owner: bytes | None = None) -> Sequence[ApplicationRecord]:
        """All applications, or those of one owner, in order of creation."""
        return tuple(self._state.all()) if owner is None else self._state.owned_by(owner)

    def versions(self, application: ApplicationId) -> Sequence[Version]:
        """Every version there was, from the first to the present one; raises `NOT_FOUND`."""
        return self._state.versions(application)

    def entries_of(self, application: ApplicationId) -> Sequence[int]:
        """The numbers in the log of all its entries, ascending; raises `NOT_FOUND`."""
        return self._state.history(application)

    async def history(
        self, application: ApplicationId, *, after: int = -1, limit: int = 100
    ) -> Sequence[Change]:
        """Up to `limit` entries of an application with a log index greater than `after`, in order; raises
        `NOT_FOUND`. `record` of each is the present one.
        """
        record = self.find(application)
        indexes = [index for index in self._state.history(record.id) if index > after][:limit]
        return [Change(index, decode_entry(await self.leaf(index)), record) for index in indexes]

    async def leaf(self, log_index: int) -> bytes:
        """The bytes of one entry of the log; raises `NOT_FOUND`."""
        records = await self._logs.read(LOG, after=log_index, limit=1)
        if not records or records[0].sequence != log_index + 1:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the log has no entry {log_index}")
        return records[0].data

    def root(self) -> tuple[int, bytes]:
        """How many entries this node has folded, and the Merkle root of them: what their checkpoint says."""
        return self._state.length, self._state.root()

    def allowed_origins(self, id_or_name: str) -> Sequence[str]:
        """The origins that the owner allowed, canonical, in the order added; raises `NOT_FOUND`."""
        return self.find(id_or_name).origins

    def allows_somewhere(self, origin: str) -> bool:
        """Whether the owner of any application that is not archived allowed `origin`."""
        return self._state.allows_somewhere(origin)

    def live(self, id_or_name: str) -> tuple[ApplicationRecord, Version]:
        """An application and the version that new calls go to.

        Raises `NOT_FOUND` if there is none, it has no version yet, or it is archived.
        """
        record = self.find(id_or_name)
        if record.archived:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the application {record.name} was archived by its owner")
        if not record.version:
            raise ProvenError(ErrorCode.NOT_FOUND, f"nothing has been deployed to {record.name} yet")
        return record, self._state.version(record.id)

    async def resolve(self, id_or_name: str) -> Application:
        """The version that new calls go to; raises `NOT_FOUND` as `live` does."""
        record, version = self.live(id_or_name)
        return Application.of(record, version, await self._packages.manifest(version.package_id))

    async def package(self, package_id: PackageId) -> Package:
        """A package that was stored, checked against its id, without its assets; raises `NOT_FOUND`."""
        return await self._packages.read(package_id)

    async def asset(self, asset: Asset) -> bytes:
        """The content of a front-end file of a package that was stored; raises `NOT_FOUND`."""
        return await self._packages.asset(asset)

    def package_of(self, application: ApplicationId, change: Upgrade) -> PackageId | None:
        """The package that a change makes live, if it makes one; raises `NOT_FOUND`."""
        return self._state.package_of(application, change)

    def due(self) -> Sequence[ApplicationRecord]:
        """The applications whose pending change can come into force now."""
        return self._state.due(self.now())

    def next_activation(self) -> int | None:
        """When the next change comes into force that is not due yet (Unix milliseconds)."""
        return self._state.next_activation(self.now())

    def proofs(self) -> Sequence[tuple[str, ApplicationId, int]]:
        """Every proof of a domain that has not lapsed: domain, application, until."""
        return tuple(self._state.proofs())

    def check(self, envelope: bytes) -> SignedCommand:
        """The command in an envelope; raises what `submit` would refuse it with now, packages aside."""
        signed = decode_envelope(envelope)
        signed.verify()
        self._check(signed.application_id, partial(_submitted, signed))
        return signed

    async def submit(
        self, envelope: bytes, *, package: Package | None = None, warm: Warm | None = None
    ) -> Receipt:
        """Carry out a signed command.

        What `Deploy` names is `package`, or was stored before; it is verified, and `warm` gets it ready,
        before the command is appended. Raises what `decode_envelope`, `SignedCommand.verify` and `State`
        refuse, what `packages.verify` and `warm` raise, and `QUOTA_EXCEEDED`.
        """
        signed = self.check(envelope)
        command = signed.body.command
        entry = partial(_submitted, signed)
        if isinstance(command, Deploy) and package is not None:
            if package.id != command.package_id:
                raise ProvenError(ErrorCode.BAD_REQUEST, "the package is not the one that the command names")
            await asyncio.to_thread(verify, package)
        elif isinstance(command, Deploy) and not await self._packages.has(PackageId(command.package_id)):
            raise ProvenError(
                ErrorCode.NOT_FOUND, f"the package {command.package_id} was not sent to this node"
            )
        if warm is not None and isinstance(command, Deploy | RollBack):
            package_id = self.package_of(signed.application_id, command)
            assert package_id is not None
            await warm(package_id)
        return await self._carry_out(signed.application_id, entry, package)

    async def submit_as(
        self,
        key: OwnerKey,
        application: ApplicationId,
        command: Command,
        *,
        revision: int | None = None,
        package: Package | None = None,
        warm: Warm | None = None,
    ) -> Receipt:
        """Sign a command with a key that is at hand, and carry it out. `revision` defaults to the present
        one.
        """
        if revision is None:
            known = self._state.get(application)
            revision = 0 if known is None else known.revision
        body = Body(origin=self.origin, application_id=application, revision=revision, command=command)
        return await self.submit(sign(body, key), package=package, warm=warm)

    async def create(
        self, key: OwnerKey, name: str, nonce: bytes, *, policy: Policy | None = None
    ) -> ApplicationRecord:
        """Create an application that the holder of `key` owns."""
        command = CreateApplication(name=name, nonce=nonce, policy=policy)
        created = application_id(key.public_key, nonce)
        return (await self.submit_as(key, created, command, revision=0)).record

    async def deploy(
        self,
        key: OwnerKey,
        application: ApplicationId,
        package: Package,
        *,
        revision: int | None = None,
        warm: Warm | None = None,
    ) -> Application:
        """Verify `package`, `warm` it, store it and make it the next version at once.

        A package that is the present version already is left as it is. Raises `CONFLICT` if changes of the
        application have to be announced: that is for `submit`.
        """
        record = self._require_immediate(application)
        if record.package_id == package.id and record.owner == key.public_key and not record.archived:
            return await self.resolve(application)
        await self.submit_as(
            key, application, Deploy(package_id=package.id), revision=revision, package=package, warm=warm
        )
        return await self.resolve(application)

    async def roll_back(
        self,
        key: OwnerKey,
        application: ApplicationId,
        to_version: int,
        *,
        revision: int | None = None,
        warm: Warm | None = None,
    ) -> Application:
        """`warm` the package of an earlier version and make it the next version at once; raises `CONFLICT`
        as `deploy` does.
        """
        self._require_immediate(application)
        await self.submit_as(key, application, RollBack(version=to_version), revision=revision, warm=warm)
        return await self.resolve(application)

    async def archive(
        self, key: OwnerKey, application: ApplicationId, *, revision: int | None = None
    ) -> ApplicationRecord:
        """End the application for good. Its name, versions and packages stay on record."""
        return (await self.submit_as(key, application, Archive(), revision=revision)).record

    async def add_origin(
        self, key: OwnerKey, application: ApplicationId, origin: str, *, revision: int | None = None
    ) -> ApplicationRecord:
        """Allow pages of `origin`, however it is written. Raises `CONFLICT` if they are allowed already."""
        command = AddAllowedOrigin(origin=_canonical(origin))
        return (await self.submit_as(key, application, command, revision=revision)).record

    async def remove_origin(
        self, key: OwnerKey, application: ApplicationId, origin: str, *, revision: int | None = None
    ) -> ApplicationRecord:
        """Allow pages of `origin` no longer. Raises `NOT_FOUND` if they are not allowed."""
        command = RemoveAllowedOrigin(origin=_canonical(origin))
        return (await self.submit_as(key, application, command, revision=revision)).record

    async def activate(self, application: ApplicationId, revision: int) -> Receipt:
        """Bring the pending change into force; raises `CONFLICT` if it is not due, or anything happened to
        the application after `revision`.
        """

        def entry(at: int) -> Entry:
            return Activated(at=at, application_id=application, revision=revision)

        return await self._carry_out(application, entry)

    async def prove_domain(self, application: ApplicationId, domain: str, until: int) -> Receipt:
        """Record that a proof of `domain` was seen, which holds until `until` (Unix milliseconds)."""

        def entry(at: int) -> Entry:
            return DomainProved(at=at, application_id=application, domain=domain, until=until)

        return await self._carry_out(application, entry)

    async def lapse_domain(self, application: ApplicationId, domain: str) -> Receipt:
        """Record that the proof of `domain` has expired."""

        def entry(at: int) -> Entry:
            return DomainLapsed(at=at, application_id=application, domain=domain)

        return await self._carry_out(application, entry)

    @asynccontextmanager
    async def watch(self, *, after: int | None = None) -> AsyncIterator[AsyncIterator[Change]]:
        """Changes after an index of the log (-1: from the first), or from now on. None is skipped, however
        slow the reader.
        """
        start = self._state.length if after is None else after + 1
        async with await self._logs.follow(LOG, after=start) as records:
            yield self._changes(records)

    async def _changes(self, records: Subscription[Record]) -> AsyncIterator[Change]:
        async for record in records:
            entry = decode_entry(record.data)
            await self._reach(record.sequence)
            yield Change(record.sequence - 1, entry, self.find(entry.application_id))

    def _require_immediate(self, application: ApplicationId) -> ApplicationRecord:
        record = self.find(application)
        if delay := delay_of(record.policy):
            raise ProvenError(
                ErrorCode.CONFLICT,
                f"changes of {record.name} come into force {delay} s after they were announced",
            )
        return record

    def _check(self, application: ApplicationId, entry: Callable[[int], Entry]) -> Entry:
        """The entry as it would be appended now; raises what it would be refused with."""
        known = self._state.get(application)
        now = self.now()
        checked = entry(now if known is None else max(now, known.changed_at))
        self._state.check(checked)
        if isinstance(checked, Submitted):
            self._state.check_limits(checked.command, self._limits)
        return checked

    async def _carry_out(
        self, application: ApplicationId, entry: Callable[[int], Entry], package: Package | None = None
    ) -> Receipt:
        """Append after those that wait already. Once begun it is finished, whoever goes away."""
        if len(self._commands) >= MAX_WAITING:
            raise ProvenError(ErrorCode.OVERLOADED, "too many commands are waiting", retry_after=1)
        command = asyncio.create_task(self._append(application, entry, package), name="application-command")
        self._commands.add(command)
        command.add_done_callback(self._commands.discard)
        sequence = await asyncio.shield(command)
        return Receipt(sequence - 1, self.find(application))

    async def _append(
        self, application: ApplicationId, entry: Callable[[int], Entry], package: Package | None
    ) -> int:
        """Check, store and append in one turn, so that nothing is stored for what is then refused.

        Only another node that appends in between makes a second attempt necessary.
        """
        async with self._turn:
            for _ in range(_MAX_ATTEMPTS):
                await self.health()
                leaf = encode_entry(self._check(application, entry))
                if package is not None:
                    await self._store(application, package)
                try:
                    sequence = await self._logs.append(LOG, SUBJECT, leaf, expected=self._state.length)
                except ProvenError as refused:
                    if refused.code is not ErrorCode.CONFLICT:
                        raise
                    await self._reach(await self._logs.last(LOG))
                else:
                    await self._reach(sequence)
                    return sequence
        raise ProvenError(ErrorCode.OVERLOADED, "other nodes change applications all the time", retry_after=1)

    async def _store(self, application: ApplicationId, package: Package) -> None:
        others = self._state.packages_of(self.find(application).owner)
        await self._packages.store(package, beside=others, limit=self._limits.package_bytes_per_owner)

    async def _resume(self, last: int) -> None:
        """Start from the snapshot, if there is one of this log; from nothing otherwise."""
        if await self._objects.info(SNAPSHOTS, SNAPSHOT) is None:
            return
        try:
            raw = await self._objects.read(SNAPSHOTS, SNAPSHOT, limit=MAX_SNAPSHOT)
            state = State.restore(raw, self.origin, verify=False)
            if state.length > last:
                raise ValueError("the log is shorter")
            if state.length and leaf_hash(await self.leaf(state.length - 1)) != state.last_leaf:
                raise ValueError("the log is another one")
        except (ValueError, ProvenError) as refused:
            logger.warning("snapshot_refused", extra={"reason": str(refused)})
            return
        self._state = state
        self._snapshot_size = state.length

    async def _read_up_to(self, last: int) -> None:
        while self._state.length < last:
            records = await self._logs.read(LOG, after=self._state.length)
            if not records:
                raise ProvenError(ErrorCode.UNAVAILABLE, "the log of applications ends too early")
            for record in records:
                self._fold(record)

    def _fold(self, record: Record) -> None:
        if record.sequence != self._state.length + 1:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the log of applications has a gap")
        try:
            self._state.append(record.data)
        except ProvenError as error:
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                f"entry {record.sequence - 1} of the log of applications breaks a rule: {error.message}",
            ) from error

    async def _take_snapshot(self) -> None:
        """A snapshot that cannot be written costs time at the next start, and nothing else."""
        size = self._state.length
        try:
            await self._objects.put(SNAPSHOTS, SNAPSHOT, self._state.snapshot())
        except ProvenError as error:
            logger.warning("snapshot_not_written", extra={"reason": error.message})
        self._snapshot_size = size

    async def _follow(self) -> None:
        """Fold the log's entries as they come; after the start the only place that changes the state."""
        try:
            async with await self._logs.follow(LOG, after=self._state.length) as records:
                async for record in records:
                    self._fold(record)
                    async with self._progress:
                        self._progress.notify_all()
                    if self._state.length - self._snapshot_size >= SNAPSHOT_EVERY:
                        await self._take_snapshot()
        except Exception as error:
            logger.critical("applications_not_followed", extra={"index": self._state.length}, exc_info=error)
            await self._fail(
                ProvenError(ErrorCode.UNAVAILABLE, f"the log of applications cannot be followed: {error}")
            )

    async def _fail(self, failure: ProvenError) -> None:
        self._failure = self._failure or failure
        async with self._progress:
            self._progress.notify_all()

    async def _reach(self, sequence: int) -> None:
        """Wait until the state includes the entry with this sequence."""

        def reached() -> bool:
            return self._state.length >= sequence or self._failure is not None

        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS), self._progress:
                await self._progress.wait_for(reached)
        except TimeoutError:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "this node is behind; try again", retry_after=1
            ) from None
        if self._state.length < sequence:
            await self.health()


def _submitted(signed: SignedCommand, at: int) -> Entry:
    return Submitted(at=at, command=signed)


def _canonical(origin: str) -> str:
    try:
        return canonical_origin(origin)
    except ValueError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{origin!r:.200} is not an origin: {error}") from None
