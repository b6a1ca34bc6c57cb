import { run, runWithOptions } from "@proven-network/handler";

const ok = () => "ok";
export const alive = run(ok);
export const spin = runWithOptions({ timeout: 300 }, () => {
  for (;;);
});
export const spinLater = runWithOptions({ timeout: 300 }, async () => {
  await null;
  for (;;);
});
export const microtasks = runWithOptions({ timeout: 300 }, async () => {
  for (;;) await null;
});
export const regex = runWithOptions({ timeout: 300 }, () => /^(a+)+$/.test("a".repeat(60) + "b"));
export const never = runWithOptions({ timeout: 200 }, () => new Promise(() => {}));
export const neverTicking = runWithOptions({ timeout: 200 }, () => new Promise(() => setInterval(ok, 1)));
export const heap = runWithOptions({ timeout: 60000 }, () => {
  const kept = [];
  for (;;) kept.push(new Array(1000).fill({ x: Math.random() }).map((o) => ({ ...o })));
});
export const strings = runWithOptions({ timeout: 60000 }, () => {
  const kept: string[] = [];
  for (let i = 0;; i++) kept.push(String(i).repeat(1000).split("").join("-"));
});
export const buffers = runWithOptions({ timeout: 60000 }, () => {
  const kept = [];
  try {
    for (;;) kept.push(new Uint8Array(16 << 20).fill(1));
  } catch (error) {
    return [(error as Error).name, kept.length];
  }
});
export const reserve = runWithOptions({ timeout: 60000 }, () => {
  const kept = [];
  try {
    for (;;) kept.push(new ArrayBuffer(1 << 30));
  } catch (error) {
    return (error as Error).name;
  }
});
export const wasmMemory = runWithOptions({ timeout: 60000 }, () => {
  const kept = [];
  try {
    for (;;) {
      const memory = new WebAssembly.Memory({ initial: 1000 });
      new Uint8Array(memory.buffer).fill(1);
      kept.push(memory);
    }
  } catch (error) {
    return (error as Error).name;
  }
});
const fill = () => Array.from({ length: 9 }, () => new Uint8Array(16 << 20).fill(1)).length;
const hoarded: Uint8Array[] = [];
const rest = (ms: number) => new Promise((done) => setTimeout(done, ms));
export const litter = runWithOptions({ timeout: 60000 }, async () => {
  const length = fill();
  await rest(2000);
  return length;
});
export const hoard = runWithOptions({ timeout: 60000 }, async () => {
  for (let i = 0; i < 9; i++) hoarded.push(new Uint8Array(16 << 20).fill(1));
  await rest(50000);
});
export const console_ = run(() => {
  for (let i = 0; i < 1_000_000; i++) console.log("line", i, { i });
  return "done";
});
export const cyclic = run(() => {
  const a: Record<string, unknown> = { b: [1] };
  a.c = { back: a };
  return a;
});
export const deep = run(() => {
  let a = {};
  for (let i = 0; i < 100; i++) a = { a };
  return a;
});
export const function_ = run(() => ({ list: [1, () => 1] }));
export const symbol = run(() => Symbol("x"));
export const huge = run(() => "x".repeat(20 << 20));
export const wide = run(() => new Array(1e9));
export const shared = run(() => {
  let a: unknown = "x".repeat(1000);
  for (let i = 0; i < 40; i++) a = [a, a];
  return a;
});
export const throwText = run(() => {
  throw "just text";
});
export const throwNull = run(() => {
  throw null;
});
export const throwObject = run(() => {
  throw { some: "object" };
});
export const throwHostile = run(() => {
  throw new Proxy(new Error("x"), {
    get() {
      throw new Error("trap");
    },
    getPrototypeOf() {
      throw new Error("trap");
    },
  });
});
export const throwGetters = run(() => {
  throw Object.defineProperty(new Error("x"), "message", {
    get() {
      throw 1;
    },
  });
});
export const throwLong = run(() => {
  throw new Error("m".repeat(4 << 20));
});
export const hostileResult = run(() => ({
  get x() {
    throw new RangeError("from a getter");
  },
}));
export const hostileThen = run(() => ({
  then() {
    throw new Error("from then");
  },
}));
export const reject = run(async () => {
  Promise.reject(new Error("nobody listens"));
  await 0;
  return "fine";
});
export const throwLater = run(() => {
  setTimeout(() => {
    throw new Error("later");
  }, 1);
  return new Promise((r) => setTimeout(() => r("fine"), 50));
});
export const throwMicrotask = run(() => {
  queueMicrotask(() => {
    throw new Error("micro");
  });
  return new Promise((r) => setTimeout(() => r("fine"), 20));
});
export const recursion = run(() => {
  const f = (): number => 1 + f();
  return f();
});
export const leave = run(() => {
  (async () => {
    for (;;) await new Promise((r) => queueMicrotask(() => r(0)));
  })();
  return "left";
});
