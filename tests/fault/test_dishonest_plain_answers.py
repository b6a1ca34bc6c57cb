"""Answers at plain addresses do not say how far the log goes: whoever passes on an old one is noticed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from proven.attestation import DevelopmentAttestor, Verifier
from proven.cli._verification import _collect, _Target
from proven.client import LogMemory, Pins
from proven.client.bundle import Bundle
from proven.client.report import LinkName, Report, Status
from proven.client.verification import examine
from proven.client.verification_log import _described
from proven.wire.applications import Deploy, OwnerDecides, SetUpgradePolicy
from proven.wire.errors import ProvenError
from proven.wire.notes import NoteSigner
from support.dishonest import HOUR, serving
from support.dishonest_bank import OWNER, Scene, assert_caught


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def asked_at(scene: Scene, path: str = "/balance") -> Bundle:
    """What an unmodified client collects that asks at a plain address, and never saw the log."""
    async with serving(scene.operator) as served:
        target = _Target(url=f"{served.url}{path}")
        return await _collect(
            target, None, LogMemory(scene.folder / "nothing"), whole=False, source=True, timeout=30.0
        )


def verdict(scene: Scene, bundle: Bundle, pins: Pins | None = None) -> Report:
    return examine(bundle, Verifier.development(scene.attestor.root), pins=pins)


async def test_an_honest_answer_is_believed_now_and_from_a_file(scene: Scene) -> None:
    bundle = await asked_at(scene)
    assert bundle.described is not None
    for each in (bundle, Bundle.decode(bundle.encode())):
        report = verdict(scene, each)
        assert report.failed is None, report.failed


async def test_an_announcement_behind_an_old_checkpoint(scene: Scene) -> None:
    scene.operator.shown = len(scene.book.leaves)
    scene.book.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), OWNER, ago=HOUR)
    scene.operator.described = scene.signed_head()
    assert_caught(verdict(scene, await asked_at(scene)), LinkName.LOG, "the checkpoint is stale: it has 5 ")


async def test_an_announcement_left_out_of_a_long_log(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proven.client.collect.WHOLE_LOG", 0)
    scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=HOUR)
    scene.operator.listed = [1, 2, 3]
    assert_caught(verdict(scene, await asked_at(scene)), LinkName.LOG, "entries were left out: 3 are shown")


async def test_a_description_of_another_log_or_application_or_machine(scene: Scene) -> None:
    bundle = await asked_at(scene)
    assert bundle.described is not None
    body = replace(bundle.described, body=bundle.described.body.replace(b'"revision"', b'"Revision"'))
    assert_caught(verdict(scene, replace(bundle, described=body)), LinkName.LOG, "the body is not the one")
    path = replace(bundle, described=bundle.answer)
    assert_caught(verdict(scene, path), LinkName.LOG, "the node does not sign how far its log goes")
    scene.operator.described = {"id": scene.other}
    assert_caught(verdict(scene, await asked_at(scene)), LinkName.APPLICATION, "of another application")
    scene.operator.described = {}
    honest, scene.attestor = scene.attestor, DevelopmentAttestor(scene.folder / "elsewhere")
    scene.operator.attestor = scene.attestor
    foreign = await asked_at(scene)
    scene.attestor = honest
    mixed = replace(bundle, described=foreign.described)
    assert verdict(scene, mixed).failed is not None


@pytest.mark.parametrize("body", [b'{"id": "\xff"}', b"[" * 100_000, b'{"log": NaN}', b""])
async def test_a_description_that_nobody_can_read(scene: Scene, body: bytes) -> None:
    bundle = await asked_at(scene)
    assert bundle.described is not None
    headers = [each for each in bundle.described.headers if each[0] != "content-digest"]
    altered = replace(bundle.described, body=body, headers=tuple(headers))
    assert_caught(verdict(scene, replace(bundle, described=altered)), LinkName.LOG, "")
    assert _described(altered, scene.application) is None


async def test_a_log_that_is_withheld_has_no_witnesses(scene: Scene) -> None:
    bundle = replace(await asked_at(scene), log=None)
    witness = NoteSigner("witness.example", Ed25519PrivateKey.generate())
    report = verdict(scene, bundle, Pins(witnesses=(witness.key,)))
    assert_caught(report, LinkName.LOG, "without the log there is nothing that witnesses have cosigned")


async def test_an_announcement_left_out_of_a_long_log_and_entries_of_another_in_its_place(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proven.client.collect.WHOLE_LOG", 0)
    scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=HOUR)
    scene.operator.listed = [0, 1, 2, 3, 4]
    assert_caught(verdict(scene, await asked_at(scene)), LinkName.LOG, "entries were left out: 3 are shown")


@pytest.mark.parametrize("whole", [True, False])
async def test_a_file_without_the_nodes_word_on_how_far_its_log_goes_does_not_say_who_may_change_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr("proven.client.collect.WHOLE_LOG", 4096 if whole else 0)
    scene.operator.shown, scene.operator.listed = len(scene.book.leaves), None if whole else [1, 2, 3]
    scene.book.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), OWNER, ago=HOUR)
    bundle = replace(await asked_at(scene), described=None)
    report = verdict(scene, bundle)
    assert report.failed is None
    assert [link.status for link in report.links if link.name is LinkName.POLICY] == [Status.UNCHECKED]
    assert "which the node says are all" not in str(report.links)
    assert_caught(verdict(scene, bundle, Pins(min_delay=60)), LinkName.POLICY, "newest entries")


async def test_a_file_with_the_nodes_word_of_an_earlier_day(scene: Scene) -> None:
    scene.operator.shown = len(scene.book.leaves)
    early = (await asked_at(scene)).described
    scene.book.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), OWNER, ago=HOUR)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    scene.operator.signed_at = tomorrow
    scene.operator.attestor = DevelopmentAttestor(scene.folder / "attestation", clock=lambda: tomorrow)
    late = await asked_at(scene)
    at = int(tomorrow.timestamp() * 1000)
    bundle = replace(late, described=early, answer=replace(late.answer, at=at), made_at=at)
    assert_caught(verdict(scene, bundle), LinkName.LOG, "at another time than it showed the log")


async def test_an_application_that_describes_itself_on_its_own_host(scene: Scene) -> None:
    """The owner may be in between there, and the application answers at `/app/…`."""
    scene.operator.shown = len(scene.book.leaves)
    scene.book.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), OWNER, ago=HOUR)
    scene.operator.described = scene.signed_head()
    scene.operator.answered = {"/app/bank": b"{}"}
    assert_caught(await scene.verdict(asked="bank"), LinkName.LOG, "the checkpoint is stale: it has 5 ")


@pytest.mark.parametrize("url", ["http://[", "http://\u2100/", "http://a/\u20ac", "", "//", "http://a:b/"])
async def test_a_file_of_an_address_that_is_none_has_a_verdict(scene: Scene, url: str) -> None:
    bundle = await asked_at(scene)
    altered = replace(bundle, answer=replace(bundle.answer, url=url))
    assert_caught(verdict(scene, altered), LinkName.NODE_KEY, "")


async def test_a_file_of_times_that_no_calendar_has_is_refused(scene: Scene) -> None:
    bundle = await asked_at(scene)
    with pytest.raises(ProvenError, match="not a saved verification"):
        Bundle.decode(replace(bundle, made_at=(1 << 53) - 1).encode())
    last = Bundle.decode(replace(bundle, made_at=253_402_300_799_999).encode())
    assert verdict(scene, last).failed is not None
