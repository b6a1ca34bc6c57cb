"""A wallet's proof is accepted in exactly one form."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from proven.identity.accounts import radix
from proven.wire.errors import ErrorCode, ProvenError
from support.account_vectors import RadixWallet, radix_proof
from unit.wire.small_order import SMALL_ORDER

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
CHALLENGE, ORIGIN = b"\x11" * 32, "https://todo.example"
ED25519 = RadixWallet(b"\x01" * 32)
SECP256K1 = RadixWallet(b"\x01" * 32, radix.Curve.SECP256K1)
PLAIN = RadixWallet(b"\x01" * 32, radix.Curve.SECP256K1, plain=True)
WALLETS = [ED25519, SECP256K1, PLAIN]


def proof(wallet: RadixWallet, **changes: Any) -> dict[str, Any]:
    fields = wallet.prove(CHALLENGE, ORIGIN)
    del fields["origin"]
    return fields | changes


def with_signature(wallet: RadixWallet, signature: bytes) -> dict[str, Any]:
    fields = proof(wallet)
    fields["proof"]["signature"] = signature.hex()
    return fields


def check(fields: dict[str, Any], *, challenge: bytes = CHALLENGE, origin: str = ORIGIN) -> ErrorCode | None:
    """None if the proof is accepted."""
    try:
        read = msgspec.convert(fields, radix.RadixProof)
    except msgspec.ValidationError:
        return ErrorCode.BAD_REQUEST
    try:
        signer = radix.verify(read, challenge=challenge, origin=origin)
        radix.check_ownership(signer, None, ledger=True)
    except ProvenError as error:
        return error.code
    return None


@pytest.mark.parametrize("wallet", WALLETS)
def test_a_proof_is_for_one_challenge_and_origin(wallet: RadixWallet) -> None:
    assert check(proof(wallet)) is None
    assert check(proof(wallet), challenge=b"\x12" * 32) is ErrorCode.UNAUTHENTICATED
    assert check(proof(wallet, challenge="12" * 32), challenge=b"\x12" * 32) is ErrorCode.UNAUTHENTICATED
    for origin in ("https://todo.example/", "http://todo.example", "https://todo.example:443"):
        assert check(proof(wallet), origin=origin) is ErrorCode.UNAUTHENTICATED


def test_a_key_that_anybody_can_sign_with_proves_nothing() -> None:
    neutral, kind = SMALL_ORDER[2], radix.EntityKind.ACCOUNT
    address = radix.derive_address(neutral, radix.Curve.ED25519, kind, "rdx")
    forged = radix_proof(
        lambda _: neutral + bytes(32), address, neutral, radix.Curve.ED25519, kind, CHALLENGE, ORIGIN
    )
    del forged["origin"]
    assert check(forged) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("wallet", WALLETS)
def test_a_proof_is_for_one_dapp_definition(wallet: RadixWallet) -> None:
    other = proof(wallet) | {"dAppDefinitionAddress": RadixWallet(b"\x09" * 32).address}
    assert check(other) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "address",
    [
        RadixWallet(b"\x09" * 32, kind=radix.EntityKind.PERSONA).address,
        RadixWallet(b"\x09" * 32, network="tdx_2_").address,
        "account_rdx1",
        "",
    ],
)
def test_a_dapp_definition_is_an_account_of_the_same_network(address: str) -> None:
    fields = proof(ED25519) | {"dAppDefinitionAddress": address}
    digest = radix.signed_hash(CHALLENGE, address, ORIGIN)
    fields["proof"] = fields["proof"] | {"signature": ED25519.sign(digest).hex()}
    assert check(fields) is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("wallet", WALLETS)
def test_the_type_is_that_of_the_address(wallet: RadixWallet) -> None:
    assert check(proof(wallet, type="persona")) is ErrorCode.BAD_REQUEST


def test_a_key_has_one_address_of_each_kind() -> None:
    """The key of an account does not speak for the persona of another key, nor for one of the other curve."""
    for address in (RadixWallet(b"\x09" * 32).address, SECP256K1.address):
        assert check(proof(ED25519, address=address)) is ErrorCode.UNAUTHENTICATED
    assert check(proof(SECP256K1, address=ED25519.address)) is ErrorCode.UNAUTHENTICATED


def test_an_address_that_is_not_derived_needs_the_ledger() -> None:
    address = radix.parse_address(ED25519.address)
    signer = radix.Signer(address.text, radix.Curve.ED25519, b"\x01" * 29, derived=False)
    for ledger, code in ((True, ErrorCode.UNAUTHENTICATED), (False, ErrorCode.UNAVAILABLE)):
        with pytest.raises(ProvenError) as error:
            radix.check_ownership(signer, None, ledger=ledger)
        assert error.value.code is code


@pytest.mark.parametrize("wallet", [SECP256K1, PLAIN])
def test_the_higher_form_of_s_is_refused(wallet: RadixWallet) -> None:
    signature = bytes.fromhex(proof(wallet)["proof"]["signature"])
    recovery, compact = signature[:-64], signature[-64:]
    s = int.from_bytes(compact[32:], "big")
    mirrored = bytes(each ^ 1 for each in recovery) + compact[:32] + (ORDER - s).to_bytes(32, "big")
    assert check(with_signature(wallet, signature)) is None
    assert check(with_signature(wallet, mirrored)) is ErrorCode.UNAUTHENTICATED


def test_the_recovery_id_is_the_keys() -> None:
    signature = bytes.fromhex(proof(SECP256K1)["proof"]["signature"])
    for first in (signature[0] ^ 1, 2, 3, 4, 27, 255):
        changed = with_signature(SECP256K1, bytes((first,)) + signature[1:])
        assert check(changed) is ErrorCode.UNAUTHENTICATED
    behind = with_signature(SECP256K1, signature[1:] + signature[:1])
    assert check(behind) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("wallet", WALLETS)
def test_signatures_of_other_sizes_and_of_zeros_are_refused(wallet: RadixWallet) -> None:
    for size in (0, 63, 66):
        assert check(with_signature(wallet, bytes(size))) is ErrorCode.BAD_REQUEST
    for size in (64, 65):
        assert check(with_signature(wallet, bytes(size))) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("wallet", WALLETS)
def test_a_key_of_the_other_curve_is_refused(wallet: RadixWallet) -> None:
    fields = proof(wallet)
    other = SECP256K1 if wallet is ED25519 else ED25519
    for changes in ({"publicKey": other.public_key.hex()}, {"curve": other.curve.value}):
        assert check(fields | {"proof": fields["proof"] | changes}) is ErrorCode.UNAUTHENTICATED
    for key in ("00" * 32, "00" * 33, "ff" * 32, "05" + "11" * 32):
        assert check(fields | {"proof": fields["proof"] | {"publicKey": key}}) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("wallet", WALLETS)
def test_a_proof_has_its_fields_and_no_others(wallet: RadixWallet) -> None:
    fields = proof(wallet)
    for name in fields:
        assert check({key: value for key, value in fields.items() if key != name}) is ErrorCode.BAD_REQUEST
    assert check(fields | {"more": 1}) is ErrorCode.BAD_REQUEST
    assert check(fields | {"proof": fields["proof"] | {"more": 1}}) is ErrorCode.BAD_REQUEST
    assert check(fields | {"challenge": fields["challenge"] + "\n"}) is ErrorCode.BAD_REQUEST
    assert check(fields | {"type": "validator"}) is ErrorCode.BAD_REQUEST
