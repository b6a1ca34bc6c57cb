"""Files, as handlers use them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio

from integration.guest_apps import ALICE, APPS, BOB, App, running
from proven.wire.values import UNDEFINED

pytestmark = pytest.mark.asyncio(loop_scope="module")

NFT = "resource_1qlq38wvrvh5m4kaz6etaac4389qtuycnp89atc8acdfi"
MIB = 1024 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    async with running(APPS / "api", tmp_path_factory.mktemp("files")) as app:
        yield app


async def test_a_file_is_read_as_it_was_written(app: App) -> None:
    stat = await app.call("files.write", "notes/a.txt", "Grüße", "text/plain")
    content = "Grüße".encode()
    assert isinstance(stat.pop("modified"), datetime)
    assert stat == {
        "path": "notes/a.txt",
        "isDirectory": False,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "contentType": "text/plain",
    }
    assert await app.call("files.readText", "notes/a.txt") == "Grüße"
    assert await app.call("files.read", "notes/a.txt") == content
    assert await app.call("files.read", "notes/a.txt", {"offset": 2, "length": 3}) == content[2:5]
    assert await app.call("files.read", "notes/a.txt", {"offset": 100}) == b""


async def test_appending_adds_to_the_end(app: App) -> None:
    await app.call("files.append", "log", "one ")
    assert (await app.call("files.append", "log", "two"))["size"] == 7
    assert await app.call("files.readText", "log") == "one two"
    assert (await app.call("files.stat", "log"))["sha256"] == hashlib.sha256(b"one two").hexdigest()


async def test_directories_list_what_is_in_them(app: App) -> None:
    for path in ["tree/b", "tree/a", "tree/deep/c"]:
        await app.call("files.write", path, "x")
    await app.call("files.mkdir", "tree/empty")
    assert await app.call("files.list", "tree") == ["tree/a", "tree/b", "tree/deep", "tree/empty"]
    assert "tree" in await app.call("files.list")
    assert (await app.call("files.stat", "tree"))["isDirectory"] is True
    assert await app.code("files.list", "tree/none") == "NOT_FOUND"


async def test_files_are_renamed_and_removed(app: App) -> None:
    await app.call("files.write", "move/from", "x")
    await app.call("files.rename", "move/from", "move/to")
    assert await app.call("files.stat", "move/from") is UNDEFINED
    assert await app.call("files.readText", "move/to") == "x"
    assert await app.call("files.remove", "move/to") is True
    assert await app.call("files.remove", "move/to") is False
    await app.call("files.write", "move/again", "x")
    assert await app.code("files.remove", "move") == "CONFLICT"
    assert await app.call("files.remove", "move", True) is True
    assert await app.code("files.rename", "move/none", "move/to") == "NOT_FOUND"


@pytest.mark.parametrize(
    "path", ["", ".", "..", "../a", "a/../b", "a//b", "a\0b", "a\nb", "x" * 2000, "a/" * 100 + "b", "e\u0301"]
)
async def test_what_is_no_plain_path_is_refused(app: App, path: str) -> None:
    assert await app.code("files.write", path, "x") in ("BAD_REQUEST", "CONFLICT")


@pytest.mark.parametrize("content", [1, None, {}, [1], UNDEFINED])
async def test_content_is_text_bytes_or_a_stream(app: App, content: object) -> None:
    assert "a file's content is" in (await app.error("files.writeAnything", content)).message


async def test_a_missing_file_is_not_found(app: App) -> None:
    assert await app.code("files.read", "nowhere") == "NOT_FOUND"
    assert await app.code("files.measureStreamed", "nowhere") == "NOT_FOUND"
    assert await app.call("files.stat", "nowhere") is UNDEFINED


async def test_a_large_file_streams_through_a_small_process(app: App) -> None:
    stat = await app.call("files.writeStreamed", "large", 200, 300_000)
    expected = hashlib.sha256()
    for number in range(200):
        expected.update(bytes([number]) * 300_000)
    assert (stat["size"], stat["sha256"]) == (60_000_000, expected.hexdigest())
    measured = await app.call("files.measureStreamed", "large")
    assert measured["size"] == 60_000_000
    assert measured["chunks"] > 100


async def test_a_stream_need_not_be_read_to_its_end(app: App) -> None:
    await app.call("files.writeStreamed", "half read", 20, 100_000)
    assert await app.call("files.readBeginning", "half read") > 0
    assert (await app.call("files.measureStreamed", "half read"))["size"] == 2_000_000


async def test_a_write_that_is_abandoned_leaves_nothing(app: App) -> None:
    assert await app.call("files.abandonWrite", "abandoned") is UNDEFINED
    message, stat = await app.call("files.failingSource", "failing")
    assert "the source broke" in message
    assert stat is UNDEFINED


async def test_a_write_stream_tells_why_it_was_refused(app: App) -> None:
    assert await app.code("files.writeStreamRefused") == "BAD_REQUEST"


async def test_everyone_has_files_of_their_own(app: App) -> None:
    await app.call("files.writeOwn", "diary", "Alice's", identity=ALICE)
    await app.call("files.writeOwn", "diary", "Bob's", identity=BOB)
    assert await app.call("files.readOwn", "diary", identity=ALICE) == "Alice's"
    assert await app.code("files.readOwn", "diary") == "NO_IDENTITY"
    assert await app.code("files.readText", "diary") == "NOT_FOUND"


async def test_the_files_of_an_nft_are_its_owners(app: App) -> None:
    app.ownership.grant(ALICE, NFT, "#1#")
    assert await app.call("files.nftRoundTrip", NFT, 1, identity=ALICE) == "of the NFT"
    assert await app.code("files.nftRoundTrip", NFT, 1, identity=BOB) == "NOT_OWNER"


async def test_a_transaction_spans_files_and_stores(app: App) -> None:
    await app.call("files.writeWithStore", "in transaction", False)
    assert "changed my mind" in (await app.error("files.writeWithStore", "undone", True)).message
    assert await app.call("files.pathInStore") == "in transaction"
    assert await app.call("files.readText", "in transaction") == "inside"
    assert await app.call("files.stat", "undone") is UNDEFINED


async def test_an_uploaded_body_streams_into_a_file(app: App) -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(64):
            yield bytes([number]) * (MIB // 4)

    reply = await app.request("POST", "/upload", body=body())
    assert reply.status == 200
    assert (await app.call("files.stat", "uploaded"))["size"] == 16 * MIB
