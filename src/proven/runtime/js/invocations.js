// What runs, on whose behalf, and what is still pending. The current invocation follows the code through every
// await and timer (AsyncLocalStorage); once it has ended, whatever is left of it can reach nothing.

import { AsyncLocalStorage } from "node:async_hooks";

const storage = new AsyncLocalStorage();

export class Invocation {
  ended = false;
  timers = undefined;
  calls = undefined;
  consoleLines = 0;
  consoleBytes = 0;
  consoleDropped = 0;

  constructor(id, loading, identity, accounts, origin) {
    this.id = id;
    this.loading = loading;
    this.context = Object.freeze({ identity, accounts: Object.freeze(accounts), origin });
  }
}

export const current = () => storage.getStore();
export const runAs = (invocation, fn) => storage.run(invocation, fn);

// The invocation that is running now. Throws where there is none or it has ended.
export function running() {
  const invocation = storage.getStore();
  if (invocation === undefined) throw new Error("no invocation is running");
  if (invocation.ended) throw new Error("the invocation has ended");
  return invocation;
}
