"""Deploying to the real runtime: builds, processes and the switch between versions are all real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from proven.apps import Applications, Deployer
from proven.engine.embedded import EmbeddedEngine
from proven.packages import HandlerKind, Package, build
from proven.runtime import HostFunctions, HttpRequest, HttpResponse, Invocation, Runtime, RuntimeConfig
from proven.wire import values
from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

ROOT_KEY = bytes(range(32))
ORIGIN = "log.example/test"
OWNER = OwnerKey.from_seed(b"A" * 32)
MakePackage = Callable[..., Package]

SOURCE = """
import {{ run, runOnHttp }} from '@proven-network/handler';
{top}
export const say = run(() => {text!r});
export const upload = runOnHttp(
  {{ path: '/upload', method: 'POST' }},
  async ({{ request }}) => {text!r} + ' ' + await request.text(),
);
"""


@pytest.fixture
def make_package(tmp_path: Path) -> MakePackage:
    def make(text: str, top: str = "") -> Package:
        source = tmp_path / "app" / "src" / "app.ts"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(SOURCE.format(text=text, top=top))
        return build(tmp_path / "app")

    return make


@dataclass
class Node:
    """The services of a node that deploying needs."""

    engine: EmbeddedEngine
    applications: Applications
    runtime: Runtime
    deployer: Deployer

    async def say(self) -> object:
        async with self.deployer.serving("todo") as application:
            outcome = await self.runtime.invoke(
                Invocation(
                    application_id=application.id,
                    package_id=application.package_id,
                    handler="src/app.ts#say",
                    kind=HandlerKind.RPC,
                )
            )
        assert outcome.value is not None
        return values.decode(outcome.value)

    async def upload(self, body: AsyncIterator[bytes]) -> HttpResponse:
        async with self.deployer.serving("todo") as application:
            outcome = await self.runtime.invoke(
                Invocation(
                    application_id=application.id,
                    package_id=application.package_id,
                    handler="src/app.ts#upload",
                    kind=HandlerKind.HTTP,
                    http=HttpRequest(method="POST", url="http://todo/upload", path="/upload", body=body),
                )
            )
        assert outcome.response is not None
        return outcome.response

    def processes(self) -> set[str]:
        return {process.package_id for process in self.runtime.report().processes}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    engine = EmbeddedEngine(tmp_path / "data" / "engine.db", ROOT_KEY)
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN)
    runtime = Runtime(RuntimeConfig(pool_size=1), HostFunctions())
    deployer = Deployer(applications, runtime)
    services = (engine, applications, runtime, deployer)
    for service in services:
        await service.start()
    yield Node(engine, applications, runtime, deployer)
    for service in reversed(services):
        await service.stop()


@pytest.fixture
async def app(node: Node) -> ApplicationId:
    return (await node.applications.create(OWNER, "todo", b"")).id


async def test_a_call_in_progress_finishes_on_the_old_version_which_then_ends(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    old, new = make_package("old"), make_package("new")
    sent = asyncio.Event()
    switched = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"first half, "
        sent.set()
        await switched.wait()
        yield b"second half"

    await node.deployer.deploy(OWNER, app, old, revision=1)
    upload = asyncio.ensure_future(node.upload(body()))
    await sent.wait()
    await node.deployer.deploy(OWNER, app, new, revision=2)
    assert await node.say() == "new"
    assert node.processes() == {old.id, new.id}
    switched.set()
    response = await upload
    assert response.body == b'"old first half, second half"'
    async with asyncio.timeout(60):
        while node.processes() != {new.id}:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "top",
    [
        "throw new Error('broken at the top');",
        "let twice = 1; let twice = 2;",
        "Deno.exit(0);",
    ],
)
async def test_a_version_that_does_not_run_is_not_switched_to(
    node: Node, app: ApplicationId, make_package: MakePackage, top: str
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good"), revision=1)
    bad = make_package("bad", top)
    with pytest.raises(ProvenError) as failed:
        await node.deployer.deploy(OWNER, app, bad, revision=2)
    assert failed.value.code in (ErrorCode.HANDLER_ERROR, ErrorCode.BUILD_ERROR)
    assert node.applications.find(app).version == 1
    assert await node.say() == "good"


async def test_rolling_back_runs_the_earlier_code_again(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("one"), revision=1)
    await node.deployer.deploy(OWNER, app, make_package("two"), revision=2)
    assert await node.say() == "two"
    await node.deployer.roll_back(OWNER, app, 1, revision=3)
    assert await node.say() == "one"


async def test_calls_never_fail_while_versions_are_switched_under_them(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    packages = [make_package(str(number)) for number in range(6)]
    await node.deployer.deploy(OWNER, app, packages[0], revision=1)
    done = asyncio.Event()
    answers: list[int] = []

    async def call() -> None:
        while not done.is_set():
            answers.append(int(str(await node.say())))

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(call())
        for version, package in enumerate(packages[1:], start=1):
            await node.deployer.deploy(OWNER, app, package, revision=version + 1)
            assert await node.say() == str(version)
        done.set()
    assert set(answers) <= set(range(6))
    assert len(answers) > 6


async def test_an_archived_application_answers_nothing_and_its_process_ends(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("one"), revision=1)
    await node.applications.archive(OWNER, app, revision=2)
    with pytest.raises(ProvenError) as gone:
        await node.say()
    assert gone.value.code is ErrorCode.NOT_FOUND
    async with asyncio.timeout(60):
        while node.processes():
            await asyncio.sleep(0.01)


async def test_after_a_restart_the_first_call_loads_what_was_live(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("kept"), revision=1)
    await node.deployer.stop()
    await node.runtime.stop()
    await node.applications.stop()
    runtime = Runtime(RuntimeConfig(pool_size=1), HostFunctions())
    applications = Applications(node.engine.logs, node.engine.objects, origin=ORIGIN)
    deployer = Deployer(applications, runtime)
    await applications.start()
    await runtime.start()
    await deployer.start()
    try:
        assert await Node(node.engine, applications, runtime, deployer).say() == "kept"
    finally:
        await deployer.stop()
        await runtime.stop()
        await applications.stop()
