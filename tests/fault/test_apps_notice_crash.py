"""A node that is killed anywhere between an announcement and the switch completes the change when it starts
again, or never began it.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import proven
from proven.apps import Applications, Deployer, State
from proven.engine.embedded import EmbeddedEngine
from proven.packages import Package
from proven.wire.ids import ApplicationId, PackageId

ROOT_KEY = bytes(range(32))
ORIGIN = "log.example/test"
ROUNDS = 8
NOTICE = 60
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(proven.__file__).parents[1])}

OWNER = """
import asyncio, sys
from pathlib import Path
from proven.apps import Applications, Deployer
from proven.engine.embedded import EmbeddedEngine
from proven.packages import build
from proven.wire.applications import Deploy, OwnerKey, Timelock, Body, sign

SOURCE = "import { run } from '@proven-network/handler'; export const f = run(() => %d);"

class Host:
    async def load(self, application, package): pass
    async def check(self, application, package): pass
    async def retire(self, application, package_id): pass

async def main(directory):
    engine = EmbeddedEngine(directory / "engine.db", bytes(range(32)))
    await engine.start()
    now = [1e9]
    applications = Applications(
        engine.logs, engine.objects, origin="log.example/test", clock=lambda: now[0]
    )
    await applications.start()
    deployer = Deployer(applications, Host())
    owner = OwnerKey.from_seed(b"A" * 32)
    if not applications.list():
        await applications.create(owner, "todo", b"", policy=Timelock(delay=60))
    (directory / "src").mkdir(exist_ok=True)
    for number in range(1_000_000):
        record = applications.find("todo")
        now[0] = max(now[0], record.changed_at / 1000)
        if record.pending is None:
            (directory / "src" / "app.ts").write_text(SOURCE % (record.revision,))
            package = build(directory)
            body = Body(
                origin=applications.origin,
                application_id=record.id,
                revision=record.revision,
                command=Deploy(package_id=package.id),
            )
            await deployer.submit(sign(body, owner), package=package)
            print("announced", package.id, flush=True)
        now[0] += 60
        await deployer.activate_due()
        print("activated", applications.find("todo").package_id, flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


class Host:
    """Loads everything."""

    async def load(self, application_id: ApplicationId, package: Package) -> None:
        pass

    async def check(self, application_id: ApplicationId, package: Package) -> None:
        pass

    async def retire(self, application_id: ApplicationId, package_id: PackageId) -> None:
        pass


def work_until_killed(directory: Path, lines: int) -> list[list[str]]:
    command = [sys.executable, "-c", OWNER, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    acknowledged = [line.split() for line in said if line.endswith("\n")]
    assert len(acknowledged) >= lines
    return acknowledged


async def check(directory: Path, acknowledged: list[list[str]]) -> None:
    engine = EmbeddedEngine(directory / "engine.db", ROOT_KEY)
    await engine.start()
    now = [0.0]
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN, clock=lambda: now[0])
    await applications.start()
    before = applications.find("todo")
    now[0] = before.changed_at / 1000 + NOTICE
    live = [version.package_id for version in applications.versions(before.id)]
    known = {*live, *([before.pending.change.package_id] if before.pending else [])}  # type: ignore[union-attr]
    for what, package_id in acknowledged:
        assert package_id in (live if what == "activated" else known)
    for package_id in known:
        assert (await applications.package(PackageId(package_id))).id == package_id
    reader = State(ORIGIN)
    for record in await engine.logs.read("applications"):
        reader.append(record.data)
    assert list(reader.all()) == [before]
    await complete(applications, before.id)
    await applications.stop()
    await engine.stop()


async def complete(applications: Applications, application: ApplicationId) -> None:
    """What was pending comes into force at the next start, once."""
    pending = applications.find(application).pending
    versions = len(applications.versions(application))
    deployer = Deployer(applications, Host())
    for _ in range(2):
        await deployer.activate_due()
    assert applications.find(application).pending is None
    assert len(applications.versions(application)) == versions + (pending is not None)
    await deployer.stop()


def test_a_change_under_notice_survives_kill_9_or_never_was(tmp_path: Path) -> None:
    chance = random.Random(20_261_123)
    acknowledged: list[list[str]] = []
    for _round in range(ROUNDS):
        acknowledged += work_until_killed(tmp_path, chance.randrange(1, 10))
        asyncio.run(check(tmp_path, acknowledged))
