"""Signatures of Ethereum keys, and messages of EIP-4361."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.identity.accounts import ethereum, siwe
from proven.identity.accounts._uri import is_authority, is_uri, parse_date_time
from proven.identity.accounts.eip55 import format_address
from support.account_vectors import EthereumWallet

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
WALLET = EthereumWallet(b"\x02" * 32)
DIGEST = ethereum.personal_hash("hello")
SIGNATURE = bytes.fromhex(WALLET.sign("hello")[2:])

MESSAGE = siwe.SiweMessage(
    domain="example.com",
    address=WALLET.address,
    statement="Hello",
    uri="https://example.com/",
    chain_id="1",
    nonce="12345678",
    issued_at="2026-01-01T00:00:00Z",
)


def test_the_hash_is_the_known_one() -> None:
    """The hash of "hello world" that libraries document for `hashMessage`."""
    assert (
        ethereum.personal_hash("hello world").hex()
        == "d9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68"
    )


def test_the_recovery_byte_may_begin_at_27_or_0() -> None:
    for last in (SIGNATURE[-1], SIGNATURE[-1] - 27):
        assert ethereum.recover_address(DIGEST, SIGNATURE[:-1] + bytes((last,))) == WALLET.address


def test_the_other_recovery_byte_is_another_signer() -> None:
    other = bytes((55 - SIGNATURE[-1],))
    assert ethereum.recover_address(DIGEST, SIGNATURE[:-1] + other) != WALLET.address


@pytest.mark.parametrize("last", [2, 3, 26, 29, 30, 31, 35, 37, 255])
def test_other_recovery_bytes_are_refused(last: int) -> None:
    assert ethereum.recover_address(DIGEST, SIGNATURE[:-1] + bytes((last,))) is None


def test_the_higher_form_of_s_is_refused() -> None:
    s = int.from_bytes(SIGNATURE[32:64], "big")
    mirrored = SIGNATURE[:32] + (ORDER - s).to_bytes(32, "big") + bytes((55 - SIGNATURE[-1],))
    assert ethereum.recover_address(DIGEST, mirrored) is None


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        SIGNATURE[:-1],
        SIGNATURE + b"\0",
        bytes(64) + b"\x1b",
        bytes(32) + SIGNATURE[32:],
        SIGNATURE[:32] + bytes(32) + b"\x1b",
        b"\xff" * 32 + SIGNATURE[32:],
        ORDER.to_bytes(32, "big") + SIGNATURE[32:],
    ],
)
def test_what_no_key_signs_has_no_signer(signature: bytes) -> None:
    assert ethereum.recover_address(DIGEST, signature) is None


def letters(alphabet: str, least: int = 0) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(alphabet), min_size=least, max_size=30)


_LETTERS = "abcXYZ019"
MOMENTS = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 28)).map(  # noqa: DTZ001
    lambda moment: moment.isoformat() + "Z"
)
URIS = st.one_of(
    st.sampled_from(["https://a.example", "urn:a:b", "did:x", "http://[::1]:8/a?b#c", "x:", "ipfs://%20/"]),
    letters(_LETTERS, 1).map(lambda text: f"https://{text}/p?{text}#{text}"),
)
MESSAGES = st.builds(
    siwe.SiweMessage,
    scheme=st.none() | st.sampled_from(["https", "http", "a+b-c.d1"]),
    domain=st.sampled_from(["a.example", "localhost:1", "u:p@h", "[::]", "1.2.3.4:", "[v1.a:b]"]),
    address=st.binary(min_size=20, max_size=20).map(format_address),
    statement=st.none() | letters(_LETTERS + " :/?#[]@!$&'()*+,;=-._~"),
    uri=URIS,
    chain_id=st.integers(0, 2**64).map(str),
    nonce=letters(_LETTERS, 8),
    issued_at=MOMENTS,
    expiration_time=st.none() | MOMENTS,
    not_before=st.none() | MOMENTS,
    request_id=st.none() | letters(_LETTERS + "-._~!$&'()*+,;=:@"),
    resources=st.none() | st.lists(URIS, max_size=4).map(tuple),
)


@given(MESSAGES)
def test_every_message_is_read_back(message: siwe.SiweMessage) -> None:
    assert siwe.parse(message.to_text()) == message


@given(st.text(max_size=400))
def test_any_text_is_read_exactly_or_refused(text: str) -> None:
    for whole in (text, MESSAGE.to_text().replace("Hello", text), MESSAGE.to_text() + text):
        try:
            message = siwe.parse(whole)
        except ValueError:
            continue
        assert message.to_text() == whole


@pytest.mark.parametrize(
    "change",
    [
        {"scheme": ""},
        {"scheme": "1a"},
        {"domain": ""},
        {"domain": "a b"},
        {"domain": "a/b"},
        {"domain": "[::1"},
        {"domain": "[::g]"},
        {"domain": "[fe80::1%25eth0]"},
        {"domain": "a:80x"},
        {"domain": "é.example"},
        {"address": "0x" + "0" * 39},
        {"address": "0X" + "0" * 40},
        {"address": WALLET.address + " "},
        {"statement": "a\nb"},
        {"statement": 'a"b'},
        {"statement": "é"},
        {"statement": "a\r"},
        {"uri": "example.com"},
        {"uri": ""},
        {"uri": "https://a b"},
        {"uri": "https://a/%zz"},
        {"version": "2"},
        {"version": "1.0"},
        {"version": ""},
        {"chain_id": ""},
        {"chain_id": "-1"},
        {"chain_id": "1.0"},
        {"chain_id": "0x1"},
        {"chain_id": "٣"},
        {"chain_id": "9" * 21},
        {"nonce": "1234567"},
        {"nonce": "1234567-"},
        {"nonce": "12345678 "},
        {"issued_at": "2026-01-01"},
        {"issued_at": "2026-01-01 00:00:00Z"},
        {"issued_at": "2026-01-01T00:00:00"},
        {"issued_at": "2026-02-30T00:00:00Z"},
        {"issued_at": "2026-01-01T24:00:00Z"},
        {"issued_at": "2026-01-01T00:00:61Z"},
        {"issued_at": "2026-01-01T00:00:00.Z"},
        {"issued_at": "2026-01-01T00:00:00+24:00"},
        {"issued_at": "0000-01-01T00:00:00Z"},
        {"issued_at": "٢٠٢٦-01-01T00:00:00Z"},
        {"expiration_time": "tomorrow"},
        {"not_before": ""},
        {"request_id": "a/b"},
        {"request_id": "a b"},
        {"resources": ("not a uri",)},
        {"resources": ("https://a.example ",)},
        {"resources": ("urn:a:b",) * (siwe.MAX_RESOURCES + 1)},
        {"resources": ("https://a.example/" + "a" * siwe.MAX_MESSAGE,)},
    ],
    ids=lambda change: str(change)[:60],
)
def test_what_the_grammar_does_not_have_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every kind of refusal
        siwe.parse(replace(MESSAGE, **change).to_text())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 20,
        MESSAGE.to_text() + "\n",
        MESSAGE.to_text() + "\nResources:\n",
        MESSAGE.to_text() + "\nRequest ID: a\nRequest ID: b",
        MESSAGE.to_text() + "\nUnknown: a",
        MESSAGE.to_text().replace("\n", "\r\n"),
        MESSAGE.to_text().replace("URI: ", "uri: "),
        MESSAGE.to_text().replace("URI: ", "URI:"),
        " " + MESSAGE.to_text(),
        "x" + "é" * siwe.MAX_MESSAGE,
    ],
    ids=range(11),
)
def test_what_is_around_the_fields_counts_too(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every kind of refusal
        siwe.parse(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01t00:00:00z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00-02:30", datetime(2026, 1, 1, 2, 30, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00.1234567Z", datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_moments_are_those_of_rfc_3339(text: str, moment: datetime) -> None:
    assert parse_date_time(text) == moment


def test_a_moment_outside_the_calendar_is_none() -> None:
    for text in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:60Z"):
        with pytest.raises(ValueError):  # noqa: PT011 - either kind
            parse_date_time(text)


@pytest.mark.parametrize(
    "text", ["a", "A+b-1.c:", "urn:a", "http://", "http://@:", "a:/b//c", "a:b%20?c/?#d/?"]
)
def test_uris_are_those_of_rfc_3986(text: str) -> None:
    assert is_uri(text) == (":" in text)


@pytest.mark.parametrize("text", [":80", "a@", "", "a@b@c", "[::1]x", "a:b:c"])
def test_odd_authorities(text: str) -> None:
    """Only what RFC 3986 allows; an empty host is allowed, an empty authority names nobody."""
    assert is_authority(text) == (text in (":80", "a@"))
