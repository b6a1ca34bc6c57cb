"""Key-value stores and keys, as handlers use them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from integration.guest_apps import ALICE, APPS, BOB, App, running
from proven.wire.values import UNDEFINED

pytestmark = pytest.mark.asyncio(loop_scope="module")


MIB = 1024 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    async with running(APPS / "api", tmp_path_factory.mktemp("kv")) as app:
        yield app


@pytest.mark.parametrize("scope", ["application", "personal"])
async def test_what_is_set_is_there_until_it_is_deleted(app: App, scope: str) -> None:
    assert await app.call("kv.get", scope, "life", identity=ALICE) is UNDEFINED
    assert await app.call("kv.has", scope, "life", identity=ALICE) is False
    assert await app.call("kv.set", scope, "life", "sweet ☀", identity=ALICE) is UNDEFINED
    assert await app.call("kv.get", scope, "life", identity=ALICE) == "sweet ☀"
    assert await app.call("kv.has", scope, "life", identity=ALICE) is True
    assert await app.call("kv.remove", scope, "life", identity=ALICE) is True
    assert await app.call("kv.remove", scope, "life", identity=ALICE) is False
    assert await app.call("kv.get", scope, "life", identity=ALICE) is UNDEFINED


@pytest.mark.parametrize("scope", ["application", "personal"])
async def test_bytes_come_back_as_they_went(app: App, scope: str) -> None:
    value = bytes(range(256)) * 40
    await app.call("kv.setBytes", scope, "b", value, identity=ALICE)
    assert await app.call("kv.getBytes", scope, "b", identity=ALICE) == value
    assert await app.call("kv.getBytes", scope, "none", identity=ALICE) is UNDEFINED


async def test_everyone_has_a_personal_store_of_their_own(app: App) -> None:
    await app.call("kv.set", "personal", "whose", "Alice's", identity=ALICE)
    await app.call("kv.set", "personal", "whose", "Bob's", identity=BOB)
    assert await app.call("kv.get", "personal", "whose", identity=ALICE) == "Alice's"
    assert await app.call("kv.get", "personal", "whose", identity=BOB) == "Bob's"
    assert await app.call("kv.get", "application", "whose", identity=BOB) is UNDEFINED
    await app.call("kv.set", "application", "whose", "everybody's", identity=ALICE)
    assert await app.call("kv.get", "application", "whose") == "everybody's"


async def test_an_anonymous_caller_has_no_personal_store(app: App) -> None:
    assert await app.code("kv.get", "personal", "k") == "NO_IDENTITY"
    assert await app.code("kv.set", "personal", "k", "v") == "NO_IDENTITY"
    assert await app.code("kv.list", "personal") == "NO_IDENTITY"
    assert await app.code("kv.saveKey", "personal", "k") == "NO_IDENTITY"


async def test_stores_of_other_names_are_other_stores(app: App) -> None:
    await app.call("kv.setUnnamed", "k", "v")
    assert await app.call("kv.getNamed", "default", "k") == "v"
    assert await app.call("kv.getNamed", "other", "k") is UNDEFINED


async def test_keys_are_listed_in_order_and_by_prefix(app: App) -> None:
    for key in ["list/b", "list/a", "list/ä", "lisu"]:
        await app.call("kv.set", "personal", key, "v", identity=BOB)
    assert await app.call("kv.list", "personal", "list/", identity=BOB) == ["list/a", "list/b", "list/ä"]
    assert "lisu" in await app.call("kv.list", "personal", identity=BOB)
    assert await app.call("kv.list", "personal", "nothing", identity=BOB) == []


async def test_long_listings_are_complete(app: App) -> None:
    await app.call("kv.fill", "many/", 2345)
    keys = await app.call("kv.list", "application", "many/")
    assert len(keys) == 2345
    assert keys == sorted(keys)
    entries = await app.call("kv.entries", "many/", {"limit": 1500})
    assert [entry["key"] for entry in entries] == keys[:1500]
    assert entries[7]["value"] == "7"
    page = await app.call("kv.entries", "many/", {"limit": 2, "after": keys[9]})
    assert [entry["key"] for entry in page] == keys[10:12]
    assert await app.call("kv.entries", "many/", {"limit": 0}) == []


async def test_an_entry_tells_its_version_and_when_it_expires(app: App) -> None:
    await app.call("kv.set", "application", "plain", "v")
    plain = await app.call("kv.getEntry", "application", "plain")
    assert plain == {"key": "plain", "value": "v", "version": plain["version"]}
    await app.call("kv.set", "application", "brief", "v", 3600)
    brief = await app.call("kv.getEntry", "application", "brief")
    assert isinstance(brief["expiresAt"], datetime)
    assert brief["version"] > plain["version"]
    assert await app.call("kv.getEntry", "application", "none") is UNDEFINED


async def test_compare_and_set_writes_only_over_the_expected_version(app: App) -> None:
    first = await app.call("kv.compareAndSet", "cas", 0, "1")
    assert await app.call("kv.compareAndSet", "cas", 0, "2") is UNDEFINED
    second = await app.call("kv.compareAndSet", "cas", first, "2")
    assert second > first
    assert await app.call("kv.compareAndSet", "cas", first, "3") is UNDEFINED
    assert await app.call("kv.get", "application", "cas") == "2"


async def test_concurrent_updates_all_count(app: App) -> None:
    assert await app.call("kv.increment", "counter", 25) == "25"


async def test_updating_to_nothing_deletes(app: App) -> None:
    await app.call("kv.set", "application", "gone", "v")
    assert await app.call("kv.updateToNothing", "gone") == [UNDEFINED, False]
    assert await app.call("kv.updateToNothing", "gone") == [UNDEFINED, False]


@pytest.mark.parametrize("value", [1, None, {"a": 1}, b"bytes", UNDEFINED])
async def test_a_text_store_holds_text_only(app: App, value: object) -> None:
    assert "this store holds text" in (await app.error("kv.setAnything", value)).message


@pytest.mark.parametrize("key", [1, None, {}, UNDEFINED, "", "k" * 3000])
async def test_a_key_is_text_of_limited_length(app: App, key: object) -> None:
    assert await app.code("kv.getAnything", key) in ("BAD_REQUEST", "TOO_LARGE")


@pytest.mark.parametrize("name", ["", 1, None, "n" * 200, "a\0b"])
async def test_a_store_has_a_plain_name(app: App, name: object) -> None:
    assert "store name" in (await app.error("kv.openStore", name)).message


async def test_a_value_can_be_large_but_not_too_large(app: App) -> None:
    assert await app.call("kv.setLarge", 8 * MIB - 1000) == 8 * MIB - 1000
    assert await app.code("kv.setLarge", 8 * MIB) == "TOO_LARGE"
    assert await app.code("kv.setLarge", 20 * MIB) == "TOO_LARGE"


async def test_a_transaction_happens_whole_or_not_at_all(app: App) -> None:
    await app.call("kv.set", "application", "from", "10")
    await app.call("kv.set", "application", "to", "0")
    assert await app.call("kv.transfer", "from", "to", 4) == 6
    error = await app.error("kv.transfer", "from", "to", 7)
    assert "not enough" in error.message
    assert await app.call("kv.get", "application", "from") == "6"
    assert await app.call("kv.get", "application", "to") == "4"


async def test_a_transaction_stays_in_its_scope(app: App) -> None:
    error = await app.error("kv.useOtherScope", identity=ALICE)
    assert "cannot use a store of the personal scope" in error.message


async def test_a_transaction_ends_with_its_function(app: App) -> None:
    assert await app.code("kv.useAfterwards") == "CONFLICT"
    assert "cannot start another" in (await app.error("kv.nested")).message


async def test_a_transaction_left_open_ends_with_its_invocation(app: App) -> None:
    assert await app.call("kv.leaveOpen") is UNDEFINED
    await app.call("kv.set", "application", "afterwards", "not blocked")
    assert await app.call("kv.get", "application", "left open") is UNDEFINED


NFT = "resource_1qlq38wvrvh5m4kaz6etaac4389qtuycnp89atc8acdfi"
RUID = "1e2f3a4b-5c6d-4e7f-8a9b-0c1d2e3f4a5b"


@pytest.mark.parametrize(
    ("given", "local_id"),
    [(420, "#420#"), ("ticket", "<ticket>"), (RUID, f"{{{RUID}}}"), (b"\x01\xff", "[01ff]")],
)
async def test_nft_data_is_the_present_owners(app: App, given: object, local_id: str) -> None:
    app.ownership.grant(ALICE, NFT, local_id)
    await app.call("kv.setNft", NFT, given, "k", "v", identity=ALICE)
    assert await app.call("kv.getNft", NFT, given, "k", identity=ALICE) == "v"
    result = await app.call("kv.nftRoundTrip", NFT, given, identity=ALICE)
    assert result == [b"\x01\x02\x03", ["b"], True, "3"]
    assert await app.code("kv.getNft", NFT, given, "k", identity=BOB) == "NOT_OWNER"
    assert await app.code("kv.getNft", NFT, given, "k") == "NO_IDENTITY"
    app.ownership.grant(BOB, NFT, local_id)
    assert await app.call("kv.getNft", NFT, given, "k", identity=BOB) == "v"
    assert await app.code("kv.getNft", NFT, given, "k", identity=ALICE) == "NOT_OWNER"


@pytest.mark.parametrize("given", [-1, 1.5, None, {}, True])
async def test_an_nft_id_has_one_of_four_forms(app: App, given: object) -> None:
    assert "an NFT id is" in (await app.error("kv.getNft", NFT, given, "k", identity=ALICE)).message


@pytest.mark.parametrize("scope", ["application", "personal"])
async def test_a_stored_key_signs_in_later_invocations(app: App, scope: str) -> None:
    public_key = await app.call("kv.saveKey", scope, "mine", identity=ALICE)
    signature = await app.call("kv.signWith", scope, "mine", "Hello, world!", identity=ALICE)
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, b"Hello, world!")
    if scope == "personal":
        assert await app.call("kv.signWith", scope, "mine", "x", identity=BOB) is UNDEFINED
    else:
        assert ["mine", public_key.hex()] in await app.call("kv.listKeys")


@pytest.mark.parametrize("message", ["Hello, world! ☀", b"\x00\x01\xff", ""])
async def test_signing_is_synchronous_and_right(app: App, message: str | bytes) -> None:
    result = await app.call("crypto.signing", message)
    public_key = Ed25519PublicKey.from_public_bytes(result["publicKey"])
    signed = message.encode() if isinstance(message, str) else message
    public_key.verify(result["signature"], signed)
    assert result["same"] == result["signature"]
    assert result["hex"] == result["text"] == result["publicKey"].hex()
    assert result["curve"] == "Ed25519"
    assert result["withKey"] == [result["signature"], result["publicKey"]]
    public_key.verify(result["produced"]["signature"], b"\x01\x02\x03")
    assert (result["verified"], result["refused"]) == (True, False)


async def test_the_private_key_is_nowhere_in_the_guest(app: App) -> None:
    public_key, as_json, as_text, found = await app.call("crypto.everythingVisible")
    candidates = [
        bytes.fromhex(text) for text in found if len(text) == 64 and not set(text) - set("0123456789abcdef")
    ]
    assert bytes.fromhex(public_key) in candidates
    for candidate in candidates:
        assert candidate.hex() == public_key
    assert json.loads(as_json) == {}
    assert public_key not in as_text


async def test_a_key_cannot_be_forged_or_copied(app: App) -> None:
    assert await app.call("crypto.copying") == [
        "forged: TypeError",
        "constructed: TypeError",
        "spread: undefined",
    ]


async def test_a_key_that_is_returned_carries_nothing(app: App) -> None:
    assert await app.call("crypto.returned") == {}


async def test_a_key_dies_with_its_invocation(app: App) -> None:
    await app.call("crypto.keep")
    assert await app.code("crypto.useKept") == "FORBIDDEN"


@pytest.mark.parametrize("data", [1, None, {}, UNDEFINED])
async def test_only_text_and_bytes_are_signed(app: App, data: object) -> None:
    assert await app.code("crypto.signAnything", data) == "BAD_REQUEST"


async def test_a_restarted_node_has_every_acknowledged_value(tmp_path: Path) -> None:
    async with running(APPS / "api", tmp_path / "first") as app:
        public_key = await app.call("kv.saveKey", "personal", "kept", identity=ALICE)
        await app.call("kv.set", "application", "kept", "still here")
    (tmp_path / "second").mkdir()
    (tmp_path / "first" / "data").rename(tmp_path / "second" / "data")
    async with running(APPS / "api", tmp_path / "second") as app:
        assert await app.call("kv.get", "application", "kept") == "still here"
        signature = await app.call("kv.signWith", "personal", "kept", "x", identity=ALICE)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, b"x")
