"""The guest's codec writes and reads the very bytes that `proven.wire.values` does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proven.wire import values
from unit.runtime.harness import load, running

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "values.json").read_text())["values"]
pytestmark = pytest.mark.asyncio


async def test_the_guest_encodes_and_decodes_every_vector() -> None:
    expressions = ",\n".join(f"() => ({vector['javascript']})" for vector in VECTORS)
    source = f"""
    const makers = [{expressions}];
    export const make = run((index: number) => makers[index]());
    export const echo = run((value: unknown) => value);
    """
    async with running() as runtime:
        app = await load(runtime, source)
        for index, vector in enumerate(VECTORS):
            encoded = bytes.fromhex(vector["encoded"])
            made = await app.outcome("make", index)
            assert made.value == encoded, vector["name"]
            echoed = await app.outcome("echo", values.decode(encoded))
            assert echoed.value == encoded, vector["name"]


async def test_values_of_every_size_survive_the_round_trip() -> None:
    samples = [
        "é" * 47, "é" * 48, "a" * 49, "a" * 65_536 + "é", "😀" * 30_000, "", "\ufeffbom", "\0",
        b"", b"x" * 255, b"x" * 256, b"x" * 65_536, b"y" * 7_000_000,
        list(range(23)), list(range(24)), list(range(300)), {str(i): i for i in range(300)},
        2**31, 2**32 - 1, 2**32, 2**53 - 1, -(2**53 - 1), 0.1, -0.0, float("inf"),
        values.BigInt(0), values.BigInt(-1), values.BigInt(2**64), values.BigInt(-(2**2000)),
        {"__proto__": {"polluted": True}, "constructor": 1, "toString": 2},
    ]  # fmt: skip
    async with running() as runtime:
        app = await load(runtime, "export const echo = run((value: unknown) => value);")
        for sample in samples:
            outcome = await app.outcome("echo", sample)
            assert outcome.value == values.encode(sample)
        nested: object = 1
        for _ in range(62):
            nested = [nested]
        assert await app.call("echo", nested) == nested
