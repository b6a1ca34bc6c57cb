"""WebAuthn as this node uses it: what a ceremony asks of a browser, and whether its outcome proves anything.

Source: Web Authentication Level 3, §7.1 (registration) and §7.2 (authentication). No input or output here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import (
    DecodedEC2PublicKey,
    DecodedOKPPublicKey,
    DecodedRSAPublicKey,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from proven.wire.commands import MAX_CEREMONY
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId

PRF_SALT: Final = hashlib.sha256(b"proven/prf/v1").digest()
"""What every passkey's PRF is evaluated at. The output opens the wrapped seed and stays in the browser."""

CHALLENGE_BYTES: Final = 32
MAX_CREDENTIAL_ID: Final = 1023
"""Bytes; the largest that authenticators may make (WebAuthn §4)."""
MAX_PUBLIC_KEY: Final = 1024

_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_MIN_MODULUS, _MAX_MODULUS = 256, 512
_PUBLIC_EXPONENT: Final = b"\x01\x00\x01"
_MAX_ORIGIN: Final = 512


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who the passkeys are for. `id` is a domain; `origins` are the pages that may run ceremonies, `frames`
    says which pages may show one of these inside themselves.
    """

    id: str
    origins: Callable[[], Collection[str]]
    frames: Callable[[str], bool]
    name: str = "Proven"


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that was just made: its id and public key (COSE), and what its authenticator says of it."""

    id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a browser says a passkey signed; nothing of it is proven yet."""

    passkey: bytes
    user_handle: bytes | None
    credential: AuthenticationCredential


@dataclass(frozen=True, slots=True)
class Use:
    """A proven use of a passkey."""

    sign_count: int
    synced: bool


def creation_options(
    party: RelyingParty,
    account: IdentityId,
    label: str,
    challenge: bytes,
    excluded: Iterable[tuple[bytes, tuple[str, ...]]],
    *,
    seconds: float,
) -> str:
    """The JSON of `parseCreationOptionsFromJSON`: a discoverable passkey, its user verified, with PRF."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user_handle(account),
        user_name=label,
        user_display_name=label,
        challenge=challenge,
        timeout=int(seconds * 1000),
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(
                id=known, transports=[AuthenticatorTransport(name) for name in transports]
            )
            for known, transports in excluded
        ],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return _with_prf(options_to_json_dict(options))


def request_options(party: RelyingParty, challenge: bytes, *, seconds: float) -> str:
    """The JSON of `parseRequestOptionsFromJSON`: any passkey of this relying party, its user verified."""
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=int(seconds * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _with_prf(options_to_json_dict(options))


def verify_registration(party: RelyingParty, response: str, challenge: bytes) -> NewPasskey:
    """Rules, in order:

    1. The response is JSON of at most `MAX_CEREMONY` bytes, without the PRF output, and its parts can be read
       (`BAD_REQUEST`).
    2. The page that ran the ceremony is one of the relying party's, and so are, or may frame it, the pages
       around it (`ORIGIN_DENIED`).
    3. Type, challenge, relying party, presence and verification of the user are as asked for; the attestation
       is none, or by the passkey itself (`UNAUTHENTICATED`).
    4. The passkey's id is 16 to `MAX_CREDENTIAL_ID` bytes, its key one of the algorithms asked for and
       well-formed (`BAD_REQUEST`).
    """
    fields = _read(response)
    credential: RegistrationCredential = _parsed(parse_registration_credential_json, fields)
    _check_origins(party, credential.response.client_data_json)
    attestation = _parsed(parse_attestation_object, credential.response.attestation_object)
    if attestation.fmt not in (AttestationFormat.NONE, AttestationFormat.PACKED) or attestation.att_stmt.x5c:
        raise _bad("the passkey came with an attestation that was not asked for")
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins()),
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except WebAuthnException:
        raise ProvenError(
            ErrorCode.UNAUTHENTICATED, "this is not a passkey that was made for this ceremony"
        ) from None
    except Exception:
        raise _bad("the passkey cannot be read") from None
    if not 16 <= len(verified.credential_id) <= MAX_CREDENTIAL_ID:
        raise _bad(f"the id of a passkey is 16 to {MAX_CREDENTIAL_ID} bytes")
    if verified.credential_id != credential.raw_id:
        raise _bad("the passkey has two ids")
    _check_key(verified.credential_public_key)
    transports = {transport.value for transport in credential.response.transports or ()}
    return NewPasskey(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        verified.credential_backed_up,
        tuple(sorted(transports)),
    )


def read_assertion(party: RelyingParty, response: str) -> Assertion:
    """Rules 1 and 2 of `verify_registration`, for the response of an authentication."""
    credential: AuthenticationCredential = _parsed(parse_authentication_credential_json, _read(response))
    _check_origins(party, credential.response.client_data_json)
    return Assertion(credential.raw_id, credential.response.user_handle, credential)


def verify_assertion(party: RelyingParty, assertion: Assertion, challenge: bytes, public_key: bytes) -> Use:
    """Raises `UNAUTHENTICATED`, the same for every reason, unless the holder of `public_key` signed this
    challenge for this relying party with their user verified. The sign count is for the caller to judge.
    """
    try:
        verified = verify_authentication_response(
            credential=assertion.credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins()),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:
        raise not_proven() from None
    return Use(verified.new_sign_count, verified.credential_backed_up)


def not_proven() -> ProvenError:
    """The refusal of an authentication; it does not tell which passkeys there are."""
    return ProvenError(ErrorCode.UNAUTHENTICATED, "this passkey does not sign anyone in here")


def user_handle(account: IdentityId) -> bytes:
    """What authenticators keep beside the passkeys of an account: its id, nothing about the person."""
    return account.encode("ascii")


def _with_prf(options: dict[str, Any]) -> str:
    prf = {"eval": {"first": bytes_to_base64url(PRF_SALT)}}
    return json.dumps({**options, "extensions": {"prf": prf}}, separators=(",", ":"))


def _read(response: str) -> dict[str, Any]:
    fields = _json(response)
    extensions = fields.get("clientExtensionResults")
    prf = extensions.get("prf") if isinstance(extensions, dict) else None
    if isinstance(prf, dict) and "results" in prf:
        raise _bad("the output of PRF was sent to the node; it has to stay in the browser")
    return fields


def _json(text: str | bytes) -> dict[str, Any]:
    if len(text) > MAX_CEREMONY:
        raise ProvenError(ErrorCode.TOO_LARGE, f"a response has at most {MAX_CEREMONY} characters")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad("the response is not JSON") from None
    if not isinstance(fields, dict):
        raise _bad("the response is not a JSON object")
    return fields


def _parsed(parse: Callable[[Any], Any], value: object) -> Any:
    """What the library makes of hostile input; whatever it raises means that it could not be read."""
    try:
        return parse(value)
    except Exception:
        raise _bad("the response is not what a browser makes of a passkey") from None


def _check_origins(party: RelyingParty, client_data: bytes) -> None:
    """`topOrigin` is there where the browser says which page frames the one that ran the ceremony."""
    fields = _json(client_data)
    origin, crossing, top = fields.get("origin"), fields.get("crossOrigin", False), fields.get("topOrigin")
    if not isinstance(origin, str) or not isinstance(crossing, bool):
        raise _bad("the client data is malformed")
    if origin not in party.origins():
        raise _denied("passkeys are not used on pages of this origin")
    if top is None:
        return
    if not isinstance(top, str) or len(top) > _MAX_ORIGIN or not crossing:
        raise _bad("the client data is malformed")
    if top not in party.origins() and not party.frames(top):
        raise _denied("pages of this origin may not show the sign-in page inside themselves")


def _check_key(public_key: bytes) -> None:
    """A key that could never verify anything, or would take long to, is refused before it is stored."""
    if len(public_key) > MAX_PUBLIC_KEY:
        raise _bad(f"the public key of a passkey is at most {MAX_PUBLIC_KEY} bytes")
    key = _parsed(decode_credential_public_key, public_key)
    match key:
        case DecodedEC2PublicKey():
            fits = key.alg == COSEAlgorithmIdentifier.ECDSA_SHA_256 and key.crv == COSECRV.P256
        case DecodedOKPPublicKey():
            fits = key.alg == COSEAlgorithmIdentifier.EDDSA and key.crv == COSECRV.ED25519
        case DecodedRSAPublicKey(n=bytes(n), e=bytes(e)):
            fits = key.alg == COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256
            fits = fits and _MIN_MODULUS <= len(n) <= _MAX_MODULUS and e == _PUBLIC_EXPONENT
        case _:
            fits = False
    if not fits:
        raise _bad("the public key of the passkey is not of a kind that was asked for")
    _parsed(decoded_public_key_to_cryptography, key)


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)


def _denied(message: str) -> ProvenError:
    return ProvenError(ErrorCode.ORIGIN_DENIED, message)
