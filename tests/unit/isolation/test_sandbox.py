"""What the sandbox keeps in, whatever the program inside may do."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import proven
from proven.isolation import MINIMUM, STRICT, Layer, Limits, SandboxError
from proven.isolation.spawner import Spawner
from unit.isolation.conftest import SandboxFactory, policy

ATTACK = Path(__file__).parent / "attack.mjs"
Script = Callable[[str], Path]
NEEDS = {
    "see the host's name": Layer.UTS_NAMESPACE,
    "see other network interfaces": Layer.NETWORK_NAMESPACE,
}
"""Attempts that one layer alone answers."""


async def test_every_attempt_of_code_with_all_permissions_is_stopped(
    sandbox: SandboxFactory, tmp_path: Path
) -> None:
    outside = tmp_path / "secret"
    outside.write_text("secret")
    outside.chmod(0o644)
    async with sandbox(ATTACK) as box:
        status, output = await box.run(str(outside), str(os.getpid()))
        active = box.report.active
    assert status == 0, output
    results = dict(json.loads(output))
    assert len(results) > 75
    allowed = {name: result for name, result in results.items() if result.startswith("ALLOWED")}
    unexpected = {
        name: result for name, result in allowed.items() if NEEDS.get(name, Layer.SECCOMP) in active
    }
    assert unexpected == {}
    assert outside.read_text() == "secret"


async def test_the_report_says_of_every_layer_whether_it_stands(sandbox: SandboxFactory) -> None:
    async with sandbox(ATTACK) as box:
        report = box.report
    assert report.active | set(report.unavailable) == set(Layer)
    assert not report.active & set(report.unavailable)
    assert report.active >= MINIMUM
    assert all(report.unavailable.values())
    if os.geteuid() != 0:
        assert Layer.OWN_USER in report.unavailable


async def test_a_required_layer_that_is_missing_refuses_to_start(sandbox: SandboxFactory) -> None:
    spawner = Spawner(policy(ATTACK, STRICT))
    async with sandbox(ATTACK) as box:
        complete = box.report.active == STRICT
    try:
        if complete:
            assert (await spawner.start()).active == STRICT
        else:
            with pytest.raises(SandboxError, match="required"):
                await spawner.start()
    finally:
        await spawner.stop()


async def test_processes_have_users_of_their_own(sandbox: SandboxFactory, script: Script) -> None:
    async with sandbox(script("await new Promise((r) => setTimeout(r, 60_000));")) as box:
        first, first_output = await box.start()
        second, second_output = await box.start()
        users = [os.stat(f"/proc/{process.pid}").st_uid for process in (first, second)]
        if Layer.OWN_USER in box.report.active:
            assert len({*users, os.getuid(), 0}) == 3 if os.getuid() == 0 else 4
        for descriptor in (first_output, second_output):
            os.close(descriptor)
        first.kill()
        assert await first.wait() == -signal.SIGKILL
        assert second.returncode is None


async def test_memory_beyond_the_limit_is_refused_by_the_kernel(
    sandbox: SandboxFactory, script: Script
) -> None:
    flood = """
    const kept = [];
    try {
      for (;;) kept.push(new Uint8Array(32 << 20).fill(1));
    } catch (error) {
      console.log(error.name, kept.length);
    }
    """
    async with sandbox(script(flood)) as box:
        status, output = await box.run(data_mib=900)
    assert status == 0
    name, count = output.split()
    assert name == b"RangeError"
    assert int(count) < 12


async def test_a_process_that_ends_is_reported_with_its_status(
    sandbox: SandboxFactory, script: Script
) -> None:
    async with sandbox(script("Deno.exit(7)")) as box:
        assert (await box.run())[0] == 7
        await asyncio.gather(*(box.run() for _ in range(5)))


async def test_nothing_of_the_environment_is_passed_on(
    sandbox: SandboxFactory, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "do not leak")
    async with sandbox(script("console.log(JSON.stringify(Deno.env.toObject()))")) as box:
        _, output = await box.run()
    assert json.loads(output).keys() == {"DENO_DIR", "NO_COLOR"}


async def test_no_descriptor_of_the_node_is_passed_on(
    sandbox: SandboxFactory, script: Script, tmp_path: Path
) -> None:
    kept = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        async with sandbox(script("await new Promise((r) => setTimeout(r, 60_000));")) as box:
            process, output = await box.start()
            links = {os.readlink(entry) for entry in Path(f"/proc/{process.pid}/fd").iterdir()}
            os.close(output)
    finally:
        os.close(kept)
    assert str(tmp_path) not in links
    assert not any(link.startswith("socket:") for link in links)


async def test_a_program_that_cannot_be_started_is_an_error(sandbox: SandboxFactory) -> None:
    async with sandbox(ATTACK) as box:
        with pytest.raises(SandboxError, match="could not start"):
            await box.spawner.spawn(
                ["/missing"], (0, 1, 2), Limits(data_bytes=1 << 30, resident_bytes=1 << 29)
            )
        status, _ = await box.run("/etc/hostname", "1")
        assert status == 0


async def test_everything_ends_with_the_spawner(sandbox: SandboxFactory, script: Script) -> None:
    async with sandbox(script("await new Promise((r) => setTimeout(r, 60_000));")) as box:
        process, output = await box.start()
        os.close(output)
        pidfd = os.pidfd_open(process.pid)
    assert process.returncode is not None
    await wait_for_end(pidfd)


async def test_everything_ends_when_the_node_is_killed(script: Script) -> None:
    program = script("await new Promise((r) => setTimeout(r, 60_000));")
    node = textwrap.dedent(
        f"""
        import asyncio, pathlib, sys
        sys.path[:0] = {[str(Path(proven.__file__).parents[1]), str(Path(__file__).parents[2])]!r}
        from unit.isolation.conftest import Sandbox, policy
        from proven.isolation.spawner import Spawner

        async def main():
            program = pathlib.Path({str(program)!r})
            spawner = Spawner(policy(program))
            sandbox = Sandbox(spawner, await spawner.start(), program)
            process, _ = await sandbox.start()
            print(process.pid, spawner._helper.pid, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", node], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        line = await asyncio.to_thread(child.stdout.readline)
        pidfds = [os.pidfd_open(int(pid)) for pid in line.split()]
        child.kill()
    for pidfd in pidfds:
        await wait_for_end(pidfd)


async def wait_for_end(pidfd: int) -> None:
    """A pidfd becomes readable when its process ends."""
    ended = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_reader(pidfd, lambda: ended.done() or ended.set_result(None))
    try:
        async with asyncio.timeout(60):
            await ended
    finally:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
