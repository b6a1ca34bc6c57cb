import { run } from "@proven-network/handler";

// Every way out of the realm that we know. Each attempt returns what it got hold of, or throws; the answer is
// the list of those that got something.

type Attempt = () => unknown;
const hide = (specifier: string) => specifier;
const anything = globalThis as any;

const reachable = (name: string): Attempt => () => {
  if (typeof anything[name] === "undefined") throw new Error("not there");
  return name;
};

const constructors: [string, any][] = [
  ["function", function () {}],
  ["async function", async function () {}],
  ["generator", function* () {}],
  ["async generator", async function* () {}],
  ["fetch", fetch],
  ["setTimeout", setTimeout],
  ["structuredClone", structuredClone],
  ["console.log", console.log],
  ["a handler", () => tryAll],
  ["run", run],
  ["Response.json", Response.json],
  ["a getter", Object.getOwnPropertyDescriptor(URL.prototype, "href")!.get],
];

const symbolsOf = (value: object): unknown[] =>
  Object.getOwnPropertySymbols(value).map((symbol) => (value as any)[symbol]);

function walk(roots: unknown[], wanted: (value: any) => boolean): string | undefined {
  const seen = new Set<unknown>();
  const queue: [unknown, string][] = roots.map((root, index) => [root, `root ${index}`]);
  while (queue.length > 0) {
    const [value, path] = queue.shift()!;
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) {
      continue;
    }
    seen.add(value);
    if (wanted(value)) return path;
    for (const key of Reflect.ownKeys(value)) {
      const property = Reflect.getOwnPropertyDescriptor(value, key)!;
      for (const next of [property.value, property.get, property.set]) {
        queue.push([next, `${path}.${String(key)}`]);
      }
      if (property.get) {
        try {
          queue.push([Reflect.apply(property.get, value, []), `${path}.${String(key)}()`]);
        } catch {
          // a getter that wants another receiver
        }
      }
    }
    queue.push([Reflect.getPrototypeOf(value), `${path}.__proto__`]);
  }
  return undefined;
}

const POWERS = [
  "readTextFileSync",
  "readFileSync",
  "Command",
  "dlopen",
  "getBuiltinModule",
  "binding",
  "core",
  "ops",
  "op_read_file_sync",
  "createRequire",
  "runInThisContext",
  "SourceTextModule",
  "permissions",
  "exitCode",
  "mainModule",
  "registerHandler",
  "callSync",
];

function hasPower(value: any): boolean {
  return POWERS.some((name) => Object.hasOwn(value, name) && typeof value[name] !== "undefined");
}

const attempts: Record<string, Attempt> = {
  ...Object.fromEntries(
    [
      "Deno",
      "process",
      "Buffer",
      "global",
      "require",
      "module",
      "exports",
      "__filename",
      "Worker",
      "SharedArrayBuffer",
      "Atomics",
      "localStorage",
      "sessionStorage",
      "caches",
      "CacheStorage",
      "WebSocket",
      "WebSocketStream",
      "EventSource",
      "BroadcastChannel",
      "MessageChannel",
      "navigator",
      "window",
      "alert",
      "prompt",
      "confirm",
      "close",
      "setImmediate",
      "GPU",
      "Location",
      "location",
      "Storage",
      "reportError",
      "gc",
      "__bootstrap",
      "Lock",
      "LockManager",
      "Navigator",
    ].map((name) => [name, reachable(name)]),
  ),
  "createObjectURL": () => (URL as any).createObjectURL(new Blob(["x"])),
  "eval": () => (0, eval)("1 + 1"),
  "direct eval": () => eval("1 + 1"),
  "timer with text": () => setTimeout("globalThis.x = 1" as any, 0),
  ...Object.fromEntries(
    constructors.map(([name, value]) => [`constructor of ${name}`, () => value.constructor("return this")()]),
  ),
  "bound constructor": () => Reflect.construct(Function, ["return globalThis"])(),
  "wasm import of Function": () => Function.prototype.constructor("return 1")(),
  "import node:fs": () => import(hide("node:fs")),
  "import node:process": () => import(hide("node:process")),
  "import node:module": () => import(hide("node:module")),
  "import npm:": () => import(hide("npm:left-pad")),
  "import jsr:": () => import(hide("jsr:@std/fs")),
  "import https:": () => import(hide("https://example.com/x.js")),
  "import file:": () => import(hide("file:///etc/hosts")),
  "import the host": () => import(hide("file:///__runtime__/main.js")),
  "import a relative path": () => import(hide("../../__runtime__/host.js")),
  "import data:": () => import(hide("data:text/javascript,export default 1")),
  "import blob:": () => import(hide("blob:null/1")),
  "import ext:": () => import(hide("ext:core/ops")),
  "import an object": () => import({ toString: () => "node:fs" } as any),
  "import an array": () => import(["node:fs"] as any),
  "internal builtin": () => import(hide("@proven-network/../main.js")),
  "import.meta": () => {
    if (Object.keys(import.meta).join() !== "url" || import.meta.url !== "file:///src/app.ts") {
      return import.meta;
    }
    throw new Error("only url");
  },
  "import.meta.resolve": () => (import.meta as any).resolve("node:fs"),
  "this of a function": () => {
    const loose = (function (this: unknown) {
      return this;
    })();
    if (loose === undefined) throw new Error("strict");
    return loose;
  },
  "arguments.callee.caller": () =>
    (function () {
      return (arguments as any).callee.caller;
    })(),
  "call sites": () => {
    (Error as any).prepareStackTrace = (_: unknown, sites: unknown) => sites;
    const { stack } = new Error() as any;
    if (typeof stack !== "string") return stack;
    throw new Error("still text");
  },
  "call sites by defining": () =>
    Object.defineProperty(Error, "prepareStackTrace", { value: (_: unknown, s: unknown) => s }),
  "host frames in a stack": () => {
    const { stack } = new Error();
    if (/__runtime__|ext:|node:|host\.js/.test(stack!)) return stack;
    throw new Error("only ours");
  },
  "powers in the realm": () => {
    const found = walk([globalThis, Object.values(moduleExports)], hasPower);
    if (found === undefined) throw new Error("none");
    return found;
  },
  "powers in platform objects": () => {
    const roots = [
      new Response("x"),
      new Request("https://x/"),
      new Headers(),
      new URL("https://x"),
      new Blob(["x"]),
      new FormData(),
      new AbortController(),
      new ReadableStream(),
      new WritableStream(),
      new TransformStream(),
      new TextDecoderStream(),
      new CompressionStream("gzip"),
      new Event("x"),
      new CustomEvent("x"),
      new TextEncoder(),
      crypto,
      crypto.subtle,
      performance,
      setTimeout(() => {}, 1),
      Promise.resolve(),
      new Error("x"),
      new DOMException("x"),
      new URLPattern({}),
      (async () => {})(),
      AbortSignal.timeout(1000),
      new File([], "x"),
      structuredClone(new Map()),
      performance.mark("x"),
      WebAssembly,
      (function () {
        return arguments;
      })(),
    ];
    const found = walk(roots.flatMap((root) => [root, ...symbolsOf(root as object)]), hasPower);
    if (found === undefined) throw new Error("none");
    return found;
  },
  "inspect hands out a function with powers": () => {
    let got: any;
    console.log({
      [Symbol.for("nodejs.util.inspect.custom")](...args: unknown[]) {
        got = args;
        return "";
      },
    });
    console.log({
      [Symbol.for("Deno.customInspect")](...args: unknown[]) {
        got ??= args;
        return "";
      },
    });
    const found = walk([got], hasPower);
    if (found === undefined) throw new Error("none");
    return found;
  },
  "structuredClone of a function": () => structuredClone(() => 1),
  "wasm threads": () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true } as any);
    return (anything.Atomics ?? undefined)!.wait(new Int32Array(memory.buffer), 0, 0, 1);
  },
  "a host function with another receiver": () =>
    Reflect.apply(fetch, { call: () => "mine" }, ["https://example.com"]),
  "fetch of an origin that is not allowed": () => fetch("https://example.com"),
  "fetch of a file": () => fetch("file:///etc/passwd"),
  "fetch of loopback": () => fetch("http://127.0.0.1:1/"),
  "XMLHttpRequest": () => new anything.XMLHttpRequest(),
  "polluting Object.prototype": () => {
    (Object.prototype as any).polluted = 1;
    return ({} as any).polluted ?? (() => {
      throw new Error("no");
    })();
  },
  "polluting through __proto__": () => {
    const target: any = {};
    target.__proto__.polluted = 1;
    return ({} as any).polluted ?? (() => {
      throw new Error("no");
    })();
  },
  "polluting Array.prototype": () => {
    (Array.prototype as any).push = () => 7;
    return 1;
  },
  "polluting Promise.prototype.then": () => {
    (Promise.prototype as any).then = () => 7;
    return 1;
  },
  "polluting Map.prototype.get": () => {
    Map.prototype.get = () => 7;
    return 1;
  },
  "replacing a global": () => {
    anything.Promise = 1;
    return 1;
  },
  "redefining a global": () => Object.defineProperty(globalThis, "fetch", { value: 1 }),
  "adding a global": () => {
    anything.leftBehind = 1;
    return anything.leftBehind;
  },
  "changing the prototype of a builtin": () => Object.setPrototypeOf(Map.prototype, null),
  "changing Intl": () => {
    (Intl as any).NumberFormat = 1;
    return 1;
  },
  "changing Symbol.iterator of arrays": () => {
    (Object.getPrototypeOf([][Symbol.iterator]()) as any).next = () => ({ done: true });
    return 1;
  },
  "changing a builtin module": () => {
    (run as any).extra = 1;
    return 1;
  },
  "changing crypto": () => {
    crypto.getRandomValues = (x: any) => x;
    return 1;
  },
  "changing console": () => {
    console.log = () => {};
    return 1;
  },
};

import * as handlerModule from "@proven-network/handler";
import * as kvModule from "@proven-network/kv";
import * as sqlModule from "@proven-network/sql";
import * as filesModule from "@proven-network/files";
import * as sessionModule from "@proven-network/session";
import * as cryptoModule from "@proven-network/crypto";
import * as eventsModule from "@proven-network/events";
const moduleExports = {
  handlerModule,
  kvModule,
  sqlModule,
  filesModule,
  sessionModule,
  cryptoModule,
  eventsModule,
};

export const tryAll = run(async () => {
  const got: Record<string, string> = {};
  let tried = 0;
  for (const [name, attempt] of Object.entries(attempts)) {
    tried++;
    try {
      got[name] = String(await attempt()).slice(0, 200);
    } catch {
      // what should happen
    }
  }
  return [tried, got];
});
