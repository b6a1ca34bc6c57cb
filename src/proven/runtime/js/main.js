// The guest process. It starts generic, waits in the pool, and then serves one application version, or compiles.
// Everything the guest side needs from Deno is taken here, before the realm is locked down.

import net from "node:net";
import { stripTypeScriptTypes } from "node:module";
import { types } from "node:util";
import * as apis from "./apis.js";
import { createConsole } from "./console.js";
import { describe, failureOf, prepareStackTrace } from "./errors.js";
import { FrameReader, FrameWriter, STREAM, TO_GUEST, TO_HOST } from "./frames.js";
import { createHost } from "./host.js";
import { requestOf, responseOf } from "./http.js";
import { Invocation, runAs } from "./invocations.js";
import { ModuleLoader } from "./modules.js";
import { closeGlobals, keepListeners, lockDown } from "./realm.js";
import { createStreams } from "./streams.js";
import { openSyncChannel } from "./sync.js";
import { createTimers } from "./timers.js";
import { Reader } from "./values.js";

const { maxValueBytes, streamWindow } = JSON.parse(Deno.args[0]);
const exit = Deno.exit.bind(Deno);
const now = performance.now.bind(performance);
const collectGarbage = globalThis.gc;
const native = { setTimeout, setInterval, clearTimeout, clearInterval };

const socket = new net.Socket({ fd: 3, readable: true, writable: true });
const frames = new FrameWriter(socket.write.bind(socket), maxValueBytes, (flush) => queueMicrotask(flush));
const streams = createStreams(frames, streamWindow, runAs, describe);
const handlers = new WeakMap();
const link = createHost({ frames, streams, syncChannel: openSyncChannel(maxValueBytes), handlers });
const output = createConsole(
  (id, level, text, dropped) =>
    frames.send(TO_HOST.CONSOLE, id, (writer) => writer.value([level, text, dropped])),
  now,
);
const timers = createTimers(native, (error) => output.report("Uncaught", error));

const live = new Map(); // id → invocation
let table = []; // what the host calls by number: {fn, http}

function onInvoke(id, payload) {
  const [number, identity, accounts, origin, args] = new Reader(payload, streams.open).value();
  const { fn, http } = table[number];
  const invocation = new Invocation(id, false, identity, accounts, origin);
  live.set(id, invocation);
  runAs(invocation, () => {
    try {
      const result = http ? fn(requestOf(args)) : fn(...args);
      if (types.isPromise(result) || typeof result?.then === "function") settle(invocation, http, result);
      else if (http) respond(invocation, responseOf(result));
      else returned(invocation, result);
    } catch (error) {
      threw(invocation, error);
    }
  });
}

async function settle(invocation, http, result) {
  try {
    const value = await result;
    if (http) respond(invocation, responseOf(value));
    else returned(invocation, value);
  } catch (error) {
    threw(invocation, error);
  }
}

function returned(invocation, value) {
  if (invocation.ended) return;
  try {
    output.end(invocation);
    frames.send(TO_HOST.RETURN, invocation.id, (writer) => writer.value(value));
  } catch (error) {
    threw(invocation, error);
    return;
  }
  end(invocation);
}

function respond(invocation, response) {
  if (invocation.ended) return;
  output.end(invocation);
  let streaming = false;
  const stream = (source) => {
    streaming = true;
    return streams.send(source, invocation, () => ended(invocation));
  };
  frames.send(TO_HOST.RESPONSE, invocation.id, (writer) => writer.value(response, stream));
  if (!streaming) end(invocation);
}

function threw(invocation, error) {
  if (invocation.ended) return;
  const record = describe(error);
  end(invocation);
  frames.send(TO_HOST.THROW, invocation.id, (writer) => writer.value(record));
}

function ended(invocation) {
  if (invocation.ended) return;
  end(invocation);
  frames.send(TO_HOST.ENDED, invocation.id);
}

// From here on, nothing that is left of the invocation reaches the node, and its timers do not fire.
function end(invocation) {
  live.delete(invocation.id);
  invocation.ended = true;
  timers.end(invocation);
  link.end(invocation);
  output.end(invocation);
}

function onCancel(id) {
  const invocation = live.get(id);
  if (invocation !== undefined) end(invocation);
  frames.send(TO_HOST.ENDED, id);
}

async function onLoad(id, payload) {
  const loading = new Invocation(0, true, undefined, [], undefined);
  try {
    const { modules, links, entries, handlers: wanted } = new Reader(payload).value();
    await runAs(loading, async () => {
      const loader = new ModuleLoader(modules, links, builtins);
      const namespaces = new Map();
      for (const path of entries) namespaces.set(path, await loader.evaluate(path));
      table = wanted.map((handler) => findHandler(namespaces, handler));
    });
    loading.ended = true;
    closeGlobals();
    frames.send(TO_HOST.LOADED, id, (writer) => writer.value(link.registrations));
  } catch (error) {
    loading.ended = true;
    frames.send(TO_HOST.REFUSED, id, (writer) => writer.value(describe(error)));
  }
}

function findHandler(namespaces, [address, module, name, kind]) {
  const handler = handlers.get(namespaces.get(module)?.[name]);
  if (handler === undefined) {
    throw new TypeError(`${address} is not a handler: it was not made by ${"@proven-network/handler"}`);
  }
  if (handler.kind !== kind) {
    throw new TypeError(`${address} is a handler of kind ${handler.kind}, not ${kind}`);
  }
  return { fn: handler.fn, http: kind === "http" };
}

// TypeScript to JavaScript. Types become spaces, so that positions stay; only where that is impossible (enums,
// parameter properties) is the code transformed, and then carries a source map.
function compile(source) {
  try {
    return [stripTypeScriptTypes(source), false];
  } catch (error) {
    if (error.message.startsWith("[")) throw error;
    return [stripTypeScriptTypes(source, { mode: "transform", sourceMap: true }), true];
  }
}

function onCompile(id, payload) {
  let path;
  try {
    const results = [];
    for (const [name, source] of new Reader(payload).value()) {
      path = name;
      results.push(compile(source));
    }
    frames.send(TO_HOST.COMPILED, id, (writer) => writer.value(results));
  } catch (error) {
    const record = describe(error);
    frames.send(
      TO_HOST.REFUSED,
      id,
      (writer) => writer.value({ ...record, message: `${path}: ${record.message}` }),
    );
  }
}

function onFrame(type, id, payload) {
  if (type >= STREAM.DATA) return streams.receive(type, id, payload, failureOf);
  switch (type) {
    case TO_GUEST.INVOKE:
      return onInvoke(id, payload);
    case TO_GUEST.RESULT:
      return link.onResult(id, payload);
    case TO_GUEST.FAILURE:
      return link.onFailure(id, payload);
    case TO_GUEST.CANCEL:
      return onCancel(id);
    case TO_GUEST.LOAD:
      return void onLoad(id, payload);
    case TO_GUEST.COMPILE:
      return onCompile(id, payload);
    case TO_GUEST.COLLECT:
      collectGarbage();
      return frames.send(TO_HOST.COLLECTED, 0);
    default:
      throw new Error(`unknown frame type ${type}`);
  }
}

const reader = new FrameReader(onFrame);
socket.on("data", (chunk) => reader.feed(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)));
for (const event of ["end", "error", "close"]) socket.on(event, () => exit(0));

const builtins = new Map();
for (const [name, create] of Object.entries(apis.modules)) {
  builtins.set(`@proven-network/${name}`, Object.freeze(create(link.host)));
}
const globals = { ...timers.globals, console: output.console, ...apis.globals(link.host) };
// Deno installs this function at its first use, which has to be before nothing can be installed any more.
await new Promise((resolve) => queueMicrotask(resolve));
lockDown(globals, prepareStackTrace, builtins.values());

// What nobody caught must not end the process, which has other invocations in it.
for (
  const [event, what] of [
    ["unhandledrejection", "Unhandled rejection:"],
    ["error", "Uncaught"],
  ]
) {
  addEventListener(event, (report) => {
    report.preventDefault();
    output.report(what, event === "error" ? report.error : report.reason);
  });
}
keepListeners();

frames.send(TO_HOST.READY, 0);
frames.flush();
