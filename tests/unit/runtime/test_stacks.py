"""Positions in transformed code lead back to what the developer wrote."""

from __future__ import annotations

import base64
import json

import pytest

from proven.runtime._stacks import SourceMap, StackMapper

# Line 1: columns 0 and 5 come from lines 1 and 3 of the source; line 2 has none; line 3 comes from line 2.
MAPPINGS = "AAAA,KAEE;;EADF"


def test_a_position_is_that_of_the_nearest_mapping_before_it() -> None:
    source_map = SourceMap(MAPPINGS)
    assert source_map.original(1, 1) == (1, 1)
    assert source_map.original(1, 5) == (1, 1)
    assert source_map.original(1, 6) == (3, 3)
    assert source_map.original(1, 99) == (3, 3)
    assert source_map.original(2, 1) is None
    assert source_map.original(3, 1) is None
    assert source_map.original(3, 3) == (2, 1)
    assert source_map.original(4, 1) is None
    assert source_map.original(0, 1) is None


def test_the_map_is_read_from_the_last_comment() -> None:
    encoded = base64.b64encode(json.dumps({"mappings": MAPPINGS}).encode()).decode()
    code = f"let x;\n//# sourceMappingURL=data:application/json;base64,{encoded}"
    found = SourceMap.inline(code)
    assert found is not None
    assert found.original(1, 6) == (3, 3)


@pytest.mark.parametrize(
    "code",
    [
        "let x;",
        "//# sourceMappingURL=x.map",
        "//# sourceMappingURL=data:application/json;base64,AAAA",
        "//# sourceMappingURL=data:application/json;base64,e30=",
        "//# sourceMappingURL=data:application/json;base64,eyJtYXBwaW5ncyI6MX0=",
    ],
)
def test_code_without_a_readable_map_has_none(code: str) -> None:
    assert SourceMap.inline(code) is None


def test_only_frames_of_mapped_modules_change() -> None:
    mapper = StackMapper({"src/app.ts": SourceMap(MAPPINGS)})
    stack = "Error: at src/app.ts\n    at f (src/app.ts:1:6)\n    at x/src/app.ts:1:6\n    at src/b.ts:1:6"
    assert mapper(stack) == (
        "Error: at src/app.ts\n    at f (src/app.ts:3:3)\n    at x/src/app.ts:1:6\n    at src/b.ts:1:6"
    )
    assert StackMapper({})(stack) == stack
