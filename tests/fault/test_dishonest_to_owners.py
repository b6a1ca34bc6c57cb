"""What owners and guardians read before they sign: whoever is in between shows them less than there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from proven.attestation import Verifier
from proven.client import LogMemory
from proven.client.collect import collecting
from proven.client.owner import OwnersNode, ReadLog
from proven.wire.applications import Deploy
from proven.wire.errors import ErrorCode, ProvenError
from support.dishonest import HOUR, serving
from support.dishonest_bank import DELAY, OWNER, STRANGER, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A change is pending that the guardian would veto."""
    scene = Scene(tmp_path)
    scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=HOUR)
    return scene


async def read(scene: Scene) -> ReadLog:
    async with serving(scene.operator) as served, collecting(served.url) as collector:
        verifier = Verifier.development(scene.attestor.root)
        return await OwnersNode(collector, verifier, LogMemory(scene.folder / "nothing")).read(
            scene.application
        )


async def refused(scene: Scene) -> str:
    with pytest.raises(ProvenError) as error:
        await read(scene)
    assert error.value.code is ErrorCode.EVIDENCE_INVALID
    return error.value.message


@pytest.fixture(params=["whole", "proofs"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    if request.param == "proofs":
        monkeypatch.setattr("proven.client.collect.WHOLE_LOG", 0)
        scene.operator.listed = [1, 2, 3, 5]


@pytest.mark.usefixtures("either_way")
async def test_what_is_pending_is_read(scene: Scene) -> None:
    assert (await read(scene)).find(scene.application).pending is not None


async def test_a_pending_change_behind_an_old_checkpoint(scene: Scene) -> None:
    scene.operator.described = scene.signed_head()
    scene.operator.shown = 5
    assert "the checkpoint is stale: it has 5 entries" in await refused(scene)


async def test_a_pending_change_left_out_of_a_long_log(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proven.client.collect.WHOLE_LOG", 0)
    scene.operator.listed = [0, 1, 2, 3, 4]
    assert "entries were left out: 3 are shown" in await refused(scene)


async def test_a_nodes_word_that_is_withheld_or_given_by_the_application(scene: Scene) -> None:
    scene.operator.shown = 5
    described = f"/.well-known/proven/app/{scene.application}"
    scene.operator.withheld = {described}
    assert "does not sign how far its log goes" in await refused(scene)
    scene.operator.withheld, scene.operator.answered = set(), {described: b"{}"}
    assert "does not sign how far its log goes" in await refused(scene)


@pytest.mark.usefixtures("either_way")
async def test_an_entry_of_the_future(scene: Scene) -> None:
    scene.book.activate(scene.application, ago=HOUR - DELAY)
    if scene.operator.listed is not None:
        scene.operator.listed = [1, 2, 3, 5, 6]
    assert "which is yet to come" in await refused(scene)


async def test_an_entry_of_the_future_of_somebody_else(scene: Scene) -> None:
    scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=-HOUR)
    assert "which is yet to come" in await refused(scene)
