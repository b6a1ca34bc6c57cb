// Timers that end with the invocation that set them.

import { current, runAs } from "./invocations.js";

const MAX_TIMERS = 10_000; // per invocation, and for top-level code

export function createTimers(native, onError) {
  let last = 0;
  const handles = new Map();
  const topLevel = new Set();

  const ownersOf = (invocation) => (invocation === undefined ? topLevel : (invocation.timers ??= new Set()));

  function start(set, repeat, callback, delay, args) {
    if (typeof callback !== "function") throw new TypeError("a timer's callback is a function");
    // What top-level code sets goes on without any invocation.
    const now = current();
    const invocation = now?.loading ? undefined : now;
    if (invocation?.ended) throw new Error("the invocation has ended");
    const owned = ownersOf(invocation);
    if (owned.size >= MAX_TIMERS) throw new RangeError(`more than ${MAX_TIMERS} timers`);
    const id = ++last;
    const fire = () => {
      if (!repeat) forget(id);
      try {
        callback(...args);
      } catch (error) {
        onError(error);
      }
    };
    handles.set(id, { handle: set(() => runAs(invocation, fire), delay), owned, repeat });
    owned.add(id);
    return id;
  }

  function forget(id) {
    const timer = handles.get(id);
    if (timer === undefined) return;
    handles.delete(id);
    timer.owned.delete(id);
    (timer.repeat ? native.clearInterval : native.clearTimeout)(timer.handle);
  }

  // The engine's own does not fire while the process only waits for the node, and would outlive the invocation.
  AbortSignal.timeout = function timeout(milliseconds) {
    const controller = new AbortController();
    const expire = () => controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
    start(native.setTimeout, false, expire, milliseconds, []);
    return controller.signal;
  };

  return {
    globals: {
      setTimeout: (callback, delay, ...args) => start(native.setTimeout, false, callback, delay, args),
      setInterval: (callback, delay, ...args) => start(native.setInterval, true, callback, delay, args),
      clearTimeout: (id) => forget(id),
      clearInterval: (id) => forget(id),
    },
    end(invocation) {
      if (invocation.timers !== undefined) { for (const id of [...invocation.timers]) forget(id); }
    },
  };
}
