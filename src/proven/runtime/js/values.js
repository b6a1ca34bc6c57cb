// The value codec: JavaScript values as CBOR. The twin of `proven.wire.values`, which says what is written how.

import { types } from "node:util";

const MAX_DEPTH = 64;
const MAX_ITEMS = 1_000_000;
const MAX_BIGINT_BYTES = 64 * 1024;
const ASCII_LOOP = 48; // below this length a loop is faster than TextEncoder and TextDecoder

const UINT = 0x00;
const NINT = 0x20;
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;
const MAP = 0xa0;
const TAG = 0xc0;

const TAG_DATE = 1;
const TAG_POSITIVE = 2;
const TAG_NEGATIVE = 3;
const TAG_REGEXP = 35;
const TAG_SET = 258;
const TAG_MAP = 259;
const TAG_ARRAY_BUFFER = 40100;
const TAG_ERROR = 40101;
const TAG_STREAM = 40102;

const TYPED_ARRAYS = new Map([
  [68, Uint8ClampedArray],
  [69, Uint16Array],
  [70, Uint32Array],
  [71, BigUint64Array],
  [72, Int8Array],
  [77, Int16Array],
  [78, Int32Array],
  [79, BigInt64Array],
  [84, Float16Array],
  [85, Float32Array],
  [86, Float64Array],
]);
const TYPED_ARRAY_TAGS = new Map([...TYPED_ARRAYS].map(([tag, type]) => [type.name, tag]));
const ERRORS = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((
    type,
  ) => [type.name, type]),
);

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const typedArrayName =
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const typedArrayLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length").get;
const { fromCharCode } = String;
const { isSafeInteger } = Number;

// A value that cannot travel. `code` is one of the error codes of the wire.
export class ValueError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "TypeError";
    this.code = code;
  }
}

const unsupported = (problem) => new ValueError("UNSUPPORTED_VALUE", problem);

export class Writer {
  constructor(size, maxValueBytes) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.position = 0;
    this.maxValueBytes = maxValueBytes;
    this.end = Infinity; // where the value being written has become too large
    this.items = 0;
    this.streams = undefined; // (ReadableStream) → number, where streams may travel
    this.path = [];
  }

  reserve(size) {
    const needed = this.position + size;
    if (needed <= this.bytes.length) return;
    if (needed > this.end + 9) throw this.tooLarge();
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  head(major, argument) {
    this.reserve(9);
    const { bytes } = this;
    if (argument < 24) {
      bytes[this.position++] = major | argument;
    } else if (argument < 0x100) {
      bytes[this.position++] = major | 24;
      bytes[this.position++] = argument;
    } else if (argument < 0x10000) {
      bytes[this.position++] = major | 25;
      bytes[this.position++] = argument >>> 8;
      bytes[this.position++] = argument;
    } else if (argument < 0x100000000) {
      bytes[this.position++] = major | 26;
      this.view.setUint32(this.position, argument);
      this.position += 4;
    } else {
      bytes[this.position++] = major | 27;
      this.view.setUint32(this.position, Math.floor(argument / 0x100000000));
      this.view.setUint32(this.position + 4, argument >>> 0);
      this.position += 8;
    }
  }

  // One value, of at most `maxValueBytes`. Streams in it are numbered by `streams`, or refused.
  value(value, streams) {
    const start = this.position;
    this.end = start + this.maxValueBytes;
    this.items = 0;
    this.streams = streams;
    this.path.length = 0;
    try {
      this.item(value, MAX_DEPTH);
    } catch (error) {
      this.position = start;
      this.end = Infinity;
      throw error;
    }
    if (this.position > this.end) {
      this.position = start;
      throw this.tooLarge();
    }
    this.end = Infinity;
  }

  tooLarge() {
    return new ValueError("TOO_LARGE", `a value is over the limit of ${this.maxValueBytes} bytes`);
  }

  item(value, depth) {
    if (++this.items > MAX_ITEMS) {
      throw new ValueError("TOO_LARGE", `a value has more than ${MAX_ITEMS} items`);
    }
    switch (typeof value) {
      case "string":
        return this.text(value);
      case "number":
        return this.number(value);
      case "object":
        return value === null ? this.simple(0xf6) : this.object(value, depth);
      case "boolean":
        return this.simple(value ? 0xf5 : 0xf4);
      case "undefined":
        return this.simple(0xf7);
      case "bigint":
        return this.bigint(value);
      default:
        throw unsupported(`the value at ${this.where()} is a ${typeof value}, which cannot travel`);
    }
  }

  simple(byte) {
    this.reserve(1);
    this.bytes[this.position++] = byte;
  }

  number(value) {
    if (isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {
      if (value >= 0) this.head(UINT, value);
      else this.head(NINT, -1 - value);
      return;
    }
    this.reserve(9);
    this.bytes[this.position++] = 0xfb;
    this.view.setFloat64(this.position, Number.isNaN(value) ? NaN : value);
    this.position += 8;
  }

  text(value) {
    const { length } = value;
    if (length <= ASCII_LOOP) {
      this.reserve(length + 9); // as much as `head` will ask for: growing keeps only what is before `position`
      const { bytes } = this;
      const start = this.position;
      let at = start + (length < 24 ? 1 : 2);
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) break;
        bytes[at++] = unit;
      }
      if (i === length) {
        this.head(TEXT, length);
        this.position = at;
        return;
      }
    }
    this.longText(value, length);
  }

  longText(value, length) {
    if (!value.isWellFormed()) {
      throw unsupported(`the value at ${this.where()} is text with half of a surrogate pair`);
    }
    if (this.position + length > this.end) throw this.tooLarge();
    const encoded = textEncoder.encode(value);
    this.head(TEXT, encoded.length);
    this.reserve(encoded.length);
    this.bytes.set(encoded, this.position);
    this.position += encoded.length;
  }

  // The length is asked of the engine: a `length` of the guest's own making could move `position` anywhere, into
  // what was written before.
  raw(bytes) {
    const length = typedArrayLength.call(bytes);
    this.head(BYTES, length);
    this.reserve(length);
    this.bytes.set(bytes, this.position);
    this.position += length;
  }

  bigint(value) {
    const negative = value < 0n;
    let hex = (negative ? -1n - value : value).toString(16);
    if (hex === "0") hex = "";
    if (hex.length % 2) hex = `0${hex}`;
    if (hex.length > 2 * MAX_BIGINT_BYTES) {
      throw unsupported(`the value at ${this.where()} is an integer of more than ${MAX_BIGINT_BYTES} bytes`);
    }
    this.head(TAG, negative ? TAG_NEGATIVE : TAG_POSITIVE);
    this.raw(Uint8Array.fromHex(hex));
  }

  object(value, depth) {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) this.record(value, depth);
    else if (Array.isArray(value)) this.array(value, depth);
    else if (types.isUint8Array(value)) this.raw(value);
    else this.special(value, depth);
  }

  enter(value, depth) {
    if (depth > 0) return;
    if (hasCycle(value)) throw unsupported(`the value at ${this.where()} refers back to itself`);
    throw unsupported(`the value at ${this.where()} is nested deeper than ${MAX_DEPTH} levels`);
  }

  array(value, depth) {
    this.enter(value, depth);
    const { length } = value;
    if (length > MAX_ITEMS) throw new ValueError("TOO_LARGE", `a value has more than ${MAX_ITEMS} items`);
    this.head(ARRAY, length);
    const { path } = this;
    for (let i = 0; i < length; i++) {
      path.push(i);
      this.item(value[i], depth - 1);
      path.pop();
    }
  }

  record(value, depth) {
    this.enter(value, depth);
    const keys = Object.keys(value);
    this.head(MAP, keys.length);
    const { path } = this;
    for (const key of keys) {
      this.text(key);
      path.push(key);
      this.item(value[key], depth - 1);
      path.pop();
    }
  }

  special(value, depth) {
    if (types.isDate(value)) {
      this.head(TAG, TAG_DATE);
      this.number(Date.prototype.getTime.call(value) / 1000);
    } else if (types.isMap(value)) {
      this.head(TAG, TAG_MAP);
      this.array(Array.from(Map.prototype.entries.call(value)), depth);
    } else if (types.isSet(value)) {
      this.head(TAG, TAG_SET);
      this.array(Array.from(Set.prototype.values.call(value)), depth);
    } else if (types.isNativeError(value) || value instanceof DOMException) {
      this.error(value, depth);
    } else if (types.isAnyArrayBuffer(value)) {
      this.head(TAG, TAG_ARRAY_BUFFER);
      this.raw(new Uint8Array(value));
    } else if (types.isRegExp(value)) {
      this.head(TAG, TAG_REGEXP);
      this.text(`/${value.source}/${value.flags}`);
    } else if (types.isTypedArray(value)) {
      this.head(TAG, TYPED_ARRAY_TAGS.get(typedArrayName.call(value)));
      this.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    } else if (value instanceof ReadableStream) {
      if (this.streams === undefined) {
        throw unsupported(`the value at ${this.where()} is a stream, which cannot travel here`);
      }
      this.head(TAG, TAG_STREAM);
      this.head(UINT, this.streams(value));
    } else {
      const kind = Object.prototype.toString.call(value).slice(8, -1);
      if (kind !== "Object") {
        throw unsupported(`the value at ${this.where()} is a ${kind}, which cannot travel`);
      }
      this.record(value, depth);
    }
  }

  error(value, depth) {
    this.enter(value, depth);
    const fields = { name: String(value.name), message: String(value.message) };
    if (typeof value.stack === "string") fields.stack = value.stack;
    if (typeof value.code === "string") fields.code = value.code;
    this.head(TAG, TAG_ERROR);
    this.record(fields, depth);
  }

  where() {
    let path = "$";
    for (const step of this.path) {
      path += typeof step === "string" && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)
        ? `.${step}`
        : `[${JSON.stringify(step)}]`;
      if (path.length > 200) return `${path.slice(0, 200)}…`;
    }
    return path;
  }
}

// Whether something reachable from `value` within a few levels is `value` itself.
function hasCycle(value) {
  const seen = new Set();
  let level = [value];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0 && seen.size < 10_000; depth++) {
    const next = [];
    for (const item of level) {
      const children = types.isMap(item)
        ? [...item.keys(), ...item.values()]
        : types.isSet(item)
        ? [...item]
        : Object.values(item);
      for (const child of children) {
        if (child === value) return true;
        if (typeof child === "object" && child !== null && !seen.has(child)) {
          seen.add(child);
          next.push(child);
        }
      }
    }
    level = next;
  }
  return false;
}

export class Reader {
  // `streams(number)` makes a stream; without it they are refused.
  constructor(bytes, streams) {
    this.bytes = bytes;
    this.position = 0;
    this.streams = streams;
  }

  get view() {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  argument(low) {
    const { bytes } = this;
    if (low < 24) return low;
    if (low === 24) return bytes[this.position++];
    if (low === 25) return (bytes[this.position++] << 8) | bytes[this.position++];
    const at = this.position;
    if (low === 26) {
      this.position += 4;
      return this.view.getUint32(at);
    }
    if (low === 27) {
      this.position += 8;
      return this.view.getUint32(at) * 0x100000000 + this.view.getUint32(at + 4);
    }
    throw new RangeError("malformed value");
  }

  value() {
    const { bytes } = this;
    if (this.position >= bytes.length) throw new RangeError("malformed value: it ends too early");
    const initial = bytes[this.position++];
    const low = initial & 0x1f;
    switch (initial & 0xe0) {
      case UINT:
        return this.argument(low);
      case NINT:
        return -1 - this.argument(low);
      case BYTES:
        return this.raw(this.argument(low));
      case TEXT:
        return this.text(this.argument(low));
      case ARRAY:
        return this.array(this.argument(low));
      case MAP:
        return this.record(this.argument(low));
      case TAG:
        return this.tagged(this.argument(low));
      default:
        return this.simple(initial);
    }
  }

  simple(initial) {
    if (initial === 0xf6) return null;
    if (initial === 0xf7) return undefined;
    if (initial === 0xf4) return false;
    if (initial === 0xf5) return true;
    if (initial !== 0xfb) throw new RangeError("malformed value");
    this.position += 8;
    return this.view.getFloat64(this.position - 8);
  }

  take(length) {
    const start = this.position;
    this.position += length;
    if (this.position > this.bytes.length) throw new RangeError("malformed value: it ends too early");
    return start;
  }

  raw(length) {
    const start = this.take(length);
    return this.bytes.slice(start, start + length);
  }

  text(length) {
    const start = this.take(length);
    const { bytes } = this;
    if (length <= ASCII_LOOP) {
      let text = "";
      let i = start;
      for (; i < start + length; i++) {
        const unit = bytes[i];
        if (unit > 0x7f) break;
        text += fromCharCode(unit);
      }
      if (i === start + length) return text;
    }
    return textDecoder.decode(bytes.subarray(start, start + length));
  }

  array(length) {
    const items = [];
    for (let i = 0; i < length; i++) items.push(this.value());
    return items;
  }

  record(length) {
    const record = {};
    for (let i = 0; i < length; i++) {
      const key = this.value();
      const value = this.value();
      if (key === "__proto__") {
        Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        record[key] = value;
      }
    }
    return record;
  }

  tagged(tag) {
    if (tag === TAG_STREAM && this.streams === undefined) throw new RangeError("malformed value: a stream");
    const content = this.value();
    switch (tag) {
      case TAG_DATE:
        return new Date(Math.round(content * 1000));
      case TAG_POSITIVE:
        return bigintOf(content);
      case TAG_NEGATIVE:
        return -1n - bigintOf(content);
      case TAG_SET:
        return new Set(content);
      case TAG_MAP:
        return new Map(content);
      case TAG_ARRAY_BUFFER:
        return content.buffer;
      case TAG_REGEXP: {
        const slash = content.lastIndexOf("/");
        return new RegExp(content.slice(1, slash), content.slice(slash + 1));
      }
      case TAG_ERROR:
        return errorOf(content);
      case TAG_STREAM:
        return this.streams(content);
      default: {
        const type = TYPED_ARRAYS.get(tag);
        if (type === undefined) throw new RangeError(`malformed value: tag ${tag}`);
        return new type(content.buffer);
      }
    }
  }
}

const bigintOf = (bytes) => (bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`));

function errorOf({ name, message, stack, code }) {
  const error = new (ERRORS.get(name) ?? Error)(message);
  const set = (key, value) =>
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
  if (error.name !== name) set("name", name);
  set("stack", stack);
  if (code !== undefined) set("code", code);
  return error;
}
