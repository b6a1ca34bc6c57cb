"""What differs between two packages: files row by row, and what their manifests say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from proven.gateway.explorer import records
from proven.gateway.explorer._colour import Colourings, Token
from proven.gateway.explorer._listing import Query, listing, number_of
from proven.gateway.explorer._text import Row, rows_of
from proven.packages import HandlerEntry, Package
from proven.packages.lines import Block, compare_lines
from proven.wire import words
from proven.wire.applications import Policy
from proven.wire.errors import ErrorCode, ProvenError

FILES_A_PAGE: Final = 20
CHANGES_A_PAGE: Final = 500
ROWS_OF_ALL: Final = 1_500
"""Rows on a page with several files."""
ROWS_OF_ONE: Final = 1_000
MAX_COUNTED: Final = 512 * 1024
"""Larger files are compared only on a page of their own."""
_AROUND: Final = 3

Tokens = list[list[Token]]


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a comparison: where its text is, and on which side."""

    kind: str
    old: int | None
    new: int | None
    row: Row | None
    unterminated: bool = False
    skipped: int = 0


class _File:
    """One path in both packages."""

    def __init__(self, path: str, old: bytes | None, new: bytes | None) -> None:
        self.path = path
        self.old = old or b""
        self.new = new or b""
        self.status = "added" if old is None else "removed" if new is None else "changed"
        self.added = self.removed = 0

    @property
    def counted(self) -> bool:
        return len(self.old) + len(self.new) <= MAX_COUNTED

    def lines(self) -> list[_Line]:
        """All rows of the comparison; counts those that differ."""
        keep = _ends(self.old) != _ends(self.new)
        old, new = rows_of(self.old, keep_returns=keep), rows_of(self.new, keep_returns=keep)
        old_keys, new_keys = _keys(self.old, old), _keys(self.new, new)
        found: list[_Line] = []
        self.added = self.removed = 0
        blocks = compare_lines(old_keys, new_keys)
        for place, block in enumerate(blocks):
            if block.same:
                found += _same(block, old, new, first=place == 0, last=place == len(blocks) - 1)
                continue
            for row in old[block.old_start : block.old_end]:
                found.append(_Line("removed", row.number, None, row, _is_cut(self.old, row)))
            for row in new[block.new_start : block.new_end]:
                found.append(_Line("added", None, row.number, row, _is_cut(self.new, row)))
            self.removed += block.old_end - block.old_start
            self.added += block.new_end - block.new_start
        return found


def diff_record(
    about: tuple[str, str],
    sides: tuple[records.Side, records.Side],
    packages: tuple[Package, Package],
    policies: tuple[Policy | None, Policy | None],
    choices: list[str],
    query: Query,
    colourings: Colourings,
) -> tuple[records.Diff, list[Tokens]]:
    """The comparison, and the tokens of each file that is shown. `about` is the application's id and name.

    Raises `NOT_FOUND` for a `path` that does not differ.
    """
    path, page = query.get("path"), number_of(query, "page", 1)
    files = _files(packages[0].files, packages[1].files)
    changes = list(_changes(packages[0], packages[1], *policies))
    shown: list[tuple[records.FileDiff, Tokens]] = []
    if path is not None:
        chosen = next((each for each in files if each.path == path), None)
        if chosen is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"{path[:200]!r} is the same in both, or in neither")
        shown = [_shown(chosen, page, ROWS_OF_ONE, colourings)]
        pages = records.Listing(items=[shown[0][0]], page=1, pages=1, total=1)
    else:
        part = listing(files, page, FILES_A_PAGE, lambda each: each)
        left = ROWS_OF_ALL
        for file in part.items:
            shown.append(_shown(file, 1, left, colourings) if file.counted else (_unshown(file), []))
            rows = shown[-1][0].rows
            left -= 0 if rows is None else rows.total
        pages = records.Listing(
            items=[each for each, _ in shown], page=part.page, pages=part.pages, total=part.total
        )
    record = records.Diff(
        application_id=about[0],
        application=about[1],
        old=sides[0],
        new=sides[1],
        choices=choices,
        changes=listing(changes, number_of(query, "changes", 1), CHANGES_A_PAGE, lambda each: each),
        files=pages,
        path=path,
    )
    return record, [tokens for _, tokens in shown]


def _files(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[_File]:
    """The files that differ, the application's own first."""
    paths = [path for path in {*old, *new} if old.get(path) != new.get(path)]
    return [
        _File(path, old.get(path), new.get(path))
        for path in sorted(paths, key=lambda each: (each.startswith("npm/"), each))
    ]


def _shown(file: _File, page: int, size: int, colourings: Colourings) -> tuple[records.FileDiff, Tokens]:
    """A file with the rows of one page, or without if there is no room for its first page on it."""
    lines = file.lines()
    if size <= 0 or (size != ROWS_OF_ONE and len(lines) > size):
        return _unshown(file), []
    part = listing(lines, page, size, lambda each: each)
    olds, news = colourings.of(file.path, file.old), colourings.of(file.path, file.new)
    coloured = {
        "removed": iter(olds.rows([_place(each) for each in part.items if each.kind == "removed"])),
        "new": iter(news.rows([_place(each) for each in part.items if each.kind in ("added", "same")])),
    }
    tokens = [
        [] if each.row is None else next(coloured["removed" if each.kind == "removed" else "new"])
        for each in part.items
    ]
    rows = [_row(file, each) for each in part.items]
    record = records.FileDiff(
        path=file.path,
        status=file.status,
        added=file.added,
        removed=file.removed,
        coloured=olds.coloured and news.coloured,
        rows=records.Listing(items=rows, page=part.page, pages=part.pages, total=part.total),
    )
    return record, tokens


def _unshown(file: _File) -> records.FileDiff:
    counted = file.added or file.removed
    return records.FileDiff(
        path=file.path,
        status=file.status,
        added=file.added if counted else None,
        removed=file.removed if counted else None,
        coloured=False,
        rows=None,
    )


def _row(file: _File, line: _Line) -> records.DiffRow:
    if line.row is None:
        return records.DiffRow(kind=line.kind, old=None, new=None, text="", skipped=line.skipped)
    content = file.old if line.kind == "removed" else file.new
    text = content[line.row.start : line.row.end].decode("utf-8", "replace")
    return records.DiffRow(
        kind=line.kind, old=line.old, new=line.new, text=text, unterminated=line.unterminated
    )


def _place(line: _Line) -> tuple[int, int]:
    return (0, 0) if line.row is None else (line.row.start, line.row.end)


def _same(block: Block, old: list[Row], new: list[Row], *, first: bool, last: bool) -> Iterable[_Line]:
    """Equal rows: those near to others that differ, and how many there are besides."""
    count = block.old_end - block.old_start
    head, tail = 0 if first else _AROUND, 0 if last else _AROUND
    for place in range(count):
        if head + tail < count and place == head:
            yield _Line("skipped", None, None, None, skipped=count - head - tail)
        if place < head or place >= count - tail or head + tail >= count:
            before, after = old[block.old_start + place], new[block.new_start + place]
            yield _Line("same", before.number, after.number, after)


def _keys(content: bytes, rows: list[Row]) -> list[bytes]:
    """What is compared: each row with the end of its line, if that is in the file."""
    ends = [row.start for row in rows[1:]] + [len(content)]
    return [content[row.start : end] for row, end in zip(rows, ends, strict=True)]


def _is_cut(content: bytes, row: Row) -> bool:
    return row.end == len(content) and row.start < row.end


def _ends(content: bytes) -> tuple[bool, bool]:
    returns = content.count(b"\r\n")
    return returns > 0, content.count(b"\n") > returns


def _changes(
    old: Package, new: Package, old_policy: Policy | None, new_policy: Policy | None
) -> Iterable[records.Change]:
    """What differs in the manifests, and in the policy under which each side became live."""
    before, after = old.manifest, new.manifest
    if old_policy is not None and new_policy is not None and old_policy != new_policy:
        yield records.Change(
            kind="policy", what="", old=_policy_text(old_policy), new=_policy_text(new_policy)
        )
    yield from _differing(
        "handler",
        {each.address: _handler(each) for each in before.handlers},
        {each.address: _handler(each) for each in after.handlers},
    )
    yield from _differing(
        "migration",
        {
            f"{each.scope.value} {each.database}: {each.module}": _statements(each.statements)
            for each in before.migrations
        },
        {
            f"{each.scope.value} {each.database}: {each.module}": _statements(each.statements)
            for each in after.migrations
        },
    )
    yield from _differing(
        "dependency",
        {each.key: f"{each.integrity} {_said(each.requires)}" for each in before.dependencies},
        {each.key: f"{each.integrity} {_said(each.requires)}" for each in after.dependencies},
    )
    yield from _differing("import", before.requires, after.requires)
    yield from _differing(
        "entry", dict.fromkeys(before.entries, "entry module"), dict.fromkeys(after.entries, "entry module")
    )
    yield from _differing(
        "front-end file",
        {each.path: f"sha256 {each.sha256}" for each in before.assets},
        {each.path: f"sha256 {each.sha256}" for each in after.assets},
    )
    for what, one, other in (
        ("name", before.name, after.name),
        ("fallback", before.fallback, after.fallback),
        ("timeout_ms", before.limits.timeout_ms, after.limits.timeout_ms),
        ("memory_mib", before.limits.memory_mib, after.limits.memory_mib),
    ):
        if one != other:
            yield records.Change(
                kind="package",
                what=what,
                old=None if one is None else str(one),
                new=None if other is None else str(other),
            )


def _differing(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[records.Change]:
    for what in sorted({*old, *new}):
        if old.get(what) != new.get(what):
            yield records.Change(kind=kind, what=what, old=_short(old.get(what)), new=_short(new.get(what)))


def _said(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _handler(handler: HandlerEntry) -> str:
    options = msgspec.to_builtins(handler.options)
    return f"{handler.kind.value} {_said(options)}" if options else handler.kind.value


def _statements(hashes: tuple[str, ...]) -> str:
    return f"{words.plural(len(hashes), 'statement')}, sha256 {' '.join(hashes)}"


def _short(text: str | None) -> str | None:
    """Text in a length for a page; the rest is said by a hash, so that no change looks like none."""
    if text is None or len(text) <= 1_000:
        return text
    return f"{text[:900]}… ({len(text):,} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()})"


def _policy_text(policy: Policy) -> str:
    """In words and to the letter: two policies with other keys have the same words."""
    value = _said(words.fields(policy))
    return " ".join(part for part in (words.policy(policy), words.guardians(policy), value) if part)
