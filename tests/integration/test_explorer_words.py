"""What the explorer's pages say of an application's end, and where its search leads."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from proven.wire.applications import Archive, Multisig, RollBack, SetUpgradePolicy
from support.gallery import HANDLER, OWNER, SECOND, Gallery, open_gallery

FILES = {"src/app.ts": HANDLER + "export const greet = run(() => 1);\n"}


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_gallery(tmp_path) as opened:
        yield opened


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", page)))


async def test_nobody_changes_what_was_archived_and_it_is_not_said_by_whom(gallery: Gallery) -> None:
    record = await gallery.create("greeter")
    keys = tuple(sorted([OWNER.public_key, SECOND.public_key]))
    await gallery.submit(record, SetUpgradePolicy(policy=Multisig(threshold=2, keys=keys)))
    await gallery.submit(record, Archive(), OWNER, SECOND)
    address = f"/explorer/applications/{record.id}"
    said, listed = [_text(await gallery.page(each)) for each in (address, "/explorer/applications")]
    for page in (said.partition("History")[0], listed):
        assert "Nobody: it was archived." in page
        assert "key holders" not in page
        assert "yet" not in page
    assert "Its owner ended" not in said
    assert (await gallery.json(f"{address}.json"))["policy"]["words"] == "Nobody: it was archived."
    (item,) = (await gallery.json("/explorer/applications.json"))["applications"]["items"]
    assert item["policy"] == "Nobody: it was archived."


async def _leads_to(gallery: Gallery, wanted: str) -> str:
    _, headers = await gallery.get(f"/explorer/find?for={wanted}", status=303)
    return headers["location"].removeprefix("/explorer/")


async def test_a_search_finds_by_any_case_by_beginnings_and_by_owner(gallery: Gallery) -> None:
    greeter, other = await gallery.create("greeter"), await gallery.create("greenhouse")
    package = gallery.package(FILES)
    await gallery.deploy(greeter, package)
    home = f"applications/{greeter.id}"
    assert [await _leads_to(gallery, each) for each in ("GREETER", "greet", greeter.id)] == [home] * 3
    for prefix in (package.id[:8] + "%20", package.id[:20].upper(), package.id):
        assert await _leads_to(gallery, prefix) == f"packages/{package.id}"
    for wanted in ("gree", OWNER.public_key.hex()):
        found = await gallery.json(f"/explorer/find.json?for={wanted}")
        assert [each["id"] for each in found["applications"]] == [greeter.id, other.id]
    assert "greenhouse" in _text(await gallery.page("/explorer/find?for=Gree"))
    for nothing in (package.id[:7] + "x", "eeter", "%20"):
        await gallery.get(f"/explorer/find?for={nothing}", status=404)
    said = _text(await gallery.page(f"/explorer/find?for={SECOND.public_key.hex()}", status=404))
    assert f"'{SECOND.public_key.hex()}' is no package, and owns no application here" in said
    assert "<title>Not found " in await gallery.page("/explorer/find?for=eeter", status=404)
    said = _text(await gallery.page(f"/explorer/packages/{'0' * 64}", status=404))
    assert f"there is no package {'0' * 64}" in said


async def test_a_slash_too_many_leads_to_the_page(gallery: Gallery) -> None:
    await gallery.create("greeter")
    for path, query in (("applications", ""), ("applications/greeter/versions", "?page=1"), ("log", "")):
        _, headers = await gallery.get(f"/explorer/{path}/{query}", status=308)
        assert headers["location"] == f"/explorer/{path}{query}"
        await gallery.page(headers["location"])
    await gallery.get("/explorer/nothing/", status=404)


async def test_a_check_page_gives_a_command_that_works_at_its_node(gallery: Gallery) -> None:
    record = await gallery.create("greeter")
    for files in (FILES, {"src/app.ts": HANDLER + "export const greet = run(() => 2);\n"}):
        await gallery.deploy(record, gallery.package(files))
    await gallery.submit(record, RollBack(version=1))
    address = f"/explorer/applications/{record.id}/versions"
    assert " --pcr0 …" in _text(await gallery.page(f"{address}/3/check"))
    gallery.explorer._rooms = replace(gallery.explorer._rooms, development=True)
    page = await gallery.page(f"{address}/3/check")
    assert f"proven verify greeter@{gallery.url} --any-development-node" in _text(page)
    assert "--pcr0" not in page
    assert f'href="{address}/1/check"' in page
    assert "This version is a return to" not in await gallery.page(f"{address}/2/check")
