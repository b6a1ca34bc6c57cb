"""Source maps (ECMA-426): positions in transformed code back to positions in what the developer wrote."""

from __future__ import annotations

import base64
import bisect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

_INLINE: Final = re.compile(
    r"^//# sourceMappingURL=data:application/json;base64,([A-Za-z0-9+/=]+)\s*\Z", re.MULTILINE
)
_DIGITS: Final = {
    digit: value
    for value, digit in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_MAX_STACK_FRAMES = 200


class SourceMap:
    """Where positions of one generated module come from. Lines and columns count from 1."""

    def __init__(self, mappings: str) -> None:
        self._lines: list[list[tuple[int, int, int]]] = []
        line = column = 0
        for group in mappings.split(";"):
            generated = 0
            entries = []
            for segment in group.split(","):
                fields = list(_numbers(segment))
                if not fields:
                    continue
                generated += fields[0]
                if len(fields) >= 4:
                    line += fields[2]
                    column += fields[3]
                    entries.append((generated, line, column))
            self._lines.append(entries)

    @classmethod
    def inline(cls, code: str) -> SourceMap | None:
        """The map in the code's last comment, if there is one that can be read."""
        found = _INLINE.search(code)
        if found is None:
            return None
        try:
            return cls(json.loads(base64.b64decode(found[1]))["mappings"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def original(self, line: int, column: int) -> tuple[int, int] | None:
        """The (line, column) that (`line`, `column`) of the generated code comes from."""
        if not 1 <= line <= len(self._lines):
            return None
        entries = self._lines[line - 1]
        index = bisect.bisect_right(entries, column - 1, key=lambda entry: entry[0]) - 1
        if index < 0:
            return None
        _, original_line, original_column = entries[index]
        return original_line + 1, original_column + 1


def _numbers(segment: str) -> Iterator[int]:
    """Base64 VLQ."""
    value = shift = 0
    for digit in segment:
        bits = _DIGITS[digit]
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            yield -(value >> 1) if value & 1 else value >> 1
            value = shift = 0


class StackMapper:
    """Rewrites the frames of stacks whose modules were transformed."""

    def __init__(self, maps: Mapping[str, SourceMap]) -> None:
        self._maps = maps
        paths = "|".join(re.escape(path) for path in sorted(maps, key=len, reverse=True))
        self._frame = re.compile(rf"(?<![\w./-])({paths}):(\d{{1,7}}):(\d{{1,7}})") if maps else None

    def __call__(self, stack: str) -> str:
        if self._frame is None:
            return stack
        return self._frame.sub(self._place, stack, count=_MAX_STACK_FRAMES)

    def _place(self, match: re.Match[str]) -> str:
        path, line, column = match[1], int(match[2]), int(match[3])
        original = self._maps[path].original(line, column)
        return f"{path}:{original[0]}:{original[1]}" if original else match[0]
