"""The log as pages show it: entries decoded, and the proof that an entry is in it, step by step."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

from proven.gateway.explorer import records
from proven.gateway.explorer._applications import ApplicationViews, kind_of
from proven.gateway.explorer._listing import Query, number_of
from proven.gateway.explorer.ports import ExplorerRooms
from proven.wire import words
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.log_entries import Activated, DomainLapsed, DomainProved, Entry, Submitted, decode_entry
from proven.wire.merkle import check_inclusion, leaf_hash, node_hash
from proven.wire.notes import Note, Signature

ENTRIES_A_PAGE: Final = 50
_COSIGNATURE_BYTES: Final = 72


class LogViews:
    """Makes the records of pages about the log."""

    def __init__(self, rooms: ExplorerRooms, applications: ApplicationViews) -> None:
        self._log = rooms.log
        self._cosignatures = rooms.cosignatures
        self._applications = applications

    async def latest(self, query: Query) -> records.Log:
        """A page of entries. Raises `NOT_FOUND` where there are none."""
        checkpoint = self._checkpoint()
        end = number_of(query, "before", checkpoint.size)
        if end > checkpoint.size or (end == 0 and checkpoint.size):
            raise ProvenError(
                ErrorCode.NOT_FOUND, f"the log has {checkpoint.size} entries, and none before that"
            )
        first = max(0, end - ENTRIES_A_PAGE)
        leaves = await self._log.entries(first, end - first)
        entries = [
            self._applications.happening(first + place, decode_entry(leaf))
            for place, leaf in enumerate(leaves)
        ]
        return records.Log(checkpoint=checkpoint, entries=entries[::-1], older=first or None)

    async def entry(self, number: str) -> records.Entry:
        """One entry with its proof. Raises `NOT_FOUND`."""
        checkpoint = self._log.checkpoint
        if not number.isascii() or not number.isdigit() or len(number) > 15 or int(number) >= checkpoint.size:
            raise ProvenError(
                ErrorCode.NOT_FOUND,
                f"the log has no entry {number[:20]!r} yet; its newest checkpoint covers {checkpoint.size}",
            )
        index, size = int(number), checkpoint.size
        (leaf,) = await self._log.entries(index, 1)
        proof = self._log.prove_inclusion(index, size)
        entry = decode_entry(leaf)
        try:
            check_inclusion(leaf_hash(leaf), index, size, checkpoint.root, proof)
            proved = True
        except ProvenError:
            proved = False
        return records.Entry(
            log_index=index,
            happening=self._applications.happening(index, entry),
            fields=_fields(entry),
            raw=leaf.hex(),
            leaf_hash=leaf_hash(leaf).hex(),
            inclusion=[base64.b64encode(each).decode() for each in proof],
            steps=_steps(leaf_hash(leaf), index, size, proof),
            proved=proved,
            checkpoint=self._checkpoint(),
        )

    def _checkpoint(self) -> records.Checkpoint:
        checkpoint = self._log.checkpoint
        note = self._log.signed(self._cosignatures())
        return records.Checkpoint(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=base64.b64encode(checkpoint.root).decode(),
            verifier_key=self._log.verifier_key,
            note=note.decode(),
            cosignatures=[
                _cosignature(each) for each in Note.parse(note).signatures if each.name != self._log.origin
            ],
        )


def _cosignature(signature: Signature) -> records.Cosignature:
    timed = len(signature.blob) == _COSIGNATURE_BYTES
    at = int.from_bytes(signature.blob[:8], "big") if timed else None
    return records.Cosignature(
        name=signature.name,
        key_id=signature.key_id.hex(),
        at=at if at is None or at < 1 << 33 else None,
    )


def _steps(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> list[records.Step]:
    """The way that `merkle.check_inclusion` takes (RFC 9162 §2.1.3.2)."""
    position, last, current = index, size - 1, leaf
    steps: list[records.Step] = []
    for sibling in proof:
        if position & 1 or position == last:
            current, side = node_hash(sibling, current), "left"
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current, side = node_hash(current, sibling), "right"
        position, last = position >> 1, last >> 1
        steps.append(records.Step(side=side, sibling=sibling.hex(), result=current.hex()))
    return steps


def _fields(entry: Entry) -> dict[str, Any]:
    match entry:
        case Submitted(command=signed):
            said = {
                "kind": kind_of(entry),
                "log": signed.body.origin,
                "application_id": signed.body.application_id,
                "revision": signed.body.revision,
                "command": words.fields(signed.body.command),
                "signatures": [
                    {"key": key.hex(), "signature": signature.hex()} for key, signature in signed.signatures
                ],
            }
        case Activated():
            said = {
                "kind": kind_of(entry),
                "application_id": entry.application_id,
                "revision": entry.revision,
            }
        case DomainProved():
            said = {
                "kind": kind_of(entry),
                "application_id": entry.application_id,
                "domain": entry.domain,
                "until": entry.until,
            }
        case DomainLapsed():
            said = {
                "kind": kind_of(entry),
                "application_id": entry.application_id,
                "domain": entry.domain,
            }
    return {"at": entry.at, **said}
