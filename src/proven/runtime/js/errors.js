// Errors on their way across the boundary, and what their stacks may show.

import { inspect } from "node:util";
import { Reader, ValueError } from "./values.js";

const MAX_MESSAGE = 8 * 1024;
const MAX_STACK = 16 * 1024;
const OWN_PREFIX = pathOf(import.meta.url.slice(0, import.meta.url.lastIndexOf("/") + 1));

const fromHost = new WeakSet();

// An operation of the host failed. `code` is one of the documented error codes.
export class ProvenError extends Error {
  constructor(record) {
    super(record.message);
    this.code = record.code;
    if (record.details != null) this.details = record.details;
    if (record.retry_after != null) this.retryAfter = record.retry_after;
    fromHost.add(this);
  }
}
Object.defineProperty(ProvenError.prototype, "name", { value: "ProvenError" });
Object.freeze(ProvenError.prototype);
Object.freeze(ProvenError);

export const failureOf = (payload) => new ProvenError(new Reader(payload).value());

const clip = (text, length) => (text.length > length ? `${text.slice(0, length)}…` : text).toWellFormed();

function read(error, key, type = "string") {
  try {
    const value = error[key];
    return typeof value === type ? value : undefined;
  } catch {
    return undefined;
  }
}

// What the host gets to know about something that was thrown. Never throws itself.
export function describe(thrown) {
  if (typeof thrown !== "object" || thrown === null || !isError(thrown)) {
    return {
      name: "Error",
      message: clip(`threw something that is not an Error: ${show(thrown)}`, MAX_MESSAGE),
    };
  }
  const record = {
    name: clip(read(thrown, "name") ?? "Error", 200),
    message: clip(read(thrown, "message") ?? "", MAX_MESSAGE),
  };
  const stack = read(thrown, "stack");
  if (stack !== undefined) record.stack = clip(stack, MAX_STACK);
  const code = read(thrown, "code");
  if (code !== undefined) record.code = clip(code, 200);
  if (fromHost.has(thrown) || thrown instanceof ValueError) {
    record.host = true;
    const retryAfter = read(thrown, "retryAfter", "number");
    if (retryAfter !== undefined) record.retryAfter = retryAfter;
  }
  return record;
}

function isError(value) {
  try {
    return value instanceof Error || value instanceof DOMException;
  } catch {
    return false;
  }
}

function show(value) {
  try {
    return inspect(value, { depth: 2, maxArrayLength: 20, maxStringLength: 500, breakLength: Infinity });
  } catch {
    return typeof value;
  }
}

// The text of `error.stack`: frames of the package only, by their paths in it.
export function prepareStackTrace(error, sites) {
  let header;
  try {
    header = Error.prototype.toString.call(error);
  } catch {
    header = "Error";
  }
  let text = header;
  for (const site of sites) {
    const frame = frameOf(site);
    if (frame !== undefined) text += `\n    at ${frame}`;
  }
  return text;
}

// Modules of the package are known as file:///<path>; engines show that as a URL or as a path.
function pathOf(file) {
  const path = file.startsWith("file://") ? file.slice("file://".length) : file;
  return path.startsWith("/") ? path.slice(1) : undefined;
}

function frameOf(site) {
  const file = site.getFileName();
  const path = typeof file === "string" ? pathOf(file) : undefined;
  if (path === undefined || path.startsWith(OWN_PREFIX)) return undefined;
  const place = `${path}:${site.getLineNumber()}:${site.getColumnNumber()}`;
  const type = site.isToplevel() || site.isConstructor() ? "" : (site.getTypeName() ?? "");
  let name = site.getFunctionName() ?? "";
  if (name && type && type !== "Object" && !name.startsWith(`${type}.`)) name = `${type}.${name}`;
  if (site.isConstructor()) name = `new ${name || "<anonymous>"}`;
  if (site.isAsync()) name = `async ${name || "<anonymous>"}`;
  return name ? `${name} (${place})` : place;
}
