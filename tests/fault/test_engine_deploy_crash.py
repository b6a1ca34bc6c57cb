"""A node that is killed while it deploys has every version it acknowledged, and the package of each with all
of its front-end files.
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
from proven.apps import Applications
from proven.engine.embedded import EmbeddedEngine

ROOT_KEY = bytes(range(32))
ROUNDS = 10
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(proven.__file__).parents[1])}

DEPLOYER = """
import asyncio, sys
from pathlib import Path
from proven.apps import Applications
from proven.engine.embedded import EmbeddedEngine
from proven.packages import build
from proven.wire.applications import OwnerKey

HANDLER = "import { run } from '@proven-network/handler';"

async def main(directory):
    engine = EmbeddedEngine(directory / "engine.db", bytes(range(32)))
    await engine.start()
    applications = Applications(engine.logs, engine.objects, origin="log.example/test")
    await applications.start()
    owner = OwnerKey.from_seed(b"A" * 32)
    if not applications.list():
        await applications.create(owner, "todo", b"")
    app = applications.find("todo")
    for folder in ("src", "dist"):
        (directory / folder).mkdir(exist_ok=True)
    (directory / "package.json").write_text('{"proven": {"assets": "dist"}}')
    (directory / "dist" / "same.txt").write_text("same")
    for version in range(app.version, 1_000_000):
        source = f"{HANDLER} export const f = run(() => {version}); // {'x' * 5000}"
        (directory / "src" / "app.ts").write_text(source)
        (directory / "dist" / "page.txt").write_text(str(version))
        package = build(directory)
        deployed = await applications.deploy(owner, app.id, package, revision=version + 1)
        print(deployed.version, deployed.package_id, flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


def deploy_until_killed(directory: Path, deploys: int) -> list[list[str]]:
    command = [sys.executable, "-c", DEPLOYER, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(deploys)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    acknowledged = [line.split() for line in lines if line.endswith("\n")]
    assert len(acknowledged) >= deploys
    return acknowledged


async def check(directory: Path, acknowledged: list[list[str]]) -> None:
    engine = EmbeddedEngine(directory / "engine.db", ROOT_KEY)
    await engine.start()
    applications = Applications(engine.logs, engine.objects, origin="log.example/test")
    await applications.start()
    versions = applications.versions(applications.find("todo").id)
    assert [version.number for version in versions] == list(range(1, len(versions) + 1))
    for number, package_id in acknowledged:
        assert versions[int(number) - 1].package_id == package_id
    for version in versions:
        package = await applications.package(version.package_id)
        assert package.id == version.package_id
        page, same = [await applications.asset(asset) for asset in package.manifest.assets]
        assert (page, same) == (str(version.number - 1).encode(), b"same")
    await applications.stop()
    await engine.stop()


def test_every_acknowledged_deploy_survives_kill_9(tmp_path: Path) -> None:
    chance = random.Random(20_260_102)
    acknowledged: list[list[str]] = []
    for _round in range(ROUNDS):
        acknowledged += deploy_until_killed(tmp_path, chance.randrange(1, 12))
        asyncio.run(check(tmp_path, acknowledged))
