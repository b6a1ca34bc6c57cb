// What both directions of `values` know: limits, and the tags of the types that CBOR has none for.

import { ProvenError } from './errors.ts';

export const MAX_BYTES = 8 * 1024 * 1024;
export const MAX_DEPTH = 64;
export const MAX_ITEMS = 1_000_000;
export const MAX_BIGINT_BYTES = 64 * 1024;

export const TAG_DATE = 1;
export const TAG_POSITIVE = 2;
export const TAG_NEGATIVE = 3;
export const TAG_REGEXP = 35;
export const TAG_SET = 258;
export const TAG_MAP = 259;
export const TAG_ARRAY_BUFFER = 40100;
export const TAG_ERROR = 40101;

export const TYPED_ARRAYS: readonly (readonly [tag: number, name: string])[] = [
  [68, 'Uint8ClampedArray'], [69, 'Uint16Array'], [70, 'Uint32Array'], [71, 'BigUint64Array'], [72, 'Int8Array'],
  [77, 'Int16Array'], [78, 'Int32Array'], [79, 'BigInt64Array'], [84, 'Float16Array'], [85, 'Float32Array'],
  [86, 'Float64Array'],
];

export const tooLarge = (): ProvenError => new ProvenError('TOO_LARGE', `a value is over the limit of ${MAX_BYTES} bytes`);

export const tooManyItems = (): ProvenError =>
  new ProvenError('TOO_LARGE', `a value has more than ${MAX_ITEMS} items`);
