// The world that guest code sees: web platform globals by an allow list, nothing of Deno or Node, and intrinsics
// that no guest can change, so that one request cannot leave anything behind in them for the next one.

import { inspect } from "node:util";

const inspectors = [inspect, Deno.inspect]; // objects that show themselves in their own way are given one of them

const ALLOWED = new Set(
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError JSON Math
  Intl ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array BigUint64Array BigInt64Array
  Uint8ClampedArray Float16Array Float32Array Float64Array DataView Map BigInt Set Iterator WeakMap WeakSet WeakRef
  Proxy Reflect FinalizationRegistry decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval
  isFinite isNaN Temporal DisposableStack AsyncDisposableStack WebAssembly globalThis
  AbortController AbortSignal Blob ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy Crypto CryptoKey
  CustomEvent DecompressionStream DOMException ErrorEvent Event EventTarget File FormData Headers MessageEvent
  Performance PerformanceEntry ProgressEvent QuotaExceededError ReadableByteStreamController ReadableStream
  ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader
  Request Response SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream
  TransformStreamDefaultController URL URLPattern URLSearchParams WritableStream WritableStreamDefaultController
  WritableStreamDefaultWriter atob btoa console crypto fetch performance queueMicrotask structuredClone
  setTimeout setInterval clearTimeout clearInterval self`.split(/\s+/),
);

// Properties that code assigns on objects which inherit them: `error.name = …`, `Type.prototype.toString = …`.
// A frozen ancestor would forbid that (the override mistake), so these become accessors that define the property
// on the object at hand. The selection follows SES's "moderate" enablements.
const OVERRIDABLE = [
  [Object.prototype, undefined],
  [Function.prototype, ["constructor", "bind", "call", "apply", "toString", "name", "length"]],
  [Array.prototype, ["constructor", "toString", "concat", "push", "pop", "length"]],
  [Date.prototype, ["constructor", "toString", "toJSON", "valueOf"]],
  [Promise.prototype, ["constructor"]],
  [RegExp.prototype, ["constructor", "exec", "toString"]],
  [Symbol.prototype, ["constructor", "toString"]],
  [String.prototype, ["constructor", "toString"]],
  [Number.prototype, ["constructor", "toString"]],
  ...[Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((
    type,
  ) => [
    type.prototype,
    ["constructor", "message", "name", "toString"],
  ]),
  ...[
    Map,
    Set,
    WeakMap,
    WeakSet,
    ArrayBuffer,
    Uint8Array,
    EventTarget,
    Event,
    URL,
    Headers,
    Request,
    Response,
  ].map(
    (type) => [type.prototype, ["constructor", "toString"]],
  ),
];

const hidden = () => [
  Object.getPrototypeOf(function* () {}),
  Object.getPrototypeOf(async function () {}),
  Object.getPrototypeOf(async function* () {}),
  Object.getPrototypeOf([][Symbol.iterator]()),
  Object.getPrototypeOf(new Map()[Symbol.iterator]()),
  Object.getPrototypeOf(new Set()[Symbol.iterator]()),
  Object.getPrototypeOf(""[Symbol.iterator]()),
  Object.getPrototypeOf("".matchAll(/./g)),
  Object.getPrototypeOf(new Headers()[Symbol.iterator]()),
  Object.getPrototypeOf(new URLSearchParams()[Symbol.iterator]()),
  Object.getPrototypeOf(new FormData()[Symbol.iterator]()),
  Object.getPrototypeOf(Iterator.from({ next() {} })),
  Object.getPrototypeOf([].values().map((x) => x)),
  Object.getPrototypeOf(new Intl.Segmenter().segment("")),
  Object.getPrototypeOf(new Intl.Segmenter().segment("")[Symbol.iterator]()),
  Object.getPrototypeOf(Object.getOwnPropertyDescriptor(URL.prototype, "href").get),
  Object.getPrototypeOf(new WebAssembly.Memory({ initial: 0, maximum: 1, shared: true }).buffer),
  Object.getPrototypeOf(globalThis),
];

// Objects of the platform hold others, of classes that have no name in the world but are shared all the same.
const samples = () => [
  new Response("text"),
  new Response(new ReadableStream()),
  new Request("http://localhost/", { method: "POST", body: "text" }),
  new File(["text"], "name"),
  new Blob(["text"]).stream(),
  new ReadableStream().getReader(),
  new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }),
  new ReadableStream()[Symbol.asyncIterator](),
  new WritableStream().getWriter(),
  new TransformStream(),
  new TextDecoderStream(),
  new TextEncoderStream(),
  new CompressionStream("gzip"),
  new DecompressionStream("gzip"),
  new URLPattern({ pathname: "/" }),
  new DOMException("message"),
  AbortSignal.any([new AbortController().signal]),
  performance.mark("name"),
];

function prototypesInside(objects) {
  const prototypes = new Set();
  const seen = new Set();
  const pending = [...objects];
  while (pending.length > 0) {
    const object = pending.pop();
    if (typeof object !== "object" || object === null || seen.has(object)) continue;
    seen.add(object);
    prototypes.add(Object.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) pending.push(Object.getOwnPropertyDescriptor(object, key).value);
  }
  return prototypes;
}

// `globals` are ours: what replaces or joins the platform's. `more` is frozen too.
export function lockDown(globals, prepareStackTrace, more) {
  delete URL.createObjectURL;
  delete URL.revokeObjectURL;
  for (const key of Reflect.ownKeys(globalThis)) {
    if (typeof key === "string" && !ALLOWED.has(key)) remove(key);
  }
  Object.assign(globals, { self: globalThis });
  for (const key of ALLOWED) {
    const value = key in globals ? globals[key] : globalThis[key];
    if (value === undefined && key !== "undefined") continue;
    const own = Object.getOwnPropertyDescriptor(globalThis, key);
    if (own !== undefined && !own.configurable) continue;
    const enumerable = own?.enumerable ?? false;
    Object.defineProperty(globalThis, key, { value, enumerable, writable: false, configurable: false });
  }
  lockErrors(prepareStackTrace);
  const classes = prototypesInside(samples());
  performance.clearMarks();
  const behindAccessors = OVERRIDABLE.flatMap(([object, keys]) =>
    makeOverridable(object, keys ?? Reflect.ownKeys(object))
  );
  freezeAll([
    ...behindAccessors,
    ...classes,
    ...inspectors,
    ...Object.values(globals),
    ...[...ALLOWED].filter((key) => key !== "globalThis" && key !== "self").map((key) => globalThis[key]),
    ...hidden(),
    ...more,
  ]);
}

// Listeners on the global object are kept in it, where guest code could find them: those there are now stay.
export function keepListeners() {
  const pending = Object.getOwnPropertySymbols(globalThis).map((key) => globalThis[key]);
  while (pending.length > 0) {
    const object = pending.pop();
    if (typeof object !== "object" && typeof object !== "function" || Object.isFrozen(object)) continue;
    Object.freeze(object);
    pending.push(...Reflect.ownKeys(object).map((key) => object[key]));
  }
}

// After the package's own top-level code: nothing can be added to the global object any more.
export const closeGlobals = () => Object.freeze(globalThis);

function remove(key) {
  if (!Object.getOwnPropertyDescriptor(globalThis, key).configurable) {
    Object.defineProperty(globalThis, key, { value: undefined, writable: false });
    return;
  }
  delete globalThis[key];
  if (key in globalThis && !isInherited(key)) {
    throw new Error(`the global ${key} cannot be removed`);
  }
}

const isInherited = (key) => !Object.hasOwn(globalThis, key);

// `Error.stackTraceLimit` stays assignable, which libraries rely on; `prepareStackTrace` can be assigned without
// effect: call sites would show frames that are not the guest's.
function lockErrors(prepareStackTrace) {
  Object.defineProperty(Error, "prepareStackTrace", {
    value: prepareStackTrace,
    writable: false,
    configurable: false,
  });
}

// Returns the values, which nothing that looks for them among properties will find any more.
function makeOverridable(object, keys) {
  const values = [];
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(object, key);
    if (property === undefined || !("value" in property) || !property.configurable) continue;
    const { value, enumerable } = property;
    values.push(value);
    Object.defineProperty(object, key, {
      get: () => value,
      set(replacement) {
        if (this === object) throw new TypeError(`cannot assign to read only property '${String(key)}'`);
        if (Object.hasOwn(this, key)) this[key] = replacement;
        else {Object.defineProperty(this, key, {
            value: replacement,
            writable: true,
            enumerable: true,
            configurable: true,
          });}
      },
      enumerable,
      configurable: false,
    });
  }
  return values;
}

function freezeAll(roots) {
  const seen = new Set([globalThis]);
  const pending = [...roots];
  while (pending.length > 0) {
    const object = pending.pop();
    if ((typeof object !== "object" && typeof object !== "function") || object === null || seen.has(object)) {
      continue;
    }
    seen.add(object);
    for (const key of Reflect.ownKeys(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key);
      pending.push(property.value, property.get, property.set);
    }
    pending.push(Object.getPrototypeOf(object));
    if (ArrayBuffer.isView(object)) continue;
    if (object === Error) freezeExcept(object, "stackTraceLimit");
    else Object.freeze(object);
  }
}

function freezeExcept(object, kept) {
  for (const key of Reflect.ownKeys(object)) {
    if (key === kept) continue;
    const property = Object.getOwnPropertyDescriptor(object, key);
    Object.defineProperty(
      object,
      key,
      "value" in property ? { writable: false, configurable: false } : { configurable: false },
    );
  }
  Object.preventExtensions(object);
}
