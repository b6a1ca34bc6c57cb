import { fromUtf8, toHex } from './bytes.ts';
import { ARRAY, BYTES, MAP, NINT, TEXT, UINT } from './cbor.ts';
import {
  MAX_BIGINT_BYTES, MAX_ITEMS, TAG_ARRAY_BUFFER, TAG_DATE, TAG_ERROR, TAG_MAP, TAG_NEGATIVE, TAG_POSITIVE, TAG_REGEXP,
  TAG_SET, TYPED_ARRAYS, tooManyItems,
} from './value-types.ts';

const MAX_DATE_MS = 8.64e15;
const ERRORS = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
);
const ERROR_FIELDS = ['name', 'message', 'stack', 'code'];

type TypedArrayConstructor = { new (buffer: ArrayBuffer): ArrayBufferView; BYTES_PER_ELEMENT: number };

/** Reads one value from its encoding. Throws `ProvenError` or, for what is no encoding, `RangeError`. */
export class Reader {
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
