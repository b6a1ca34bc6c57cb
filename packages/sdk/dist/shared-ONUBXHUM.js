// src/errors.ts
var CODES = /* @__PURE__ */ new Set([
  "BAD_REQUEST",
  "BUILD_ERROR",
  "CONFLICT",
  "EVIDENCE_INVALID",
  "FORBIDDEN",
  "HANDLER_ERROR",
  "HANDLER_MEMORY",
  "HANDLER_TIMEOUT",
  "INTERNAL",
  "METHOD_NOT_ALLOWED",
  "MIGRATION_CHANGED",
  "NO_IDENTITY",
  "NOT_FOUND",
  "NOT_OWNER",
  "ORIGIN_DENIED",
  "OVERLOADED",
  "QUOTA_EXCEEDED",
  "REQUEST_TIMEOUT",
  "SESSION_CLOSED",
  "SQL_DENIED",
  "SQL_ERROR",
  "STORAGE_FULL",
  "TOO_LARGE",
  "UNAUTHENTICATED",
  "UNAVAILABLE",
  "UNSUPPORTED_VALUE",
  "CALL_INTERRUPTED",
  "CANCELLED",
  "NOT_ALLOWED",
  "UNSUPPORTED",
  "CLOSED"
]);
var ProvenError = class _ProvenError extends Error {
  name = "ProvenError";
  code;
  details;
  retryAfter;
  /** Of an error of a call: the code that was to answer it. What the node itself refuses has none. */
  source;
  constructor(code, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code;
    if (options.details !== void 0) this.details = options.details;
    if (options.retryAfter !== void 0) this.retryAfter = options.retryAfter;
  }
  /** Read the error record of a peer; what is malformed becomes `INTERNAL` and not another exception. */
  static fromRecord(record, source = null) {
    const fields = record instanceof Map ? Object.fromEntries(record) : record;
    if (typeof fields !== "object" || fields === null) {
      return new _ProvenError("INTERNAL", "the node sent an error that is not a record");
    }
    const { code, message, details, retry_after: retryAfter } = fields;
    const error = new _ProvenError(
      typeof code === "string" && CODES.has(code) ? code : "INTERNAL",
      typeof message === "string" ? message.slice(0, 4096) : String(code).slice(0, 64),
      {
        details: typeof details === "object" && details !== null ? plain(details) : void 0,
        retryAfter: typeof retryAfter === "number" ? retryAfter : void 0
      }
    );
    if (source !== null) error.source = source;
    return error;
  }
};
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]));
}
function asProvenError(error, code = "INTERNAL") {
  if (error instanceof ProvenError) return error;
  return new ProvenError(code, error instanceof Error ? error.message : String(error), { cause: error });
}

export {
  ProvenError,
  asProvenError
};
