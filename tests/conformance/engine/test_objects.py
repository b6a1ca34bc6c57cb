"""What every backend's objects promise."""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator

import pytest

from proven.engine import Engine, ObjectInfo
from proven.wire.errors import ErrorCode, ProvenError


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def pieces(data: bytes, sizes: random.Random) -> AsyncIterator[bytes]:
    while data:
        size = sizes.choice([0, 1, 1000, 70_000, 700_000])
        yield data[:size]
        data = data[size:]


async def test_a_streamed_object_is_read_back_whole(engine: Engine) -> None:
    source = random.Random(1)
    data = source.randbytes(3_000_001)
    stored = await engine.objects.put("bucket", "big", pieces(data, source))
    assert stored == ObjectInfo("big", len(data), digest(data))
    assert await engine.objects.info("bucket", "big") == stored
    assert await engine.objects.read("bucket", "big", limit=len(data)) == data
    async with engine.objects.stream("bucket", "big") as chunks:
        assert b"".join([chunk async for chunk in chunks]) == data


async def test_an_empty_object_is_an_object(engine: Engine) -> None:
    await engine.objects.put("bucket", "empty", b"")
    assert await engine.objects.read("bucket", "empty", limit=0) == b""


async def test_a_new_content_replaces_the_old_one_as_a_whole(engine: Engine) -> None:
    await engine.objects.put("bucket", "a", bytes(2_000_000))
    await engine.objects.put("bucket", "a", b"short")
    assert await engine.objects.read("bucket", "a", limit=100) == b"short"
    assert await engine.objects.list("bucket") == [ObjectInfo("a", 5, digest(b"short"))]


async def test_an_interrupted_upload_leaves_the_old_content(engine: Engine) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(1_000_000)
        raise ConnectionError("the uploader went away")

    await engine.objects.put("bucket", "a", b"old")
    with pytest.raises(ConnectionError):
        await engine.objects.put("bucket", "a", broken())
    assert await engine.objects.read("bucket", "a", limit=100) == b"old"


async def test_content_with_another_digest_than_stated_is_refused(engine: Engine) -> None:
    with pytest.raises(ProvenError) as refused:
        await engine.objects.put("bucket", "a", b"content", sha256=digest(b"other"))
    assert refused.value.code is ErrorCode.BAD_REQUEST
    assert await engine.objects.info("bucket", "a") is None
    await engine.objects.put("bucket", "a", b"content", sha256=digest(b"content"))


async def test_a_reader_never_gets_a_mix_of_two_contents(engine: Engine) -> None:
    old = random.Random(2).randbytes(3_000_000)
    await engine.objects.put("bucket", "a", old)
    async with engine.objects.stream("bucket", "a") as chunks:
        received = await anext(chunks)
        assert old.startswith(received)
        await engine.objects.put("bucket", "a", bytes(3_000_000))
        with pytest.raises(ProvenError) as interrupted:
            await anext(chunks)
    assert interrupted.value.code is ErrorCode.CONFLICT


async def test_what_is_not_there_is_not_found(engine: Engine) -> None:
    await engine.objects.put("bucket", "a", b"1")
    assert await engine.objects.delete("bucket", "a")
    assert not await engine.objects.delete("bucket", "a")
    assert await engine.objects.info("bucket", "a") is None
    for name in ("a", "never"):
        with pytest.raises(ProvenError) as missing:
            await engine.objects.read("bucket", name, limit=10)
        assert missing.value.code is ErrorCode.NOT_FOUND
        with pytest.raises(ProvenError) as missing:
            async with engine.objects.stream("bucket", name):
                pass
        assert missing.value.code is ErrorCode.NOT_FOUND


async def test_reading_more_than_the_limit_is_refused(engine: Engine) -> None:
    await engine.objects.put("bucket", "a", b"12345")
    with pytest.raises(ProvenError) as refused:
        await engine.objects.read("bucket", "a", limit=4)
    assert refused.value.code is ErrorCode.TOO_LARGE


async def test_lists_are_paged_in_name_order_and_per_bucket(engine: Engine) -> None:
    for name in ("b", "a", "c"):
        await engine.objects.put("bucket", name, name.encode())
    await engine.objects.put("other", "d", b"")
    assert [info.name for info in await engine.objects.list("bucket")] == ["a", "b", "c"]
    assert [info.name for info in await engine.objects.list("bucket", after="a", limit=1)] == ["b"]


async def test_objects_survive_a_restart(opened) -> None:
    data = random.Random(3).randbytes(1_500_000)
    async with opened() as engine:
        await engine.objects.put("bucket", "a", data)
    async with opened() as engine:
        assert await engine.objects.read("bucket", "a", limit=len(data)) == data
