import { run, runWithOptions } from '@proven-network/handler';
import { getApplicationStore } from '@proven-network/kv';

export const ping = run(() => 'pong');

export const wait = run(async (ms: number) => {
  console.log('begun');
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
});
export const spinFor = runWithOptions({ timeout: 120_000 }, async (ms: number) => {
  console.log('begun');
  await new Promise((resolve) => setTimeout(resolve, 1));
  for (const end = Date.now() + ms; Date.now() < end; );
});

export const spin = runWithOptions({ timeout: 500 }, () => {
  while (true);
});
export const spinAfterwards = run(() => {
  setTimeout(() => {
    while (true);
  });
});
export const spinInMicrotasks = runWithOptions({ timeout: 500 }, async () => {
  while (true) await null;
});
export const backtrack = runWithOptions({ timeout: 500 }, () => /^(a+)+$/.test(`${'a'.repeat(50)}!`));
// (memory 1 1 shared) (func (export "f") i32.const 0 i32.const 0 i64.const -1 memory.atomic.wait32 drop)
const WAITING = '0061736d010000000104016000000302010005040103010107050101660000' +
  '0a0f010d0041004100427ffe010200' + '1a0b';
export const waitForever = runWithOptions({ timeout: 500 }, () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.fromHex(WAITING)));
  (exports.f as () => void)();
});
export const neverSettle = runWithOptions({ timeout: 300 }, () => new Promise(() => {}));

export const heapBomb = runWithOptions({ timeout: 110_000 }, () => {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(10_000).fill({}).map((_, index) => ({ index, text: `${index}` })));
});
export const arrayBufferFlood = runWithOptions({ timeout: 110_000 }, () => {
  const kept: Uint8Array[] = [];
  for (;;) kept.push(new Uint8Array(16 << 20).fill(1));
});
export const wasmFlood = runWithOptions({ timeout: 110_000 }, () => {
  const kept: WebAssembly.Memory[] = [];
  for (;;) {
    const memory = new WebAssembly.Memory({ initial: 256 });
    new Uint8Array(memory.buffer).fill(1);
    kept.push(memory);
  }
});
export const promiseFlood = runWithOptions({ timeout: 110_000 }, async () => {
  const all: Promise<unknown>[] = [];
  for (;;) all.push(Promise.resolve(all.length).then((number) => [number]));
});
export const recurse = run(() => {
  const deeper = (): number => 1 + deeper();
  return deeper();
});

export const shout = run((lines: number) => {
  for (let i = 0; i < lines; i++) console.log('line', i);
  return lines;
});
export const sizeOf = run((bytes: Uint8Array) => bytes.length);
export const bigResult = run((size: number) => new Uint8Array(size));
export const hostCallFlood = run(async () => {
  const store = getApplicationStore();
  const outcomes = await Promise.allSettled(Array.from({ length: 5_000 }, () => store.get('a')));
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
});
