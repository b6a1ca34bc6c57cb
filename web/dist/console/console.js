var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res, err) => function __init() {
  if (err) throw err[0];
  try {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  } catch (e) {
    throw err = [e], e;
  }
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// ../packages/sdk/src/bytes.ts
function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
function fromHex(text) {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new TypeError("not hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
function toBase32(bytes2) {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes2) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[held >> bits - 5 & 31];
    held &= (1 << bits) - 1;
  }
  return bits ? text + BASE32[held << 5 - bits & 31] : text;
}
function uint64(value) {
  const bytes2 = new Uint8Array(8);
  const view = new DataView(bytes2.buffer);
  view.setUint32(0, Math.floor(value / 4294967296));
  view.setUint32(4, value >>> 0);
  return bytes2;
}
var encoder, decoder, BASE32, utf8, fromUtf8, randomBytes, equal, toHex;
var init_bytes = __esm({
  "../packages/sdk/src/bytes.ts"() {
    "use strict";
    encoder = new TextEncoder();
    decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
    utf8 = (text) => encoder.encode(text);
    fromUtf8 = (bytes2) => decoder.decode(bytes2);
    randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));
    equal = (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]);
    toHex = (bytes2) => Array.from(bytes2, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
});

// ../packages/sdk/src/errors.ts
function plain2(value) {
  if (Array.isArray(value)) return value.map(plain2);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain2(item)]));
}
function asProvenError(error, code2 = "INTERNAL") {
  if (error instanceof ProvenError) return error;
  return new ProvenError(code2, error instanceof Error ? error.message : String(error), { cause: error });
}
var CODES, ProvenError;
var init_errors = __esm({
  "../packages/sdk/src/errors.ts"() {
    "use strict";
    CODES = /* @__PURE__ */ new Set([
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
    ProvenError = class _ProvenError extends Error {
      name = "ProvenError";
      code;
      details;
      retryAfter;
      /** Of an error of a call: the code that was to answer it. What the node itself refuses has none. */
      source;
      constructor(code2, message, options = {}) {
        super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
        this.code = code2;
        if (options.details !== void 0) this.details = options.details;
        if (options.retryAfter !== void 0) this.retryAfter = options.retryAfter;
      }
      /** Read the error record of a peer; what is malformed becomes `INTERNAL` and not another exception. */
      static fromRecord(record2, source = null) {
        const fields = record2 instanceof Map ? Object.fromEntries(record2) : record2;
        if (typeof fields !== "object" || fields === null) {
          return new _ProvenError("INTERNAL", "the node sent an error that is not a record");
        }
        const { code: code2, message, details, retry_after: retryAfter } = fields;
        const error = new _ProvenError(
          typeof code2 === "string" && CODES.has(code2) ? code2 : "INTERNAL",
          typeof message === "string" ? message.slice(0, 4096) : String(code2).slice(0, 64),
          {
            details: typeof details === "object" && details !== null ? plain2(details) : void 0,
            retryAfter: typeof retryAfter === "number" ? retryAfter : void 0
          }
        );
        if (source !== null) error.source = source;
        return error;
      }
    };
  }
});

// ../packages/sdk/src/attestation/rules.ts
var broken;
var init_rules = __esm({
  "../packages/sdk/src/attestation/rules.ts"() {
    "use strict";
    init_errors();
    broken = (rule, message, details = {}) => new ProvenError("EVIDENCE_INVALID", message, { details: { rule, ...details } });
  }
});

// ../packages/sdk/src/attestation/policy.ts
function checkPolicy(policy) {
  for (const measurements of policy.measurements ?? []) {
    for (const [name, value] of Object.entries(measurements)) {
      const known = REGISTERS.some((index) => name === `pcr${index}`);
      if (!known || !/^([0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$/.test(value)) {
        throw new ProvenError("BAD_REQUEST", `the policy's ${name} has to be 32, 48 or 64 bytes in hex`);
      }
    }
    if (measurements.pcr0 === void 0) throw new ProvenError("BAD_REQUEST", "the policy has to name PCR0");
  }
  const { package: packages, minDelay, log } = policy;
  if (packages?.some((id) => !/^[0-9a-f]{64}$/.test(id))) {
    throw new ProvenError("BAD_REQUEST", "the policy's packages have to be ids: 64 digits in lower-case hex");
  }
  if (minDelay !== void 0 && !(Number.isSafeInteger(minDelay) && minDelay >= 0)) {
    throw new ProvenError("BAD_REQUEST", "the policy's minDelay has to be a number of seconds");
  }
  if (log !== void 0 && log !== "required" && log !== "when-asked") {
    throw new ProvenError("BAD_REQUEST", "the policy's log has to be 'required' or 'when-asked'");
  }
  const { witnesses = [], minWitnesses = witnesses.length, noticeWitnessed } = policy;
  const different = new Set(witnesses).size === witnesses.length;
  if (!different || !Number.isInteger(minWitnesses) || minWitnesses < 0 || minWitnesses > witnesses.length) {
    throw new ProvenError("BAD_REQUEST", "the policy's minWitnesses are to be of different witnesses that it names");
  }
  if (noticeWitnessed && !minWitnesses) throw new ProvenError("BAD_REQUEST", "noticeWitnessed needs witnesses");
  if (log === "when-asked" && (minDelay || minWitnesses)) {
    throw new ProvenError("BAD_REQUEST", "minDelay and witnesses are about every answer, so log cannot be when-asked");
  }
}
function checkPackage(policy, packageId) {
  if (policy.package !== void 0 && !policy.package.includes(packageId)) {
    throw broken("package", `the package ${packageId} answered, which is none of those that the policy names`, { packageId });
  }
}
function checkMeasurements(policy, evidence2) {
  if (evidence2.debug) {
    if (policy.unsafeDebugMode) return;
    throw broken("debug", "the enclave runs in debug mode (PCR0 is zero), so its operator sees inside");
  }
  const accepted = policy.measurements;
  if (accepted?.some((each) => matches2(each, evidence2))) return;
  const pcr0 = toHex(evidence2.pcrs.get(0));
  if (accepted !== void 0) {
    throw broken("measurements", `none of ${accepted.length} measurements of the policy matches; PCR0 is ${pcr0}`, {
      pcr0
    });
  }
  if (policy.unsafeAnyMeasurements || evidence2.platform === "development" && policy.development) return;
  throw broken("measurements", `the policy names no measurements, so none is good enough; PCR0 is ${pcr0}`, { pcr0 });
}
function matches2(measurements, evidence2) {
  return REGISTERS.every((index) => {
    const wanted = measurements[`pcr${index}`];
    const found = evidence2.pcrs.get(index);
    return wanted === void 0 || found !== void 0 && equal(found, fromHex(wanted));
  });
}
var REGISTERS, requiresLog, pinsCode;
var init_policy = __esm({
  "../packages/sdk/src/attestation/policy.ts"() {
    "use strict";
    init_bytes();
    init_errors();
    init_rules();
    REGISTERS = [0, 1, 2, 3, 4, 8];
    requiresLog = ({ log, minDelay, witnesses }) => log === "required" || Boolean(minDelay) || Boolean(witnesses?.length);
    pinsCode = (policy) => policy.package !== void 0 || requiresLog(policy);
  }
});

// ../packages/sdk/src/cbor.ts
function head(major, argument) {
  const type = major << 5;
  if (argument < 24) return Uint8Array.of(type | argument);
  if (argument < 256) return Uint8Array.of(type | 24, argument);
  if (argument < 65536) return Uint8Array.of(type | 25, argument >>> 8, argument);
  const wide = argument > 4294967295;
  const bytes2 = new Uint8Array(wide ? 9 : 5);
  const view = new DataView(bytes2.buffer);
  bytes2[0] = type | (wide ? 27 : 26);
  if (wide) view.setUint32(1, Math.floor(argument / 4294967296));
  view.setUint32(wide ? 5 : 1, argument >>> 0);
  return bytes2;
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
var UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, Reader;
var init_cbor = __esm({
  "../packages/sdk/src/cbor.ts"() {
    "use strict";
    init_bytes();
    init_errors();
    UINT = 0;
    NINT = 1;
    BYTES = 2;
    TEXT = 3;
    ARRAY = 4;
    MAP = 5;
    TAG = 6;
    Reader = class {
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
  }
});

// ../packages/sdk/src/cose.ts
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
function headOf(reader) {
  try {
    return reader.head();
  } catch {
    throw malformed("a truncated message");
  }
}
var ES384_PROTECTED, A256GCM_PROTECTED, ENCRYPT0_START, TAG_BYTES, Encrypt0Direction, malformed;
var init_cose = __esm({
  "../packages/sdk/src/cose.ts"() {
    "use strict";
    init_bytes();
    init_cbor();
    init_errors();
    ES384_PROTECTED = encode(/* @__PURE__ */ new Map([[1, -35]]));
    A256GCM_PROTECTED = encode(/* @__PURE__ */ new Map([[1, 3]]));
    ENCRYPT0_START = concat(Uint8Array.of(208, 131), encode(A256GCM_PROTECTED));
    TAG_BYTES = 16;
    Encrypt0Direction = class {
      #key;
      #noncePrefix;
      #aad;
      #template;
      /** `key` is one for AES-256-GCM. */
      constructor(key, noncePrefix, keyId, context) {
        this.#key = key;
        this.#noncePrefix = noncePrefix;
        const externalAad = encode([...context, new Uint8Array(8)]);
        this.#aad = encode(["Encrypt0", A256GCM_PROTECTED, externalAad]).slice(0, -8);
        const headers = encode(/* @__PURE__ */ new Map([[4, keyId], [6, new Uint8Array(8)]]));
        this.#template = concat(ENCRYPT0_START, headers.slice(0, -8));
      }
      /** A sequence must never be used twice: that is up to the caller. */
      async encrypt(sequence, plaintext) {
        const partialIv = uint64(sequence);
        const ciphertext = new Uint8Array(await crypto.subtle.encrypt(this.#algorithm(partialIv), this.#key, plaintext));
        return concat(this.#template, partialIv, head(BYTES, ciphertext.length), ciphertext);
      }
      /** The sequence and the plaintext. Throws `ProvenError` for anything but what `encrypt` made. */
      async decrypt(message) {
        const start = this.#template.length;
        if (message.length < start + 8 || !equal(message.subarray(0, start), this.#template)) {
          throw malformed("not a message of this session");
        }
        const partialIv = message.slice(start, start + 8);
        const reader = new Reader(message);
        reader.position = start + 8;
        const [major, length] = headOf(reader);
        if (major !== BYTES || length !== message.length - reader.position || length < TAG_BYTES) {
          throw malformed("a truncated or extended message");
        }
        const ciphertext = message.subarray(reader.position);
        let plaintext;
        try {
          plaintext = await crypto.subtle.decrypt(this.#algorithm(partialIv), this.#key, ciphertext);
        } catch {
          throw malformed("a message that was altered or made with another key");
        }
        return [Number(new DataView(partialIv.buffer).getBigUint64(0)), new Uint8Array(plaintext)];
      }
      #algorithm(partialIv) {
        return {
          name: "AES-GCM",
          iv: concat(this.#noncePrefix, partialIv),
          additionalData: concat(this.#aad, partialIv)
        };
      }
    };
    malformed = (message) => new ProvenError("BAD_REQUEST", message);
  }
});

// ../packages/sdk/src/session.ts
async function generateKeyPair() {
  return await crypto.subtle.generateKey("X25519", false, ["deriveKey", "deriveBits"]);
}
async function directions(privateKey, peerKey, sessionId, transcript) {
  let shared;
  try {
    const peer = await crypto.subtle.importKey("raw", peerKey, "X25519", true, []);
    shared = await crypto.subtle.deriveKey({ name: "X25519", public: peer }, privateKey, "HKDF", false, ["deriveBits"]);
  } catch {
    throw bad("the key of the node is not one that a secret can be agreed with");
  }
  const direction = async (name) => {
    const info = utf8(`${LABEL} ${name}`);
    const algorithm = { name: "HKDF", hash: "SHA-256", salt: transcript, info };
    const material = new Uint8Array(await crypto.subtle.deriveBits(algorithm, shared, 36 * 8));
    const key = await crypto.subtle.importKey("raw", material.subarray(0, 32), "AES-GCM", false, ["encrypt", "decrypt"]);
    material.fill(0, 0, 32);
    return new Encrypt0Direction(key, material.slice(32), sessionId, [LABEL, sessionId, name]);
  };
  return Promise.all([direction("client"), direction("server")]);
}
function bytesOf(value, least, most, name) {
  if (!(value instanceof Uint8Array) || value.length < least || value.length > most) {
    throw bad(`${name} has to be ${least === most ? least : `at most ${most}`} bytes`);
  }
  return value;
}
var VERSION, SUITE, LABEL, MAX_EVIDENCE, MAX_RESPONSE, MAX_PLAINTEXT, MAX_FRAME, MAX_SEQUENCE, ClientHandshake, SealedChannel, bad;
var init_session = __esm({
  "../packages/sdk/src/session.ts"() {
    "use strict";
    init_bytes();
    init_cbor();
    init_cose();
    init_errors();
    VERSION = 1;
    SUITE = "X25519-HKDF-SHA256-AES256GCM";
    LABEL = "proven/session/v1";
    MAX_EVIDENCE = 32 * 1024;
    MAX_RESPONSE = MAX_EVIDENCE + 1024;
    MAX_PLAINTEXT = 8 * 1024 * 1024 + 64 * 1024;
    MAX_FRAME = MAX_PLAINTEXT + 128;
    MAX_SEQUENCE = 2 ** 32 - 1;
    ClientHandshake = class {
      #options;
      #nonce;
      #clientKey = new Uint8Array(0);
      constructor(options) {
        this.#options = options;
        this.#nonce = options.nonce ?? randomBytes(32);
      }
      async request() {
        const { applicationId: applicationId2, origin, keyPair, resumption } = this.#options;
        this.#clientKey = new Uint8Array(await crypto.subtle.exportKey("raw", keyPair.publicKey));
        return encode({
          v: VERSION,
          suite: SUITE,
          nonce: this.#nonce,
          client_key: this.#clientKey,
          application_id: applicationId2 ?? void 0,
          origin,
          resumption
        });
      }
      /**
       * Check who answered, then derive the keys; no key exists before `verify` has agreed. Throws `ProvenError`:
       * `BAD_REQUEST` for a malformed response, and what `verify` throws.
       */
      async finish(response, verify) {
        const fields = decode(response, { maxBytes: MAX_RESPONSE, maxDepth: 1 });
        if (!(fields instanceof Map) || fields.size !== 3) throw bad("the session response is not one of version 1");
        const sessionId = bytesOf(fields.get("session_id"), 16, 16, "session_id");
        const publicKey2 = bytesOf(fields.get("server_key"), 32, 32, "server_key");
        const document2 = bytesOf(fields.get("evidence"), 0, MAX_EVIDENCE, "evidence");
        const transcript = await this.#transcript(sessionId, publicKey2);
        const evidence2 = await verify(document2, { nonce: this.#nonce, userData: transcript, publicKey: publicKey2 });
        const [client, server] = await directions(this.#options.keyPair.privateKey, publicKey2, sessionId, transcript);
        return [new SealedChannel(sessionId, transcript, client, server), evidence2];
      }
      /** SHA-256 over every field of both sides: what the evidence vouches for and the keys depend on. */
      async #transcript(sessionId, serverKey) {
        const { applicationId: applicationId2, origin, resumption } = this.#options;
        const fields = [
          LABEL,
          VERSION,
          SUITE,
          this.#nonce,
          this.#clientKey,
          applicationId2,
          origin ?? null,
          resumption ?? null,
          sessionId,
          serverKey
        ];
        return new Uint8Array(await crypto.subtle.digest("SHA-256", encode(fields)));
      }
    };
    SealedChannel = class {
      sessionId;
      transcript;
      #directions;
      #sent = -1;
      #received = -1;
      constructor(sessionId, transcript, outbound, inbound) {
        this.sessionId = sessionId;
        this.transcript = transcript;
        this.#directions = [outbound, inbound];
      }
      get closed() {
        return this.#directions === null;
      }
      /** The next sequence and, in a while, its frame. Throws `ProvenError`: `SESSION_CLOSED`, `TOO_LARGE`. */
      seal(plaintext) {
        const [outbound] = this.#requireOpen();
        if (plaintext.length > MAX_PLAINTEXT) {
          throw new ProvenError("TOO_LARGE", `a message of ${plaintext.length} bytes is over the limit of ${MAX_PLAINTEXT}`);
        }
        if (this.#sent >= MAX_SEQUENCE) throw this.#broken("the session has used up its sequences");
        this.#sent++;
        return [this.#sent, outbound.encrypt(this.#sent, plaintext)];
      }
      /** The plaintext of the peer's next frame; rejects with `SESSION_CLOSED` for a bad one. */
      async open(frame) {
        const [, inbound] = this.#requireOpen();
        if (frame.length > MAX_FRAME) throw this.#broken(`a frame of ${frame.length} bytes is over the limit`);
        let opened;
        try {
          opened = await inbound.decrypt(frame);
        } catch (error) {
          throw this.#broken(error instanceof Error ? error.message : String(error));
        }
        this.#requireOpen();
        const [sequence, plaintext] = opened;
        if (sequence <= this.#received || sequence > MAX_SEQUENCE) throw this.#broken("a replayed or reordered message");
        this.#received = sequence;
        return plaintext;
      }
      /** Refuse everything from now on and let go of the keys. */
      close() {
        this.#directions = null;
      }
      #requireOpen() {
        if (this.#directions === null) throw new ProvenError("SESSION_CLOSED", "the session is closed");
        return this.#directions;
      }
      #broken(reason) {
        this.close();
        return new ProvenError("SESSION_CLOSED", `the session was closed: ${reason}`);
      }
    };
    bad = (message) => new ProvenError("BAD_REQUEST", message);
  }
});

// ../packages/sdk/src/commands.ts
function decodeMessage(plaintext) {
  const fields = new Fields(decode(plaintext, { maxBytes: MAX_PLAINTEXT, maxDepth: MAX_DEPTH }));
  switch (fields.optionalText("event")) {
    case "console":
      return { kind: "console", level: fields.text("level"), text: fields.text("text"), handler: fields.text("handler") };
    case "published":
      return { kind: "published", name: fields.text("name"), payload: fields.bytes("payload"), source: sourceOf(fields) };
    case "missed":
      return { kind: "missed", count: fields.count("count") };
    case "version":
      return {
        kind: "version",
        what: fields.text("what"),
        entry: fields.count("entry"),
        previous: fields.optionalText("previous") ?? null,
        now: fields.record("now")
      };
    case void 0: {
      const request2 = fields.count("request");
      if (!fields.has("error")) return { kind: "success", request: request2, ok: fields.record("ok") };
      return { kind: "failure", request: request2, error: ProvenError.fromRecord(fields.get("error"), sourceOf(fields)) };
    }
    default:
      throw unexpected("an event that is not known here");
  }
}
function sourceOf(fields) {
  if (!fields.has("package_id") || !fields.has("log_index")) return null;
  return { packageId: fields.text("package_id"), logIndex: fields.count("log_index") };
}
var MAX_DEPTH, encodeCommand, Fields, unexpected;
var init_commands = __esm({
  "../packages/sdk/src/commands.ts"() {
    "use strict";
    init_cbor();
    init_errors();
    init_session();
    MAX_DEPTH = 12;
    encodeCommand = (command, fields) => encode({ command, ...fields });
    Fields = class _Fields {
      #map;
      constructor(item) {
        if (!(item instanceof Map)) throw unexpected("something that is no record");
        this.#map = item;
      }
      has(name) {
        return this.#map.has(name);
      }
      get(name) {
        return this.#map.get(name);
      }
      text(name) {
        const value = this.get(name);
        if (typeof value !== "string") throw unexpected(`a ${name} that is no text`);
        return value;
      }
      optionalText(name) {
        return this.has(name) ? this.text(name) : void 0;
      }
      bytes(name) {
        const value = this.get(name);
        if (!(value instanceof Uint8Array)) throw unexpected(`a ${name} that is no byte string`);
        return value;
      }
      count(name) {
        const value = this.get(name);
        if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw unexpected(`a ${name} that is no count`);
        return value;
      }
      record(name) {
        return new _Fields(this.get(name));
      }
      /** A list that is absent when it is empty. */
      list(name) {
        const value = this.get(name) ?? [];
        if (!Array.isArray(value)) throw unexpected(`${name} that is no list`);
        return value;
      }
    };
    unexpected = (what) => new ProvenError("BAD_REQUEST", `the node sent ${what}`);
  }
});

// ../packages/sdk/src/attestation/der.ts
function unsigned({ contents }, size) {
  const padded = contents[0] === 0;
  if (contents.length === 0 || contents[0] & 128 || padded && contents.length > 1 && !(contents[1] & 128)) {
    throw new RangeError("an integer that is negative or not in its shortest form");
  }
  const magnitude = padded ? contents.subarray(1) : contents;
  if (magnitude.length > size) throw new RangeError("an integer that is too large");
  const bytes2 = new Uint8Array(size);
  bytes2.set(magnitude, size - magnitude.length);
  return bytes2;
}
function wholeBytes({ contents }) {
  if (contents[0] !== 0) throw new RangeError("a bit string that does not end with a byte");
  return contents.subarray(1);
}
function boolean({ contents }) {
  if (contents.length !== 1 || contents[0] !== 0 && contents[0] !== 255) throw new RangeError("not a boolean");
  return contents[0] === 255;
}
function time2({ tag, contents }) {
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
var BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET, DerReader;
var init_der = __esm({
  "../packages/sdk/src/attestation/der.ts"() {
    "use strict";
    BOOLEAN = 1;
    INTEGER = 2;
    BIT_STRING = 3;
    OCTET_STRING = 4;
    OID = 6;
    UTC_TIME = 23;
    GENERALIZED_TIME = 24;
    SEQUENCE = 48;
    SET = 49;
    DerReader = class _DerReader {
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
  }
});

// ../packages/sdk/src/attestation/certificate.ts
async function validateChain(chain, at) {
  let issuer;
  for (const [position, der] of chain.entries()) {
    const certificate = read2(der, position);
    checkValidity(certificate, position, at);
    checkExtensions(certificate, position, chain.length - position - 1);
    if (issuer !== void 0) await checkIssuedBy(certificate, issuer, position);
    issuer = certificate;
  }
  if (issuer === void 0) throw broken("chain", "an empty chain");
  return publicKey(issuer, chain.length - 1);
}
async function isSelfSigned(der, name) {
  const root = read2(der, 0);
  if (!equal(root.subject, name) || !equal(root.issuer, name)) return false;
  return crypto.subtle.verify(ES384, await publicKey(root, 0), root.signature, root.signed);
}
function read2(der, position) {
  try {
    return parse2(der);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw broken("chain", `certificate ${position} of the chain cannot be read: ${reason}`);
  }
}
function parse2(der) {
  const whole2 = new DerReader(der);
  const certificate = whole2.enter();
  whole2.end();
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
  const key = body.next(SEQUENCE).encoded;
  if (key.length !== P384_KEY.length + 96 || !equal(key.subarray(0, P384_KEY.length), P384_KEY)) {
    throw new RangeError("it has a key that is not on P-384");
  }
  const point = concat(Uint8Array.of(4), key.subarray(P384_KEY.length));
  const extensions = body.atEnd ? /* @__PURE__ */ new Map() : readExtensions(body.enter(163));
  body.end();
  const keyId = optional(extensions, SUBJECT_KEY_ID, (value) => alone(value, OCTET_STRING).contents);
  const issuerKeyId = optional(extensions, AUTHORITY_KEY_ID, readAuthorityKeyId);
  return { signed: signed.encoded, signature, issuer, subject, validFrom, validTo, point, extensions, keyId, issuerKeyId };
}
function optional(extensions, id, read5) {
  const extension = extensions.get(id);
  return extension === void 0 ? null : read5(extension.value);
}
function alone(value, tag) {
  const whole2 = new DerReader(value);
  const element = whole2.next(tag);
  whole2.end();
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
  const list2 = wrapper.enter();
  wrapper.end();
  const extensions = /* @__PURE__ */ new Map();
  while (!list2.atEnd) {
    const extension = list2.enter();
    const id = toHex(identifier(extension.next(OID)));
    const critical = extension.peek() === BOOLEAN && boolean(extension.next(BOOLEAN));
    const value = extension.next(OCTET_STRING).contents;
    extension.end();
    if (extensions.has(id)) throw new RangeError("it has the same extension twice");
    extensions.set(id, { critical, value });
  }
  return extensions;
}
function rawSignature(der) {
  const whole2 = new DerReader(der);
  const pair = whole2.enter();
  whole2.end();
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
  const [from, to, now] = [validFrom, validTo, at].map((moment3) => new Date(moment3).toISOString());
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
  const key = await publicKey(issuer, position - 1);
  if (!await crypto.subtle.verify(ES384, key, certificate.signature, certificate.signed)) {
    throw broken("chain", `certificate ${position} is not signed by the one before it`);
  }
}
function readAuthorityKeyId(value) {
  const fields = new DerReader(alone(value, SEQUENCE).contents);
  const keyId = fields.peek() === 128 ? fields.next(128).contents : null;
  fields.end();
  return keyId;
}
function reading(position, parts) {
  try {
    return parts();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw broken("chain", `certificate ${position} of the chain cannot be read: ${reason}`);
  }
}
var ECDSA_WITH_SHA384, P384_KEY, KEY_USAGE, BASIC_CONSTRAINTS, SUBJECT_KEY_ID, AUTHORITY_KEY_ID, P384, ES384, timeOf;
var init_certificate = __esm({
  "../packages/sdk/src/attestation/certificate.ts"() {
    "use strict";
    init_bytes();
    init_der();
    init_rules();
    ECDSA_WITH_SHA384 = fromHex("300a06082a8648ce3d040303");
    P384_KEY = fromHex("3076301006072a8648ce3d020106052b8104002203620004");
    KEY_USAGE = "551d0f";
    BASIC_CONSTRAINTS = "551d13";
    SUBJECT_KEY_ID = "551d0e";
    AUTHORITY_KEY_ID = "551d23";
    P384 = { name: "ECDSA", namedCurve: "P-384" };
    ES384 = { name: "ECDSA", hash: "SHA-384" };
    timeOf = (reader) => time2(reader.next(reader.peek() === UTC_TIME ? UTC_TIME : GENERALIZED_TIME));
  }
});

// ../packages/sdk/src/attestation/document.ts
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
function check(holds, message) {
  if (!holds) throw broken("structure", message);
}
var MAX_DOCUMENT, MAX_PCRS, MAX_CABUNDLE, MAX_TIMESTAMP, REQUIRED, FIELDS, INDEFINITE_MAP, BREAK, readOptional;
var init_document = __esm({
  "../packages/sdk/src/attestation/document.ts"() {
    "use strict";
    init_cbor();
    init_cose();
    init_rules();
    MAX_DOCUMENT = 16 * 1024;
    MAX_PCRS = 32;
    MAX_CABUNDLE = 8;
    MAX_TIMESTAMP = 253402300799999;
    REQUIRED = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"];
    FIELDS = [...REQUIRED, "public_key", "user_data", "nonce"];
    INDEFINITE_MAP = 191;
    BREAK = 255;
    readOptional = (fields, name, least, most) => fields.get(name) == null ? null : readBytes(fields, name, least, most);
  }
});

// ../packages/sdk/src/attestation/verifier.ts
async function verifyEvidence(document2, expected, policy, at = Date.now(), platformOf = platformOfRoot) {
  const [envelope, contents] = readDocument(document2);
  const root = contents.cabundle[0];
  const fingerprint = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", root)));
  const platform = await platformOf(root, fingerprint, policy);
  const key = await blamingClocks(contents, at, () => validateChain([...contents.cabundle, contents.certificate], at));
  const signed = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-384" },
    key,
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
  const evidence2 = { platform, moduleId, timestamp, pcrs, debug, root: fingerprint };
  checkMeasurements(policy, evidence2);
  return evidence2;
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
function checkEqual(rule, found, expected) {
  if (expected !== void 0 && (found === null || !equal(found, expected))) {
    throw broken(rule, `the document is not about the ${rule.replace("_", " ")} that was asked about`);
  }
}
var NITRO_ROOT_SHA256, MAX_AGE, DEVELOPMENT_ROOT_NAME, iso;
var init_verifier = __esm({
  "../packages/sdk/src/attestation/verifier.ts"() {
    "use strict";
    init_bytes();
    init_errors();
    init_certificate();
    init_document();
    init_policy();
    init_rules();
    NITRO_ROOT_SHA256 = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";
    MAX_AGE = 5 * 60 * 1e3;
    DEVELOPMENT_ROOT_NAME = fromHex(
      "3050311b301906035504030c12646576656c6f706d656e742e70726f76656e3131302f060355040a0c2850726f76656e20646576656c6f706d656e74206e6f6465202d2070726f766573206e6f7468696e67"
    );
    iso = (milliseconds) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
  }
});

// ../packages/sdk/src/time.ts
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end);
  });
}
var Deadline, backoff;
var init_time = __esm({
  "../packages/sdk/src/time.ts"() {
    "use strict";
    init_errors();
    Deadline = class {
      #at;
      #timeout;
      /** `timeout` is in milliseconds from now. */
      constructor(timeout) {
        this.#timeout = timeout;
        this.#at = performance.now() + timeout;
      }
      get left() {
        return Math.max(0, this.#at - performance.now());
      }
      /** `promise`, or `REQUEST_TIMEOUT` after the deadline. What the promise does after that is ignored. */
      race(promise, what = "no answer") {
        return new Promise((resolve, reject) => {
          const timer = setTimeout(() => {
            reject(new ProvenError("REQUEST_TIMEOUT", `${what} within ${this.#timeout / 1e3} seconds`));
          }, this.left);
          promise.then(resolve, reject).finally(() => clearTimeout(timer));
        });
      }
    };
    backoff = (attempt) => Math.min(3e4, 250 * 2 ** attempt) * (0.5 + Math.random() / 2);
  }
});

// ../packages/sdk/src/transports.ts
async function request(url, { body, timeout, maxBytes }) {
  const options = {
    method: body === void 0 ? "GET" : "POST",
    signal: AbortSignal.timeout(timeout),
    credentials: "omit",
    redirect: "error",
    cache: "no-store",
    referrerPolicy: "no-referrer"
  };
  if (body !== void 0) options.body = body;
  try {
    const response = await fetch(url, options);
    if (response.status === 200) return await read3(response, maxBytes);
    throw refusal(response.status, await read3(response, MAX_REFUSAL));
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new ProvenError("REQUEST_TIMEOUT", `the node did not answer within ${timeout / 1e3} seconds`);
    }
    throw unreachable(error instanceof Error ? error.message : String(error));
  }
}
async function read3(response, maxBytes) {
  const chunks = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== void 0; part = await reader?.read()) {
    size += part.value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new ProvenError("TOO_LARGE", `the node's answer is longer than ${maxBytes} bytes`);
    }
    chunks.push(part.value);
  }
  return concat(...chunks);
}
function refusal(status, body) {
  const fields = record(body);
  if (typeof fields.code === "string") return ProvenError.fromRecord(fields);
  return unreachable(`its address answered with status ${status}`);
}
function record(body) {
  try {
    const value = JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
var MAX_DESCRIPTION, MAX_REFUSAL, REQUEST_TIMEOUT, CONNECT_TIMEOUT, MAX_BUFFERED, NotSent, Endpoint, WebSocketTransport, HttpTransport, unreachable;
var init_transports = __esm({
  "../packages/sdk/src/transports.ts"() {
    "use strict";
    init_bytes();
    init_errors();
    init_session();
    MAX_DESCRIPTION = 1024 * 1024;
    MAX_REFUSAL = 64 * 1024;
    REQUEST_TIMEOUT = 12e4;
    CONNECT_TIMEOUT = 1e4;
    MAX_BUFFERED = 4 * MAX_FRAME;
    NotSent = class {
      reason;
      constructor(reason) {
        this.reason = reason;
      }
    };
    Endpoint = class {
      #base;
      constructor(gateway, applicationId2) {
        this.#base = applicationId2 === null ? gateway : `${gateway}/app/${encodeURIComponent(applicationId2)}`;
      }
      /** What the node says about the application. Not to be believed without more. */
      async describe() {
        const body = await request(this.#base, { timeout: CONNECT_TIMEOUT, maxBytes: MAX_DESCRIPTION });
        const { id, name } = record(body);
        if (typeof id !== "string" || !/^[a-z2-7]{32}$/.test(id)) throw unreachable("it does not describe the application");
        return { id, name: typeof name === "string" ? name : id };
      }
      openSession(handshake) {
        return request(`${this.#base}/session`, { body: handshake, timeout: CONNECT_TIMEOUT, maxBytes: MAX_RESPONSE });
      }
      exchange(frame) {
        return request(`${this.#base}/rpc`, { body: frame, timeout: REQUEST_TIMEOUT, maxBytes: MAX_FRAME });
      }
      /** Rejects with `UNAVAILABLE` where there is no WebSocket to be had. */
      connect() {
        return new Promise((resolve, reject) => {
          const socket = new WebSocket(`${this.#base.replace(/^http/, "ws")}/ws`);
          socket.binaryType = "arraybuffer";
          const fail = () => {
            clearTimeout(timer);
            socket.close();
            reject(unreachable("no WebSocket could be opened"));
          };
          const timer = setTimeout(fail, CONNECT_TIMEOUT);
          socket.onerror = socket.onclose = fail;
          socket.onopen = () => {
            clearTimeout(timer);
            socket.onerror = socket.onclose = null;
            resolve(new WebSocketTransport(socket));
          };
        });
      }
    };
    WebSocketTransport = class {
      kind = "websocket";
      #socket;
      constructor(socket) {
        this.#socket = socket;
      }
      start(onFrame, onLost) {
        this.#socket.onmessage = ({ data }) => {
          if (data instanceof ArrayBuffer) onFrame(new Uint8Array(data));
          else onLost(new ProvenError("SESSION_CLOSED", "the node sent something that is no frame"));
        };
        const closed = ({ code: code2, reason }) => {
          onLost(new ProvenError("SESSION_CLOSED", `the connection was closed (${reason || code2})`));
        };
        this.#socket.onclose = closed;
        if (this.#socket.readyState > WebSocket.OPEN) closed({ code: 1006, reason: "" });
      }
      async send(frame) {
        if (this.#socket.readyState !== WebSocket.OPEN) throw new NotSent(unreachable("the connection was lost"));
        if (this.#socket.bufferedAmount > MAX_BUFFERED) {
          throw new NotSent(new ProvenError("OVERLOADED", "too much waits to be sent", { retryAfter: 1 }));
        }
        this.#socket.send(frame);
      }
      close() {
        this.#socket.onmessage = this.#socket.onclose = null;
        this.#socket.close();
      }
    };
    HttpTransport = class {
      kind = "http";
      #endpoint;
      #onFrame = () => {
      };
      #onLost = () => {
      };
      constructor(endpoint) {
        this.#endpoint = endpoint;
      }
      start(onFrame, onLost) {
        this.#onFrame = onFrame;
        this.#onLost = onLost;
      }
      async send(frame) {
        try {
          this.#onFrame(await this.#endpoint.exchange(frame));
        } catch (error) {
          this.#onLost(asProvenError(error, "UNAVAILABLE"));
        }
      }
      close() {
      }
    };
    unreachable = (reason) => new ProvenError("UNAVAILABLE", `the node cannot be reached: ${reason}`);
  }
});

// ../packages/sdk/src/database.ts
async function open(name, stores) {
  const request2 = indexedDB.open(name, 1);
  request2.onupgradeneeded = () => {
    for (const store of stores) request2.result.createObjectStore(store);
  };
  await within((resolve, reject) => {
    request2.onsuccess = resolve;
    request2.onerror = request2.onblocked = reject;
  });
  return request2.result;
}
function within(start) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, TIMEOUT);
    start(
      () => (clearTimeout(timer), resolve()),
      () => (clearTimeout(timer), reject(new Error("IndexedDB does not work here")))
    );
  });
}
var TIMEOUT;
var init_database = __esm({
  "../packages/sdk/src/database.ts"() {
    "use strict";
    TIMEOUT = 2e3;
  }
});

// ../packages/sdk/src/log/ed25519.ts
function isKey(publicKey2) {
  if (publicKey2.length !== 32) return false;
  const y = BigInt(`0x${toHex(publicKey2.slice().reverse())}`) & (1n << 255n) - 1n;
  return y < PRIME && !SMALL_ORDER.has(y);
}
async function isSigned(publicKey2, signature, message) {
  if (!isKey(publicKey2) || signature.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey2, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") throw error;
    return false;
  }
}
var PRIME, SMALL_ORDER;
var init_ed25519 = __esm({
  "../packages/sdk/src/log/ed25519.ts"() {
    "use strict";
    init_bytes();
    PRIME = 2n ** 255n - 19n;
    SMALL_ORDER = /* @__PURE__ */ new Set([
      0n,
      1n,
      PRIME - 1n,
      0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
      0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
    ]);
  }
});

// ../packages/sdk/src/log/applications.ts
function decodeEnvelope(envelope) {
  const fields = new Record(decodeStrictly(envelope, MAX_ENVELOPE, 3));
  const raw = fields.bytes("body", 0, MAX_ENVELOPE);
  const listed = fields.list("signatures");
  fields.end();
  return { ...decodeBody(raw), raw, signatures: readSignatures(listed) };
}
async function verifyCommand({ signatures, raw }) {
  for (const [key, signature] of signatures) {
    if (!await isSigned(key, signature, raw)) {
      throw new ProvenError("UNAUTHENTICATED", `the signature of ${toHex(key)} is not good`);
    }
  }
}
function decodeStrictly(data, maxBytes, maxDepth) {
  if (data.length > maxBytes) throw new ProvenError("TOO_LARGE", `it has ${data.length} bytes, over ${maxBytes}`);
  const reader = new Reader(data);
  try {
    const item = reader.item(maxDepth);
    reader.end();
    if (reader.floats > 0) throw new RangeError("a float");
    return item;
  } catch (error) {
    throw bad2(`malformed CBOR: ${error instanceof Error ? error.message : error}`);
  }
}
function decodeBody(raw) {
  const body = decodeStrictly(raw, MAX_ENVELOPE, 6);
  if (!Array.isArray(body) || body.length !== 5 || body[0] !== BODY_LABEL) {
    throw bad2("a command has its label, log, application, revision and fields");
  }
  const [, origin, applicationId2, revision, fields] = body;
  if (!isText(origin, 255)) throw bad2("a command names the log that it is for");
  if (typeof applicationId2 !== "string" || !/^[a-z2-7]{32}$/.test(applicationId2)) throw bad2("not an application id");
  if (!isCount(revision)) throw bad2("a revision is a count");
  return { origin, applicationId: applicationId2, revision, command: readCommand(new Record(fields)) };
}
function readCommand(fields) {
  const command = fields.text("command");
  const read5 = () => {
    switch (command) {
      case "CreateApplication": {
        const policy = fields.has("policy") ? readPolicy(fields.record("policy")) : { kind: "owner" };
        return { command, name: fields.text("name"), nonce: fields.bytes("nonce", 0, 64), policy };
      }
      case "Deploy": {
        const packageId = fields.text("package_id");
        if (!/^[0-9a-f]{64}$/.test(packageId)) throw bad2("not the id of a package");
        return { command, packageId };
      }
      case "RollBack":
        return { command, version: fields.count("version", 1, Number.MAX_SAFE_INTEGER) };
      case "SetUpgradePolicy":
        return { command, policy: readPolicy(fields.record("policy")) };
      case "TransferOwnership":
        return { command, to: requireKey(fields.bytes("to", 32, 32)) };
      case "CancelUpgrade":
      case "Veto":
      case "Archive":
        return { command };
      case "AddAllowedOrigin":
      case "RemoveAllowedOrigin":
        return { command, origin: fields.text("origin") };
      case "LinkDomain":
      case "UnlinkDomain":
        return { command, domain: fields.text("domain") };
      default:
        throw bad2("not a command that is known here");
    }
  };
  const found = read5();
  fields.end();
  return found;
}
function readPolicy(fields) {
  const kind = fields.text("kind");
  const delay = () => fields.count("delay", MIN_DELAY, MAX_DELAY);
  const guardians = () => fields.has("guardians") ? readKeys(fields.list("guardians"), 1) : [];
  const shared = () => {
    const threshold = fields.count("threshold", 1, MAX_POLICY_KEYS);
    return { threshold, keys: readKeys(fields.list("keys"), threshold) };
  };
  const read5 = () => {
    switch (kind) {
      case "immutable":
      case "owner":
        return { kind };
      case "timelock":
        return { kind, delay: delay(), guardians: guardians() };
      case "multisig":
        return { kind, ...shared() };
      case "timelock_multisig":
        return { kind, delay: delay(), ...shared(), guardians: guardians() };
      default:
        throw bad2("not an upgrade policy that is known here");
    }
  };
  const found = read5();
  fields.end();
  return found;
}
function readKeys(listed, least) {
  if (listed.length < least || listed.length > MAX_POLICY_KEYS) {
    throw bad2(`a policy has ${least} to ${MAX_POLICY_KEYS} keys here`);
  }
  const keys2 = listed.map((each) => {
    if (!(each instanceof Uint8Array)) throw bad2("a key is 32 bytes");
    return requireKey(each);
  });
  requireAscending(keys2);
  return keys2;
}
function requireKey(key) {
  if (!isKey(key)) throw bad2("not an Ed25519 public key");
  return key;
}
function requireAscending(keys2) {
  const written = keys2.map(toHex);
  if (written.some((key, index) => index > 0 && written[index - 1] >= key)) {
    throw bad2("keys are in ascending order, and none is there twice");
  }
}
function readSignatures(listed) {
  const signatures = listed.map((each) => {
    const [key, signature, ...more] = Array.isArray(each) ? each : [];
    if (!(key instanceof Uint8Array) || !(signature instanceof Uint8Array) || more.length > 0) {
      throw bad2("a signature is a key and what it signed with");
    }
    if (key.length !== 32 || signature.length !== 64) throw bad2("a signature is a key of 32 bytes and 64 bytes by it");
    return [key, signature];
  });
  if (signatures.length > MAX_SIGNATURES) throw bad2(`an envelope has at most ${MAX_SIGNATURES} signatures`);
  requireAscending(signatures.map(([key]) => key));
  if (signatures.length === 0) throw new ProvenError("UNAUTHENTICATED", "nobody signed the command");
  return signatures;
}
var BODY_LABEL, MAX_ENVELOPE, MAX_SIGNATURES, MAX_POLICY_KEYS, MIN_DELAY, MAX_DELAY, delayOf, guardiansOf, isCount, Record, isText, includes, bad2;
var init_applications = __esm({
  "../packages/sdk/src/log/applications.ts"() {
    "use strict";
    init_bytes();
    init_cbor();
    init_errors();
    init_ed25519();
    BODY_LABEL = "proven/application-command/v1";
    MAX_ENVELOPE = 32 * 1024;
    MAX_SIGNATURES = 32;
    MAX_POLICY_KEYS = 16;
    MIN_DELAY = 60;
    MAX_DELAY = 365 * 24 * 3600;
    delayOf = (policy) => "delay" in policy ? policy.delay : 0;
    guardiansOf = (policy) => "guardians" in policy ? policy.guardians : [];
    isCount = (value) => Number.isSafeInteger(value) && value >= 0;
    Record = class _Record {
      #left;
      constructor(item) {
        if (!(item instanceof Map)) throw bad2("not a record");
        this.#left = new Map(item);
      }
      has(name) {
        return this.#left.has(name);
      }
      text(name) {
        const value = this.#take(name);
        if (!isText(value, 253)) throw bad2(`${name} is a short text`);
        return value;
      }
      bytes(name, least, most) {
        const value = this.#take(name);
        if (!(value instanceof Uint8Array) || value.length < least || value.length > most) throw bad2(`${name} is bytes`);
        return value;
      }
      count(name, least, most) {
        const value = this.#take(name);
        if (!isCount(value) || value < least || value > most) throw bad2(`${name} is a number from ${least} to ${most}`);
        return value;
      }
      list(name) {
        const value = this.#take(name);
        if (!Array.isArray(value)) throw bad2(`${name} is a list`);
        return value;
      }
      record(name) {
        return new _Record(this.#take(name));
      }
      end() {
        if (this.#left.size > 0) throw bad2("a field that is not known here");
      }
      #take(name) {
        const value = this.#left.get(name);
        this.#left.delete(name);
        return value;
      }
    };
    isText = (value, most) => typeof value === "string" && value !== "" && [...value].length <= most;
    includes = (keys2, key) => keys2.some((each) => equal(each, key));
    bad2 = (message) => new ProvenError("BAD_REQUEST", message);
  }
});

// ../packages/sdk/src/log/base64.ts
function fromBase642(text) {
  let raw;
  try {
    raw = atob(text);
  } catch {
    throw new TypeError("not base64");
  }
  if (btoa(raw) !== text) throw new TypeError("not base64 in its only form");
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}
var toBase64url;
var init_base64 = __esm({
  "../packages/sdk/src/log/base64.ts"() {
    "use strict";
    toBase64url = (bytes2) => btoa(String.fromCharCode(...bytes2)).replace(/[+/=]/g, (found) => ({ "+": "-", "/": "_" })[found] ?? "");
  }
});

// ../packages/sdk/src/log/entries.ts
function decodeEntry(leaf) {
  const items = decodeStrictly(leaf, MAX_ENTRY, 1);
  const [label, at, kind, ...fields] = Array.isArray(items) ? items : [];
  if (label !== ENTRY_LABEL) throw bad3("not an entry of the log of applications");
  if (!isCount(at)) throw bad3("the time of an entry is in milliseconds");
  if (kind === "command" && fields.length === 1 && fields[0] instanceof Uint8Array) {
    const signed = decodeEnvelope(fields[0]);
    return { kind, at, applicationId: signed.applicationId, signed };
  }
  const [applicationId2, second, third] = fields;
  if (typeof applicationId2 === "string") {
    if (kind === "activated" && fields.length === 2 && isCount(second)) {
      return { kind, at, applicationId: applicationId2, revision: second };
    }
    if (typeof second === "string" && second !== "" && [...second].length <= 253) {
      if (kind === "domain_proved" && fields.length === 3 && isCount(third)) {
        return { kind, at, applicationId: applicationId2, domain: second, until: third };
      }
      if (kind === "domain_lapsed" && fields.length === 2) return { kind, at, applicationId: applicationId2, domain: second };
    }
  }
  throw bad3("not an entry of the log of applications");
}
var ENTRY_LABEL, MAX_ENTRY, bad3;
var init_entries = __esm({
  "../packages/sdk/src/log/entries.ts"() {
    "use strict";
    init_errors();
    init_applications();
    ENTRY_LABEL = "proven/log-entry/v1";
    MAX_ENTRY = 2 ** 16 - 1;
    bad3 = (message) => new ProvenError("BAD_REQUEST", message);
  }
});

// ../packages/sdk/src/log/merkle.ts
async function rootOf(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  let level = [...leaves];
  while (level.length > 1) {
    const above = [];
    for (let index = 0; index < level.length; index += 2) {
      const right = level[index + 1];
      above.push(right === void 0 ? Promise.resolve(level[index]) : nodeHash(level[index], right));
    }
    level = await Promise.all(above);
  }
  return level[0];
}
async function checkInclusion(leaf, index, size, root, proof) {
  if (!isSize(index) || !isSize(size) || index >= size) throw refused(`the log of ${size} entries has no entry ${index}`);
  checkHashes([leaf, root, ...proof]);
  let position = index;
  let last = size - 1;
  let current = leaf;
  for (const sibling of proof) {
    if (last === 0) throw refused("the proof of inclusion is too long");
    if (position % 2 === 1 || position === last) {
      current = await nodeHash(sibling, current);
      while (position % 2 === 0 && position > 0) [position, last] = [half(position), half(last)];
    } else current = await nodeHash(current, sibling);
    [position, last] = [half(position), half(last)];
  }
  if (last !== 0 || !equal(current, root)) throw refused("the proof of inclusion does not lead to the root of the log");
}
async function checkConsistency(oldSize, size, oldRoot, root, proof) {
  checkHashes([oldRoot, root, ...proof]);
  if (!isSize(oldSize) || !isSize(size) || oldSize > size) {
    throw refused(`a log that had ${oldSize} entries has ${size} now: it was rolled back`);
  }
  if (oldSize === 0 || oldSize === size) {
    const expected = oldSize === 0 ? await rootOf([]) : root;
    if (proof.length > 0 || !equal(oldRoot, expected)) throw refused("two logs of one size differ: the log was forked");
    return;
  }
  const hashes = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  if (hashes.length === 0) throw refused("the proof of consistency is empty");
  let position = oldSize - 1;
  let last = size - 1;
  while (position % 2 === 1) [position, last] = [half(position), half(last)];
  let first = hashes[0];
  let second = first;
  for (const sibling of hashes.slice(1)) {
    if (last === 0) throw refused("the proof of consistency is too long");
    if (position % 2 === 1 || position === last) {
      [first, second] = [await nodeHash(sibling, first), await nodeHash(sibling, second)];
      while (position % 2 === 0 && position > 0) [position, last] = [half(position), half(last)];
    } else second = await nodeHash(second, sibling);
    [position, last] = [half(position), half(last)];
  }
  if (last !== 0 || !equal(first, oldRoot) || !equal(second, root)) {
    throw refused("the log does not continue the one that was seen before: it was forked or rolled back");
  }
}
function checkHashes(hashes) {
  if (hashes.length > MAX_PROOF + 2 || hashes.some(({ length }) => length !== HASH_BYTES)) {
    throw refused("a proof is a short list of SHA-256 hashes");
  }
}
function isPowerOfTwo(count2) {
  let rest = count2;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}
var HASH_BYTES, MAX_PROOF, sha256, leafHash, nodeHash, half, isSize, refused;
var init_merkle = __esm({
  "../packages/sdk/src/log/merkle.ts"() {
    "use strict";
    init_bytes();
    init_rules();
    HASH_BYTES = 32;
    MAX_PROOF = 63;
    sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    leafHash = (entry) => sha256(concat(Uint8Array.of(0), entry));
    nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));
    half = (count2) => Math.floor(count2 / 2);
    isSize = (count2) => Number.isSafeInteger(count2) && count2 >= 0;
    refused = (message) => broken("log", message);
  }
});

// ../packages/sdk/src/log/notes.ts
function parseNote(raw) {
  if (raw.length > MAX_NOTE) throw new ProvenError("TOO_LARGE", `a note has at most ${MAX_NOTE} bytes`);
  const whole2 = textOf(raw);
  if (/[\x00-\x09\x0b-\x1f\x7f]/.test(whole2)) throw bad4("a note has no control characters");
  const end = whole2.lastIndexOf("\n\n");
  const lines = whole2.slice(end + 2);
  if (end < 1 || !lines.endsWith("\n")) throw bad4("a note is text, an empty line, and signatures");
  const listed = lines.slice(0, -1).split("\n");
  if (listed.length > MAX_SIGNATURES2) {
    throw new ProvenError("TOO_LARGE", `a note has at most ${MAX_SIGNATURES2} signatures`);
  }
  return { text: `${whole2.slice(0, end)}
`, signatures: listed.map(parseSignature) };
}
function parseCheckpoint(text) {
  const [origin = "", size = "", root = "", ...extensions] = text.replace(/\n$/, "").split("\n");
  if (!text.endsWith("\n") || [origin, size, root, ...extensions].includes("")) {
    throw bad4("a checkpoint is an origin, a size and a root, a line each");
  }
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw bad4("the size of a checkpoint is a decimal number");
  }
  const hash = decoded2(root);
  if (hash.length !== HASH_BYTES) throw bad4("the root of a checkpoint is 32 bytes");
  return { origin, size: Number(size), root: hash, extensions };
}
async function parseKey(text) {
  const [, name = "", id, encoded = ""] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  const raw = decoded2(encoded);
  if (!isSignerName(name) || raw.length !== 33 || raw[0] !== ED25519 && raw[0] !== COSIGNATURE) {
    throw bad4("not the verifier key of an Ed25519 signer");
  }
  const publicKey2 = raw.slice(1);
  if (id !== toHex(await keyIdOf(name, raw[0], publicKey2))) throw bad4("the verifier key has the id of another");
  return { name, publicKey: publicKey2, verifierKey: text };
}
async function checkNote(key, note) {
  const signature = await findSignature(key, ED25519, note);
  if (signature === void 0) throw broken("log", `the note is not signed by ${key.name}`);
  if (!await isSigned(key.publicKey, signature.blob, utf8(note.text))) {
    throw broken("log", `the signature of ${key.name} is wrong`);
  }
}
async function cosignedAt(key, note) {
  const signature = await findSignature(key, COSIGNATURE, note);
  if (signature === void 0) return null;
  const { blob } = signature;
  if (blob.length !== 72) throw broken("log", "a cosignature has a time and a signature");
  const seconds = new DataView(blob.buffer, blob.byteOffset).getBigUint64(0);
  if (!await isSigned(key.publicKey, blob.slice(8), utf8(`cosignature/v1
time ${seconds}
${note.text}`))) {
    throw broken("log", `the signature of ${key.name} is wrong`);
  }
  return 1e3 * Number(seconds);
}
async function findSignature(key, kind, note) {
  const id = await keyIdOf(key.name, kind, key.publicKey);
  return note.signatures.find(({ name, keyId }) => name === key.name && equal(keyId, id));
}
async function keyIdOf(name, kind, publicKey2) {
  return (await sha256(concat(utf8(`${name}
`), Uint8Array.of(kind), publicKey2))).slice(0, 4);
}
function parseSignature(line2) {
  const [, name = "", encoded] = new RegExp(`^${DASH}([^ ]*) (.*)$`, "s").exec(line2) ?? [];
  if (encoded === void 0 || !isSignerName(name)) throw bad4("a signature line is a dash, a name and base64");
  const raw = decoded2(encoded);
  if (raw.length < 5) throw bad4("a signature begins with the id of its key");
  return { name, keyId: raw.slice(0, 4), blob: raw.slice(4) };
}
function textOf(raw) {
  try {
    return fromUtf8(raw);
  } catch {
    throw bad4("a note is UTF-8");
  }
}
function decoded2(text) {
  try {
    return fromBase642(text);
  } catch {
    throw bad4("not base64");
  }
}
var MAX_NOTE, MAX_SIGNATURES2, MAX_NAME, ED25519, COSIGNATURE, DASH, isSignerName, bad4;
var init_notes = __esm({
  "../packages/sdk/src/log/notes.ts"() {
    "use strict";
    init_rules();
    init_bytes();
    init_errors();
    init_base64();
    init_ed25519();
    init_merkle();
    MAX_NOTE = 64 * 1024;
    MAX_SIGNATURES2 = 100;
    MAX_NAME = 256;
    ED25519 = 1;
    COSIGNATURE = 4;
    DASH = "— ";
    isSignerName = (name) => /^[^\s\x85+\x00-\x1f\x7f]+$/u.test(name) && [...name].length <= MAX_NAME;
    bad4 = (message) => new ProvenError("BAD_REQUEST", message);
  }
});

// ../packages/sdk/src/log/collect.ts
function splitEntries(bundle) {
  const entries = [];
  for (let position = 0; position < bundle.length; ) {
    const start = position + 2;
    const end = start + (bundle[position] << 8 | (bundle[position + 1] ?? 0));
    if (start > bundle.length || end > bundle.length) throw broken("log", "an entry bundle is cut short");
    entries.push(bundle.slice(start, end));
    position = end;
  }
  return entries;
}
function readHashes(listed) {
  if (!Array.isArray(listed) || listed.length > 65) throw malformed2();
  return listed.map(bytesOf2);
}
function bytesOf2(text) {
  if (typeof text !== "string") throw malformed2();
  try {
    return fromBase642(text);
  } catch {
    throw malformed2();
  }
}
var WIDTH, WHOLE_LOG, MAX_KEY, MAX_PROOF2, MAX_PAGE, MAX_PAGES, ATTEMPTS, MAX_ANNOUNCEMENTS, Collector, malformed2;
var init_collect = __esm({
  "../packages/sdk/src/log/collect.ts"() {
    "use strict";
    init_rules();
    init_bytes();
    init_errors();
    init_time();
    init_transports();
    init_base64();
    init_entries();
    init_notes();
    WIDTH = 256;
    WHOLE_LOG = 1024;
    MAX_KEY = 32 * 1024;
    MAX_PROOF2 = 64 * 1024;
    MAX_PAGE = 32 * 1024 * 1024;
    MAX_PAGES = 100;
    ATTEMPTS = 20;
    MAX_ANNOUNCEMENTS = 16;
    Collector = class {
      #base;
      #deadline;
      constructor(gateway, deadline) {
        this.#base = `${gateway}/.well-known/proven/log`;
        this.#deadline = deadline;
      }
      key(nonce) {
        return this.#get(`key?nonce=${toBase64url(nonce)}`, MAX_KEY);
      }
      /** The newest checkpoint; waits a little for one of at least `size` entries. */
      async checkpoint(size) {
        for (let attempt = 1; ; attempt++) {
          const raw = await this.#get("checkpoint", MAX_NOTE);
          if (attempt === ATTEMPTS || parseCheckpoint(parseNote(raw).text).size >= size) return raw;
          await pause(5 * attempt);
        }
      }
      /** All entries of a log of `size`, if that is not too many, or those that the node says are of the application. */
      async entries(applicationId2, size) {
        if (size > WHOLE_LOG) return { whole: false, entries: await this.#listed(applicationId2, size) };
        const tiles = Array.from({ length: Math.ceil(size / WIDTH) }, (_, number2) => this.#tile(number2, size));
        const leaves = (await Promise.all(tiles)).flat();
        return { whole: true, entries: leaves.map((leaf, index) => ({ index, leaf, proof: [] })) };
      }
      async consistency(old, size) {
        const body = await this.#get(`consistency?old=${old}&new=${size}`, MAX_PROOF2);
        return readHashes(record(body).hashes);
      }
      /** The checkpoints of up to `size` entries by which witnesses say since when these entries are public. */
      async cosigned(indexes, size) {
        const asked = indexes.slice(-MAX_ANNOUNCEMENTS).join(",");
        const { notes } = record(await this.#get(`cosigned?entries=${asked}`, MAX_PAGE));
        if (!Array.isArray(notes) || notes.some((note) => typeof note !== "string")) throw malformed2();
        return notes.map((note) => utf8(note)).filter((note) => parseCheckpoint(parseNote(note).text).size <= size);
      }
      async #tile(number2, size) {
        const width = Math.min(WIDTH, size - number2 * WIDTH);
        const partial = width === WIDTH ? "" : `.p/${width}`;
        const path2 = `tile/entries/${String(number2).padStart(3, "0")}${partial}`;
        return splitEntries(await this.#get(path2, width * (MAX_ENTRY + 2)));
      }
      async #listed(applicationId2, size) {
        const found = [];
        let after = -1;
        for (let page = 0; page < MAX_PAGES; page++) {
          const query = `size=${size}${after < 0 ? "" : `&after=${after}`}`;
          const { entries, more } = record(await this.#get(`application/${applicationId2}?${query}`, MAX_PAGE));
          if (!Array.isArray(entries)) throw malformed2();
          for (const entry of entries) {
            const { index, leaf, hashes } = Object(entry);
            if (!Number.isSafeInteger(index) || index <= after || typeof leaf !== "string") throw malformed2();
            after = index;
            found.push({ index: after, leaf: bytesOf2(leaf), proof: readHashes(hashes) });
          }
          if (more !== true || entries.length === 0) return found;
        }
        throw new ProvenError("TOO_LARGE", "the application has more entries than can be read here");
      }
      #get(path2, maxBytes) {
        const timeout = Math.max(1, Math.ceil(this.#deadline.left));
        return request(`${this.#base}/${path2}`, { timeout, maxBytes });
      }
    };
    malformed2 = () => broken("log", "the node's list of entries or hashes is malformed");
  }
});

// ../packages/sdk/src/log/head.ts
async function checkHead(head2, checkpoint, shown2, compare2) {
  if (head2.origin !== checkpoint.origin) {
    throw broken("log", `the node says that its log is ${head2.origin}, not ${checkpoint.origin}`);
  }
  if (checkpoint.size < head2.size) {
    throw broken(
      "log",
      `the checkpoint is stale: it has ${checkpoint.size} entries, and the node says in the session that there are ${head2.size}`
    );
  }
  try {
    await compare2(head2.size, head2.root);
  } catch (error) {
    if (asProvenError(error).code !== "EVIDENCE_INVALID") throw error;
    throw broken("log", `the log was forked: it does not begin with the ${head2.size} entries that the node says it has`);
  }
  if (shown2 < head2.revision) {
    throw broken(
      "log",
      `entries were left out: ${shown2} are shown, and the node says in the session that the application has ${head2.revision}`
    );
  }
}
var readHead;
var init_head = __esm({
  "../packages/sdk/src/log/head.ts"() {
    "use strict";
    init_rules();
    init_errors();
    readHead = (answer) => ({
      origin: answer.text("origin"),
      size: answer.count("size"),
      root: answer.bytes("root"),
      revision: answer.has("revision") ? answer.count("revision") : 0
    });
  }
});

// ../packages/sdk/src/log/memory.ts
var DATABASE2, LOGS, APPLICATIONS, LogMemory;
var init_memory = __esm({
  "../packages/sdk/src/log/memory.ts"() {
    "use strict";
    init_database();
    DATABASE2 = "proven-log";
    LOGS = "logs";
    APPLICATIONS = "applications";
    LogMemory = class _LogMemory {
      #database;
      constructor(database) {
        this.#database = database;
      }
      static async open() {
        try {
          return new _LogMemory(await open(DATABASE2, [LOGS, APPLICATIONS]));
        } catch {
          return new _LogMemory(null);
        }
      }
      /** Whether anything can be kept here. */
      get works() {
        return this.#database !== null;
      }
      log(origin) {
        return this.#get(LOGS, origin);
      }
      logOf(applicationId2) {
        return this.#get(APPLICATIONS, applicationId2);
      }
      /** Keep `state`, unless more of the log is remembered already. */
      async remember(applicationId2, state) {
        if (this.#database === null) return;
        const transaction = this.#database.transaction([LOGS, APPLICATIONS], "readwrite");
        await within((resolve, reject) => {
          transaction.oncomplete = resolve;
          transaction.onerror = transaction.onabort = reject;
          const logs = transaction.objectStore(LOGS);
          const known = logs.get(state.origin);
          known.onsuccess = () => {
            if (known.result === void 0 || known.result.size <= state.size) logs.put(state, state.origin);
          };
          const applications = transaction.objectStore(APPLICATIONS);
          const before = applications.getKey(applicationId2);
          before.onsuccess = () => {
            if (before.result === void 0) applications.put({ origin: state.origin, seenAt: state.seenAt }, applicationId2);
          };
        });
      }
      close() {
        this.#database?.close();
      }
      async #get(store, key) {
        if (this.#database === null) return void 0;
        const request2 = this.#database.transaction(store).objectStore(store).get(key);
        await within((resolve, reject) => {
          request2.onsuccess = resolve;
          request2.onerror = reject;
        });
        return request2.result;
      }
    };
  }
});

// ../packages/sdk/src/log/replay.ts
async function applicationId(owner, nonce) {
  return toBase32((await sha256(encode(["proven/application/v1", owner, nonce]))).slice(0, 20));
}
function requireAuthority(state, { command, signatures }) {
  const { policy, name } = state;
  const signers = signatures.map(([key]) => key);
  const guardians = guardiansOf(policy);
  const onlyGuardians = signers.every((key) => includes(guardians, key));
  if (command.command === "Veto") {
    if (!onlyGuardians) throw refuse("FORBIDDEN", `only a guardian of ${name} can veto`);
    return;
  }
  if ("threshold" in policy) {
    if (!signers.every((key) => includes(policy.keys, key))) {
      if (onlyGuardians) throw refuse("FORBIDDEN", "a guardian can veto, and nothing else");
      throw refuse("NOT_OWNER", `somebody signed who is not among the keys that change ${name}`);
    }
    if (signers.length < policy.threshold) {
      throw refuse(
        "FORBIDDEN",
        `${policy.threshold} of ${policy.keys.length} keys have to sign, and ${signers.length} did`
      );
    }
  } else if (signers.length !== 1 || !equal(signers[0], state.owner)) {
    if (onlyGuardians) throw refuse("FORBIDDEN", "a guardian can veto, and nothing else");
    throw refuse("NOT_OWNER", `only its owner can change ${name}`);
  }
  if (policy.kind === "immutable" && UPGRADES.has(command.command)) throw refuse("FORBIDDEN", `${name} is immutable`);
}
function endsPending({ pending, history }, { command: { command }, revision }) {
  if (pending === null || command !== "CancelUpgrade" && command !== "Veto") return false;
  return history.indexOf(pending.logIndex) < revision && revision <= history.length;
}
function requireNext(state, at, revision) {
  if (state.archived) throw refuse("CONFLICT", `${state.name} is archived and cannot change any more`);
  if (revision !== state.history.length) {
    throw refuse("CONFLICT", `${state.name} has ${state.history.length} entries, not ${revision}`, {
      revision: state.history.length
    });
  }
  if (at < state.changedAt) throw refuse("BAD_REQUEST", "an entry cannot be earlier than the one before it");
}
function requireUpgrade(state, change) {
  if (state.pending !== null) throw refuse("CONFLICT", `a change of ${state.name} is pending; cancel it first`);
  if (change.command === "RollBack" && change.version >= state.versions.length) {
    throw refuse("NOT_FOUND", `${state.name} has no earlier version ${change.version}`);
  }
  if (change.command === "SetUpgradePolicy" && change.policy.kind === "immutable" && state.versions.length === 0) {
    throw refuse("CONFLICT", "an immutable application never gets a version: deploy one first");
  }
}
function bringIntoForce(state, change, at, logIndex, announcedIndex) {
  if (change.command === "SetUpgradePolicy") state.policy = change.policy;
  else if (change.command === "TransferOwnership") state.owner = change.to;
  else {
    const packageId = change.command === "Deploy" ? change.packageId : state.versions[change.version - 1].packageId;
    state.versions.push({ number: state.versions.length + 1, packageId, at, logIndex, announcedIndex });
  }
}
function inWords2(index, error) {
  const { code: code2, message, details } = error;
  if (code2 === "UNAUTHENTICATED") return `entry ${index} of the log is not signed by those it names: ${message}`;
  if (code2 === "CONFLICT" && details?.revision !== void 0) {
    return `entries of the application were left out or added before entry ${index}: ${message} as its author had seen`;
  }
  if (code2 === "NOT_OWNER" || code2 === "FORBIDDEN") return `entry ${index} breaks the upgrade policy: ${message}`;
  return `entry ${index} breaks the rules of applications: ${message}`;
}
var MAX_DOMAIN_PROOF, Replay, DOMAIN, UPGRADES, refuse, short2;
var init_replay = __esm({
  "../packages/sdk/src/log/replay.ts"() {
    "use strict";
    init_bytes();
    init_cbor();
    init_errors();
    init_applications();
    init_merkle();
    MAX_DOMAIN_PROOF = 30 * 24 * 3600 * 1e3;
    Replay = class {
      #origin;
      #id;
      #state = null;
      constructor(origin, applicationId2) {
        this.#origin = origin;
        this.#id = applicationId2;
      }
      /** Null before the first entry. */
      get state() {
        return this.#state;
      }
      /** The next entry. Throws `ProvenError` if it breaks a rule of `proven.apps.State`. */
      async append(entry, index) {
        if (entry.kind !== "command") this.#byRule(entry, index);
        else {
          if (entry.signed.origin !== this.#origin) {
            throw refuse("BAD_REQUEST", `the command is for the log ${entry.signed.origin.slice(0, 100)}, not this one`);
          }
          await verifyCommand(entry.signed);
          if (entry.signed.command.command === "CreateApplication") this.#state = await this.#created(entry.signed, entry.at);
          else this.#command(this.#existing(), entry.signed, entry.at, index);
        }
        this.#state.changedAt = entry.at;
        this.#state.history.push(index);
      }
      #existing() {
        if (this.#state === null) throw refuse("NOT_FOUND", "nobody has created the application");
        return this.#state;
      }
      async #created({ command, signatures, revision }, at) {
        if (command.command !== "CreateApplication") throw new TypeError(command.command);
        const [owner] = signatures[0];
        if (signatures.length !== 1) throw refuse("BAD_REQUEST", "an application is created by its owner's signature alone");
        if (await applicationId(owner, command.nonce) !== this.#id) {
          throw refuse("NOT_OWNER", "the application id is not that of this owner and nonce");
        }
        if (this.#state !== null || revision !== 0) {
          throw refuse("CONFLICT", "an application is created once, as its first entry", {
            revision: this.#state?.history.length ?? 0
          });
        }
        const { name, policy } = command;
        if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name) || name.slice(2, 4) === "--" || /^[a-z2-7]{32}$/.test(name)) {
          throw refuse("BAD_REQUEST", `${JSON.stringify(name.slice(0, 80))} cannot name an application`);
        }
        if (policy.kind === "immutable") {
          throw refuse("BAD_REQUEST", "an immutable application never gets a version: deploy one first");
        }
        return {
          id: this.#id,
          name,
          owner,
          policy,
          pending: null,
          archived: false,
          changedAt: at,
          versions: [],
          history: [],
          origins: /* @__PURE__ */ new Set(),
          domains: /* @__PURE__ */ new Map()
        };
      }
      #command(state, signed, at, index) {
        requireAuthority(state, signed);
        requireNext(state, at, endsPending(state, signed) ? state.history.length : signed.revision);
        const { command } = signed;
        switch (command.command) {
          case "Deploy":
          case "RollBack":
          case "SetUpgradePolicy":
          case "TransferOwnership": {
            requireUpgrade(state, command);
            const delay = delayOf(state.policy);
            if (delay === 0) bringIntoForce(state, command, at, index, index);
            else state.pending = { change: command, logIndex: index, announcedAt: at, activatesAt: at + 1e3 * delay };
            return;
          }
          case "CancelUpgrade":
          case "Veto":
            if (state.pending === null) throw refuse("CONFLICT", `${state.name} has no pending change`);
            state.pending = null;
            return;
          case "AddAllowedOrigin":
            if (!/^https?:\/\/[a-z0-9.:[\]-]{1,240}$/.test(command.origin)) {
              throw refuse("BAD_REQUEST", "an allowed origin is of a DNS name or address");
            }
            if (state.origins.has(command.origin)) throw refuse("CONFLICT", `${state.name} allows that origin already`);
            state.origins.add(command.origin);
            return;
          case "RemoveAllowedOrigin":
            if (!state.origins.delete(command.origin)) throw refuse("NOT_FOUND", `${state.name} does not allow that origin`);
            return;
          case "LinkDomain":
            if (command.domain.length > 240 || !DOMAIN.test(command.domain)) throw refuse("BAD_REQUEST", "not a domain");
            if (state.domains.has(command.domain)) throw refuse("CONFLICT", `${state.name} claims that domain already`);
            state.domains.set(command.domain, null);
            return;
          case "UnlinkDomain":
            if (!state.domains.delete(command.domain)) throw refuse("NOT_FOUND", `${state.name} does not claim that domain`);
            return;
          case "Archive":
            state.archived = true;
            state.pending = null;
            for (const domain of state.domains.keys()) state.domains.set(domain, null);
            return;
          default:
            throw refuse("BAD_REQUEST", "not a command that is known here");
        }
      }
      #byRule(entry, index) {
        const state = this.#existing();
        requireNext(state, entry.at, entry.kind === "activated" ? entry.revision : state.history.length);
        if (entry.kind === "activated") {
          const { pending } = state;
          if (pending === null || entry.at < pending.activatesAt) {
            throw refuse("CONFLICT", `${state.name} has no change that is due`);
          }
          state.pending = null;
          bringIntoForce(state, pending.change, entry.at, index, pending.logIndex);
          return;
        }
        const until = state.domains.get(entry.domain);
        if (until === void 0) throw refuse("NOT_FOUND", `${state.name} does not claim that domain`);
        if (entry.kind === "domain_lapsed") {
          if (until === null || until > entry.at) throw refuse("CONFLICT", "no proof of the domain has expired");
          state.domains.set(entry.domain, null);
          return;
        }
        if (entry.until <= Math.max(entry.at, until ?? 0) || entry.until > entry.at + MAX_DOMAIN_PROOF) {
          throw refuse("BAD_REQUEST", "a proof of a domain holds for 30 days at most");
        }
        state.domains.set(entry.domain, entry.until);
      }
    };
    DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
    UPGRADES = /* @__PURE__ */ new Set(["Deploy", "RollBack", "SetUpgradePolicy", "TransferOwnership"]);
    refuse = (code2, message, details) => new ProvenError(code2, message, { details });
    short2 = (key) => `${(typeof key === "string" ? key : toHex(key)).slice(0, 12)}…`;
  }
});

// ../packages/sdk/src/log/words.ts
function duration2(seconds) {
  const parts = [];
  let left = seconds;
  for (const [name, size] of UNITS) {
    const count2 = Math.floor(left / size);
    left -= count2 * size;
    if (count2 > 0) parts.push(`${count2} ${name}${count2 === 1 ? "" : "s"}`);
  }
  return parts.slice(0, 2).join(" ") || "0 seconds";
}
function whoMayChange({ archived, policy }) {
  return archived ? "It was archived: nobody can change it any more." : policyInWords(policy, "Its owner");
}
function announced({ change, announcedAt, activatesAt }) {
  const when = `A change was announced on ${moment2(announcedAt)} and can come into force from ${moment2(activatesAt)}: `;
  switch (change.command) {
    case "Deploy":
      return `${when}the package ${short2(change.packageId)}.`;
    case "RollBack":
      return `${when}a return to version ${change.version}.`;
    case "SetUpgradePolicy":
      return `${when}another rule about who can change it. ${policyInWords(change.policy, "Then its owner")}`;
    case "TransferOwnership":
      return `${when}another owner, ${short2(change.to)}.`;
  }
}
function policyInWords(policy, owner) {
  switch (policy.kind) {
    case "immutable":
      return "Nobody can ever change it.";
    case "owner":
      return `${owner} can change it at any moment.`;
    case "multisig":
      return `${keys(policy)} can change it together, at any moment.`;
    case "timelock":
      return `${owner} can change it, ${notice(policy.delay, guardiansOf(policy))}`;
    case "timelock_multisig":
      return `${keys(policy)} can change it together, ${notice(policy.delay, guardiansOf(policy))}`;
  }
}
function notice(delay, guardians) {
  const after = `${duration2(delay)} after announcing it in the log.`;
  if (guardians.length === 0) return after;
  return `${after} ${guardians.length === 1 ? "A guardian" : `Any of ${guardians.length} guardians`} can veto until then.`;
}
var UNITS, moment2, keys;
var init_words = __esm({
  "../packages/sdk/src/log/words.ts"() {
    "use strict";
    init_applications();
    init_replay();
    UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
    moment2 = (milliseconds) => milliseconds < 2534023008e5 ? `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC` : "a day after the year 9999";
    keys = ({ threshold, keys: keys2 }) => `${threshold} of ${keys2.length} keys`;
  }
});

// ../packages/sdk/src/log/times.ts
function checkTimes(times, known, sightings, { now, latest }) {
  let before = null;
  for (const [index, at] of times) {
    const is = `it says that it is of ${moment2(at)}`;
    if (before !== null && at < before[1]) {
      throw broken("log", `entry ${index} was backdated: ${is}, and entry ${before[0]}, before it, is of ${moment2(before[1])}`);
    }
    before = [index, at];
    if (at > latest + CLOCK_SKEW) {
      throw broken(
        "log",
        `entry ${index} says that it is of ${moment2(at)}, which is yet to come: the node's clock or this device's is wrong`
      );
    }
    if (known !== null && index >= known.size && at < known.seenAt - CLOCK_SKEW) {
      throw broken("log", `entry ${index} was backdated: ${is}, and the log was seen without it on ${moment2(known.seenAt)}`, {
        seenSize: known.size,
        seenAt: new Date(known.seenAt).toISOString()
      });
    }
  }
  for (const sighting of sightings) checkSighting(times, sighting, now);
}
function checkSighting(times, { witness, at: seenAt, size }, now) {
  const when = moment2(seenAt);
  if (seenAt > now + CLOCK_SKEW) {
    throw broken(
      "log",
      `${witness} says that it saw the log on ${when}, which is yet to come: its clock or this device's is wrong`
    );
  }
  for (const [index, at] of times) {
    const is = `it says that it is of ${moment2(at)}`;
    if (index < size && at > seenAt + CLOCK_SKEW) {
      throw broken("log", `entry ${index} was postdated: ${is}, and ${witness} saw it on ${when}`);
    }
    if (index >= size && at < seenAt - CLOCK_SKEW) {
      throw broken("log", `entry ${index} was backdated: ${is}, and ${witness} saw the log without it on ${when}`);
    }
  }
}
function checkSuperseded({ versions }, version, now) {
  const next = versions[version.number];
  if (next !== void 0 && now > next.at + SUPERSEDED_GRACE) {
    throw broken("log", `the answer came from version ${version.number}, which was replaced on ${moment2(next.at)}`);
  }
}
function witnessed(index, sightings) {
  const found = [];
  for (const witness of new Set(sightings.map((each) => each.witness))) {
    const own = sightings.filter((each) => each.witness === witness);
    const seen2 = own.filter(({ size }) => size > index).map(({ at }) => at);
    if (seen2.length === 0) continue;
    const before = own.filter(({ size }) => size <= index).map(({ at }) => at);
    found.push({ witness, after: before.length === 0 ? null : Math.max(...before), by: Math.min(...seen2) });
  }
  return found.sort((one, other) => one.by - other.by);
}
function checkNotice(activations, sightings, needed, now) {
  for (const { announcedIndex, announcedAt, delay } of activations) {
    const seen2 = witnessed(announcedIndex, sightings);
    const enough = now - delay + delay * NOTICE_GRACE;
    if (seen2.filter(({ by }) => by <= enough).length >= needed) continue;
    const said = `the change in entry ${announcedIndex} is in force, and says that it was announced on ${moment2(announcedAt)}`;
    const decisive = seen2[needed - 1];
    throw broken(
      "notice",
      decisive === void 0 ? `${said}; only ${seen2.length} of the ${needed} witnesses that this page requires are shown to have seen that` : `${said}; ${decisive.witness} first saw it on ${moment2(decisive.by)}, so it has not been public for the notice that was promised: wait until ${moment2(decisive.by + delay)}, or find out what changed`,
      { logIndex: announcedIndex }
    );
  }
}
var CLOCK_SKEW, SUPERSEDED_GRACE, NOTICE_GRACE;
var init_times = __esm({
  "../packages/sdk/src/log/times.ts"() {
    "use strict";
    init_rules();
    init_words();
    CLOCK_SKEW = 3e5;
    SUPERSEDED_GRACE = 15 * 6e4;
    NOTICE_GRACE = 1 / 16;
  }
});

// ../packages/sdk/src/log/view.ts
async function readLog(key, checkpoint, entries, whole2) {
  const { size, root } = checkpoint;
  const leaves = await Promise.all(entries.map(({ leaf }) => leafHash(leaf)));
  if (whole2) {
    if (entries.length !== size) {
      throw broken("log", `the log has ${size} entries, and ${entries.length} were given as the whole log`);
    }
    if (!equal(await rootOf(leaves), root)) {
      throw broken("log", "the entries are not those that the checkpoint signs: their root is another");
    }
    return { key, checkpoint, entries, leaves };
  }
  for (const [number2, { index, proof }] of entries.entries()) {
    try {
      await checkInclusion(leaves[number2], index, size, root, proof);
    } catch (error) {
      throw broken("log", `entry ${index} is not shown to be in the log: ${asProvenError(error).message}`);
    }
  }
  return { key, checkpoint, entries, leaves: null };
}
async function checkBegin({ checkpoint, leaves }, size, root, proof) {
  if (leaves !== null) {
    if (!equal(await rootOf(leaves.slice(0, size)), root)) throw broken("log", "its first entries are others");
    return;
  }
  const hashes = size === checkpoint.size || size === 0 ? [] : await proof(size);
  await checkConsistency(size, checkpoint.size, root, checkpoint.root, hashes);
}
async function replay({ checkpoint, entries }, applicationId2, answer) {
  const replayed = new Replay(checkpoint.origin, applicationId2);
  const times = /* @__PURE__ */ new Map();
  const activations = [];
  for (const { index, leaf } of entries) {
    let entry;
    try {
      entry = decodeEntry(leaf);
    } catch (error) {
      throw broken("log", `entry ${index} of the log is malformed: ${asProvenError(error).message}`);
    }
    times.set(index, entry.at);
    if (entry.applicationId !== applicationId2) {
      if (index !== answer?.logIndex) continue;
      throw broken("log", `entry ${index}, which the answer names, is about the application ${entry.applicationId}`);
    }
    const pending = replayed.state?.pending ?? null;
    try {
      await replayed.append(entry, index);
    } catch (error) {
      throw broken("log", inWords2(index, asProvenError(error)));
    }
    if (entry.kind === "activated" && pending !== null) {
      const { logIndex, announcedAt, activatesAt } = pending;
      activations.push({ announcedIndex: logIndex, announcedAt, delay: activatesAt - announcedAt });
    }
  }
  const { state } = replayed;
  const version = findVersion(state, checkpoint.size, applicationId2, answer);
  const announcements = activations.map(({ announcedIndex }) => announcedIndex);
  if (state.pending !== null) announcements.push(state.pending.logIndex);
  return { state, version, times, activations, announcements };
}
function findVersion(state, size, applicationId2, answer) {
  if (answer !== null && answer.logIndex >= size) {
    throw broken(
      "log",
      `the checkpoint is older than the answer: it has ${size} entries, and the answer names entry ${answer.logIndex}`
    );
  }
  if (state === null) throw broken("log", `the log knows no application ${applicationId2}`);
  if (answer === null) {
    const newest2 = state.versions.at(-1);
    if (newest2 === void 0) throw broken("log", `the log says that ${state.name} has no version`);
    return newest2;
  }
  const { logIndex, packageId } = answer;
  if (!state.history.includes(logIndex)) {
    throw broken("log", `entry ${logIndex}, which the answer names, is not among the application's entries`);
  }
  const version = state.versions.find((each) => each.logIndex === logIndex);
  if (version === void 0) throw broken("log", `entry ${logIndex}, which the answer names, made no package live`);
  if (version.packageId !== packageId) {
    throw broken("log", `entry ${logIndex} made the package ${version.packageId} live, and the answer names ${packageId}`);
  }
  return version;
}
var init_view = __esm({
  "../packages/sdk/src/log/view.ts"() {
    "use strict";
    init_rules();
    init_bytes();
    init_errors();
    init_entries();
    init_merkle();
    init_replay();
  }
});

// ../packages/sdk/src/log/report.ts
function report({ checkpoint, leaves }, { state, version, times }, known, sightings, about) {
  const { origin, size, root } = checkpoint;
  const { pending } = state;
  const seen2 = witnessed(version.announcedIndex, sightings);
  const announcedAt = times.get(version.announcedIndex);
  const newest2 = state.versions.length === version.number;
  const summary = [
    `The public log says the same: ${about.answered ? "that package" : `the package ${short2(version.packageId)}`} is version ${version.number} of ${state.name}, live since ${moment2(version.at)} (entry ${version.logIndex} of ${size} in ${origin.replace(/[0-9a-f]{64}$/, short2)}).`,
    known !== null ? `It continues the log that this browser saw on ${moment2(known.seenAt)}, with ${known.size} entries.` : about.memory ? "This is the first time that this browser sees the log: it will notice when that is changed afterwards." : "This browser keeps nothing for this page, so it would not notice a log that was changed afterwards.",
    whoMayChange(state)
  ];
  if (version.announcedIndex !== version.logIndex) {
    summary.push(`It was announced on ${moment2(announcedAt)}, ${duration2((version.at - announcedAt) / 1e3)} before that.`);
  }
  for (const { witness, by } of seen2) summary.push(`${witness} saw it in the log on ${moment2(by)}.`);
  if (!newest2) summary.push(`Another version is live since ${moment2(state.versions[version.number].at)}.`);
  if (pending !== null) summary.push(announced(pending));
  if (leaves === null) summary.push("That no entry about the application was left out is the word of the node.");
  return {
    origin,
    size,
    root: toHex(root),
    seenBefore: known === null ? null : { size: known.size, at: iso2(known.seenAt) },
    complete: leaves !== null,
    version: version.number,
    packageId: version.packageId,
    logIndex: version.logIndex,
    liveSince: iso2(version.at),
    announcedAt: iso2(announcedAt),
    witnessed: seen2.map(({ witness, after, by }) => ({ witness, notBefore: after === null ? null : iso2(after), by: iso2(by) })),
    owner: toHex(state.owner),
    upgradePolicy: state.policy.kind,
    delay: noticeOf(state),
    pending: pending === null ? null : {
      logIndex: pending.logIndex,
      announcedAt: iso2(pending.announcedAt),
      activatesAt: iso2(pending.activatesAt)
    },
    summary
  };
}
var noticeOf, iso2;
var init_report = __esm({
  "../packages/sdk/src/log/report.ts"() {
    "use strict";
    init_bytes();
    init_applications();
    init_replay();
    init_times();
    init_words();
    noticeOf = ({ archived, policy }) => archived || policy.kind === "immutable" ? null : delayOf(policy);
    iso2 = (milliseconds) => new Date(milliseconds).toISOString();
  }
});

// ../packages/sdk/src/log/witnesses.ts
async function witnessesOf({ witnesses = [], minWitnesses = witnesses.length }) {
  const keys2 = [];
  for (const text of witnesses) {
    try {
      keys2.push(await parseKey(text));
    } catch {
      throw new ProvenError("BAD_REQUEST", `the policy's witness ${JSON.stringify(text.slice(0, 100))} is no verifier key`);
    }
  }
  return { keys: keys2, needed: minWitnesses };
}
async function cosigned(note, { size }, { keys: keys2, needed }) {
  const found = await sightingsIn(note, size, keys2);
  if (found.length < needed) {
    const missing = keys2.filter(({ name }) => !found.some(({ witness }) => witness === name)).map(({ name }) => name);
    throw broken(
      "log",
      `${found.length} of the ${needed} witnesses that this page requires cosigned the checkpoint; missing: ${missing.join(", ")} (they may need a moment after an entry was written: try again)`
    );
  }
  return found;
}
async function cosignedBefore(notes, checkpoint, { keys: keys2 }, compare2) {
  if (notes.length > MAX_COSIGNED) throw broken("log", `the log is shown with over ${MAX_COSIGNED} earlier checkpoints`);
  const found = [];
  for (const raw of notes) {
    const note = parseNote(raw);
    const { origin, size, root } = parseCheckpoint(note.text);
    const sightings = await sightingsIn(note, size, keys2);
    const first = sightings[0];
    if (first === void 0 || origin !== checkpoint.origin) continue;
    if (size > checkpoint.size) {
      throw broken(
        "log",
        `${first.witness} saw ${size} entries on ${moment2(first.at)}, and the log is shown with ${checkpoint.size}`
      );
    }
    try {
      await compare2(size, root);
    } catch (error) {
      if (!(error instanceof ProvenError) || error.code !== "EVIDENCE_INVALID") throw error;
      throw broken(
        "log",
        `the log was forked: ${first.witness} saw another one of ${size} entries on ${moment2(first.at)} (${error.message})`
      );
    }
    found.push(...sightings);
  }
  return found;
}
async function sightingsIn(note, size, keys2) {
  const found = [];
  for (const key of keys2) {
    const at = await cosignedAt(key, note);
    if (at !== null) found.push({ witness: key.name, at, size });
  }
  return found;
}
var MAX_COSIGNED;
var init_witnesses = __esm({
  "../packages/sdk/src/log/witnesses.ts"() {
    "use strict";
    init_rules();
    init_errors();
    init_notes();
    init_words();
    MAX_COSIGNED = 256;
  }
});

// ../packages/sdk/src/log/check.ts
async function checkLog(question, deadline) {
  const memory = await LogMemory.open();
  try {
    return await deadline.race(checked(question, new Collector(question.gateway, deadline), memory));
  } finally {
    memory.close();
  }
}
async function checked(question, collector, memory) {
  const { applicationId: applicationId2, asked, policy, session, answer } = question;
  const witnesses = await witnessesOf(policy);
  const head2 = readHead(await question.head());
  const nonce = randomBytes(32);
  const [key, attestedAt] = await readKey(await collector.key(nonce), nonce, policy, session);
  const known = await remembered(memory, applicationId2, key);
  const raw = await collector.checkpoint(Math.max(head2.size, answer === null ? 0 : answer.logIndex + 1));
  const [note, checkpoint] = await readCheckpoint(key, raw);
  checkSize(checkpoint, known);
  const given = await collector.entries(applicationId2, checkpoint.size);
  const view = await readLog(key, checkpoint, given.entries, given.whole);
  const proof = (size) => collector.consistency(size, checkpoint.size);
  const compare2 = (size, root) => checkBegin(view, size, root, proof);
  await checkRemembered(view, known, proof);
  const replayed = await replay(view, applicationId2, answer);
  const { state, version, times, activations, announcements } = replayed;
  if (!/^[a-z2-7]{32}$/.test(asked) && asked !== state.name) {
    throw broken("log", `the log calls this application ${state.name}, and ${asked} was asked for`);
  }
  const sightings = await cosigned(note, checkpoint, witnesses);
  if (witnesses.keys.length > 0 && announcements.length > 0) {
    const earlier = await collector.cosigned(announcements, checkpoint.size);
    sightings.push(...await cosignedBefore(earlier, checkpoint, witnesses, compare2));
  }
  const now = Date.now();
  checkTimes(times, known, sightings, { now, latest: Math.min(now, attestedAt) });
  checkSuperseded(state, version, answer?.at ?? now);
  await checkHead(head2, checkpoint, state.history.length, compare2);
  checkDelay(policy, state);
  if (policy.noticeWitnessed) checkNotice(activations, sightings, witnesses.needed, now);
  await kept(memory, applicationId2, {
    origin: checkpoint.origin,
    verifierKey: key.verifierKey,
    size: checkpoint.size,
    root: checkpoint.root,
    seenAt: now
  });
  return report(view, replayed, known, sightings, { memory: memory.works, answered: answer !== null });
}
async function readKey(raw, nonce, policy, session) {
  const fields = understood(() => decodeStrictly(raw, MAX_KEY2, 1));
  const [text, document2] = fields instanceof Map ? [fields.get("key"), fields.get("evidence")] : [];
  if (!(fields instanceof Map) || fields.size !== 2 || typeof text !== "string" || !(document2 instanceof Uint8Array)) {
    throw broken("log", "the node sent something that is no key of a log");
  }
  const key = await parseKey(text).catch(passOn);
  if (key.name.startsWith(NAME_PREFIX) && key.name !== NAME_PREFIX + toHex(await sha256(key.publicKey))) {
    throw broken("log", `${key.name} is the name of another key than the one shown`);
  }
  const userData = await sha256(encode([LOG_LABEL, text]));
  let evidence2;
  try {
    evidence2 = await verifyEvidence(document2, { nonce, userData, publicKey: key.publicKey }, policy);
  } catch (error) {
    throw broken("log", `the key of the log is not attested: ${asProvenError(error).message}`);
  }
  if (evidence2.root !== session.root || evidence2.moduleId !== session.moduleId) {
    throw broken("log", `the key of the log is attested by another node (${evidence2.moduleId}) than the one that answers`);
  }
  return [key, evidence2.timestamp];
}
async function readCheckpoint(key, raw) {
  const note = understood(() => parseNote(raw));
  try {
    await checkNote(key, note);
  } catch (error) {
    throw broken("log", `the checkpoint is not one of the attested key: ${asProvenError(error).message}`);
  }
  const checkpoint = understood(() => parseCheckpoint(note.text));
  if (checkpoint.origin !== key.name) {
    throw broken("log", `the checkpoint is of the log ${checkpoint.origin}, and its key is that of ${key.name}`);
  }
  return [note, checkpoint];
}
async function remembered(memory, applicationId2, key) {
  let before;
  let known;
  try {
    [before, known] = await Promise.all([memory.logOf(applicationId2), memory.log(key.name)]);
  } catch {
    throw new ProvenError("UNAVAILABLE", "what this browser remembers of logs cannot be read");
  }
  if (before !== void 0 && before.origin !== key.name) {
    throw contradicted(
      `the application was in the log ${before.origin} on ${moment2(before.seenAt)}, and is now shown in ${key.name}`,
      { seenAt: iso3(before.seenAt), seenLog: before.origin }
    );
  }
  if (known !== void 0 && known.verifierKey !== key.verifierKey) {
    throw contradicted(`the log ${key.name} has another key than it had on ${moment2(known.seenAt)}`, seen(known));
  }
  return known ?? null;
}
function checkSize({ size }, known) {
  if (known !== null && size < known.size) {
    throw contradicted(
      `the log was rolled back: it had ${known.size} entries on ${moment2(known.seenAt)}, now it is shown with ${size}`,
      { ...seen(known), size }
    );
  }
}
async function checkRemembered({ checkpoint, leaves }, known, proof) {
  if (known === null) return;
  const { size } = checkpoint;
  const forked = (why) => contradicted(
    `the log was forked: on ${moment2(known.seenAt)} it had ${known.size} entries with the root ${toHex(known.root).slice(0, 16)}…, and the one shown now, with ${size}, does not begin with them (${why})`,
    { ...seen(known), size }
  );
  try {
    await checkBegin({ checkpoint, leaves }, known.size, known.root, proof);
  } catch (error) {
    const reason = asProvenError(error);
    throw reason.code === "EVIDENCE_INVALID" ? forked(reason.message) : reason;
  }
}
function checkDelay({ minDelay = 0 }, state) {
  const delay = noticeOf(state);
  if (delay !== null && delay < minDelay) {
    throw broken("upgrade_policy", `${whoMayChange(state)} This page requires ${duration2(minDelay)} of notice.`, {
      delay,
      minDelay
    });
  }
}
async function kept(memory, applicationId2, state) {
  try {
    await memory.remember(applicationId2, state);
  } catch {
    throw new ProvenError("UNAVAILABLE", "what was seen of the log cannot be remembered in this browser");
  }
}
function understood(read5) {
  try {
    return read5();
  } catch (error) {
    return passOn(error);
  }
}
function passOn(error) {
  throw broken("log", `the log is malformed: ${asProvenError(error).message}`);
}
var LOG_LABEL, NAME_PREFIX, MAX_KEY2, seen, contradicted, iso3;
var init_check = __esm({
  "../packages/sdk/src/log/check.ts"() {
    "use strict";
    init_rules();
    init_verifier();
    init_bytes();
    init_cbor();
    init_errors();
    init_applications();
    init_collect();
    init_head();
    init_memory();
    init_merkle();
    init_notes();
    init_report();
    init_times();
    init_view();
    init_witnesses();
    init_words();
    LOG_LABEL = "proven/log-key/v1";
    NAME_PREFIX = "proven.local/";
    MAX_KEY2 = 32 * 1024;
    seen = ({ size, seenAt }) => ({ seenSize: size, seenAt: iso3(seenAt) });
    contradicted = (message, details) => broken("log", message, details);
    iso3 = (milliseconds) => new Date(milliseconds).toISOString();
  }
});

// ../packages/sdk/src/log.ts
var log_exports = {};
__export(log_exports, {
  checkLog: () => checkLog
});
var init_log = __esm({
  "../packages/sdk/src/log.ts"() {
    "use strict";
    init_check();
  }
});

// console/data.ts
var BASE = "/console/api";
var ApiError = class extends Error {
  code;
  constructor(code2, message) {
    super(message);
    this.code = code2;
  }
};
function address(path2, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== void 0);
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return `${BASE}${path2}${text ? `?${text}` : ""}`;
}
async function read(path2, query = {}, signal) {
  let response;
  try {
    response = await fetch(address(path2, query), signal ? { signal } : {});
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("UNAVAILABLE", "the node does not answer; is it running?");
  }
  const body = await response.json();
  if (!response.ok) {
    const { code: code2, message } = body;
    throw new ApiError(code2, message);
  }
  return body;
}
function segment(name) {
  return encodeURIComponent(name);
}

// console/dom.ts
function fill(made2, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made2.setAttribute(name, "");
    else if (value !== void 0 && value !== null && value !== false) made2.setAttribute(name, String(value));
  }
  made2.append(...shown(children));
}
function shown(children) {
  return children.filter((child) => child !== null && child !== void 0 && child !== false).map((child) => typeof child === "number" ? String(child) : child);
}
function h(name, attributes = {}, ...children) {
  const made2 = document.createElement(name);
  fill(made2, attributes, children);
  return made2;
}
function svg(name, attributes = {}, ...children) {
  const made2 = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(made2, attributes, children);
  return made2;
}
function replace(parent, ...children) {
  parent.replaceChildren(...shown(children));
}
function button(label, onClick, attributes = {}) {
  const made2 = h("button", { type: "button", ...attributes }, label);
  made2.addEventListener("click", onClick);
  return made2;
}
function badge(text, kind = "") {
  return h("span", { class: `badge ${kind}` }, text);
}
function facts(...pairs) {
  return h("dl", { class: "facts" }, ...pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
function empty(title, ...children) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), ...children);
}
function code(text) {
  return h("code", {}, text);
}
function select(label, options, value, onChange) {
  const control = h("select", {}, ...options.map(([each, text]) => h("option", { value: each }, text)));
  control.value = value;
  control.addEventListener("change", () => onChange(control.value));
  return h("label", { class: "field" }, h("span", {}, label), control);
}

// console/format.ts
var time = new Intl.DateTimeFormat(void 0, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
var moment = new Intl.DateTimeFormat(void 0, { dateStyle: "medium", timeStyle: "short" });
var whole = new Intl.NumberFormat("en");
function duration(microseconds) {
  if (microseconds < 1e3) return `${microseconds} µs`;
  if (microseconds < 1e4) return `${(microseconds / 1e3).toFixed(1)} ms`;
  if (microseconds < 1e6) return `${Math.round(microseconds / 1e3)} ms`;
  return `${(microseconds / 1e6).toFixed(1)} s`;
}
function bytes(size) {
  if (size < 1e3) return `${size} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = size;
  let unit = -1;
  while (value >= 1e3 && unit < units.length - 1) {
    value /= 1e3;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
function count(number2, one, many = `${one}s`) {
  return `${whole.format(number2)} ${number2 === 1 ? one : many}`;
}
function number(value) {
  return whole.format(value);
}
function clock(at) {
  return `${time.format(at)}.${String(at % 1e3).padStart(3, "0")}`;
}
function date(at) {
  return moment.format(at);
}
function ago(at, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - at) / 1e3));
  if (seconds < 60) return "just now";
  if (seconds < 3600) return count(Math.floor(seconds / 60), "minute") + " ago";
  if (seconds < 86400) return count(Math.floor(seconds / 3600), "hour") + " ago";
  return count(Math.floor(seconds / 86400), "day") + " ago";
}
function short(id) {
  return id.slice(0, 12);
}
function handlerName(address2) {
  const at = address2.indexOf("#");
  return at < 0 ? address2 : address2.slice(at + 1);
}

// console/live.ts
var KEPT = 1e3;
var Live = class {
  entries = [];
  missed = 0;
  connection = "connecting";
  run = "";
  #last = "";
  #source;
  #listeners = /* @__PURE__ */ new Set();
  start() {
    document.addEventListener("visibilitychange", () => this.#follow());
    this.#follow();
  }
  /** Call `listener` after every change until `signal`. */
  listen(listener, signal) {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }
  #follow() {
    if (document.hidden) {
      this.#source?.close();
      this.#source = void 0;
      return;
    }
    if (this.#source) return;
    const source = new EventSource(address("/activity/stream", { after: this.#last || void 0 }));
    this.#source = source;
    source.addEventListener("open", () => this.#become("live"));
    source.addEventListener("error", () => {
      this.#become("lost");
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      this.#source = void 0;
      setTimeout(() => this.#follow(), 2e3);
    });
    source.addEventListener("message", (event) => {
      this.#last = event.lastEventId;
      this.#add(JSON.parse(event.data));
    });
  }
  #add(page) {
    if (this.run && this.run !== page.run) {
      this.entries = [];
      this.missed = 0;
    }
    this.run = page.run;
    this.missed += page.missed;
    this.entries.push(...page.entries);
    if (this.entries.length > KEPT) this.entries.splice(0, this.entries.length - KEPT);
    this.#tell();
  }
  #become(connection2) {
    if (this.connection === connection2) return;
    this.connection = connection2;
    this.#tell();
  }
  #tell() {
    for (const listener of this.#listeners) listener();
  }
};
var live = new Live();
function refreshed(work, signal) {
  let last = 0;
  let timer;
  const plan = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(run, wait);
  };
  const run = () => {
    if (signal.aborted) return;
    last = Date.now();
    if (document.hidden) plan(5e3);
    else void work().catch(() => void 0).finally(() => plan(5e3));
  };
  live.listen(() => plan(Math.max(0, last + 1e3 - Date.now())), signal);
  signal.addEventListener("abort", () => clearTimeout(timer));
  run();
}

// console/page.ts
function parseRoute(hash) {
  const [path2 = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { path: path2.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
function link(path2, query = {}) {
  const pairs = Object.entries(query).filter((pair) => pair[1] !== void 0);
  const text = new URLSearchParams(pairs).toString();
  return `#/${path2.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}
function heading(title, json, ...beside) {
  document.title = `${title} · Proven console`;
  return h(
    "div",
    { class: "heading" },
    h("h1", {}, title),
    ...beside,
    h("a", { class: "json", href: json, target: "_blank", rel: "noopener", "aria-label": `${title} as JSON` }, "JSON")
  );
}
function section(title, id, ...children) {
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), ...children);
}
function failure(error) {
  const known = error instanceof ApiError ? error : void 0;
  const message = error instanceof Error ? error.message : String(error);
  return h("div", { class: "problem", role: "alert" }, h("strong", {}, known?.code ?? "ERROR"), " ", message);
}
async function load(place, signal, work) {
  try {
    const made2 = await work();
    if (!signal.aborted) replace(place, ...made2);
  } catch (error) {
    if (!signal.aborted) replace(place, failure(error));
  }
}

// console/activity.ts
var SHOWN = 300;
var LEVELS = ["debug", "log", "info", "warn", "error"];
async function activity({ main: main2, route: route2, signal }) {
  const filter = {
    show: "all",
    handler: route2.query.get("handler") ?? "",
    level: "debug",
    text: ""
  };
  let paused;
  let cleared = 0;
  const list2 = h("ol", { class: "entries", "aria-label": "Calls and log lines, the latest first", "aria-live": "off" });
  const state = h("p", { class: "dim", role: "status" });
  const handlers = h("select", {});
  handlers.addEventListener("change", () => change({ handler: handlers.value }));
  const search = h("input", { type: "search", placeholder: "text", autocomplete: "off", spellcheck: "false" });
  search.addEventListener("input", () => change({ text: search.value.toLowerCase() }));
  const pause2 = button("Pause", () => {
    paused = paused ? void 0 : [...live.entries];
    pause2.textContent = paused ? "Continue" : "Pause";
    pause2.setAttribute("aria-pressed", String(paused !== void 0));
    show2();
  }, { "aria-pressed": "false" });
  const clear = button("Clear", () => {
    cleared = live.entries.at(-1)?.sequence ?? 0;
    if (paused) paused = [...live.entries];
    show2();
  });
  function change(some) {
    Object.assign(filter, some);
    show2();
  }
  function offer(entries) {
    const names = new Set(entries.map((each) => each.handler).filter((each) => each !== null));
    if (filter.handler) names.add(filter.handler);
    const wanted = ["", ...[...names].sort()];
    if (wanted.join("\n") === [...handlers.options].map((each) => each.value).join("\n")) return;
    replace(handlers, ...wanted.map((each) => h("option", { value: each }, each || "every handler")));
    handlers.value = filter.handler;
  }
  const rows2 = /* @__PURE__ */ new Map();
  let run = live.run;
  function show2() {
    if (run !== live.run) {
      run = live.run;
      rows2.clear();
      cleared = 0;
      paused = void 0;
      pause2.textContent = "Pause";
    }
    const entries = (paused ?? live.entries).filter((entry) => entry.sequence > cleared);
    offer(entries);
    const matching = entries.filter((entry) => matches(entry, filter));
    const visible = matching.slice(-SHOWN).reverse();
    for (const sequence of rows2.keys()) if (!visible.some((entry) => entry.sequence === sequence)) rows2.delete(sequence);
    replace(list2, ...visible.map((entry) => {
      const made2 = rows2.get(entry.sequence) ?? row(entry);
      rows2.set(entry.sequence, made2);
      return made2;
    }));
    list2.hidden = !visible.length;
    nothing.hidden = visible.length > 0;
    if (!visible.length) replace(nothing, entries.length ? empty("Nothing matches the filters.") : howTo());
    const behind = paused ? live.entries.filter((entry) => entry.sequence > (paused?.at(-1)?.sequence ?? 0)).length : 0;
    state.textContent = [
      paused ? `paused, ${behind} new` : "",
      matching.length > SHOWN ? `the latest ${SHOWN} of ${matching.length}` : count(matching.length, "entry", "entries"),
      live.missed ? `${live.missed} missed: they came faster than they can be shown` : ""
    ].filter(Boolean).join(" · ");
  }
  const nothing = h("div", {});
  replace(
    main2,
    heading("Activity", address("/activity")),
    h(
      "form",
      { class: "filters", role: "search", "aria-label": "Filter" },
      select("Show", [["all", "calls and log"], ["calls", "calls"], ["failed", "failed calls"], ["log", "log"]], filter.show, (value) => change({ show: value })),
      h("label", { class: "field" }, h("span", {}, "Handler"), handlers),
      select("Level", LEVELS.map((level) => [level, level === "debug" ? "every level" : `${level} and above`]), filter.level, (value) => change({ level: value })),
      h("label", { class: "field" }, h("span", {}, "Search"), search),
      h("div", { class: "actions" }, pause2, clear)
    ),
    state,
    list2,
    nothing
  );
  main2.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  let waiting = false;
  live.listen(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (!signal.aborted) show2();
    });
  }, signal);
  show2();
}
function matches(entry, filter) {
  if (filter.handler && entry.handler !== filter.handler) return false;
  if (entry.kind === "call") {
    if (filter.show === "log" || filter.show === "failed" && !entry.error) return false;
  } else {
    if (filter.show === "calls" || filter.show === "failed") return false;
    if (LEVELS.indexOf(entry.level) < LEVELS.indexOf(filter.level)) return false;
  }
  if (!filter.text) return true;
  const said = entry.kind === "log" ? entry.text : `${entry.error?.code ?? ""} ${entry.error?.message ?? ""}`;
  return `${entry.handler ?? ""} ${entry.application} ${said}`.toLowerCase().includes(filter.text);
}
function row(entry) {
  return entry.kind === "call" ? callRow(entry) : logRow(entry);
}
function where(entry) {
  const name = entry.handler === null ? "top level" : handlerName(entry.handler);
  return h("a", { class: "entry-handler", href: link(["applications", entry.application], { handler: entry.handler ?? void 0 }), title: `${entry.application} ${entry.handler ?? ""}` }, h("span", { class: "dim" }, `${entry.application} `), name);
}
function callRow(entry) {
  const error = entry.error;
  const head2 = [
    h("time", { datetime: new Date(entry.at).toISOString() }, clock(entry.at)),
    badge(error ? "failed" : "call", error ? "bad" : "accent"),
    where(entry)
  ];
  const who = h("span", { class: "dim", title: entry.identity ?? "" }, entry.identity ? `as ${short(entry.identity)}` : "anonymous");
  const took = h("span", { class: "mono" }, duration(entry.duration_us));
  if (!error) return h("li", { class: "entry" }, ...head2, h("span", { class: "entry-said" }, took, " ", who));
  const said = [took, " ", who, h("span", { class: "bad" }, ` ${error.code} `), error.message];
  return h(
    "li",
    { class: "entry" },
    ...head2,
    error.stack ? h("details", { class: "entry-said" }, h("summary", {}, ...said), h("pre", {}, error.stack)) : h("span", { class: "entry-said" }, ...said)
  );
}
function logRow(entry) {
  return h(
    "li",
    { class: "entry" },
    h("time", { datetime: new Date(entry.at).toISOString() }, clock(entry.at)),
    badge(entry.level, `level-${entry.level}`),
    where(entry),
    h("span", { class: "entry-said mono pre" }, entry.dropped ? `(${entry.dropped} more lines were dropped)` : entry.text)
  );
}
function howTo() {
  return empty(
    "Nothing has happened yet.",
    h("p", {}, "Call a handler from ", h("a", { href: "#/" }, "an application"), ", or in a terminal: ", code("proven call <application> <handler> [JSON …]"), ". What handlers write with ", code("console.log"), " appears here too.")
  );
}

// console/json.ts
var EXTENSIONS = [
  ['{"$bytes": "aGk="}', "Uint8Array, in base64"],
  ['{"$date": "2026-01-31T12:00:00Z"}', "Date"],
  ['{"$bigint": "12345678901234567890"}', "bigint"],
  ['{"$number": "NaN"}', "NaN, Infinity, -Infinity, -0"],
  ['{"$undefined": true}', "undefined"],
  ['{"$map": [["key", 1]]}', "Map"],
  ['{"$set": [1, 2]}', "Set"]
];
var MAX_SHOWN = 2e5;
function parse(text) {
  let plain3;
  try {
    plain3 = JSON.parse(text);
  } catch (error) {
    throw new Error(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return revive(plain3);
}
function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const only = entries.length === 1 ? entries[0] : void 0;
  if (only?.[0].startsWith("$")) return extended(only[0], only[1]);
  const made2 = {};
  for (const [name, each] of entries) {
    Object.defineProperty(made2, name, { value: revive(each), enumerable: true, writable: true, configurable: true });
  }
  return made2;
}
function extended(name, value) {
  switch (name) {
    case "$bytes":
      return fromBase64(asText(name, value));
    case "$date": {
      const when = new Date(asText(name, value));
      if (Number.isNaN(when.getTime())) throw new Error('$date is a date such as "2026-01-31T12:00:00Z"');
      return when;
    }
    case "$bigint":
      if (!/^-?\d{1,4000}$/.test(asText(name, value))) throw new Error("$bigint is a whole number in quotes");
      return BigInt(value);
    case "$number": {
      const found = NUMBERS.get(asText(name, value));
      if (found === void 0) throw new Error('$number is "NaN", "Infinity", "-Infinity" or "-0"');
      return found;
    }
    case "$undefined":
      return void 0;
    case "$map":
      return new Map(asList(name, value).map((pair) => {
        const [key, each, ...rest] = asList(name, pair);
        if (rest.length) throw new Error("$map is a list of [key, value]");
        return [revive(key), revive(each)];
      }));
    case "$set":
      return new Set(asList(name, value).map(revive));
    default:
      throw new Error(`${name} is not one of the extensions`);
  }
}
var NUMBERS = /* @__PURE__ */ new Map([
  ["NaN", NaN],
  ["nan", NaN],
  ["Infinity", Infinity],
  ["inf", Infinity],
  ["-Infinity", -Infinity],
  ["-inf", -Infinity],
  ["-0", -0]
]);
function asText(name, value) {
  if (typeof value !== "string") throw new Error(`${name} holds text`);
  return value;
}
function asList(name, value) {
  if (!Array.isArray(value)) throw new Error(`${name} holds a list`);
  return value;
}
function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  } catch {
    throw new Error("$bytes is base64");
  }
}
function format(value) {
  const text = JSON.stringify(plain(value, 0), null, 2) ?? '{ "$undefined": true }';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}
… ${text.length - MAX_SHOWN} characters more` : text;
}
function plain(value, depth) {
  if (depth > 200) return "…";
  const inner = (each) => plain(each, depth + 1);
  if (value === void 0) return { $undefined: true };
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? "invalid" : value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  if (value instanceof ArrayBuffer) return { $value: `ArrayBuffer of ${value.byteLength} bytes` };
  if (ArrayBuffer.isView(value)) return { $value: `${value.constructor.name} [${String(value)}]`.slice(0, 2e3) };
  if (value instanceof Map) return { $map: [...value].map(([key, each]) => [inner(key), inner(each)]) };
  if (value instanceof Set) return { $set: [...value].map(inner) };
  if (value instanceof RegExp) return { $value: String(value) };
  if (value instanceof Error) return { $error: { name: value.name, message: value.message } };
  if (Array.isArray(value)) return value.map(inner);
  const made2 = /* @__PURE__ */ Object.create(null);
  for (const [name, each] of Object.entries(value)) made2[name] = inner(each);
  return made2;
}
function toBase64(bytes2) {
  let text = "";
  for (const byte of bytes2.subarray(0, MAX_SHOWN)) text += String.fromCharCode(byte);
  return btoa(text) + (bytes2.length > MAX_SHOWN ? "…" : "");
}

// ../packages/sdk/src/attestation/report.ts
init_bytes();
init_errors();
function describe(evidence2, policy, about) {
  const { platform, debug, moduleId, root } = evidence2;
  const measured = policy.measurements !== void 0;
  const registers = [...evidence2.pcrs].filter(([, value]) => value.some(Boolean));
  const summary = [
    platform === "development" ? "This is a development node: its evidence has the right form, but proves nothing about hardware or code." : "The node runs in an AWS Nitro Enclave: its evidence is signed by hardware under the root that AWS publishes.",
    debug ? "The enclave is in debug mode, so its operator can see inside." : measured ? "The code that it runs has the measurements that this page expects." : "This page does not check which code it runs.",
    "The evidence was made for this session only, and the key that seals it is in the evidence: nobody between this page and the node can read or change a call."
  ];
  if (about.packageId !== null) summary.push(`The last answer came from the package ${about.packageId}.`);
  const { log } = about;
  if (log instanceof ProvenError) summary.push(`What the public log says about it is not known: ${log.message}.`);
  else summary.push(...log.summary);
  return {
    verified: true,
    platform,
    trusted: platform === "nitro" && !debug && measured,
    debug,
    moduleId,
    madeAt: new Date(evidence2.timestamp).toISOString(),
    verifiedAt: new Date(about.verifiedAt).toISOString(),
    measurements: Object.fromEntries(registers.map(([index, value]) => [`pcr${index}`, toHex(value)])),
    root,
    applicationId: about.applicationId,
    packageId: about.packageId,
    log: log instanceof ProvenError ? null : log,
    summary
  };
}

// ../packages/sdk/src/connection.ts
init_verifier();
init_commands();
init_errors();

// ../packages/sdk/src/live.ts
init_commands();
init_errors();
init_transports();
var MAX_IN_FLIGHT = 48;
var MAX_WAITING = 1024;
var MAX_UNOPENED = 1024;
var LiveSession = class {
  channel;
  transport;
  /** Why the session ended, once it has. */
  lost = null;
  /** When something was last heard, in milliseconds of the page's monotonic clock. */
  heardAt = performance.now();
  #onEvent;
  #onLost;
  #pending = /* @__PURE__ */ new Map();
  #waiting = [];
  #inFlight = 0;
  #outgoing = Promise.resolve();
  #incoming = Promise.resolve();
  #unopened = 0;
  constructor(channel, transport, onEvent, onLost) {
    this.channel = channel;
    this.transport = transport;
    this.#onEvent = onEvent;
    this.#onLost = onLost;
    transport.start((frame) => this.#receive(frame), (reason) => this.lose(reason));
  }
  /** Send a command and wait for its answer. Throws `ProvenError` or `NotSent`. */
  async ask(plaintext, deadline) {
    await this.#slot(deadline);
    let sequence = -1;
    try {
      this.#requireLive();
      const [next, frame] = this.channel.seal(plaintext);
      sequence = next;
      const answer = new Promise((resolve, reject) => {
        this.#pending.set(sequence, { sent: false, resolve, reject });
      });
      this.#outgoing = this.#outgoing.then(() => this.#send(sequence, frame));
      return await deadline.race(answer, "no answer");
    } finally {
      this.#pending.delete(sequence);
      this.#inFlight--;
      this.#waiting.shift()?.();
    }
  }
  /** End the session, if it has not ended yet. */
  lose(reason) {
    if (this.lost !== null) return;
    this.lost = reason;
    this.channel.close();
    this.transport.close();
    for (const { sent, reject } of this.#pending.values()) reject(sent ? interrupted(reason) : new NotSent(reason));
    this.#pending.clear();
    for (const proceed of this.#waiting.splice(0)) proceed();
    this.#onLost();
  }
  async #slot(deadline) {
    this.#requireLive();
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new ProvenError("OVERLOADED", "too many calls wait already", { retryAfter: 1 });
      }
      let proceed = () => {
      };
      try {
        await deadline.race(new Promise((resolve) => this.#waiting.push(proceed = resolve)));
      } catch (error) {
        const index = this.#waiting.indexOf(proceed);
        if (index >= 0) this.#waiting.splice(index, 1);
        throw error;
      }
    }
    this.#inFlight++;
  }
  #requireLive() {
    if (this.lost !== null) throw new NotSent(this.lost);
  }
  /** Never rejects: the next one waits for it. */
  async #send(sequence, frame) {
    const pending = this.#pending.get(sequence);
    try {
      const sealed = await frame;
      if (pending === void 0 || this.#pending.get(sequence) !== pending) return;
      pending.sent = true;
      await this.transport.send(sealed);
    } catch (error) {
      pending?.reject(error);
      if (error instanceof NotSent && error.reason.code === "UNAVAILABLE") this.lose(error.reason);
    }
  }
  #receive(frame) {
    if (++this.#unopened > MAX_UNOPENED) {
      this.lose(new ProvenError("SESSION_CLOSED", "the node sends more than this page can read"));
      return;
    }
    this.#incoming = this.#incoming.then(() => this.#open(frame));
  }
  async #open(frame) {
    this.#unopened--;
    if (this.lost !== null) return;
    try {
      const message = decodeMessage(await this.channel.open(frame));
      this.heardAt = performance.now();
      if (message.kind === "success") this.#pending.get(message.request)?.resolve(message.ok);
      else if (message.kind === "failure") this.#pending.get(message.request)?.reject(message.error);
      else this.#onEvent(message);
    } catch (error) {
      this.lose(asProvenError(error, "SESSION_CLOSED"));
    }
  }
};
var interrupted = (reason) => new ProvenError(
  "CALL_INTERRUPTED",
  `the connection was lost before the answer came, so the call may or may not have been carried out: ${reason.message}`,
  { details: { cause: reason.code } }
);

// ../packages/sdk/src/readable.ts
var Source = class {
  #value;
  #listeners = /* @__PURE__ */ new Set();
  constructor(value) {
    this.#value = value;
  }
  get value() {
    return this.#value;
  }
  set(value) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) guarded(() => listener(value));
  }
  subscribe(listener) {
    const own = (value) => listener(value);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
};
function guarded(run) {
  try {
    run();
  } catch (error) {
    reportError(error);
  }
}

// ../packages/sdk/src/resumption.ts
init_database();
var DATABASE = "proven";
var STORE = "resumption";
var MAX_TICKETS = 8;
var Resumption = class {
  #key;
  constructor(gateway, application2) {
    this.#key = `${gateway} ${application2}`;
  }
  /** The person and one ticket, which no other page gets any more. */
  async take() {
    let taken = null;
    await this.#change((entry) => {
      const tickets = entry?.tickets.filter(({ expiresAt }) => expiresAt > Date.now()) ?? [];
      const ticket = tickets.pop();
      if (entry === void 0 || ticket === void 0) return void 0;
      taken = [entry.person, ticket];
      return { person: entry.person, tickets };
    });
    return taken;
  }
  /** Keep a ticket for the next page. Those of another person are forgotten. */
  async put(person, ticket) {
    await this.#change((entry) => {
      const others = entry?.person.identity === person.identity ? entry.tickets : [];
      return { person, tickets: [...others, ticket].slice(-MAX_TICKETS) };
    });
  }
  async forget() {
    await this.#change(() => void 0);
  }
  /** Replace the entry in one transaction. */
  async #change(change) {
    try {
      const database = await open(DATABASE, [STORE]);
      try {
        await within((resolve, reject) => {
          const transaction = database.transaction(STORE, "readwrite");
          transaction.oncomplete = resolve;
          transaction.onerror = transaction.onabort = reject;
          const store = transaction.objectStore(STORE);
          const read5 = store.get(this.#key);
          read5.onsuccess = () => {
            const entry = change(read5.result);
            if (entry === void 0) store.delete(this.#key);
            else store.put(entry, this.#key);
          };
        });
      } finally {
        database.close();
      }
    } catch {
      return;
    }
  }
};

// ../packages/sdk/src/connection.ts
init_session();
init_time();
init_transports();
var MAX_ATTEMPTS = 4;
var PROBE_TIMEOUT = 5e3;
var HTTP_QUIET = 6e4;
var Connection = class {
  state = new Source("idle");
  person = new Source(null);
  #options;
  #resumption;
  #closing = new AbortController();
  #application = null;
  #session = null;
  #verified = null;
  #opening = null;
  #opened = false;
  #keyPair = null;
  #spare = null;
  #wake = new AbortController();
  #reopening = false;
  #tabs = null;
  constructor(options) {
    this.#options = options;
    this.#resumption = new Resumption(options.gateway, options.application);
    const { signal } = this.#closing;
    if (typeof addEventListener !== "function") return;
    if (typeof BroadcastChannel === "function") {
      this.#tabs = new BroadcastChannel(`proven ${options.gateway} ${options.application}`);
      this.#tabs.onmessage = ({ data }) => void this.#followed(data);
    }
    const probe = () => void this.#probe();
    addEventListener("online", probe, { signal });
    addEventListener("offline", probe, { signal });
    addEventListener("pageshow", probe, { signal });
    if (typeof document === "object") {
      document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && probe(), { signal });
    }
  }
  /** What was verified about the node of the present or last session. */
  get verified() {
    return this.#verified;
  }
  /** The application's id and name; known once a session was opened. */
  get application() {
    return this.#application;
  }
  get carrier() {
    return this.#session?.transport.kind ?? null;
  }
  /** Take over from an earlier page. Whether there was something to take over. */
  async restore() {
    const taken = await this.#resumption.take();
    if (taken === null || this.person.value !== null || this.#opened) return false;
    const [person, ticket] = taken;
    this.#spare = ticket;
    this.person.set(person);
    try {
      await this.live(new Deadline(this.#options.timeout));
    } catch (error) {
      if (this.#spare !== null && this.person.value === person) await this.#resumption.put(person, this.#spare);
      throw error;
    }
    return true;
  }
  /** Send a command. `repeatable`: it changes nothing that matters when it is carried out twice. */
  async ask(command, fields = {}, { repeatable = false, timeout = this.#options.timeout } = {}) {
    const deadline = new Deadline(timeout);
    const plaintext = encodeCommand(command, fields);
    for (let attempt = 1; ; attempt++) {
      try {
        const session = await this.live(deadline);
        return await session.ask(plaintext, deadline);
      } catch (error) {
        const interrupted2 = error instanceof ProvenError && error.code === "CALL_INTERRUPTED" && repeatable;
        if (attempt < MAX_ATTEMPTS && (interrupted2 || error instanceof NotSent)) continue;
        throw error instanceof NotSent ? error.reason : error;
      }
    }
  }
  /** The session, opened anew if there is none that works. */
  async live(deadline) {
    if (this.#closing.signal.aborted) throw new ProvenError("CLOSED", "close() was called");
    const session = this.#session;
    if (session !== null && session.lost === null) {
      const quiet = performance.now() - session.heardAt;
      if (session.transport.kind === "websocket" || quiet < HTTP_QUIET || await this.#answers(session)) return session;
    }
    this.#wake.abort();
    this.#opening ??= this.#open().finally(() => this.#opening = null);
    return deadline.race(this.#opening, "no session could be opened");
  }
  /** Act as a person in the present session: `key` and `signature` over its transcript. */
  async identify(session, identified) {
    const { publicKey: publicKey2, signature, encryptionKey } = identified;
    const plaintext = encodeCommand("Identify", { public_key: publicKey2, signature });
    const applicationId2 = this.#application.id;
    let answer;
    try {
      answer = await session.ask(plaintext, new Deadline(this.#options.timeout));
    } catch (error) {
      throw error instanceof NotSent ? error.reason : error;
    }
    const person = { applicationId: applicationId2, identity: answer.text("identity"), encryptionKey };
    this.person.set(person);
    this.#spare = null;
    this.#tabs?.postMessage(person.identity);
    await this.#resumption.forget();
    await this.#renewTickets(session, person);
    if (this.person.value !== person) throw new ProvenError("UNAUTHENTICATED", "the sign-in has ended; sign in again");
    return person;
  }
  /** Act as nobody from now on, here, in every other page of this origin and in those that are loaded later. */
  async anonymize() {
    this.#tabs?.postMessage(null);
    await this.#leave(true);
  }
  /** Another page now has `identity` signed in, or nobody: this one does not go on as somebody else. */
  async #followed(identity) {
    if (this.person.value !== null && this.person.value.identity !== identity) await this.#leave(identity === null);
  }
  async #leave(forget) {
    this.#spare = null;
    const acted = this.person.value !== null;
    this.person.set(null);
    if (forget) await this.#resumption.forget();
    const session = this.#session;
    if (!acted || session === null || session.lost !== null) return;
    try {
      await session.ask(encodeCommand("Anonymize", {}), new Deadline(this.#options.timeout));
    } catch {
      session.lose(new ProvenError("SESSION_CLOSED", "signed out"));
    }
  }
  /** End it, for good. */
  close() {
    this.#closing.abort();
    this.#wake.abort();
    this.#tabs?.close();
    this.#tabs = null;
    this.#session?.lose(new ProvenError("CLOSED", "close() was called"));
    this.state.set("closed");
  }
  async #open() {
    this.state.set("connecting");
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.#attempt();
        } catch (error) {
          const known = asProvenError(error, "UNAVAILABLE");
          const passing = known.code === "UNAVAILABLE" || known.code === "OVERLOADED";
          if (!passing || attempt + 1 >= MAX_ATTEMPTS || this.#closing.signal.aborted) throw known;
          const wait = Math.max(backoff(attempt), 1e3 * Math.min(known.retryAfter ?? 0, 10));
          await pause(wait, this.#closing.signal);
        }
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.state.set("idle");
      this.#reopen();
      throw error;
    }
  }
  async #attempt() {
    const { gateway, application: application2, policy, carrier } = this.#options;
    this.#application ??= await find(gateway, application2);
    const { id } = this.#application;
    const person = this.person.value;
    if (person !== null && !await this.#hasTicket(person, id)) throw this.#signedOut();
    const ticket = person === null ? null : this.#spare;
    const keyPair = ticket?.keyPair ?? await generateKeyPair();
    const endpoint = new Endpoint(gateway, id);
    const connecting = carrier === "http" ? null : endpoint.connect();
    connecting?.catch(() => {
    });
    try {
      const origin = typeof location === "object" && location.origin !== "null" ? location.origin : void 0;
      const handshake = new ClientHandshake({ applicationId: id, origin, keyPair, resumption: ticket?.ticket });
      const response = await endpoint.openSession(await handshake.request());
      if (ticket !== null && this.#spare === ticket) this.#spare = null;
      const at = Date.now();
      const [channel, evidence2] = await handshake.finish(
        response,
        (document2, expected) => verifyEvidence(document2, expected, policy, at)
      );
      const transport = await connecting?.catch((error) => {
        if (carrier === "websocket") throw error;
        return null;
      }) ?? new HttpTransport(endpoint);
      return await this.#established(channel, transport, { evidence: evidence2, at }, keyPair, person);
    } catch (error) {
      connecting?.then((transport) => transport.close(), () => {
      });
      if (ticket === null || !(error instanceof ProvenError) || error.code !== "UNAUTHENTICATED") throw error;
      this.#spare = null;
      throw new ProvenError("UNAVAILABLE", "a ticket was refused");
    }
  }
  async #established(channel, transport, verified, keyPair, person) {
    const session = new LiveSession(
      channel,
      transport,
      (event) => this.#options.onEvent(event, verified.evidence),
      () => this.#lost(session)
    );
    this.#keyPair = keyPair;
    if (person !== null) {
      try {
        const known = await session.ask(encodeCommand("WhoAmI", {}), new Deadline(this.#options.timeout));
        if (known.optionalText("identity") !== person.identity) throw this.#signedOut();
        await this.#renewTickets(session, person);
      } catch (error) {
        session.lose(new ProvenError("SESSION_CLOSED", "it could not be resumed"));
        throw error instanceof NotSent ? error.reason : error;
      }
    }
    if (this.#closing.signal.aborted || this.person.value !== person) {
      session.lose(new ProvenError("SESSION_CLOSED", "it is not wanted any more"));
      throw new ProvenError("UNAVAILABLE", "the session changed while it was being opened");
    }
    this.#session = session;
    this.#verified = verified;
    this.state.set("connected");
    const again = this.#opened;
    this.#opened = true;
    this.#options.onOpened(again);
    return session;
  }
  /** One ticket for this page, should the connection be lost, and one for the next page. */
  async #renewTickets(session, person) {
    const keyPair = this.#keyPair;
    const issue = async () => {
      const issued = await session.ask(encodeCommand("IssueTicket", {}), new Deadline(this.#options.timeout));
      return { ticket: issued.bytes("ticket"), keyPair, expiresAt: Date.now() + 1e3 * issued.count("expires_in") };
    };
    try {
      const [spare, next] = await Promise.all([issue(), issue()]);
      if (this.person.value !== person) return;
      this.#spare = spare;
      await this.#resumption.put(person, next);
    } catch {
      return;
    }
  }
  /** An attempt may have used a ticket up without its answer having arrived; there may be another. */
  async #hasTicket(person, applicationId2) {
    if (person.applicationId !== applicationId2) return false;
    if (this.#spare !== null) return true;
    const [other, ticket] = await this.#resumption.take() ?? [];
    if (other?.identity !== person.identity) return false;
    this.#spare = ticket;
    return true;
  }
  #signedOut() {
    this.#spare = null;
    this.person.set(null);
    void this.#resumption.forget();
    return new ProvenError("UNAUTHENTICATED", "the sign-in has ended; sign in again");
  }
  #lost(session) {
    if (this.#session !== session) return;
    this.#session = null;
    if (this.#closing.signal.aborted) return;
    this.state.set("idle");
    this.#reopen();
  }
  /** Open the session again in the background while it is wanted. */
  #reopen() {
    if (this.#reopening || !this.#options.wanted() || this.#closing.signal.aborted) return;
    this.#reopening = true;
    void (async () => {
      try {
        for (let attempt = 0; this.#session === null && this.#options.wanted(); attempt++) {
          if (this.#opening === null) this.state.set("waiting");
          this.#wake = new AbortController();
          await pause(backoff(attempt), this.#wake.signal);
          if (this.#closing.signal.aborted) return;
          try {
            await this.live(new Deadline(this.#options.timeout));
          } catch (error) {
            if (error instanceof ProvenError && REFUSED.has(error.code)) return;
          }
        }
      } finally {
        this.#reopening = false;
      }
    })();
  }
  /** The network or the page came back: find out whether the session still works, and do not wait any longer. */
  async #probe() {
    this.#wake.abort();
    const session = this.#session;
    if (session !== null && session.lost === null) await this.#answers(session);
  }
  async #answers(session) {
    try {
      await session.ask(encodeCommand("WhoAmI", {}), new Deadline(PROBE_TIMEOUT));
      return true;
    } catch (error) {
      const reason = error instanceof NotSent ? error.reason : asProvenError(error);
      session.lose(reason);
      return false;
    }
  }
};
var REFUSED = /* @__PURE__ */ new Set(["EVIDENCE_INVALID", "ORIGIN_DENIED", "NOT_FOUND", "BAD_REQUEST", "CLOSED"]);
async function find(gateway, application2) {
  if (/^[a-z2-7]{32}$/.test(application2)) return { id: application2, name: application2 };
  return new Endpoint(gateway, application2).describe();
}

// ../packages/sdk/src/index.ts
init_errors();

// ../packages/sdk/src/management.ts
init_commands();
var SessionsApi = class {
  #connection;
  constructor(connection2) {
    this.#connection = connection2;
  }
  async list() {
    const answer = await this.#connection.ask("ListSessions", {}, { repeatable: true });
    return answer.list("sessions").map((item) => {
      const fields = new Fields(item);
      return {
        id: fields.text("session_id"),
        openedAt: new Date(fields.count("opened_at")),
        usedAt: new Date(fields.count("used_at")),
        origin: fields.optionalText("origin") ?? null,
        current: fields.get("current") === true
      };
    });
  }
  /** End a session. */
  async revoke(id) {
    await this.#connection.ask("RevokeSession", { session_id: id });
  }
};
var AccountsApi = class {
  #connection;
  constructor(connection2) {
    this.#connection = connection2;
  }
  /** Ask for what a wallet has to sign. */
  async challenge(kind) {
    const answer = await this.#connection.ask("BeginLink", { kind });
    return {
      kind,
      challenge: answer.text("challenge"),
      origin: answer.text("origin"),
      expiresAt: new Date(Date.now() + 1e3 * answer.count("expires_in")),
      message: answer.optionalText("message") ?? null
    };
  }
  /** Link the account that signed the challenge. What belongs into `proof` depends on the kind. */
  async link(challenge, proof) {
    const id = typeof challenge === "string" ? challenge : challenge.challenge;
    return linkedAccount(await this.#connection.ask("FinishLink", { challenge: id, proof: JSON.stringify(proof) }));
  }
  async unlink(address2) {
    await this.#connection.ask("UnlinkAccount", { address: address2 });
  }
  async list() {
    const answer = await this.#connection.ask("ListAccounts", {}, { repeatable: true });
    return answer.list("accounts").map((item) => linkedAccount(new Fields(item)));
  }
};
var linkedAccount = (fields) => ({
  address: fields.text("address"),
  kind: fields.text("kind"),
  linkedAt: new Date(fields.count("linked_at"))
});

// ../packages/sdk/src/sdk.ts
init_policy();

// ../packages/sdk/src/default.ts
var newest = null;
function setDefault(instance) {
  newest = instance;
}
function unsetDefault(instance) {
  if (newest === instance) newest = null;
}

// ../packages/sdk/src/sdk.ts
init_errors();

// ../packages/sdk/src/identity.ts
init_bytes();
init_cbor();
var SEED_BYTES = 32;
var ID_LABEL = "proven/identity/v1";
var NONCE_BYTES = 12;
var TAG_BYTES2 = 16;
var WRAPPED_BYTES = 1 + NONCE_BYTES + SEED_BYTES + TAG_BYTES2;
var ED25519_PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);
async function identityId(publicKey2) {
  const digest = await crypto.subtle.digest("SHA-256", encode([ID_LABEL, publicKey2]));
  return toBase32(new Uint8Array(digest, 0, 20));
}

// ../packages/sdk/src/log-checks.ts
var CONFIRMED_FOR = 6e4;
var LogChecks = class {
  #gateway;
  #asked;
  #policy;
  #head;
  #confirmed = null;
  /** `head` asks the node, inside the session, how far its log goes. */
  constructor(gateway, asked, policy, head2) {
    this.#head = head2;
    this.#gateway = gateway;
    this.#asked = asked;
    this.#policy = policy;
  }
  /** Throws `ProvenError` unless the log confirms the answer, now or within the last minute. */
  async confirm(applicationId2, session, answer, deadline) {
    const { packageId, logIndex } = answer;
    const what = [applicationId2, session.root, session.moduleId, packageId, logIndex].join(" ");
    const before = this.#confirmed;
    if (before?.what === what && performance.now() - before.at < CONFIRMED_FOR) {
      await deadline.race(before.report, "the log did not answer");
      return;
    }
    const report2 = this.ask(applicationId2, session, answer, deadline);
    const confirmed = { what, at: performance.now(), report: report2 };
    this.#confirmed = confirmed;
    try {
      await report2;
    } catch (error) {
      if (this.#confirmed === confirmed) this.#confirmed = null;
      throw error;
    }
  }
  /** What the log says about the answer or, without one, about the application. */
  async ask(applicationId2, session, answer, deadline) {
    const { checkLog: checkLog2 } = await Promise.resolve().then(() => (init_log(), log_exports));
    const head2 = () => this.#head(deadline);
    const question = { gateway: this.#gateway, applicationId: applicationId2, asked: this.#asked, policy: this.#policy, session, answer, head: head2 };
    return checkLog2(question, deadline);
  }
};

// ../packages/sdk/src/sign-in.ts
init_errors();
init_time();
var VERSION2 = 1;
var LOAD_TIMEOUT = 2e4;
var TIMEOUT2 = 10 * 6e4;
var MIN_HEIGHT = 160;
var CODES2 = /* @__PURE__ */ new Set([
  "CANCELLED",
  "NOT_ALLOWED",
  "UNSUPPORTED",
  "UNAVAILABLE",
  "UNAUTHENTICATED",
  "EVIDENCE_INVALID",
  "ORIGIN_DENIED",
  "OVERLOADED",
  "REQUEST_TIMEOUT",
  "CONFLICT",
  "FORBIDDEN",
  "NOT_FOUND",
  "BAD_REQUEST",
  "INTERNAL",
  "SESSION_CLOSED",
  "TOO_LARGE",
  "QUOTA_EXCEEDED",
  "STORAGE_FULL"
]);
var busy = false;
async function runFrame(options, task, transcript) {
  if (busy) throw new ProvenError("CONFLICT", "the sign-in is open already");
  busy = true;
  const frame = new Frame(options, task);
  try {
    const port = await frame.open();
    return await frame.run(port, transcript);
  } finally {
    frame.close();
    busy = false;
  }
}
var Frame = class {
  #options;
  #task;
  #dialog = document.createElement("dialog");
  #iframe = document.createElement("iframe");
  #ended = new AbortController();
  #cancelled;
  #port = null;
  constructor(options, task) {
    this.#options = options;
    this.#task = task;
    const name = task === "identify" ? `Sign in to ${options.applicationName}` : "Your account";
    this.#cancelled = this.#build(name);
    this.#cancelled.catch(() => {
    });
  }
  /** Load the frame and give it its end of a channel. */
  async open() {
    const { gateway, applicationId: applicationId2 } = this.#options;
    const loaded = new Promise((resolve) => {
      const listen = ({ source, origin, data }) => {
        if (source !== this.#iframe.contentWindow || origin !== gateway || !isHello(data)) return;
        removeEventListener("message", listen);
        resolve();
      };
      addEventListener("message", listen, { signal: this.#ended.signal });
    });
    this.#iframe.src = `${gateway}/sign-in/${applicationId2}`;
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    const failed = new ProvenError("UNAVAILABLE", "the sign-in page of the node did not load");
    await Promise.race([new Deadline(LOAD_TIMEOUT).race(loaded).catch(() => Promise.reject(failed)), this.#cancelled]);
    const { port1, port2 } = new MessageChannel();
    const hello = { proven: "sign-in", version: VERSION2, application: applicationId2 };
    this.#iframe.contentWindow.postMessage(hello, gateway, [port2]);
    this.#port = port1;
    return port1;
  }
  async run(port, transcript) {
    const id = 1;
    const answer = new Promise((resolve, reject) => {
      port.onmessage = ({ data }) => {
        try {
          const message = read4(data, id);
          if (message.type === "resize") this.#resize(message.height);
          else if (message.type === "error") reject(message.error);
          else if (message.type === "done" === (this.#task === "manage")) resolve(message.identified);
          else throw unexpected2("an answer to something else");
        } catch (error) {
          port.close();
          reject(error);
        }
      };
      port.onmessageerror = () => reject(unexpected2("a message that cannot be read"));
    });
    port.postMessage({ id, type: this.#task, transcript });
    this.#iframe.focus();
    try {
      return await Promise.race([new Deadline(TIMEOUT2).race(answer, "the sign-in was not finished"), this.#cancelled]);
    } catch (error) {
      port.postMessage({ id: id + 1, type: "cancel" });
      throw error;
    }
  }
  close() {
    this.#ended.abort();
    if (this.#dialog.open) this.#dialog.close();
    this.#dialog.remove();
    this.#port?.close();
  }
  /** Rejects when the person closes the dialog, by Escape or its button. The dialog gives the focus back. */
  #build(name) {
    const dialog = this.#dialog;
    const iframe = this.#iframe;
    const button2 = document.createElement("button");
    dialog.setAttribute("aria-label", name);
    iframe.title = name;
    iframe.allow = `publickey-credentials-create ${this.#options.gateway}; publickey-credentials-get ${this.#options.gateway}`;
    iframe.referrerPolicy = "strict-origin";
    button2.type = "button";
    button2.textContent = "×";
    button2.setAttribute("aria-label", "Close");
    Object.assign(dialog.style, {
      colorScheme: "light dark",
      boxSizing: "border-box",
      width: "min(26rem, 100vw - 1rem)",
      maxHeight: "calc(100dvh - 1rem)",
      padding: "0",
      border: "1px solid color-mix(in srgb, CanvasText 25%, Canvas)",
      borderRadius: "12px",
      background: "Canvas",
      color: "CanvasText",
      overflow: "hidden"
    });
    Object.assign(button2.style, {
      position: "absolute",
      insetBlockStart: "0",
      insetInlineEnd: "0",
      width: "44px",
      height: "44px",
      border: "0",
      background: "transparent",
      color: "inherit",
      font: "24px system-ui, sans-serif",
      cursor: "pointer"
    });
    Object.assign(iframe.style, {
      display: "block",
      width: "100%",
      height: "420px",
      maxHeight: "calc(100dvh - 1rem)",
      border: "0",
      colorScheme: "auto"
    });
    iframe.style.colorScheme = "light dark";
    dialog.append(iframe, button2);
    return new Promise((_, reject) => {
      const cancel = () => reject(new ProvenError("CANCELLED", "the sign-in was closed"));
      dialog.addEventListener("close", cancel, { signal: this.#ended.signal });
      button2.addEventListener("click", cancel, { signal: this.#ended.signal });
    });
  }
  #resize(height) {
    this.#iframe.style.height = `${Math.max(MIN_HEIGHT, Math.min(height, innerHeight))}px`;
  }
};
function read4(data, id) {
  if (typeof data !== "object" || data === null) throw unexpected2("something that is no message");
  const message = data;
  const has = (...names) => Object.keys(message).sort().join() === ["id", "type", ...names].sort().join();
  const { type } = message;
  if (type === "resize" && has("height") && message.id === 0 && isHeight(message.height)) {
    return { type, height: message.height };
  }
  if (message.id !== id) throw unexpected2("an answer to something else");
  if (type === "done" && has()) return { type, identified: null };
  if (type === "error" && has("code", "message")) {
    const { code: code2, message: text } = message;
    if (typeof code2 === "string" && typeof text === "string") {
      return { type, error: new ProvenError(CODES2.has(code2) ? code2 : "INTERNAL", text.slice(0, 1024)) };
    }
  }
  if (type === "identified" && has("publicKey", "signature", "encryptionKey")) {
    const { publicKey: publicKey2, signature, encryptionKey } = message;
    if (isBytes(publicKey2, 32) && isBytes(signature, 64) && isEncryptionKey(encryptionKey)) {
      return { type, identified: { publicKey: publicKey2, signature, encryptionKey } };
    }
  }
  throw unexpected2("a message that is none of the protocol");
}
var isHello = (data) => typeof data === "object" && data !== null && data.proven === "sign-in" && data.version === VERSION2;
var isHeight = (value) => typeof value === "number" && value >= 0 && value < 1e5;
var isBytes = (value, size) => value instanceof Uint8Array && value.length === size;
var isEncryptionKey = (value) => value instanceof CryptoKey && value.algorithm.name === "AES-GCM" && !value.extractable;
var unexpected2 = (what) => new ProvenError("BAD_REQUEST", `the sign-in page sent ${what}`);

// ../packages/sdk/src/subscriptions.ts
init_errors();

// ../packages/sdk/src/values.ts
init_errors();

// ../packages/sdk/src/value-decoder.ts
init_bytes();
init_cbor();

// ../packages/sdk/src/value-types.ts
init_errors();
var MAX_BYTES = 8 * 1024 * 1024;
var MAX_DEPTH2 = 64;
var MAX_ITEMS = 1e6;
var MAX_BIGINT_BYTES = 64 * 1024;
var TAG_DATE = 1;
var TAG_POSITIVE = 2;
var TAG_NEGATIVE = 3;
var TAG_REGEXP = 35;
var TAG_SET = 258;
var TAG_MAP = 259;
var TAG_ARRAY_BUFFER = 40100;
var TAG_ERROR = 40101;
var TYPED_ARRAYS = [
  [68, "Uint8ClampedArray"],
  [69, "Uint16Array"],
  [70, "Uint32Array"],
  [71, "BigUint64Array"],
  [72, "Int8Array"],
  [77, "Int16Array"],
  [78, "Int32Array"],
  [79, "BigInt64Array"],
  [84, "Float16Array"],
  [85, "Float32Array"],
  [86, "Float64Array"]
];
var tooLarge = () => new ProvenError("TOO_LARGE", `a value is over the limit of ${MAX_BYTES} bytes`);
var tooManyItems = () => new ProvenError("TOO_LARGE", `a value has more than ${MAX_ITEMS} items`);

// ../packages/sdk/src/value-decoder.ts
var MAX_DATE_MS = 864e13;
var ERRORS = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type])
);
var ERROR_FIELDS = ["name", "message", "stack", "code"];
var Reader2 = class {
  position = 0;
  #items = 0;
  #data;
  #view;
  constructor(data) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }
  item(depth) {
    if (++this.#items > MAX_ITEMS) throw tooManyItems();
    const initial = this.#view.getUint8(this.position);
    if (initial >> 5 === 7) return this.#simple(initial);
    const [major, argument] = this.#head();
    switch (major) {
      case UINT:
        return this.#safe(argument, Number.MAX_SAFE_INTEGER);
      case NINT:
        return -1 - this.#safe(argument, Number.MAX_SAFE_INTEGER - 1);
      case BYTES:
        return this.#take(argument).slice();
      case TEXT:
        return fromUtf8(this.#take(argument));
      case ARRAY:
        return this.#array(argument, depth);
      case MAP:
        return this.#record(argument, depth);
      default:
        return this.#tagged(argument, depth);
    }
  }
  #simple(initial) {
    this.position++;
    if (initial === 251) {
      const value = this.#view.getFloat64(this.position);
      this.position += 8;
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
        throw new RangeError("an integer that is written as a float");
      }
      return value;
    }
    if (initial === 244) return false;
    if (initial === 245) return true;
    if (initial === 246) return null;
    if (initial === 247) return void 0;
    throw new RangeError("a simple value or a float width that is not allowed");
  }
  #safe(argument, limit) {
    if (argument > limit) throw new RangeError("an integer that is no safe number and not tagged as a bigint");
    return argument;
  }
  #head() {
    const initial = this.#view.getUint8(this.position++);
    const major = initial >> 5;
    const info = initial & 31;
    if (info > 27 || major === 7) throw new RangeError("an indefinite length or a form that is not allowed");
    if (info < 24) return [major, info];
    const at = this.position;
    this.position += 2 ** (info - 24);
    let argument;
    if (info === 24) argument = this.#view.getUint8(at);
    else if (info === 25) argument = this.#view.getUint16(at);
    else if (info === 26) argument = this.#view.getUint32(at);
    else argument = Number(this.#view.getBigUint64(at));
    if (argument < [24, 256, 65536, 4294967296][info - 24]) {
      throw new RangeError("a length or number that is not in its shortest form");
    }
    return [major, argument];
  }
  #expect(wanted) {
    const [major, argument] = this.#head();
    if (major !== wanted) throw new RangeError("a part of the wrong type");
    return argument;
  }
  #take(length) {
    const start = this.position;
    if (length > this.#data.length - start) throw new RangeError("it ends too early");
    this.position += length;
    return this.#data.subarray(start, start + length);
  }
  #enter(leastBytes, depth) {
    if (depth === 0) throw new RangeError("nested too deeply");
    if (leastBytes > this.#data.length - this.position) throw new RangeError("it ends too early");
  }
  #array(length, depth) {
    this.#enter(length, depth);
    const items = [];
    while (items.length < length) items.push(this.item(depth - 1));
    return items;
  }
  #record(length, depth) {
    this.#enter(2 * length, depth);
    const record2 = {};
    for (let count2 = 0; count2 < length; count2++) {
      const key = fromUtf8(this.#take(this.#expect(TEXT)));
      if (Object.hasOwn(record2, key)) throw new RangeError("the same key twice");
      define(record2, key, this.item(depth - 1), true);
    }
    return record2;
  }
  #tagged(tag, depth) {
    switch (tag) {
      case TAG_DATE:
        return this.#date();
      case TAG_POSITIVE:
        return this.#magnitude();
      case TAG_NEGATIVE:
        return -1n - this.#magnitude();
      case TAG_REGEXP:
        return this.#regexp();
      case TAG_SET: {
        const items = this.#array(this.#expect(ARRAY), depth);
        return distinct(new Set(items), items.length);
      }
      case TAG_MAP: {
        const pairs = this.#array(this.#expect(ARRAY), depth);
        if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
          throw new RangeError("a Map that is not made of pairs");
        }
        return distinct(new Map(pairs), pairs.length);
      }
      case TAG_ARRAY_BUFFER:
        return this.#take(this.#expect(BYTES)).slice().buffer;
      case TAG_ERROR:
        return this.#error(depth);
      default:
        return this.#typedArray(tag);
    }
  }
  #date() {
    const seconds = this.item(0);
    if (typeof seconds !== "number") throw new RangeError("a date that is no number");
    if (Number.isNaN(seconds)) return /* @__PURE__ */ new Date(NaN);
    const milliseconds = Math.round(seconds * 1e3);
    if (Math.abs(seconds) > MAX_DATE_MS / 1e3 || milliseconds / 1e3 !== seconds) {
      throw new RangeError("a date out of range, or not a whole number of milliseconds");
    }
    return new Date(milliseconds);
  }
  #magnitude() {
    const bytes2 = this.#take(this.#expect(BYTES));
    if (bytes2.length > MAX_BIGINT_BYTES || bytes2[0] === 0) {
      throw new RangeError("a bigint that is too long or has leading zeros");
    }
    return bytes2.length ? BigInt(`0x${toHex(bytes2)}`) : 0n;
  }
  #regexp() {
    const text = fromUtf8(this.#take(this.#expect(TEXT)));
    const slash = text.lastIndexOf("/");
    if (!text.startsWith("/") || slash < 2) throw new RangeError("a regular expression that is not /source/flags");
    return new RegExp(text.slice(1, slash), text.slice(slash + 1));
  }
  #error(depth) {
    const fields = this.#record(this.#expect(MAP), depth);
    const names = Object.keys(fields);
    if (names.join() !== ERROR_FIELDS.filter((name2) => name2 in fields).join() || !("name" in fields) || !("message" in fields) || !names.every((name2) => typeof fields[name2] === "string")) throw new RangeError("an error with missing, unknown or unordered fields");
    const { name, message, stack, code: code2 } = fields;
    const error = new (ERRORS.get(name) ?? Error)(message);
    if (error.name !== name) define(error, "name", name);
    define(error, "stack", stack);
    if (code2 !== void 0) define(error, "code", code2);
    return error;
  }
  #typedArray(tag) {
    const name = TYPED_ARRAYS.find(([known]) => known === tag)?.[1];
    if (name === void 0) throw new RangeError(`tag ${tag}, which no value has`);
    const type = globalThis[name];
    if (type === void 0) throw new RangeError(`a ${name}, which this browser does not have`);
    const bytes2 = this.#take(this.#expect(BYTES)).slice();
    if (bytes2.length % type.BYTES_PER_ELEMENT) throw new RangeError("a typed array that ends inside an element");
    return new type(bytes2.buffer);
  }
};
function distinct(collection, size) {
  if (collection.size !== size) throw new RangeError("the same element or key twice");
  return collection;
}
function define(target, key, value, enumerable = false) {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable });
}

// ../packages/sdk/src/value-encoder.ts
init_bytes();
init_cbor();
init_errors();
var isWellFormed = (text) => !/\p{Surrogate}/u.test(text);
var Writer = class {
  #bytes = new Uint8Array(256);
  #position = 0;
  #items = 0;
  #path = [];
  bytes() {
    return this.#bytes.slice(0, this.#position);
  }
  item(value, depth) {
    if (++this.#items > MAX_ITEMS) throw tooManyItems();
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "boolean") this.#byte(value ? 245 : 244);
    else if (value === void 0) this.#byte(247);
    else if (value === null) this.#byte(246);
    else if (typeof value === "bigint") this.#bigint(value);
    else if (typeof value === "object") this.#object(value, depth);
    else throw this.#unsupported(`is a ${typeof value}, which cannot travel`);
  }
  #reserve(size) {
    const needed = this.#position + size;
    if (needed > MAX_BYTES) throw tooLarge();
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
  #byte(value) {
    this.#reserve(1);
    this.#bytes[this.#position++] = value;
  }
  #head(major, argument) {
    const type = major << 5;
    if (argument < 24) return this.#byte(type | argument);
    const width = argument < 256 ? 1 : argument < 65536 ? 2 : argument < 4294967296 ? 4 : 8;
    this.#byte(type | 24 + Math.log2(width));
    this.#reserve(width);
    for (let at = width - 1, rest = argument; at >= 0; at--, rest = Math.floor(rest / 256)) {
      this.#bytes[this.#position + at] = rest % 256;
    }
    this.#position += width;
  }
  #raw(major, bytes2) {
    this.#head(major, bytes2.length);
    this.#reserve(bytes2.length);
    this.#bytes.set(bytes2, this.#position);
    this.#position += bytes2.length;
  }
  #text(value) {
    if (!isWellFormed(value)) throw this.#unsupported("is text with half of a surrogate pair");
    if (value.length > MAX_BYTES) throw tooLarge();
    this.#raw(TEXT, utf8(value));
  }
  #number(value) {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value < 0) this.#head(NINT, -1 - value);
      else this.#head(UINT, value);
      return;
    }
    this.#byte(251);
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#position, Number.isNaN(value) ? NaN : value);
    this.#position += 8;
  }
  #bigint(value) {
    let hex2 = (value < 0n ? -1n - value : value).toString(16);
    if (hex2 === "0") hex2 = "";
    if (hex2.length > 2 * MAX_BIGINT_BYTES) {
      throw this.#unsupported(`is an integer of more than ${MAX_BIGINT_BYTES} bytes`);
    }
    this.#head(TAG, value < 0n ? TAG_NEGATIVE : TAG_POSITIVE);
    this.#raw(BYTES, fromHex(hex2.length % 2 ? `0${hex2}` : hex2));
  }
  #object(value, depth) {
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    if (ArrayBuffer.isView(value)) this.#view(value, kind);
    else if (Array.isArray(value)) this.#array(value, depth);
    else if (kind === "Object") this.#record(value, depth);
    else if (value instanceof Error || kind === "Error" || kind === "DOMException") this.#error(value, depth);
    else if (kind === "Date") {
      this.#head(TAG, TAG_DATE);
      this.#number(value.getTime() / 1e3);
    } else if (kind === "Map" || kind === "Set") {
      this.#head(TAG, kind === "Map" ? TAG_MAP : TAG_SET);
      this.#array([...value], depth, value);
    } else if (kind === "ArrayBuffer" || kind === "SharedArrayBuffer") {
      this.#head(TAG, TAG_ARRAY_BUFFER);
      this.#raw(BYTES, new Uint8Array(value));
    } else if (kind === "RegExp") {
      this.#head(TAG, TAG_REGEXP);
      this.#text(`/${value.source}/${value.flags}`);
    } else throw this.#unsupported(`is a ${kind}, which cannot travel`);
  }
  #view(value, kind) {
    if (kind !== "Uint8Array") {
      const tag = TYPED_ARRAYS.find(([, name]) => name === kind)?.[0];
      if (tag === void 0) throw this.#unsupported(`is a ${kind}, which cannot travel`);
      this.#head(TAG, tag);
    }
    this.#raw(BYTES, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  #array(items, depth, self = items) {
    this.#enter(self, depth);
    if (items.length > MAX_ITEMS) throw tooManyItems();
    this.#head(ARRAY, items.length);
    for (let index = 0; index < items.length; index++) this.#step(index, items[index], depth);
  }
  #record(value, depth) {
    this.#enter(value, depth);
    const keys2 = Object.keys(value);
    this.#head(MAP, keys2.length);
    for (const key of keys2) {
      this.#text(key);
      this.#step(key, value[key], depth);
    }
  }
  #step(step, value, depth) {
    this.#path.push(step);
    this.item(value, depth - 1);
    this.#path.pop();
  }
  #error(value, depth) {
    const fields = { name: String(value.name), message: String(value.message) };
    for (const name of ["stack", "code"]) {
      const text = value[name];
      if (typeof text === "string") fields[name] = text;
    }
    this.#head(TAG, TAG_ERROR);
    this.#record(fields, depth);
  }
  #enter(value, depth) {
    if (depth > 0) return;
    throw this.#unsupported(
      hasCycle(value) ? "refers back to itself" : `is nested deeper than ${MAX_DEPTH2} levels`
    );
  }
  #unsupported(problem) {
    const steps = this.#path.map((step) => typeof step === "string" && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`);
    const path2 = `$${steps.join("")}`.slice(0, 200);
    return new ProvenError("UNSUPPORTED_VALUE", `the value at ${path2} ${problem}`, { details: { path: path2 } });
  }
};
function hasCycle(value) {
  const seen2 = /* @__PURE__ */ new Set();
  let level = [value];
  for (let depth = 0; depth < MAX_DEPTH2 && level.length > 0 && seen2.size < 1e4; depth++) {
    const next = [];
    for (const item of level) {
      const children = item instanceof Map ? [...item].flat() : item instanceof Set ? [...item] : Object.values(item);
      for (const child of children) {
        if (child === value) return true;
        if (typeof child === "object" && child !== null && !seen2.has(child)) {
          seen2.add(child);
          next.push(child);
        }
      }
    }
    level = next;
  }
  return false;
}

// ../packages/sdk/src/values.ts
function encodeValue(value) {
  const writer = new Writer();
  writer.item(value, MAX_DEPTH2);
  return writer.bytes();
}
function decodeValue(data) {
  if (data.length > MAX_BYTES) throw tooLarge();
  const reader = new Reader2(data);
  try {
    const value = reader.item(MAX_DEPTH2);
    if (reader.position !== data.length) throw new RangeError("bytes after its end");
    return value;
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    throw new ProvenError("BAD_REQUEST", `malformed value: ${error instanceof Error ? error.message : error}`);
  }
}

// ../packages/sdk/src/subscriptions.ts
var MAX_EVENT_NAME = 128;
var Subscriptions = class {
  #connection;
  #listeners = /* @__PURE__ */ new Map();
  constructor(connection2) {
    this.#connection = connection2;
  }
  get any() {
    return this.#listeners.size > 0;
  }
  /** Resolves once the node has agreed, with what ends the subscription. */
  async add(event, onEvent, options) {
    if (event.length === 0 || event.length > MAX_EVENT_NAME) {
      throw new ProvenError("BAD_REQUEST", `the name of an event has 1 to ${MAX_EVENT_NAME} characters`);
    }
    const onRefused = options.onRefused ?? ((reason) => console.error(reason.message));
    const listener = { onEvent, onMissed: () => options.onMissed?.(), onRefused };
    const others = this.#listeners.get(event);
    if (others === void 0) this.#listeners.set(event, /* @__PURE__ */ new Set([listener]));
    else others.add(listener);
    try {
      await this.#subscribe(event);
    } catch (error) {
      this.#remove(event, listener);
      throw error;
    }
    return async () => {
      if (!this.#remove(event, listener) || this.#connection.state.value !== "connected") return;
      await this.#connection.ask("Unsubscribe", { event }, { repeatable: true });
    };
  }
  /** A session took the place of one that was lost. */
  async renew() {
    for (const event of this.#listeners.keys()) {
      try {
        await this.#subscribe(event);
      } catch {
        return;
      }
    }
    this.missed();
  }
  missed() {
    for (const listeners of [...this.#listeners.values()]) {
      for (const listener of [...listeners]) guarded(() => listener.onMissed());
    }
  }
  refuse(event, reason) {
    for (const listener of [...this.#listeners.get(event) ?? []]) guarded(() => listener.onRefused(reason));
  }
  /** Hand an event to everyone in the page who wants it; each gets a copy of its own. */
  publish(event, payload) {
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      guarded(() => listener.onEvent(decodeValue(payload)));
    }
  }
  async #subscribe(event) {
    await this.#connection.ask("Subscribe", { event }, { repeatable: true });
    if (this.#connection.carrier === "http") {
      throw new ProvenError("UNAVAILABLE", "events need a WebSocket, and none could be opened");
    }
  }
  /** Whether nobody listens to the event any more. */
  #remove(event, listener) {
    const listeners = this.#listeners.get(event);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    return this.#listeners.delete(event);
  }
};

// ../packages/sdk/src/sdk.ts
init_time();

// ../packages/sdk/src/upgrades.ts
init_errors();
var KINDS = ["announced", "cancelled", "vetoed", "activated", "switched"];
var Upgrades = class {
  version = new Source(null);
  #connection;
  #listeners = /* @__PURE__ */ new Set();
  #revision = -1;
  constructor(connection2) {
    this.#connection = connection2;
  }
  get any() {
    return this.#listeners.size > 0;
  }
  async add(onUpgrade) {
    const listener = (upgrade) => onUpgrade(upgrade);
    this.#listeners.add(listener);
    const stop = () => void this.#listeners.delete(listener);
    try {
      await this.#follow();
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }
  /** A session took the place of one that was lost. */
  async renew() {
    if (!this.any) return;
    const before = this.version.value;
    try {
      await this.#follow();
    } catch {
      return;
    }
    const { packageId, logIndex, pending } = this.version.value;
    if (before === null) return;
    if (logIndex !== null && logIndex !== before.logIndex) this.#tell("switched", logIndex, before.packageId);
    if (pending !== null && pending.logIndex !== before.pending?.logIndex) this.#tell("announced", pending.logIndex, null);
  }
  /** The node says that something changed. */
  take({ what, entry, previous, now }) {
    const kind = KINDS.find((known) => known === what);
    if (kind === void 0) throw new ProvenError("BAD_REQUEST", "the node sent an upgrade of no known kind");
    if (this.#learn(now)) this.#tell(kind, entry, previous);
  }
  /** An answer came from this package. */
  answered(packageId, logIndex) {
    const known = this.version.value;
    if (known === null || logIndex > (known.logIndex ?? -1)) this.version.set({ packageId, logIndex, pending: null });
  }
  async #follow() {
    this.#learn(await this.#connection.ask("FollowVersion", {}, { repeatable: true }));
  }
  #learn(now) {
    const revision = now.count("revision");
    if (revision < this.#revision) return false;
    this.#revision = revision;
    const pending = now.has("pending") ? now.record("pending") : null;
    this.version.set({
      packageId: now.optionalText("package_id") ?? null,
      logIndex: now.has("log_index") ? now.count("log_index") : null,
      pending: pending && {
        packageId: pending.optionalText("package_id") ?? null,
        logIndex: pending.count("log_index"),
        activatesAt: new Date(pending.count("activates_at"))
      }
    });
    return true;
  }
  #tell(kind, entry, previous) {
    const upgrade = { kind, entry, previous, version: this.version.value };
    for (const listener of [...this.#listeners]) guarded(() => listener(upgrade));
  }
};

// ../packages/sdk/src/sdk.ts
var DEFAULT_TIMEOUT = 3e4;
var MAX_UNACCEPTED = 1024;
var CONSOLE_LEVELS = ["debug", "error", "info", "log", "trace", "warn"];
var ProvenSDK = class {
  /** Whether somebody is signed in. */
  authState;
  /** Who is signed in, null if nobody is. */
  userInfo;
  connectionState;
  /**
   * The version that answers, as answers and the node say; null before the first answer. It is the node's word: the
   * policy's rules hold each answer to what is proven.
   */
  version;
  /** The person's sessions with this application. */
  sessions;
  /** The accounts on chains that the person linked to who they are in this application. */
  accounts;
  /** The node's origin. */
  gateway;
  #policy;
  #options;
  #timeout;
  #connection;
  #subscriptions;
  #upgrades;
  #authState = new Source("loading");
  #userInfo = new Source(null);
  #restored;
  #log;
  #answer = null;
  #events = Promise.resolve();
  #unaccepted = 0;
  constructor(options) {
    const policy = options.policy ?? {};
    checkPolicy(policy);
    this.#policy = policy;
    this.#options = options;
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
    this.gateway = gatewayOf(options);
    this.#connection = new Connection({
      gateway: this.gateway,
      application: options.application,
      policy,
      carrier: options.transport ?? "auto",
      timeout: this.#timeout,
      onEvent: (event, evidence2) => this.#onEvent(event, evidence2),
      onOpened: (again) => {
        if (!again) return;
        void this.#subscriptions.renew();
        void this.#upgrades.renew();
      },
      wanted: () => this.#subscriptions.any || this.#upgrades.any
    });
    this.#log = new LogChecks(
      this.gateway,
      options.application,
      policy,
      (deadline) => this.#connection.ask("LogHead", {}, { repeatable: true, timeout: Math.max(1, deadline.left) })
    );
    this.#subscriptions = new Subscriptions(this.#connection);
    this.#upgrades = new Upgrades(this.#connection);
    this.version = this.#upgrades.version;
    this.authState = this.#authState;
    this.userInfo = this.#userInfo;
    this.connectionState = this.#connection.state;
    this.sessions = new SessionsApi(this.#connection);
    this.accounts = new AccountsApi(this.#connection);
    this.#connection.person.subscribe((person) => {
      if (person === null) this.#authState.set("anonymous");
      this.#userInfo.set(person === null ? null : { identity: person.identity });
      if (person !== null && this.#authState.value !== "loading") this.#authState.set("signed-in");
    });
    this.#restored = this.#restore();
    setDefault(this);
  }
  /**
   * Call a handler with an array of arguments. Throws what it throws as `HANDLER_ERROR`. After `CALL_INTERRUPTED` and
   * `REQUEST_TIMEOUT` it is not known whether the call was carried out; it is never silently repeated. An answer or
   * error of code that the policy does not accept is refused, with `carriedOut` in the details.
   */
  async execute(address2, args = [], options = {}) {
    const fields = { handler: address2, args: encodeValue([...args]) };
    await this.#restored;
    const deadline = new Deadline(options.timeout ?? this.#timeout);
    let answer;
    try {
      answer = await this.#connection.ask("Execute", fields, options);
    } catch (error) {
      if (error instanceof ProvenError) await this.#acceptError(error, deadline);
      throw error;
    }
    const source = { packageId: answer.text("package_id"), logIndex: answer.count("log_index") };
    this.#answer = await this.#accept(source, "answer", deadline);
    this.#upgrades.answered(source.packageId, source.logIndex);
    return decodeValue(answer.bytes("value"));
  }
  /** As `execute`, with the arguments one after the other. */
  call(address2, ...args) {
    return this.execute(address2, args);
  }
  /** Have `onEvent` called with what the application publishes under `event`. Resolves with what ends that. */
  async subscribe(event, onEvent, options = {}) {
    await this.#restored;
    return this.#subscriptions.add(event, onEvent, options);
  }
  /**
   * Have `onUpgrade` called when the node says that an upgrade was announced or taken back, and when another version
   * answers: that before its first answer. Needs a WebSocket. Resolves with what ends it.
   */
  async onUpgrade(onUpgrade) {
    await this.#restored;
    return this.#upgrades.add(onUpgrade);
  }
  /** Let the person sign in with a passkey. Call it on a click. Rejects with `CANCELLED` when they close the dialog. */
  async signIn() {
    await this.#restored;
    const session = await this.#connection.live(new Deadline(this.#timeout));
    const before = this.#authState.value;
    this.#authState.set("signing-in");
    try {
      const identified = await runFrame(this.#frame(), "identify", session.channel.transcript);
      const expected = await identityId(identified.publicKey);
      const { identity } = await this.#connection.identify(session, identified);
      if (identity !== expected) {
        await this.#connection.anonymize();
        throw new ProvenError("UNAUTHENTICATED", "the node knows the key by another identity");
      }
      this.#authState.set("signed-in");
      return { identity };
    } catch (error) {
      this.#authState.set(this.#connection.person.value === null ? "anonymous" : before);
      throw error;
    }
  }
  /** Act as nobody from now on, also in other tabs and in pages that are loaded later. */
  async signOut() {
    await this.#restored;
    await this.#connection.anonymize();
    this.#authState.set("anonymous");
  }
  /** Let the person look after their account: passkeys, recovery phrase, sessions. */
  async manageAccount() {
    await this.#restored;
    const session = await this.#connection.live(new Deadline(this.#timeout));
    await runFrame(this.#frame(), "manage", session.channel.transcript);
  }
  /** The AES-GCM key that only the signed-in person has, in this application only; not extractable. */
  get encryptionKey() {
    return this.#connection.person.value?.encryptionKey ?? null;
  }
  async whoAmI() {
    await this.#restored;
    const answer = await this.#connection.ask("WhoAmI", {}, { repeatable: true });
    return {
      sessionId: answer.text("session_id"),
      applicationId: answer.optionalText("application_id") ?? null,
      identity: answer.optionalText("identity") ?? null,
      accounts: answer.list("accounts").map(String),
      origin: answer.optionalText("origin") ?? null,
      expiresAt: new Date(Date.now() + 1e3 * answer.count("expires_in"))
    };
  }
  /**
   * What was verified about the node and what its log says about the application, also in words; opens a session if
   * there is none. Rejects with `EVIDENCE_INVALID` for a log that contradicts the answers, or what this browser saw of it.
   */
  async attestation() {
    await this.#restored;
    const deadline = new Deadline(this.#timeout);
    await this.#connection.live(deadline);
    const { evidence: evidence2, at } = this.#connection.verified;
    const applicationId2 = this.#connection.application.id;
    const log = await this.#askLog(applicationId2, evidence2, deadline);
    return describe(evidence2, this.#policy, {
      applicationId: applicationId2,
      packageId: this.#answer?.packageId ?? null,
      verifiedAt: at,
      log
    });
  }
  /** End the session and let go of everything. Calls under way fail. Who is signed in stays so for later pages. */
  close() {
    this.#connection.close();
    unsetDefault(this);
  }
  /** Throws unless the policy accepts the code that gave `what`. */
  async #accept(source, what, deadline) {
    const answer = { ...source, at: Date.now() };
    try {
      checkPackage(this.#policy, answer.packageId);
      if (requiresLog(this.#policy)) {
        const { evidence: evidence2 } = this.#connection.verified;
        await this.#log.confirm(this.#connection.application.id, evidence2, answer, deadline);
      }
    } catch (error) {
      const { code: code2, message, details, retryAfter } = asProvenError(error);
      const said = what === "event" ? "an event" : `the call was carried out, but its ${what}`;
      throw new ProvenError(code2, `${said} is refused: ${message}`, {
        details: what === "event" ? details : { ...details, carriedOut: true },
        retryAfter,
        cause: error
      });
    }
    return answer;
  }
  /** Throws for an error of a handler that is not of code that the policy accepts. */
  async #acceptError({ code: code2, source }, deadline) {
    if (!pinsCode(this.#policy)) return;
    if (source !== void 0) await this.#accept(source, "error", deadline);
    else if (code2.startsWith("HANDLER_")) throw unnamed("error");
  }
  /** Events are handed on in their order, each once the policy accepts the code that it is of. */
  #onPublished(name, payload, source) {
    if (!pinsCode(this.#policy)) return this.#subscriptions.publish(name, payload);
    if (this.#unaccepted >= MAX_UNACCEPTED) return this.#subscriptions.missed();
    this.#unaccepted++;
    this.#events = this.#events.then(async () => {
      try {
        if (source === null) throw unnamed("event");
        await this.#accept(source, "event", new Deadline(this.#timeout));
        this.#subscriptions.publish(name, payload);
      } catch (error) {
        this.#subscriptions.refuse(name, asProvenError(error));
      } finally {
        this.#unaccepted--;
      }
    });
  }
  /** What the log says. That it cannot be read is an error only where the policy requires it. */
  async #askLog(applicationId2, evidence2, deadline) {
    try {
      return await this.#log.ask(applicationId2, evidence2, this.#answer, deadline);
    } catch (error) {
      const known = asProvenError(error);
      if (known.code === "EVIDENCE_INVALID" || requiresLog(this.#policy)) throw known;
      return known;
    }
  }
  async #restore() {
    try {
      await this.#connection.restore();
    } catch {
    }
    this.#authState.set(this.#connection.person.value === null ? "anonymous" : "signed-in");
  }
  /** Browsers make no passkeys for addresses that are numbers, but for `localhost`. */
  #frame() {
    const { id, name } = this.#connection.application;
    const gateway = this.gateway.replace(/\/\/(127\.0\.0\.1|\[::1\])(?=:|$)/, "//localhost");
    return { gateway, applicationId: id, applicationName: name };
  }
  #onEvent(event, evidence2) {
    if (event.kind === "published") this.#onPublished(event.name, event.payload, event.source);
    else if (event.kind === "missed") this.#subscriptions.missed();
    else if (event.kind === "version") this.#upgrades.take(event);
    else if (event.kind === "console" && evidence2.platform === "development" && this.#options.console !== false) {
      const level = CONSOLE_LEVELS.find((known) => known === event.level) ?? "log";
      console[level](`%c${event.handler}`, "color: gray", event.text);
    }
  }
};
var unnamed = (what) => new ProvenError("EVIDENCE_INVALID", `an ${what} came that does not say which package it is of`, { details: { rule: "package" } });
function gatewayOf({ gateway, application: application2 }) {
  if (gateway === void 0 && (typeof location !== "object" || !/^https?:$/.test(location.protocol))) {
    throw new ProvenError("BAD_REQUEST", "outside of a page that a node served, gateway has to be given");
  }
  let url;
  try {
    url = new URL(gateway ?? location.origin);
  } catch {
    throw new ProvenError("BAD_REQUEST", `${gateway} is not the address of a node, such as https://node.example`);
  }
  if (!/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search || url.hash || url.username) {
    throw new ProvenError("BAD_REQUEST", `${gateway} is not the address of a node, such as https://node.example`);
  }
  if (gateway === void 0) {
    if (url.hostname.endsWith(".localhost")) url.hostname = "localhost";
    else if (url.hostname.startsWith(`${application2}.`)) url.hostname = url.hostname.slice(application2.length + 1);
  }
  return url.origin;
}

// console/session.ts
var TIMEOUT3 = 12e4;
var PATIENCE = 1e3;
var Session = class {
  #sdk;
  #applicationId;
  constructor(applicationId2) {
    this.#applicationId = applicationId2;
    this.#sdk = new ProvenSDK({
      gateway: location.origin,
      application: applicationId2,
      policy: { development: true },
      timeout: TIMEOUT3,
      console: false
    });
  }
  get user() {
    return this.#sdk.userInfo;
  }
  /** Verify the node's evidence, by opening a session if there is none. Throws `ProvenError`. */
  verify() {
    return this.#sdk.attestation();
  }
  /** Throws `ProvenError`. */
  signIn() {
    return this.#sdk.signIn();
  }
  signOut() {
    return this.#sdk.signOut();
  }
  /** Call a handler. What goes wrong is part of the outcome. */
  async call(handler, args) {
    const before = live.entries.at(-1)?.sequence ?? 0;
    const started = performance.now();
    const outcome = { milliseconds: 0, entry: void 0, lines: [] };
    try {
      outcome.value = await this.#sdk.execute(handler, args);
    } catch (error) {
      outcome.error = error instanceof ProvenError ? error : new ProvenError("BAD_REQUEST", error instanceof Error ? error.message : String(error));
    }
    outcome.milliseconds = performance.now() - started;
    await this.#hear(handler, before, outcome);
    return outcome;
  }
  /** Add what the node tells of a call to its outcome. */
  async #hear(handler, before, outcome) {
    const find2 = () => {
      const since = live.entries.filter(
        (entry) => entry.sequence > before && entry.application_id === this.#applicationId && entry.handler === handler
      );
      outcome.entry = since.find((entry) => entry.kind === "call");
      const end = outcome.entry?.sequence ?? Infinity;
      outcome.lines = since.filter((entry) => entry.kind === "log" && entry.sequence < end);
      return outcome.entry !== void 0;
    };
    const heard = new AbortController();
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      const check2 = () => {
        if (!find2()) return;
        clearTimeout(timer);
        resolve();
      };
      live.listen(check2, heard.signal);
      check2();
    });
    heard.abort();
  }
};
var sessions = /* @__PURE__ */ new Map();
function sessionWith(applicationId2) {
  let session = sessions.get(applicationId2);
  if (!session) sessions.set(applicationId2, session = new Session(applicationId2));
  return session;
}

// console/handler.ts
var made = 0;
function handlerForm(application2, handler, origin, signal) {
  if (handler.kind === "rpc") return callForm(application2, handler, signal);
  if (handler.kind === "http") return route(handler, origin);
  return h("p", { class: "dim" }, `It waits for ${handler.kind.replaceAll("_", " ")} triggers${handler.trigger ? ` (${handler.trigger})` : ""}, which this version does not run.`);
}
function route(handler, origin) {
  const path2 = handler.path ?? "/";
  const method = handler.method ?? "GET";
  const direct = method === "GET" && !/(^|\/):/.test(path2);
  return h(
    "div",
    { class: "call" },
    h("p", {}, "It answers HTTP requests on the application’s own host:"),
    h("pre", { class: "value", tabindex: "0" }, `curl ${method === "GET" ? "" : `-X ${method} `}'${origin}${path2}'`),
    direct ? h("p", {}, h("a", { href: `${origin}${path2}`, target: "_blank", rel: "noopener" }, `Open ${path2}`)) : null
  );
}
function editor(label, type, required, rest, read5, hint) {
  const id = `argument-${++made}`;
  const wrong = h("span", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const control = type === "boolean" && !rest ? h("select", { id, "aria-describedby": wrong.id }, ...required ? [] : [h("option", { value: "" }, "left out")], h("option", { value: "true" }, "true"), h("option", { value: "false" }, "false")) : h("textarea", { id, rows: 1, placeholder: hint, spellcheck: "false", autocomplete: "off", "aria-describedby": wrong.id });
  const element = h(
    "div",
    { class: "argument" },
    h("label", { class: "argument-name", for: id }, h("strong", { class: "mono" }, label), type ? h("span", { class: "type mono" }, type) : null, required ? null : h("span", { class: "dim" }, rest ? "any number" : "optional")),
    control,
    wrong
  );
  return {
    element,
    values() {
      wrong.textContent = "";
      control.removeAttribute("aria-invalid");
      const text = control.value;
      if (text === "" && (!required || rest)) return { given: false, values: [] };
      try {
        return { given: true, values: read5(text) };
      } catch (error) {
        wrong.textContent = error instanceof Error ? error.message : String(error);
        control.setAttribute("aria-invalid", "true");
        control.focus();
        throw error;
      }
    }
  };
}
function list(text) {
  const value = parse(text || "[]");
  if (!Array.isArray(value)) throw new Error("this is not a JSON array");
  return value;
}
function editorFor(parameter) {
  const { name, type, optional: optional2, rest } = parameter;
  if (rest) return editor(name, type, false, true, list, "JSON array");
  if (type === "string") return editor(name, type, !optional2, false, (text) => [text], optional2 ? "text, or empty to leave it out" : "text");
  const json = (text) => {
    if (text.trim() === "") throw new Error("an argument is missing: write JSON");
    return [parse(text)];
  };
  return editor(name, type, !optional2, false, json, hints.get(type ?? "") ?? "JSON");
}
var hints = /* @__PURE__ */ new Map([
  ["number", "1"],
  ["bigint", '{"$bigint": "1"}'],
  ["Date", '{"$date": "2026-01-31T12:00:00Z"}'],
  ["Uint8Array", '{"$bytes": "aGk="}'],
  ["string[]", '["text"]'],
  ["number[]", "[1, 2]"]
]);
function callForm(application2, handler, signal) {
  const place = h("div", { class: "call" });
  const result = h("div", { "aria-live": "polite" });
  const fields = h("div", { class: "call" });
  let editors = [];
  const whole2 = h("input", { type: "checkbox" });
  const fill2 = () => {
    const parameters = handler.parameters;
    editors = parameters === null || whole2.checked ? [editor("arguments", null, true, false, list, "[]")] : parameters.map(editorFor);
    replace(fields, ...editors.map((each) => each.element), editors.length ? null : h("p", { class: "dim" }, "It takes no arguments."));
  };
  whole2.addEventListener("change", fill2);
  fill2();
  const read5 = () => {
    if (handler.parameters === null || whole2.checked) return editors[0]?.values().values ?? [];
    const found = editors.map((each) => each.values());
    const last = found.findLastIndex((each) => each.given);
    return found.slice(0, last + 1).flatMap((each) => each.given ? each.values : [void 0]);
  };
  const form = h("form", { class: "call", "aria-label": `Call ${handlerName(handler.address)}`, novalidate: true });
  const send = h("button", { type: "submit", class: "primary" }, "Call");
  const call = async () => {
    let args;
    try {
      args = read5();
    } catch {
      return;
    }
    send.disabled = true;
    send.textContent = "Calling";
    const outcome = await sessionWith(application2.id).call(handler.address, args);
    send.disabled = false;
    send.textContent = "Call";
    if (!signal.aborted) replace(result, outcomeView(outcome));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!send.disabled) void call();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.append(
    fields,
    h("div", { class: "actions" }, send, h("span", { class: "dim" }, "or Ctrl+Enter"), caller(application2, signal), h("label", { class: "check" }, whole2, "All arguments as one JSON array"))
  );
  if (handler.parameters === null) whole2.parentElement?.remove();
  place.append(
    form,
    h(
      "details",
      { class: "quiet" },
      h("summary", {}, "Values that JSON has no form for"),
      h("dl", { class: "extensions" }, ...EXTENSIONS.map(([text, what]) => h("div", {}, h("dt", {}, code(text)), h("dd", {}, what)))),
      h("p", {}, "An argument of type ", code("string"), " is taken as it is written, without quotes.")
    )
  );
  return h("div", {}, place, result);
}
function caller(application2, signal) {
  const session = sessionWith(application2.id);
  const place = h("span", { class: "actions" });
  const wrong = h("span", { class: "bad", role: "alert" });
  const attempt = (work) => {
    wrong.textContent = "";
    work().catch((error) => {
      wrong.textContent = error instanceof Error ? error.message : String(error);
    });
  };
  const show2 = () => {
    const user = session.user.value;
    replace(
      place,
      h("span", { title: user?.identity ?? "" }, "as ", user ? h("span", { class: "mono" }, short(user.identity)) : "anonymous"),
      user ? button("Sign out", () => attempt(() => session.signOut())) : button("Sign in", () => attempt(() => session.signIn())),
      wrong
    );
  };
  const end = session.user.subscribe(show2);
  signal.addEventListener("abort", end);
  show2();
  return place;
}
function outcomeView(outcome) {
  const { error, entry, lines } = outcome;
  const details = error?.details;
  return h(
    "div",
    { class: "result", role: "group", "aria-label": "Result" },
    h(
      "div",
      { class: "result-head" },
      error ? h("strong", { class: "bad mono" }, error.code) : h("strong", { class: "good" }, "returned"),
      entry ? h("span", {}, `${duration(entry.duration_us)} in the node`) : null,
      h("span", { class: "dim" }, `${duration(Math.round(outcome.milliseconds * 1e3))} in all`),
      entry ? h("span", { class: "dim", title: entry.identity ?? "" }, entry.identity ? `as ${short(entry.identity)}` : "anonymous") : null,
      entry ? h("span", { class: "dim mono", title: entry.package_id }, `package ${short(entry.package_id)}`) : null
    ),
    error ? h("p", { class: "message" }, error.message) : null,
    error ? typeof details?.stack === "string" ? h("pre", { tabindex: "0" }, details.stack) : null : h("pre", { tabindex: "0" }, format(outcome.value)),
    lines.length ? h("ul", { class: "console", "aria-label": "Console" }, ...lines.map((line2) => h("li", {}, badge(line2.level, `level-${line2.level}`), h("span", { class: "mono" }, line2.text)))) : null
  );
}

// console/metrics.ts
var WIDTH2 = 720;
var HEIGHT = 120;
var RANGES = [
  ["3600", "the last hour"],
  ["86400", "the last day"],
  ["2592000", "the last 30 days"]
];
function overTime(path2, handlers, signal) {
  let seconds = RANGES[0][0];
  let handler = "";
  const place = h("div", { class: "metrics" });
  const json = h("a", { class: "json", target: "_blank", rel: "noopener", "aria-label": "Metrics as JSON" }, "JSON");
  const show2 = async () => {
    const query = { seconds, handler: handler || void 0 };
    json.href = address(`${path2}/metrics`, query);
    try {
      const found = await read(`${path2}/metrics`, query, signal);
      if (!signal.aborted && query.seconds === seconds && (query.handler ?? "") === handler) draw(place, found);
    } catch (error) {
      if (!signal.aborted) replace(place, failure(error));
    }
  };
  refreshed(show2, signal);
  const addresses = [...new Set(handlers.filter((each) => each.runs).map((each) => each.address))];
  return section(
    "Over time",
    "over-time",
    h(
      "div",
      { class: "filters" },
      select("Time", RANGES, seconds, (value) => {
        seconds = value;
        void show2();
      }),
      select("Handler", [["", "all handlers"], ...addresses.map((each) => [each, handlerName(each)])], "", (value) => {
        handler = value;
        void show2();
      }),
      json
    ),
    place
  );
}
function draw(place, found) {
  const open2 = place.querySelector("details")?.open ?? false;
  const calls = found.points.reduce((sum, point) => sum + point.calls, 0);
  if (!calls) return replace(place, empty("No calls in that time."));
  const failed = found.points.reduce((sum, point) => sum + point.failed, 0);
  const slowest = Math.max(...found.points.map((point) => point.latency.p99));
  replace(
    place,
    figure(
      found,
      "Calls",
      `${count(calls, "call")}, ${number(failed)} failed`,
      [["mark-calls", "ended well"], ["mark-errors", "failed"]],
      number(Math.max(...found.points.map((point) => point.calls))),
      bars(found.points)
    ),
    figure(
      found,
      "Latency",
      `half of the calls within the lower line, 99 of 100 within the upper one, which is ${duration(slowest)} at most`,
      [["mark-p50", "p50"], ["mark-p90", "p90"], ["mark-p99", "p99"]],
      duration(slowest),
      ...["p99", "p90", "p50"].flatMap((share) => line(found.points, share, slowest))
    ),
    h("details", { class: "quiet", open: open2 }, h("summary", {}, "Figures"), table(found.handlers))
  );
}
function figure(found, title, about, marks, most, ...drawn) {
  const moment3 = found.step_seconds < 3600 ? clock : date;
  const tidy = (at) => moment3(at).replace(/\.\d+$/, "");
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("strong", {}, title), ...marks.map(([kind, label]) => h("span", { class: `mark ${kind}` }, label)), h("span", { class: "chart-most dim" }, `up to ${most}`)),
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH2} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${about}`, preserveAspectRatio: "none" },
      svg("line", { class: "base", x1: 0, x2: WIDTH2, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
      ...drawn
    ),
    h("div", { class: "chart-times dim" }, h("span", {}, tidy(found.since)), h("span", {}, tidy(found.until)))
  );
}
function bars(points) {
  const most = Math.max(1, ...points.map((point) => point.calls));
  const step = WIDTH2 / points.length;
  const width = Math.max(step * 0.8, Math.min(step, 1));
  return svg(
    "g",
    {},
    ...points.flatMap((point, index) => {
      if (!point.calls) return [];
      const tall = Math.max(2, point.calls / most * (HEIGHT - 4));
      const bad5 = point.failed ? Math.max(2, point.failed / point.calls * tall) : 0;
      const x = (index * step).toFixed(2);
      const all = svg("rect", { class: "bar-calls", x, y: HEIGHT - tall, width, height: tall });
      return bad5 ? [all, svg("rect", { class: "bar-errors", x, y: HEIGHT - bad5, width, height: bad5 })] : [all];
    })
  );
}
function line(points, share, most) {
  const step = WIDTH2 / points.length;
  const runs = [];
  points.forEach((point, index) => {
    if (!point.calls) return;
    const y = HEIGHT - 2 - point.latency[share] / Math.max(1, most) * (HEIGHT - 6);
    const at = `${((index + 0.4) * step).toFixed(1)},${y.toFixed(1)}`;
    if (index && points[index - 1]?.calls) runs.at(-1)?.push(at);
    else runs.push([at]);
  });
  return runs.map((run) => {
    const [x = "0", y = "0"] = (run[0] ?? "").split(",");
    const drawn = run.length > 1 ? run : [`${Math.max(0, Number(x) - 2)},${y}`, `${Number(x) + 2},${y}`];
    return svg("polyline", { class: `line-${share}`, points: drawn.join(" ") });
  });
}
function table(handlers) {
  const cell = (child) => h("td", {}, child);
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures of each handler" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...["Handler", "Version", "Calls", "p50", "p90", "p99", "Errors"].map((name) => h("th", { scope: "col" }, name)))),
      h(
        "tbody",
        {},
        ...handlers.map(
          (each) => h(
            "tr",
            {},
            h("th", { scope: "row", class: "mono", title: each.handler }, handlerName(each.handler)),
            cell(each.versions.join(", ") || short(each.package_id ?? "")),
            cell(number(each.calls)),
            cell(duration(each.latency.p50)),
            cell(duration(each.latency.p90)),
            cell(duration(each.latency.p99)),
            h("td", {}, ...Object.entries(each.errors).map(([code2, errors]) => badge(`${code2} ${number(errors)}`, "bad")))
          )
        )
      )
    )
  );
}

// console/spark.ts
var WIDTH3 = 120;
var HEIGHT2 = 24;
function chart(label, kind, ...children) {
  return svg(
    "svg",
    { class: `spark ${kind}`, viewBox: `0 0 ${WIDTH3} ${HEIGHT2}`, role: "img", "aria-label": label, preserveAspectRatio: "none" },
    svg("line", { class: "base", x1: 0, x2: WIDTH3, y1: HEIGHT2 - 0.5, y2: HEIGHT2 - 0.5 }),
    ...children
  );
}
function minutes(buckets) {
  const first = buckets[0];
  const last = buckets.at(-1);
  return first && last ? `the last ${Math.max(1, Math.round((last.at - first.at) / 6e4))} minutes` : "no time";
}
function callsChart(buckets) {
  const most = Math.max(1, ...buckets.map((bucket) => bucket.calls));
  const step = WIDTH3 / Math.max(1, buckets.length);
  const bars2 = [];
  buckets.forEach((bucket, index) => {
    if (!bucket.calls) return;
    const tall = Math.max(2, bucket.calls / most * (HEIGHT2 - 2));
    const failed = bucket.errors ? Math.max(2, bucket.errors / bucket.calls * tall) : 0;
    const x = index * step;
    bars2.push(svg("rect", { class: "bar-calls", x, y: HEIGHT2 - tall, width: step * 0.8, height: tall }));
    if (failed) bars2.push(svg("rect", { class: "bar-errors", x, y: HEIGHT2 - failed, width: step * 0.8, height: failed }));
  });
  const calls = buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const errors = buckets.reduce((sum, bucket) => sum + bucket.errors, 0);
  return chart(`${count(calls, "call")} in ${minutes(buckets)}, ${errors} failed`, "calls", ...bars2);
}
function latencyChart(buckets) {
  const called = buckets.map((bucket, index) => ({ bucket, index })).filter(({ bucket }) => bucket.calls);
  const most = Math.max(1, ...called.map(({ bucket }) => bucket.p99_us));
  const step = WIDTH3 / Math.max(1, buckets.length);
  const line2 = (kind, value) => {
    const points = called.map(({ bucket, index }) => {
      const y = HEIGHT2 - 1 - value(bucket) / most * (HEIGHT2 - 3);
      return `${((index + 0.4) * step).toFixed(1)},${y.toFixed(1)}`;
    });
    const only = points.length === 1 ? points[0]?.split(",") : void 0;
    if (only) return svg("circle", { class: kind, cx: only[0], cy: only[1], r: 1.5 });
    return svg("polyline", { class: kind, points: points.join(" ") });
  };
  return chart(
    `latency in ${minutes(buckets)}, up to ${duration(most)}`,
    "latency",
    line2("line-p99", (bucket) => bucket.p99_us),
    line2("line-p50", (bucket) => bucket.p50_us)
  );
}

// console/application.ts
async function application({ main: main2, route: route2, signal }) {
  const name = route2.path[1] ?? "";
  const path2 = `/applications/${segment(name)}`;
  await load(main2, signal, async () => {
    const found = await read(path2, {}, signal);
    const version = found.version;
    const changed = h("p", { class: "notice", role: "status", hidden: true });
    const figures = /* @__PURE__ */ new Map();
    refreshed(async () => {
      const { handlers } = await read("/statistics", {}, signal);
      for (const each of handlers) {
        const place = each.application_id === found.id ? figures.get(each.handler) : void 0;
        if (place) replace(place, ...shownFigures(each));
      }
      const now = await read(path2, {}, signal);
      if (now.version !== version && changed.hidden) {
        changed.hidden = false;
        replace(changed, `Version ${now.version} is live now. `, h("a", { href: location.hash, id: "reload" }, "Show it"));
        changed.querySelector("a")?.addEventListener("click", (event) => {
          event.preventDefault();
          window.dispatchEvent(new HashChangeEvent("hashchange"));
        });
      }
    }, signal);
    const origin = `http://${found.name}.localhost${location.port ? `:${location.port}` : ""}`;
    const wanted = route2.query.get("handler");
    return [
      heading(found.name, address(path2), found.page ? h("a", { class: "external", href: `${origin}/`, target: "_blank", rel: "noopener" }, "Open app") : null),
      changed,
      facts(
        ["Id", h("span", { class: "mono" }, found.id)],
        ["Package", found.package_id ? h("span", { class: "mono", title: found.package_id }, found.package_id) : "nothing deployed"],
        ["Version", `${found.version}, ${found.versions[0] ? date(found.versions[0].at) : ""}`],
        ["Data", h("a", { href: link(["storage", found.name]) }, bytes(found.storage_bytes))]
      ),
      section(
        "Handlers",
        "handlers",
        found.handlers.length ? h(
          "div",
          { class: "handlers" },
          ...found.handlers.map((handler) => {
            const place = h("span", { class: "figures dim" }, handler.runs ? "no calls yet" : "");
            figures.set(handler.address, place);
            const parameters = handler.parameters;
            const signature = parameters ? `(${parameters.map((each) => `${each.rest ? "…" : ""}${each.name}${each.optional && !each.rest ? "?" : ""}`).join(", ")})` : "(…)";
            const summary = h(
              "summary",
              {},
              h("span", { class: "handler-name" }, h("strong", { class: "mono" }, handler.export === "default" ? handler.module : handler.export), handler.kind === "rpc" ? h("span", { class: "mono dim" }, signature) : null),
              h(
                "span",
                { class: "handler-tags" },
                handler.kind === "rpc" ? null : badge(handler.kind === "http" ? `${handler.method ?? "any"} ${handler.path ?? ""}` : handler.kind.replaceAll("_", " ")),
                handler.access === "anyone" ? null : badge(handler.access, "accent"),
                h("span", { class: "dim mono" }, handler.module)
              ),
              place
            );
            const body = h("div", { class: "handler-body" });
            const details = h("details", { class: "handler" }, summary, body);
            details.addEventListener("toggle", () => {
              if (details.open && !body.childElementCount) body.append(handlerForm(found, handler, origin, signal));
            });
            if (wanted === handler.address) {
              details.open = true;
              requestAnimationFrame(() => {
                details.scrollIntoView({ block: "nearest" });
                summary.focus();
              });
            }
            return details;
          })
        ) : empty("No handlers.", h("p", {}, "A handler is an export made with ", code("run"), ": ", code("export const greet = run((name: string) => `Hello, ${name}!`)"), ". Save the file and it is here."))
      ),
      found.handlers.length ? overTime(path2, found.handlers, signal) : null,
      section(
        "Versions",
        "versions",
        h(
          "ol",
          { class: "versions" },
          ...found.versions.map(
            (each) => h("li", {}, h("span", { class: "mono" }, `${each.number}`), " ", h("span", { class: "mono dim", title: each.package_id }, short(each.package_id)), " ", date(each.at), each.rolled_back_to === null ? null : ` · back to version ${each.rolled_back_to}`, each.number === found.version ? badge("live", "accent") : null)
          )
        )
      )
    ];
  });
}
function shownFigures(each) {
  return [
    callsChart(each.recent),
    latencyChart(each.recent),
    h("span", {}, count(each.calls, "call")),
    h("span", { class: each.errors ? "bad" : "dim" }, `${number(each.errors)} failed`),
    h("span", {}, `p50 ${duration(each.p50_us)}`),
    h("span", {}, `p99 ${duration(each.p99_us)}`)
  ];
}

// console/evidence.ts
async function evidence(place, applications, root, signal) {
  const asked = applications.find((each) => !each.archived && each.package_id !== null);
  if (!asked) {
    replace(place, h("p", { class: "dim" }, "Evidence is verified with the first session; deploy an application first."));
    return;
  }
  replace(place, h("p", { class: "dim" }, "verifying"));
  try {
    const report2 = await sessionWith(asked.id).verify();
    if (signal.aborted) return;
    const development = report2.platform === "development";
    replace(
      place,
      h(
        "div",
        { class: "proof" },
        h("h3", {}, development ? "Development evidence: it proves nothing" : "Hardware evidence"),
        h("ul", {}, ...report2.summary.map((sentence) => h("li", {}, sentence))),
        development ? h("p", { class: "dim" }, "An application’s own page names the code that it expects; on an enclave the same check then proves it.") : null
      ),
      h(
        "details",
        { class: "quiet" },
        h("summary", {}, "What was verified"),
        facts(
          ["Platform", report2.platform],
          ["Module", code(report2.moduleId)],
          ["Made", date(Date.parse(report2.madeAt))],
          ["Verified", `${date(Date.parse(report2.verifiedAt))}, in this page`],
          ["Root", code(report2.root)],
          ...Object.entries(report2.measurements).map(([name, value]) => [name.toUpperCase(), code(value)])
        ),
        h("p", {}, "Its root certificate, for ", code("proven call --development-root"), ":"),
        h("pre", { class: "value", tabindex: "0" }, root)
      )
    );
  } catch (error) {
    if (!signal.aborted) replace(place, failure(error));
  }
}

// console/overview.ts
async function overview({ main: main2, signal }) {
  const applications = h("div", {});
  const node = h("div", {});
  const proof = h("div", {});
  replace(
    main2,
    heading("Overview", address("/node")),
    h(
      "div",
      { class: "columns" },
      section("Applications", "applications", applications),
      h("div", {}, section("Node", "node", node), section("Evidence", "evidence", proof))
    )
  );
  let shown2 = "";
  refreshed(async () => {
    try {
      const [status, list2, statistics] = await Promise.all([
        read("/node", {}, signal),
        read("/applications", {}, signal),
        read("/statistics", {}, signal)
      ]);
      if (signal.aborted) return;
      replace(node, ...nodeCard(status));
      replace(applications, ...rows(list2.applications, statistics.handlers));
      const asked = `${status.run} ${list2.applications.map(({ id }) => id).join()}`;
      if (shown2 !== asked) {
        shown2 = asked;
        void evidence(proof, list2.applications, status.development_root, signal);
      }
    } catch (error) {
      if (!signal.aborted) replace(node, failure(error));
      throw error;
    }
  }, signal);
}
function rows(applications, statistics) {
  if (!applications.length) {
    return [empty("No application yet.", h("p", {}, "Deploy one: ", code("proven dev <folder>"), ", or start one with ", code("proven init my-app"), "."))];
  }
  return [
    h(
      "ul",
      { class: "rows" },
      ...applications.map((application2) => {
        const own = statistics.filter((each) => each.application_id === application2.id);
        const calls = own.reduce((sum, each) => sum + each.calls, 0);
        const errors = own.reduce((sum, each) => sum + each.errors, 0);
        const first = own[0];
        const recent = first?.recent.map((bucket, index) => ({
          ...bucket,
          calls: own.reduce((sum, each) => sum + (each.recent[index]?.calls ?? 0), 0),
          errors: own.reduce((sum, each) => sum + (each.recent[index]?.errors ?? 0), 0)
        }));
        return h(
          "li",
          { class: "row application" },
          h("a", { class: "row-name", href: link(["applications", application2.name]) }, application2.name),
          application2.archived ? badge("archived") : h("span", { class: "dim" }, `version ${application2.version} · ${count(application2.handlers, "handler")}`),
          h("span", { class: "row-figures" }, calls ? `${count(calls, "call")}` : "no calls yet", errors ? h("span", { class: "bad" }, ` · ${number(errors)} failed`) : null),
          recent ? callsChart(recent) : null,
          h("span", { class: "row-id mono dim" }, application2.package_id ? short(application2.package_id) : "nothing deployed")
        );
      })
    )
  ];
}
function nodeCard(node) {
  const problems = Object.entries(node.unhealthy);
  const active = node.layers.filter((layer) => layer.active);
  const missing = node.layers.filter((layer) => !layer.active);
  return [
    facts(
      ["State", problems.length ? h("span", { class: "bad" }, `${count(problems.length, "part")} not working`) : h("span", { class: "good" }, "healthy")],
      ["Running", h("span", { title: date(node.started_at) }, `proven ${node.version}, since ${ago(node.started_at)}`)],
      ["Profile", "development"],
      ["Warm processes", number(node.warm_processes)]
    ),
    ...problems.map(([part, reason]) => h("p", { class: "problem" }, h("strong", {}, part), " ", reason)),
    h(
      "details",
      { class: "quiet" },
      h("summary", {}, `Sandbox: ${active.length} of ${node.layers.length} layers active`),
      h(
        "ul",
        { class: "layers" },
        ...node.layers.map(
          (layer) => h("li", {}, h("span", { class: layer.active ? "good" : "warn" }, layer.active ? "on" : "off"), " ", layer.name.replaceAll("_", " "), layer.reason ? h("span", { class: "dim" }, ` ${layer.reason}`) : null)
        )
      ),
      missing.length ? h("p", { class: "dim" }, "Layers that are off are not available on this machine.") : null
    ),
    node.processes.length ? h(
      "ul",
      { class: "processes" },
      ...node.processes.map(
        (process) => h("li", {}, h("span", {}, process.application), h("span", { class: "mono dim" }, `process ${process.pid} · ${bytes(process.memory_bytes)} · ${process.cpu_seconds.toFixed(1)} s CPU · ${process.in_flight} running`))
      )
    ) : h("p", { class: "dim" }, "No application process runs now; the next call starts one.")
  ];
}

// console/storage.ts
var PAGE = 50;
async function storage({ main: main2, route: route2, signal }) {
  await load(main2, signal, async () => {
    const { applications } = await read("/applications", {}, signal);
    const name = route2.path[1] ?? (applications.length === 1 ? applications[0]?.name : void 0);
    if (name === void 0) return choice(applications);
    return browser(name, applications, route2.query, signal);
  });
}
function choice(applications) {
  return [
    heading("Storage", address("/applications")),
    applications.length ? h("ul", { class: "rows" }, ...applications.map((each) => h("li", { class: "row" }, h("a", { class: "row-name", href: link(["storage", each.name]) }, each.name)))) : empty("No application yet.", h("p", {}, "Deploy one: ", code("proven dev <folder>"), "."))
  ];
}
async function browser(name, applications, query, signal) {
  const base = `/applications/${segment(name)}/storage`;
  const found = await read(base, {}, signal);
  const chosen = Object.fromEntries(query);
  const current = found.scopes.find((scope) => same(scope, chosen)) ?? (chosen.scope ? void 0 : found.scopes[0]);
  const content = h("div", { class: "storage-content" });
  const shownScopes = found.scopes.map(
    (scope) => h("li", {}, h("a", { href: link(["storage", name], scopeQuery(scope)), "aria-current": scope === current ? "true" : void 0 }, scopeName(scope)))
  );
  if (current) void load(content, signal, () => scopeView(name, base, current, chosen, signal));
  else {
    replace(content, found.scopes.length ? empty("There is no such scope.") : empty(
      "Nothing is stored yet.",
      h("p", {}, "A handler stores what everybody shares with ", code("getApplicationStore('notes')"), ", and what belongs to the caller with ", code("getPersonalStore('notes')"), " of ", code("@proven-network/kv"), "; SQL and files work the same way."),
      h("p", {}, h("a", { href: link(["applications", name]) }, "Call a handler"), " that writes, and look here again.")
    ));
  }
  return [
    heading("Storage", address(base)),
    applications.length > 1 ? h("nav", { class: "tabs", "aria-label": "Applications" }, ...applications.map((each) => h("a", { href: link(["storage", each.name]), "aria-current": each.name === name ? "true" : void 0 }, each.name))) : null,
    h(
      "div",
      { class: "storage" },
      h(
        "nav",
        { class: "scopes", "aria-label": "Scopes" },
        h("p", { class: "dim" }, `${name} · ${bytes(found.storage_bytes)}`),
        h("ul", {}, ...shownScopes),
        found.unnamed ? h("p", { class: "dim" }, `and ${count(found.unnamed, "scope")} written before this node kept names; a scope appears once somebody uses it`) : null
      ),
      content
    )
  ];
}
function same(scope, chosen) {
  return scope.scope === chosen.scope && scope.identity === (chosen.identity ?? null) && scope.resource === (chosen.resource ?? null) && scope.nft === (chosen.nft ?? null);
}
function scopeQuery(scope) {
  return { scope: scope.scope, identity: scope.identity ?? void 0, resource: scope.resource ?? void 0, nft: scope.nft ?? void 0 };
}
function scopeName(scope) {
  if (scope.scope === "application") return h("span", {}, "Shared by everybody");
  if (scope.scope === "personal") return h("span", { title: scope.identity ?? "" }, "Personal ", h("span", { class: "mono" }, short(scope.identity ?? "")));
  return h("span", { title: `${scope.resource} ${scope.nft}` }, "NFT ", h("span", { class: "mono" }, `${short(scope.resource ?? "")} ${short(scope.nft ?? "")}`));
}
async function scopeView(name, base, scope, chosen, signal) {
  const own = scopeQuery(scope);
  const held = await read(`${base}/scope`, own, signal);
  const items = [
    ...held.stores.map((store) => ({ label: store.name, note: `${storeKind(store)}, ${store.entries >= 1e4 ? "over " : ""}${count(store.entries, "entry", "entries")}`, query: { kind: store.kind, store: store.name } })),
    ...held.databases.flatMap((database) => database.tables.map((table2) => ({ label: `${database.name} / ${table2.name}`, note: `SQL ${table2.kind}`, query: { database: database.name, table: table2.name } }))),
    ...held.has_files ? [{ label: "Files", note: "files", query: { files: "" } }] : []
  ];
  const picked = items.find(({ query }) => Object.entries(query).every(([key, value]) => key === "files" ? "files" in chosen : chosen[key] === value)) ?? items[0];
  const place = h("div", { class: "stored" });
  if (picked) {
    void load(place, signal, async () => {
      if ("store" in picked.query) return entriesView(base, own, picked.query, signal);
      if ("table" in picked.query) return rowsView(base, own, picked.query, held.databases, signal);
      return filesView(name, base, own, chosen.files ?? "", signal);
    });
  }
  return [
    h("p", { class: "scope-title" }, scope.identity ? h("span", {}, "Personal ", h("span", { class: "mono" }, scope.identity)) : scopeName(scope)),
    items.length ? h("ul", { class: "stores" }, ...items.map((item) => h("li", {}, h("a", { href: link(["storage", name], { ...own, ...item.query }), "aria-current": item === picked ? "true" : void 0 }, h("span", { class: "mono" }, item.label), h("span", { class: "dim" }, item.note))))) : empty("This scope is empty now."),
    place
  ];
}
function storeKind(store) {
  return { string: "text", bytes: "bytes", key: "keys" }[store.kind];
}
function paged(first, place, show2, more) {
  const foot = h("div", { class: "more" });
  const add = (page) => {
    place.append(...page.items.map(show2));
    const next = page.next;
    if (next === null) return replace(foot);
    replace(foot, button("Show more", () => {
      replace(foot, h("span", { class: "dim" }, "loading"));
      more(next).then(add, (error) => replace(foot, failure(error)));
    }));
  };
  add(first);
  return foot;
}
async function entriesView(base, own, picked, signal) {
  const query = { ...own, ...picked };
  const list2 = h("ul", { class: "items" });
  const body = h("div", {});
  const page = async (prefix, after) => {
    const found = await read(`${base}/entries`, { ...query, prefix, after, limit: PAGE }, signal);
    return { items: found.entries, next: found.next };
  };
  const fill2 = async (prefix) => {
    replace(list2);
    const first = await page(prefix);
    const foot = paged(first, list2, (entry) => entryItem(base, query, entry, signal), (next) => page(prefix, next));
    replace(body, first.items.length ? list2 : empty(prefix ? "No key begins with that." : "This store is empty now."), foot);
  };
  const search = h("input", { type: "search", placeholder: "key begins with", "aria-label": "Keys that begin with", autocomplete: "off", spellcheck: "false" });
  search.addEventListener("change", () => void fill2(search.value).catch((error) => replace(body, failure(error))));
  await fill2("");
  return [
    h("div", { class: "stored-head" }, search, h("a", { class: "json", href: address(`${base}/entries`, query), target: "_blank", rel: "noopener", "aria-label": "Entries as JSON" }, "JSON")),
    body
  ];
}
function entryItem(base, query, entry, signal) {
  const whole2 = h("div", {});
  const details = h(
    "details",
    { class: "item" },
    h("summary", {}, h("span", { class: "item-name mono" }, entry.key), h("span", { class: "item-preview mono dim" }, oneLine(entry.value)), h("span", { class: "item-size dim" }, bytes(entry.value.size))),
    whole2
  );
  details.addEventListener("toggle", () => {
    if (!details.open || whole2.childElementCount) return;
    void load(whole2, signal, async () => {
      const found = await read(`${base}/entry`, { ...query, key: entry.key }, signal);
      return [
        h("p", { class: "dim" }, `version ${number(found.version)}${found.expires_at === null ? "" : ` · expires ${date(found.expires_at)}`}`),
        contentView(found.value)
      ];
    });
  });
  return h("li", {}, details);
}
function oneLine(content) {
  if (content.text !== null) return content.text.slice(0, 200);
  if (content.base64 !== null) return hex(content.base64).slice(0, 120);
  return "not shown";
}
function contentView(content) {
  if (content.text === null && content.base64 === null) {
    return h("p", { class: "dim" }, "A key or secret: used inside the node, and shown to nobody.");
  }
  const text = content.text ?? hexDump(content.base64 ?? "");
  return h(
    "div",
    {},
    h("pre", { class: "value", tabindex: "0" }, content.text === null ? text : pretty(text)),
    content.cut ? h("p", { class: "dim" }, `the beginning of ${bytes(content.size)}`) : null
  );
}
function pretty(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
function octets(base64) {
  return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
}
function hex(base64) {
  return [...octets(base64).subarray(0, 64)].map((each) => each.toString(16).padStart(2, "0")).join(" ");
}
function hexDump(base64) {
  const all = octets(base64).subarray(0, 4096);
  const lines = [];
  for (let start = 0; start < all.length; start += 16) {
    const part = [...all.subarray(start, start + 16)];
    const printable = part.map((each) => each >= 32 && each < 127 ? String.fromCharCode(each) : ".").join("");
    lines.push(`${start.toString(16).padStart(4, "0")}  ${part.map((each) => each.toString(16).padStart(2, "0")).join(" ").padEnd(47)}  ${printable}`);
  }
  return lines.join("\n");
}
async function rowsView(base, own, picked, databases, signal) {
  const query = { ...own, ...picked };
  const page = async (offset) => read(`${base}/rows`, { ...query, offset, limit: PAGE }, signal);
  const first = await page(0);
  const body = h("tbody", {});
  const foot = paged(
    { items: first.rows, next: first.next },
    body,
    (row2) => h("tr", {}, ...row2.map(cellView)),
    async (next) => {
      const found = await page(next);
      return { items: found.rows, next: found.next };
    }
  );
  const table2 = databases.find((each) => each.name === picked.database)?.tables.find((each) => each.name === picked.table);
  return [
    h(
      "div",
      { class: "stored-head" },
      table2?.sql ? h("details", { class: "quiet" }, h("summary", {}, "Schema"), h("pre", {}, table2.sql)) : h("span", {}),
      h("a", { class: "json", href: address(`${base}/rows`, query), target: "_blank", rel: "noopener", "aria-label": "Rows as JSON" }, "JSON")
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `Rows of ${picked.table}` },
      h("table", {}, h("thead", {}, h("tr", {}, ...first.columns.map((column) => h("th", { scope: "col" }, column)))), body)
    ),
    first.rows.length ? null : empty("This table has no rows."),
    foot
  ];
}
function cellView(cell) {
  if (!cell.value) return h("td", { class: "null" }, "NULL");
  const text = cell.value.text ?? hex(cell.value.base64 ?? "");
  return h("td", { class: cell.type === "integer" || cell.type === "real" ? "numeric" : "" }, text, cell.value.cut ? h("span", { class: "dim" }, ` … ${bytes(cell.value.size)}`) : null);
}
async function filesView(name, base, own, path2, signal) {
  const page = async (after) => {
    const found = await read(`${base}/files`, { ...own, path: path2, after, limit: PAGE }, signal);
    return { items: found.files, next: found.next };
  };
  const list2 = h("ul", { class: "items" });
  const first = await page();
  const foot = paged(
    first,
    list2,
    (file) => {
      if (file.is_directory) {
        return h("li", {}, h("a", { class: "item directory", href: link(["storage", name], { ...own, files: file.path }) }, h("span", { class: "mono" }, `${file.name}/`), badge("folder")));
      }
      const whole2 = h("div", {});
      const details = h(
        "details",
        { class: "item" },
        h("summary", {}, h("span", { class: "item-name mono" }, file.name), h("span", { class: "item-preview dim" }, `${file.content_type ?? ""} ${date(file.modified)}`), h("span", { class: "item-size dim" }, bytes(file.size))),
        whole2
      );
      details.addEventListener("toggle", () => {
        if (!details.open || whole2.childElementCount) return;
        void load(whole2, signal, async () => [contentView((await read(`${base}/file`, { ...own, path: file.path }, signal)).content)]);
      });
      return h("li", {}, details);
    },
    page
  );
  const parts = path2.split("/").filter(Boolean);
  return [
    h(
      "div",
      { class: "stored-head" },
      h(
        "nav",
        { class: "crumbs mono", "aria-label": "Folder" },
        h("a", { href: link(["storage", name], { ...own, files: "" }) }, "files"),
        ...parts.map((part, index) => h("a", { href: link(["storage", name], { ...own, files: parts.slice(0, index + 1).join("/") }) }, part))
      ),
      h("a", { class: "json", href: address(`${base}/files`, { ...own, path: path2 }), target: "_blank", rel: "noopener", "aria-label": "Files as JSON" }, "JSON")
    ),
    first.items.length ? list2 : empty("This folder is empty."),
    foot
  ];
}

// console/console.ts
var VIEWS = { "": overview, applications: application, activity, storage };
var main = document.querySelector("main");
var connection = document.querySelector("#connection");
var present = new AbortController();
var path = "";
async function show(moved) {
  present.abort();
  present = new AbortController();
  const { signal } = present;
  const route2 = parseRoute(location.hash);
  const name = route2.path[0] ?? "";
  for (const each of document.querySelectorAll(".bar nav a")) {
    const own = parseRoute(each.getAttribute("href") ?? "").path[0] ?? "";
    const current = own === name || own === "" && name === "applications";
    if (current) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
  const changed = route2.path.join("/") !== path;
  path = route2.path.join("/");
  const view = VIEWS[name];
  if (changed) replace(main);
  try {
    if (view) await view({ main, route: route2, signal });
    else replace(main, heading("Not found", address("")), empty("There is nothing here.", h("p", {}, h("a", { href: "#/" }, "Back to the overview"))));
  } catch (error) {
    if (!signal.aborted) replace(main, failure(error));
  }
  if (!moved || !changed) return;
  scrollTo(0, 0);
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
}
live.listen(() => {
  replace(connection, h("span", {}, { connecting: "connecting", live: "live", lost: "node is not answering" }[live.connection]));
  connection.dataset.state = live.connection;
}, new AbortController().signal);
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", () => void show(true));
live.start();
void show(false);
