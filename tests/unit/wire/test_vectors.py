"""The published vectors are what this implementation does; others check themselves against the same files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from proven.wire import ids, values
from proven.wire.commands import Identify, decode_command, decode_message
from proven.wire.errors import ProvenError
from proven.wire.identity import IdentityKey, identify_message, verify_identify
from proven.wire.session import ClientHandshake, SealedChannel, ServerHandshake

VECTORS = Path(__file__).parents[2] / "vectors"
VALUES = json.loads((VECTORS / "values.json").read_text())
SESSION = json.loads((VECTORS / "session.json").read_text())


@pytest.mark.parametrize("vector", VALUES["values"], ids=lambda vector: vector["name"])
def test_every_value_decodes_and_encodes_to_the_same_bytes(vector: dict[str, str]) -> None:
    encoded = bytes.fromhex(vector["encoded"])
    assert values.encode(values.decode(encoded)) == encoded


@pytest.mark.parametrize("encoded", VALUES["rejected"])
def test_every_rejected_encoding_is_refused(encoded: str) -> None:
    with pytest.raises(ProvenError):
        values.decode(bytes.fromhex(encoded))


def random_from(*parts: str) -> Callable[[int], bytes]:
    remaining = [bytes.fromhex(part) for part in parts]

    def random(size: int) -> bytes:
        part = remaining.pop(0)
        assert len(part) == size
        return part

    return random


class EvidenceOfTheVector:
    def verify(
        self,
        document: bytes,
        *,
        nonce: bytes,
        user_data: bytes | None = None,
        public_key: bytes | None = None,
        at: datetime | None = None,
    ) -> bytes:
        handshake = SESSION["handshake"]
        assert nonce.hex() == handshake["client_nonce"]
        assert user_data is not None
        assert user_data.hex() == handshake["transcript"]
        assert public_key is not None
        assert public_key.hex() == handshake["server_key"]
        return document


def handshake() -> tuple[SealedChannel, SealedChannel]:
    vector: dict[str, Any] = SESSION["handshake"]
    client_side = ClientHandshake(
        SESSION["application"]["id"],
        origin=vector["origin"],
        random=random_from(vector["client_private_key"], vector["client_nonce"]),
    )
    assert client_side.request().hex() == vector["request"]
    server_side = ServerHandshake(
        client_side.request(), random=random_from(vector["server_private_key"], vector["session_id"])
    )
    response, server = server_side.finish(bytes.fromhex(vector["evidence"]))
    assert response.hex() == vector["response"]
    client, _ = client_side.finish(response, EvidenceOfTheVector())
    return client, server


def test_the_handshake_is_the_published_one() -> None:
    client, server = handshake()
    assert client.transcript.hex() == server.transcript.hex() == SESSION["handshake"]["transcript"]
    assert client.session_id == server.session_id == SESSION["handshake"]["session_id"]


def test_every_frame_is_sealed_opened_and_understood() -> None:
    client, server = handshake()
    for vector in SESSION["frames"]:
        plaintext = bytes.fromhex(vector["plaintext"])
        from_client = vector["direction"] == "client"
        sender, receiver = (client, server) if from_client else (server, client)
        frame = sender.seal(plaintext)
        assert frame.hex() == vector["frame"]
        assert receiver.open(frame) == (vector["sequence"], plaintext)
        assert decode_command(plaintext) if from_client else decode_message(plaintext)


def test_ids_keys_and_signatures_of_an_identity_are_the_published_ones() -> None:
    application, identity = SESSION["application"], SESSION["identity"]
    application_id = ids.application_id(
        bytes.fromhex(application["owner_public_key"]), bytes.fromhex(application["nonce"])
    )
    assert application_id == application["id"]
    transcript = bytes.fromhex(SESSION["handshake"]["transcript"])
    key = IdentityKey.derive(bytes.fromhex(identity["root_seed"]), application_id)
    assert key.public_key.hex() == identity["public_key"]
    assert key.identity == identity["id"]
    assert identify_message(application_id, transcript).hex() == identity["signed_message"]
    command = Identify(public_key=key.public_key, signature=bytes.fromhex(identity["signature"]))
    assert key.identify(transcript) == command
    assert verify_identify(command, application_id, transcript) == identity["id"]
