"""What the explorer's pages say of an application's end, and where its search leads."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.wire.applications import Archive, Multisig, SetUpgradePolicy
from support.gallery import HANDLER, OWNER, SECOND, Gallery, open_gallery

FILES = {"src/app.ts": HANDLER + "export const greet = run(() => 1);\n"}


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_gallery(tmp_path) as opened:
        yield opened


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


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
