"""Sources that are small to send and enormous to parse."""

from __future__ import annotations

import hashlib
import resource
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from proven.packages import Package, build, verify
from proven.packages._syntax import Source
from proven.packages._trial import try_parsing
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError

HANDLER = b"import { run } from '@proven-network/handler';\nexport const f = run(() => 1);\n"


@pytest.mark.parametrize("bomb", [b"a<b,", b"f(a<", b"<T,", b"a?b:(", b"(a,"], ids=bytes.decode)
def test_a_parser_bomb_is_refused_and_does_no_harm_here(bomb: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = HANDLER + bomb * (400_000 // len(bomb))
    try:
        try_parsing({"src/a.ts": source})
    except ProvenError as error:
        refused = error.code
    else:
        refused = None  # what the parser copes with may pass
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024
    assert refused is ErrorCode.BUILD_ERROR or bomb != b"a<b,"


@pytest.mark.parametrize("item", [b"\x80", b"\xa0", b"\x00"], ids=["lists", "maps", "numbers"])
def test_an_archive_of_countless_items_is_refused_before_they_are_held(item: bytes) -> None:
    count = 1 << 22
    listed = cbor.head(cbor.ARRAY, count) + item * count
    archive = cbor.head(cbor.ARRAY, 3) + cbor.encode("proven/package/v1") + cbor.encode(b"{}") + listed
    tracemalloc.start()
    try:
        with pytest.raises(ProvenError) as refused:
            Package.from_archive(archive)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert refused.value.code is ErrorCode.TOO_LARGE


def test_a_large_ordinary_source_passes() -> None:
    line = "export const value%d = { a: [%d, 'x'], b: (n: number) => n < %d };\n"
    source = HANDLER + "".join(line % (number, number, number) for number in range(8000)).encode()
    try_parsing({"src/a.ts": source})
    parse(source)


def test_the_sources_of_a_package_are_tried_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.ts").write_bytes(HANDLER)
    honest = build(tmp_path)
    bomb = HANDLER + b"a<b," * 100_000
    manifest = msgspec.structs.replace(
        honest.manifest,
        modules=tuple(
            msgspec.structs.replace(module, sha256=hashlib.sha256(bomb).hexdigest(), size=len(bomb))
            if module.path == "src/a.ts"
            else module
            for module in honest.manifest.modules
        ),
    )
    hostile = Package.create(manifest, {**honest.files, "src/a.ts": bomb})
    with pytest.raises(ProvenError, match="too much memory") as refused:
        verify(hostile)
    assert refused.value.code is ErrorCode.BUILD_ERROR


def parse(source: bytes) -> None:
    assert not Source("src/a.ts", source).root.has_error
