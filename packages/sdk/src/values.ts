// JavaScript values as bytes: what structured clone carries, in CBOR. The twin of `proven.wire.values`, which says
// what is written how; `tests/vectors/values.json` pins every form. The decoder takes nothing but what the encoder
// writes.

import { type Bytes, fromHex, fromUtf8, toHex, utf8 } from './bytes.ts';
import { ARRAY, BYTES, MAP, NINT, TAG, TEXT, UINT } from './cbor.ts';
import { ProvenError } from './errors.ts';

export const MAX_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 64;
const MAX_ITEMS = 1_000_000;
const MAX_BIGINT_BYTES = 64 * 1024;
const MAX_DATE_MS = 8.64e15;

const TAG_DATE = 1;
const TAG_POSITIVE = 2;
const TAG_NEGATIVE = 3;
const TAG_REGEXP = 35;
const TAG_SET = 258;
const TAG_MAP = 259;
const TAG_ARRAY_BUFFER = 40100;
const TAG_ERROR = 40101;

type TypedArrayConstructor = { new (buffer: ArrayBuffer): ArrayBufferView; BYTES_PER_ELEMENT: number };

const TYPED_ARRAYS: readonly (readonly [tag: number, name: string])[] = [
  [68, 'Uint8ClampedArray'], [69, 'Uint16Array'], [70, 'Uint32Array'], [71, 'BigUint64Array'], [72, 'Int8Array'],
  [77, 'Int16Array'], [78, 'Int32Array'], [79, 'BigInt64Array'], [84, 'Float16Array'], [85, 'Float32Array'],
  [86, 'Float64Array'],
];
const ERRORS = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
);
const ERROR_FIELDS = ['name', 'message', 'stack', 'code'];
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

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

const tooLarge = (): ProvenError => new ProvenError('TOO_LARGE', `a value is over the limit of ${MAX_BYTES} bytes`);

const tooManyItems = (): ProvenError =>
  new ProvenError('TOO_LARGE', `a value has more than ${MAX_ITEMS} items`);

class Writer {
  #bytes = new Uint8Array(256);
  #position = 0;
  #items = 0;
  readonly #path: (string | number)[] = [];

  bytes(): Bytes {
    return this.#bytes.slice(0, this.#position);
  }

  item(value: unknown, depth: number): void {
    if (++this.#items > MAX_ITEMS) throw tooManyItems();
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'boolean') this.#byte(value ? 0xf5 : 0xf4);
    else if (value === undefined) this.#byte(0xf7);
    else if (value === null) this.#byte(0xf6);
    else if (typeof value === 'bigint') this.#bigint(value);
    else if (typeof value === 'object') this.#object(value, depth);
    else throw this.#unsupported(`is a ${typeof value}, which cannot travel`);
  }

  #reserve(size: number): void {
    const needed = this.#position + size;
    if (needed > MAX_BYTES) throw tooLarge();
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#position++] = value;
  }

  #head(major: number, argument: number): void {
    const type = major << 5;
    if (argument < 24) return this.#byte(type | argument);
    const width = argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8;
    this.#byte(type | (24 + Math.log2(width)));
    this.#reserve(width);
    for (let at = width - 1, rest = argument; at >= 0; at--, rest = Math.floor(rest / 256)) {
      this.#bytes[this.#position + at] = rest % 256;
    }
    this.#position += width;
  }

  #raw(major: number, bytes: Uint8Array): void {
    this.#head(major, bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  #text(value: string): void {
    if (!isWellFormed(value)) throw this.#unsupported('is text with half of a surrogate pair');
    if (value.length > MAX_BYTES) throw tooLarge();
    this.#raw(TEXT, utf8(value));
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value < 0) this.#head(NINT, -1 - value);
      else this.#head(UINT, value);
      return;
    }
    this.#byte(0xfb);
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#position, Number.isNaN(value) ? NaN : value);
    this.#position += 8;
  }

  #bigint(value: bigint): void {
    let hex = (value < 0n ? -1n - value : value).toString(16);
    if (hex === '0') hex = '';
    if (hex.length > 2 * MAX_BIGINT_BYTES) {
      throw this.#unsupported(`is an integer of more than ${MAX_BIGINT_BYTES} bytes`);
    }
    this.#head(TAG, value < 0n ? TAG_NEGATIVE : TAG_POSITIVE);
    this.#raw(BYTES, fromHex(hex.length % 2 ? `0${hex}` : hex));
  }

  #object(value: object, depth: number): void {
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    if (ArrayBuffer.isView(value)) this.#view(value, kind);
    else if (Array.isArray(value)) this.#array(value, depth);
    else if (kind === 'Object') this.#record(value as Record<string, unknown>, depth);
    else if (value instanceof Error || kind === 'Error' || kind === 'DOMException') this.#error(value as Error, depth);
    else if (kind === 'Date') {
      this.#head(TAG, TAG_DATE);
      this.#number((value as Date).getTime() / 1000);
    } else if (kind === 'Map' || kind === 'Set') {
      this.#head(TAG, kind === 'Map' ? TAG_MAP : TAG_SET);
      this.#array([...(value as Set<unknown>)], depth, value);
    } else if (kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer') {
      this.#head(TAG, TAG_ARRAY_BUFFER);
      this.#raw(BYTES, new Uint8Array(value as ArrayBuffer));
    } else if (kind === 'RegExp') {
      this.#head(TAG, TAG_REGEXP);
      this.#text(`/${(value as RegExp).source}/${(value as RegExp).flags}`);
    } else throw this.#unsupported(`is a ${kind}, which cannot travel`);
  }

  #view(value: ArrayBufferView, kind: string): void {
    if (kind !== 'Uint8Array') {
      const tag = TYPED_ARRAYS.find(([, name]) => name === kind)?.[0];
      if (tag === undefined) throw this.#unsupported(`is a ${kind}, which cannot travel`);
      this.#head(TAG, tag);
    }
    this.#raw(BYTES, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  #array(items: readonly unknown[], depth: number, self: object = items): void {
    this.#enter(self, depth);
    if (items.length > MAX_ITEMS) throw tooManyItems();
    this.#head(ARRAY, items.length);
    for (let index = 0; index < items.length; index++) this.#step(index, items[index], depth);
  }

  #record(value: Record<string, unknown>, depth: number): void {
    this.#enter(value, depth);
    const keys = Object.keys(value);
    this.#head(MAP, keys.length);
    for (const key of keys) {
      this.#text(key);
      this.#step(key, value[key], depth);
    }
  }

  #step(step: string | number, value: unknown, depth: number): void {
    this.#path.push(step);
    this.item(value, depth - 1);
    this.#path.pop();
  }

  #error(value: Error, depth: number): void {
    const fields: Record<string, unknown> = { name: String(value.name), message: String(value.message) };
    for (const name of ['stack', 'code'] as const) {
      const text = (value as unknown as Record<string, unknown>)[name];
      if (typeof text === 'string') fields[name] = text;
    }
    this.#head(TAG, TAG_ERROR);
    this.#record(fields, depth);
  }

  #enter(value: object, depth: number): void {
    if (depth > 0) return;
    throw this.#unsupported(
      hasCycle(value) ? 'refers back to itself' : `is nested deeper than ${MAX_DEPTH} levels`,
    );
  }

  #unsupported(problem: string): ProvenError {
    const steps = this.#path.map((step) =>
      typeof step === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)
        ? `.${step}`
        : `[${JSON.stringify(step)}]`);
    const path = `$${steps.join('')}`.slice(0, 200);
    return new ProvenError('UNSUPPORTED_VALUE', `the value at ${path} ${problem}`, { details: { path } });
  }
}

/** Whether something reachable from `value` within a few levels is `value` itself. */
function hasCycle(value: object): boolean {
  const seen = new Set<object>();
  let level = [value];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0 && seen.size < 10_000; depth++) {
    const next: object[] = [];
    for (const item of level) {
      const children: unknown[] = item instanceof Map
        ? [...item].flat()
        : item instanceof Set ? [...item] : Object.values(item);
      for (const child of children) {
        if (child === value) return true;
        if (typeof child === 'object' && child !== null && !seen.has(child)) {
          seen.add(child);
          next.push(child);
        }
      }
    }
    level = next;
  }
  return false;
}

class Reader {
  position = 0;
  #items = 0;
  readonly #data: Uint8Array;
  readonly #view: DataView;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  item(depth: number): unknown {
    if (++this.#items > MAX_ITEMS) throw tooManyItems();
    const initial = this.#view.getUint8(this.position);
    if (initial >> 5 === 7) return this.#simple(initial);
    const [major, argument] = this.#head();
    switch (major) {
      case UINT: return this.#safe(argument, Number.MAX_SAFE_INTEGER);
      case NINT: return -1 - this.#safe(argument, Number.MAX_SAFE_INTEGER - 1);
      case BYTES: return this.#take(argument).slice();
      case TEXT: return fromUtf8(this.#take(argument));
      case ARRAY: return this.#array(argument, depth);
      case MAP: return this.#record(argument, depth);
      default: return this.#tagged(argument, depth);
    }
  }

  #simple(initial: number): unknown {
    this.position++;
    if (initial === 0xfb) {
      const value = this.#view.getFloat64(this.position);
      this.position += 8;
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
        throw new RangeError('an integer that is written as a float');
      }
      return value;
    }
    if (initial === 0xf4) return false;
    if (initial === 0xf5) return true;
    if (initial === 0xf6) return null;
    if (initial === 0xf7) return undefined;
    throw new RangeError('a simple value or a float width that is not allowed');
  }

  #safe(argument: number, limit: number): number {
    if (argument > limit) throw new RangeError('an integer that is no safe number and not tagged as a bigint');
    return argument;
  }

  #head(): [number, number] {
    const initial = this.#view.getUint8(this.position++);
    const major = initial >> 5;
    const info = initial & 31;
    if (info > 27 || major === 7) throw new RangeError('an indefinite length or a form that is not allowed');
    if (info < 24) return [major, info];
    const at = this.position;
    this.position += 2 ** (info - 24);
    let argument: number;
    if (info === 24) argument = this.#view.getUint8(at);
    else if (info === 25) argument = this.#view.getUint16(at);
    else if (info === 26) argument = this.#view.getUint32(at);
    else argument = Number(this.#view.getBigUint64(at));
    if (argument < [24, 0x100, 0x10000, 0x100000000][info - 24]!) {
      throw new RangeError('a length or number that is not in its shortest form');
    }
    return [major, argument];
  }

  #expect(wanted: number): number {
    const [major, argument] = this.#head();
    if (major !== wanted) throw new RangeError('a part of the wrong type');
    return argument;
  }

  #take(length: number): Uint8Array {
    const start = this.position;
    if (length > this.#data.length - start) throw new RangeError('it ends too early');
    this.position += length;
    return this.#data.subarray(start, start + length);
  }

  #enter(leastBytes: number, depth: number): void {
    if (depth === 0) throw new RangeError('nested too deeply');
    if (leastBytes > this.#data.length - this.position) throw new RangeError('it ends too early');
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(length, depth);
    const items: unknown[] = [];
    while (items.length < length) items.push(this.item(depth - 1));
    return items;
  }

  #record(length: number, depth: number): Record<string, unknown> {
    this.#enter(2 * length, depth);
    const record: Record<string, unknown> = {};
    for (let count = 0; count < length; count++) {
      const key = fromUtf8(this.#take(this.#expect(TEXT)));
      if (Object.hasOwn(record, key)) throw new RangeError('the same key twice');
      define(record, key, this.item(depth - 1), true);
    }
    return record;
  }

  #tagged(tag: number, depth: number): unknown {
    switch (tag) {
      case TAG_DATE: return this.#date();
      case TAG_POSITIVE: return this.#magnitude();
      case TAG_NEGATIVE: return -1n - this.#magnitude();
      case TAG_REGEXP: return this.#regexp();
      case TAG_SET: {
        const items = this.#array(this.#expect(ARRAY), depth);
        return distinct(new Set(items), items.length);
      }
      case TAG_MAP: {
        const pairs = this.#array(this.#expect(ARRAY), depth);
        if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
          throw new RangeError('a Map that is not made of pairs');
        }
        return distinct(new Map(pairs as [unknown, unknown][]), pairs.length);
      }
      case TAG_ARRAY_BUFFER: return this.#take(this.#expect(BYTES)).slice().buffer;
      case TAG_ERROR: return this.#error(depth);
      default: return this.#typedArray(tag);
    }
  }

  #date(): Date {
    const seconds = this.item(0);
    if (typeof seconds !== 'number') throw new RangeError('a date that is no number');
    if (Number.isNaN(seconds)) return new Date(NaN);
    const milliseconds = Math.round(seconds * 1000);
    if (Math.abs(seconds) > MAX_DATE_MS / 1000 || milliseconds / 1000 !== seconds) {
      throw new RangeError('a date out of range, or not a whole number of milliseconds');
    }
    return new Date(milliseconds);
  }

  #magnitude(): bigint {
    const bytes = this.#take(this.#expect(BYTES));
    if (bytes.length > MAX_BIGINT_BYTES || bytes[0] === 0) {
      throw new RangeError('a bigint that is too long or has leading zeros');
    }
    return bytes.length ? BigInt(`0x${toHex(bytes)}`) : 0n;
  }

  #regexp(): RegExp {
    const text = fromUtf8(this.#take(this.#expect(TEXT)));
    const slash = text.lastIndexOf('/');
    if (!text.startsWith('/') || slash < 2) throw new RangeError('a regular expression that is not /source/flags');
    return new RegExp(text.slice(1, slash), text.slice(slash + 1));
  }

  #error(depth: number): Error {
    const fields = this.#record(this.#expect(MAP), depth);
    const names = Object.keys(fields);
    if (
      names.join() !== ERROR_FIELDS.filter((name) => name in fields).join() || !('name' in fields) ||
      !('message' in fields) || !names.every((name) => typeof fields[name] === 'string')
    ) throw new RangeError('an error with missing, unknown or unordered fields');
    const { name, message, stack, code } = fields as Record<string, string>;
    const error = new (ERRORS.get(name!) ?? Error)(message);
    if (error.name !== name) define(error, 'name', name);
    define(error, 'stack', stack);
    if (code !== undefined) define(error, 'code', code);
    return error;
  }

  #typedArray(tag: number): ArrayBufferView {
    const name = TYPED_ARRAYS.find(([known]) => known === tag)?.[1];
    if (name === undefined) throw new RangeError(`tag ${tag}, which no value has`);
    const type = (globalThis as Record<string, unknown>)[name] as TypedArrayConstructor | undefined;
    if (type === undefined) throw new RangeError(`a ${name}, which this browser does not have`);
    const bytes = this.#take(this.#expect(BYTES)).slice();
    if (bytes.length % type.BYTES_PER_ELEMENT) throw new RangeError('a typed array that ends inside an element');
    return new type(bytes.buffer);
  }
}

function distinct<T extends { size: number }>(collection: T, size: number): T {
  if (collection.size !== size) throw new RangeError('the same element or key twice');
  return collection;
}

function define(target: object, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable });
}
