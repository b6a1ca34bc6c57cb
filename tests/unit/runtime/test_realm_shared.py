"""What invocations of an application share: no handler can leave anything behind in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from proven.runtime import CallContext
from unit.runtime.harness import ALICE, BOB, load, running

SOURCE = """
const inside = (object: any, name: string) =>
  object[Object.getOwnPropertySymbols(object).find((key) => key.description === name)!];
const streamed = new Response(new ReadableStream());
const prototypeIn = (object: any, name: string) => Object.getPrototypeOf(inside(object, name));
const shared: Record<string, () => any> = {
  "a method behind an accessor": () => Object.prototype.toString,
  "another": () => Error.prototype.toString,
  "call": () => Function.prototype.call,
  "push": () => Array.prototype.push,
  "the global object's prototype": () => Object.getPrototypeOf(globalThis),
  "the parts of a blob": () => Object.getPrototypeOf(inside(new Blob(["a"]), "Parts")[0]),
  "their class": () => inside(new Blob(["a"]), "Parts")[0].constructor,
  "the body of a response": () => Object.getPrototypeOf(inside(streamed, "response").body),
  "the queue of a reader": () => prototypeIn(new ReadableStream().getReader(), "[[readRequests]]"),
  "the iterator of a stream": () => Object.getPrototypeOf(new ReadableStream()[Symbol.asyncIterator]()),
  "a mark": () => Object.getPrototypeOf(performance.mark("a")),
  "an error of the node": () => Object.getPrototypeOf(failure),
};
let failure: any;
const inspectors: any[] = [];
export const poison = run(async () => {
  failure = (await fetch("http://127.0.0.1/").catch((error) => error)).cause;
  console.log({ [Symbol.for("nodejs.util.inspect.custom")]: (...given: any[]) => inspectors.push(given[2]) });
  console.log({ [Symbol.for("Deno.customInspect")]: (given: any) => inspectors.push(given) });
  const changed: string[] = [];
  for (const [name, find] of Object.entries(shared)) {
    const object = find();
    try {
      object.call = object.leftBehind = () => "poison";
      changed.push(name);
    } catch {}
  }
  for (const inspect of inspectors) if (!Object.isFrozen(inspect)) changed.push("inspect");
  return [Object.keys(shared).length, changed];
});
export const fail = run(() => { throw new Error("mine"); });
"""


async def test_nothing_that_invocations_share_can_be_changed() -> None:
    async with running() as runtime:
        app = await load(runtime, SOURCE)
        assert await app.call("poison") == [12, []]
        error = await app.error("fail")
        assert error.details is not None
        assert error.details["stack"].startswith("Error: mine\n    at src/app.ts:")


FORGER = """
import { publish } from "@proven-network/events";
export const wait = run(() => new Promise((resolve) => setTimeout(() => resolve("waited"), 300)));
export const forge = run(async (victim: number, back: number, real: number) => {
  const bytes = new Uint8Array(real);
  let asked = 0;
  Object.defineProperty(bytes, "length", { get: () => (++asked === 3 ? -back : real) });
  const call = ["kv.get", ["personal", "string", "default", "secret"]];
  await (publish as any)([bytes, victim, 0, 0, 0, call]).catch(() => {});
});
export const subclass = run(() => {
  class Lying extends Uint8Array { get length() { return 2; } }
  return [new Lying([1, 2, 3, 4]), "behind"];
});
"""


async def test_bytes_that_lie_about_their_length_forge_no_frame() -> None:
    callers = []

    async def get(context: CallContext, arguments: Sequence[Any]) -> str:
        callers.append(context.identity)
        return "a secret"

    async def publish(context: CallContext, arguments: Sequence[Any]) -> None:
        return None

    async with running({"kv.get": get, "events.publish": publish}) as runtime:
        app = await load(runtime, FORGER)
        waiting = asyncio.ensure_future(app.call("wait", identity=BOB))
        for victim in range(6):
            for back in range(20, 30):
                await app.call("forge", victim, back, 0, identity=ALICE)
        assert await waiting == "waited"
        assert not callers
        assert await app.call("subclass") == [bytes([1, 2, 3, 4]), "behind"]
