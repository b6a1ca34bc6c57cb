"""Keys are agreed only with who the evidence vouches for; a channel dies of its first bad frame."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

import cbor2
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.session import (
    MAX_FRAME,
    MAX_PLAINTEXT,
    MAX_REQUEST,
    ClientHandshake,
    SealedChannel,
    ServerHandshake,
    SessionRequest,
)

APPLICATION = ApplicationId("a" * 32)

LOW_ORDER_POINTS = [
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


class RecordingVerifier:
    """Believes everything and remembers what it was asked to believe."""

    def verify(
        self,
        document: bytes,
        *,
        nonce: bytes,
        user_data: bytes | None = None,
        public_key: bytes | None = None,
        at: datetime | None = None,
    ) -> dict[str, object]:
        return {"document": document, "nonce": nonce, "user_data": user_data, "public_key": public_key}


class RefusingVerifier(RecordingVerifier):
    def verify(self, document: bytes, **_: object) -> dict[str, object]:
        raise ProvenError(ErrorCode.EVIDENCE_INVALID, "no")


def counting_random(start: int = 0) -> Callable[[int], bytes]:
    counter = start

    def random(size: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(counter.to_bytes(8, "big")).digest(size)

    return random


def establish(start: int = 0) -> tuple[SealedChannel, SealedChannel]:
    client_side = ClientHandshake(APPLICATION, origin="https://app.example", random=counting_random(start))
    server_side = ServerHandshake(client_side.request(), random=counting_random(start + 100))
    response, server = server_side.finish(b"evidence")
    client, _ = client_side.finish(response, RecordingVerifier())
    return client, server


def closed_by(channel: SealedChannel, frame: bytes) -> bool:
    with pytest.raises(ProvenError) as caught:
        channel.open(frame)
    assert caught.value.code is ErrorCode.SESSION_CLOSED
    return channel.closed


def test_both_sides_end_up_with_the_same_channel() -> None:
    client, server = establish()
    assert client.session_id == server.session_id
    assert client.transcript == server.transcript
    assert server.open(client.seal(b"ping")) == (0, b"ping")
    assert client.open(server.seal(b"pong")) == (0, b"pong")
    assert server.open(client.seal(b"")) == (1, b"")
    assert client.last_sent == 1


def test_the_evidence_has_to_vouch_for_nonce_key_and_transcript() -> None:
    client_side = ClientHandshake(APPLICATION, random=counting_random())
    server_side = ServerHandshake(client_side.request())
    response, _ = server_side.finish(b"evidence")
    _, evidence = client_side.finish(response, RecordingVerifier())
    assert evidence == {
        "document": b"evidence",
        "nonce": server_side.nonce,
        "user_data": server_side.transcript,
        "public_key": server_side.server_key,
    }


def test_no_channel_without_valid_evidence() -> None:
    client_side = ClientHandshake(APPLICATION)
    response, _ = ServerHandshake(client_side.request()).finish(b"evidence")
    with pytest.raises(ProvenError) as caught:
        client_side.finish(response, RefusingVerifier())
    assert caught.value.code is ErrorCode.EVIDENCE_INVALID


def test_the_transcript_depends_on_every_field() -> None:
    base = {"nonce": b"n" * 32, "client_key": b"k" * 32}
    requests = [
        SessionRequest(**base),
        SessionRequest(nonce=b"m" * 32, client_key=b"k" * 32),
        SessionRequest(nonce=b"n" * 32, client_key=b"l" * 32),
        SessionRequest(**base, application_id=APPLICATION),
        SessionRequest(**base, origin="https://app.example"),
        SessionRequest(**base, resumption=b"t"),
    ]
    transcripts = {request.transcript(b"s" * 16, b"k" * 32) for request in requests}
    transcripts.add(requests[0].transcript(b"t" * 16, b"k" * 32))
    transcripts.add(requests[0].transcript(b"s" * 16, b"l" * 32))
    assert len(transcripts) == len(requests) + 2


def test_a_man_in_the_middle_who_swaps_keys_gets_another_transcript() -> None:
    client_side = ClientHandshake(APPLICATION)
    mallory = ClientHandshake(APPLICATION)
    response, server = ServerHandshake(mallory.request()).finish(b"evidence")
    client, evidence = client_side.finish(response, RecordingVerifier())
    assert evidence["user_data"] != server.transcript
    assert closed_by(server, client.seal(b"hello"))


def test_a_frame_is_a_cose_encrypt0_as_the_rfc_has_it() -> None:
    client, server = establish()
    client.seal(b"first")
    frame = client.seal(b"second")
    message = cbor2.loads(frame)
    assert message.tag == 16
    protected, unprotected, ciphertext = message.value
    assert cbor2.loads(protected) == {1: 3}
    assert unprotected == {4: bytes.fromhex(client.session_id), 6: (1).to_bytes(8, "big")}
    assert cbor2.dumps(message, canonical=True) == frame

    key, prefix = _client_keys()
    external_aad = cbor2.dumps(
        ["proven/session/v1", bytes.fromhex(client.session_id), "client", (1).to_bytes(8, "big")]
    )
    structure = cbor2.dumps(["Encrypt0", protected, external_aad])
    nonce = prefix + (1).to_bytes(8, "big")
    assert AESGCM(key).decrypt(nonce, ciphertext, structure) == b"second"
    assert server.open(frame) == (1, b"second")


def _client_keys() -> tuple[bytes, bytes]:
    """The client's key and nonce prefix of `establish()`, derived once more by hand."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    client_side = ClientHandshake(APPLICATION, origin="https://app.example", random=counting_random())
    server_side = ServerHandshake(client_side.request(), random=counting_random(100))
    private_key = X25519PrivateKey.from_private_bytes(counting_random()(32))
    shared = private_key.exchange(X25519PublicKey.from_public_bytes(server_side.server_key))
    okm = HKDF(SHA256(), 36, server_side.transcript, b"proven/session/v1 client").derive(shared)
    return okm[:32], okm[32:]


def test_a_replayed_frame_closes_the_session() -> None:
    client, server = establish()
    frame = client.seal(b"pay")
    server.open(frame)
    assert closed_by(server, frame)


def test_a_reordered_frame_closes_the_session() -> None:
    client, server = establish()
    first, second = client.seal(b"1"), client.seal(b"2")
    assert server.open(second) == (1, b"2")
    assert closed_by(server, first)


def test_a_frame_sent_back_to_its_sender_closes_the_session() -> None:
    client, _ = establish()
    assert closed_by(client, client.seal(b"mirror"))


def test_a_frame_of_another_session_closes_the_session() -> None:
    _, server = establish()
    other, _ = establish(start=1000)
    assert closed_by(server, other.seal(b"x"))


def test_every_truncation_closes_the_session() -> None:
    frame = establish()[0].seal(b"hello")
    for length in range(len(frame)):
        assert closed_by(establish()[1], frame[:length])


def test_every_flipped_bit_closes_the_session() -> None:
    frame = establish()[0].seal(b"hello")
    for position in range(len(frame)):
        for bit in range(8):
            altered = bytearray(frame)
            altered[position] ^= 1 << bit
            assert closed_by(establish_cached(), bytes(altered))


def establish_cached() -> SealedChannel:
    """The server's end as `establish` makes it, without repeating the key agreement 800 times."""
    server = establish_cached.template  # type: ignore[attr-defined]
    outbound, inbound = server._directions
    return SealedChannel(server.session_id, server.transcript, outbound=outbound, inbound=inbound)


establish_cached.template = establish()[1]  # type: ignore[attr-defined]


def test_extra_bytes_and_other_encodings_close_the_session() -> None:
    frame = establish()[0].seal(b"hello")
    _, unprotected, ciphertext = cbor2.loads(frame).value
    for altered in (
        frame + b"\0",
        frame[1:],
        cbor2.dumps(cbor2.CBORTag(16, [b"\xa1\x01\x03", {**unprotected, 7: b""}, ciphertext])),
        cbor2.dumps(cbor2.CBORTag(16, [b"\xa1\x01\x01", unprotected, ciphertext])),
        frame.replace(b"\xd0\x83", b"\xd8\x10\x83"),
        b"",
    ):
        assert closed_by(establish_cached(), altered)


def test_a_closed_channel_does_nothing_any_more() -> None:
    client, server = establish()
    frame = client.seal(b"x")
    server.close()
    assert closed_by(server, frame)
    with pytest.raises(ProvenError) as caught:
        server.seal(b"x")
    assert caught.value.code is ErrorCode.SESSION_CLOSED


def test_sizes_are_bounded() -> None:
    client, server = establish()
    with pytest.raises(ProvenError) as caught:
        client.seal(bytes(MAX_PLAINTEXT + 1))
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert server.open(client.seal(bytes(MAX_PLAINTEXT))) == (0, bytes(MAX_PLAINTEXT))
    assert closed_by(server, bytes(MAX_FRAME + 1))
    with pytest.raises(ProvenError) as caught:
        ServerHandshake(bytes(MAX_REQUEST + 1))
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize("point", LOW_ORDER_POINTS)
def test_points_of_low_order_are_refused_by_both_sides(point: str) -> None:
    request = SessionRequest(nonce=b"n" * 32, client_key=bytes.fromhex(point))
    with pytest.raises(ProvenError, match="secret can be agreed"):
        ServerHandshake(request.encode())
    response = cbor.encode({"session_id": b"s" * 16, "server_key": bytes.fromhex(point), "evidence": b""})
    with pytest.raises(ProvenError, match="secret can be agreed"):
        ClientHandshake(APPLICATION).finish(response, RecordingVerifier())


GOOD = {
    "v": 1,
    "suite": "X25519-HKDF-SHA256-AES256GCM",
    "nonce": b"n" * 32,
    "client_key": b"\x09" + bytes(31),
}


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": None},
        {"suite": "X25519-HKDF-SHA256-AES128GCM"},
        {"nonce": b"n" * 31},
        {"nonce": "n" * 32},
        {"client_key": b""},
        {"application_id": "A" * 32},
        {"application_id": "../../etc"},
        {"origin": "x" * 257},
        {"origin": "line\nbreak"},
        {"origin": 5},
        {"resumption": b"t" * 1025},
        {"extra": 1},
        {1: 1},
        {"nonce": {"a": 1}},
    ],
)
def test_a_request_that_is_not_exactly_version_1_is_refused(change: dict[object, object]) -> None:
    assert SessionRequest.decode(cbor.encode(GOOD)).origin is None
    with pytest.raises(ProvenError) as caught:
        SessionRequest.decode(cbor.encode({**GOOD, **change}))
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "change",
    [
        {"session_id": b"s"},
        {"server_key": None},
        {"evidence": "text"},
        {"evidence": bytes(32 * 1024 + 1)},
        {"extra": 1},
    ],
)
def test_a_response_that_is_not_exactly_version_1_is_refused(change: dict[str, object]) -> None:
    good = {"session_id": b"s" * 16, "server_key": b"\x09" + bytes(31), "evidence": b"e"}
    ClientHandshake(APPLICATION).finish(cbor.encode(good), RecordingVerifier())
    with pytest.raises(ProvenError) as caught:
        ClientHandshake(APPLICATION).finish(cbor.encode({**good, **change}), RecordingVerifier())
    assert caught.value.code is ErrorCode.BAD_REQUEST
