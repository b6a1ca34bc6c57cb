"""Whatever a page sends as a proof, the node answers with a refusal."""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.identity.accounts import bitcoin, siwe
from proven.identity.accounts.radix import read_owner_keys
from proven.wire.commands import AccountKind, LinkChallenge
from proven.wire.errors import ErrorCode, ProvenError
from support.account_linking import BITCOIN, ETHEREUM, KINDS, PROVE, RADIX, Node, Person, linking_node
from support.account_vectors import owner_keys

REFUSALS = (ErrorCode.BAD_REQUEST, ErrorCode.UNAUTHENTICATED, ErrorCode.UNAVAILABLE)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.sampled_from(["account", "persona", "curve25519", "secp256k1", "00" * 32, "0x" + "1b" * 65])
    | st.sampled_from([RADIX.address, ETHEREUM.address, BITCOIN.address]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["address", "type", "challenge", "proof", "publicKey", "signature", "curve", "message"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=10,
)


LINES = (
    *("", "x", "URI: a:b", "Version: 1", "Chain ID: 1", "Nonce: 12345678", "Resources:", "- a:b"),
    *("Issued At: 9999-12-31T23:59:60Z", "Issued At: 2026-01-01T00:00:00Z", ETHEREUM.address),
    "a wants you to sign in with your Ethereum account:",
)


class Linking:
    """A node with one person, driven step by step from outside its loop."""

    def __init__(self, runner: asyncio.Runner, node: Node, person: Person) -> None:
        self._runner = runner
        self._node = node
        self._person = person

    def begin(self, kind: AccountKind) -> LinkChallenge:
        return self._runner.run(self._person.begin(kind))

    def finish(self, challenge: LinkChallenge, proof: str) -> ErrorCode | None:
        """The code of the refusal, if it is one."""
        try:
            self._runner.run(self._person.finish(challenge, proof))
        except ProvenError as error:
            return error.code
        return None


@pytest.fixture(scope="module")
def linking() -> Iterator[Linking]:
    with tempfile.TemporaryDirectory() as directory, asyncio.Runner() as runner:
        running = linking_node(Path(directory))
        node = runner.run(running.__aenter__())  # type: ignore[arg-type]
        yield Linking(runner, node, runner.run(node.open()))
        runner.run(running.__aexit__(None, None, None))  # type: ignore[arg-type]


@given(st.sampled_from(KINDS), st.text(max_size=300) | VALUES.map(json.dumps))
@settings(max_examples=300)
def test_no_proof_out_of_thin_air_is_accepted(linking: Linking, kind: AccountKind, proof: str) -> None:
    assert linking.finish(linking.begin(kind), proof) in REFUSALS


@given(st.sampled_from(KINDS), st.data())
@settings(max_examples=300)
def test_no_proof_with_another_field_is_accepted(
    linking: Linking, kind: AccountKind, data: st.DataObject
) -> None:
    challenge = linking.begin(kind)
    fields: dict[str, Any] = json.loads(PROVE[kind](challenge))
    target: dict[str, Any] = fields
    if kind == "radix" and data.draw(st.booleans()):
        target = fields["proof"]
    name = data.draw(st.sampled_from([*target, "more"]))
    before = target.get(name)
    value = data.draw(VALUES)
    target[name] = value
    if value != before:
        assert linking.finish(challenge, json.dumps(fields)) in REFUSALS


@given(st.sampled_from(KINDS), st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_no_proof_with_another_character_is_accepted(
    linking: Linking, kind: AccountKind, data: st.DataObject
) -> None:
    challenge = linking.begin(kind)
    proof = PROVE[kind](challenge)
    place = data.draw(st.integers(0, len(proof) - 1))
    damaged = proof[:place] + data.draw(st.characters(exclude_categories=["Cs"])) + proof[place + 1 :]
    code = linking.finish(challenge, damaged)
    if code is None:  # another spelling of the same
        assert _folded(damaged) == _folded(proof)
    else:
        assert code in REFUSALS


def _folded(proof: str) -> object:
    """Upper- and lower-case hexadecimal digits mean the same."""
    return json.loads(proof.lower())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "proof",
    [
        "[" * 16_000,
        '{"a":' * 3_000,
        "9" * 16_000,
        '"' + "\\ud800" * 2_000 + '"',
        "\0" * 16_000,
        '{"message":"\\ud800"}',
    ],
    ids=range(6),
)
def test_bombs_are_refused(linking: Linking, kind: AccountKind, proof: str) -> None:
    assert linking.finish(linking.begin(kind), proof) is ErrorCode.BAD_REQUEST


@given(st.binary(max_size=300))
def test_a_witness_is_read_exactly_or_refused(data: bytes) -> None:
    try:
        items = bitcoin.read_witness(data)
    except ProvenError:
        return
    assert bytes((len(items),)) + b"".join(bytes((len(item),)) + item for item in items) == data


@given(st.binary(max_size=200), st.sampled_from(["", "smp", "ful", "pof", "xxx"]))
def test_a_witness_of_any_bytes_is_refused(data: bytes, prefix: str) -> None:
    address = bitcoin.parse_address(BITCOIN.address)
    with pytest.raises(ProvenError):
        bitcoin.verify(address, "message", prefix + base64.b64encode(data).decode())


@given(st.lists(st.sampled_from(LINES), max_size=16))
def test_lines_of_messages_in_any_order_are_read_exactly_or_refused(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        message = siwe.parse(text)
    except ValueError:
        return
    assert message.to_text() == text


@pytest.mark.parametrize("part", ["%", "a:", "a@", "%20", "/", "[", "::", "a.", "\n", "- a:b\n", "0"])
def test_long_messages_are_read_in_linear_time(part: str) -> None:
    """A pattern that backtracks would take longer than anyone waits for these."""
    many = part * (siwe.MAX_MESSAGE // len(part) - 200)
    head = f"{many} wants you to sign in with your Ethereum account:\n{ETHEREUM.address}\n\n{many}\n\nURI: a://{many}!\x00"
    for text in (head, head.replace(many, "a", 1), head.replace(many, "a", 2)):
        with pytest.raises(ValueError):  # noqa: PT011 - every kind of refusal
            siwe.parse(text[: siwe.MAX_MESSAGE])


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=29, max_size=29)), max_size=64), st.data())
def test_owner_keys_are_read_exactly_or_refused(keys: list[tuple[int, bytes]], data: st.DataObject) -> None:
    value = owner_keys(*keys)
    assert read_owner_keys(value) == set(keys)
    place = data.draw(st.integers(0, len(value) - 1))
    damaged = value[:place] + bytes((data.draw(st.integers(0, 255)),)) + value[place + 1 :]
    for other in (damaged, value[:place], value + b"\0"):
        try:
            found = read_owner_keys(other)
        except ProvenError:
            continue
        assert owner_keys(*sorted(found)).startswith(b"\x5c\x22\x8f")
        assert len(other) == 7 + 34 * other[6]
