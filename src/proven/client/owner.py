"""What an owner reads of the log before signing, and how commands are handed in. What is read is verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from proven.apps import ApplicationRecord, State, Version
from proven.attestation import Verifier
from proven.client.bundle import SavedAnswer, SavedLog
from proven.client.collect import Collector
from proven.client.log import LogView, check_remembered, open_saved
from proven.client.pins import LogMemory, Pins, Remembered
from proven.client.report import FailedError
from proven.client.times import check_not_after, check_order, check_since
from proven.client.verification_log import check_count, check_description
from proven.packages import Manifest
from proven.wire import ids
from proven.wire.applications import SignedCommand
from proven.wire.commands import SubmitResult
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.log_entries import Entry, Submitted, decode_entry


@dataclass(frozen=True, slots=True)
class ReadLog:
    """A log at one checkpoint, its entries replayed by the rules of applications: all of them (`view.whole`),
    or those of one application.
    """

    view: LogView
    state: State
    _indexes: tuple[int, ...]

    @property
    def origin(self) -> str:
        return self.view.checkpoint.origin

    def find(self, id_or_name: str) -> ApplicationRecord:
        """Raises `ProvenError` (`NOT_FOUND`)."""
        record = self.state.find(id_or_name)
        pending = record.pending
        if pending is not None:
            pending = msgspec.structs.replace(pending, log_index=self._indexes[pending.log_index])
        live_index = None if record.log_index is None else self._indexes[record.log_index]
        return replace(record, log_index=live_index, pending=pending)

    def all(self) -> Sequence[ApplicationRecord]:
        """In order of creation, archived ones too."""
        return [self.find(record.id) for record in self.state.all()]

    def live(self, application: ApplicationId) -> Version | None:
        """The version that answers, if there is one."""
        versions = self.state.versions(application)
        if not versions:
            return None
        newest = versions[-1]
        return msgspec.structs.replace(
            newest,
            log_index=self._indexes[newest.log_index],
            announced_index=self._indexes[newest.announced_index],
        )

    def entries(self, application: ApplicationId) -> Sequence[tuple[int, Entry]]:
        """All entries of an application, each with its index in the log. Raises `NOT_FOUND`."""
        indexes = [self._indexes[place] for place in self.state.history(application)]
        return [(index, decode_entry(self.view.entries[index])) for index in indexes]


class OwnersNode:
    """A node as an owner uses it. `memory` is what was seen of logs before: a log that was rolled back or
    forked is refused.
    """

    def __init__(self, collector: Collector, verifier: Verifier, memory: LogMemory) -> None:
        self._collector = collector
        self._verifier = verifier
        self._memory = memory

    async def read(self, application: str | None, *, size: int = 0, whole: bool = False) -> ReadLog:
        """The log, or of a long one what is about an application (id or name). `whole` reads it all.

        Of an application that answers, the log has to be as far as the node signs that it is, and show as
        many of its entries. Raises `ProvenError`: `EVIDENCE_INVALID` if it does not hold, `NOT_FOUND`,
        `UNAVAILABLE`.
        """
        known_as = ids.parse_application_id(application) if _is_id(application) else None
        said = None if application is None else await self._collector.describe_if_live(application)
        reading = partial(self._collector.log, size=size, memory=self._memory, described=said)
        saved = await reading(known_as, whole=whole)
        if not saved.whole and application is not None and known_as is None:
            known_as = await self._collector.find(application)
            saved = await reading(known_as)
        shown_at = datetime.now(UTC)
        view = open_saved(saved, self._verifier, shown_at)
        known = self._memory.log(view.checkpoint.origin)
        proof = None if known is None else dict(saved.consistency).get(known.size)
        check_remembered(view, known, proof, shown_at)
        read = _replay(view, None if view.whole else known_as)
        _check_times(view, known, shown_at)
        if application is not None:
            self._check_newest(read, saved, application, said)
            self._remember(read, application, shown_at)
        return read

    async def unproved(self, record: ApplicationRecord) -> Mapping[str, str]:
        """Why the node has not proved domains that the application claims, by domain. Nothing verifies that;
        a node that does not tell is no failure.
        """
        if not record.domains:
            return {}
        try:
            return await self._collector.unproved(record.id)
        except ProvenError:
            return {}

    async def submit(self, signed: SignedCommand, archive: bytes = b"") -> tuple[SubmitResult, ReadLog]:
        """Hand in a signed command, and see it in the log. Raises what it is refused with, and
        `EVIDENCE_INVALID` if the node says that it was accepted and the log does not.
        """
        result = await self._collector.submit(signed.encode(), archive)
        read = await self.read(signed.application_id, size=result.log_index + 1)
        leaf = read.view.entries.get(result.log_index)
        entry = None if leaf is None else decode_entry(leaf)
        if not isinstance(entry, Submitted) or entry.command != signed:
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID,
                f"the node says that the command is entry {result.log_index} of the log, and it is not there",
            )
        return result, read

    async def manifest(self, package_id: PackageId) -> Manifest:
        """What a package that the node keeps says, checked against its id. Raises `ProvenError`."""
        manifest = Manifest.from_json(await self._collector.manifest(package_id))
        if manifest.package_id != package_id:
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID,
                f"the node gave the package {manifest.package_id} for {package_id}",
            )
        return manifest

    def _check_newest(
        self, read: ReadLog, saved: SavedLog, application: str, said: SavedAnswer | None
    ) -> None:
        try:
            record = read.state.find(application)
        except ProvenError:
            if said is None:
                return
            raise
        try:
            if said is not None:
                revision = check_description(read.view, saved, said, record.id, self._verifier, Pins())
                check_count(record.revision, revision)
            elif record.version and not record.archived:
                raise FailedError("the node does not sign how far its log goes")
        except FailedError as failure:
            raise ProvenError(ErrorCode.EVIDENCE_INVALID, str(failure)) from None

    def _remember(self, read: ReadLog, application: str, shown_at: datetime) -> None:
        try:
            found = read.state.find(application).id
        except ProvenError:
            return
        before = self._memory.log_of(found)
        if before is not None and before[0] != read.origin:
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID,
                f"the application was in the log {before[0]} on {before[1]}, and is now shown in "
                f"{read.origin}",
            )
        checkpoint = read.view.checkpoint
        self._memory.remember(
            found,
            Remembered(
                origin=checkpoint.origin,
                verifier_key=read.view.key.verifier_key(),
                size=checkpoint.size,
                root=checkpoint.root.hex(),
                seen_at=int(shown_at.timestamp()),
            ),
        )


def _check_times(view: LogView, known: Remembered | None, shown_at: datetime) -> None:
    """No entry is of the future, or older than what was seen without it. Raises `EVIDENCE_INVALID`."""
    times = {index: decode_entry(leaf).at for index, leaf in view.entries.items()}
    check_order(times)
    check_not_after(times, shown_at if view.attested_at is None else min(shown_at, view.attested_at))
    if known is not None:
        check_since(times, known)


def _is_id(application: str | None) -> bool:
    return application is not None and ids.is_application_id(application)


def _replay(view: LogView, application: ApplicationId | None) -> ReadLog:
    """All entries, or those of one application. Raises `EVIDENCE_INVALID` for one that breaks a rule."""
    state = State(view.checkpoint.origin)
    indexes = []
    for index in sorted(view.entries):
        leaf = view.entries[index]
        try:
            if application is None or decode_entry(leaf).application_id == application:
                state.append(leaf)
                indexes.append(index)
        except ProvenError as error:
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID,
                f"entry {index} of the log breaks the rules of applications: {error.message}",
            ) from None
    return ReadLog(view, state, tuple(indexes))
