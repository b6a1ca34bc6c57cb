"""Health checks with the real runtime and storage: what they decide, and what they cannot reach."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from proven.apps import Applications, Deployer
from proven.engine.embedded import EmbeddedEngine
from proven.packages import HandlerKind, Package, build
from proven.runtime import Invocation, Runtime, RuntimeConfig
from proven.runtime.hostcalls import HostCalls
from proven.storage import Storage, StorageConfig, Synchronous
from proven.wire import values
from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

OWNER = OwnerKey.from_seed(b"A" * 32)
SECRET = "what users have told the application"
MakePackage = Callable[..., Package]

SOURCE = """
import {{ run, runOnHealthCheck }} from '@proven-network/handler';
import {{ getApplicationStore }} from '@proven-network/kv';
import {{ getApplicationDb, sql }} from '@proven-network/sql';
import {{ getApplicationFiles }} from '@proven-network/files';
import {{ publish }} from '@proven-network/events';

const store = getApplicationStore('notes');
const db = getApplicationDb('main').migrate('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)'){more};
const files = getApplicationFiles();
let runs = 0;
export const version = run(() => '{name}');
export const remember = run(async (text: string) => {{
  await store.set('note', text);
  await db.execute(sql('INSERT INTO notes (text) VALUES (:text)', {{ text }}));
  await files.write('note', text);
}});
export const recall = run(async () => [
  await store.get('note'),
  (await db.query('SELECT text FROM notes')).map((row) => row.text),
  (await files.list()).length,
]);
const TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'";
export const tables = run(async () => (await db.query(TABLES)).map((row) => row.name));
export const runsBefore = run(() => runs++);
export const health = runOnHealthCheck({options}, async () => {{ {check} }});
"""


@dataclass
class Node:
    """The services of a node that deploying and calling need."""

    applications: Applications
    runtime: Runtime
    deployer: Deployer
    scratch: Path

    async def call(self, handler: str, *arguments: object) -> object:
        async with self.deployer.serving("app") as application:
            outcome = await self.runtime.invoke(
                Invocation(
                    application_id=application.id,
                    package_id=application.package_id,
                    handler=f"src/app.ts#{handler}",
                    kind=HandlerKind.RPC,
                    arguments=values.encode(list(arguments)),
                )
            )
        assert outcome.value is not None
        return values.decode(outcome.value)

    async def refused(self, app: ApplicationId, package: Package) -> ProvenError:
        """Why `package` is not deployed; the version before goes on answering."""
        before = self.applications.find(app)
        with pytest.raises(ProvenError) as refused:
            await self.deployer.deploy(OWNER, app, package)
        assert self.applications.find(app) == before
        assert list(self.scratch.iterdir()) == []
        assert {process.package_id for process in self.runtime.report().processes} == {before.package_id}
        return refused.value


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    engine = EmbeddedEngine(tmp_path / "engine.db", bytes(32))
    storage = Storage(tmp_path / "data", bytes(32), config=StorageConfig(synchronous=Synchronous.NORMAL))
    scratch = tmp_path / "scratch"
    calls = HostCalls(storage, scratch=scratch)
    applications = Applications(engine.logs, engine.objects, origin="log.example/test")
    runtime = Runtime(RuntimeConfig(pool_size=1), calls.functions)
    deployer = Deployer(applications, runtime)
    async with AsyncExitStack() as stack:
        await storage.start()
        stack.push_async_callback(storage.close)
        await calls.start()
        stack.push_async_callback(calls.close)
        for service in (engine, applications, runtime, deployer):
            await service.start()
            stack.push_async_callback(service.stop)
        yield Node(applications, runtime, deployer, scratch)


@pytest.fixture
async def app(node: Node) -> ApplicationId:
    return (await node.applications.create(OWNER, "app", b"")).id


@pytest.fixture
def make_package(tmp_path: Path) -> MakePackage:
    def make(name: str, check: str = "", options: str = "{}", more: str = "") -> Package:
        source = tmp_path / "app" / "src" / "app.ts"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(SOURCE.format(name=name, check=check, options=options, more=more))
        return build(tmp_path / "app")

    return make


@pytest.mark.parametrize("check", ["", "return true;", "return { ready: true };", "return undefined;"])
async def test_a_version_whose_check_passes_is_switched_to(
    node: Node, app: ApplicationId, make_package: MakePackage, check: str
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good", check))
    assert await node.call("version") == "good"


@pytest.mark.parametrize(
    ("check", "options", "code", "says"),
    [
        ("throw new RangeError('no answer to 6 * 7');", "{}", ErrorCode.HANDLER_ERROR, "no answer to 6 * 7"),
        ("return false;", "{}", ErrorCode.HANDLER_ERROR, "returned false"),
        ("await new Promise(() => {});", "{ timeout: 200 }", ErrorCode.HANDLER_TIMEOUT, "#health"),
        ("for (;;) {}", "{ timeout: 200 }", ErrorCode.HANDLER_TIMEOUT, "#health"),
        (
            "const all: number[][] = []; for (;;) all.push(new Array(1e6).fill(1));",
            "{ memory: 64 }",
            ErrorCode.HANDLER_MEMORY,
            "#health",
        ),
    ],
)
async def test_a_version_that_fails_its_check_is_not_switched_to_and_its_owner_is_told_why(
    node: Node,
    app: ApplicationId,
    make_package: MakePackage,
    check: str,
    options: str,
    code: ErrorCode,
    says: str,
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good"))
    error = await node.refused(app, make_package("bad", check, options))
    assert error.code is code
    assert "the health check src/app.ts#health" in error.message
    assert says in error.message
    assert await node.call("version") == "good"


async def test_a_check_sees_nothing_that_the_application_has_stored(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good"))
    await node.call("remember", SECRET)
    spying = make_package(
        "spy",
        "const rows = [...await db.query('SELECT text FROM notes')];"
        "const listed = await files.list();"
        "const note = await store.get('note') ?? null;"
        "throw new Error(JSON.stringify([note, await store.keys(), rows, listed]));",
    )
    error = await node.refused(app, spying)
    assert "[null,[],[],[]]" in error.message
    assert await node.call("recall") == [SECRET, [SECRET], 1]


async def test_what_a_check_stores_is_its_own_and_gone_afterwards(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good"))
    await node.call("remember", SECRET)
    storing = make_package(
        "storing",
        "await store.set('note', 'overwritten');"
        "await db.execute('DELETE FROM notes');"
        "await db.execute(sql('INSERT INTO notes (text) VALUES (:text)', { text: 'mine' }));"
        "await files.write('note', 'overwritten');"
        "if (await store.get('note') !== 'overwritten') throw new Error('a check reads what it wrote');"
        "if ((await db.query('SELECT text FROM notes')).length !== 1) throw new Error('one row');",
    )
    await node.deployer.deploy(OWNER, app, storing)
    assert await node.call("version") == "storing"
    assert await node.call("recall") == [SECRET, [SECRET], 1]
    assert list(node.scratch.iterdir()) == []


async def test_migrations_of_a_version_that_fails_are_tried_but_not_applied(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good"))
    await node.call("remember", SECRET)
    added = ".migrate('CREATE TABLE tags (name TEXT)')"
    error = await node.refused(
        app,
        make_package(
            "bad",
            "await db.execute(\"INSERT INTO tags VALUES ('a')\");"
            "throw new Error('tags: ' + (await db.query('SELECT name FROM tags')).length);",
            more=added,
        ),
    )
    assert "tags: 1" in error.message
    assert await node.call("tables") == ["notes"]
    broken = make_package("broken", "await db.query('SELECT 1');", more=".migrate('CREATE TABLE oops (')")
    assert (await node.refused(app, broken)).code is ErrorCode.SQL_ERROR
    await node.deployer.deploy(OWNER, app, make_package("better", more=added))
    assert await node.call("tables") == ["notes", "tags"]


async def test_what_a_check_leaves_in_memory_is_not_there_for_calls(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good", "runs = 40; return true;"))
    assert await node.call("runsBefore") == 0


async def test_a_check_publishes_to_nobody(node: Node, app: ApplicationId, make_package: MakePackage) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good"))
    telling = make_package("telling", "await publish('news', 1, { to: 'everyone' });")
    error = await node.refused(app, telling)
    assert "a health check cannot use events.publish" in error.message


async def test_nobody_calls_a_health_check(node: Node, app: ApplicationId, make_package: MakePackage) -> None:
    await node.deployer.deploy(OWNER, app, make_package("good"))
    with pytest.raises(ProvenError) as refused:
        await node.call("health")
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_going_back_to_a_version_checks_it_while_it_still_answers_calls(
    node: Node, app: ApplicationId, make_package: MakePackage
) -> None:
    await node.deployer.deploy(OWNER, app, make_package("one", "return true;"))
    await node.deployer.deploy(OWNER, app, make_package("two", "return true;"))
    async with node.deployer.serving("app") as two:
        await node.deployer.roll_back(OWNER, app, 1)
        assert await node.call("version") == "one"
        await node.deployer.roll_back(OWNER, app, 2)
        assert await node.call("version") == "two"
        assert node.applications.find(app).package_id == two.package_id
