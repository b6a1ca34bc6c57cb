import type { Bytes } from './bytes.ts';
/**
 * Throws `ProvenError`: `UNSUPPORTED_VALUE`, saying where, for what has no structured-clone form and for cycles;
 * `TOO_LARGE` above 8 MiB or a million items.
 */
export declare function encodeValue(value: unknown): Bytes;
/** The value whose encoding is `data`. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export declare function decodeValue(data: Uint8Array): unknown;
