/** What a node says went wrong: `docs/errors.md` of the product describes each. */
export type NodeErrorCode = 'BAD_REQUEST' | 'BUILD_ERROR' | 'CONFLICT' | 'EVIDENCE_INVALID' | 'FORBIDDEN' | 'HANDLER_ERROR' | 'HANDLER_MEMORY' | 'HANDLER_TIMEOUT' | 'INTERNAL' | 'METHOD_NOT_ALLOWED' | 'MIGRATION_CHANGED' | 'NO_IDENTITY' | 'NOT_FOUND' | 'NOT_OWNER' | 'ORIGIN_DENIED' | 'OVERLOADED' | 'QUOTA_EXCEEDED' | 'REQUEST_TIMEOUT' | 'SESSION_CLOSED' | 'SQL_DENIED' | 'SQL_ERROR' | 'STORAGE_FULL' | 'TOO_LARGE' | 'UNAUTHENTICATED' | 'UNAVAILABLE' | 'UNSUPPORTED_VALUE';
/**
 * What only this side can say:
 * - `CALL_INTERRUPTED`: the connection was lost after the call may have been sent; it may have been carried out.
 * - `CANCELLED`: the person closed the sign-in.
 * - `NOT_ALLOWED`, `UNSUPPORTED`: of the sign-in: the person or browser refused, or cannot do it.
 * - `CLOSED`: `close()` was called.
 */
export type LocalErrorCode = 'CALL_INTERRUPTED' | 'CANCELLED' | 'NOT_ALLOWED' | 'UNSUPPORTED' | 'CLOSED';
export type ErrorCode = NodeErrorCode | LocalErrorCode;
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
export declare class ProvenError extends Error {
    readonly name = "ProvenError";
    readonly code: ErrorCode;
    readonly details?: ErrorDetails;
    readonly retryAfter?: number;
    /** Of an error of a call: the code that was to answer it. What the node itself refuses has none. */
    source?: Source;
    constructor(code: ErrorCode, message: string, options?: ErrorOptions);
    /** Read the error record of a peer; what is malformed becomes `INTERNAL` and not another exception. */
    static fromRecord(record: unknown, source?: Source | null): ProvenError;
}
/** The error itself if it is one of ours, else `code` with the original as its cause. */
export declare function asProvenError(error: unknown, code?: ErrorCode): ProvenError;
