// DER (X.690), strictly and only as far as certificates of attestation platforms need it.

import { type Bytes } from '../bytes.ts';

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OID = 0x06;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** An element: its tag, its contents, and all of it as it was written. */
export interface Element {
  readonly tag: number;
  readonly contents: Bytes;
  readonly encoded: Bytes;
}

/** Reads elements one after the other. Throws a `RangeError` for what is not DER, or not what was asked for. */
export class DerReader {
  #position = 0;
  readonly #data: Bytes;

  constructor(data: Bytes) {
    this.#data = data;
  }

  get atEnd(): boolean {
    return this.#position === this.#data.length;
  }

  /** The next tag; -1 at the end. */
  peek(): number {
    return this.#data[this.#position] ?? -1;
  }

  next(tag: number): Element {
    const start = this.#position;
    if (this.peek() !== tag) throw new RangeError(`tag ${this.peek()} in place of ${tag}`);
    this.#position++;
    const length = this.#length();
    const from = this.#position;
    if (length > this.#data.length - from) throw new RangeError('an element that ends too early');
    this.#position += length;
    const encoded = this.#data.subarray(start, this.#position);
    return { tag, contents: this.#data.subarray(from, this.#position), encoded };
  }

  /** The elements inside the next one. */
  enter(tag = SEQUENCE): DerReader {
    return new DerReader(this.next(tag).contents);
  }

  end(): void {
    if (!this.atEnd) throw new RangeError('bytes after the last element');
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const width = first & 0x7f;
    if (width < 1 || width > 2) throw new RangeError('a length that is indefinite or too long');
    let length = 0;
    for (let count = 0; count < width; count++) length = length * 256 + this.#byte();
    if (length < (width === 1 ? 0x80 : 0x100)) throw new RangeError('a length that is not in its shortest form');
    return length;
  }

  #byte(): number {
    const byte = this.#data[this.#position++];
    if (byte === undefined) throw new RangeError('an element that ends too early');
    return byte;
  }
}

/** An unsigned integer of at most `size` bytes, padded to that. */
export function unsigned({ contents }: Element, size: number): Bytes {
  const padded = contents[0] === 0;
  if (contents.length === 0 || contents[0]! & 0x80 || (padded && contents.length > 1 && !(contents[1]! & 0x80))) {
    throw new RangeError('an integer that is negative or not in its shortest form');
  }
  const magnitude = padded ? contents.subarray(1) : contents;
  if (magnitude.length > size) throw new RangeError('an integer that is too large');
  const bytes = new Uint8Array(size);
  bytes.set(magnitude, size - magnitude.length);
  return bytes;
}

/** The bytes of a bit string of whole bytes. */
export function wholeBytes({ contents }: Element): Bytes {
  if (contents[0] !== 0) throw new RangeError('a bit string that does not end with a byte');
  return contents.subarray(1);
}

export function boolean({ contents }: Element): boolean {
  if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff)) throw new RangeError('not a boolean');
  return contents[0] === 0xff;
}

/** Milliseconds since 1970 of a time to the second in UTC (RFC 5280 §4.1.2.5). */
export function time({ tag, contents }: Element): number {
  const text = String.fromCharCode(...contents);
  const match = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null || match[1]!.length !== (tag === UTC_TIME ? 2 : 4)) throw new RangeError('not a time');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number, number, number, number, number, number,
  ];
  const fullYear = tag === UTC_TIME ? year + (year < 50 ? 2000 : 1900) : year;
  const milliseconds = Date.UTC(fullYear, month - 1, day, hour, minute, second);
  const canonical = new Date(milliseconds).toISOString().replace(/[-T:]|\.000/g, '').slice(tag === UTC_TIME ? 2 : 0);
  if (canonical !== text) throw new RangeError('not a time');
  return milliseconds;
}

/** The bytes of an object identifier. */
export function identifier({ contents }: Element): Bytes {
  const starts = contents.map((_, index) => Number(index === 0 || contents[index - 1]! < 0x80));
  if (contents.length === 0 || contents.at(-1)! >= 0x80 || contents.some((byte, index) => starts[index] && byte === 0x80)) {
    throw new RangeError('not an object identifier');
  }
  return contents;
}
