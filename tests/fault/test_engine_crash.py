"""What the embedded engine keeps when its process is killed or its disk fails in the middle of writing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import proven
from proven.engine import MAX_PAGE, Record
from proven.engine.embedded import EmbeddedEngine

ROOT_KEY = bytes(range(32))
ROUNDS = 25
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(proven.__file__).parents[1])}

WRITER = """
import asyncio, hashlib, json, random, sys
from pathlib import Path
from proven.engine.embedded import EmbeddedEngine

async def write(engine, name, seed):
    choice = random.Random(seed)
    while True:
        data = choice.randbytes(choice.choice([0, 10, 1000, 50_000]))
        if choice.random() < 0.1:
            info = await engine.objects.put("objects", f"{name}.{choice.getrandbits(64)}", data * 20)
            acknowledged = ["object", info.name, info.sha256]
        elif choice.random() < 0.3:
            acknowledged = ["register", name, await engine.registers.put("registers", name, data), data.hex()]
        else:
            sequence = await engine.logs.append("log", name, data)
            acknowledged = ["record", sequence, name, hashlib.sha256(data).hexdigest()]
        print(json.dumps(acknowledged), flush=True)

async def main(path, seed):
    engine = EmbeddedEngine(Path(path), bytes(range(32)))
    await engine.start()
    async with asyncio.TaskGroup() as tasks:
        for index in range(8):
            tasks.create_task(write(engine, f"writer{index}", f"{seed}:{index}"))

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""

WRITER_ON_A_SMALL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from proven.engine.embedded import EmbeddedEngine
from proven.wire.errors import ProvenError

async def main(path):
    engine = EmbeddedEngine(Path(path), bytes(range(32)))
    await engine.start()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    acknowledged = 0
    try:
        while True:
            acknowledged = await engine.logs.append("log", "a", bytes(10_000))
    except ProvenError as error:
        first = error.code
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        await engine.logs.append("log", "a", b"small")
    except ProvenError as error:
        second = error.code
    print(acknowledged, first, second, len(await engine.logs.read("log")), flush=True)

asyncio.run(main(sys.argv[1]))
"""


def write_until_killed(path: Path, seed: int, acknowledgements: int) -> list[list[object]]:
    """What a writing process acknowledged before it was killed, at least `acknowledgements` of them."""
    command = [sys.executable, "-c", WRITER, str(path), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(acknowledgements)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    writes = [json.loads(line) for line in lines if line.endswith("\n")]
    assert len(writes) >= acknowledgements
    return writes


async def whole_log(engine: EmbeddedEngine) -> list[Record]:
    records: list[Record] = []
    while page := await engine.logs.read("log", after=len(records), limit=MAX_PAGE):
        records.extend(page)
    return records


def test_every_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    chance = random.Random(20_260_101)
    acknowledged: list[list[object]] = []
    for _round in range(ROUNDS):
        acknowledged += write_until_killed(path, chance.getrandbits(32), chance.randrange(1, 300))
        asyncio.run(check(path, acknowledged))


async def check(path: Path, acknowledged: list[list[object]]) -> None:
    engine = EmbeddedEngine(path, ROOT_KEY)
    await engine.start()
    records = await whole_log(engine)
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))
    registers: dict[object, list[object]] = {}
    for kind, *fields in acknowledged:
        if kind == "record":
            sequence, subject, digest = fields
            record = records[sequence - 1]
            assert (record.subject, hashlib.sha256(record.data).hexdigest()) == (subject, digest)
        elif kind == "register":
            registers[fields[0]] = fields
        else:
            name, digest = fields
            content = await engine.objects.read("objects", str(name), limit=10_000_000)
            assert hashlib.sha256(content).hexdigest() == digest
    for name, (_, revision, value) in registers.items():
        entry = await engine.registers.get("registers", str(name))
        assert entry is not None
        assert entry.revision > revision or (entry.revision, entry.value.hex()) == (revision, value)
    await engine.stop()


def test_after_a_failed_disk_write_nothing_more_is_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    command = [sys.executable, "-c", WRITER_ON_A_SMALL_DISK, str(path)]
    finished = subprocess.run(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    acknowledged, *outcome = finished.stdout.split()
    assert outcome[:2] == ["UNAVAILABLE", "UNAVAILABLE"]
    assert int(acknowledged) > 5

    async def reopened() -> list[Record]:
        engine = EmbeddedEngine(path, ROOT_KEY)
        await engine.start()
        records = await whole_log(engine)
        await engine.logs.append("log", "a", b"goes on", expected=len(records))
        await engine.stop()
        return records

    records = asyncio.run(reopened())
    assert [record.data for record in records[: int(acknowledged)]] == [bytes(10_000)] * int(acknowledged)
    assert len(records) in (int(acknowledged), int(acknowledged) + 1)
