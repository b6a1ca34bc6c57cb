// `console`, bounded: what an invocation writes beyond the bound is counted and not even formatted.

import { formatWithOptions } from "node:util";
import { current } from "./invocations.js";

const MAX_LINES = 1_000;
const MAX_BYTES = 256 * 1024;
const MAX_LINE = 16 * 1024;
const FORMAT = Object.freeze({
  depth: 4,
  colors: false,
  maxArrayLength: 100,
  maxStringLength: MAX_LINE,
  breakLength: 120,
});

// Bounds what runs outside any invocation (left-over callbacks); it is never reset.
const stray = { id: 0, consoleLines: 0, consoleBytes: 0, consoleDropped: 0, ended: false };

export function createConsole(send, now) {
  function write(level, args) {
    const owner = current() ?? stray;
    if (!owner.ended) writeFor(owner, level, args);
  }

  function writeFor(owner, level, args) {
    if (owner.consoleLines >= MAX_LINES || owner.consoleBytes >= MAX_BYTES) {
      owner.consoleDropped++;
      return;
    }
    const indent = "  ".repeat(Math.min(owner.consoleIndent ?? 0, 20));
    let text = indent + format(args);
    if (text.length > MAX_LINE) text = `${text.slice(0, MAX_LINE)}…`;
    text = text.toWellFormed();
    owner.consoleLines++;
    owner.consoleBytes += text.length;
    send(owner.id, level, text, 0);
  }

  function format(args) {
    if (args.length === 1 && typeof args[0] === "string") return args[0];
    try {
      return formatWithOptions(
        FORMAT,
        ...args.map((arg) => (typeof arg === "string" ? arg.slice(0, MAX_LINE) : arg)),
      );
    } catch (error) {
      return `[cannot be shown: ${describe(error)}]`;
    }
  }

  const perInvocation = (name) => {
    const owner = current() ?? stray;
    return (owner[name] ??= new Map());
  };
  const elapsed = (label) => {
    const start = perInvocation("consoleTimers").get(label);
    return start === undefined ? undefined : `${label}: ${(now() - start).toFixed(3)}ms`;
  };
  const indentBy = (step) => {
    const owner = current() ?? stray;
    owner.consoleIndent = Math.max(0, (owner.consoleIndent ?? 0) + step);
  };

  const console = {
    log: (...args) => write("log", args),
    info: (...args) => write("info", args),
    warn: (...args) => write("warn", args),
    error: (...args) => write("error", args),
    debug: (...args) => write("debug", args),
    trace: (...args) => write("error", [new Error(args.length ? format(args) : "trace").stack]),
    dir: (value) => write("log", [value]),
    dirxml: (...args) => write("log", args),
    table: (value) => write("log", [value]),
    assert(condition, ...args) {
      if (!condition) write("error", ["Assertion failed", ...args]);
    },
    count(label = "default") {
      const counts = perInvocation("consoleCounts");
      counts.set(label, (counts.get(label) ?? 0) + 1);
      write("log", [`${label}: ${counts.get(label)}`]);
    },
    countReset: (label = "default") => void perInvocation("consoleCounts").delete(label),
    time: (label = "default") => void perInvocation("consoleTimers").set(label, now()),
    timeLog(label = "default", ...args) {
      const text = elapsed(label);
      if (text !== undefined) write("log", [text, ...args]);
    },
    timeEnd(label = "default") {
      const text = elapsed(label);
      if (text !== undefined) write("log", [text]);
      perInvocation("consoleTimers").delete(label);
    },
    group(...args) {
      if (args.length) write("log", args);
      indentBy(1);
    },
    groupEnd: () => indentBy(-1),
    clear() {},
  };
  console.groupCollapsed = console.group;
  return {
    console,
    // Something failed where nobody could catch it: the app's log gets to know, whatever became of the invocation.
    report(what, error) {
      const owner = current() ?? stray;
      writeFor(owner.ended ? stray : owner, "error", [what, error]);
    },
    end(invocation) {
      if (invocation.consoleDropped > 0) {
        const lines = invocation.consoleDropped;
        invocation.consoleDropped = 0;
        send(invocation.id, "warn", `${lines} more console lines were dropped`, lines);
      }
    },
  };
}

function describe(error) {
  try {
    return String(error?.message ?? error);
  } catch {
    return "unknown error";
  }
}
