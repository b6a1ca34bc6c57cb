"""The attestation document of AWS Nitro Enclaves: a payload of CBOR inside a COSE_Sign1.

Structure and limits are those of AWS's "Nitro Enclaves attestation process" (aws-nitro-enclaves-nsm-api,
docs/attestation_process.md §3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from proven.wire import cbor
from proven.wire.cbor import Item
from proven.wire.cose import Sign1
from proven.wire.errors import ProvenError

from .rules import Rule, broken

MAX_DOCUMENT: Final = 16 * 1024
"""The security module's own buffer is 12 KiB (`NSM_RESPONSE_MAX_SIZE`)."""

MAX_MODULE_ID: Final = 256
MAX_PCRS: Final = 32
PCR_SIZES: Final = (32, 48, 64)
MAX_CERTIFICATE: Final = 1024
MAX_CABUNDLE: Final = 8
"""AWS names no limit; its bundles have four. The bound is on the signature checks hostile input can cause."""

MAX_PUBLIC_KEY: Final = 1024
MAX_USER_DATA: Final = 512
MAX_NONCE: Final = 512
MAX_TIMESTAMP_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""

_REQUIRED: Final = ("module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle")
_OPTIONAL: Final = ("public_key", "user_data", "nonce")
_BREAK: Final = 0xFF
_INDEFINITE_MAP: Final = 0xBF


@dataclass(frozen=True, slots=True)
class Document:
    """The payload's fields: well-formed and within limits, but not yet to be believed."""

    module_id: str
    timestamp_ms: int
    pcrs: Mapping[int, bytes]
    certificate: bytes
    cabundle: tuple[bytes, ...]
    public_key: bytes | None
    user_data: bytes | None
    nonce: bytes | None

    @property
    def timestamp(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)

    def to_payload(self) -> bytes:
        """The bytes to sign, as the security module lays them out but with a definite length."""
        fields = {
            "module_id": self.module_id,
            "digest": "SHA384",
            "timestamp": self.timestamp_ms,
            "pcrs": dict(self.pcrs),
            "certificate": self.certificate,
            "cabundle": list(self.cabundle),
            "public_key": self.public_key,
            "user_data": self.user_data,
            "nonce": self.nonce,
        }
        entries = b"".join(cbor.encode(name) + cbor.encode(value) for name, value in fields.items())
        return cbor.head(cbor.MAP, len(fields)) + entries


def read_document(data: bytes) -> tuple[Sign1, Document]:
    """Raises `ProvenError` (`EVIDENCE_INVALID`, rules `size`, `encoding`, `structure`)."""
    if len(data) > MAX_DOCUMENT:
        raise broken(Rule.SIZE, f"a document of {len(data)} bytes is over the limit of {MAX_DOCUMENT}")
    try:
        envelope = Sign1.decode(data, max_bytes=MAX_DOCUMENT)
        fields = _read_payload(envelope.payload)
    except IndexError:
        raise broken(Rule.ENCODING, "the payload ends too early") from None
    except (ValueError, ProvenError) as error:
        raise broken(Rule.ENCODING, f"not an attestation document: {error}") from None
    return envelope, _read_fields(fields)


def _read_payload(payload: bytes) -> dict[str, Item]:
    """The security module writes an indefinite-length map in an order of its own; its items are canonical."""
    indefinite = payload[0] == _INDEFINITE_MAP
    if indefinite:
        count, position = len(_REQUIRED) + len(_OPTIONAL), 1
    else:
        major, count, position = cbor.read_head(payload, 0)
        if major != cbor.MAP:
            raise ValueError("the payload has to be a map")
    fields: dict[str, Item] = {}
    while len(fields) < count and not (indefinite and payload[position] == _BREAK):
        name, position = cbor.decode_prefix(payload, position, 0)
        if not isinstance(name, str) or name in fields or name not in _REQUIRED + _OPTIONAL:
            raise ValueError("an unknown or repeated field")
        fields[name], position = cbor.decode_prefix(payload, position, 1)
    if indefinite:
        if payload[position] != _BREAK:
            raise ValueError("an unknown or repeated field")
        position += 1
    if position != len(payload):
        raise ValueError("bytes after the payload")
    return fields


def _read_fields(fields: dict[str, Item]) -> Document:
    for name in _REQUIRED:
        if name not in fields:
            raise broken(Rule.STRUCTURE, f"{name} is missing")
    module_id = fields["module_id"]
    if not isinstance(module_id, str) or not 0 < len(module_id) <= MAX_MODULE_ID:
        raise broken(Rule.STRUCTURE, f"module_id has to be text of 1 to {MAX_MODULE_ID} characters")
    if fields["digest"] != "SHA384":
        raise broken(Rule.STRUCTURE, "digest has to be SHA384")
    timestamp = fields["timestamp"]
    if isinstance(timestamp, bool) or not isinstance(timestamp, int):
        raise broken(Rule.STRUCTURE, "timestamp has to be an integer")
    if not 0 < timestamp <= MAX_TIMESTAMP_MS:
        raise broken(Rule.STRUCTURE, "timestamp is out of range")
    return Document(
        module_id=module_id,
        timestamp_ms=timestamp,
        pcrs=_read_pcrs(fields["pcrs"]),
        certificate=_read_certificate("certificate", fields["certificate"]),
        cabundle=_read_cabundle(fields["cabundle"]),
        public_key=_read_optional("public_key", fields.get("public_key"), 1, MAX_PUBLIC_KEY),
        user_data=_read_optional("user_data", fields.get("user_data"), 0, MAX_USER_DATA),
        nonce=_read_optional("nonce", fields.get("nonce"), 0, MAX_NONCE),
    )


def _read_pcrs(value: Item) -> dict[int, bytes]:
    if not isinstance(value, dict) or not 1 <= len(value) <= MAX_PCRS:
        raise broken(Rule.STRUCTURE, f"pcrs has to be a map of 1 to {MAX_PCRS} registers")
    pcrs: dict[int, bytes] = {}
    for index, register in value.items():
        if not isinstance(index, int) or not 0 <= index < MAX_PCRS:
            raise broken(Rule.STRUCTURE, f"the index of a register has to be 0 to {MAX_PCRS - 1}")
        if not isinstance(register, bytes) or len(register) not in PCR_SIZES:
            raise broken(Rule.STRUCTURE, f"PCR{index} has to be 32, 48 or 64 bytes")
        pcrs[index] = register
    if 0 not in pcrs:
        raise broken(Rule.STRUCTURE, "PCR0, which measures the image, is missing")
    return pcrs


def _read_certificate(name: str, value: Item) -> bytes:
    if not isinstance(value, bytes) or not 1 <= len(value) <= MAX_CERTIFICATE:
        raise broken(Rule.STRUCTURE, f"{name} has to be 1 to {MAX_CERTIFICATE} bytes")
    return value


def _read_cabundle(value: Item) -> tuple[bytes, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CABUNDLE:
        raise broken(Rule.STRUCTURE, f"cabundle has to be an array of 1 to {MAX_CABUNDLE} certificates")
    return tuple(_read_certificate("a certificate of cabundle", item) for item in value)


def _read_optional(name: str, value: Item, least: int, most: int) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, bytes) or not least <= len(value) <= most:
        raise broken(Rule.STRUCTURE, f"{name} has to be {least} to {most} bytes")
    return value
