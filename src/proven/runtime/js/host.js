// What API modules get as `host`: calls to the node, the current invocation's context, and registration.

import { Reader } from "./values.js";
import { TO_HOST } from "./frames.js";
import { current, running } from "./invocations.js";
import { failureOf, ProvenError } from "./errors.js";

const NO_CONTEXT = Object.freeze({ identity: undefined, accounts: Object.freeze([]), origin: undefined });

class Failure {
  constructor(payload) {
    this.payload = payload;
  }
}

export function createHost({ frames, streams, syncChannel, handlers }) {
  const pending = new Map(); // number of the call → {resolve, invocation}
  const registrations = [];
  let lastCall = 0;

  function begin(op, args) {
    const invocation = running();
    const id = ++lastCall;
    frames.send(TO_HOST.CALL, id, (writer) => {
      writer.reserve(4);
      writer.view.setUint32(writer.position, invocation.id, true);
      writer.position += 4;
      writer.value([op, args], (stream) => streams.send(stream, invocation, () => {}));
    });
    return new Promise((resolve) => {
      pending.set(id, { resolve, invocation });
      (invocation.calls ??= new Set()).add(id);
    });
  }

  function settle(id, outcome) {
    const call = pending.get(id);
    if (call === undefined) return;
    pending.delete(id);
    call.invocation.calls.delete(id);
    call.resolve(outcome());
  }

  const host = Object.freeze({
    // Ask the node for `op`. Rejects with a ProvenError that has a code.
    async call(op, ...args) {
      const outcome = await begin(op, args);
      if (outcome instanceof Failure) throw failureOf(outcome.payload);
      return outcome;
    },

    // The same, and nothing of this process runs until the answer is there. For short, pure operations.
    callSync(op, ...args) {
      const answer = syncChannel(running().id, [op, args]);
      const reader = new Reader(answer.subarray(1));
      if (answer[0] !== 0) throw new ProvenError(reader.value());
      return reader.value();
    },

    // {identity, accounts, origin} of the invocation that is running.
    context() {
      const invocation = running();
      return invocation.loading ? NO_CONTEXT : invocation.context;
    },

    // Make `fn` callable from outside as a handler of `kind`. What the node goes by are the options in the manifest.
    registerHandler(kind, options, fn) {
      if (typeof fn !== "function") throw new TypeError("a handler is made of a function");
      const handler = { [fn.name]: (...args) => fn(...args) }[fn.name];
      handlers.set(handler, { kind, fn });
      return handler;
    },

    // Tell the node something that holds for every invocation. For top-level code only.
    register(topic, value) {
      if (!current()?.loading || current().ended) {
        throw new Error("this can only be done by a module's top-level code, not by a handler");
      }
      registrations.push([topic, value]);
    },
  });

  return {
    host,
    registrations,
    onResult: (id, payload) =>
      settle(id, () => {
        try {
          return new Reader(payload, streams.open).value();
        } catch (error) {
          return Promise.reject(error);
        }
      }),
    onFailure: (id, payload) => settle(id, () => new Failure(payload.slice())),
    // Nobody will hear about the calls of an invocation that has ended; what waits for them never goes on.
    end(invocation) {
      if (invocation.calls !== undefined) { for (const id of invocation.calls) pending.delete(id); }
    },
  };
}
