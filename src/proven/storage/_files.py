"""File and directory statements on the main database, with contents up to 64 KiB; larger ones are blobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from proven.storage._blobs import BlobStore
from proven.storage._database import fetch
from proven.storage._main import MainUnit, has_table
from proven.storage._paths import format_path
from proven.storage.records import FileStat
from proven.wire.errors import ErrorCode, ProvenError

INLINE_BYTES = 64 * 1024

_COLUMNS = "id, is_directory, size, sha256, modified, content_type, revision"

_SCHEMA = """
CREATE TABLE nodes (
    id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL, is_directory INTEGER NOT NULL,
    size INTEGER NOT NULL, sha256 BLOB, modified REAL NOT NULL, content_type TEXT, revision INTEGER NOT NULL,
    UNIQUE (parent, name)
);
CREATE TABLE pieces (
    node INTEGER, position INTEGER, size INTEGER NOT NULL, blob TEXT, data BLOB, PRIMARY KEY (node, position)
) WITHOUT ROWID;
"""

_TREE = """
WITH RECURSIVE tree(id) AS (SELECT ? UNION ALL SELECT nodes.id FROM nodes JOIN tree ON parent = tree.id)
"""

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A file or directory as stored."""

    id: int
    is_directory: bool
    size: int
    sha256: bytes | None
    modified: float
    content_type: str | None
    revision: int

    def stat(self, segments: Segments) -> FileStat:
        """The public description."""
        digest = None if self.sha256 is None or self.is_directory else self.sha256.hex()
        return FileStat(
            format_path(segments), self.size, digest, self.modified, self.content_type, self.is_directory
        )


ROOT = Node(0, True, 0, None, 0.0, None, 0)
"""The directory that is always there."""


@dataclass(frozen=True, slots=True)
class Content:
    """New content: in a finished blob, or small enough to be stored beside the metadata."""

    size: int
    sha256: bytes
    data: bytes | None = None
    blob_id: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file's content."""

    position: int
    size: int
    blob_id: str | None
    data: bytes | None


def find(connection: apsw.Connection, segments: Segments) -> Node | None:
    """The file or directory at a path."""
    node: Node | None = ROOT
    if segments and not has_table(connection, "nodes"):
        return None
    for segment in segments:
        if node is None or not node.is_directory:
            return None
        node = _child(connection, node.id, segment)
    return node


def find_file(connection: apsw.Connection, segments: Segments) -> Node:
    """The file at a path; `NOT_FOUND` if there is none."""
    node = find(connection, segments)
    if node is None:
        raise _not_found(segments)
    if node.is_directory:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{format_path(segments)!r} is a directory")
    return node


def open_file(connection: apsw.Connection, segments: Segments) -> tuple[Node, list[Piece]]:
    """A file and the parts of its content, as they are now."""
    node = find_file(connection, segments)
    return node, _pieces(connection, node.id)


def list_directory(connection: apsw.Connection, segments: Segments, after: str, limit: int) -> list[FileStat]:
    """What is directly in a directory, sorted by name."""
    node = find(connection, segments)
    if node is None:
        raise _not_found(segments)
    if not node.is_directory:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{format_path(segments)!r} is a file")
    if not has_table(connection, "nodes"):
        return []
    rows = fetch(
        connection,
        f"SELECT name, {_COLUMNS} FROM nodes WHERE parent = ? AND name > ? ORDER BY name LIMIT ?",  # noqa: S608
        (node.id, after, limit),
    )
    return [_node(row[1:]).stat((*segments, row[0])) for row in rows]


def write(
    unit: MainUnit, blobs: BlobStore, segments: Segments, content: Content, content_type: str | None
) -> FileStat:
    """Create or replace a file, and the directories above it."""
    node_id = _file_for_writing(unit, segments)
    _drop_pieces(unit, blobs, node_id)
    if content.size:
        _add_piece(unit, node_id, Piece(0, content.size, content.blob_id, content.data))
    return _update(unit, segments, node_id, content.size, content.sha256, content_type)


def append(unit: MainUnit, blobs: BlobStore, segments: Segments, content: Content) -> FileStat:
    """Add to the end of a file, creating it if there is none.

    A short last part is rewritten together with a short addition, so small appends don't scatter a file.
    """
    node_id = _file_for_writing(unit, segments)
    node = _child_by_id(unit.connection, node_id)
    if content.size and node.size:
        pieces = _pieces(unit.connection, node_id)
        last = pieces[-1]
        position, data, blob_id = node.size, content.data, content.blob_id
        if last.data is not None and data is not None:
            position, data = last.position, last.data + data
        elif last.data is not None:
            moved = _spill(unit, blobs, last.data)
            _add_piece(unit, node_id, Piece(last.position, last.size, moved, None))
        size = node.size + content.size - position
        if data is not None and len(data) > INLINE_BYTES:
            blob_id = _spill(unit, blobs, data)
            data = None
        _add_piece(unit, node_id, Piece(position, size, blob_id, data))
    elif content.size:
        _add_piece(unit, node_id, Piece(0, content.size, content.blob_id, content.data))
    digest = content.sha256 if not node.size else None if content.size else node.sha256
    return _update(unit, segments, node_id, node.size + content.size, digest, node.content_type)


def remember_digest(unit: MainUnit, node: Node, digest: bytes) -> None:
    """Keep a digest that was computed from the content of that revision."""
    fetch(
        unit.connection,
        "UPDATE nodes SET sha256 = ? WHERE id = ? AND revision = ?",
        (digest, node.id, node.revision),
    )
    unit.written = True


def make_directory(unit: MainUnit, segments: Segments) -> None:
    """Create a directory and those above it; nothing happens if it exists."""
    _directory(unit, segments)


def remove(unit: MainUnit, blobs: BlobStore, segments: Segments, *, recursive: bool) -> bool:
    """Remove a file or directory; whether there was one. `CONFLICT` for a full one unless `recursive`."""
    node = find(unit.connection, segments)
    if node is None:
        return False
    if node.is_directory and not recursive and _has_children(unit.connection, node.id):
        raise ProvenError(ErrorCode.CONFLICT, f"the directory {format_path(segments)!r} is not empty")
    _remove_tree(unit, blobs, node.id)
    return True


def rename(unit: MainUnit, blobs: BlobStore, source: Segments, target: Segments) -> FileStat:
    """Move a file or directory; an existing file at the target is replaced, a directory is not."""
    node = find(unit.connection, source)
    if node is None:
        raise _not_found(source)
    if source == target:
        return node.stat(target)
    if target[: len(source)] == source:
        raise ProvenError(ErrorCode.BAD_REQUEST, "a directory can't be moved into itself")
    replaced = find(unit.connection, target)
    if replaced is not None:
        if replaced.is_directory or node.is_directory:
            raise ProvenError(ErrorCode.CONFLICT, f"{format_path(target)!r} already exists")
        _remove_tree(unit, blobs, replaced.id)
    parent = _directory(unit, target[:-1])
    fetch(
        unit.connection, "UPDATE nodes SET parent = ?, name = ? WHERE id = ?", (parent, target[-1], node.id)
    )
    unit.written = True
    return node.stat(target)


def known_blobs(connection: apsw.Connection) -> set[str]:
    """The blobs that files refer to."""
    if not has_table(connection, "pieces"):
        return set()
    return {row[0] for row in fetch(connection, "SELECT blob FROM pieces WHERE blob IS NOT NULL")}


def _node(row: Sequence[object]) -> Node:
    return Node(row[0], bool(row[1]), *row[2:])  # type: ignore[arg-type]


def _child(connection: apsw.Connection, parent: int, name: str) -> Node | None:
    rows = fetch(
        connection,
        f"SELECT {_COLUMNS} FROM nodes WHERE parent = ? AND name = ?",  # noqa: S608
        (parent, name),
    )
    return _node(rows[0]) if rows else None


def _child_by_id(connection: apsw.Connection, node_id: int) -> Node:
    return _node(fetch(connection, f"SELECT {_COLUMNS} FROM nodes WHERE id = ?", (node_id,))[0])  # noqa: S608


def _has_children(connection: apsw.Connection, node_id: int) -> bool:
    return bool(fetch(connection, "SELECT 1 FROM nodes WHERE parent = ? LIMIT 1", (node_id,)))


def _pieces(connection: apsw.Connection, node_id: int) -> list[Piece]:
    rows = fetch(
        connection,
        "SELECT position, size, blob, data FROM pieces WHERE node = ? ORDER BY position",
        (node_id,),
    )
    return [Piece(*row) for row in rows]


def _directory(unit: MainUnit, segments: Segments) -> int:
    if not has_table(unit.connection, "nodes"):
        fetch(unit.connection, _SCHEMA)
    parent = ROOT.id
    for depth, segment in enumerate(segments):
        node = _child(unit.connection, parent, segment)
        if node is None:
            parent = _create(unit, parent, segment, is_directory=True)
        elif node.is_directory:
            parent = node.id
        else:
            raise ProvenError(ErrorCode.CONFLICT, f"{format_path(segments[: depth + 1])!r} is a file")
    return parent


def _create(unit: MainUnit, parent: int, name: str, *, is_directory: bool) -> int:
    node_id = unit.next_version()
    fetch(
        unit.connection,
        "INSERT INTO nodes VALUES (?, ?, ?, ?, 0, NULL, ?, NULL, ?)",
        (node_id, parent, name, int(is_directory), unit.now, node_id),
    )
    unit.written = True
    return node_id


def _file_for_writing(unit: MainUnit, segments: Segments) -> int:
    parent = _directory(unit, segments[:-1])
    node = _child(unit.connection, parent, segments[-1])
    if node is None:
        return _create(unit, parent, segments[-1], is_directory=False)
    if node.is_directory:
        raise ProvenError(ErrorCode.CONFLICT, f"{format_path(segments)!r} is a directory")
    return node.id


def _add_piece(unit: MainUnit, node_id: int, piece: Piece) -> None:
    fetch(
        unit.connection,
        "REPLACE INTO pieces VALUES (?, ?, ?, ?, ?)",
        (node_id, piece.position, piece.size, piece.blob_id, piece.data),
    )


def _spill(unit: MainUnit, blobs: BlobStore, data: bytes) -> str:
    """Move a part that is kept beside the metadata into a blob of its own."""
    writer = blobs.create()
    try:
        writer.write(data)
        writer.finish()
    except BaseException:
        writer.discard()
        raise
    unit.on_rollback(lambda: blobs.remove(writer.blob_id))
    return writer.blob_id


def _drop_pieces(unit: MainUnit, blobs: BlobStore, node_id: int) -> None:
    _remove_blobs(unit, blobs, "DELETE FROM pieces WHERE node = ? RETURNING blob", node_id)


def _remove_tree(unit: MainUnit, blobs: BlobStore, node_id: int) -> None:
    _remove_blobs(unit, blobs, f"{_TREE} DELETE FROM pieces WHERE node IN tree RETURNING blob", node_id)  # noqa: S608
    fetch(unit.connection, f"{_TREE} DELETE FROM nodes WHERE id IN tree", (node_id,))  # noqa: S608
    unit.written = True


def _remove_blobs(unit: MainUnit, blobs: BlobStore, deletion: str, node_id: int) -> None:
    rows = fetch(unit.connection, deletion, (node_id,))
    gone = [blob_id for (blob_id,) in rows if blob_id is not None]
    if gone:
        unit.on_commit(lambda: blobs.remove_all(gone))


def _update(
    unit: MainUnit,
    segments: Segments,
    node_id: int,
    size: int,
    digest: bytes | None,
    content_type: str | None,
) -> FileStat:
    node = Node(node_id, False, size, digest, unit.now, content_type, unit.next_version())
    fetch(
        unit.connection,
        "UPDATE nodes SET size = ?, sha256 = ?, modified = ?, content_type = ?, revision = ? WHERE id = ?",
        (size, digest, node.modified, content_type, node.revision, node_id),
    )
    unit.written = True
    return node.stat(segments)


def _not_found(segments: Segments) -> ProvenError:
    return ProvenError(ErrorCode.NOT_FOUND, f"there is no file {format_path(segments)!r}")
