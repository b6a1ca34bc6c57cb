"""A node's operator lies about the time: the node's clock is the host's, and so are the times in the log. An
unmodified client notices, by what it saw itself or by the witnesses that it pins.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from proven.attestation import Verifier
from proven.client import Bundle, Pins, collect
from proven.client.collect import collecting
from proven.client.report import LinkName, Status
from proven.client.verification import examine
from proven.wire.applications import Deploy, OwnerDecides, SetUpgradePolicy, Timelock
from proven.wire.notes import Checkpoint, NoteSigner
from support.dishonest import HOUR, Operator, serving
from support.dishonest_bank import DELAY, OWNER, STRANGER, Scene, assert_caught

WITNESS, SECOND = (
    NoteSigner(f"{name}.example", Ed25519PrivateKey.from_private_bytes(name.encode()[:1] * 32))
    for name in ("witness", "second")
)
WITNESSED = Pins(witnesses=(WITNESS.key,), notice_witnessed=True)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture(params=["whole", "proofs"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is read as a whole, and as if it were too long for that."""
    if request.param == "proofs":
        monkeypatch.setattr(collect, "WHOLE_LOG", 0)


def upgrade(scene: Scene, *, announced: float, activated: float) -> Operator:
    """The bad package, announced and live, as the log has it: seconds ago."""
    scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=announced)
    index = scene.book.activate(scene.application, ago=activated)
    operator = scene.serve(scene.book, scene.bad, index)
    operator.cosignatures = scene.book.seen_by(WITNESS, 0).signatures
    return operator


class TestClocks:
    """The operator's host sets the clock of the node, and so the times in the log."""

    async def test_set_ahead_so_that_a_notice_is_over_at_once(self, scene: Scene) -> None:
        operator = upgrade(scene, announced=0, activated=-DELAY)
        assert_caught(await scene.verdict(operator), LinkName.LOG, "entry 6 says that it is of ")

    async def test_set_ahead_for_any_application(self, scene: Scene) -> None:
        scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=-HOUR)
        assert_caught(await scene.verdict(), LinkName.LOG, "which is yet to come")

    async def test_set_ahead_of_the_platforms_clock(self, scene: Scene) -> None:
        """The evidence is dated by the hardware: a caller's clock that is ahead, too, does not help."""
        scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=-8 * 60)
        async with serving(scene.operator) as served, collecting(served.url) as collector:
            bundle = await collector.bundle(await collector.describe(scene.application))
        ahead = replace(bundle, made_at=bundle.made_at + 4 * 60_000)
        report = examine(ahead, Verifier.development(scene.attestor.root))
        assert_caught(report, LinkName.LOG, "which is yet to come")

    async def test_set_back_behind_another_applications_entry(self, scene: Scene) -> None:
        scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=HOUR)
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=0)
        report = await scene.verdict(operator)
        assert_caught(report, LinkName.LOG, "entry 6 was backdated: it says that it is of ")
        assert "and entry 5, before it, is of" in str(report.failed)

    async def test_set_back_while_the_log_was_quiet_but_watched(self, scene: Scene) -> None:
        assert (await scene.verdict()).failed is None
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=0)
        report = await scene.verdict(operator)
        assert_caught(report, LinkName.LOG, "entry 5 was backdated")
        assert "the log was seen without it on" in str(report.failed)

    async def test_set_back_for_another_application_while_the_log_was_watched(self, scene: Scene) -> None:
        assert (await scene.verdict()).failed is None
        scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=HOUR)
        assert_caught(await scene.verdict(), LinkName.LOG, "entry 5 was backdated")

    @pytest.mark.usefixtures("either_way")
    async def test_set_back_while_only_a_witness_watched(self, scene: Scene) -> None:
        before = scene.book.seen_by(WITNESS, HOUR)
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=0)
        operator.cosigned = [before]
        operator.listed = [1, 2, 3, 5, 6]
        report = await scene.verdict(operator, pins=Pins(witnesses=(WITNESS.key,)))
        assert_caught(report, LinkName.LOG, "entry 5 was backdated")
        assert "witness.example saw the log without it on" in str(report.failed)

    async def test_set_back_and_what_the_witness_saw_kept_quiet(self, scene: Scene) -> None:
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=0)
        believed = await scene.verdict(operator, pins=Pins(witnesses=(WITNESS.key,)))
        assert believed.links[-1].status is Status.UNCHECKED
        report = await scene.verdict(operator, pins=WITNESSED)
        assert_caught(report, LinkName.NOTICE, "witness.example first saw it on ")
        assert "has not been public for the notice that was promised: wait until" in str(report.failed)

    async def test_a_policy_taken_away_and_given_back_with_a_notice_of_the_past(self, scene: Scene) -> None:
        """The policy is what it was when the caller looks, and all in between as old as it has to be."""
        book, application = scene.book, scene.application
        book.say(application, SetUpgradePolicy(policy=OwnerDecides()), OWNER, ago=4 * 24 * HOUR)
        book.activate(application, ago=24 * HOUR)
        index = book.say(application, Deploy(package_id=scene.bad.id), OWNER, ago=24 * HOUR)
        book.say(application, SetUpgradePolicy(policy=Timelock(delay=DELAY)), OWNER, ago=24 * HOUR)
        operator = scene.serve(book, scene.bad, index)
        operator.cosignatures = book.seen_by(WITNESS, 0).signatures
        operator.cosigned = [book.seen_by(WITNESS, 15 * 24 * HOUR, 5)]
        pins = Pins(witnesses=(WITNESS.key,), notice_witnessed=True, min_delay=DELAY)
        report = await scene.verdict(operator, pins=pins)
        assert_caught(report, LinkName.NOTICE, "the change in entry 5 is in force")

    async def test_an_announcement_kept_from_the_witness(self, scene: Scene) -> None:
        """The log that everybody else sees is shown to it only when the change is in force."""
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=HOUR)
        operator.cosigned = [scene.book.seen_by(WITNESS, 3 * 24 * HOUR, 5), scene.book.seen_by(WITNESS, HOUR)]
        report = await scene.verdict(operator, pins=WITNESSED)
        assert_caught(report, LinkName.NOTICE, "witness.example first saw it on ")

    async def test_a_clock_that_was_ahead_when_a_witness_looked(self, scene: Scene) -> None:
        """Nobody can tell any more by their own clock, a day later."""
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=HOUR)
        operator.cosigned = [scene.book.seen_by(WITNESS, 3 * 24 * HOUR)]
        report = await scene.verdict(operator, pins=Pins(witnesses=(WITNESS.key,)))
        assert_caught(report, LinkName.LOG, "entry 6 was postdated")

    @pytest.mark.usefixtures("either_way")
    async def test_a_fork_of_which_a_witness_saw_the_other_side(self, scene: Scene) -> None:
        fork = scene.book.copy()
        fork.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=3 * 24 * HOUR)
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=HOUR)
        operator.cosigned = [fork.seen_by(WITNESS, 3 * 24 * HOUR)]
        operator.listed = [1, 2, 3, 5, 6]
        report = await scene.verdict(operator, pins=WITNESSED)
        assert_caught(
            report, LinkName.LOG, "the log was forked: witness.example saw another one of 6 entries"
        )

    async def test_a_sighting_by_somebody_who_is_no_witness_of_the_caller(self, scene: Scene) -> None:
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=HOUR)
        operator.cosigned = [scene.book.seen_by(SECOND, 3 * 24 * HOUR, 6)]
        assert_caught(await scene.verdict(operator, pins=WITNESSED), LinkName.NOTICE, "first saw it on ")

    async def test_too_few_witnesses_of_the_notice(self, scene: Scene) -> None:
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=HOUR)
        operator.cosignatures = [*operator.cosignatures, *scene.book.seen_by(SECOND, 0).signatures]
        operator.cosigned = [
            scene.book.seen_by(WITNESS, 3 * 24 * HOUR, 6),
            scene.book.seen_by(SECOND, 24 * HOUR, 6),
        ]
        pins = Pins(witnesses=(WITNESS.key, SECOND.key), notice_witnessed=True)
        assert_caught(
            await scene.verdict(operator, pins=pins), LinkName.NOTICE, "second.example first saw it"
        )
        one = Pins(witnesses=pins.witnesses, min_witnesses=1, notice_witnessed=True)
        report = await scene.verdict(operator, pins=one)
        assert report.failed is None, report.failed

    async def test_a_witness_from_the_future(self, scene: Scene) -> None:
        scene.operator.cosignatures = scene.book.seen_by(WITNESS, -HOUR).signatures
        report = await scene.verdict(pins=Pins(witnesses=(WITNESS.key,)))
        assert_caught(report, LinkName.LOG, "which is yet to come: its clock or yours is wrong")

    @pytest.mark.parametrize("at", [9_000_000_000_000_000, 253_402_300_800_000])
    async def test_a_time_that_no_calendar_has(self, scene: Scene, at: int) -> None:
        scene.book.say(
            scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=(scene.book.at(0) - at) / 1000
        )
        scene.operator.cosignatures = [WITNESS.cosign(scene.book.checkpoint(), (1 << 64) - 1)]
        for pins in (Pins(), Pins(witnesses=(WITNESS.key,))):
            assert_caught(await scene.verdict(pins=pins), LinkName.LOG, "which is yet to come")

    @pytest.mark.usefixtures("either_way")
    async def test_an_honest_notice_is_believed_now_and_from_a_file(self, scene: Scene) -> None:
        operator = upgrade(scene, announced=3 * 24 * HOUR, activated=24 * HOUR)
        operator.cosigned = [
            scene.book.seen_by(WITNESS, 4 * 24 * HOUR, 5),
            scene.book.seen_by(WITNESS, 3 * 24 * HOUR - 5, 6),
        ]
        operator.listed = [1, 2, 3, 5, 6]
        async with serving(operator) as served, collecting(served.url) as collector:
            answer = await collector.describe(scene.application)
            bundle = await collector.bundle(answer, memory=scene.memory)
        verifier = Verifier.development(scene.attestor.root)
        report = examine(Bundle.decode(bundle.encode()), verifier, pins=WITNESSED, memory=scene.memory)
        assert report.failed is None, report.failed
        (notice,) = (link for link in report.links if link.name is LinkName.NOTICE)
        assert notice.status is Status.HOLDS
        assert notice.found.startswith("version 2 was announced on ")
        assert notice.against.startswith("witnessed by witness.example, which saw it on ")
        assert "and the log without it on" in notice.against


class TestWitnesses:
    async def test_a_cosignature_that_is_missing(self, scene: Scene) -> None:
        witness = NoteSigner("witness.example", Ed25519PrivateKey.generate())
        report = await scene.verdict(pins=Pins(witnesses=(witness.key,)))
        assert_caught(report, LinkName.LOG, "0 of the 1 witnesses that you require cosigned")

    async def test_a_cosignature_that_is_forged(self, scene: Scene) -> None:
        witness, forger = (NoteSigner("witness.example", Ed25519PrivateKey.generate()) for _ in range(2))
        text = scene.operator.note().text
        forged = forger.cosign(text, scene.book.at(0) // 1000)
        genuine = witness.cosign(text, scene.book.at(0) // 1000)
        scene.operator.cosignatures = [type(forged)(genuine.name, genuine.key_id, forged.blob)]
        report = await scene.verdict(pins=Pins(witnesses=(witness.key,)))
        assert_caught(report, LinkName.LOG, "the signature of witness.example is wrong")

    async def test_a_cosignature_of_another_checkpoint(self, scene: Scene) -> None:
        witness = NoteSigner("witness.example", Ed25519PrivateKey.generate())
        other = Checkpoint(scene.book.origin, 4, bytes(32)).text()
        scene.operator.cosignatures = [witness.cosign(other, scene.book.at(0) // 1000)]
        report = await scene.verdict(pins=Pins(witnesses=(witness.key,)))
        assert_caught(report, LinkName.LOG, "the signature of witness.example is wrong")

    async def test_a_genuine_one_is_enough(self, scene: Scene) -> None:
        witness, other = (NoteSigner(f"{name}.example", Ed25519PrivateKey.generate()) for name in "ab")
        scene.operator.cosignatures = [witness.cosign(scene.operator.note().text, scene.book.at(0) // 1000)]
        report = await scene.verdict(pins=Pins(witnesses=(witness.key, other.key), min_witnesses=1))
        assert report.failed is None, report.failed
