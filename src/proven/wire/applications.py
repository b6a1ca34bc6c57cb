"""Commands to applications, signed by those who may give them.

A *body* says what is asked of which application, after how many of its entries, on which network's log. An
*envelope* is a body and signatures over its bytes; the label that begins a body keeps them from meaning
anything elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Final, TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Meta

from . import cbor
from ._tagged import Tagged, convert
from .ed25519 import is_key, is_signed
from .errors import ErrorCode, ProvenError
from .ids import ApplicationId, PackageId

BODY_LABEL: Final = "proven/application-command/v1"
MAX_ENVELOPE: Final = 32 * 1024
MAX_SIGNATURES: Final = 32
MAX_POLICY_KEYS: Final = 16
MIN_DELAY: Final = 60
MAX_DELAY: Final = 365 * 24 * 3600
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_MAX_DEPTH: Final = 6
MAX_INTEGER: Final = (1 << 53) - 1
MAX_TEXT: Final = 253

_Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
_Keys = Annotated[tuple[_Key, ...], Meta(max_length=MAX_POLICY_KEYS)]
_Base32 = Annotated[str, Meta(pattern="^[a-z2-7]{32}\\Z")]
_PackageId = Annotated[PackageId, Meta(pattern="^[0-9a-f]{64}\\Z")]
_Count = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
_Delay = Annotated[int, Meta(ge=MIN_DELAY, le=MAX_DELAY)]
_Threshold = Annotated[int, Meta(ge=1, le=MAX_POLICY_KEYS)]
_Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
_LogOrigin = Annotated[str, Meta(min_length=1, max_length=255)]


class _Struct(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    pass


class _Policy(_Struct, frozen=True, tag_field="kind"):
    """Who may change an application, and after what notice. `delay` is in seconds; keys are in ascending
    order, none twice.
    """


class Immutable(_Policy, frozen=True, tag="immutable"):
    """Nobody changes the code, the policy or the owner, ever."""


class OwnerDecides(_Policy, frozen=True, tag="owner"):
    """The owner changes everything, at once."""


class Timelock(_Policy, frozen=True, tag="timelock"):
    """What the owner changes comes into force `delay` after it was announced. Any guardian can veto it
    until then.
    """

    delay: _Delay
    guardians: _Keys = ()

    def __post_init__(self) -> None:
        _require_ascending(self.guardians)


class Multisig(_Policy, frozen=True, tag="multisig"):
    """`threshold` of the keys change everything together, at once."""

    threshold: _Threshold
    keys: _Keys

    def __post_init__(self) -> None:
        _require_threshold(self.threshold, self.keys)


class TimelockMultisig(_Policy, frozen=True, tag="timelock_multisig"):
    """What `threshold` of the keys change together comes into force `delay` after it was announced. Any
    guardian can veto it until then.
    """

    delay: _Delay
    threshold: _Threshold
    keys: _Keys
    guardians: _Keys = ()

    def __post_init__(self) -> None:
        _require_threshold(self.threshold, self.keys)
        _require_ascending(self.guardians)


Policy: TypeAlias = Immutable | OwnerDecides | Timelock | Multisig | TimelockMultisig


_DELAYED: Final = (Timelock, TimelockMultisig)


def delay_of(policy: Policy) -> int:
    """Seconds between the announcement of a change and its coming into force."""
    return policy.delay if isinstance(policy, _DELAYED) else 0


def guardians_of(policy: Policy) -> tuple[bytes, ...]:
    return policy.guardians if isinstance(policy, _DELAYED) else ()


def keys_of(policy: Policy) -> tuple[bytes, ...]:
    """The keys of which some sign together; none where the owner's does alone."""
    return policy.keys if isinstance(policy, Multisig | TimelockMultisig) else ()


class _Command(_Struct, frozen=True, tag_field="command", tag=str):
    """A command travels under the name of its class."""


class CreateApplication(_Command, frozen=True):
    """Create the application whose id follows from the signer's key and `nonce`; the signer owns it."""

    name: _Text
    nonce: Annotated[bytes, Meta(max_length=64)]
    policy: Policy | None = None


class Deploy(_Command, frozen=True):
    """Make a package the next version."""

    package_id: _PackageId


class RollBack(_Command, frozen=True):
    """Make the package of an earlier version the next version."""

    version: Annotated[int, Meta(ge=1, le=MAX_INTEGER)]


class SetUpgradePolicy(_Command, frozen=True):
    policy: Policy


class TransferOwnership(_Command, frozen=True):
    """Make the holder of the key `to` the owner."""

    to: _Key

    def __post_init__(self) -> None:
        require_key(self.to)


class CancelUpgrade(_Command, frozen=True):
    """Take back the pending change."""


class Veto(_Command, frozen=True):
    """Refuse the pending change, as a guardian."""


class AddAllowedOrigin(_Command, frozen=True):
    """Let pages of `origin`, in its canonical form, open sessions of the application."""

    origin: _Text


class RemoveAllowedOrigin(_Command, frozen=True):
    origin: _Text


class LinkDomain(_Command, frozen=True):
    """Claim a domain. It leads to the application while a proof of the claim holds."""

    domain: _Text


class UnlinkDomain(_Command, frozen=True):
    domain: _Text


class Archive(_Command, frozen=True):
    """End the application for good."""


Upgrade: TypeAlias = Deploy | RollBack | SetUpgradePolicy | TransferOwnership
"""What an upgrade policy is about, and delays if it has a delay."""

UPGRADES: Final = (Deploy, RollBack, SetUpgradePolicy, TransferOwnership)
"""The same, for `isinstance`."""

Command: TypeAlias = (
    CreateApplication
    | Deploy
    | RollBack
    | SetUpgradePolicy
    | TransferOwnership
    | CancelUpgrade
    | Veto
    | AddAllowedOrigin
    | RemoveAllowedOrigin
    | LinkDomain
    | UnlinkDomain
    | Archive
)

_COMMANDS: Final = Tagged(Command, "command")


class Body(_Struct, frozen=True):
    """What is signed. `revision` is the number of entries of the application that the author had seen;
    `origin` names the network's log. So a body has its effect once, and on one network.
    """

    origin: _LogOrigin
    application_id: _Base32
    revision: _Count
    command: Command

    def encode(self) -> bytes:
        fields = msgspec.to_builtins(self.command, builtin_types=(bytes,))
        return cbor.encode([BODY_LABEL, self.origin, self.application_id, self.revision, fields])


class SignedCommand(_Struct, frozen=True):
    """A body as its authors wrote it (`raw`), and who signed it with what, in ascending order of keys."""

    body: Body
    raw: bytes
    signatures: tuple[tuple[bytes, bytes], ...]

    @property
    def application_id(self) -> ApplicationId:
        return ApplicationId(self.body.application_id)

    @property
    def signers(self) -> tuple[bytes, ...]:
        """The keys in whose name there is a signature; `verify` says whether it is theirs."""
        return tuple(key for key, _ in self.signatures)

    def encode(self) -> bytes:
        """The envelope."""
        return cbor.encode({"body": self.raw, "signatures": self.signatures})

    def verify(self) -> None:
        """Raises `ProvenError` (`UNAUTHENTICATED`) unless every signature is good (RFC 8032 §5.1.7)."""
        for key, signature in self.signatures:
            if not is_signed(key, signature, self.raw):
                raise ProvenError(ErrorCode.UNAUTHENTICATED, f"the signature of {key.hex()} is not good")

    def cosigned(self, *keys: OwnerKey) -> SignedCommand:
        """The same command, signed by these as well."""
        return self.with_signatures(*((key.public_key, key.sign(self.raw)) for key in keys))

    def with_signatures(self, *added: tuple[bytes, bytes]) -> SignedCommand:
        """The same command with these keys' signatures as well, made elsewhere."""
        signatures = tuple(sorted({**dict(self.signatures), **dict(added)}.items()))
        return SignedCommand(body=self.body, raw=self.raw, signatures=signatures)


class OwnerKey:
    """A key that signs commands."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key: Final = private_key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> OwnerKey:
        """The key with this private key (RFC 8032 §5.1.5). Raises `ValueError` unless it has 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, body: bytes) -> bytes:
        return self._private_key.sign(body)


def sign(body: Body, *keys: OwnerKey) -> bytes:
    """The envelope of `body` with the signatures of `keys`."""
    return SignedCommand(body=body, raw=body.encode(), signatures=()).cosigned(*keys).encode()


def decode_envelope(envelope: bytes) -> SignedCommand:
    """Read an envelope; its signatures are not verified yet.

    Raises `ProvenError`: `TOO_LARGE`; `BAD_REQUEST` for anything that `sign` would not write;
    `UNAUTHENTICATED` if nobody signed.
    """
    match cbor.decode(envelope, max_bytes=MAX_ENVELOPE, max_depth=3):
        case {"body": bytes(raw), "signatures": list(listed), **rest} if not rest:
            return SignedCommand(body=_decode_body(raw), raw=raw, signatures=_read_signatures(listed))
    raise _bad("an envelope holds a body and signatures")


def require_key(key: bytes) -> None:
    """Raises `ValueError` for what is no Ed25519 public key in its only encoding, and for the points of small
    order, as which anybody can sign.
    """
    if not is_key(key):
        raise ValueError("not an Ed25519 public key")


def _require_ascending(keys: Sequence[bytes]) -> None:
    for key in keys:
        require_key(key)
    if any(first >= second for first, second in pairwise(keys)):
        raise ValueError("keys are in ascending order, and none is there twice")


def _require_threshold(threshold: int, keys: Sequence[bytes]) -> None:
    _require_ascending(keys)
    if threshold > len(keys):
        raise ValueError(f"{len(keys)} keys cannot give {threshold} signatures")


def _decode_body(raw: bytes) -> Body:
    match cbor.decode(raw, max_bytes=MAX_ENVELOPE, max_depth=_MAX_DEPTH):
        case [str(label), str(origin), str(application), revision, dict(fields)] if label == BODY_LABEL:
            named = {"origin": origin, "application_id": application, "revision": revision, "command": fields}
            body: Body = convert(named, Body, "command")
            if body.encode() == raw:
                return body
    raise _bad("a command has its label, log, application, revision and fields, and none that is not set")


def decode_command(fields: bytes) -> Command:
    """Read the last item of a body. Raises `ProvenError` (`BAD_REQUEST`)."""
    command: Command = _COMMANDS.convert(cbor.decode(fields, max_depth=_MAX_DEPTH - 1))
    if _encode_command(command) != fields:
        raise _bad("a command leaves out what it does not set")
    return command


def _encode_command(command: Command) -> bytes:
    return cbor.encode(msgspec.to_builtins(command, builtin_types=(bytes,)))


def _read_signatures(listed: Sequence[object]) -> tuple[tuple[bytes, bytes], ...]:
    signatures: list[tuple[bytes, bytes]] = []
    for each in listed:
        match each:
            case [bytes(key), bytes(signature)] if (
                len(key) == KEY_BYTES and len(signature) == SIGNATURE_BYTES
            ):
                signatures.append((key, signature))
            case _:
                raise _bad("a signature is a key of 32 bytes and 64 bytes by it")
    if len(signatures) > MAX_SIGNATURES:
        raise _bad(f"an envelope has at most {MAX_SIGNATURES} signatures")
    if any(first[0] >= second[0] for first, second in pairwise(signatures)):
        raise _bad("signatures are in ascending order of their keys, and none is there twice")
    if not signatures:
        raise ProvenError(ErrorCode.UNAUTHENTICATED, "nobody signed the command")
    return tuple(signatures)


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
