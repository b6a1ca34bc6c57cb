"""Whatever arrives, a session opens what its peer sealed, in order, or it closes."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.session import (
    ClientHandshake,
    SealedChannel,
    ServerHandshake,
    SessionRequest,
    session_of_frame,
)
from support.sealed import Believing

FUZZ = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])

APPLICATION = ApplicationId("a" * 32)


def establish() -> tuple[SealedChannel, SealedChannel]:
    client_side = ClientHandshake(APPLICATION)
    response, server = ServerHandshake(client_side.request()).finish(b"evidence")
    return client_side.finish(response, Believing())[0], server


def twin(channel: SealedChannel) -> SealedChannel:
    """Another channel with the same keys, for trying what closes it."""
    assert channel._directions is not None
    outbound, inbound = channel._directions
    return SealedChannel(channel.session_id, channel.transcript, outbound=outbound, inbound=inbound)


FIELDS = st.fixed_dictionaries(
    {"v": st.just(1), "suite": st.just("X25519-HKDF-SHA256-AES256GCM")},
    optional={
        "nonce": st.binary(min_size=31, max_size=33),
        "client_key": st.binary(min_size=32, max_size=32) | st.just(bytes(32)),
        "server_key": st.binary(min_size=32, max_size=32) | st.just(bytes(32)),
        "session_id": st.binary(min_size=16, max_size=16),
        "evidence": st.binary(max_size=10),
        "application_id": st.text("abz27", min_size=31, max_size=33),
        "origin": st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.integers(0, 5),
        "resumption": st.binary(max_size=1025),
    },
)
HOSTILE = st.binary(max_size=300) | FIELDS.map(cbor.encode)


def refusal(attempt: Callable[[], object]) -> ErrorCode | None:
    """The code of the `ProvenError` it ends with, if any. Any other exception fails the test."""
    try:
        attempt()
    except ProvenError as error:
        return error.code
    return None


def either(attempt: Callable[[], object]) -> None:
    assert refusal(attempt) in {None, ErrorCode.BAD_REQUEST, ErrorCode.TOO_LARGE}


@FUZZ
@given(HOSTILE)
def test_any_request_is_read_canonically_or_refused(data: bytes) -> None:
    either(lambda: ServerHandshake(data))
    try:
        request = SessionRequest.decode(data)
    except ProvenError:
        return
    assert request.encode() == data


@FUZZ
@given(HOSTILE | FIELDS.map(lambda fields: cbor.encode({**fields} | {"v": 1})))
def test_any_response_is_read_or_refused(data: bytes) -> None:
    either(lambda: ClientHandshake(APPLICATION).finish(data, Believing()))


CLIENT, SERVER = establish()
FRAME = CLIENT.seal(b"plaintext")


@FUZZ
@given(st.binary(max_size=200), st.integers(0, len(FRAME)), st.integers(0, 20))
def test_any_other_bytes_close_the_session(noise: bytes, start: int, cut: int) -> None:
    frame = FRAME[:start] + noise + FRAME[start + cut :]
    if frame == FRAME:
        return
    channel = twin(SERVER)
    assert refusal(lambda: channel.open(frame)) is ErrorCode.SESSION_CLOSED
    assert channel.closed


@FUZZ
@given(st.binary(max_size=100))
def test_the_session_of_any_bytes_is_found_or_refused(data: bytes) -> None:
    either(lambda: session_of_frame(data))
    either(lambda: session_of_frame(FRAME[: len(data)] + data))


class Network(RuleBasedStateMachine):
    """A network that delivers, drops, delays, repeats, reflects and alters frames as it likes."""

    frames = Bundle("frames")

    @initialize()
    def connect(self) -> None:
        self.client, self.server = establish()
        self.sent = 0
        self.last_delivered = -1

    @rule(target=frames, plaintext=st.binary(max_size=50))
    def send(self, plaintext: bytes) -> tuple[int, bytes, bytes]:
        frame = self.client.seal(plaintext)
        self.sent += 1
        return self.sent - 1, plaintext, frame

    @precondition(lambda self: not self.server.closed)
    @rule(sent=frames)
    def deliver(self, sent: tuple[int, bytes, bytes]) -> None:
        sequence, plaintext, frame = sent
        if sequence > self.last_delivered:
            assert self.server.open(frame) == (sequence, plaintext)
            self.last_delivered = sequence
        else:
            self._is_refused(self.server, frame)

    @precondition(lambda self: not self.server.closed)
    @rule(sent=frames, position=st.integers(0, 10_000), bit=st.integers(0, 7))
    def deliver_altered(self, sent: tuple[int, bytes, bytes], position: int, bit: int) -> None:
        altered = bytearray(sent[2])
        altered[position % len(altered)] ^= 1 << bit
        self._is_refused(self.server, bytes(altered))

    @rule(sent=frames)
    def reflect(self, sent: tuple[int, bytes, bytes]) -> None:
        self._is_refused(twin(self.client), sent[2])

    @precondition(lambda self: self.server.closed)
    @rule(sent=frames)
    def deliver_after_close(self, sent: tuple[int, bytes, bytes]) -> None:
        self._is_refused(self.server, sent[2])

    @invariant()
    def nothing_is_accepted_that_was_not_sent(self) -> None:
        assert self.last_delivered < self.sent

    def _is_refused(self, channel: SealedChannel, frame: bytes) -> None:
        assert refusal(lambda: channel.open(frame)) is ErrorCode.SESSION_CLOSED
        assert channel.closed


TestNetwork = Network.TestCase
TestNetwork.settings = FUZZ
