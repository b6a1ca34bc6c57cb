"""Development evidence goes through the same checks, is kept safe on disk, and never passes for hardware."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proven.attestation import (
    DEVELOPMENT_PCRS,
    DevelopmentAttestor,
    Measurements,
    Platform,
    Rule,
    UnsafeAnyMeasurements,
    Verifier,
)
from proven.attestation._document import read_document
from proven.wire.errors import ErrorCode, ProvenError
from unit.attestation.nitro import GENUINE

SAID = {"nonce": b"n" * 32, "public_key": b"k" * 32, "user_data": b"u" * 32}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


async def test_evidence_of_a_development_node_is_accepted_by_name_only(tmp_path: Path) -> None:
    attestor = DevelopmentAttestor(tmp_path)
    document = await attestor.attest(**SAID)
    for verifier in (Verifier.development(), Verifier.development(attestor.root)):
        evidence = verifier.verify(document, **SAID)
        assert evidence.platform is Platform.DEVELOPMENT
        assert not evidence.debug
    with pytest.raises(ProvenError) as caught:
        Verifier.nitro(UnsafeAnyMeasurements()).verify(document, **SAID)
    assert caught.value.details == {"rule": Rule.ROOT}


async def test_a_pinned_development_root_refuses_other_nodes(tmp_path: Path) -> None:
    one, other = DevelopmentAttestor(tmp_path / "one"), DevelopmentAttestor(tmp_path / "other")
    with pytest.raises(ProvenError) as caught:
        Verifier.development(one.root).verify(await other.attest(**SAID), **SAID)
    assert caught.value.details == {"rule": Rule.ROOT}


def test_the_root_of_hardware_cannot_be_named_a_development_root() -> None:
    from cryptography import x509

    nitro_root = x509.load_der_x509_certificate(read_document(GENUINE)[1].cabundle[0])
    with pytest.raises(ValueError, match="development"):
        Verifier.development(nitro_root)


async def test_development_measurements_can_be_asked_for(tmp_path: Path) -> None:
    policy = Measurements(pcr0=DEVELOPMENT_PCRS[0], pcr1=DEVELOPMENT_PCRS[1], pcr2=DEVELOPMENT_PCRS[2])
    document = await DevelopmentAttestor(tmp_path).attest(**SAID)
    assert Verifier.development(policy=policy).verify(document, **SAID)


async def test_every_altered_byte_of_a_development_document_is_noticed(tmp_path: Path) -> None:
    document = await DevelopmentAttestor(tmp_path).attest(**SAID)
    verifier = Verifier.development()
    for position in range(0, len(document), 3):
        altered = bytearray(document)
        altered[position] ^= 1 << position % 8
        with pytest.raises(ProvenError) as caught:
            verifier.verify(bytes(altered), **SAID)
        assert caught.value.code is ErrorCode.EVIDENCE_INVALID


async def test_the_root_survives_a_restart_and_the_leaf_does_not(tmp_path: Path) -> None:
    first = DevelopmentAttestor(tmp_path)
    second = DevelopmentAttestor(tmp_path)
    assert first.root == second.root
    one = read_document(await first.attest(**SAID))[1]
    two = read_document(await second.attest(**SAID))[1]
    assert one.cabundle == two.cabundle
    assert one.certificate != two.certificate


def test_keys_on_disk_are_for_their_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "attestation"
    DevelopmentAttestor(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = sorted(directory.iterdir())
    assert [file.name for file in files] == ["intermediate.pem", "root.pem"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_leaf_and_intermediate_are_renewed_before_they_expire(tmp_path: Path) -> None:
    clock = Clock()
    attestor = DevelopmentAttestor(tmp_path, clock=clock)
    verifier = Verifier.development(attestor.root, clock=clock)
    leaves, intermediates = set(), set()
    for _ in range(80):
        document = await attestor.attest(**SAID)
        assert verifier.verify(document, **SAID)
        contents = read_document(document)[1]
        leaves.add(contents.certificate)
        intermediates.add(contents.cabundle[1])
        clock.now += timedelta(hours=13)
    assert len(leaves) == 80
    assert len(intermediates) == 2


@pytest.mark.parametrize("name", ["root.pem", "intermediate.pem"])
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, name: str) -> None:
    DevelopmentAttestor(tmp_path)
    (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(ProvenError, match="delete it") as caught:
        DevelopmentAttestor(tmp_path)
    assert caught.value.code is ErrorCode.UNAVAILABLE


def test_a_key_that_does_not_belong_to_its_certificate_is_an_error(tmp_path: Path) -> None:
    DevelopmentAttestor(tmp_path / "one")
    DevelopmentAttestor(tmp_path / "two")
    key, _, certificate = (tmp_path / "one/root.pem").read_text().partition("-----BEGIN CERTIFICATE")
    other = (tmp_path / "two/root.pem").read_text().partition("-----BEGIN CERTIFICATE")[2]
    assert certificate != other
    (tmp_path / "one/root.pem").write_text(f"{key}-----BEGIN CERTIFICATE{other}")
    with pytest.raises(ProvenError, match="do not belong together"):
        DevelopmentAttestor(tmp_path / "one")


async def test_an_intermediate_of_another_root_is_replaced(tmp_path: Path) -> None:
    DevelopmentAttestor(tmp_path)
    (tmp_path / "root.pem").unlink()
    attestor = DevelopmentAttestor(tmp_path)
    assert Verifier.development(attestor.root).verify(await attestor.attest(**SAID), **SAID)


async def test_what_does_not_fit_a_document_is_refused(tmp_path: Path) -> None:
    attestor = DevelopmentAttestor(tmp_path)
    for name, size in (("nonce", 513), ("user_data", 513), ("public_key", 1025)):
        with pytest.raises(ValueError, match=name):
            await attestor.attest(**{**SAID, name: bytes(size)})
