"""What a runtime promises to those who load packages and call handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from proven.isolation import MINIMUM
from proven.packages import HandlerKind
from proven.runtime import CallContext, HttpRequest, Invocation, Runtime
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from unit.runtime.harness import ALICE, BOB, HEAD, App, eventually, load, package, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE = (Path(__file__).parent / "apps" / "basic.ts").read_text()
FILES = {"src/app.ts": SOURCE}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def runtime() -> AsyncIterator[Runtime]:
    async with running() as runtime:
        yield runtime


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def app(runtime: Runtime) -> App:
    return await load(runtime, FILES)


async def test_a_handler_is_called_with_its_arguments(app: App) -> None:
    assert await app.call("add", 40, 2) == 42
    assert await app.call("later", 1, "x") == "x"
    assert await app.call("throughOther") == 5
    outcome = await app.runtime.invoke(
        Invocation(
            application_id=app.application_id,
            package_id=app.package.id,
            handler="src/app.ts",
            kind=HandlerKind.RPC,
        )
    )
    assert outcome.value == b"\x6bthe default"
    assert outcome.duration > 0


async def test_many_invocations_run_at_the_same_time(app: App) -> None:
    results = await asyncio.gather(*(app.call("later", 20 - i % 20, i) for i in range(200)))
    assert results == list(range(200))


async def test_each_invocation_sees_its_own_identity(app: App) -> None:
    async def check(identity: Any, ms: int) -> None:
        expected = [identity, identity] if identity else None
        result = await app.call("whoLater", ms, identity=identity)
        assert result == expected or (identity is None and not any(result))

    await asyncio.gather(*(check((ALICE, BOB, None)[i % 3], i % 7) for i in range(90)))
    assert await app.call("who", identity=ALICE, accounts=("acc1", "acc2")) == [ALICE, ["acc1", "acc2"]]


async def test_an_error_carries_name_message_code_and_the_place_in_the_source(app: App) -> None:
    error = await app.error("fail")
    assert error.code is ErrorCode.HANDLER_ERROR
    assert error.message == "out of range"
    assert error.details is not None
    assert (error.details["name"], error.details["code"]) == ("RangeError", "E_RANGE")
    lines = SOURCE.splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "new RangeError" in text)
    column = lines[line - 1].index("new RangeError") + 1
    assert f"at inner (src/app.ts:{line}:{column})" in error.details["stack"]
    assert "/__runtime__" not in error.details["stack"]
    assert "main.js" not in error.details["stack"]


async def test_console_lines_reach_whoever_called(app: App) -> None:
    app.console.clear()
    await app.call("log", "hello")
    (record,) = app.console
    assert record.text == "said hello { a: [ 1, 2 ] }"
    assert (record.handler, record.level) == ("src/app.ts#log", "log")


async def test_a_handler_over_its_time_is_cancelled_and_its_process_lives_on(app: App) -> None:
    pid = app.pid
    assert (await app.error("slow")).code is ErrorCode.HANDLER_TIMEOUT
    assert await app.call("add", 1, 1) == 2
    assert app.pid == pid


async def test_a_caller_that_gives_up_ends_the_invocation(app: App) -> None:
    call = asyncio.ensure_future(app.call("later", 60_000, 1))
    await eventually(lambda: any(p.in_flight for p in app.runtime.report().processes))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not any(p.in_flight for p in app.runtime.report().processes)


async def test_only_listed_handlers_of_the_right_kind_can_be_called(app: App) -> None:
    for handler in ("inner", "missing", "count", "page", "constructor"):
        assert (await app.error(handler)).code is ErrorCode.NOT_FOUND
    with pytest.raises(ProvenError) as caught:
        await app.http("add", HttpRequest(method="GET", url="http://x/", path="/"))
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_what_is_not_loaded_is_not_found(app: App) -> None:
    with pytest.raises(ProvenError) as caught:
        await app.runtime.invoke(
            Invocation(
                application_id=ApplicationId("z" * 32),
                package_id=app.package.id,
                handler="src/app.ts#add",
                kind=HandlerKind.RPC,
            )
        )
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_the_report_names_processes_and_layers(app: App) -> None:
    report = app.runtime.report()
    assert report.active_layers >= MINIMUM
    assert not report.active_layers & set(report.unavailable_layers)
    (process,) = (p for p in report.processes if p.application_id == app.application_id)
    assert process.memory_bytes > 0
    assert process.cpu_seconds > 0


async def test_two_applications_never_share_a_process(runtime: Runtime, app: App) -> None:
    other = await load(runtime, FILES, "other")
    assert other.package.id == app.package.id
    assert other.pid != app.pid
    before = await app.call("counter")
    await other.call("counter")
    assert await app.call("counter") == before + 1
    await runtime.retire(other.application_id, other.package.id)


async def test_retiring_lets_running_calls_end(runtime: Runtime) -> None:
    old = await load(runtime, FILES, "retired")
    call = asyncio.ensure_future(old.call("later", 2000, "done"))
    await eventually(lambda: any(p.in_flight for p in runtime.report().processes))
    await runtime.retire(old.application_id, old.package.id)
    assert await call == "done"
    assert (await old.error("nothing")).code is ErrorCode.NOT_FOUND
    assert old.application_id not in {p.application_id for p in runtime.report().processes}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("export const x = run(() => 1); throw new Error('at the top');", "at the top"),
        ("export const x = run(null as any);", "made of a function"),
    ],
)
async def test_a_package_that_does_not_load_says_why(source: str, message: str) -> None:
    async with running() as runtime:
        with pytest.raises(ProvenError) as caught:
            await load(runtime, source)
        assert message in caught.value.message
        assert runtime.report().processes == ()


@pytest.mark.parametrize("forever", ["await new Promise(() => {});", "for (;;);"])
async def test_a_package_that_loads_for_ever_is_given_up(forever: str, tmp_path: Path) -> None:
    source = f"export const x = run(() => 1); {forever}"
    async with running(compile_cache=tmp_path) as runtime:
        await runtime._compiler.program(package({"src/app.ts": HEAD + source}))
    async with running(compile_cache=tmp_path, load_timeout=0.5) as runtime:
        with pytest.raises(ProvenError) as caught:
            await load(runtime, source)
        assert "does not end in time" in caught.value.message
        assert runtime.report().processes == ()


async def test_typescript_that_cannot_be_stripped_is_transformed_and_stacks_still_fit() -> None:
    source = """enum Colour { Red = 7, Green }
    interface Wide { a: string;
      b: string }
    class Point { constructor(private x: number, public y: number) {} sum() { return this.x + this.y; } }
    export const colours = run(() => [Colour.Green, Colour[7], new Point(1, 2).sum()]);
    export const fail = run(() => {
      const nothing: Wide | undefined = undefined;
      throw new Error("here");
    });
    """
    async with running() as runtime:
        app = await load(runtime, source)
        assert await app.call("colours") == [8, "Red", 3]
        error = await app.error("fail")
        assert error.details is not None
        assert "src/app.ts:9:13" in error.details["stack"]


async def test_compiled_modules_are_kept_in_the_cache_directory(tmp_path: Any) -> None:
    source = "export const answer = run((): number => 42);"
    for _ in range(2):
        async with running(compile_cache=tmp_path / "cache") as runtime:
            app = await load(runtime, source)
            assert await app.call("answer") == 42
    (entry,) = (tmp_path / "cache").iterdir()
    assert "(): number" not in entry.read_text()


async def test_host_calls_know_on_whose_behalf_they_are() -> None:
    seen: list[tuple[Any, ...]] = []

    async def get(context: CallContext, arguments: Sequence[Any]) -> Any:
        assert context.handler is not None
        seen.append((context.application_id, context.identity, context.handler.address, list(arguments)))
        return {"value": "v", "none": None}

    source = """
    import { getApplicationStore } from "@proven-network/kv";
    export const read = run(() => getApplicationStore("s").get("k"));
    """
    async with running({"kv.get": get}) as runtime:
        app = await load(runtime, source)
        assert await app.call("read", identity=ALICE) == {"value": "v", "none": None}
    assert seen == [(app.application_id, ALICE, "src/app.ts#read", ["application", "string", "s", "k"])]


async def test_top_level_code_has_no_identity_and_no_host_calls() -> None:
    source = """
    import { getCurrentIdentity } from "@proven-network/session";
    import { getApplicationStore } from "@proven-network/kv";
    const identity = getCurrentIdentity();
    const call = await getApplicationStore("s").get("k").catch((error: any) => error.code);
    const sneaky = getApplicationStore("s").get("k").catch((error: any) => error.code);
    export const result = run(async () => [identity, call, await sneaky]);
    """

    async def get(context: CallContext, arguments: Sequence[Any]) -> Any:
        raise AssertionError("called")

    async with running({"kv.get": get}) as runtime:
        app = await load(runtime, source)
        result = await app.call("result", identity=ALICE)
        assert result[1:] == ["FORBIDDEN", "FORBIDDEN"]
        assert not result[0]


async def test_registrations_of_top_level_code_reach_host_functions() -> None:
    async def get(context: CallContext, arguments: Sequence[Any]) -> Any:
        return list(context.registrations["sql.migration"])

    source = """
    import { getApplicationDb } from "@proven-network/sql";
    import { getApplicationStore } from "@proven-network/kv";
    getApplicationDb("main").migrate("CREATE TABLE a (b)").migrate("CREATE TABLE c (d)");
    export const read = run(() => getApplicationStore("s").get("k"));
    export const late = run(() => getApplicationDb("main").migrate("CREATE TABLE e (f)"));
    """
    async with running({"kv.get": get}) as runtime:
        app = await load(runtime, source)
        assert await app.call("read") == [
            ["application", "main", "CREATE TABLE a (b)"],
            ["application", "main", "CREATE TABLE c (d)"],
        ]
        assert "top-level" in (await app.error("late")).message


async def test_an_error_of_a_host_function_keeps_its_code_and_a_bug_shows_nothing() -> None:
    async def get(context: CallContext, arguments: Sequence[Any]) -> Any:
        if arguments[-1] == "denied":
            raise ProvenError(ErrorCode.NO_IDENTITY, "nobody is signed in")
        raise ValueError("secret detail")

    source = """
    import { getApplicationStore } from "@proven-network/kv";
    export const read = run(async (key: string) => await getApplicationStore("s").get(key));
    const shown = (e: any) => [e.name, e.code, e.message, e instanceof Error];
    export const caught = run((key: string) => getApplicationStore("s").get(key).catch(shown));
    """
    async with running({"kv.get": get}) as runtime:
        app = await load(runtime, source)
        error = await app.error("read", "denied")
        assert (error.code, error.message) == (ErrorCode.NO_IDENTITY, "nobody is signed in")
        assert "src/app.ts:4:" in error.details["stack"]  # type: ignore[index]
        assert await app.call("caught", "bug") == ["ProvenError", "INTERNAL", "kv.get failed", True]


async def test_a_host_result_may_be_too_large() -> None:
    async def get(context: CallContext, arguments: Sequence[Any]) -> Any:
        return b"x" * 200_000

    source = """
    import { getApplicationStore } from "@proven-network/kv";
    export const read = run((key: string) => getApplicationStore("s").get(key));
    export const write = run(() => getApplicationStore("s").get("k".repeat(200_000)));
    """
    async with running({"kv.get": get}, max_value_bytes=100_000) as runtime:
        app = await load(runtime, source)
        assert (await app.error("read", "k")).code is ErrorCode.TOO_LARGE
        assert (await app.error("write")).code is ErrorCode.TOO_LARGE


async def test_identical_loads_happen_once(runtime: Runtime) -> None:
    built = package({"src/app.ts": HEAD + "export const one = run(() => 1);"})
    application_id = ApplicationId("o" * 32)
    await asyncio.gather(*(runtime.load(application_id, built) for _ in range(10)))
    assert sum(p.application_id == application_id for p in runtime.report().processes) == 1
    await runtime.retire(application_id, built.id)
