// ../packages/sdk/src/bytes.ts
var encoder = new TextEncoder();
var decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
var utf8 = (text) => encoder.encode(text);
var fromUtf8 = (bytes) => decoder.decode(bytes);
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

// ../packages/sdk/src/errors.ts
var CODES = /* @__PURE__ */ new Set([
  "BAD_REQUEST",
  "BUILD_ERROR",
  "CONFLICT",
  "EVIDENCE_INVALID",
  "FORBIDDEN",
  "HANDLER_ERROR",
  "HANDLER_MEMORY",
  "HANDLER_TIMEOUT",
  "INTERNAL",
  "METHOD_NOT_ALLOWED",
  "MIGRATION_CHANGED",
  "NO_IDENTITY",
  "NOT_FOUND",
  "NOT_OWNER",
  "ORIGIN_DENIED",
  "OVERLOADED",
  "QUOTA_EXCEEDED",
  "REQUEST_TIMEOUT",
  "SESSION_CLOSED",
  "SQL_DENIED",
  "SQL_ERROR",
  "STORAGE_FULL",
  "TOO_LARGE",
  "UNAUTHENTICATED",
  "UNAVAILABLE",
  "UNSUPPORTED_VALUE",
  "CALL_INTERRUPTED",
  "CANCELLED",
  "NOT_ALLOWED",
  "UNSUPPORTED",
  "CLOSED"
]);
var ProvenError = class _ProvenError extends Error {
  name = "ProvenError";
  code;
  details;
  retryAfter;
  /** Of an error of a call: the code that was to answer it. What the node itself refuses has none. */
  source;
  constructor(code, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code;
    if (options.details !== void 0) this.details = options.details;
    if (options.retryAfter !== void 0) this.retryAfter = options.retryAfter;
  }
  /** Read the error record of a peer; what is malformed becomes `INTERNAL` and not another exception. */
  static fromRecord(record, source = null) {
    const fields = record instanceof Map ? Object.fromEntries(record) : record;
    if (typeof fields !== "object" || fields === null) {
      return new _ProvenError("INTERNAL", "the node sent an error that is not a record");
    }
    const { code, message, details, retry_after: retryAfter } = fields;
    const error = new _ProvenError(
      typeof code === "string" && CODES.has(code) ? code : "INTERNAL",
      typeof message === "string" ? message.slice(0, 4096) : String(code).slice(0, 64),
      {
        details: typeof details === "object" && details !== null ? plain(details) : void 0,
        retryAfter: typeof retryAfter === "number" ? retryAfter : void 0
      }
    );
    if (source !== null) error.source = source;
    return error;
  }
};
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([key2, item]) => [key2, plain(item)]));
}

// ../packages/sdk/src/cbor.ts
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
  const entries = pairs.map(([key2, item]) => [encode(key2), encode(item)]).sort(([a], [b]) => compare(a, b));
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
    for (let count2 = 0; count2 < size; count2++) {
      const start = this.position;
      const major = this.peek() >> 5;
      if (major !== UINT && major !== NINT && major !== TEXT) throw new RangeError("a key that is no integer or text");
      const key2 = this.item(0);
      const encoded = this.#data.slice(start, this.position);
      if (compare(previous, encoded) >= 0) throw new RangeError("duplicate or unordered map keys");
      previous = encoded;
      entries.set(key2, this.item(depth - 1));
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

// ../packages/sdk/src/cose.ts
var ES384_PROTECTED = encode(/* @__PURE__ */ new Map([[1, -35]]));
var A256GCM_PROTECTED = encode(/* @__PURE__ */ new Map([[1, 3]]));
var ENCRYPT0_START = concat(Uint8Array.of(208, 131), encode(A256GCM_PROTECTED));
function decodeSign1(data, maxBytes) {
  const message = decode(data, { maxBytes });
  if (!Array.isArray(message) || message.length !== 4) throw malformed("not a COSE_Sign1");
  const [header, unprotected, payload, signature] = message;
  if (!(header instanceof Uint8Array) || !equal(header, ES384_PROTECTED)) {
    throw malformed("the protected header has to name ES384 and nothing else");
  }
  if (!(unprotected instanceof Map) || unprotected.size > 0) throw malformed("the unprotected header has to be empty");
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array) || signature.length !== 96) {
    throw malformed("payload and signature have to be byte strings, the signature of 96 bytes");
  }
  const signed = encode(["Signature1", ES384_PROTECTED, new Uint8Array(0), payload]);
  return { payload, signature, signed };
}
var malformed = (message) => new ProvenError("BAD_REQUEST", message);

// ../packages/sdk/src/attestation/der.ts
var BOOLEAN = 1;
var INTEGER = 2;
var BIT_STRING = 3;
var OCTET_STRING = 4;
var OID = 6;
var UTC_TIME = 23;
var GENERALIZED_TIME = 24;
var SEQUENCE = 48;
var SET = 49;
var DerReader = class _DerReader {
  #position = 0;
  #data;
  constructor(data) {
    this.#data = data;
  }
  get atEnd() {
    return this.#position === this.#data.length;
  }
  /** The next tag; -1 at the end. */
  peek() {
    return this.#data[this.#position] ?? -1;
  }
  next(tag) {
    const start = this.#position;
    if (this.peek() !== tag) throw new RangeError(`tag ${this.peek()} in place of ${tag}`);
    this.#position++;
    const length = this.#length();
    const from = this.#position;
    if (length > this.#data.length - from) throw new RangeError("an element that ends too early");
    this.#position += length;
    const encoded = this.#data.subarray(start, this.#position);
    return { tag, contents: this.#data.subarray(from, this.#position), encoded };
  }
  /** The elements inside the next one. */
  enter(tag = SEQUENCE) {
    return new _DerReader(this.next(tag).contents);
  }
  end() {
    if (!this.atEnd) throw new RangeError("bytes after the last element");
  }
  #length() {
    const first = this.#byte();
    if (first < 128) return first;
    const width = first & 127;
    if (width < 1 || width > 2) throw new RangeError("a length that is indefinite or too long");
    let length = 0;
    for (let count2 = 0; count2 < width; count2++) length = length * 256 + this.#byte();
    if (length < (width === 1 ? 128 : 256)) throw new RangeError("a length that is not in its shortest form");
    return length;
  }
  #byte() {
    const byte = this.#data[this.#position++];
    if (byte === void 0) throw new RangeError("an element that ends too early");
    return byte;
  }
};
function unsigned({ contents }, size) {
  const padded = contents[0] === 0;
  if (contents.length === 0 || contents[0] & 128 || padded && contents.length > 1 && !(contents[1] & 128)) {
    throw new RangeError("an integer that is negative or not in its shortest form");
  }
  const magnitude = padded ? contents.subarray(1) : contents;
  if (magnitude.length > size) throw new RangeError("an integer that is too large");
  const bytes = new Uint8Array(size);
  bytes.set(magnitude, size - magnitude.length);
  return bytes;
}
function wholeBytes({ contents }) {
  if (contents[0] !== 0) throw new RangeError("a bit string that does not end with a byte");
  return contents.subarray(1);
}
function boolean({ contents }) {
  if (contents.length !== 1 || contents[0] !== 0 && contents[0] !== 255) throw new RangeError("not a boolean");
  return contents[0] === 255;
}
function time({ tag, contents }) {
  const text = String.fromCharCode(...contents);
  const match = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null || match[1].length !== (tag === UTC_TIME ? 2 : 4)) throw new RangeError("not a time");
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const fullYear = tag === UTC_TIME ? year + (year < 50 ? 2e3 : 1900) : year;
  const milliseconds = Date.UTC(fullYear, month - 1, day, hour, minute, second);
  const canonical = new Date(milliseconds).toISOString().replace(/[-T:]|\.000/g, "").slice(tag === UTC_TIME ? 2 : 0);
  if (canonical !== text) throw new RangeError("not a time");
  return milliseconds;
}
function identifier({ contents }) {
  const starts = contents.map((_, index) => Number(index === 0 || contents[index - 1] < 128));
  if (contents.length === 0 || contents.at(-1) >= 128 || contents.some((byte, index) => starts[index] && byte === 128)) {
    throw new RangeError("not an object identifier");
  }
  return contents;
}

// ../packages/sdk/src/attestation/rules.ts
var broken = (rule, message, details = {}) => new ProvenError("EVIDENCE_INVALID", message, { details: { rule, ...details } });

// ../packages/sdk/src/attestation/certificate.ts
var ECDSA_WITH_SHA384 = fromHex("300a06082a8648ce3d040303");
var P384_KEY = fromHex("3076301006072a8648ce3d020106052b8104002203620004");
var KEY_USAGE = "551d0f";
var BASIC_CONSTRAINTS = "551d13";
var SUBJECT_KEY_ID = "551d0e";
var AUTHORITY_KEY_ID = "551d23";
var P384 = { name: "ECDSA", namedCurve: "P-384" };
var ES384 = { name: "ECDSA", hash: "SHA-384" };
async function validateChain(chain, at) {
  let issuer;
  for (const [position, der] of chain.entries()) {
    const certificate = read(der, position);
    checkValidity(certificate, position, at);
    checkExtensions(certificate, position, chain.length - position - 1);
    if (issuer !== void 0) await checkIssuedBy(certificate, issuer, position);
    issuer = certificate;
  }
  if (issuer === void 0) throw broken("chain", "an empty chain");
  return publicKey(issuer, chain.length - 1);
}
async function isSelfSigned(der, name) {
  const root = read(der, 0);
  if (!equal(root.subject, name) || !equal(root.issuer, name)) return false;
  return crypto.subtle.verify(ES384, await publicKey(root, 0), root.signature, root.signed);
}
function read(der, position) {
  try {
    return parse(der);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw broken("chain", `certificate ${position} of the chain cannot be read: ${reason}`);
  }
}
function parse(der) {
  const whole = new DerReader(der);
  const certificate = whole.enter();
  whole.end();
  const signed = certificate.next(SEQUENCE);
  const algorithm = certificate.next(SEQUENCE).encoded;
  const signature = rawSignature(wholeBytes(certificate.next(BIT_STRING)));
  certificate.end();
  const body = new DerReader(signed.contents);
  if (toHex(body.next(160).contents) !== "020102") throw new RangeError("it is not X.509 version 3");
  if (!unsigned(body.next(INTEGER), 20).some(Boolean)) throw new RangeError("it has no serial number");
  if (!equal(body.next(SEQUENCE).encoded, algorithm) || !equal(algorithm, ECDSA_WITH_SHA384)) {
    throw new RangeError("it is not signed with ECDSA and SHA-384");
  }
  const issuer = readName(body);
  const validity = body.enter();
  const [validFrom, validTo] = [timeOf(validity), timeOf(validity)];
  validity.end();
  const subject = readName(body);
  const key2 = body.next(SEQUENCE).encoded;
  if (key2.length !== P384_KEY.length + 96 || !equal(key2.subarray(0, P384_KEY.length), P384_KEY)) {
    throw new RangeError("it has a key that is not on P-384");
  }
  const point = concat(Uint8Array.of(4), key2.subarray(P384_KEY.length));
  const extensions = body.atEnd ? /* @__PURE__ */ new Map() : readExtensions(body.enter(163));
  body.end();
  const keyId2 = optional(extensions, SUBJECT_KEY_ID, (value) => alone(value, OCTET_STRING).contents);
  const issuerKeyId = optional(extensions, AUTHORITY_KEY_ID, readAuthorityKeyId);
  return { signed: signed.encoded, signature, issuer, subject, validFrom, validTo, point, extensions, keyId: keyId2, issuerKeyId };
}
function optional(extensions, id, read2) {
  const extension = extensions.get(id);
  return extension === void 0 ? null : read2(extension.value);
}
function alone(value, tag) {
  const whole = new DerReader(value);
  const element = whole.next(tag);
  whole.end();
  return element;
}
function readName(reader) {
  const name = reader.next(SEQUENCE);
  for (const parts = new DerReader(name.contents); !parts.atEnd; ) {
    for (const attributes = parts.enter(SET); !attributes.atEnd; ) {
      const attribute = attributes.enter();
      identifier(attribute.next(OID));
      attribute.next(attribute.peek());
      attribute.end();
    }
  }
  return name.encoded;
}
function readExtensions(wrapper) {
  const list = wrapper.enter();
  wrapper.end();
  const extensions = /* @__PURE__ */ new Map();
  while (!list.atEnd) {
    const extension = list.enter();
    const id = toHex(identifier(extension.next(OID)));
    const critical = extension.peek() === BOOLEAN && boolean(extension.next(BOOLEAN));
    const value = extension.next(OCTET_STRING).contents;
    extension.end();
    if (extensions.has(id)) throw new RangeError("it has the same extension twice");
    extensions.set(id, { critical, value });
  }
  return extensions;
}
var timeOf = (reader) => time(reader.next(reader.peek() === UTC_TIME ? UTC_TIME : GENERALIZED_TIME));
function rawSignature(der) {
  const whole = new DerReader(der);
  const pair = whole.enter();
  whole.end();
  const raw = concat(unsigned(pair.next(INTEGER), 48), unsigned(pair.next(INTEGER), 48));
  pair.end();
  return raw;
}
async function publicKey({ point }, position) {
  try {
    return await crypto.subtle.importKey("raw", point, P384, false, ["verify"]);
  } catch {
    throw broken("chain", `certificate ${position} has a key that is not on P-384`);
  }
}
function checkValidity({ validFrom, validTo }, position, at) {
  if (validFrom <= at && at <= validTo) return;
  const [from, to, now] = [validFrom, validTo, at].map((moment) => new Date(moment).toISOString());
  throw broken("validity", `certificate ${position} is valid from ${from} to ${to}, not at ${now}`);
}
function checkExtensions({ extensions }, position, remaining) {
  for (const [id, { critical }] of extensions) {
    if (critical && id !== BASIC_CONSTRAINTS && id !== KEY_USAGE) {
      throw broken("chain", `certificate ${position} has a critical extension that is not understood`);
    }
  }
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  const usage = extensions.get(KEY_USAGE);
  if (!constraints?.critical || usage === void 0) {
    throw broken("chain", `certificate ${position} lacks critical basic constraints or key usage`);
  }
  const { authority, pathLength, signsCertificates, signsData } = reading(position, () => ({
    ...readConstraints(constraints.value),
    ...readUsage(usage.value)
  }));
  if (remaining === 0) {
    if (authority || signsCertificates || !signsData) {
      throw broken("chain", "the last certificate is not one that signs data and nothing else");
    }
    return;
  }
  if (!authority || !signsCertificates) throw broken("chain", `certificate ${position} is not an authority`);
  if (pathLength < remaining - 1) {
    throw broken("chain", `certificate ${position} allows ${pathLength} authorities below it, not ${remaining - 1}`);
  }
}
function readConstraints(value) {
  const constraints = new DerReader(alone(value, SEQUENCE).contents);
  const authority = constraints.peek() === BOOLEAN && boolean(constraints.next(BOOLEAN));
  const pathLength = constraints.atEnd ? Infinity : unsigned(constraints.next(INTEGER), 1)[0];
  constraints.end();
  return { authority, pathLength };
}
function readUsage(value) {
  const { contents } = alone(value, BIT_STRING);
  const [unused, bits] = [contents[0], contents[1]];
  if (contents.length < 2 || contents.length > 3 || unused > 7) throw new RangeError("not a key usage");
  return { signsCertificates: Boolean(bits & 4), signsData: Boolean(bits & 128) };
}
async function checkIssuedBy(certificate, issuer, position) {
  if (!equal(certificate.issuer, issuer.subject)) {
    throw broken("chain", `certificate ${position} names another issuer than the one before it`);
  }
  const { issuerKeyId } = certificate;
  if (issuerKeyId !== null && issuer.keyId !== null && !equal(issuerKeyId, issuer.keyId)) {
    throw broken("chain", `certificate ${position} names another key than that of its issuer`);
  }
  const key2 = await publicKey(issuer, position - 1);
  if (!await crypto.subtle.verify(ES384, key2, certificate.signature, certificate.signed)) {
    throw broken("chain", `certificate ${position} is not signed by the one before it`);
  }
}
function readAuthorityKeyId(value) {
  const fields = new DerReader(alone(value, SEQUENCE).contents);
  const keyId2 = fields.peek() === 128 ? fields.next(128).contents : null;
  fields.end();
  return keyId2;
}
function reading(position, parts) {
  try {
    return parts();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw broken("chain", `certificate ${position} of the chain cannot be read: ${reason}`);
  }
}

// ../packages/sdk/src/attestation/document.ts
var MAX_DOCUMENT = 16 * 1024;
var MAX_PCRS = 32;
var MAX_CABUNDLE = 8;
var MAX_TIMESTAMP = 253402300799999;
var REQUIRED = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"];
var FIELDS = [...REQUIRED, "public_key", "user_data", "nonce"];
var INDEFINITE_MAP = 191;
var BREAK = 255;
function readDocument(data) {
  if (data.length > MAX_DOCUMENT) throw broken("size", `a document of ${data.length} bytes is over the limit`);
  let envelope;
  let fields;
  let floats;
  try {
    envelope = decodeSign1(data, MAX_DOCUMENT);
    [fields, floats] = readPayload(envelope.payload);
  } catch (error) {
    throw broken("encoding", `not an attestation document: ${error instanceof Error ? error.message : error}`);
  }
  check(floats === 0, "a field is a float, and none may be");
  return [envelope, readFields(fields)];
}
function readPayload(payload) {
  const reader = new Reader(payload);
  const indefinite = reader.peek() === INDEFINITE_MAP;
  let count2 = FIELDS.length;
  if (indefinite) reader.position = 1;
  else {
    const [major, size] = reader.head();
    if (major !== MAP) throw new RangeError("the payload has to be a map");
    count2 = size;
  }
  const fields = /* @__PURE__ */ new Map();
  while (fields.size < count2 && !(indefinite && reader.peek() === BREAK)) {
    const name = reader.item(0);
    if (typeof name !== "string" || fields.has(name) || !FIELDS.includes(name)) {
      throw new RangeError("an unknown or repeated field");
    }
    fields.set(name, reader.item(1));
  }
  if (indefinite) {
    if (reader.peek() !== BREAK) throw new RangeError("an unknown or repeated field");
    reader.position++;
  }
  reader.end();
  return [fields, reader.floats];
}
function readFields(fields) {
  for (const name of REQUIRED) check(fields.has(name), `${name} is missing`);
  const moduleId = fields.get("module_id");
  const timestamp = fields.get("timestamp");
  check(
    typeof moduleId === "string" && moduleId.length > 0 && [...moduleId].length <= 256,
    "module_id has to be text of 1 to 256 characters"
  );
  check(fields.get("digest") === "SHA384", "digest has to be SHA384");
  check(
    typeof timestamp === "number" && Number.isInteger(timestamp) && timestamp > 0 && timestamp <= MAX_TIMESTAMP,
    "timestamp has to be an integer in range"
  );
  return {
    moduleId,
    timestamp,
    pcrs: readPcrs(fields.get("pcrs")),
    certificate: readBytes(fields, "certificate", 1, 1024),
    cabundle: readCabundle(fields.get("cabundle")),
    publicKey: readOptional(fields, "public_key", 1, 1024),
    userData: readOptional(fields, "user_data", 0, 512),
    nonce: readOptional(fields, "nonce", 0, 512)
  };
}
function readPcrs(value) {
  check(value instanceof Map && value.size >= 1 && value.size <= MAX_PCRS, `pcrs has to be 1 to ${MAX_PCRS} registers`);
  const pcrs = /* @__PURE__ */ new Map();
  for (const [index, register] of value) {
    check(typeof index === "number" && index >= 0 && index < MAX_PCRS, "the index of a register is out of range");
    check(
      register instanceof Uint8Array && [32, 48, 64].includes(register.length),
      `PCR${index} has to be 32, 48 or 64 bytes`
    );
    pcrs.set(index, register);
  }
  check(pcrs.has(0), "PCR0, which measures the image, is missing");
  return pcrs;
}
function readCabundle(value) {
  check(
    Array.isArray(value) && value.length >= 1 && value.length <= MAX_CABUNDLE,
    `cabundle has to be an array of 1 to ${MAX_CABUNDLE} certificates`
  );
  return value.map((item) => readBytes(/* @__PURE__ */ new Map([["cabundle", item]]), "cabundle", 1, 1024));
}
function readBytes(fields, name, least, most) {
  const value = fields.get(name);
  check(
    value instanceof Uint8Array && value.length >= least && value.length <= most,
    `${name} has to be ${least} to ${most} bytes`
  );
  return value;
}
var readOptional = (fields, name, least, most) => fields.get(name) == null ? null : readBytes(fields, name, least, most);
function check(holds, message) {
  if (!holds) throw broken("structure", message);
}

// ../packages/sdk/src/attestation/policy.ts
var REGISTERS = [0, 1, 2, 3, 4, 8];
function checkMeasurements(policy, evidence) {
  if (evidence.debug) {
    if (policy.unsafeDebugMode) return;
    throw broken("debug", "the enclave runs in debug mode (PCR0 is zero), so its operator sees inside");
  }
  const accepted = policy.measurements;
  if (accepted?.some((each) => matches(each, evidence))) return;
  const pcr0 = toHex(evidence.pcrs.get(0));
  if (accepted !== void 0) {
    throw broken("measurements", `none of ${accepted.length} measurements of the policy matches; PCR0 is ${pcr0}`, {
      pcr0
    });
  }
  if (policy.unsafeAnyMeasurements || evidence.platform === "development" && policy.development) return;
  throw broken("measurements", `the policy names no measurements, so none is good enough; PCR0 is ${pcr0}`, { pcr0 });
}
function matches(measurements, evidence) {
  return REGISTERS.every((index) => {
    const wanted = measurements[`pcr${index}`];
    const found = evidence.pcrs.get(index);
    return wanted === void 0 || found !== void 0 && equal(found, fromHex(wanted));
  });
}

// ../packages/sdk/src/attestation/verifier.ts
var NITRO_ROOT_SHA256 = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";
var MAX_AGE = 5 * 60 * 1e3;
var DEVELOPMENT_ROOT_NAME = fromHex(
  "3050311b301906035504030c12646576656c6f706d656e742e70726f76656e3131302f060355040a0c2850726f76656e20646576656c6f706d656e74206e6f6465202d2070726f766573206e6f7468696e67"
);
async function verifyEvidence(document2, expected, policy, at = Date.now(), platformOf = platformOfRoot) {
  const [envelope, contents] = readDocument(document2);
  const root = contents.cabundle[0];
  const fingerprint = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", root)));
  const platform = await platformOf(root, fingerprint, policy);
  const key2 = await blamingClocks(contents, at, () => validateChain([...contents.cabundle, contents.certificate], at));
  const signed = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-384" },
    key2,
    envelope.signature,
    envelope.signed
  );
  if (!signed) throw broken("signature", "the document is not signed by the certificate in it");
  if (Math.abs(at - contents.timestamp) > MAX_AGE) {
    await blamingClocks(contents, at, () => {
      throw broken("freshness", `made at ${iso(contents.timestamp)}, which is more than 5 minutes away`);
    });
  }
  checkEqual("nonce", contents.nonce, expected.nonce);
  checkEqual("user_data", contents.userData, expected.userData);
  checkEqual("public_key", contents.publicKey, expected.publicKey);
  const { moduleId, timestamp, pcrs } = contents;
  const debug = !pcrs.get(0).some(Boolean);
  const evidence = { platform, moduleId, timestamp, pcrs, debug, root: fingerprint };
  checkMeasurements(policy, evidence);
  return evidence;
}
async function platformOfRoot(root, fingerprint, policy) {
  if (fingerprint === NITRO_ROOT_SHA256) return "nitro";
  const { development } = policy;
  if (!development) {
    throw broken(
      "root",
      "the node does not run on attested hardware: its evidence does not begin at the pinned root (for a development node, the policy has to say development: true)"
    );
  }
  const accepted = development === true ? await isSelfSigned(root, DEVELOPMENT_ROOT_NAME) : equal(root, derOf(development.root)) && await isSelfSigned(root, DEVELOPMENT_ROOT_NAME);
  if (!accepted) throw broken("root", "the chain does not begin at the root of the development node that was asked for");
  return "development";
}
function derOf(pem) {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem)?.[1];
  try {
    return Uint8Array.from(atob(body.replace(/\s/g, "")), (character) => character.charCodeAt(0));
  } catch {
    throw new ProvenError("BAD_REQUEST", "the policy's development root has to be a certificate in PEM");
  }
}
async function blamingClocks(contents, at, check2) {
  try {
    return await check2();
  } catch (error) {
    if (!(error instanceof ProvenError)) throw error;
    const { rule } = error.details ?? {};
    const difference = Math.round((at - contents.timestamp) / 1e3);
    if (rule !== "validity" && rule !== "freshness" || Math.abs(difference) < 60) throw error;
    throw broken(
      rule,
      `this device's clock (${iso(at)}) is ${inWords(Math.abs(difference))} ${difference > 0 ? "ahead of" : "behind"} the time in the evidence (${iso(contents.timestamp)}): set the clock if it is wrong; ${error.message}`,
      { clockDifference: difference }
    );
  }
}
function inWords(seconds) {
  for (const [size, unit] of [[86400, "days"], [3600, "hours"], [60, "minutes"]]) {
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
  }
  return `${seconds} seconds`;
}
var iso = (milliseconds) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
function checkEqual(rule, found, expected) {
  if (expected !== void 0 && (found === null || !equal(found, expected))) {
    throw broken(rule, `the document is not about the ${rule.replace("_", " ")} that was asked about`);
  }
}

// explorer/log.ts
var ED25519 = 1;
async function readLogKey(text) {
  const [name = "", id = "", ...rest] = text.split("+");
  const raw = fromBase64(rest.join("+"));
  if (raw.length !== 33 || raw[0] !== ED25519) throw new Error("the key of the log is of a kind that is not known here");
  if (toHex(await keyId(name, raw)) !== id) throw new Error("the key of the log has the id of another");
  const publicKey2 = raw.slice(1);
  return { name, publicKey: publicKey2, key: await crypto.subtle.importKey("raw", publicKey2, "Ed25519", false, ["verify"]) };
}
async function readCheckpoint(note, by) {
  const whole = new TextDecoder("utf-8", { fatal: true }).decode(note);
  const end = whole.lastIndexOf("\n\n");
  if (end < 0) throw new Error("the checkpoint is no signed note");
  const text = whole.slice(0, end + 1);
  const wanted = await keyId(by.name, concat(Uint8Array.of(ED25519), by.publicKey));
  const lines = whole.slice(end + 2).split("\n").filter((line) => line.startsWith(`— ${by.name} `));
  const signatures = lines.map((line) => fromBase64(line.slice(by.name.length + 3))).filter((each) => equal(each.slice(0, 4), wanted));
  const [signature] = signatures;
  if (signature === void 0 || !await crypto.subtle.verify("Ed25519", by.key, signature.slice(4), utf8(text))) {
    throw new Error("the checkpoint is not signed by that key");
  }
  const [origin = "", size = "", root = ""] = text.split("\n");
  if (origin !== by.name || !/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new Error("the checkpoint is of another log");
  return { origin, size: Number(size), root: fromBase64(root) };
}
async function checkInclusion(leaf, index, checkpoint2, proof) {
  if (index >= checkpoint2.size || proof.length > 63) throw new Error(`entry ${index} is not in the log`);
  let position = BigInt(index);
  let last = BigInt(checkpoint2.size - 1);
  let current = await hash(Uint8Array.of(0), leaf);
  for (const sibling of proof) {
    if (last === 0n) throw new Error("the proof of inclusion is too long");
    if (position & 1n || position === last) {
      current = await hash(Uint8Array.of(1), sibling, current);
      while (!(position & 1n) && position) [position, last] = [position >> 1n, last >> 1n];
    } else {
      current = await hash(Uint8Array.of(1), current, sibling);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  if (last !== 0n || !equal(current, checkpoint2.root)) throw new Error(`the proof does not lead from entry ${index} to the root`);
}
var keyId = async (name, key2) => (await hash(utf8(`${name}
`), key2)).slice(0, 4);
var hash = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
var fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

// explorer/check.ts
var MAX_RESPONSE = 40 * 1024 * 1024;
var AT_ONCE = 6;
var MAX_PAGES_READ = 100;
var place = document.getElementById("check");
var { application, package: packageId, node, sources } = place.dataset;
var entryIndex = Number(place.dataset["entry"]);
var announcedIndex = Number(place.dataset["announced"]);
var Unchecked = class extends Error {
};
async function step(title, run) {
  const item = document.createElement("li");
  const result = document.createElement("span");
  result.className = "result dim";
  result.textContent = "checking …";
  item.append(`${title} `, result);
  document.getElementById("steps").append(item);
  try {
    const [said, value] = await run((text) => {
      result.textContent = text;
    });
    result.className = "result good";
    result.textContent = `✓ ${said}`;
    item.dataset["outcome"] = "holds";
    return value;
  } catch (error) {
    const unchecked = error instanceof Unchecked;
    result.className = unchecked ? "result dim" : "result bad";
    result.textContent = `${unchecked ? "–" : "✗"} ${error instanceof Error ? error.message : error}`;
    item.dataset["outcome"] = unchecked ? "unchecked" : "fails";
    return void 0;
  }
}
async function get(path) {
  const response = await fetch(`${node}${path}`, { credentials: "omit", redirect: "error" });
  if (!response.ok) throw new Error(`${path.split("?")[0]} answers ${response.status}`);
  const body = new Uint8Array(await response.arrayBuffer());
  if (body.length > MAX_RESPONSE) throw new Error("an answer is larger than anything here can be");
  return body;
}
async function getJson(path) {
  return JSON.parse(new TextDecoder().decode(await get(path)));
}
var sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
function map(item) {
  if (!(item instanceof Map)) throw new Error("it is not what such bytes hold");
  return item;
}
async function logKey() {
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const asked = btoa(String.fromCharCode(...nonce)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const answer = map(decode(await get(`/.well-known/proven/log/key?nonce=${asked}`), { maxBytes: 32 * 1024, maxDepth: 1 }));
  const text = answer.get("key");
  const document2 = answer.get("evidence");
  if (typeof text !== "string" || !(document2 instanceof Uint8Array)) throw new Error("the node does not name its key");
  const read2 = await readLogKey(text);
  const userData = await sha256(encode(["proven/log-key/v1", text]));
  const policy = { development: true, unsafeAnyMeasurements: true };
  const evidence = await verifyEvidence(document2, { nonce, publicKey: read2.publicKey, userData }, policy);
  const platform = evidence.platform === "development" ? "development evidence, which has the right form and proves nothing about hardware" : `hardware evidence; PCR0 is ${toHex(evidence.pcrs.get(0))}, which you have to know to be good`;
  return [`${read2.name}, vouched for by ${platform}`, read2];
}
async function entryBytes(index) {
  const { raw } = await getJson(`/explorer/log/${index}.json`);
  if (typeof raw !== "string") throw new Error("the entry is not shown");
  return fromHex(raw);
}
async function inLog(index, leaf, checkpoint2) {
  const { hashes } = await getJson(`/.well-known/proven/log/inclusion?index=${index}&size=${checkpoint2.size}`);
  const proof = hashes.map((each) => Uint8Array.from(atob(each), (character) => character.charCodeAt(0)));
  await checkInclusion(leaf, index, checkpoint2, proof);
}
async function commandOf(leaf) {
  const entry = decode(leaf, { maxBytes: 65535, maxDepth: 1 });
  if (!Array.isArray(entry) || entry[0] !== "proven/log-entry/v1") throw new Error("it is no entry of such a log");
  if (entry[2] === "activated" && entry[3] === application) return null;
  if (entry[2] !== "command" || !(entry[3] instanceof Uint8Array)) throw new Error("it makes no version live");
  const envelope = map(decode(entry[3], { maxBytes: 32 * 1024, maxDepth: 3 }));
  const body = envelope.get("body");
  const signatures = envelope.get("signatures");
  if (!(body instanceof Uint8Array) || !Array.isArray(signatures)) throw new Error("it is no signed command");
  for (const each of signatures) {
    if (!Array.isArray(each)) throw new Error("it is no signed command");
    const [publicKey2, signature] = each;
    const key2 = await crypto.subtle.importKey("raw", publicKey2, "Ed25519", false, ["verify"]);
    if (!await crypto.subtle.verify("Ed25519", key2, signature, body)) throw new Error(`the signature of ${toHex(publicKey2)} is wrong`);
  }
  const said = decode(body, { maxBytes: 32 * 1024, maxDepth: 6 });
  if (!Array.isArray(said) || said[0] !== "proven/application-command/v1") throw new Error("it is no command to an application");
  if (said[2] !== application) throw new Error(`it is about ${said[2]}, another application`);
  return map(said[4]);
}
async function commandBehind(live, announced, checkpoint2) {
  const leaf = await entryBytes(live);
  await inLog(live, leaf, checkpoint2);
  const command = await commandOf(leaf);
  if (command !== null) return command;
  const before = await entryBytes(announced);
  await inLog(announced, before, checkpoint2);
  return commandOf(before);
}
async function checkReturn(to, checkpoint2) {
  for (let number = to, below = Infinity; number < below; ) {
    const { version } = await getJson(`/explorer/applications/${application}/versions/${number}.json`);
    const command = await commandBehind(Number(version.log_index), Number(version.announced_index), checkpoint2);
    const kind = command?.get("command");
    if (kind === "Deploy" && command.get("package_id") === packageId) {
      return [`entry ${entryIndex} is in the log and returns to version ${to}, which entry ${version.log_index} made live with this package; their signatures are good (whether those keys may do so, and how versions are numbered, is not checked here)`, null];
    }
    if (kind !== "RollBack") break;
    below = number;
    number = Number(command.get("version"));
  }
  throw new Error(`entry ${entryIndex} returns to version ${to}, and that was not deployed with this package`);
}
function verdict() {
  const outcomes = [...document.querySelectorAll("#steps > li")].map((each) => each.dataset["outcome"]);
  const failed = outcomes.filter((each) => each === "fails").length;
  const open = outcomes.filter((each) => each === "unchecked").length;
  const said = document.getElementById("verdict");
  said.className = failed ? "bad" : open ? "" : "good";
  const rest = open ? `, and ${open} could not be checked` : "";
  said.textContent = failed ? `${failed} of ${outcomes.length} steps fail${failed === 1 ? "s" : ""}${rest}.` : open ? `${open} of ${outcomes.length} steps could not be checked; the others hold.` : `All ${outcomes.length} steps hold.`;
}
async function checkEntry(checkpoint2) {
  const command = await commandBehind(entryIndex, announcedIndex, checkpoint2);
  const kind = command?.get("command");
  if (kind === "RollBack") return checkReturn(Number(command.get("version")), checkpoint2);
  if (kind !== "Deploy" || command.get("package_id") !== packageId) throw new Error(`entry ${entryIndex} does not deploy this package`);
  const by = announcedIndex === entryIndex ? "" : `, which entry ${announcedIndex} announced`;
  return [`entry ${entryIndex} is in the log and makes this package live${by}; its signatures are good (whether those keys may do so is not checked here)`, null];
}
function count(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
async function manifest() {
  const bytes = await get(`${sources}/manifest`);
  const found = toHex(await sha256(bytes));
  if (found !== packageId) throw new Error(`the manifest has the SHA-256 ${found}, not ${packageId}`);
  const { modules, assets = [] } = JSON.parse(new TextDecoder().decode(bytes));
  const named2 = `it names ${count(modules.length, "source file")} and ${count(assets.length, "front-end file")}`;
  return [`the SHA-256 of the manifest is the package id; ${named2}`, { modules, assets }];
}
async function checkFiles({ modules, assets }, progress) {
  let done = 0;
  let compared = 0;
  const own = new Set(modules);
  const waiting = [...modules, ...assets];
  const total = waiting.length;
  async function work() {
    for (let next = waiting.shift(); next !== void 0; next = waiting.shift()) {
      const path = encodeURIComponent(next.path);
      const content = await get(`${sources}/raw?${own.has(next) ? "path" : "asset"}=${path}`);
      if (content.length !== next.size || toHex(await sha256(content)) !== next.sha256) {
        throw new Error(`${next.path} is not the file that the manifest names`);
      }
      if (own.has(next) && !next.path.startsWith("npm/") && compared < MAX_PAGES_READ) {
        compared++;
        await comparePages(`path=${path}`, next.path, content);
      }
      progress(`${++done} of ${total} files`);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const pages = `the source pages of ${compared} of them show what is in the files`;
  return [`${count(done, "file")} with the hashes in the manifest, none left out; ${pages}`, null];
}
async function comparePages(address, path, content) {
  let text = "";
  for (let page = 1, pages = 1; page <= pages; page++) {
    const shown = await getJson(`${sources}/source.json?${address}&page=${page}`);
    pages = shown.rows.pages;
    text += shown.rows.items.map((row) => row.text).join("");
  }
  const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(content).replace(/\r?\n/g, "");
  if (!equal(utf8(text), utf8(whole))) throw new Error(`the page of ${path} does not show what is in the file`);
}
document.getElementById("idle").remove();
var key = await step("The key of the log.", logKey);
var checkpoint = await step("The checkpoint.", async () => {
  if (key === void 0) throw new Unchecked("there is no key to check it by");
  const read2 = await readCheckpoint(await get("/.well-known/proven/log/checkpoint"), key);
  return [`signed by that key, for ${read2.size} entries`, read2];
});
await step("The entry.", async () => {
  if (checkpoint === void 0) throw new Unchecked("there is no checkpoint to check it by");
  return checkEntry(checkpoint);
});
var named = await step("The package.", manifest);
await step("The files.", async (progress) => {
  if (named === void 0) throw new Unchecked("there is no manifest to check them by");
  return checkFiles(named, progress);
});
verdict();
place.dataset["done"] = "true";
