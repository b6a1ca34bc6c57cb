"""Whatever a browser sends to finish a ceremony, it proves what it should or is refused by name."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proven.identity import RelyingParty, _webauthn
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId
from support.authenticator import SoftwareAuthenticator, from_base64url, to_base64url

FUZZ = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])

PAGE = "https://node.example"
PARTY = RelyingParty("node.example", lambda: (PAGE,), lambda origin: False)
CHALLENGE = bytes(range(32))
REFUSALS = {
    ErrorCode.BAD_REQUEST,
    ErrorCode.ORIGIN_DENIED,
    ErrorCode.TOO_LARGE,
    ErrorCode.UNAUTHENTICATED,
}

_device = SoftwareAuthenticator()
_options = _webauthn.creation_options(PARTY, IdentityId("a" * 32), "device", CHALLENGE, (), seconds=300)
REGISTRATION = json.loads(_device.create(_options, PAGE))
AUTHENTICATION = json.loads(_device.get(_webauthn.request_options(PARTY, CHALLENGE, seconds=300), PAGE))
CREDENTIAL = _device.credentials[0]
PUBLIC_KEY = CREDENTIAL.cose_key()

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary().map(to_base64url),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def register(response: str) -> _webauthn.NewPasskey | None:
    return refused_or(lambda: _webauthn.verify_registration(PARTY, response, CHALLENGE))


def authenticate(response: str) -> _webauthn.Use | None:
    def verify() -> _webauthn.Use:
        assertion = _webauthn.read_assertion(PARTY, response)
        return _webauthn.verify_assertion(PARTY, assertion, CHALLENGE, PUBLIC_KEY)

    return refused_or(verify)


def refused_or(attempt: Callable[[], Any]) -> Any:
    try:
        return attempt()
    except ProvenError as error:
        if error.code not in REFUSALS or len(error.message) > 300:
            raise
        return None


def test_the_genuine_responses_are_accepted() -> None:
    made = register(json.dumps(REGISTRATION))
    assert made is not None
    assert (made.id, made.public_key) == (CREDENTIAL.id, PUBLIC_KEY)
    assert authenticate(json.dumps(AUTHENTICATION)) is not None


@FUZZ
@example("[" * 16_000)
@example('{"id":' * 2_000)
@example("NaN")
@example('{"id": 1e999999}')
@example("\ud800")
@example('{"response": {"clientDataJSON": "' + "A" * 16_000 + '"}}')
@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_is_refused(text: str) -> None:
    assert register(text) is None
    assert authenticate(text) is None


@FUZZ
@given(st.data())
def test_fields_of_any_kind_are_refused_or_change_nothing(data: st.DataObject) -> None:
    for genuine, attempt in ((REGISTRATION, register), (AUTHENTICATION, authenticate)):
        altered = json.loads(json.dumps(genuine))
        place = data.draw(st.sampled_from([altered, altered["response"]]))
        name = data.draw(st.sampled_from(sorted(place)))
        if data.draw(st.booleans()):
            del place[name]
        else:
            place[name] = data.draw(JSON)
        found = attempt(json.dumps(altered))
        if isinstance(found, _webauthn.NewPasskey):
            assert (found.id, found.public_key) == (CREDENTIAL.id, PUBLIC_KEY)
        elif found is not None:
            assert name in ("userHandle", "authenticatorAttachment", "clientExtensionResults", "response")


@FUZZ
@given(st.sampled_from(["authenticatorData", "clientDataJSON", "signature"]), st.data())
def test_one_altered_byte_of_what_was_signed_is_refused(part: str, data: st.DataObject) -> None:
    altered = json.loads(json.dumps(AUTHENTICATION))
    content = bytearray(from_base64url(altered["response"][part]))
    index = data.draw(st.integers(0, len(content) - 1))
    content[index] ^= data.draw(st.integers(1, 255))
    altered["response"][part] = to_base64url(bytes(content))
    assert authenticate(json.dumps(altered)) is None


@FUZZ
@given(st.data())
def test_an_altered_attestation_makes_no_other_passkey_of_this_one(data: st.DataObject) -> None:
    """Nothing signs an attestation of none, so altered ones can be passkeys: of another key or id."""
    altered = json.loads(json.dumps(REGISTRATION))
    content = bytearray(from_base64url(altered["response"]["attestationObject"]))
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(content) - 1))
        content[index : index + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    altered["response"]["attestationObject"] = to_base64url(bytes(content))
    found = register(json.dumps(altered))
    if found is not None:
        assert found.id == from_base64url(altered["id"])
        assert len(found.public_key) <= _webauthn.MAX_PUBLIC_KEY


BOMBS = {
    "deep": b"\x81" * 10_000,
    "a long array that is not there": b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    "a long string that is not there": b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "a long map that is not there": b"\xbb\x00\x00\xff\xff\xff\xff\xff\xff",
    "endless": b"\x9f" * 10_000,
    "a shared reference to itself": cbor2.dumps(cbor2.CBORTag(28, [cbor2.CBORTag(29, 0)])),
    "a huge number": cbor2.dumps(1 << 60_000),
    "a regular expression": cbor2.dumps(cbor2.CBORTag(35, "(a+)+$" * 100)),
    "a big decimal": cbor2.dumps(cbor2.CBORTag(4, [1 << 62, 1])),
    "an empty map": b"\xa0",
}


@pytest.mark.parametrize("case", BOMBS)
def test_encodings_that_ask_for_much_are_refused(case: str) -> None:
    altered = json.loads(json.dumps(REGISTRATION))
    data = cbor2.loads(from_base64url(altered["response"]["attestationObject"]))["authData"]
    inside = data[: 55 + len(CREDENTIAL.id)] + BOMBS[case]
    for attestation in (
        BOMBS[case],
        cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": inside}),
        b"\xa3\x63fmt\x64none\x67attStmt" + BOMBS[case],
    ):
        altered["response"]["attestationObject"] = to_base64url(attestation)
        assert register(json.dumps(altered)) is None


def test_base64_that_is_not_is_refused() -> None:
    for text in ("===", "A", "!!!!", "AA=A", base64.b64encode(b"\xff" * 8).decode()):
        altered = json.loads(json.dumps(AUTHENTICATION))
        altered["response"]["authenticatorData"] = text
        assert authenticate(json.dumps(altered)) is None
