"""What guest code can get hold of, and what it can leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from proven.runtime import CallContext
from proven.wire.errors import ErrorCode, ProvenError
from unit.runtime.harness import ALICE, BOB, eventually, load, load_unchecked, running

APPS = Path(__file__).parent / "apps"
pytestmark = pytest.mark.asyncio


async def test_no_known_way_leads_out_of_the_realm() -> None:
    async with running() as runtime:
        source = (APPS / "escapes.ts").read_text()
        builtins = re.findall(r'"(@proven-network/\w+)"', source)
        links = {"src/app.ts": {name: name for name in builtins}}
        app = await load_unchecked(runtime, {"src/app.ts": ("esm", source)}, links)
        tried, got = await app.call("tryAll")
    assert tried > 100
    assert got == {}


async def test_the_web_platform_works_in_the_frozen_realm() -> None:
    async with running() as runtime:
        app = await load(runtime, {"src/app.ts": (APPS / "platform.ts").read_text()})
        results = dict(await app.call("tryAll"))
    assert len(results) > 40
    assert {name: result for name, result in results.items() if result != "ok"} == {}


LEAK = """
import { getCurrentIdentity } from "@proven-network/session";
import { getApplicationStore } from "@proven-network/kv";
const store = getApplicationStore("s");
const note = (what: string) => store.set("note", what).then(() => "reached", (e: any) => e.message);
const seen: unknown[] = [];
const tell = async (from: string) => {
  let identity: unknown;
  try { identity = getCurrentIdentity(); } catch (error) { identity = (error as Error).message; }
  seen.push([from, identity, await note(from)]);
};
let wake: (() => void) | undefined;
const signal = new EventTarget();
export const leave = run(async () => {
  setTimeout(() => tell("timer"), 50);
  setInterval(() => tell("interval"), 50);
  new Promise<void>((resolve) => (wake = resolve)).then(() => tell("promise"));
  const event = new Promise<void>((resolve) => signal.addEventListener("go", () => resolve()));
  event.then(() => tell("event"));
  store.get("slow").then(() => tell("host call"), () => tell("host error"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  return "left";
});
export const trigger = run(async () => {
  wake!();
  signal.dispatchEvent(new Event("go"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  return seen;
});
"""


async def test_nothing_of_an_ended_invocation_runs_as_somebody_else() -> None:
    reached: list[Any] = []
    cancelled = asyncio.Event()

    async def set_(context: CallContext, arguments: Sequence[Any]) -> None:
        reached.append((context.identity, arguments))

    async def get(context: CallContext, arguments: Sequence[Any]) -> Any:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with running({"kv.set": set_, "kv.get": get}) as runtime:
        app = await load(runtime, LEAK)
        assert await app.call("leave", identity=ALICE) == "left"
        async with asyncio.timeout(60):
            await cancelled.wait()
        seen = await app.call("trigger", identity=BOB)
    assert sorted(entry[0] for entry in seen) == ["event", "promise"]
    assert {entry[1] for entry in seen} == {"the invocation has ended"}
    assert {entry[2] for entry in seen} == {"the invocation has ended"}
    assert reached == []


async def test_what_host_functions_left_open_is_closed_when_the_invocation_ends() -> None:
    closed: list[str] = []
    done = asyncio.Event()

    async def begin(context: CallContext, arguments: Sequence[Any]) -> int:
        async def first() -> None:
            closed.append("first")
            done.set()

        async def second() -> None:
            closed.append("second")
            raise RuntimeError("an ending that fails does not stop the others")

        context.on_end(first)
        context.on_end(second)
        return 1

    source = """
    import { getApplicationStore } from "@proven-network/kv";
    export const open = run(async () => { await getApplicationStore("s").get("k"); throw new Error("x"); });
    """
    async with running({"kv.get": begin}) as runtime:
        app = await load(runtime, source)
        assert (await app.error("open")).code is ErrorCode.HANDLER_ERROR
        async with asyncio.timeout(60):
            await done.wait()
    assert closed == ["second", "first"]


async def test_pollution_by_one_request_is_not_there_for_the_next() -> None:
    source = """
    const merge = (target: any, source: any) => {
      for (const key of Object.keys(source)) {
        if (typeof source[key] === "object") target[key] = merge(target[key] ?? {}, source[key]);
        else target[key] = source[key];
      }
      return target;
    };
    export const naive = run((text: string) => merge({}, JSON.parse(text)));
    export const look = run(() => [({} as any).admin, (globalThis as any).admin]);
    """
    async with running() as runtime:
        app = await load(runtime, source)
        for key in ('"__proto__": {"admin": true}', '"constructor": {"prototype": {"admin": true}}'):
            with contextlib.suppress(ProvenError):
                await app.call("naive", "{" + key + "}")
        assert not any(await app.call("look"))


async def test_a_message_posted_to_the_console_of_another_call_does_not_exist() -> None:
    source = """
    let log: (() => void) | undefined;
    export const keep = run(() => { log = () => console.log("from", "whom"); });
    export const use = run(() => log!());
    """
    async with running() as runtime:
        app = await load(runtime, source)
        await app.call("keep", identity=ALICE)
        await app.call("use", identity=BOB)
        await eventually(lambda: bool(app.console))
        assert [record.handler for record in app.console] == ["src/app.ts#use"]
