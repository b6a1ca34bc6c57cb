from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from proven.runtime.host import CallContext
from proven.runtime.hostcalls import _keys
from proven.runtime.hostcalls._keys import KeyRing
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError

from .conftest import MakeContext


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing()


async def call(ring: KeyRing, context: CallContext, operation: str, *arguments: Any) -> Any:
    return await ring.functions()[f"crypto.{operation}"](context, arguments)


async def code_of(ring: KeyRing, context: CallContext, operation: str, *arguments: Any) -> ErrorCode:
    with pytest.raises(ProvenError) as caught:
        await call(ring, context, operation, *arguments)
    return caught.value.code


async def test_a_signature_is_of_the_public_key_that_the_guest_sees(
    ring: KeyRing, make_context: MakeContext
) -> None:
    context = make_context()
    handle, public_key = await call(ring, context, "generate")
    for data, signed in [("text ü", "text ü".encode()), (b"\x00\xff", b"\x00\xff")]:
        signature = await call(ring, context, "sign", handle, data)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
        assert await call(ring, context, "verify", handle, data, signature) is True
        assert await call(ring, context, "verify", handle, data, bytes(64)) is False


async def test_nothing_a_guest_receives_holds_the_private_key(
    ring: KeyRing, make_context: MakeContext
) -> None:
    context = make_context()
    generated = await call(ring, context, "generate")
    handle, _ = generated
    private = ring.export_key(context, handle)
    received = [
        generated,
        ring.import_key(context, private),
        await call(ring, context, "sign", handle, "x"),
        await call(ring, context, "verify", handle, "x", bytes(64)),
    ]
    assert all(private not in values.encode(answer) for answer in received)


async def test_a_handle_works_in_its_own_invocation_only(ring: KeyRing, make_context: MakeContext) -> None:
    first, second = make_context(), make_context()
    handle, _ = await call(ring, first, "generate")
    other, _ = await call(ring, second, "generate")
    assert handle != other
    for context, foreign in [(second, handle), (first, other), (first, 10**9), (first, "1"), (first, True)]:
        assert await code_of(ring, context, "sign", foreign, "x") is ErrorCode.FORBIDDEN
        with pytest.raises(ProvenError):
            ring.export_key(context, foreign)


@pytest.mark.parametrize("data", [None, 1, ["x"], values.UNDEFINED, values.ArrayBuffer(b"x")])
async def test_only_text_and_bytes_are_signed(ring: KeyRing, make_context: MakeContext, data: Any) -> None:
    context = make_context()
    handle, _ = await call(ring, context, "generate")
    assert await code_of(ring, context, "sign", handle, data) is ErrorCode.BAD_REQUEST


async def test_the_keys_of_an_invocation_are_bounded(
    ring: KeyRing, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_keys, "MAX_KEYS", 3)
    context = make_context()
    for _ in range(3):
        await call(ring, context, "generate")
    assert await code_of(ring, context, "generate") is ErrorCode.QUOTA_EXCEEDED
