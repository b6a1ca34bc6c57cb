import {
  ProvenError
} from "./shared-ONUBXHUM.js";

// src/bytes.ts
var encoder = new TextEncoder();
var decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
var BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
var utf8 = (text) => encoder.encode(text);
var fromUtf8 = (bytes) => decoder.decode(bytes);
var randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));
function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
var equal = (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]);
var toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
function fromHex(text) {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new TypeError("not hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
function toBase32(bytes) {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[held >> bits - 5 & 31];
    held &= (1 << bits) - 1;
  }
  return bits ? text + BASE32[held << 5 - bits & 31] : text;
}
function uint64(value) {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(value / 4294967296));
  view.setUint32(4, value >>> 0);
  return bytes;
}

// src/cbor.ts
var UINT = 0;
var NINT = 1;
var BYTES = 2;
var TEXT = 3;
var ARRAY = 4;
var MAP = 5;
var TAG = 6;
function head(major, argument) {
  const type = major << 5;
  if (argument < 24) return Uint8Array.of(type | argument);
  if (argument < 256) return Uint8Array.of(type | 24, argument);
  if (argument < 65536) return Uint8Array.of(type | 25, argument >>> 8, argument);
  const wide = argument > 4294967295;
  const bytes = new Uint8Array(wide ? 9 : 5);
  const view = new DataView(bytes.buffer);
  bytes[0] = type | (wide ? 27 : 26);
  if (wide) view.setUint32(1, Math.floor(argument / 4294967296));
  view.setUint32(wide ? 5 : 1, argument >>> 0);
  return bytes;
}
function encode(value) {
  if (typeof value === "string") {
    const text = utf8(value);
    return concat(head(TEXT, text.length), text);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError("a number that has no place in a protocol message");
    return value < 0 ? head(NINT, -1 - value) : head(UINT, value);
  }
  if (value === null) return Uint8Array.of(246);
  if (typeof value === "boolean") return Uint8Array.of(value ? 245 : 244);
  if (value instanceof Uint8Array) return concat(head(BYTES, value.length), value);
  if (Array.isArray(value)) return concat(head(ARRAY, value.length), ...value.map(encode));
  const pairs = value instanceof Map ? [...value] : Object.entries(value).filter(([, item]) => item !== void 0);
  const entries = pairs.map(([key, item]) => [encode(key), encode(item)]).sort(([a], [b]) => compare(a, b));
  return concat(head(MAP, entries.length), ...entries.flat());
}
function decode(data, { maxBytes, maxDepth = 16 }) {
  if (data.length > maxBytes) {
    throw new ProvenError("TOO_LARGE", `a message of ${data.length} bytes is over the limit of ${maxBytes}`);
  }
  const reader = new Reader(data);
  try {
    const item = reader.item(maxDepth);
    reader.end();
    return item;
  } catch (error) {
    throw new ProvenError("BAD_REQUEST", `malformed CBOR: ${error instanceof Error ? error.message : error}`);
  }
}
var Reader = class {
  position = 0;
  /** How many floats were read: an integral one is a number like an integer. */
  floats = 0;
  #data;
  #view;
  constructor(data) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }
  /** The next byte, not consumed; -1 at the end. */
  peek() {
    return this.#data[this.position] ?? -1;
  }
  end() {
    if (this.position !== this.#data.length) throw new RangeError("bytes after the end of the item");
  }
  /** The major type and argument of an item that is no simple value. */
  head() {
    const initial = this.#take(1)[0];
    const info = initial & 31;
    if (initial >> 5 === 7 || info > 27) throw new RangeError("a simple value or length that is not allowed");
    return [initial >> 5, info < 24 ? info : this.#argument(info)];
  }
  item(depth) {
    const initial = this.peek();
    if (initial >= 244 && initial <= 246) {
      this.position++;
      return initial === 246 ? null : initial === 245;
    }
    if (initial >= 249 && initial <= 251) return this.#float();
    const [major, argument] = this.head();
    if (major === UINT) return argument;
    if (major === NINT) return typeof argument === "bigint" ? -1n - argument : -1 - argument;
    if (major === TAG) throw new RangeError("a tag, which no message has");
    const size = Number(argument);
    if (major === BYTES) return this.#take(size).slice();
    if (major === TEXT) return fromUtf8(this.#take(size));
    if (depth === 0) throw new RangeError("nested too deeply");
    if ((major === MAP ? 2 * size : size) > this.#data.length - this.position) throw new RangeError("it ends too early");
    return major === MAP ? this.#map(size, depth) : this.#array(size, depth);
  }
  #take(size) {
    const start = this.position;
    if (size > this.#data.length - start) throw new RangeError("it ends too early");
    this.position += size;
    return this.#data.subarray(start, start + size);
  }
  #argument(info) {
    const at = this.position;
    this.#take(2 ** (info - 24));
    let argument;
    if (info === 24) argument = this.#view.getUint8(at);
    else if (info === 25) argument = this.#view.getUint16(at);
    else if (info === 26) argument = this.#view.getUint32(at);
    else argument = this.#view.getBigUint64(at);
    if (argument < [24, 256, 65536, 4294967296][info - 24]) {
      throw new RangeError("a length or number that is not in its shortest form");
    }
    return argument <= Number.MAX_SAFE_INTEGER ? Number(argument) : argument;
  }
  #array(size, depth) {
    const items = [];
    while (items.length < size) items.push(this.item(depth - 1));
    return items;
  }
  #map(size, depth) {
    const entries = /* @__PURE__ */ new Map();
    let previous = new Uint8Array(0);
    for (let count = 0; count < size; count++) {
      const start = this.position;
      const major = this.peek() >> 5;
      if (major !== UINT && major !== NINT && major !== TEXT) throw new RangeError("a key that is no integer or text");
      const key = this.item(0);
      const encoded = this.#data.slice(start, this.position);
      if (compare(previous, encoded) >= 0) throw new RangeError("duplicate or unordered map keys");
      previous = encoded;
      entries.set(key, this.item(depth - 1));
    }
    return entries;
  }
  #float() {
    this.floats++;
    const width = { 249: 2, 250: 4, 251: 8 }[this.#take(1)[0]];
    const at = this.position;
    this.#take(width);
    const value = width === 2 ? halfFloat(this.#view.getUint16(at)) : width === 4 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
    const shortest = Number.isNaN(value) ? width === 2 && this.#view.getUint16(at) === 32256 : width === 2 || (width === 4 ? !isHalfFloat(value) : Math.fround(value) !== value);
    if (!shortest) throw new RangeError("a number that is not in its shortest form");
    return value;
  }
};
function halfFloat(bits) {
  const sign = bits & 32768 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}
function isHalfFloat(value) {
  const size = Math.abs(value);
  if (size === 0 || size === Infinity) return true;
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, size);
  const exponent = Math.max((view.getUint32(0) >>> 23) - 127, -14);
  return size <= 65504 && Number.isInteger(size * 2 ** (10 - exponent));
}
function compare(a, b) {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    if (a[index] !== b[index]) return a[index] - b[index];
  }
  return a.length - b.length;
}

export {
  utf8,
  fromUtf8,
  randomBytes,
  concat,
  equal,
  toHex,
  fromHex,
  toBase32,
  uint64,
  UINT,
  NINT,
  BYTES,
  TEXT,
  ARRAY,
  MAP,
  TAG,
  head,
  encode,
  decode,
  Reader
};
