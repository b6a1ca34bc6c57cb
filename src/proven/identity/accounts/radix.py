"""Radix Off-Ledger Authentication (ROLA): an account or persona signs a challenge for a dApp at an origin.

Sources: the reference implementations at github.com/radixdlt/rola for the message and the rules of
ownership, radixdlt-scrypto's `EntityType` and `PublicKeyHash` for addresses and `owner_keys`.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import coincurve
import msgspec
from msgspec import Meta

from proven.wire.ed25519 import is_signed

from . import _bech32
from ._errors import malformed, refused, unsupported
from ._secp256k1 import is_low_s, recover, verify_compact

CHALLENGE_BYTES: Final = 32
KEY_HASH_BYTES: Final = 29
MAX_OWNER_KEYS: Final = 64
"""Keys read from `owner_keys`; a metadata value on the ledger has room for about this many (4 kB)."""

_NETWORKS: Final = ("rdx", "tdx_2_")
"""Suffixes of the prefixes of mainnet and Stokenet."""


class Curve(enum.Enum):
    """As the wallet names it. `code` is its place in the ledger's `PublicKeyHash`."""

    ED25519 = "curve25519"
    SECP256K1 = "secp256k1"

    @property
    def code(self) -> int:
        return 1 if self is Curve.ED25519 else 0


class EntityKind(enum.Enum):
    """As the wallet names it."""

    ACCOUNT = "account"
    PERSONA = "persona"


_PREFIXES: Final = {"account": EntityKind.ACCOUNT, "identity": EntityKind.PERSONA}
_PREALLOCATED: Final = {
    (EntityKind.ACCOUNT, Curve.ED25519): 0x51,
    (EntityKind.ACCOUNT, Curve.SECP256K1): 0xD1,
    (EntityKind.PERSONA, Curve.ED25519): 0x52,
    (EntityKind.PERSONA, Curve.SECP256K1): 0xD2,
}
"""Entity types whose address is derived from a key (radixdlt-scrypto, `EntityType`)."""

_ALLOCATED: Final = {EntityKind.ACCOUNT: 0xC1, EntityKind.PERSONA: 0xC2}


class _SignedHash(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    public_key: Annotated[str, Meta(pattern=r"^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{66})\Z")]
    signature: Annotated[str, Meta(pattern=r"^(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{130})\Z")]
    curve: Literal["curve25519", "secp256k1"]


class RadixProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A wallet's signed challenge, in its own field names, and the dApp definition it was asked for."""

    address: Annotated[str, Meta(max_length=_bech32.MAX_LENGTH)]
    type: Literal["account", "persona"]
    challenge: Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{64}\Z")]
    proof: _SignedHash
    d_app_definition_address: Annotated[str, Meta(max_length=_bech32.MAX_LENGTH)]


@dataclass(frozen=True, slots=True)
class RadixAddress:
    """`network` is the end of its prefix; `entity` is its first byte and `body` the other 29."""

    text: str
    kind: EntityKind
    network: str
    entity: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: the address that was claimed, and the key that did it."""

    address: str
    curve: Curve
    key_hash: bytes
    derived: bool
    """Whether the address is the one derived from the key."""


def parse_address(text: str) -> RadixAddress:
    """An address of an account or persona on mainnet or Stokenet. Raises `ValueError`."""
    prefix, data, encoding = _bech32.decode(text)
    name, _, network = prefix.partition("_")
    kind = _PREFIXES.get(name)
    if kind is None or encoding is not _bech32.Encoding.BECH32M or len(data) != 1 + KEY_HASH_BYTES:
        raise ValueError("not an address of a Radix account or persona")
    if network not in _NETWORKS:
        raise ValueError("an address of another network than Radix mainnet or Stokenet")
    if data[0] not in (_ALLOCATED[kind], *(_PREALLOCATED[kind, curve] for curve in Curve)):
        raise ValueError("an address whose prefix says another kind of entity than its first byte")
    return RadixAddress(text.lower(), kind, network, data[0], data[1:])


def derive_address(public_key: bytes, curve: Curve, kind: EntityKind, network: str) -> str:
    """The address that belongs to a key (32 bytes of Ed25519, 33 of secp256k1) without any transaction."""
    name = next(name for name, each in _PREFIXES.items() if each is kind)
    data = bytes((_PREALLOCATED[kind, curve],)) + key_hash(public_key)
    return _bech32.encode(f"{name}_{network}", data, _bech32.Encoding.BECH32M)


def key_hash(public_key: bytes) -> bytes:
    """The last 29 bytes of BLAKE2b-256, by which the ledger knows a key."""
    return hashlib.blake2b(public_key, digest_size=32).digest()[-KEY_HASH_BYTES:]


def signed_hash(challenge: bytes, dapp_definition: str, origin: str) -> bytes:
    """What the wallet signs: BLAKE2b-256 of `R`, challenge, length and text of the address, origin."""
    address = dapp_definition.encode("ascii")
    message = b"R" + challenge + len(address).to_bytes(1, "big") + address + origin.encode()
    return hashlib.blake2b(message, digest_size=32).digest()


def verify(proof: RadixProof, *, challenge: bytes, origin: str) -> Signer:
    """Check the signature. Whether the key may act for the address is `check_ownership`.

    Raises `ProvenError`: `BAD_REQUEST` for addresses that are none, `UNAUTHENTICATED`.
    """
    try:
        address = parse_address(proof.address)
        dapp = parse_address(proof.d_app_definition_address)
    except ValueError as error:
        raise malformed(str(error)) from None
    if address.kind.value != proof.type:
        raise malformed(f"{address.text} is not the address of {_article(proof.type)}")
    if dapp.kind is not EntityKind.ACCOUNT or dapp.network != address.network:
        raise malformed("a dApp definition is an account on the same Radix network")
    if bytes.fromhex(proof.challenge) != challenge:
        raise refused("the wallet signed another challenge")
    curve = Curve(proof.proof.curve)
    public_key = bytes.fromhex(proof.proof.public_key)
    digest = signed_hash(challenge, dapp.text, origin)
    if not _is_signature(curve, public_key, bytes.fromhex(proof.proof.signature), digest):
        raise refused(
            f"the signature is not one by this key over this challenge for {origin} and the dApp definition"
        )
    derived = derive_address(public_key, curve, address.kind, address.network)
    return Signer(address.text, curve, key_hash(public_key), derived == address.text)


def check_ownership(signer: Signer, owner_keys: bytes | None, *, ledger: bool) -> None:
    """Whether the signer's key may act for its address.

    1. Where `owner_keys` is set on the ledger, the key is one of them, and nothing else counts.
    2. Where it is not, the address is the one derived from the key.
    3. Without a view of the ledger, likewise: an address not derived from the key is `UNAVAILABLE`.

    `owner_keys` is the metadata value as the ledger has it (SBOR). Raises `ProvenError`.
    """
    if owner_keys:
        if (signer.curve.code, signer.key_hash) not in read_owner_keys(owner_keys):
            raise refused(f"the key that signed is not among the owner keys of {signer.address}")
    elif not signer.derived:
        if not ledger:
            raise unsupported(
                "this node has no view of the Radix ledger, and so accepts only accounts and personas whose "
                f"address is derived from the key that signs; {signer.address} is not: use one that is, or a "
                "node that follows the ledger"
            )
        raise refused(f"the key that signed is not the one of {signer.address}")


def read_owner_keys(value: bytes) -> frozenset[tuple[int, bytes]]:
    """Codes of curves and key hashes in an `owner_keys` value. Raises `ProvenError` (`UNAVAILABLE`).

    The value is Scrypto SBOR: the enum `MetadataValue::PublicKeyHashArray` (143) around an array of
    `PublicKeyHash`, itself an enum around 29 bytes.
    """
    header, entry = b"\x5c\x22\x8f\x01\x20\x22", 5 + KEY_HASH_BYTES
    count = value[len(header)] if len(value) > len(header) else 0xFF
    body = value[len(header) + 1 :]
    if not value.startswith(header) or count > MAX_OWNER_KEYS or len(body) != count * entry:
        raise unsupported("the ledger's owner_keys are not an array of key hashes of a size that is known")
    keys = set()
    for start in range(0, len(body), entry):
        code, rest = body[start], body[start + 1 : start + entry]
        if code > 1 or not rest.startswith(b"\x01\x20\x07\x1d"):
            raise unsupported("the ledger's owner_keys hold something that is not the hash of a key")
        keys.add((code, rest[4:]))
    return frozenset(keys)


def _is_signature(curve: Curve, public_key: bytes, signature: bytes, digest: bytes) -> bool:
    if curve is Curve.ED25519:
        return is_signed(public_key, signature, digest)
    if len(public_key) != 33:
        return False
    if len(signature) == 64:
        return verify_compact(public_key, signature, digest)
    compact, recovery = signature[1:], signature[0]
    if not is_low_s(compact):
        return False
    recovered = recover(compact, recovery, digest)
    return recovered is not None and _formatted(recovered) == public_key


def _formatted(key: coincurve.PublicKey) -> bytes:
    return key.format(compressed=True)


def _article(kind: str) -> str:
    return "an account" if kind == "account" else "a persona"
