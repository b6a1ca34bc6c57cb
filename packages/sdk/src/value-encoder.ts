import { type Bytes, fromHex, utf8 } from './bytes.ts';
import { ARRAY, BYTES, MAP, NINT, TAG, TEXT, UINT } from './cbor.ts';
import { ProvenError } from './errors.ts';
import {
  MAX_BIGINT_BYTES, MAX_BYTES, MAX_DEPTH, MAX_ITEMS, TAG_ARRAY_BUFFER, TAG_DATE, TAG_ERROR, TAG_MAP, TAG_NEGATIVE,
  TAG_POSITIVE, TAG_REGEXP, TAG_SET, TYPED_ARRAYS, tooLarge, tooManyItems,
} from './value-types.ts';

const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** Writes one value. Throws `ProvenError`. */
export class Writer {
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
