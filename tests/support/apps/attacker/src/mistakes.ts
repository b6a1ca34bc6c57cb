import { run } from '@proven-network/handler';

export const cyclicResult = run(() => {
  const outer: Record<string, unknown> = { inner: [] };
  outer.inner = [outer];
  return outer;
});
export const functionResult = run(() => ({ call: { me: () => 1 } }));
export const symbolResult = run(() => [Symbol('s')]);

export const throwing: Record<string, () => never> = {
  text: () => {
    throw 'just text';
  },
  nothing: () => {
    throw undefined;
  },
  object: () => {
    throw { code: 'FORBIDDEN', message: 'not an Error', host: true };
  },
  hostile: () => {
    throw new Proxy({}, { get: () => { throw new Error('trap'); }, getPrototypeOf: () => { throw new Error('trap'); } });
  },
  pretender: () => {
    throw Object.assign(new Error('not from the node'), { code: 'FORBIDDEN', host: true, details: { a: 1 } });
  },
  getters: () => {
    throw Object.defineProperty(new Error('x'), 'message', { get: () => { throw new Error('trap'); } });
  },
};
export const throws = run((what: string) => throwing[what]());

export const rejectUnhandled = run(() => {
  Promise.reject(new Error('nobody caught this'));
  return 'returned';
});
export const rejectLater = run(() => {
  setTimeout(() => { throw new Error('thrown in a timer'); });
  return new Promise((resolve) => setTimeout(() => resolve('still here'), 20));
});

// Whatever of this works must be gone, or without effect, in the next call.
export const pollute = run(() => {
  const worked: string[] = [];
  const attempt = (name: string, action: () => void) => {
    try {
      action();
      worked.push(name);
    } catch {
      // Refused, as it should be.
    }
  };
  // deno-lint-ignore no-explicit-any
  const world = globalThis as any;
  attempt('Object.prototype', () => { world.Object.prototype.polluted = 'yes'; });
  attempt('__proto__', () => { world.Object.assign(world.Object().__proto__, { polluted: 'yes' }); });
  attempt('Array.prototype.map', () => { world.Array.prototype.map = () => 'stolen'; });
  attempt('Promise.prototype.then', () => { world.Promise.prototype.then = () => 'stolen'; });
  attempt('JSON.stringify', () => { world.JSON.stringify = () => 'stolen'; });
  attempt('Map.prototype.get', () => { Object.defineProperty(Map.prototype, 'get', { value: () => 'stolen' }); });
  attempt('Function.prototype.call', () => { world.Function.prototype.call = () => 'stolen'; });
  attempt('a getter', () => { Object.defineProperty(Object.prototype, 'id', { get: () => 'stolen' }); });
  attempt('a setter', () => { world.Object.prototype.__defineSetter__('identity', () => {}); });
  attempt('setPrototypeOf', () => { Object.setPrototypeOf(Object.prototype, { polluted: 'yes' }); });
  attempt('a generator', () => { Object.getPrototypeOf(function* () {}).prototype.next = () => 'stolen'; });
  attempt('an iterator', () => { Object.getPrototypeOf([][Symbol.iterator]()).next = () => 'stolen'; });
  attempt('a global', () => { world.polluted = 'yes'; });
  attempt('fetch', () => { world.fetch = () => 'stolen'; });
  attempt('console.log', () => { world.console.log = () => {}; });
  attempt('Error.prepareStackTrace', () => { world.Error.prepareStackTrace = () => 'stolen'; });
  attempt('SharedArrayBuffer.prototype', () => {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    Object.getPrototypeOf(buffer).polluted = 'yes';
  });
  attempt('the listeners for what nobody catches', () => {
    const hidden = Object.getOwnPropertySymbols(globalThis).map((key) => world[key]);
    const { listeners } = hidden.find((value) => value?.listeners !== undefined);
    for (const type of Object.keys(listeners)) listeners[type].length = 0;
  });
  return worked;
});
export const traces = run(() => ({
  // deno-lint-ignore no-explicit-any
  polluted: [({} as any).polluted, (globalThis as any).polluted, ({} as any).id],
  map: [1, 2].map((n) => n + 1),
  json: JSON.stringify({ a: 1 }),
  stack: typeof new Error('x').stack,
}));
