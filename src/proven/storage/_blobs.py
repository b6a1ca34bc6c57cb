"""File contents outside the databases: sealed in segments, written once, removed whole.

A blob is a file of its own with a random name, because moving megabytes through a database would write them
twice and hold up the small writes beside them. It is encrypted with AES-256-GCM under a key derived for
that name alone, in segments of 256 KiB whose nonce is their index; the associated data says which segment of
which blob it is. The database records the length, so a cut, extended or exchanged blob does not open.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proven.storage._directory import make_directory, sync_directory
from proven.storage._keys import ScopeKeys
from proven.storage._quota import ApplicationUsage
from proven.wire.errors import ErrorCode, ProvenError

SEGMENT_BYTES = 256 * 1024
_TAG_BYTES = 16
_SUFFIX = ".blob"


@dataclass(slots=True, repr=False)
class BlobStore:
    """The blobs of one scope. Blobs being read are kept until the last reader is done with them."""

    directory: Path
    keys: ScopeKeys
    usage: ApplicationUsage
    durable: bool
    _pins: dict[str, int] = field(default_factory=dict)
    _doomed: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self) -> BlobWriter:
        """Start a new blob."""
        make_directory(self.directory, durable=self.durable)
        blob_id = secrets.token_hex(16)
        return BlobWriter(self, blob_id, AESGCM(self.keys.blob(blob_id)))

    def read(self, blob_id: str, size: int, offset: int, length: int) -> Generator[bytes, None, None]:
        """The plaintext of `length` bytes from `offset`, a segment at a time, of a blob of `size` bytes."""
        cipher = AESGCM(self.keys.blob(blob_id))
        end = min(offset + length, size)
        with self.path(blob_id).open("rb", buffering=0) as stream:
            while offset < end:
                index, skip = divmod(offset, SEGMENT_BYTES)
                stream.seek(index * (SEGMENT_BYTES + _TAG_BYTES))
                expected = min(SEGMENT_BYTES, size - index * SEGMENT_BYTES)
                sealed = stream.read(expected + _TAG_BYTES)
                plain = self._open(cipher, blob_id, index, sealed, expected)
                piece = plain[skip : skip + end - offset]
                offset += len(piece)
                yield piece

    def remove(self, blob_id: str) -> None:
        """Remove a blob, as soon as nobody reads it."""
        with self._lock:
            if self._pins.get(blob_id):
                self._doomed.add(blob_id)
                return
            path = self.path(blob_id)
            try:
                size = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                return
        self.usage.adjust(-size)

    def remove_all(self, blob_ids: list[str]) -> None:
        """Remove blobs."""
        for blob_id in blob_ids:
            self.remove(blob_id)

    def pin(self, blob_ids: list[str]) -> bool:
        """Keep blobs readable until `unpin`; False, keeping none, when one of them is already gone."""
        with self._lock:
            if not all(blob_id not in self._doomed and self.path(blob_id).exists() for blob_id in blob_ids):
                return False
            for blob_id in blob_ids:
                self._pins[blob_id] = self._pins.get(blob_id, 0) + 1
        return True

    def unpin(self, blob_ids: list[str]) -> None:
        """End a reader's hold on blobs; removes those that were to be removed meanwhile."""
        with self._lock:
            for blob_id in blob_ids:
                self._pins[blob_id] -= 1
                if not self._pins[blob_id]:
                    del self._pins[blob_id]
                    if blob_id in self._doomed:
                        self._doomed.discard(blob_id)
                        self.remove(blob_id)

    def sweep(self, known: set[str]) -> int:
        """Remove what writers left that did not live to record it; how many."""
        found = [
            entry.name.removesuffix(_SUFFIX) for entry in os.scandir(self.directory) if _is_blob(entry.name)
        ]
        orphans = [blob_id for blob_id in found if blob_id not in known]
        self.remove_all(orphans)
        return len(orphans)

    def path(self, blob_id: str) -> Path:
        """Where a blob is."""
        return self.directory / f"{blob_id}{_SUFFIX}"

    @staticmethod
    def _open(cipher: AESGCM, blob_id: str, index: int, sealed: bytes, size: int) -> bytes:
        try:
            plain = cipher.decrypt(_nonce(index), sealed, _associated(blob_id, index))
        except InvalidTag:
            plain = b""
        if len(plain) != size:
            raise ProvenError(ErrorCode.INTERNAL, "the stored file failed its integrity check")
        return plain


class BlobWriter:
    """Writes one blob; in threads, one call at a time. Either `finish` or `discard` ends it."""

    def __init__(self, store: BlobStore, blob_id: str, cipher: AESGCM) -> None:
        self.blob_id = blob_id
        self.size = 0
        self._store = store
        self._cipher = cipher
        self._hash = hashlib.sha256()
        self._segments = 0
        self._buffer = bytearray()
        self._descriptor = os.open(
            store.path(blob_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )

    def write(self, data: bytes) -> None:
        """Append plaintext. Raises `QUOTA_EXCEEDED` before it goes over the application's quota."""
        self.size += len(data)
        self._hash.update(data)
        self._buffer += data
        while len(self._buffer) >= SEGMENT_BYTES:
            self._seal(bytes(self._buffer[:SEGMENT_BYTES]))
            del self._buffer[:SEGMENT_BYTES]

    def finish(self) -> bytes:
        """Write what remains, wait for the disk if commits do, and return the plaintext's SHA-256."""
        if self._buffer:
            self._seal(bytes(self._buffer))
            self._buffer.clear()
        if self._store.durable:
            os.fsync(self._descriptor)
            sync_directory(self._store.directory)
        self._close()
        return self._hash.digest()

    def discard(self) -> None:
        """Remove the blob."""
        self._close()
        self._store.remove(self.blob_id)

    def _seal(self, plain: bytes) -> None:
        index = self._segments
        sealed = self._cipher.encrypt(_nonce(index), plain, _associated(self.blob_id, index))
        self._store.usage.reserve(len(sealed))
        written = 0
        try:
            while written < len(sealed):
                written += os.write(self._descriptor, sealed[written:])
        except BaseException:
            self._store.usage.adjust(written - len(sealed))
            raise
        self._segments += 1

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")


def _associated(blob_id: str, index: int) -> bytes:
    return f"proven/blob/v1 {blob_id} {index}".encode()


def _is_blob(name: str) -> bool:
    return name.endswith(_SUFFIX)
