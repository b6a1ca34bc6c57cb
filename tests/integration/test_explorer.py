"""The explorer's pages and their twins: what they say, of whom, and how long it may be kept."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import feedparser
import pytest

from proven.apps import ApplicationRecord
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    CancelUpgrade,
    Immutable,
    LinkDomain,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    Veto,
)
from proven.wire.merkle import check_inclusion, leaf_hash
from proven.wire.notes import NoteKey
from support.gallery import GUARDIAN, HANDLER, ORIGIN, OWNER, SECOND, WITNESS, Gallery, open_gallery
from support.node import running_node

WEEK = 7 * 86_400
KEYS = tuple(sorted([OWNER.public_key, SECOND.public_key]))
FIRST = {"src/app.ts": HANDLER + "export const greet = run((name: string) => `Hello, ${name}`);\n"}
SECOND_FILES = {
    "src/app.ts": HANDLER
    + "import { runWithOptions } from '@proven-network/handler';\n"
    + "export const greet = runWithOptions({ timeout: 500 }, (name: string) => `Good day, ${name}`);\n"
    + "export const more = run(() => 1);\n",
    "src/old.ts": HANDLER + "export const old = run(() => 2);\n",
}


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_gallery(tmp_path) as opened:
        yield opened


async def _versions(gallery: Gallery) -> ApplicationRecord:
    record = await gallery.create("greeter")
    await gallery.deploy(record, gallery.package(FIRST))
    return await gallery.deploy(record, gallery.package(SECOND_FILES))


def _text(page: str) -> str:
    """What a page says, without its markup."""
    page = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", page)))


async def test_an_application_says_who_can_change_it(gallery: Gallery) -> None:
    record = await _versions(gallery)
    await gallery.submit(record, AddAllowedOrigin(origin="https://shop.example"))
    await gallery.submit(record, LinkDomain(domain="greeter.example"))
    said = _text(await gallery.page("/explorer/applications/greeter"))
    assert "Its owner can change it at any moment." in said
    assert "https://shop.example" in said
    assert "greeter.example (claimed, not proved)" in said
    until = int((gallery.now + 86_400) * 1000)
    await gallery.applications.prove_domain(record.id, "greeter.example", until)
    assert "greeter.example (proved until " in _text(
        await gallery.page(f"/explorer/applications/{record.id}")
    )
    await gallery.submit(record, SetUpgradePolicy(policy=Immutable()))
    assert "Nobody can change this." in _text(await gallery.page("/explorer/applications/greeter"))
    await gallery.submit(record, Archive())
    assert "archived" in _text(await gallery.page("/explorer/applications/greeter"))


async def test_a_pending_upgrade_counts_down_without_scripts(gallery: Gallery) -> None:
    record = await _versions(gallery)
    policy = TimelockMultisig(delay=WEEK, threshold=2, keys=KEYS, guardians=(GUARDIAN.public_key,))
    await gallery.submit(record, SetUpgradePolicy(policy=policy))
    package = gallery.package(
        FIRST
        | {
            "src/new.ts": HANDLER + "import { getApplicationDb } from '@proven-network/sql';\n"
            "const db = getApplicationDb('shop').migrate('CREATE TABLE items (id INTEGER)');\n"
            "export const fresh = run(() => db.query('SELECT id FROM items'));\n"
        }
    )
    await gallery.deploy(record, package, OWNER, SECOND)
    address = f"/explorer/applications/{record.id}"
    said = _text(await gallery.page(address))
    assert "2 of 2" not in said
    assert "All of 2 key holders together can change it; changes are announced 7 days before." in said
    assert "7 days left" in said
    assert "Storage migrations that it adds 1" in said
    assert "application database shop, from src/new.ts CREATE TABLE items (id INTEGER)" in said
    gallery.now += 90_000
    said = _text(await gallery.page(address))
    assert "5 days 23 hours left, until 2026-09-28 14:13:20 UTC" in said
    twin = await gallery.json(f"{address}.json")
    assert (twin["pending"]["due"], twin["pending"]["package_id"]) == (False, package.id)
    (added,) = twin["pending"]["migrations"]["items"]
    sql = "CREATE TABLE items (id INTEGER)"
    assert (added["database"], added["statements"]) == (
        "shop",
        [{"sha256": hashlib.sha256(sql.encode()).hexdigest(), "sql": sql}],
    )
    assert twin["pending"]["activates_at"] - twin["made_at"] == (WEEK - 90_000) * 1000
    changed = _text(await gallery.page(f"{address}/diff?from=2&to=pending"))
    assert "src/new.ts" in changed
    assert "fresh" in changed
    gallery.now += WEEK
    assert "Takes effect at any moment" in _text(await gallery.page(address))
    await gallery.activate(record)
    twin = await gallery.json(f"{address}.json")
    assert (twin["pending"], twin["version"], twin["package_id"]) == (None, 3, package.id)
    version = await gallery.json(f"{address}/versions/3.json")
    assert version["version"]["announced_index"] < version["version"]["log_index"]
    assert version["policy"]["value"]["guardians"] == [GUARDIAN.public_key.hex()]
    await gallery.page(f"{address}/diff?from=2&to=pending", status=404)


async def test_every_page_has_a_twin_and_both_say_the_same(gallery: Gallery) -> None:
    record = await _versions(gallery)
    package = record.package_id
    pages = {
        "/explorer/applications": ["greeter"],
        f"/explorer/applications/{record.id}": [record.id, OWNER.public_key.hex(), str(package)],
        f"/explorer/applications/{record.id}/history": ["Create the application greeter"],
        f"/explorer/applications/{record.id}/versions": ["version"],
        f"/explorer/applications/{record.id}/versions/2": [str(package), "greet", "more"],
        f"/explorer/applications/{record.id}/versions/2/check": [str(package)],
        f"/explorer/applications/{record.id}/diff?from=1&to=2": ["Good day", "src/old.ts", "timeout_ms"],
        f"/explorer/packages/{package}": [str(package), "src/old.ts"],
        f"/explorer/packages/{package}/handlers": ["src/app.ts", "more"],
        f"/explorer/packages/{package}/source?path=src/app.ts": ["Good day"],
        "/explorer/log": [ORIGIN, "greeter"],
        "/explorer/log/1": [ORIGIN, "Deploy"],
    }
    for address, expected in pages.items():
        page, headers = await gallery.get(address)
        path, _, query = address.partition("?")
        twin = f"{path}.json{'?' + query if query else ''}"
        assert f'<a href="{html.escape(twin)}">This page as JSON</a>' in page.decode()
        body, twin_headers = await gallery.get(twin)
        assert twin_headers["content-type"] == "application/json"
        assert headers["x-content-type-options"] == twin_headers["x-content-type-options"] == "nosniff"
        said = _text(page.decode()) + html.unescape(page.decode())
        for text in expected:
            assert text in said, (address, text)
            assert text in body.decode(), (twin, text)


async def test_versions_are_compared_in_all_that_they_are(gallery: Gallery) -> None:
    record = await _versions(gallery)
    await gallery.submit(record, SetUpgradePolicy(policy=Timelock(delay=60)))
    await gallery.submit(record, RollBack(version=1))
    gallery.now += 61
    await gallery.activate(record)
    address = f"/explorer/applications/{record.id}/diff"
    twin = await gallery.json(f"{address}.json?from=1&to=2")
    changes = {(each["kind"], each["what"]): (each["old"], each["new"]) for each in twin["changes"]["items"]}
    assert changes[("handler", "src/old.ts#old")][0] is None
    assert "500" in changes[("handler", "src/app.ts#greet")][1]
    (app, old) = twin["files"]["items"]
    assert (app["path"], app["status"], app["added"], app["removed"]) == ("src/app.ts", "changed", 3, 1)
    assert (old["path"], old["status"]) == ("src/old.ts", "added")
    rows = [(row["kind"], row["old"], row["new"]) for row in app["rows"]["items"]]
    assert rows[0] == ("same", 1, 1)
    assert ("removed", 2, None) in rows
    assert ("added", None, 2) in rows
    page = await gallery.page(f"{address}?from=1&to=2")
    for row in app["rows"]["items"]:
        assert row["text"] in html.unescape(re.sub(r"<[^>]*>", "", page))
    (under,) = [
        each
        for each in (await gallery.json(f"{address}.json?from=2&to=3"))["changes"]["items"]
        if each["kind"] == "policy"
    ]
    assert "announced 1 minute before" in under["new"]
    assert "nothing in them differs" in _text(await gallery.page(f"{address}?from=1&to=3"))
    one = await gallery.json(f"{address}.json?from=1&to=2&path=src/old.ts")
    assert [each["path"] for each in one["files"]["items"]] == ["src/old.ts"]
    for wrong in ("from=1&to=9", "from=0&to=1", "from=x&to=1", "from=1&to=2&path=nowhere"):
        await gallery.page(f"{address}?{wrong}", status=404)


async def test_ends_of_lines_and_files_are_differences_too(gallery: Gallery) -> None:
    record = await gallery.create("ends")
    source = HANDLER + "export const a = run(() => 1);\n"
    await gallery.deploy(record, gallery.package({"src/a.ts": source}))
    await gallery.deploy(record, gallery.package({"src/a.ts": source.replace("\n", "\r\n")}))
    await gallery.deploy(record, gallery.package({"src/a.ts": source.rstrip("\n")}))
    address = f"/explorer/applications/{record.id}/diff"
    returns = await gallery.page(f"{address}?from=1&to=2")
    assert returns.count('<span class="odd">U+000D</span>') == 2
    assert "end of file without end of line" in await gallery.page(f"{address}?from=1&to=3")


async def test_the_proof_of_an_entry_can_be_followed(gallery: Gallery) -> None:
    await _versions(gallery)
    for number in range(20):
        await gallery.create(f"app-{number}")
    gallery.witnessed.append(WITNESS.cosign(gallery.log.checkpoint.text(), 1_790_000_123))
    for index in (0, 1, 2, 11, 22):
        twin = await gallery.json(f"/explorer/log/{index}.json")
        leaf = bytes.fromhex(twin["raw"])
        checkpoint = twin["checkpoint"]
        root, proof = (
            base64.b64decode(checkpoint["root"]),
            [base64.b64decode(each) for each in twin["inclusion"]],
        )
        check_inclusion(leaf_hash(leaf), index, checkpoint["size"], root, proof)
        current = leaf_hash(leaf)
        for step in twin["steps"]:
            sibling = bytes.fromhex(step["sibling"])
            pair = sibling + current if step["side"] == "left" else current + sibling
            current = hashlib.sha256(b"\1" + pair).digest()
            assert current.hex() == step["result"]
        assert (current, twin["proved"]) == (root, True)
        assert NoteKey.parse(checkpoint["verifier_key"]).name == ORIGIN
        assert checkpoint["cosignatures"] == [
            {
                "name": "witness.example",
                "key_id": checkpoint["cosignatures"][0]["key_id"],
                "at": 1_790_000_123,
            }
        ]
        page = await gallery.page(f"/explorer/log/{index}")
        assert "lead from this entry to the root" in page
        assert "witness.example" in page
    await gallery.page("/explorer/log/23", status=404)
    await gallery.page("/explorer/log/-1", status=404)


async def test_the_log_is_read_page_by_page(gallery: Gallery) -> None:
    for number in range(60):
        await gallery.create(f"app-{number}")
    found: list[int] = []
    address: str | None = "/explorer/log.json"
    while address is not None:
        page = await gallery.json(address)
        found += [each["log_index"] for each in page["entries"]]
        address = f"/explorer/log.json?before={page['older']}" if page["older"] is not None else None
    assert found == list(range(59, -1, -1))
    await gallery.page("/explorer/log?before=61", status=404)
    await gallery.page("/explorer/log?before=x", status=400)


async def _followed(gallery: Gallery) -> ApplicationRecord:
    """An application to which everything happened that a feed tells."""
    record = await gallery.create("followed")
    await gallery.deploy(record, gallery.package(FIRST))
    policy = Timelock(delay=3600, guardians=(GUARDIAN.public_key,))
    await gallery.submit(record, SetUpgradePolicy(policy=policy))
    second = gallery.package(SECOND_FILES)
    for ending in (CancelUpgrade(), Veto()):
        gallery.now += 60
        await gallery.deploy(record, second)
        gallery.now += 60
        await gallery.submit(record, ending, GUARDIAN if isinstance(ending, Veto) else OWNER)
    await gallery.deploy(record, second)
    await gallery.submit(record, AddAllowedOrigin(origin="https://a.example"))
    gallery.now += 3601
    await gallery.activate(record)
    return await gallery.submit(record, TransferOwnership(to=SECOND.public_key))


OUTCOMES = [
    "Announced",
    "In force",
    "Announced",
    "Vetoed",
    "Announced",
    "Cancelled",
    "Announced",
    "In force",
    "In force",
]


async def test_the_atom_feed_follows_its_format(gallery: Gallery) -> None:
    record = await _followed(gallery)
    body, headers = await gallery.get(f"/explorer/applications/{record.id}/feed.atom")
    assert headers["content-type"] == "application/atom+xml; charset=utf-8"
    _check_atom(body)
    read = feedparser.parse(body)
    assert (read.bozo, read.version) == (False, "atom10")
    assert [entry.title.split(": ")[1] for entry in read.entries] == OUTCOMES[:1] + OUTCOMES[1:]
    assert "It takes effect at 2026-" in read.entries[0].content[0].value
    assert GUARDIAN.public_key.hex() in read.entries[3].content[0].value


async def test_the_json_feed_follows_its_format(gallery: Gallery) -> None:
    record = await _followed(gallery)
    body, headers = await gallery.get(f"/explorer/applications/{record.id}/feed.json")
    assert headers["content-type"] == "application/feed+json"
    feed = json.loads(body)
    _check_json_feed(feed)
    assert feed["feed_url"] == f"{gallery.url}/explorer/applications/{record.id}/feed.json"
    atom = feedparser.parse((await gallery.get(f"/explorer/applications/{record.id}/feed.atom"))[0])
    assert [item["id"] for item in feed["items"]] == [entry.id for entry in atom.entries]
    assert [item["title"] for item in feed["items"]] == [entry.title for entry in atom.entries]


async def test_ids_of_feeds_stay_and_readers_ask_cheaply(gallery: Gallery) -> None:
    record = await _followed(gallery)
    address = f"/explorer/applications/{record.id}/feed.json"
    body, headers = await gallery.get(address)
    before = [item["id"] for item in json.loads(body)["items"]]
    for condition in (
        {"if-none-match": headers["etag"]},
        {"if-modified-since": headers["last-modified"]},
    ):
        assert (await gallery.get(address, status=304, headers=condition))[0] == b""
    gallery.now += 7200
    await gallery.activate(record)
    body, changed = await gallery.get(address, headers={"if-none-match": headers["etag"]})
    assert changed["etag"] != headers["etag"]
    assert [item["id"] for item in json.loads(body)["items"]][1:] == before
    assert "max-age" in changed["cache-control"]
    assert len(set(before)) == len(before)


async def test_a_new_application_has_an_empty_feed(gallery: Gallery) -> None:
    record = await gallery.create("quiet")
    _check_atom((await gallery.get(f"/explorer/applications/{record.id}/feed.atom"))[0])
    _check_json_feed(await gallery.json(f"/explorer/applications/{record.id}/feed.json"))


async def test_what_a_package_decides_is_cached_by_its_id(gallery: Gallery) -> None:
    record = await _versions(gallery)
    package = f"/explorer/packages/{record.package_id}"
    for address in (f"{package}/source?path=src/app.ts", f"{package}.json", f"{package}/handlers"):
        _, headers = await gallery.get(address)
        assert "public" in headers["cache-control"]
        await gallery.get(address, status=304, headers={"if-none-match": headers["etag"]})
    _, headers = await gallery.get(f"/explorer/applications/{record.id}")
    assert headers["cache-control"] == "no-cache"
    body, headers = await gallery.get(f"{package}/manifest")
    assert hashlib.sha256(body).hexdigest() == record.package_id
    assert "immutable" in headers["cache-control"]
    body, headers = await gallery.get(f"{package}/raw?path=src/app.ts")
    assert body.decode() == SECOND_FILES["src/app.ts"]
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in headers["content-security-policy"]


async def test_a_front_end_file_is_shown_though_a_source_file_has_its_path(gallery: Gallery) -> None:
    named = '{"name":"shadow","proven":{"assets":"dist"}}'
    package = gallery.package({"package.json": named, **FIRST, "dist/package.json": "served"})
    await gallery.deploy(await gallery.create("shadow"), package)
    page, _ = await gallery.get(f"/explorer/packages/{package.id}")
    raw = f"/explorer/packages/{package.id}/raw"
    assert f'href="{raw}?asset=package.json"'.encode() in page
    assert (await gallery.get(f"{raw}?asset=package.json"))[0] == b"served"
    assert (await gallery.get(f"{raw}?path=package.json"))[0] == named.encode()
    await gallery.get(f"{raw}?asset=src/app.ts", status=404)


async def test_one_finds_what_one_has_a_name_of(gallery: Gallery) -> None:
    record = await _versions(gallery)
    for wanted, place in {
        "greeter": f"/explorer/applications/{record.id}",
        record.id: f"/explorer/applications/{record.id}",
        str(record.package_id): f"/explorer/packages/{record.package_id}",
        "2": "/explorer/log/2",
    }.items():
        _, headers = await gallery.get(f"/explorer/find?for={wanted}", status=303)
        assert headers["location"] == place
    for wrong in ("nobody", "", "%2F%2Fevil.example", "f" * 64, "%0d%0aset-cookie:a=b"):
        await gallery.get(f"/explorer/find?for={wrong}", status=404)


@pytest.mark.parametrize(
    "path",
    [
        "/explorer/nothing",
        "/explorer/applications/nobody",
        "/explorer/applications/<script>",
        "/explorer/applications/greeter/versions/3",
        "/explorer/applications/greeter/versions/%F0%9F%92%A9",
        "/explorer/applications/greeter/versions/99999999999999999999",
        "/explorer/packages/0/source?path=a",
        f"/explorer/packages/{'0' * 64}",
        "/explorer/applications?page=99",
        "/explorer/assets/../base.html",
        "/explorer/assets/base.html",
    ],
)
async def test_what_is_not_there_is_said_in_the_form_that_was_asked_for(gallery: Gallery, path: str) -> None:
    await _versions(gallery)
    async with gallery._http.get(f"{gallery.url}{path}") as response:
        assert response.status in (400, 404)
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "script-src" not in response.headers["content-security-policy"]
        assert "<script" not in await response.text()
    if "?" not in path and "assets" not in path:
        async with gallery._http.get(f"{gallery.url}{path}.json") as response:
            assert (await response.json())["code"] in ("NOT_FOUND", "BAD_REQUEST")


async def test_nothing_is_changed_here(gallery: Gallery) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        async with gallery._http.request(method, f"{gallery.url}/explorer/applications") as response:
            assert response.status == 405
            assert response.headers["allow"] == "GET, HEAD"
    async with gallery._http.head(f"{gallery.url}/explorer/applications") as response:
        assert response.status == 200


async def test_large_packages_come_in_pages(gallery: Gallery) -> None:
    record = await gallery.create("large")
    lines = "".join(f"// {number} {'x' * 40}\n" for number in range(3_000))
    files: dict[str, str | bytes] = {
        f"src/m{number:04}.ts": f"{HANDLER}export const h = run(() => {number});\n" for number in range(300)
    }
    files["src/long.ts"] = f"{HANDLER}{lines}export const last = run(() => '{'y' * 100_000}');\n"
    record = await gallery.deploy(record, gallery.package(files))
    address = f"/explorer/packages/{record.package_id}"
    twin = await gallery.json(f"{address}.json")
    assert (len(twin["modules"]["items"]), twin["modules"]["total"]) == (100, 301)
    section = await gallery.json(f"{address}/modules.json")
    assert len(section["listing"]["items"]) == 301
    source = f"{address}/source.json?path=src/long.ts"
    pages = [await gallery.json(f"{source}&page={page}") for page in range(1, 5)]
    rows = [row for page in pages for row in page["rows"]["items"]]
    assert all(len(page["rows"]["items"]) <= 1_000 for page in pages)
    shown = "".join(("" if row["continues"] else "\n") + row["text"] for row in rows)[1:]
    assert shown + "\n" == files["src/long.ts"]
    assert max(len(row["text"]) for row in rows) <= 2_000
    assert (await gallery.json(f"{source}&line=2500"))["rows"]["page"] == 3
    page = await gallery.page(f"{address}/source?path=src/long.ts&page=3")
    assert 'id="L2500"' in page
    assert len(page) < 1_000_000


async def test_a_node_serves_it_at_its_own_names_only(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node, aiohttp.ClientSession() as http:
        await node.deploy("exhibit")
        async with http.get(f"{node.url}/explorer/applications") as response:
            assert response.status == 200
            assert "exhibit" in await response.text()
        async with http.get(
            f"{node.url}/explorer/applications", headers={"host": "exhibit.localhost"}
        ) as response:
            assert "Proven explorer" not in await response.text()
        async with http.get(
            f"{node.url}/explorer/applications", headers={"host": "evil.example"}
        ) as response:
            assert response.status == 404


ATOM = "{http://www.w3.org/2005/Atom}"


def _check_atom(body: bytes) -> None:
    """RFC 4287 §4.1: what a feed and each entry must have, and how often."""
    feed = ElementTree.fromstring(body)
    assert feed.tag == f"{ATOM}feed"
    ids = set()
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
        identifier = element.findtext(f"{ATOM}id") or ""
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identifier)
        assert identifier not in ids
        ids.add(identifier)
        for name in ("updated", "published"):
            text = element.findtext(f"{ATOM}{name}")
            assert text is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
        links = [link.attrib for link in element.findall(f"{ATOM}link")]
        assert [link["rel"] for link in links].count("alternate") == 1
        assert all(re.fullmatch(r"https?://[!-~]+", link["href"]) for link in links)
    assert len(feed.findall(f"{ATOM}author/{ATOM}name")) == 1
    allowed = {"id", "title", "subtitle", "updated", "published", "author", "link", "entry", "content"}
    assert {child.tag.removeprefix(ATOM) for element in (feed, *feed) for child in element} <= allowed | {
        "name"
    }


def _check_json_feed(feed: dict[str, Any]) -> None:
    """JSON Feed 1.1: required fields and types."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert isinstance(feed["title"], str)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert isinstance(item["content_text"], str)
        assert item["url"].startswith("http")
        datetime.fromisoformat(item["date_published"])
    known = {"version", "title", "home_page_url", "feed_url", "description", "items"}
    assert set(feed) <= known
    assert all(
        set(item) <= {"id", "url", "title", "content_text", "date_published"} for item in feed["items"]
    )
