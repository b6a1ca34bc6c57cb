// Deterministic CBOR (RFC 8949 §4.2.1) for protocol messages: one value, one encoding. The decoder accepts what
// `proven.wire.cbor` produces and nothing else: no tags, indefinite lengths or other encodings of the same value.

import { type Bytes, concat, fromUtf8, utf8 } from './bytes.ts';
import { ProvenError } from './errors.ts';

/** What `decode` returns. An integer beyond what a number holds exactly is a bigint. */
export type Item = number | bigint | string | boolean | null | Bytes | Item[] | Map<number | string, Item>;

/** What `encode` takes: safe integers only; fields that are undefined are left out. */
export type Encodable =
  | number | string | boolean | null | Uint8Array | readonly Encodable[] | ReadonlyMap<number | string, Encodable>
  | { readonly [name: string]: Encodable | undefined };

export const UINT = 0;
export const NINT = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;

/** The initial byte and argument of an item, in the shortest form. */
export function head(major: number, argument: number): Bytes {
  const type = major << 5;
  if (argument < 24) return Uint8Array.of(type | argument);
  if (argument < 0x100) return Uint8Array.of(type | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(type | 25, argument >>> 8, argument);
  const wide = argument > 0xffffffff;
  const bytes = new Uint8Array(wide ? 9 : 5);
  const view = new DataView(bytes.buffer);
  bytes[0] = type | (wide ? 27 : 26);
  if (wide) view.setUint32(1, Math.floor(argument / 0x100000000));
  view.setUint32(wide ? 5 : 1, argument >>> 0);
  return bytes;
}

export function encode(value: Encodable): Bytes {
  if (typeof value === 'string') {
    const text = utf8(value);
    return concat(head(TEXT, text.length), text);
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('a number that has no place in a protocol message');
    return value < 0 ? head(NINT, -1 - value) : head(UINT, value);
  }
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value instanceof Uint8Array) return concat(head(BYTES, value.length), value);
  if (Array.isArray(value)) return concat(head(ARRAY, value.length), ...value.map(encode));
  const pairs = value instanceof Map ? [...value] : Object.entries(value).filter(([, item]) => item !== undefined);
  const entries = pairs.map(([key, item]) => [encode(key), encode(item)] as const).sort(([a], [b]) => compare(a, b));
  return concat(head(MAP, entries.length), ...entries.flat());
}

/**
 * The one item that fills `data`, nested at most `maxDepth` deep. Throws `ProvenError`: `TOO_LARGE` above `maxBytes`,
 * `BAD_REQUEST` for everything that `encode` would not have written.
 */
export function decode(data: Uint8Array, { maxBytes, maxDepth = 16 }: { maxBytes: number; maxDepth?: number }): Item {
  if (data.length > maxBytes) {
    throw new ProvenError('TOO_LARGE', `a message of ${data.length} bytes is over the limit of ${maxBytes}`);
  }
  const reader = new Reader(data);
  try {
    const item = reader.item(maxDepth);
    reader.end();
    return item;
  } catch (error) {
    throw new ProvenError('BAD_REQUEST', `malformed CBOR: ${error instanceof Error ? error.message : error}`);
  }
}

/** Reads items one after the other; throws a `RangeError` or `TypeError` where that is not possible. */
export class Reader {
  position = 0;
  /** How many floats were read: an integral one is a number like an integer. */
  floats = 0;
  readonly #data: Uint8Array;
  readonly #view: DataView;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** The next byte, not consumed; -1 at the end. */
  peek(): number {
    return this.#data[this.position] ?? -1;
  }

  end(): void {
    if (this.position !== this.#data.length) throw new RangeError('bytes after the end of the item');
  }

  /** The major type and argument of an item that is no simple value. */
  head(): [number, number | bigint] {
    const initial = this.#take(1)[0]!;
    const info = initial & 31;
    if (initial >> 5 === 7 || info > 27) throw new RangeError('a simple value or length that is not allowed');
    return [initial >> 5, info < 24 ? info : this.#argument(info)];
  }

  item(depth: number): Item {
    const initial = this.peek();
    if (initial >= 0xf4 && initial <= 0xf6) {
      this.position++;
      return initial === 0xf6 ? null : initial === 0xf5;
    }
    if (initial >= 0xf9 && initial <= 0xfb) return this.#float();
    const [major, argument] = this.head();
    if (major === UINT) return argument;
    if (major === NINT) return typeof argument === 'bigint' ? -1n - argument : -1 - argument;
    if (major === TAG) throw new RangeError('a tag, which no message has');
    const size = Number(argument);
    if (major === BYTES) return this.#take(size).slice();
    if (major === TEXT) return fromUtf8(this.#take(size));
    if (depth === 0) throw new RangeError('nested too deeply');
    if ((major === MAP ? 2 * size : size) > this.#data.length - this.position) throw new RangeError('it ends too early');
    return major === MAP ? this.#map(size, depth) : this.#array(size, depth);
  }

  #take(size: number): Bytes {
    const start = this.position;
    if (size > this.#data.length - start) throw new RangeError('it ends too early');
    this.position += size;
    return this.#data.subarray(start, start + size) as Bytes;
  }

  #argument(info: number): number | bigint {
    const at = this.position;
    this.#take(2 ** (info - 24));
    let argument: number | bigint;
    if (info === 24) argument = this.#view.getUint8(at);
    else if (info === 25) argument = this.#view.getUint16(at);
    else if (info === 26) argument = this.#view.getUint32(at);
    else argument = this.#view.getBigUint64(at);
    if (argument < [24, 0x100, 0x10000, 0x100000000][info - 24]!) {
      throw new RangeError('a length or number that is not in its shortest form');
    }
    return argument <= Number.MAX_SAFE_INTEGER ? Number(argument) : argument;
  }

  #array(size: number, depth: number): Item[] {
    const items: Item[] = [];
    while (items.length < size) items.push(this.item(depth - 1));
    return items;
  }

  #map(size: number, depth: number): Map<number | string, Item> {
    const entries = new Map<number | string, Item>();
    let previous = new Uint8Array(0);
    for (let count = 0; count < size; count++) {
      const start = this.position;
      const major = this.peek() >> 5;
      if (major !== UINT && major !== NINT && major !== TEXT) throw new RangeError('a key that is no integer or text');
      const key = this.item(0);
      const encoded = this.#data.slice(start, this.position);
      if (compare(previous, encoded) >= 0) throw new RangeError('duplicate or unordered map keys');
      previous = encoded;
      entries.set(key as number | string, this.item(depth - 1));
    }
    return entries;
  }

  #float(): number {
    this.floats++;
    const width = { 0xf9: 2, 0xfa: 4, 0xfb: 8 }[this.#take(1)[0]!]!;
    const at = this.position;
    this.#take(width);
    const value = width === 2
      ? halfFloat(this.#view.getUint16(at))
      : width === 4 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
    const shortest = Number.isNaN(value)
      ? width === 2 && this.#view.getUint16(at) === 0x7e00
      : width === 2 || (width === 4 ? !isHalfFloat(value) : Math.fround(value) !== value);
    if (!shortest) throw new RangeError('a number that is not in its shortest form');
    return value;
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}

/** Whether a number of 32 bits fits into one of 16. */
function isHalfFloat(value: number): boolean {
  const size = Math.abs(value);
  if (size === 0 || size === Infinity) return true;
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, size);
  const exponent = Math.max((view.getUint32(0) >>> 23) - 127, -14);
  return size <= 65504 && Number.isInteger(size * 2 ** (10 - exponent));
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  }
  return a.length - b.length;
}
