"""Ids are derived from what they name, and anything else from outside is refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import cbor2
import pytest

from proven.wire import ids
from proven.wire.errors import ErrorCode, ProvenError


def test_an_application_id_is_the_hash_of_its_owner_and_nonce() -> None:
    preimage = cbor2.dumps(["proven/application/v1", b"k" * 32, b"n" * 16])
    expected = base64.b32encode(hashlib.sha256(preimage).digest()[:20]).decode().lower()
    assert ids.application_id(b"k" * 32, b"n" * 16) == expected
    assert ids.is_application_id(expected)


def test_ids_of_different_kinds_never_meet() -> None:
    assert ids.identity_id(b"k" * 32) != ids.application_id(b"k" * 32, b"")


def test_a_package_id_is_the_hash_of_its_manifest() -> None:
    assert ids.package_id(b"{}") == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize(
    ("parse", "good"),
    [
        (ids.parse_application_id, "abcdefghijklmnopqrstuvwxyz234567"),
        (ids.parse_identity_id, "a" * 32),
        (ids.parse_package_id, "0123456789abcdef" * 4),
    ],
)
def test_parsers_accept_only_the_one_form(parse: Callable[[object], str], good: str) -> None:
    assert parse(good) == good
    for bad in (
        "",
        good[:-1],
        good + "a",
        good + "\n",
        "A" + good[1:],
        "é" + good[1:],
        "../" + good[3:],
        5,
        None,
    ):
        with pytest.raises(ProvenError) as caught:
            parse(bad)
        assert caught.value.code is ErrorCode.BAD_REQUEST


def test_a_session_id_has_16_bytes() -> None:
    assert ids.session_id(bytes(16)) == "0" * 32
    with pytest.raises(ValueError, match="16 bytes"):
        ids.session_id(bytes(15))
