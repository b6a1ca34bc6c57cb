"""A node's operator lies, holding all of the node's keys. An unmodified client notices each lie, and says
which it is.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from proven.attestation import DEVELOPMENT_PCRS, DevelopmentAttestor, Measurements, Platform, Verifier
from proven.client import Pins, collect, connect
from proven.client.collect import collecting
from proven.client.report import LinkName, Status
from proven.client.verification import examine
from proven.packages import Package
from proven.wire.applications import (
    CancelUpgrade,
    Deploy,
    Multisig,
    OwnerDecides,
    SetUpgradePolicy,
    Veto,
)
from proven.wire.errors import ErrorCode, ProvenError
from support.dishonest import HOUR, Book, new_log_key, root_of, serving
from support.dishonest_bank import DELAY, GUARDIAN, OWNER, STRANGER, Scene, assert_caught


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def by_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the log were too long to be read as a whole."""
    monkeypatch.setattr(collect, "WHOLE_LOG", 0)


async def test_an_honest_operator_is_believed(scene: Scene) -> None:
    report = await scene.verdict(asked="bank")
    assert report.failed is None, report.failed
    assert {link.name for link in report.links if link.status is Status.HOLDS} >= {
        LinkName.NODE_KEY,
        LinkName.SESSION,
        LinkName.SOURCE,
        LinkName.LOG,
        LinkName.POLICY,
    }
    said = {link.name: link.found for link in report.links}
    assert said[LinkName.POLICY].startswith(
        f"it can be changed by its owner {OWNER.public_key.hex()[:12]}…, 2 days after announcing it"
    )
    assert said[LinkName.NOTICE].startswith("version 1 was announced on ")
    assert said[LinkName.NOTICE].endswith(", 3 days later")
    assert (await scene.verdict()).failed is None


@pytest.mark.usefixtures("by_proofs")
async def test_an_honest_operator_is_believed_by_proofs_too(scene: Scene) -> None:
    scene.operator.listed = [1, 2, 3]
    assert (await scene.verdict()).failed is None
    scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=HOUR)
    report = await scene.verdict()
    assert report.failed is None, report.failed


class TestKeysAndEvidence:
    async def test_a_checkpoint_signed_by_another_key(self, scene: Scene) -> None:
        scene.operator.checkpoint_key = Ed25519PrivateKey.generate()
        assert_caught(await scene.verdict(), LinkName.LOG, "the checkpoint is not one of the attested key")

    async def test_a_log_key_that_no_accepted_machine_attests(self, scene: Scene) -> None:
        scene.operator.log_attestor = DevelopmentAttestor(scene.folder / "elsewhere")
        assert_caught(await scene.verdict(), LinkName.LOG, "the key of the log is not attested: the chain")

    async def test_evidence_for_another_key_than_the_one_shown(self, scene: Scene) -> None:
        scene.operator.attested_log_key = Ed25519PrivateKey.generate()
        assert_caught(await scene.verdict(), LinkName.LOG, "the key of the log is not attested: the document")

    async def test_a_key_under_the_name_of_another(self, scene: Scene) -> None:
        scene.operator.log_key = Ed25519PrivateKey.generate()
        assert_caught(await scene.verdict(), LinkName.LOG, "is the name of another key than the one shown")

    async def test_replayed_evidence_for_the_log_key(self, scene: Scene) -> None:
        scene.operator.replayed_log_nonce = bytes(32)
        assert_caught(await scene.verdict(), LinkName.LOG, "not about the nonce that was asked about")

    async def test_replayed_evidence_for_the_answer(self, scene: Scene) -> None:
        scene.operator.replayed_nonce = bytes(32)
        assert_caught(await scene.verdict(), LinkName.NODE_KEY, "not about the nonce that was asked about")

    async def test_an_answer_altered_on_the_way(self, scene: Scene) -> None:
        scene.operator.alter_body = b"{}"
        assert_caught(await scene.verdict(), LinkName.NODE_KEY, "the body is not the one that was signed")

    async def test_a_machine_that_is_not_accepted(self, scene: Scene) -> None:
        scene.operator.attestor = DevelopmentAttestor(scene.folder / "elsewhere")
        assert_caught(await scene.verdict(), LinkName.HARDWARE, "does not begin at the pinned")

    async def test_a_machine_that_runs_other_software(self, scene: Scene) -> None:
        """As if the evidence were of hardware: the same documents, under a root that is pinned as such."""
        root = scene.attestor.root.public_bytes(Encoding.DER)
        accepted = Measurements(pcr0=DEVELOPMENT_PCRS[0])
        report = await scene.verdict(verifier=Verifier(Platform.NITRO, root, accepted))
        assert report.failed is None, report.failed
        assert report.links[0].found.startswith("AWS Nitro Enclave ")
        assert report.links[1].found.startswith(f"PCR0 {DEVELOPMENT_PCRS[0].hex()[:16]}")
        other = Verifier(Platform.NITRO, root, Measurements(pcr0=bytes(47) + b"\x01"))
        report = await scene.verdict(verifier=other)
        assert report.links[0].status is Status.HOLDS
        assert_caught(report, LinkName.IMAGE, f"PCR0 is {DEVELOPMENT_PCRS[0].hex()}, expected")

    async def test_a_development_node_where_hardware_is_required(self, scene: Scene) -> None:
        report = await scene.verdict(pins=Pins(refuse_development=True))
        assert_caught(report, LinkName.HARDWARE, "the evidence is of a development node, which you refuse")


class TestThePast:
    async def test_a_log_that_was_rolled_back(self, scene: Scene) -> None:
        scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=HOUR)
        assert (await scene.verdict()).failed is None
        scene.operator.shown = len(scene.book.leaves) - 1
        report = await scene.verdict()
        assert_caught(report, LinkName.LOG, "the log was rolled back: it had 6 entries on ")

    @pytest.mark.parametrize("longer", [False, True])
    async def test_a_forked_log(self, scene: Scene, longer: bool) -> None:
        fork = scene.book.copy()
        scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=HOUR)
        assert (await scene.verdict()).failed is None
        for _ in range(2 if longer else 1):
            fork.say(scene.other, Deploy(package_id=scene.bad.id), STRANGER, ago=HOUR)
        report = await scene.verdict(scene.serve(fork, scene.good, scene.live))
        assert_caught(report, LinkName.LOG, "the log was forked: on ")

    @pytest.mark.usefixtures("by_proofs")
    async def test_a_forked_log_of_which_only_proofs_are_read(self, scene: Scene) -> None:
        scene.operator.listed = [1, 2, 3]
        fork = scene.book.copy()
        scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=HOUR)
        assert (await scene.verdict()).failed is None
        for _ in range(3):
            fork.say(scene.other, Deploy(package_id=scene.bad.id), STRANGER, ago=HOUR)
        forked = scene.serve(fork, scene.good, scene.live)
        forked.listed = [1, 2, 3]
        assert_caught(await scene.verdict(forked), LinkName.LOG, "the log was forked: on ")

    async def test_the_same_application_in_another_log(self, scene: Scene) -> None:
        assert (await scene.verdict()).failed is None
        moved = Scene(scene.folder / "moved")
        moved.operator.attestor = scene.attestor
        report = await scene.verdict(moved.operator)
        assert_caught(report, LinkName.LOG, f"the application was in the log {scene.book.origin} on ")

    async def test_a_stale_checkpoint(self, scene: Scene) -> None:
        """The node signed that there is more, somebody in between passes on an old checkpoint."""
        size = len(scene.book.leaves)
        root = root_of([*scene.book.leaves, b"more"])
        scene.operator.described = {"log": {"origin": scene.book.origin, "size": size + 1, "root": root}}
        report = await scene.verdict()
        assert_caught(report, LinkName.LOG, f"the checkpoint is stale: it has {size} entries")

    async def test_a_checkpoint_older_than_the_answer(self, scene: Scene) -> None:
        scene.operator.shown = scene.live
        report = await scene.verdict()
        assert_caught(report, LinkName.LOG, "the checkpoint is older than the answer")

    async def test_a_checkpoint_of_another_tree_than_the_node_signed(self, scene: Scene) -> None:
        described = {"origin": scene.book.origin, "size": len(scene.book.leaves), "root": bytes(32)}
        scene.operator.described = {"log": described}
        assert_caught(await scene.verdict(), LinkName.LOG, "the log was forked: it does not begin with the 5")

    async def test_an_announcement_that_was_backdated(self, scene: Scene) -> None:
        """The notice that people had a right to is over as soon as it begins."""
        assert (await scene.verdict()).failed is None
        change = SetUpgradePolicy(policy=OwnerDecides())
        scene.book.say(scene.application, change, OWNER, ago=3 * 24 * HOUR)
        scene.book.activate(scene.application, ago=0)
        report = await scene.verdict()
        assert_caught(report, LinkName.LOG, "entry 5 was backdated")

    async def test_an_entry_from_the_future(self, scene: Scene) -> None:
        scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=-HOUR)
        assert_caught(await scene.verdict(), LinkName.LOG, "which is yet to come")

    async def test_an_answer_of_a_version_that_was_replaced(self, scene: Scene) -> None:
        scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=10 * 24 * HOUR)
        scene.book.activate(scene.application, ago=5 * 24 * HOUR)
        assert_caught(await scene.verdict(), LinkName.LOG, "from version 1, which was replaced on ")

    async def test_what_was_kept_before_the_log_grew_is_believed_still(self, scene: Scene) -> None:
        """No false alarm: an answer and a whole verification, both older than what is known by now."""
        verifier = Verifier.development(scene.attestor.root)
        async with serving(scene.operator) as served, collecting(served.url) as collector:
            answer = await collector.describe(scene.application)
            bundle = await collector.bundle(answer, memory=scene.memory)
            earlier = replace(bundle, made_at=bundle.made_at - 60_000)
            scene.book.say(scene.other, Deploy(package_id=scene.good.id), STRANGER, ago=0)
            assert (await scene.verdict()).failed is None
            report = examine(await collector.bundle(answer), verifier, memory=scene.memory)
            assert report.failed is None, report.failed
        report = examine(earlier, verifier, memory=scene.memory)
        assert report.failed is None, report.failed
        (log,) = (link for link in report.links if link.name is LinkName.LOG)
        assert "older than, and not compared with, what this machine saw on" in log.against


class TestPackages:
    async def test_files_that_are_not_those_of_the_package_id(self, scene: Scene) -> None:
        scene.operator.archive = scene.bad.to_archive()
        report = await scene.verdict()
        assert_caught(report, LinkName.SOURCE, f"given as the package is another one: {scene.bad.id}")

    async def test_a_file_altered_within_the_archive(self, scene: Scene) -> None:
        scene.operator.archive = scene.good.to_archive().replace(b"'yours'", b"'mine!'")
        assert_caught(await scene.verdict(), LinkName.SOURCE, "bank.ts is not the file that the manifest")

    async def test_a_manifest_that_does_not_say_what_the_files_say(self, scene: Scene) -> None:
        lying = Package.create(replace(scene.good.manifest, handlers=()), scene.good.files)
        book = Book(scene.book.origin)
        application = book.create(OWNER, "bank")
        index = book.say(application, Deploy(package_id=lying.id), OWNER)
        operator = scene.serve(book, lying, index)
        report = await scene.verdict(operator)
        assert_caught(report, LinkName.SOURCE, "does not say what the package's files say (handlers)")

    async def test_an_answer_that_names_another_package_than_the_log(self, scene: Scene) -> None:
        report = await scene.verdict(scene.serve(scene.book, scene.bad, scene.live))
        said = (
            f"entry {scene.live} made the package {scene.good.id} live, and the answer names {scene.bad.id}"
        )
        assert_caught(report, LinkName.LOG, said)

    async def test_an_answer_that_names_an_entry_of_another_application(self, scene: Scene) -> None:
        report = await scene.verdict(scene.serve(scene.book, scene.bad, 4))
        said = f"entry 4, which the answer names, is about the application {scene.other}"
        assert_caught(report, LinkName.LOG, said)

    async def test_an_answer_that_names_an_announcement(self, scene: Scene) -> None:
        report = await scene.verdict(scene.serve(scene.book, scene.good, 2))
        assert_caught(report, LinkName.LOG, "entry 2, which the answer names, made no package live")

    async def test_another_application_than_the_one_asked_for(self, scene: Scene) -> None:
        scene.operator.application = scene.other
        assert_caught(await scene.verdict(), LinkName.APPLICATION, f"not of {scene.application}")

    async def test_another_application_under_the_name_asked_for(self, scene: Scene) -> None:
        report = await scene.verdict(asked="savings")
        assert_caught(report, LinkName.LOG, "the log calls this application bank, and savings was asked for")

    async def test_another_package_than_the_pinned_one(self, scene: Scene) -> None:
        report = await scene.verdict(pins=Pins(only_package=scene.bad.id))
        assert_caught(report, LinkName.PACKAGE, f"and you accept {scene.bad.id} only")


class TestPolicies:
    async def test_a_policy_rewritten_without_its_signers(self, scene: Scene) -> None:
        scene.book.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), STRANGER)
        assert_caught(await scene.verdict(), LinkName.LOG, "entry 5 breaks the upgrade policy: only")

    async def test_a_signature_that_is_not_by_the_key_it_names(self, scene: Scene) -> None:
        scene.book.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), OWNER)
        leaf = scene.book.leaves[-1]
        scene.book.leaves[-1] = leaf[:-1] + bytes([leaf[-1] ^ 1])
        assert_caught(await scene.verdict(), LinkName.LOG, "entry 5 of the log is not signed by those")

    async def test_fewer_signatures_than_the_policy_asks_for(self, scene: Scene) -> None:
        keys = tuple(sorted((OWNER.public_key, STRANGER.public_key, GUARDIAN.public_key)))
        book = Book(scene.book.origin)
        application = book.create(OWNER, "bank", Multisig(threshold=2, keys=keys))
        index = book.say(application, Deploy(package_id=scene.good.id), OWNER)
        report = await scene.verdict(scene.serve(book, scene.good, index))
        assert_caught(report, LinkName.LOG, "breaks the upgrade policy: 2 of 3 keys have to sign, and 1 did")

    async def test_a_command_of_another_log(self, scene: Scene) -> None:
        _, elsewhere = new_log_key()
        there = Book(elsewhere)
        there.revisions.update(scene.book.revisions)
        there.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), OWNER)
        scene.book.leaves.append(there.leaves[0])
        assert_caught(await scene.verdict(), LinkName.LOG, f"the command is for the log '{elsewhere}'")

    async def test_a_replayed_command(self, scene: Scene) -> None:
        scene.book.leaves.append(scene.book.leaves[2])
        assert_caught(
            await scene.verdict(), LinkName.LOG, "entries of the application were left out or added"
        )

    async def test_a_change_brought_into_force_before_its_time(self, scene: Scene) -> None:
        scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=DELAY - 60)
        index = scene.book.activate(scene.application, ago=0)
        report = await scene.verdict(scene.serve(scene.book, scene.bad, index))
        assert_caught(report, LinkName.LOG, f"entry {index} breaks the rules of applications")

    @pytest.mark.parametrize("end", [Veto(), CancelUpgrade()], ids=["veto", "cancel"])
    async def test_a_change_brought_into_force_after_it_was_refused(
        self, scene: Scene, end: Veto | CancelUpgrade
    ) -> None:
        index = refuse_then_activate(scene, end)
        report = await scene.verdict(scene.serve(scene.book, scene.bad, index))
        assert_caught(report, LinkName.LOG, f"entry {index} breaks the rules of applications")

    @pytest.mark.usefixtures("by_proofs")
    @pytest.mark.parametrize("end", [Veto(), CancelUpgrade()], ids=["veto", "cancel"])
    async def test_a_refusal_hidden_from_the_list_of_entries(
        self, scene: Scene, end: Veto | CancelUpgrade
    ) -> None:
        index = refuse_then_activate(scene, end)
        operator = scene.serve(scene.book, scene.bad, index)
        operator.listed = [each for each in range(index + 1) if each not in (0, 4, index - 1)]
        operator.described = {"revision": len(operator.listed)}
        report = await scene.verdict(operator)
        assert_caught(report, LinkName.LOG, "entries of the application were left out or added")

    @pytest.mark.parametrize("end", [Veto(), CancelUpgrade()], ids=["veto", "cancel"])
    async def test_a_refusal_removed_from_the_log(self, scene: Scene, end: Veto | CancelUpgrade) -> None:
        without = scene.book.copy()
        for book in (scene.book, without):
            book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=4 * 24 * HOUR)
        scene.book.say(scene.application, end, GUARDIAN if isinstance(end, Veto) else OWNER, ago=24 * HOUR)
        assert (await scene.verdict()).failed is None
        index = without.activate(scene.application, ago=0)
        report = await scene.verdict(scene.serve(without, scene.bad, index))
        assert_caught(report, LinkName.LOG, "the log was forked: on ")

    @pytest.mark.usefixtures("by_proofs")
    async def test_newest_entries_kept_back(self, scene: Scene) -> None:
        scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=HOUR)
        scene.operator.listed = [1, 2, 3]
        report = await scene.verdict()
        assert_caught(report, LinkName.LOG, "entries were left out: 3 are shown, and the node signed that")

    @pytest.mark.usefixtures("by_proofs")
    async def test_an_entry_that_is_not_in_the_log(self, scene: Scene) -> None:
        scene.operator.listed = [1, 2, 3]
        signed = scene.operator.note()
        forged = scene.book.copy()
        forged.leaves[1] = scene.book.leaves[0]
        scene.operator.book = forged
        scene.operator.note = lambda: signed  # type: ignore[method-assign]
        report = await scene.verdict()
        assert_caught(report, LinkName.LOG, "entry 1 is not shown to be in the log")

    async def test_less_notice_than_is_pinned(self, scene: Scene) -> None:
        report = await scene.verdict(pins=Pins(min_delay=7 * 24 * HOUR))
        assert_caught(report, LinkName.POLICY, "you require 7 days of notice")


async def test_a_client_with_pins_does_not_even_call(scene: Scene) -> None:
    """By the interface that programs use: no session comes to be."""
    scene.book.say(scene.application, SetUpgradePolicy(policy=OwnerDecides()), STRANGER)
    async with serving(scene.operator) as served:
        with pytest.raises(ProvenError) as refused:
            await connect(
                served.url,
                application=scene.application,
                verifier=Verifier.development(scene.attestor.root),
                pins=Pins(),
                memory=scene.memory,
            )
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID
    assert refused.value.details == {"link": "log"}
    assert "breaks the upgrade policy" in refused.value.message


def refuse_then_activate(scene: Scene, end: Veto | CancelUpgrade) -> int:
    """The operator brings into force what was refused; the index of that entry."""
    scene.book.say(scene.application, Deploy(package_id=scene.bad.id), OWNER, ago=4 * 24 * HOUR)
    scene.book.say(scene.application, end, GUARDIAN if isinstance(end, Veto) else OWNER, ago=3 * 24 * HOUR)
    return scene.book.activate(scene.application, ago=0)
