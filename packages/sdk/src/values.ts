// JavaScript values as bytes: what structured clone carries, in CBOR. The twin of `proven.wire.values`, which says
// what is written how; `tests/vectors/values.json` pins every form. The decoder takes nothing but what the encoder
// writes.

import type { Bytes } from './bytes.ts';
import { ProvenError } from './errors.ts';
import { Reader } from './value-decoder.ts';
import { Writer } from './value-encoder.ts';
import { MAX_BYTES, MAX_DEPTH, tooLarge } from './value-types.ts';

/**
 * Throws `ProvenError`: `UNSUPPORTED_VALUE`, saying where, for what has no structured-clone form and for cycles;
 * `TOO_LARGE` above 8 MiB or a million items.
 */
export function encodeValue(value: unknown): Bytes {
  const writer = new Writer();
  writer.item(value, MAX_DEPTH);
  return writer.bytes();
}

/** The value whose encoding is `data`. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export function decodeValue(data: Uint8Array): unknown {
  if (data.length > MAX_BYTES) throw tooLarge();
  const reader = new Reader(data);
  try {
    const value = reader.item(MAX_DEPTH);
    if (reader.position !== data.length) throw new RangeError('bytes after its end');
    return value;
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    throw new ProvenError('BAD_REQUEST', `malformed value: ${error instanceof Error ? error.message : error}`);
  }
}
