import { run } from '@proven-network/handler';
import { getCurrentIdentity } from '@proven-network/session';

// Each attempt returns what it got hold of; nothing but `undefined` or an exception is acceptable.
// deno-lint-ignore no-explicit-any
const world = globalThis as any;
const constructed = (body: string) => [
  () => Function(body)(),
  () => new Function(body)(),
  () => (0, eval)(body),
  () => (async () => {}).constructor(body)(),
  () => (function* () {}).constructor(body)().next().value,
  () => ({}).constructor.constructor(body)(),
  () => console.log.constructor(body)(),
  () => setTimeout.constructor(body)(),
  () => fetch.constructor(body)(),
  () => Object.getPrototypeOf(getCurrentIdentity).constructor(body)(),
  () => Reflect.construct(Function, [body])(),
  () => setTimeout(body as unknown as () => void, 0),
];

const attempts: Record<string, () => unknown> = {
  'Deno': () => world.Deno,
  'process': () => world.process ?? world.global?.process,
  'require': () => world.require ?? world.module ?? world.exports,
  'Buffer': () => world.Buffer,
  'Worker': () => world.Worker && new world.Worker('data:text/javascript,postMessage(1)', { type: 'module' }),
  'SharedWorker': () => world.SharedWorker,
  'WebSocket': () => world.WebSocket ?? world.EventSource ?? world.WebTransport,
  'BroadcastChannel': () => world.BroadcastChannel ?? world.MessageChannel,
  'SharedArrayBuffer': () => world.SharedArrayBuffer ?? world.Atomics,
  'localStorage': () => world.localStorage ?? world.sessionStorage ?? world.caches ?? world.indexedDB,
  'navigator': () => world.navigator ?? world.location,
  'prompt': () => world.prompt ?? world.alert ?? world.confirm,
  'bootstrap': () => world.__bootstrap ?? world.Deno?.core ?? world.__proto__?.Deno,
  'fetch the node': () => fetch('http://127.0.0.1:2024/'),
  'fetch a file': () => fetch('file:///etc/passwd'),
  'fetch data': () => fetch('data:text/plain,x'),
  'fetch the metadata service': () => fetch('http://169.254.169.254/latest/meta-data/'),
  'stack frames of the host': () => {
    const seen: unknown[] = [];
    world.Error.prepareStackTrace = (_: unknown, sites: unknown[]) => seen.push(...sites);
    void new Error('x').stack;
    return seen[0];
  },
  'the path of the host in a stack': () => new Error('x').stack?.match(/__runtime__|node:|ext:/)?.[0],
  'the caller': () => {
    const reveal = function () { return (reveal as unknown as { caller: unknown }).caller; };
    return reveal();
  },
  'a host object behind an error': () => {
    try {
      (null as unknown as { x: unknown }).x;
    } catch (error) {
      const made = (error as Error).constructor.constructor('return globalThis.Deno');
      return made();
    }
  },
  'a host object behind a rejection': async () => {
    const error = await fetch('http://127.0.0.1:1/').catch((reason) => reason);
    return error.constructor.constructor('return globalThis.Deno')();
  },
};
for (const [index, build] of constructed('return globalThis').entries()) {
  attempts[`code from text ${index}`] = () => {
    build();
    return `text became code`;
  };
}

export const escape = run(async () => {
  const got: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      const result = await attempt();
      if (result !== undefined && result !== null) got[name] = String(result).slice(0, 100);
    } catch {
      // Refused.
    }
  }
  return got;
});
export const attempted = run(() => Object.keys(attempts).length);
