"""Front-end files of deployed packages: each kept once, by its hash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from proven.apps import Applications, Limits
from proven.engine.embedded import EmbeddedEngine
from proven.packages import Asset, Package, build
from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError

SOURCE = "import { run } from '@proven-network/handler';\nexport const a = run(() => 1);\n"
MakeFrontEnd = Callable[..., Package]


@pytest.fixture
def make_front_end(tmp_path: Path) -> MakeFrontEnd:
    """Builds a package with these front-end files."""

    def make(**files: str) -> Package:
        folder = tmp_path / "front-end"
        (folder / "src").mkdir(parents=True, exist_ok=True)
        (folder / "dist").mkdir(exist_ok=True)
        (folder / "src" / "app.ts").write_text(SOURCE)
        (folder / "package.json").write_text('{"proven": {"assets": "dist"}}')
        for name, content in files.items():
            (folder / "dist" / f"{name}.txt").write_text(content)
        return build(folder)

    return make


async def test_the_files_of_every_version_can_be_read(
    applications: Applications, alice: OwnerKey, make_front_end: MakeFrontEnd
) -> None:
    app = (await applications.create(alice, "todo", b"")).id
    first, second = make_front_end(page="one", logo="same"), make_front_end(page="two", logo="same")
    await applications.deploy(alice, app, first, revision=1)
    await applications.deploy(alice, app, second, revision=2)
    for package in (first, second):
        for asset in package.manifest.assets:
            assert await applications.asset(asset) == package.assets[asset.path]


async def test_versions_share_the_files_that_did_not_change(
    applications: Applications, engine: EmbeddedEngine, alice: OwnerKey, make_front_end: MakeFrontEnd
) -> None:
    app = (await applications.create(alice, "todo", b"")).id
    for version, page in enumerate(("one", "two", "one")):
        package = make_front_end(page=page, logo="same" * 10_000)
        await applications.deploy(alice, app, package, revision=version + 1)
    assert len(await engine.objects.list("assets")) == 3
    assert all(stored.size < 10_000 for stored in await engine.objects.list("packages"))


async def test_a_package_from_the_store_has_its_code(
    applications: Applications, alice: OwnerKey, make_front_end: MakeFrontEnd
) -> None:
    app = (await applications.create(alice, "todo", b"")).id
    package = make_front_end(page="one")
    await applications.deploy(alice, app, package, revision=1)
    stored = await applications.package(package.id)
    assert (stored.manifest, stored.files, stored.assets) == (package.manifest, package.files, {})


async def test_front_end_files_count_against_what_an_owner_may_store(
    engine: EmbeddedEngine, alice: OwnerKey, make_front_end: MakeFrontEnd
) -> None:
    for attempt in range(2):  # the second asks the store for what it has
        applications = Applications(
            engine.logs,
            engine.objects,
            origin="log.example/test",
            limits=Limits(package_bytes_per_owner=30_000),
        )
        await applications.start()
        if attempt == 0:
            app = (await applications.create(alice, "todo", b"")).id
            await applications.deploy(alice, app, make_front_end(page="x" * 20_000), revision=1)
        with pytest.raises(ProvenError) as caught:
            await applications.deploy(alice, app, make_front_end(page="y" * 20_000), revision=2)
        assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
        await applications.stop()


async def test_another_file_under_a_name_in_the_store_is_noticed(
    applications: Applications, engine: EmbeddedEngine
) -> None:
    asset = Asset("page.txt", "0" * 64, 3)
    with pytest.raises(ProvenError) as caught:
        await applications.asset(asset)
    assert caught.value.code is ErrorCode.NOT_FOUND
    await engine.objects.put("assets", asset.sha256, b"one")
    with pytest.raises(ProvenError) as caught:
        await applications.asset(asset)
    assert caught.value.code is ErrorCode.UNAVAILABLE
