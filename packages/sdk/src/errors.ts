// The one error that this package throws, and its codes.

/** What a node says went wrong: `docs/errors.md` of the product describes each. */
export type NodeErrorCode =
  | 'BAD_REQUEST' | 'BUILD_ERROR' | 'CONFLICT' | 'EVIDENCE_INVALID' | 'FORBIDDEN' | 'HANDLER_ERROR'
  | 'HANDLER_MEMORY' | 'HANDLER_TIMEOUT' | 'INTERNAL' | 'METHOD_NOT_ALLOWED' | 'MIGRATION_CHANGED'
  | 'NO_IDENTITY' | 'NOT_FOUND' | 'NOT_OWNER' | 'ORIGIN_DENIED' | 'OVERLOADED' | 'QUOTA_EXCEEDED'
  | 'REQUEST_TIMEOUT' | 'SESSION_CLOSED' | 'SQL_DENIED' | 'SQL_ERROR' | 'STORAGE_FULL' | 'TOO_LARGE'
  | 'UNAUTHENTICATED' | 'UNAVAILABLE' | 'UNSUPPORTED_VALUE';

/**
 * What only this side can say:
 * - `CALL_INTERRUPTED`: the connection was lost after the call may have been sent; it may have been carried out.
 * - `CANCELLED`: the person closed the sign-in.
 * - `NOT_ALLOWED`, `UNSUPPORTED`: of the sign-in: the person or browser refused, or cannot do it.
 * - `CLOSED`: `close()` was called.
 */
export type LocalErrorCode = 'CALL_INTERRUPTED' | 'CANCELLED' | 'NOT_ALLOWED' | 'UNSUPPORTED' | 'CLOSED';

export type ErrorCode = NodeErrorCode | LocalErrorCode;

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'BAD_REQUEST', 'BUILD_ERROR', 'CONFLICT', 'EVIDENCE_INVALID', 'FORBIDDEN', 'HANDLER_ERROR', 'HANDLER_MEMORY',
  'HANDLER_TIMEOUT', 'INTERNAL', 'METHOD_NOT_ALLOWED', 'MIGRATION_CHANGED', 'NO_IDENTITY', 'NOT_FOUND', 'NOT_OWNER',
  'ORIGIN_DENIED', 'OVERLOADED', 'QUOTA_EXCEEDED', 'REQUEST_TIMEOUT', 'SESSION_CLOSED', 'SQL_DENIED', 'SQL_ERROR',
  'STORAGE_FULL', 'TOO_LARGE', 'UNAUTHENTICATED', 'UNAVAILABLE', 'UNSUPPORTED_VALUE', 'CALL_INTERRUPTED', 'CANCELLED',
  'NOT_ALLOWED', 'UNSUPPORTED', 'CLOSED',
]);

export type ErrorDetails = Readonly<Record<string, unknown>>;

/** A package, and the entry of the log that made it live. */
export interface Source {
  readonly packageId: string;
  readonly logIndex: number;
}

export interface ErrorOptions {
  details?: ErrorDetails | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/**
 * Something that went wrong. `code` never changes its meaning and is for programs, `message` is a sentence for a
 * person, `retryAfter` is in seconds.
 */
export class ProvenError extends Error {
  override readonly name = 'ProvenError';
  readonly code: ErrorCode;
  readonly details?: ErrorDetails;
  readonly retryAfter?: number;
  /** Of an error of a call: the code that was to answer it. What the node itself refuses has none. */
  source?: Source;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.details !== undefined) this.details = options.details;
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }

  /** Read the error record of a peer; what is malformed becomes `INTERNAL` and not another exception. */
  static fromRecord(record: unknown, source: Source | null = null): ProvenError {
    const fields = record instanceof Map ? Object.fromEntries(record) : record;
    if (typeof fields !== 'object' || fields === null) {
      return new ProvenError('INTERNAL', 'the node sent an error that is not a record');
    }
    const { code, message, details, retry_after: retryAfter } = fields as Record<string, unknown>;
    const error = new ProvenError(
      typeof code === 'string' && CODES.has(code) ? (code as ErrorCode) : 'INTERNAL',
      typeof message === 'string' ? message.slice(0, 4096) : String(code).slice(0, 64),
      {
        details: typeof details === 'object' && details !== null ? (plain(details) as ErrorDetails) : undefined,
        retryAfter: typeof retryAfter === 'number' ? retryAfter : undefined,
      },
    );
    if (source !== null) error.source = source;
    return error;
  }
}

/** Maps of the wire as plain objects, all the way down. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]));
}

/** The error itself if it is one of ours, else `code` with the original as its cause. */
export function asProvenError(error: unknown, code: ErrorCode = 'INTERNAL'): ProvenError {
  if (error instanceof ProvenError) return error;
  return new ProvenError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
