"""What a log's checkpoint and entries prove about an application: rules without input or output."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from proven.apps import ApplicationRecord, State, Version
from proven.attestation import Verifier
from proven.client.bundle import SavedLog
from proven.client.pins import Pins, Remembered
from proven.client.times import (
    CLOCK_SKEW,
    SUPERSEDED_GRACE,
    Activation,
    Sighting,
    check_not_after,
    check_order,
    check_sightings,
    check_since,
)
from proven.wire import merkle
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.log_entries import Activated, decode_entry
from proven.wire.log_key import LOG_LABEL, AttestedKey, user_data
from proven.wire.notes import Checkpoint, Note, NoteKey
from proven.wire.words import moment

MAX_COSIGNED: Final = 256
"""Earlier checkpoints with cosignatures that a log is shown with."""


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """A leaf of the log and the proof that it is number `index`; no proof where the whole log is given."""

    index: int
    leaf: bytes
    proof: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class LogView:
    """One signed state of a log, and what of its content was given. Made by `open_log`; it holds that

    1. the checkpoint is signed by `key`, whose name is the log's;
    2. every entry is in the log at its place; if `whole`, they are all there are.

    `attested_at` is when the evidence for the key was made, by the platform's clock.
    """

    key: NoteKey
    note: Note
    checkpoint: Checkpoint
    entries: Mapping[int, bytes]
    whole: bool
    attested_at: datetime | None = None

    def cosigned(self, pins: Pins) -> tuple[Sighting, ...]:
        """The required witnesses that cosigned. Raises `EVIDENCE_INVALID` if too few did, or one of the
        cosignatures is not good.
        """
        found = _sightings(self.note, self.checkpoint, pins)
        if len(found) < pins.needed_witnesses:
            cosigned = {each.witness for each in found}
            missing = ", ".join(each.name for each in pins.witnesses if each.name not in cosigned)
            raise _refused(
                f"{len(found)} of the {pins.needed_witnesses} witnesses that you require cosigned the "
                f"checkpoint; missing: {missing} (they may need a moment after an entry was written: "
                "try again)"
            )
        return found

    def cosigned_before(
        self, notes: Sequence[bytes], proofs: Mapping[int, Sequence[bytes]], pins: Pins
    ) -> tuple[Sighting, ...]:
        """When the witnesses saw earlier states of this log. What none of them cosigned, or is not shown to
        be of this log, counts for nothing. Raises `EVIDENCE_INVALID` for a state that they cosigned and
        this log contradicts.
        """
        found: list[Sighting] = []
        if not pins.witnesses:
            return ()
        if len(notes) > MAX_COSIGNED:
            raise _refused(f"the log is shown with over {MAX_COSIGNED} earlier checkpoints")
        for raw in notes:
            note = Note.parse(raw)
            earlier = Checkpoint.parse(note.text)
            sightings = _sightings(note, earlier, pins)
            if not sightings or earlier.origin != self.checkpoint.origin:
                continue
            if earlier.size > self.checkpoint.size:
                raise _refused(
                    f"{sightings[0].witness} saw {earlier.size} entries on {moment(1000 * sightings[0].at)}, "
                    f"and the log is shown with {self.checkpoint.size}"
                )
            try:
                compared = self.continues(earlier.size, earlier.root, proofs.get(earlier.size))
            except ProvenError as error:
                raise _refused(
                    f"the log was forked: {sightings[0].witness} saw another one of {earlier.size} entries "
                    f"on {moment(1000 * sightings[0].at)} ({error.message})"
                ) from None
            if compared:
                found.extend(sightings)
        return tuple(found)

    def continues(self, size: int, root: bytes, proof: Sequence[bytes] | None) -> bool:
        """Check that this log begins with the `size` entries under `root`; False if nothing was given by
        which to check it. Raises `EVIDENCE_INVALID` if it does not.
        """
        if self.whole and size <= self.checkpoint.size:
            if _root([self.entries[index] for index in range(size)]) != root:
                raise _refused("its first entries are others")
            return True
        if size == self.checkpoint.size or size == 0:
            proof = ()
        if proof is None:
            return False
        merkle.check_consistency(size, self.checkpoint.size, root, self.checkpoint.root, proof)
        return True


def _sightings(note: Note, checkpoint: Checkpoint, pins: Pins) -> tuple[Sighting, ...]:
    times = [(witness.name, witness.cosigned_at(note)) for witness in pins.witnesses]
    return tuple(Sighting(name, time, checkpoint.size) for name, time in times if time is not None)


def open_log(
    key: NoteKey,
    checkpoint: bytes,
    entries: Sequence[ProvenEntry],
    *,
    whole: bool,
    attested_at: datetime | None = None,
) -> LogView:
    """Check a checkpoint and entries against each other and the key. Raises `ProvenError`
    (`EVIDENCE_INVALID`, `BAD_REQUEST`, `TOO_LARGE`).
    """
    note = Note.parse(checkpoint)
    try:
        key.check(note)
    except ProvenError as error:
        raise _refused(f"the checkpoint is not one of the attested key: {error.message}") from None
    state = Checkpoint.parse(note.text)
    if state.origin != key.name:
        raise _refused(f"the checkpoint is of the log {state.origin}, and its key is that of {key.name}")
    leaves = {entry.index: entry.leaf for entry in entries}
    if len(leaves) != len(entries):
        raise _refused("an entry is given twice")
    if whole:
        if sorted(leaves) != list(range(state.size)):
            raise _refused(f"the log has {state.size} entries, and {len(leaves)} were given as the whole log")
        if _root([leaves[index] for index in range(state.size)]) != state.root:
            raise _refused("the entries are not those that the checkpoint signs: their root is another")
    else:
        for entry in entries:
            try:
                leaf = merkle.leaf_hash(entry.leaf)
                merkle.check_inclusion(leaf, entry.index, state.size, state.root, entry.proof)
            except ProvenError as error:
                raise _refused(
                    f"entry {entry.index} is not shown to be in the log: {error.message}"
                ) from None
    return LogView(key, note, state, leaves, whole, attested_at)


def open_saved(saved: SavedLog, verifier: Verifier, shown_at: datetime) -> LogView:
    """The same of a log as it was shown then, whose key has to be attested. Raises as `open_log`."""
    attested = AttestedKey.decode(saved.key)
    key = attested.key()
    try:
        evidence = verifier.verify(
            attested.evidence,
            nonce=saved.nonce,
            user_data=user_data(LOG_LABEL, attested.verifier_key),
            public_key=key.public_key,
            at=shown_at,
        )
    except ProvenError as error:
        raise _refused(f"the key of the log is not attested: {error.message}") from None
    entries = [ProvenEntry(entry.index, entry.leaf, entry.proof) for entry in saved.entries]
    return open_log(key, saved.checkpoint, entries, whole=saved.whole, attested_at=evidence.timestamp)


def check_remembered(
    view: LogView, known: Remembered | None, proof: Sequence[bytes] | None, shown_at: datetime
) -> str:
    """Compare a log, as it was shown then, with what was seen of it; says in words against what.

    Raises `EVIDENCE_INVALID` for another key, a shorter log, or one that contradicts it.
    """
    if known is None:
        return "the first time that this machine sees this log"
    seen = f"what this machine saw on {known.when} ({known.size} entries)"
    if known.verifier_key != view.key.verifier_key():
        raise _refused(f"the log {view.key.name} has another key than it had on {known.when}")
    size = view.checkpoint.size
    if size < known.size and shown_at.timestamp() < known.seen_at:
        return f"older than, and not compared with, {seen}"
    if size < known.size:
        raise _refused(
            f"the log was rolled back: it had {known.size} entries on {known.when}, "
            f"now it is shown with {size}"
        )
    try:
        compared = view.continues(known.size, bytes.fromhex(known.root), proof)
    except ProvenError as error:
        raise _refused(
            f"the log was forked: on {known.when} it had {known.size} entries with the root "
            f"{known.root[:16]}…, and the one shown now, with {size}, does not begin with them "
            f"({error.message})"
        ) from None
    return seen if compared else f"not compared with {seen}: no proof was saved"


@dataclass(frozen=True, slots=True)
class Live:
    """What the log says about an application: as it is at the checkpoint (`record`), all its versions, the
    version that answered, and when another replaced that (Unix milliseconds), if one did; which entries are
    its own, the changes that came into force after a notice, and the times of all entries that were given.
    """

    record: ApplicationRecord
    versions: tuple[Version, ...]
    version: Version
    replaced_at: int | None
    entries: tuple[int, ...]
    activations: tuple[Activation, ...]
    times: Mapping[int, int]


def replay(view: LogView, application: ApplicationId, package_id: PackageId, log_index: int) -> Live:
    """Replay an application's entries, each with its signatures and the policy of its time, and find the one
    that made the package that answered live.

    Raises `EVIDENCE_INVALID` if an entry breaks a rule, one is missing in between, or the log does not say
    what the answer says.
    """
    state = State(view.checkpoint.origin)
    indexes: list[int] = []
    times: dict[int, int] = {}
    activations: list[Activation] = []
    for index in sorted(view.entries):
        leaf = view.entries[index]
        try:
            entry = decode_entry(leaf)
        except ProvenError as error:
            raise _refused(f"entry {index} of the log is malformed: {error.message}") from None
        times[index] = entry.at
        if entry.application_id != application:
            if index == log_index:
                raise _refused(
                    f"entry {index}, which the answer names, is about the application {entry.application_id}"
                )
            continue
        pending = state.find(application).pending if isinstance(entry, Activated) and indexes else None
        try:
            state.append(leaf)
        except ProvenError as error:
            raise _refused(_broken(index, error)) from None
        indexes.append(index)
        if pending is not None:
            delay = (pending.activates_at - pending.announced_at) // 1000
            announced = indexes[pending.log_index]
            activations.append(Activation(announced, index, pending.announced_at, entry.at, delay))
    if log_index >= view.checkpoint.size:
        raise _refused(
            f"the checkpoint is older than the answer: it has {view.checkpoint.size} entries, and the answer "
            f"names entry {log_index}"
        )
    if log_index not in indexes:
        raise _refused(f"entry {log_index}, which the answer names, is not among the application's entries")
    versions = tuple(_placed(version, indexes) for version in state.versions(application))
    version = next((each for each in versions if each.log_index == log_index), None)
    if version is None:
        raise _refused(f"entry {log_index}, which the answer names, made no package live")
    if version.package_id != package_id:
        raise _refused(
            f"entry {log_index} made the package {version.package_id} live, and the answer names {package_id}"
        )
    later = [each.at for each in versions if each.number > version.number]
    return Live(
        state.find(application),
        versions,
        version,
        min(later, default=None),
        tuple(indexes),
        tuple(activations),
        times,
    )


def check_times(
    view: LogView,
    live: Live,
    known: Remembered | None,
    sightings: Sequence[Sighting],
    *,
    answered_at: datetime,
    shown_at: datetime,
) -> None:
    """Hold the times of all entries against each other, the clocks of the caller and of the platform, what
    was seen of the log and when witnesses saw it; and refuse answers from before the version that gave them,
    or long after it was replaced. Raises `EVIDENCE_INVALID`.
    """
    check_order(live.times)
    check_not_after(live.times, shown_at if view.attested_at is None else min(shown_at, view.attested_at))
    if known is not None:
        check_since(live.times, known)
    check_sightings(live.times, sightings, shown_at)
    if live.version.at / 1000 > answered_at.timestamp() + CLOCK_SKEW:
        raise _refused(
            f"entry {live.version.log_index}, which the answer names, is of {moment(live.version.at)}, and "
            f"the answer came before that, on {moment(round(1000 * answered_at.timestamp()))}"
        )
    replaced = live.replaced_at
    if replaced is not None and answered_at.timestamp() > replaced / 1000 + SUPERSEDED_GRACE:
        raise _refused(
            f"the answer came from version {live.version.number}, which was replaced on {moment(replaced)}"
        )


def read_hashes(listed: object) -> tuple[bytes, ...]:
    """The hashes of a proof, as JSON brings them. Raises `EVIDENCE_INVALID`."""
    if not isinstance(listed, list) or len(listed) > merkle.MAX_PROOF + 2:
        raise _refused("a proof is a short list of hashes")
    try:
        return tuple(base64.b64decode(each, validate=True) for each in listed if isinstance(each, str))
    except (binascii.Error, ValueError):
        raise _refused("the hashes of a proof are base64") from None


def _broken(index: int, error: ProvenError) -> str:
    """What is wrong with an entry that the rules refuse."""
    details = error.details or {}
    if error.code is ErrorCode.UNAUTHENTICATED:
        return f"entry {index} of the log is not signed by those it names: {error.message}"
    if error.code is ErrorCode.CONFLICT and "revision" in details:
        return (
            f"entries of the application were left out or added before entry {index}: {error.message} as its "
            f"author had seen"
        )
    if error.code in (ErrorCode.NOT_OWNER, ErrorCode.FORBIDDEN):
        return f"entry {index} breaks the upgrade policy: {error.message}"
    return f"entry {index} breaks the rules of applications: {error.message}"


def _placed(version: Version, indexes: Sequence[int]) -> Version:
    """A version whose indexes are those of the log, not of the application's own entries."""
    return Version(
        version.number,
        version.package_id,
        version.at,
        indexes[version.log_index],
        indexes[version.announced_index],
        version.rolled_back_to,
    )


def _root(leaves: Sequence[bytes]) -> bytes:
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.add(merkle.leaf_hash(leaf))
    return frontier.root()


def _refused(message: str) -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, message)
