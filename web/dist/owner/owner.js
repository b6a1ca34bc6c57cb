// sign-in/dom.ts
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== void 0 && value !== false) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== void 0 && child !== false));
  return made;
}
function button(kind, label, onClick, attributes = {}) {
  const made = element("button", { type: "button", class: kind, ...attributes }, label);
  made.addEventListener("click", (event) => {
    if (event.isTrusted) onClick();
  });
  return made;
}
function alert(text2) {
  return element("p", { class: "problem", role: "alert" }, text2);
}
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
var ICONS = {
  key: "M8 15a4 4 0 1 1 3.9-5H21v3h-2v3h-3v-3h-4.1A4 4 0 0 1 8 15Zm0-3a1 1 0 1 0 0-2 1 1 0 0 0 0 2Z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 8c0-3.3 3.6-5.5 8-5.5s8 2.2 8 5.5v.5H4Z",
  phrase: "M5 4h14v16H5Zm3 4v1.6h8V8Zm0 3.5v1.6h8v-1.6ZM8 15v1.6h5V15Z",
  lock: "M7 10V8a5 5 0 0 1 10 0v2h1v10H6V10Zm2 0h6V8a3 3 0 0 0-6 0Z"
};

// sign-in/screen.ts
var Cancelled = class extends Error {
  name = "Cancelled";
};
var WentBack = class extends Error {
  name = "WentBack";
};
var Screen = class {
  applicationName;
  #root;
  #main = element("main");
  #status = element("p", { role: "status", class: "unseen" });
  /** `said`, below every view, is whose it is. */
  constructor(root2, applicationName, ...said) {
    this.#root = root2;
    this.applicationName = applicationName;
    root2.replaceChildren(this.#main, this.#status, element("footer", {}, icon("lock"), element("span", {}, ...said)));
  }
  /** How high all of it is, in CSS pixels. */
  get height() {
    return Math.ceil(this.#root.getBoundingClientRect().height);
  }
  show(heading, children, status = "") {
    const title = element("h1", { tabindex: -1 }, heading);
    this.#main.replaceChildren(title, ...children.filter((child) => child !== void 0 && child !== false));
    this.#status.textContent = status;
    document.title = `${heading} – ${this.applicationName}`;
    title.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  clear() {
    this.#main.replaceChildren();
  }
};
var Stage = class {
  #screen;
  #leave;
  #ended = false;
  constructor(screen2) {
    this.#screen = screen2;
  }
  get applicationName() {
    return this.#screen.applicationName;
  }
  /** Show a view and wait for its answer; `build` gives what is below the heading. */
  ask(heading, build) {
    return new Promise((resolve, reject) => {
      this.#leave?.(new Cancelled("another view took its place"));
      if (this.#ended) return reject(new Cancelled("the request has ended"));
      const finish = (settle) => {
        this.#leave = void 0;
        this.#screen.clear();
        settle();
      };
      const leave = (error) => finish(() => reject(error));
      this.#leave = leave;
      this.#screen.show(heading, build({ leave, answer: (value) => finish(() => resolve(value)) }));
    });
  }
  /** Say that something is being done, with a way out if there is one. */
  busy(heading, text2, onCancel) {
    if (this.#ended) throw new Cancelled("the request has ended");
    const spinner = element("span", { class: "spinner", "aria-hidden": "true" });
    const row2 = element("div", { class: "busy" }, spinner, element("p", {}, text2));
    const way = onCancel && element("div", { class: "actions" }, button("quiet", "Cancel", onCancel));
    this.#screen.show(heading, [row2, way], text2);
  }
  end() {
    this.#ended = true;
    this.#leave?.(new Cancelled("the request has ended"));
  }
};

// owner/configuration.ts
var CONFIGURATION_ELEMENT = "proven-owner";
function readConfiguration(text2) {
  const value = JSON.parse(text2);
  if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== "development,relying_party") {
    throw new TypeError("the configuration has other fields");
  }
  const { relying_party: relyingParty, development } = value;
  if (typeof relyingParty !== "string" || !/^[a-z0-9.-]{1,253}$/.test(relyingParty)) {
    throw new TypeError("the relying party is not a host name");
  }
  if (typeof development !== "boolean") throw new TypeError("development is neither true nor false");
  return { relyingParty, development };
}

// ../packages/sdk/src/bytes.ts
var encoder = new TextEncoder();
var decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
var BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
var utf8 = (text2) => encoder.encode(text2);
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
function fromHex(text2) {
  if (!/^([0-9a-fA-F]{2})*$/.test(text2)) throw new TypeError("not hexadecimal");
  return Uint8Array.from(text2.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
function toBase32(bytes) {
  let text2 = "";
  let bits = 0;
  let held2 = 0;
  for (const byte of bytes) {
    held2 = held2 << 8 | byte;
    for (bits += 8; bits >= 5; bits -= 5) text2 += BASE32[held2 >> bits - 5 & 31];
    held2 &= (1 << bits) - 1;
  }
  return bits ? text2 + BASE32[held2 << 5 - bits & 31] : text2;
}
function uint64(value) {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(value / 4294967296));
  view.setUint32(4, value >>> 0);
  return bytes;
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
  constructor(code2, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code2;
    if (options.details !== void 0) this.details = options.details;
    if (options.retryAfter !== void 0) this.retryAfter = options.retryAfter;
  }
  /** Read the error record of a peer; what is malformed becomes `INTERNAL` and not another exception. */
  static fromRecord(record3, source = null) {
    const fields = record3 instanceof Map ? Object.fromEntries(record3) : record3;
    if (typeof fields !== "object" || fields === null) {
      return new _ProvenError("INTERNAL", "the node sent an error that is not a record");
    }
    const { code: code2, message, details: details2, retry_after: retryAfter } = fields;
    const error = new _ProvenError(
      typeof code2 === "string" && CODES.has(code2) ? code2 : "INTERNAL",
      typeof message === "string" ? message.slice(0, 4096) : String(code2).slice(0, 64),
      {
        details: typeof details2 === "object" && details2 !== null ? plain(details2) : void 0,
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
  return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]));
}
function asProvenError(error, code2 = "INTERNAL") {
  if (error instanceof ProvenError) return error;
  return new ProvenError(code2, error instanceof Error ? error.message : String(error), { cause: error });
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
    const text2 = utf8(value);
    return concat(head(TEXT, text2.length), text2);
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
  const sign3 = bits & 32768 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign3 * Infinity;
  return sign3 * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
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

// ../packages/sdk/src/identity.ts
var SEED_BYTES = 32;
var IDENTIFY_LABEL = "proven/identify/v1";
var KEY_LABEL = "proven/identity-key/v1";
var OWNER_LABEL = "proven/owner-key/v1";
var ID_LABEL = "proven/identity/v1";
var WRAP_LABEL = "proven/seed-wrap/v1";
var PRF_LABEL = "proven/prf/v1";
var WRAP_VERSION = 1;
var NONCE_BYTES = 12;
var TAG_BYTES = 16;
var WRAPPED_BYTES = 1 + NONCE_BYTES + SEED_BYTES + TAG_BYTES;
var ED25519_PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);
var newSeed = () => randomBytes(SEED_BYTES);
function holdSeed(seed) {
  if (seed.length !== SEED_BYTES) throw new TypeError(`a root seed has ${SEED_BYTES} bytes`);
  return crypto.subtle.importKey("raw", seed, "HKDF", false, ["deriveBits", "deriveKey"]);
}
async function deriveIdentityKey(seed, applicationId2) {
  const keys = await deriveKeys(seed, encode([KEY_LABEL, applicationId2]));
  return { applicationId: applicationId2, ...keys, identity: await identityId(keys.publicKey) };
}
var deriveOwnerKey = (seed) => deriveKeys(seed, encode([OWNER_LABEL]));
async function deriveKeys(seed, info) {
  const secret = await crypto.subtle.deriveBits(hkdf(info), await held(seed), 256);
  const pkcs8 = concat(ED25519_PKCS8, new Uint8Array(secret));
  const readable = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", readable);
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  pkcs8.fill(0);
  return { publicKey: fromBase64url(x), privateKey };
}
async function identityId(publicKey2) {
  const digest = await crypto.subtle.digest("SHA-256", encode([ID_LABEL, publicKey2]));
  return toBase32(new Uint8Array(digest, 0, 20));
}
async function accountId(seed) {
  return (await deriveIdentityKey(seed, null)).identity;
}
function identifyMessage(applicationId2, transcript) {
  if (transcript.length !== 32) throw new TypeError("a transcript has 32 bytes");
  return encode([IDENTIFY_LABEL, applicationId2, transcript]);
}
async function sign(key, transcript) {
  const message = identifyMessage(key.applicationId, transcript);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key.privateKey, message));
}
async function prfInput() {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(PRF_LABEL)));
}
async function wrapSeed(seed, prfOutput, account2) {
  if (seed.length !== SEED_BYTES) throw new TypeError(`a root seed has ${SEED_BYTES} bytes`);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await wrapKey(prfOutput);
  const sealed = await crypto.subtle.encrypt(wrapAlgorithm(nonce, account2), key, seed);
  return concat(Uint8Array.of(WRAP_VERSION), nonce, new Uint8Array(sealed));
}
async function unwrapSeed(wrapped, prfOutput, account2) {
  if (wrapped.length !== WRAPPED_BYTES || wrapped[0] !== WRAP_VERSION) {
    throw new TypeError("not a wrapped seed of a version that is known here");
  }
  const nonce = wrapped.slice(1, 1 + NONCE_BYTES);
  const sealed = wrapped.slice(1 + NONCE_BYTES);
  return new Uint8Array(
    await crypto.subtle.decrypt(wrapAlgorithm(nonce, account2), await wrapKey(prfOutput), sealed)
  );
}
var hkdf = (info) => ({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info });
var held = async (seed) => seed instanceof Uint8Array ? holdSeed(seed) : seed;
async function wrapKey(prfOutput) {
  if (prfOutput.byteLength !== 32) throw new TypeError("the output of a passkey has 32 bytes");
  const secret = await crypto.subtle.importKey("raw", prfOutput, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(hkdf(utf8(WRAP_LABEL)), secret, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt"
  ]);
}
var wrapAlgorithm = (iv, account2) => ({
  name: "AES-GCM",
  iv,
  additionalData: encode([WRAP_LABEL, account2])
});
var fromBase64url = (text2) => Uint8Array.from(atob(text2.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

// ../packages/sdk/src/log/ed25519.ts
var PRIME = 2n ** 255n - 19n;
var SMALL_ORDER = /* @__PURE__ */ new Set([
  0n,
  1n,
  PRIME - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
]);
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

// ../packages/sdk/src/log/applications.ts
var BODY_LABEL = "proven/application-command/v1";
var MAX_ENVELOPE = 32 * 1024;
var MAX_SIGNATURES = 32;
var MAX_POLICY_KEYS = 16;
var MIN_DELAY = 60;
var MAX_DELAY = 365 * 24 * 3600;
var delayOf = (policy) => "delay" in policy ? policy.delay : 0;
var guardiansOf = (policy) => "guardians" in policy ? policy.guardians : [];
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
    throw bad(`malformed CBOR: ${error instanceof Error ? error.message : error}`);
  }
}
var isCount = (value) => Number.isSafeInteger(value) && value >= 0;
function decodeBody(raw) {
  const body = decodeStrictly(raw, MAX_ENVELOPE, 6);
  if (!Array.isArray(body) || body.length !== 5 || body[0] !== BODY_LABEL) {
    throw bad("a command has its label, log, application, revision and fields");
  }
  const [, origin, applicationId2, revision, fields] = body;
  if (!isText(origin, 255)) throw bad("a command names the log that it is for");
  if (typeof applicationId2 !== "string" || !/^[a-z2-7]{32}$/.test(applicationId2)) throw bad("not an application id");
  if (!isCount(revision)) throw bad("a revision is a count");
  return { origin, applicationId: applicationId2, revision, command: readCommand(new Record(fields)) };
}
function readCommand(fields) {
  const command = fields.text("command");
  const read4 = () => {
    switch (command) {
      case "CreateApplication": {
        const policy = fields.has("policy") ? readPolicy(fields.record("policy")) : { kind: "owner" };
        return { command, name: fields.text("name"), nonce: fields.bytes("nonce", 0, 64), policy };
      }
      case "Deploy": {
        const packageId = fields.text("package_id");
        if (!/^[0-9a-f]{64}$/.test(packageId)) throw bad("not the id of a package");
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
        throw bad("not a command that is known here");
    }
  };
  const found = read4();
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
  const read4 = () => {
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
        throw bad("not an upgrade policy that is known here");
    }
  };
  const found = read4();
  fields.end();
  return found;
}
function readKeys(listed, least) {
  if (listed.length < least || listed.length > MAX_POLICY_KEYS) {
    throw bad(`a policy has ${least} to ${MAX_POLICY_KEYS} keys here`);
  }
  const keys = listed.map((each) => {
    if (!(each instanceof Uint8Array)) throw bad("a key is 32 bytes");
    return requireKey(each);
  });
  requireAscending(keys);
  return keys;
}
function requireKey(key) {
  if (!isKey(key)) throw bad("not an Ed25519 public key");
  return key;
}
function requireAscending(keys) {
  const written = keys.map(toHex);
  if (written.some((key, index) => index > 0 && written[index - 1] >= key)) {
    throw bad("keys are in ascending order, and none is there twice");
  }
}
function readSignatures(listed) {
  const signatures = listed.map((each) => {
    const [key, signature, ...more] = Array.isArray(each) ? each : [];
    if (!(key instanceof Uint8Array) || !(signature instanceof Uint8Array) || more.length > 0) {
      throw bad("a signature is a key and what it signed with");
    }
    if (key.length !== 32 || signature.length !== 64) throw bad("a signature is a key of 32 bytes and 64 bytes by it");
    return [key, signature];
  });
  if (signatures.length > MAX_SIGNATURES) throw bad(`an envelope has at most ${MAX_SIGNATURES} signatures`);
  requireAscending(signatures.map(([key]) => key));
  if (signatures.length === 0) throw new ProvenError("UNAUTHENTICATED", "nobody signed the command");
  return signatures;
}
var Record = class _Record {
  #left;
  constructor(item) {
    if (!(item instanceof Map)) throw bad("not a record");
    this.#left = new Map(item);
  }
  has(name) {
    return this.#left.has(name);
  }
  text(name) {
    const value = this.#take(name);
    if (!isText(value, 253)) throw bad(`${name} is a short text`);
    return value;
  }
  bytes(name, least, most) {
    const value = this.#take(name);
    if (!(value instanceof Uint8Array) || value.length < least || value.length > most) throw bad(`${name} is bytes`);
    return value;
  }
  count(name, least, most) {
    const value = this.#take(name);
    if (!isCount(value) || value < least || value > most) throw bad(`${name} is a number from ${least} to ${most}`);
    return value;
  }
  list(name) {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw bad(`${name} is a list`);
    return value;
  }
  record(name) {
    return new _Record(this.#take(name));
  }
  end() {
    if (this.#left.size > 0) throw bad("a field that is not known here");
  }
  #take(name) {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }
};
var isText = (value, most) => typeof value === "string" && value !== "" && [...value].length <= most;
var includes = (keys, key) => keys.some((each) => equal(each, key));
var bad = (message) => new ProvenError("BAD_REQUEST", message);

// ../packages/sdk/src/cose.ts
var ES384_PROTECTED = encode(/* @__PURE__ */ new Map([[1, -35]]));
var A256GCM_PROTECTED = encode(/* @__PURE__ */ new Map([[1, 3]]));
var ENCRYPT0_START = concat(Uint8Array.of(208, 131), encode(A256GCM_PROTECTED));
var TAG_BYTES2 = 16;
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
  const signed2 = encode(["Signature1", ES384_PROTECTED, new Uint8Array(0), payload]);
  return { payload, signature, signed: signed2 };
}
var Encrypt0Direction = class {
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
    if (major !== BYTES || length !== message.length - reader.position || length < TAG_BYTES2) {
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
function headOf(reader) {
  try {
    return reader.head();
  } catch {
    throw malformed("a truncated message");
  }
}
var malformed = (message) => new ProvenError("BAD_REQUEST", message);

// ../packages/sdk/src/session.ts
var VERSION = 1;
var SUITE = "X25519-HKDF-SHA256-AES256GCM";
var LABEL = "proven/session/v1";
var MAX_EVIDENCE = 32 * 1024;
var MAX_RESPONSE = MAX_EVIDENCE + 1024;
var MAX_PLAINTEXT = 8 * 1024 * 1024 + 64 * 1024;
var MAX_FRAME = MAX_PLAINTEXT + 128;
var MAX_SEQUENCE = 2 ** 32 - 1;
async function generateKeyPair() {
  return await crypto.subtle.generateKey("X25519", false, ["deriveKey", "deriveBits"]);
}
var ClientHandshake = class {
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
    if (!(fields instanceof Map) || fields.size !== 3) throw bad2("the session response is not one of version 1");
    const sessionId = bytesOf(fields.get("session_id"), 16, 16, "session_id");
    const publicKey2 = bytesOf(fields.get("server_key"), 32, 32, "server_key");
    const document2 = bytesOf(fields.get("evidence"), 0, MAX_EVIDENCE, "evidence");
    const transcript = await this.#transcript(sessionId, publicKey2);
    const evidence = await verify(document2, { nonce: this.#nonce, userData: transcript, publicKey: publicKey2 });
    const [client, server] = await directions(this.#options.keyPair.privateKey, publicKey2, sessionId, transcript);
    return [new SealedChannel(sessionId, transcript, client, server), evidence];
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
var SealedChannel = class {
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
async function directions(privateKey, peerKey, sessionId, transcript) {
  let shared;
  try {
    const peer = await crypto.subtle.importKey("raw", peerKey, "X25519", true, []);
    shared = await crypto.subtle.deriveKey({ name: "X25519", public: peer }, privateKey, "HKDF", false, ["deriveBits"]);
  } catch {
    throw bad2("the key of the node is not one that a secret can be agreed with");
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
    throw bad2(`${name} has to be ${least === most ? least : `at most ${most}`} bytes`);
  }
  return value;
}
var bad2 = (message) => new ProvenError("BAD_REQUEST", message);

// sign-in/transport.ts
var TIMEOUT = 2e4;
var MAX_ERROR = 16 * 1024;
async function fetchBytes(path, body, maxBytes) {
  try {
    const response = await fetch(path, {
      method: "POST",
      body,
      headers: { "content-type": "application/cose" },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT)
    });
    if (response.ok) return await read(response, maxBytes);
    throw errorOf(await read(response, MAX_ERROR), response.status);
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new ProvenError(late ? "REQUEST_TIMEOUT" : "UNAVAILABLE", "the node cannot be reached", { cause: error });
  }
}
async function read(response, maxBytes) {
  const chunks = [];
  let size = 0;
  for (const reader = response.body?.getReader(); reader !== void 0; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new ProvenError("TOO_LARGE", `the node answered more than ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
function errorOf(body, status) {
  try {
    return ProvenError.fromRecord(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return new ProvenError("UNAVAILABLE", `the node answered with status ${status}`);
  }
}

// ../packages/sdk/src/attestation/rules.ts
var broken = (rule, message, details2 = {}) => new ProvenError("EVIDENCE_INVALID", message, { details: { rule, ...details2 } });

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
    for (let count = 0; count < width; count++) length = length * 256 + this.#byte();
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
  const text2 = String.fromCharCode(...contents);
  const match = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text2);
  if (match === null || match[1].length !== (tag === UTC_TIME ? 2 : 4)) throw new RangeError("not a time");
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const fullYear = tag === UTC_TIME ? year + (year < 50 ? 2e3 : 1900) : year;
  const milliseconds = Date.UTC(fullYear, month - 1, day, hour, minute, second);
  const canonical = new Date(milliseconds).toISOString().replace(/[-T:]|\.000/g, "").slice(tag === UTC_TIME ? 2 : 0);
  if (canonical !== text2) throw new RangeError("not a time");
  return milliseconds;
}
function identifier({ contents }) {
  const starts = contents.map((_, index) => Number(index === 0 || contents[index - 1] < 128));
  if (contents.length === 0 || contents.at(-1) >= 128 || contents.some((byte, index) => starts[index] && byte === 128)) {
    throw new RangeError("not an object identifier");
  }
  return contents;
}

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
  const root2 = read2(der, 0);
  if (!equal(root2.subject, name) || !equal(root2.issuer, name)) return false;
  return crypto.subtle.verify(ES384, await publicKey(root2, 0), root2.signature, root2.signed);
}
function read2(der, position) {
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
  const signed2 = certificate.next(SEQUENCE);
  const algorithm = certificate.next(SEQUENCE).encoded;
  const signature = rawSignature(wholeBytes(certificate.next(BIT_STRING)));
  certificate.end();
  const body = new DerReader(signed2.contents);
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
  const extensions2 = body.atEnd ? /* @__PURE__ */ new Map() : readExtensions(body.enter(163));
  body.end();
  const keyId = optional(extensions2, SUBJECT_KEY_ID, (value) => alone(value, OCTET_STRING).contents);
  const issuerKeyId = optional(extensions2, AUTHORITY_KEY_ID, readAuthorityKeyId);
  return { signed: signed2.encoded, signature, issuer, subject, validFrom, validTo, point, extensions: extensions2, keyId, issuerKeyId };
}
function optional(extensions2, id, read4) {
  const extension = extensions2.get(id);
  return extension === void 0 ? null : read4(extension.value);
}
function alone(value, tag) {
  const whole = new DerReader(value);
  const element2 = whole.next(tag);
  whole.end();
  return element2;
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
  const extensions2 = /* @__PURE__ */ new Map();
  while (!list2.atEnd) {
    const extension = list2.enter();
    const id = toHex(identifier(extension.next(OID)));
    const critical = extension.peek() === BOOLEAN && boolean(extension.next(BOOLEAN));
    const value = extension.next(OCTET_STRING).contents;
    extension.end();
    if (extensions2.has(id)) throw new RangeError("it has the same extension twice");
    extensions2.set(id, { critical, value });
  }
  return extensions2;
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
  const [from, to, now] = [validFrom, validTo, at].map((moment3) => new Date(moment3).toISOString());
  throw broken("validity", `certificate ${position} is valid from ${from} to ${to}, not at ${now}`);
}
function checkExtensions({ extensions: extensions2 }, position, remaining) {
  for (const [id, { critical }] of extensions2) {
    if (critical && id !== BASIC_CONSTRAINTS && id !== KEY_USAGE) {
      throw broken("chain", `certificate ${position} has a critical extension that is not understood`);
    }
  }
  const constraints = extensions2.get(BASIC_CONSTRAINTS);
  const usage = extensions2.get(KEY_USAGE);
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
  let count = FIELDS.length;
  if (indefinite) reader.position = 1;
  else {
    const [major, size] = reader.head();
    if (major !== MAP) throw new RangeError("the payload has to be a map");
    count = size;
  }
  const fields = /* @__PURE__ */ new Map();
  while (fields.size < count && !(indefinite && reader.peek() === BREAK)) {
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

// ../packages/sdk/src/attestation/verifier.ts
var NITRO_ROOT_SHA256 = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";
var MAX_AGE = 5 * 60 * 1e3;
var DEVELOPMENT_ROOT_NAME = fromHex(
  "3050311b301906035504030c12646576656c6f706d656e742e70726f76656e3131302f060355040a0c2850726f76656e20646576656c6f706d656e74206e6f6465202d2070726f766573206e6f7468696e67"
);
async function verifyEvidence(document2, expected, policy, at = Date.now(), platformOf = platformOfRoot) {
  const [envelope, contents] = readDocument(document2);
  const root2 = contents.cabundle[0];
  const fingerprint = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", root2)));
  const platform = await platformOf(root2, fingerprint, policy);
  const key = await blamingClocks(contents, at, () => validateChain([...contents.cabundle, contents.certificate], at));
  const signed2 = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-384" },
    key,
    envelope.signature,
    envelope.signed
  );
  if (!signed2) throw broken("signature", "the document is not signed by the certificate in it");
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
async function platformOfRoot(root2, fingerprint, policy) {
  if (fingerprint === NITRO_ROOT_SHA256) return "nitro";
  const { development } = policy;
  if (!development) {
    throw broken(
      "root",
      "the node does not run on attested hardware: its evidence does not begin at the pinned root (for a development node, the policy has to say development: true)"
    );
  }
  const accepted = development === true ? await isSelfSigned(root2, DEVELOPMENT_ROOT_NAME) : equal(root2, derOf(development.root)) && await isSelfSigned(root2, DEVELOPMENT_ROOT_NAME);
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

// sign-in/verification.ts
function verifierFor(development) {
  return (document2, expected) => verifyEvidence(document2, expected, policyFor(development));
}
var policyFor = (development) => development ? { development: true } : { unsafeAnyMeasurements: true };

// sign-in/management.ts
var MAX_ANSWER = 256 * 1024;
var MAX_DEPTH = 12;
var Node = class {
  #development;
  #session;
  constructor(development) {
    this.#development = development;
  }
  /** The session that is open, or a new one. Throws `ProvenError`; the next call tries again. */
  async management() {
    const opened = this.#session ??= openSession(this.#development);
    try {
      const session = await opened;
      if (!session.closed) return session;
    } catch (error) {
      if (this.#session === opened) this.#session = void 0;
      throw error;
    }
    if (this.#session === opened) this.#session = void 0;
    return this.management();
  }
  /** Open the session ahead of the click that needs it. */
  warm() {
    this.management().catch(() => void 0);
  }
  /** End the session here and, if the node can be reached, there. */
  close() {
    const opened = this.#session;
    this.#session = void 0;
    opened?.then((session) => session.end()).catch(() => void 0);
  }
};
var Session = class {
  evidence;
  #channel;
  #turn = Promise.resolve();
  constructor(channel, evidence) {
    this.#channel = channel;
    this.evidence = evidence;
  }
  get transcript() {
    return this.#channel.transcript;
  }
  get closed() {
    return this.#channel.closed;
  }
  perform(command, fields) {
    const turn = this.#turn.then(() => this.#exchange(encode({ ...fields, command })));
    this.#turn = turn.catch(() => void 0);
    return turn;
  }
  /** Act as nobody, so that nothing is left of the session but its time to expire. */
  async end() {
    try {
      await this.perform("Anonymize", {});
    } finally {
      this.#channel.close();
    }
  }
  async #exchange(plaintext) {
    const [sequence, frame] = this.#channel.seal(plaintext);
    try {
      const answer = await fetchBytes("/rpc", await frame, MAX_ANSWER);
      return readAnswer(await this.#channel.open(answer), sequence);
    } catch (error) {
      const known = asProvenError(error);
      if (LOST.has(known.code)) this.#channel.close();
      throw known;
    }
  }
};
var LOST = /* @__PURE__ */ new Set(["SESSION_CLOSED", "UNAVAILABLE", "REQUEST_TIMEOUT", "ORIGIN_DENIED"]);
async function openSession(development) {
  const handshake = new ClientHandshake({ applicationId: null, origin: location.origin, keyPair: await generateKeyPair() });
  const response = await fetchBytes("/session", await handshake.request(), MAX_RESPONSE);
  const [channel, evidence] = await handshake.finish(response, verifierFor(development));
  return new Session(channel, evidence);
}
function readAnswer(plaintext, sequence) {
  const answer = decode(plaintext, { maxBytes: MAX_ANSWER, maxDepth: MAX_DEPTH });
  if (!(answer instanceof Map) || answer.size !== 2 || answer.get("request") !== sequence) {
    throw new ProvenError("SESSION_CLOSED", "the node answered something else");
  }
  if (answer.has("error")) throw ProvenError.fromRecord(answer.get("error"));
  const fields = answer.get("ok");
  if (!(fields instanceof Map)) throw new ProvenError("INTERNAL", "the node sent a malformed answer");
  return fields;
}
function text(fields, name) {
  const value = fields.get(name);
  return typeof value === "string" ? value : malformed2(name);
}
function integer(fields, name) {
  const value = fields.get(name);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : malformed2(name);
}
function optionalInteger(fields, name) {
  return fields.has(name) ? integer(fields, name) : void 0;
}
function optionalBytes(fields, name) {
  const value = fields.get(name);
  return value === void 0 || value instanceof Uint8Array ? value : malformed2(name);
}
function flag(fields, name) {
  const value = fields.get(name) ?? false;
  return typeof value === "boolean" ? value : malformed2(name);
}
function list(fields, name) {
  const value = fields.get(name) ?? [];
  if (!Array.isArray(value)) return malformed2(name);
  return value.map((item) => item instanceof Map ? item : malformed2(name));
}
function malformed2(name) {
  throw new ProvenError("INTERNAL", `the node sent a malformed ${name}`);
}

// sign-in/account.ts
var Account = class {
  #management;
  constructor(management) {
    this.#management = management;
  }
  /** Act as the holder of `seed` from now on. Answers the account's id, which the node has to agree on. */
  async identify(seed) {
    const key = await deriveIdentityKey(seed, null);
    const { publicKey: publicKey2 } = key;
    const signature = await sign(key, this.#management.transcript);
    const answer = await this.#management.perform("Identify", { public_key: publicKey2, signature });
    if (text(answer, "identity") !== key.identity) throw new ProvenError("INTERNAL", "the node took another identity");
    return key.identity;
  }
  async beginRegistration(label) {
    return ceremony(await this.#management.perform("BeginRegistration", { label }));
  }
  async finishRegistration(begun, response, wrappedSeed) {
    await this.#management.perform("FinishRegistration", { ceremony: begun.id, response, wrapped_seed: wrappedSeed });
  }
  async beginAuthentication() {
    return ceremony(await this.#management.perform("BeginAuthentication", {}));
  }
  async finishAuthentication(begun, response) {
    const answer = await this.#management.perform("FinishAuthentication", { ceremony: begun.id, response });
    return {
      account: text(answer, "account"),
      passkey: text(answer, "passkey"),
      wrappedSeed: optionalBytes(answer, "wrapped_seed")
    };
  }
  async passkeys() {
    const answer = await this.#management.perform("ListPasskeys", {});
    return list(answer, "passkeys").map((fields) => ({
      id: text(fields, "id"),
      label: text(fields, "label"),
      createdAt: integer(fields, "created_at"),
      usedAt: optionalInteger(fields, "used_at"),
      holdsSeed: flag(fields, "holds_seed"),
      synced: flag(fields, "synced")
    }));
  }
  async removePasskey(id) {
    await this.#management.perform("RemovePasskey", { passkey: id });
  }
  async sessions() {
    const answer = await this.#management.perform("ListSessions", {});
    return list(answer, "sessions").map((fields) => ({
      id: text(fields, "session_id"),
      openedAt: integer(fields, "opened_at"),
      usedAt: integer(fields, "used_at"),
      current: flag(fields, "current")
    }));
  }
  async revokeSession(id) {
    await this.#management.perform("RevokeSession", { session_id: id });
  }
};
async function isSeedOf(seed, account2) {
  return await accountId(seed) === account2;
}
function ceremony(fields) {
  return {
    id: text(fields, "ceremony"),
    options: text(fields, "options"),
    endsAt: performance.now() + 1e3 * integer(fields, "expires_in")
  };
}

// sign-in/device.ts
var DATABASE = "proven-sign-in";
var STORE = "seeds";
async function canKeep() {
  try {
    (await open()).close();
    return true;
  } catch {
    return false;
  }
}
async function keepSeed(account2, seed) {
  const key = await holdSeed(seed);
  await within("readwrite", (store) => store.put(key, account2));
}
async function keptSeed(account2) {
  try {
    const found = await within("readonly", (store) => store.get(account2));
    return found instanceof CryptoKey && !found.extractable ? found : void 0;
  } catch {
    return void 0;
  }
}
async function forgetSeed(account2) {
  await within("readwrite", (store) => store.delete(account2));
}
async function within(mode, act) {
  const database = await open();
  try {
    const transaction = database.transaction(STORE, mode);
    const request2 = act(transaction.objectStore(STORE));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request2.result);
      transaction.onabort = () => reject(transaction.error ?? new DOMException("not kept", "AbortError"));
    });
  } finally {
    database.close();
  }
}
function open() {
  const request2 = indexedDB.open(DATABASE, 1);
  request2.onupgradeneeded = () => request2.result.createObjectStore(STORE);
  return new Promise((resolve, reject) => {
    request2.onsuccess = () => resolve(request2.result);
    request2.onerror = () => reject(request2.error ?? new DOMException("no database", "AbortError"));
  });
}

// sign-in/names.ts
function deviceName(navigator2 = globalThis.navigator) {
  const { userAgentData, userAgent } = navigator2;
  const brands = userAgentData?.brands.map(({ brand }) => brand).filter((brand) => !/not.?a.?brand/i.test(brand)) ?? [];
  const browser = brands.find((brand) => brand !== "Chromium") ?? brands[0] ?? find(userAgent, BROWSERS) ?? "Browser";
  const platform = userAgentData?.platform || find(userAgent, PLATFORMS);
  return (platform ? `${browser} on ${platform}` : browser).slice(0, 64);
}
var BROWSERS = { Edg: "Edge", Firefox: "Firefox", Chrome: "Chrome", Safari: "Safari" };
var PLATFORMS = { iPhone: "iPhone", iPad: "iPad", Android: "Android", Windows: "Windows", Macintosh: "Mac", Linux: "Linux" };
function find(text2, names) {
  return Object.entries(names).find(([part]) => text2.includes(part))?.[1];
}

// ../node_modules/@noble/hashes/utils.js
function isBytes(a) {
  return a instanceof Uint8Array || ArrayBuffer.isView(a) && a.constructor.name === "Uint8Array" && "BYTES_PER_ELEMENT" in a && a.BYTES_PER_ELEMENT === 1;
}
var atitle = (title) => title ? `"${title}" ` : "";
function anumber(n, title = "") {
  if (typeof n !== "number")
    throw new TypeError(atitle(title) + "expected number, got " + typeof n);
  if (!Number.isSafeInteger(n) || n < 0)
    throw new RangeError(atitle(title) + "expected integer >= 0, got " + n);
  return n;
}
function abytes(value, length, title = "") {
  if (isBytes(value) && (length === void 0 || value.length === length))
    return value;
  if (length !== void 0)
    anumber(length, "length");
  const bytes = isBytes(value);
  const ofLen = length !== void 0 ? ` of length ${length}` : "";
  const got = bytes ? `length=${value.length}` : `type=${typeof value}`;
  const message = atitle(title) + "expected Uint8Array" + ofLen + ", got " + got;
  if (!bytes)
    throw new TypeError(message);
  throw new RangeError(message);
}
var aobject = (value, label) => {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new TypeError((label === "object" ? "" : `"${label}" `) + "expected object, got type=" + typeof value);
};
var aopts = (value, label) => {
  aobject(value, label);
  const proto = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null)
    throw new TypeError(`"${label}" expected plain object`);
  if (Object.hasOwn(value, "__proto__"))
    throw new TypeError(`"${label}.__proto__" is not allowed`);
};
function aexists(instance, checkFinished = true) {
  if (instance.destroyed)
    throw new Error("hash was destroyed");
  if (checkFinished && instance.finished)
    throw new Error("digest() was already called");
}
function aoutput(out, instance) {
  abytes(out, void 0, "output");
  const min = instance.outputLen;
  if (!(out.length >= min)) {
    throw new RangeError('"output" expected length >= ' + min);
  }
}
function clean(...arrays) {
  for (let i = 0; i < arrays.length; i++) {
    arrays[i].fill(0);
  }
}
function createView(arr) {
  return new DataView(arr.buffer, arr.byteOffset, arr.byteLength);
}
function rotr(word, shift) {
  return word << 32 - shift | word >>> shift;
}
function checkOpts(defaults, opts, title = "opts") {
  aopts(defaults, "defaults");
  if (opts !== void 0)
    aopts(opts, title);
  const merged = Object.assign(/* @__PURE__ */ Object.create(null), defaults, opts);
  return merged;
}
function createHasher(hashCons, info = {}) {
  if (typeof hashCons !== "function")
    throw new TypeError('"hashCons" expected function, got type=' + typeof hashCons);
  info = checkOpts({}, info, "info");
  const hashC = (msg, opts) => hashCons(opts).update(msg).digest();
  const tmp = hashCons(void 0);
  hashC.outputLen = tmp.outputLen;
  hashC.blockLen = tmp.blockLen;
  hashC.canXOF = tmp.canXOF;
  hashC.create = (opts) => hashCons(opts);
  Object.assign(hashC, info);
  return Object.freeze(hashC);
}
var oidNist = (suffix) => ({
  // Current NIST hashAlgs suffixes used here fit in one DER subidentifier octet.
  // Larger suffix values would need base-128 OID encoding and a different length byte.
  oid: Uint8Array.from([6, 9, 96, 134, 72, 1, 101, 3, 4, 2, suffix])
});

// ../node_modules/@noble/hashes/_u64.js
var fromNumH = (n) => n / 2 ** 32 | 0;
var fromNumL = (n) => n >>> 0;
function setU64FromNum(view, byteOffset, n, isLE) {
  const h = fromNumH(n);
  const l = fromNumL(n);
  view.setUint32(byteOffset, isLE ? l : h, isLE);
  view.setUint32(byteOffset + 4, isLE ? h : l, isLE);
}

// ../node_modules/@noble/hashes/_md.js
function Chi(a, b, c) {
  return a & b ^ ~a & c;
}
function Maj(a, b, c) {
  return a & b ^ a & c ^ b & c;
}
var HashMD = class {
  blockLen;
  outputLen;
  canXOF = false;
  padOffset;
  isLE;
  // For partial updates less than block size
  buffer;
  view;
  finished = false;
  length = 0;
  pos = 0;
  destroyed = false;
  constructor(blockLen, outputLen, padOffset, isLE) {
    this.blockLen = blockLen;
    this.outputLen = outputLen;
    this.padOffset = padOffset;
    this.isLE = isLE;
    this.buffer = new Uint8Array(blockLen);
    this.view = createView(this.buffer);
  }
  update(data) {
    aexists(this);
    abytes(data);
    const { view, buffer, blockLen } = this;
    const len = data.length;
    let processed = false;
    for (let pos = 0; pos < len; ) {
      const take = Math.min(blockLen - this.pos, len - pos);
      if (take === blockLen) {
        const dataView = createView(data);
        for (; blockLen <= len - pos; pos += blockLen)
          this.process(dataView, pos);
        processed = true;
        continue;
      }
      buffer.set(pos === 0 && take === len ? data : data.subarray(pos, pos + take), this.pos);
      this.pos += take;
      pos += take;
      if (this.pos === blockLen) {
        this.process(view, 0);
        this.pos = 0;
        processed = true;
      }
    }
    this.length += data.length;
    if (processed)
      this.roundClean();
    return this;
  }
  digestInto(out) {
    aexists(this);
    aoutput(out, this);
    this.finished = true;
    const { buffer, view, blockLen, isLE } = this;
    let { pos } = this;
    buffer[pos++] = 128;
    buffer.fill(0, pos);
    if (this.padOffset > blockLen - pos) {
      this.process(view, 0);
      buffer.fill(0);
    }
    setU64FromNum(view, blockLen - 8, this.length * 8, isLE);
    this.process(view, 0);
    this.roundClean();
    const oview = out === buffer ? view : createView(out);
    const len = this.outputLen;
    const outLen = len / 4;
    const state = this.get();
    if (len % 4 || outLen > state.length)
      throw new Error("invalid outputLen");
    for (let i = 0; i < outLen; i++)
      oview.setUint32(4 * i, state[i], isLE);
  }
  digest() {
    const { buffer, outputLen } = this;
    this.digestInto(buffer);
    const res = buffer.slice(0, outputLen);
    this.destroy();
    return res;
  }
  _cloneIntoMeta(to) {
    const { buffer, length, finished, destroyed, pos } = this;
    to.destroyed = destroyed;
    to.finished = finished;
    to.length = length;
    to.pos = pos;
    if (pos)
      to.buffer.set(buffer);
    return to;
  }
  clone() {
    return this._cloneInto();
  }
};
var SHA256_IV = /* @__PURE__ */ Uint32Array.from([
  1779033703,
  3144134277,
  1013904242,
  2773480762,
  1359893119,
  2600822924,
  528734635,
  1541459225
]);

// ../node_modules/@noble/hashes/sha2.js
var SHA256_K = /* @__PURE__ */ Uint32Array.from([
  1116352408,
  1899447441,
  3049323471,
  3921009573,
  961987163,
  1508970993,
  2453635748,
  2870763221,
  3624381080,
  310598401,
  607225278,
  1426881987,
  1925078388,
  2162078206,
  2614888103,
  3248222580,
  3835390401,
  4022224774,
  264347078,
  604807628,
  770255983,
  1249150122,
  1555081692,
  1996064986,
  2554220882,
  2821834349,
  2952996808,
  3210313671,
  3336571891,
  3584528711,
  113926993,
  338241895,
  666307205,
  773529912,
  1294757372,
  1396182291,
  1695183700,
  1986661051,
  2177026350,
  2456956037,
  2730485921,
  2820302411,
  3259730800,
  3345764771,
  3516065817,
  3600352804,
  4094571909,
  275423344,
  430227734,
  506948616,
  659060556,
  883997877,
  958139571,
  1322822218,
  1537002063,
  1747873779,
  1955562222,
  2024104815,
  2227730452,
  2361852424,
  2428436474,
  2756734187,
  3204031479,
  3329325298
]);
var SHA256_W = /* @__PURE__ */ new Uint32Array(64);
var SHA2_32B = class extends HashMD {
  // We cannot use array here since array allows indexing by variable
  // which means optimizer/compiler cannot use registers.
  // Numeric initializers matter: starting the fields as `undefined` changes
  // V8's field representation and makes sha256 3x slower (measured).
  A = 0;
  B = 0;
  C = 0;
  D = 0;
  E = 0;
  F = 0;
  G = 0;
  H = 0;
  constructor(outputLen, IV) {
    super(64, outputLen, 8, false);
    this.A = IV[0] | 0;
    this.B = IV[1] | 0;
    this.C = IV[2] | 0;
    this.D = IV[3] | 0;
    this.E = IV[4] | 0;
    this.F = IV[5] | 0;
    this.G = IV[6] | 0;
    this.H = IV[7] | 0;
  }
  get() {
    const { A, B, C, D, E, F, G, H } = this;
    return [A, B, C, D, E, F, G, H];
  }
  // prettier-ignore
  set(A, B, C, D, E, F, G, H) {
    this.A = A | 0;
    this.B = B | 0;
    this.C = C | 0;
    this.D = D | 0;
    this.E = E | 0;
    this.F = F | 0;
    this.G = G | 0;
    this.H = H | 0;
  }
  _cloneInto(to) {
    (to ||= new this.constructor()).set(...this.get());
    return this._cloneIntoMeta(to);
  }
  process(view, offset) {
    for (let i = 0; i < 16; i++, offset += 4)
      SHA256_W[i] = view.getUint32(offset, false);
    for (let i = 16; i < 64; i++) {
      const W15 = SHA256_W[i - 15];
      const W2 = SHA256_W[i - 2];
      const s0 = rotr(W15, 7) ^ rotr(W15, 18) ^ W15 >>> 3;
      const s1 = rotr(W2, 17) ^ rotr(W2, 19) ^ W2 >>> 10;
      SHA256_W[i] = s1 + SHA256_W[i - 7] + s0 + SHA256_W[i - 16] | 0;
    }
    let { A, B, C, D, E, F, G, H } = this;
    for (let i = 0; i < 64; i++) {
      const sigma1 = rotr(E, 6) ^ rotr(E, 11) ^ rotr(E, 25);
      const T1 = H + sigma1 + Chi(E, F, G) + SHA256_K[i] + SHA256_W[i] | 0;
      const sigma0 = rotr(A, 2) ^ rotr(A, 13) ^ rotr(A, 22);
      const T2 = sigma0 + Maj(A, B, C) | 0;
      H = G;
      G = F;
      F = E;
      E = D + T1 | 0;
      D = C;
      C = B;
      B = A;
      A = T1 + T2 | 0;
    }
    A = A + this.A | 0;
    B = B + this.B | 0;
    C = C + this.C | 0;
    D = D + this.D | 0;
    E = E + this.E | 0;
    F = F + this.F | 0;
    G = G + this.G | 0;
    H = H + this.H | 0;
    this.set(A, B, C, D, E, F, G, H);
  }
  roundClean() {
    clean(SHA256_W);
  }
  destroy() {
    this.destroyed = true;
    this.set(0, 0, 0, 0, 0, 0, 0, 0);
    clean(this.buffer);
  }
};
var _SHA256 = class extends SHA2_32B {
  constructor() {
    super(32, SHA256_IV);
  }
};
var sha256 = /* @__PURE__ */ createHasher(
  () => new _SHA256(),
  /* @__PURE__ */ oidNist(1)
);

// ../node_modules/@scure/bip39/index.js
/*! scure-bip39 - MIT License (c) 2022 Patricio Palladino, Paul Miller (paulmillr.com) */
var isJapanese = (wordlist2) => wordlist2[0] === "あいこくしん";
function isWellFormedUnicode(value) {
  for (let i = 0; i < value.length; i++) {
    const current = value.charCodeAt(i);
    if (current >= 55296 && current <= 56319) {
      if (i + 1 >= value.length)
        return false;
      const next = value.charCodeAt(++i);
      if (next < 56320 || next > 57343)
        return false;
    } else if (current >= 56320 && current <= 57343) {
      return false;
    }
  }
  return true;
}
function nfkd(str) {
  if (typeof str !== "string")
    throw new TypeError("invalid mnemonic type: " + typeof str);
  if (!isWellFormedUnicode(str))
    throw new TypeError("expected well-formed Unicode string");
  return str.normalize("NFKD");
}
function normalize(str) {
  const norm = nfkd(str);
  const words = norm.split(" ");
  if (![12, 15, 18, 21, 24].includes(words.length))
    throw new Error("Invalid mnemonic");
  return { nfkd: norm, words };
}
function aentropy(ent) {
  abytes(ent);
  if (![16, 20, 24, 28, 32].includes(ent.length))
    throw new RangeError("invalid entropy length");
}
var calcChecksum = (entropy) => {
  const bitsLeft = 8 - entropy.length / 4;
  return sha256(entropy)[0] >> bitsLeft << bitsLeft;
};
function awordlist(wordlist2) {
  if (!Array.isArray(wordlist2) || wordlist2.length !== 2048 || typeof wordlist2[0] !== "string")
    throw new TypeError("Wordlist: expected array of 2048 strings");
  wordlist2.forEach((i) => {
    if (typeof i !== "string")
      throw new TypeError("wordlist: non-string element: " + i);
    if (!isWellFormedUnicode(i))
      throw new TypeError("wordlist: expected well-formed Unicode string");
  });
}
function encodeWords(entropy, wordlist2) {
  awordlist(wordlist2);
  const bytes = new Uint8Array(entropy.length + 1);
  bytes.set(entropy);
  bytes[entropy.length] = calcChecksum(entropy);
  const words = [];
  let carry = 0;
  let bits = 0;
  for (const byte of bytes) {
    carry = carry << 8 | byte;
    bits += 8;
    if (bits >= 11) {
      bits -= 11;
      words.push(wordlist2[carry >>> bits & 2047]);
      carry &= (1 << bits) - 1;
    }
  }
  return words;
}
function decodeWords(words, wordlist2) {
  awordlist(wordlist2);
  const entLen = words.length / 3 * 4;
  const bytes = new Uint8Array(entLen + 1);
  let carry = 0;
  let bits = 0;
  let pos = 0;
  for (const word of words) {
    const index = wordlist2.indexOf(word);
    if (index === -1)
      throw new Error("Unknown word: " + word);
    carry = carry << 11 | index;
    bits += 11;
    while (bits >= 8) {
      bits -= 8;
      bytes[pos++] = carry >>> bits & 255;
    }
    carry &= (1 << bits) - 1;
  }
  if (bits > 0)
    bytes[pos] = carry << 8 - bits;
  const entropy = bytes.subarray(0, entLen);
  if (bytes[entLen] !== calcChecksum(entropy))
    throw new Error("Invalid checksum");
  return Uint8Array.from(entropy);
}
function mnemonicToEntropy(mnemonic, wordlist2) {
  const { words } = normalize(mnemonic);
  const entropy = decodeWords(words, wordlist2);
  aentropy(entropy);
  return entropy;
}
function entropyToMnemonic(entropy, wordlist2) {
  aentropy(entropy);
  const words = encodeWords(entropy, wordlist2);
  return words.join(isJapanese(wordlist2) ? "　" : " ");
}

// ../node_modules/@scure/bip39/wordlists/english.js
var wordlist = /* @__PURE__ */ Object.freeze(`abandon
ability
able
about
above
absent
absorb
abstract
absurd
abuse
access
accident
account
accuse
achieve
acid
acoustic
acquire
across
act
action
actor
actress
actual
adapt
add
addict
address
adjust
admit
adult
advance
advice
aerobic
affair
afford
afraid
again
age
agent
agree
ahead
aim
air
airport
aisle
alarm
album
alcohol
alert
alien
all
alley
allow
almost
alone
alpha
already
also
alter
always
amateur
amazing
among
amount
amused
analyst
anchor
ancient
anger
angle
angry
animal
ankle
announce
annual
another
answer
antenna
antique
anxiety
any
apart
apology
appear
apple
approve
april
arch
arctic
area
arena
argue
arm
armed
armor
army
around
arrange
arrest
arrive
arrow
art
artefact
artist
artwork
ask
aspect
assault
asset
assist
assume
asthma
athlete
atom
attack
attend
attitude
attract
auction
audit
august
aunt
author
auto
autumn
average
avocado
avoid
awake
aware
away
awesome
awful
awkward
axis
baby
bachelor
bacon
badge
bag
balance
balcony
ball
bamboo
banana
banner
bar
barely
bargain
barrel
base
basic
basket
battle
beach
bean
beauty
because
become
beef
before
begin
behave
behind
believe
below
belt
bench
benefit
best
betray
better
between
beyond
bicycle
bid
bike
bind
biology
bird
birth
bitter
black
blade
blame
blanket
blast
bleak
bless
blind
blood
blossom
blouse
blue
blur
blush
board
boat
body
boil
bomb
bone
bonus
book
boost
border
boring
borrow
boss
bottom
bounce
box
boy
bracket
brain
brand
brass
brave
bread
breeze
brick
bridge
brief
bright
bring
brisk
broccoli
broken
bronze
broom
brother
brown
brush
bubble
buddy
budget
buffalo
build
bulb
bulk
bullet
bundle
bunker
burden
burger
burst
bus
business
busy
butter
buyer
buzz
cabbage
cabin
cable
cactus
cage
cake
call
calm
camera
camp
can
canal
cancel
candy
cannon
canoe
canvas
canyon
capable
capital
captain
car
carbon
card
cargo
carpet
carry
cart
case
cash
casino
castle
casual
cat
catalog
catch
category
cattle
caught
cause
caution
cave
ceiling
celery
cement
census
century
cereal
certain
chair
chalk
champion
change
chaos
chapter
charge
chase
chat
cheap
check
cheese
chef
cherry
chest
chicken
chief
child
chimney
choice
choose
chronic
chuckle
chunk
churn
cigar
cinnamon
circle
citizen
city
civil
claim
clap
clarify
claw
clay
clean
clerk
clever
click
client
cliff
climb
clinic
clip
clock
clog
close
cloth
cloud
clown
club
clump
cluster
clutch
coach
coast
coconut
code
coffee
coil
coin
collect
color
column
combine
come
comfort
comic
common
company
concert
conduct
confirm
congress
connect
consider
control
convince
cook
cool
copper
copy
coral
core
corn
correct
cost
cotton
couch
country
couple
course
cousin
cover
coyote
crack
cradle
craft
cram
crane
crash
crater
crawl
crazy
cream
credit
creek
crew
cricket
crime
crisp
critic
crop
cross
crouch
crowd
crucial
cruel
cruise
crumble
crunch
crush
cry
crystal
cube
culture
cup
cupboard
curious
current
curtain
curve
cushion
custom
cute
cycle
dad
damage
damp
dance
danger
daring
dash
daughter
dawn
day
deal
debate
debris
decade
december
decide
decline
decorate
decrease
deer
defense
define
defy
degree
delay
deliver
demand
demise
denial
dentist
deny
depart
depend
deposit
depth
deputy
derive
describe
desert
design
desk
despair
destroy
detail
detect
develop
device
devote
diagram
dial
diamond
diary
dice
diesel
diet
differ
digital
dignity
dilemma
dinner
dinosaur
direct
dirt
disagree
discover
disease
dish
dismiss
disorder
display
distance
divert
divide
divorce
dizzy
doctor
document
dog
doll
dolphin
domain
donate
donkey
donor
door
dose
double
dove
draft
dragon
drama
drastic
draw
dream
dress
drift
drill
drink
drip
drive
drop
drum
dry
duck
dumb
dune
during
dust
dutch
duty
dwarf
dynamic
eager
eagle
early
earn
earth
easily
east
easy
echo
ecology
economy
edge
edit
educate
effort
egg
eight
either
elbow
elder
electric
elegant
element
elephant
elevator
elite
else
embark
embody
embrace
emerge
emotion
employ
empower
empty
enable
enact
end
endless
endorse
enemy
energy
enforce
engage
engine
enhance
enjoy
enlist
enough
enrich
enroll
ensure
enter
entire
entry
envelope
episode
equal
equip
era
erase
erode
erosion
error
erupt
escape
essay
essence
estate
eternal
ethics
evidence
evil
evoke
evolve
exact
example
excess
exchange
excite
exclude
excuse
execute
exercise
exhaust
exhibit
exile
exist
exit
exotic
expand
expect
expire
explain
expose
express
extend
extra
eye
eyebrow
fabric
face
faculty
fade
faint
faith
fall
false
fame
family
famous
fan
fancy
fantasy
farm
fashion
fat
fatal
father
fatigue
fault
favorite
feature
february
federal
fee
feed
feel
female
fence
festival
fetch
fever
few
fiber
fiction
field
figure
file
film
filter
final
find
fine
finger
finish
fire
firm
first
fiscal
fish
fit
fitness
fix
flag
flame
flash
flat
flavor
flee
flight
flip
float
flock
floor
flower
fluid
flush
fly
foam
focus
fog
foil
fold
follow
food
foot
force
forest
forget
fork
fortune
forum
forward
fossil
foster
found
fox
fragile
frame
frequent
fresh
friend
fringe
frog
front
frost
frown
frozen
fruit
fuel
fun
funny
furnace
fury
future
gadget
gain
galaxy
gallery
game
gap
garage
garbage
garden
garlic
garment
gas
gasp
gate
gather
gauge
gaze
general
genius
genre
gentle
genuine
gesture
ghost
giant
gift
giggle
ginger
giraffe
girl
give
glad
glance
glare
glass
glide
glimpse
globe
gloom
glory
glove
glow
glue
goat
goddess
gold
good
goose
gorilla
gospel
gossip
govern
gown
grab
grace
grain
grant
grape
grass
gravity
great
green
grid
grief
grit
grocery
group
grow
grunt
guard
guess
guide
guilt
guitar
gun
gym
habit
hair
half
hammer
hamster
hand
happy
harbor
hard
harsh
harvest
hat
have
hawk
hazard
head
health
heart
heavy
hedgehog
height
hello
helmet
help
hen
hero
hidden
high
hill
hint
hip
hire
history
hobby
hockey
hold
hole
holiday
hollow
home
honey
hood
hope
horn
horror
horse
hospital
host
hotel
hour
hover
hub
huge
human
humble
humor
hundred
hungry
hunt
hurdle
hurry
hurt
husband
hybrid
ice
icon
idea
identify
idle
ignore
ill
illegal
illness
image
imitate
immense
immune
impact
impose
improve
impulse
inch
include
income
increase
index
indicate
indoor
industry
infant
inflict
inform
inhale
inherit
initial
inject
injury
inmate
inner
innocent
input
inquiry
insane
insect
inside
inspire
install
intact
interest
into
invest
invite
involve
iron
island
isolate
issue
item
ivory
jacket
jaguar
jar
jazz
jealous
jeans
jelly
jewel
job
join
joke
journey
joy
judge
juice
jump
jungle
junior
junk
just
kangaroo
keen
keep
ketchup
key
kick
kid
kidney
kind
kingdom
kiss
kit
kitchen
kite
kitten
kiwi
knee
knife
knock
know
lab
label
labor
ladder
lady
lake
lamp
language
laptop
large
later
latin
laugh
laundry
lava
law
lawn
lawsuit
layer
lazy
leader
leaf
learn
leave
lecture
left
leg
legal
legend
leisure
lemon
lend
length
lens
leopard
lesson
letter
level
liar
liberty
library
license
life
lift
light
like
limb
limit
link
lion
liquid
list
little
live
lizard
load
loan
lobster
local
lock
logic
lonely
long
loop
lottery
loud
lounge
love
loyal
lucky
luggage
lumber
lunar
lunch
luxury
lyrics
machine
mad
magic
magnet
maid
mail
main
major
make
mammal
man
manage
mandate
mango
mansion
manual
maple
marble
march
margin
marine
market
marriage
mask
mass
master
match
material
math
matrix
matter
maximum
maze
meadow
mean
measure
meat
mechanic
medal
media
melody
melt
member
memory
mention
menu
mercy
merge
merit
merry
mesh
message
metal
method
middle
midnight
milk
million
mimic
mind
minimum
minor
minute
miracle
mirror
misery
miss
mistake
mix
mixed
mixture
mobile
model
modify
mom
moment
monitor
monkey
monster
month
moon
moral
more
morning
mosquito
mother
motion
motor
mountain
mouse
move
movie
much
muffin
mule
multiply
muscle
museum
mushroom
music
must
mutual
myself
mystery
myth
naive
name
napkin
narrow
nasty
nation
nature
near
neck
need
negative
neglect
neither
nephew
nerve
nest
net
network
neutral
never
news
next
nice
night
noble
noise
nominee
noodle
normal
north
nose
notable
note
nothing
notice
novel
now
nuclear
number
nurse
nut
oak
obey
object
oblige
obscure
observe
obtain
obvious
occur
ocean
october
odor
off
offer
office
often
oil
okay
old
olive
olympic
omit
once
one
onion
online
only
open
opera
opinion
oppose
option
orange
orbit
orchard
order
ordinary
organ
orient
original
orphan
ostrich
other
outdoor
outer
output
outside
oval
oven
over
own
owner
oxygen
oyster
ozone
pact
paddle
page
pair
palace
palm
panda
panel
panic
panther
paper
parade
parent
park
parrot
party
pass
patch
path
patient
patrol
pattern
pause
pave
payment
peace
peanut
pear
peasant
pelican
pen
penalty
pencil
people
pepper
perfect
permit
person
pet
phone
photo
phrase
physical
piano
picnic
picture
piece
pig
pigeon
pill
pilot
pink
pioneer
pipe
pistol
pitch
pizza
place
planet
plastic
plate
play
please
pledge
pluck
plug
plunge
poem
poet
point
polar
pole
police
pond
pony
pool
popular
portion
position
possible
post
potato
pottery
poverty
powder
power
practice
praise
predict
prefer
prepare
present
pretty
prevent
price
pride
primary
print
priority
prison
private
prize
problem
process
produce
profit
program
project
promote
proof
property
prosper
protect
proud
provide
public
pudding
pull
pulp
pulse
pumpkin
punch
pupil
puppy
purchase
purity
purpose
purse
push
put
puzzle
pyramid
quality
quantum
quarter
question
quick
quit
quiz
quote
rabbit
raccoon
race
rack
radar
radio
rail
rain
raise
rally
ramp
ranch
random
range
rapid
rare
rate
rather
raven
raw
razor
ready
real
reason
rebel
rebuild
recall
receive
recipe
record
recycle
reduce
reflect
reform
refuse
region
regret
regular
reject
relax
release
relief
rely
remain
remember
remind
remove
render
renew
rent
reopen
repair
repeat
replace
report
require
rescue
resemble
resist
resource
response
result
retire
retreat
return
reunion
reveal
review
reward
rhythm
rib
ribbon
rice
rich
ride
ridge
rifle
right
rigid
ring
riot
ripple
risk
ritual
rival
river
road
roast
robot
robust
rocket
romance
roof
rookie
room
rose
rotate
rough
round
route
royal
rubber
rude
rug
rule
run
runway
rural
sad
saddle
sadness
safe
sail
salad
salmon
salon
salt
salute
same
sample
sand
satisfy
satoshi
sauce
sausage
save
say
scale
scan
scare
scatter
scene
scheme
school
science
scissors
scorpion
scout
scrap
screen
script
scrub
sea
search
season
seat
second
secret
section
security
seed
seek
segment
select
sell
seminar
senior
sense
sentence
series
service
session
settle
setup
seven
shadow
shaft
shallow
share
shed
shell
sheriff
shield
shift
shine
ship
shiver
shock
shoe
shoot
shop
short
shoulder
shove
shrimp
shrug
shuffle
shy
sibling
sick
side
siege
sight
sign
silent
silk
silly
silver
similar
simple
since
sing
siren
sister
situate
six
size
skate
sketch
ski
skill
skin
skirt
skull
slab
slam
sleep
slender
slice
slide
slight
slim
slogan
slot
slow
slush
small
smart
smile
smoke
smooth
snack
snake
snap
sniff
snow
soap
soccer
social
sock
soda
soft
solar
soldier
solid
solution
solve
someone
song
soon
sorry
sort
soul
sound
soup
source
south
space
spare
spatial
spawn
speak
special
speed
spell
spend
sphere
spice
spider
spike
spin
spirit
split
spoil
sponsor
spoon
sport
spot
spray
spread
spring
spy
square
squeeze
squirrel
stable
stadium
staff
stage
stairs
stamp
stand
start
state
stay
steak
steel
stem
step
stereo
stick
still
sting
stock
stomach
stone
stool
story
stove
strategy
street
strike
strong
struggle
student
stuff
stumble
style
subject
submit
subway
success
such
sudden
suffer
sugar
suggest
suit
summer
sun
sunny
sunset
super
supply
supreme
sure
surface
surge
surprise
surround
survey
suspect
sustain
swallow
swamp
swap
swarm
swear
sweet
swift
swim
swing
switch
sword
symbol
symptom
syrup
system
table
tackle
tag
tail
talent
talk
tank
tape
target
task
taste
tattoo
taxi
teach
team
tell
ten
tenant
tennis
tent
term
test
text
thank
that
theme
then
theory
there
they
thing
this
thought
three
thrive
throw
thumb
thunder
ticket
tide
tiger
tilt
timber
time
tiny
tip
tired
tissue
title
toast
tobacco
today
toddler
toe
together
toilet
token
tomato
tomorrow
tone
tongue
tonight
tool
tooth
top
topic
topple
torch
tornado
tortoise
toss
total
tourist
toward
tower
town
toy
track
trade
traffic
tragic
train
transfer
trap
trash
travel
tray
treat
tree
trend
trial
tribe
trick
trigger
trim
trip
trophy
trouble
truck
true
truly
trumpet
trust
truth
try
tube
tuition
tumble
tuna
tunnel
turkey
turn
turtle
twelve
twenty
twice
twin
twist
two
type
typical
ugly
umbrella
unable
unaware
uncle
uncover
under
undo
unfair
unfold
unhappy
uniform
unique
unit
universe
unknown
unlock
until
unusual
unveil
update
upgrade
uphold
upon
upper
upset
urban
urge
usage
use
used
useful
useless
usual
utility
vacant
vacuum
vague
valid
valley
valve
van
vanish
vapor
various
vast
vault
vehicle
velvet
vendor
venture
venue
verb
verify
version
very
vessel
veteran
viable
vibrant
vicious
victory
video
view
village
vintage
violin
virtual
virus
visa
visit
visual
vital
vivid
vocal
voice
void
volcano
volume
vote
voyage
wage
wagon
wait
walk
wall
walnut
want
warfare
warm
warrior
wash
wasp
waste
water
wave
way
wealth
weapon
wear
weasel
weather
web
wedding
weekend
weird
welcome
west
wet
whale
what
wheat
wheel
when
where
whip
whisper
wide
width
wife
wild
will
win
window
wine
wing
wink
winner
winter
wire
wisdom
wise
wish
witness
wolf
woman
wonder
wood
wool
word
work
world
worry
worth
wrap
wreck
wrestle
wrist
write
wrong
yard
year
yellow
you
young
youth
zebra
zero
zone
zoo`.split("\n"));

// sign-in/phrase.ts
var WORDS = 24;
var MAX_TEXT = 1024;
function toWords(seed) {
  return entropyToMnemonic(seed, wordlist).split(" ");
}
function readPhrase(text2) {
  if (text2.length > MAX_TEXT) return { problem: `That is too long for ${WORDS} words.` };
  const words = splitWords(text2);
  const unknown = words.flatMap((word, index) => KNOWN.has(word) ? [] : [{ word, position: index + 1 }]);
  const [first] = unknown;
  if (first !== void 0) {
    const more = unknown.length > 1 ? ` ${unknown.length - 1} more ${unknown.length === 2 ? "is" : "are"} unknown too.` : "";
    const near = nearest(first.word);
    const hint = near.length === 0 ? "Check its spelling." : `Did you mean “${near.join("” or “")}”?`;
    return { problem: `Word ${first.position}, “${shorten(first.word)}”, is not one that recovery phrases use. ${hint}${more}` };
  }
  if (words.length !== WORDS) {
    return { problem: `A recovery phrase has ${WORDS} words; ${words.length === 1 ? "this is 1" : `these are ${words.length}`}.` };
  }
  try {
    return { seed: new Uint8Array(mnemonicToEntropy(words.join(" "), wordlist)) };
  } catch {
    return { problem: "Each word is known, but together they are no recovery phrase: one is wrong, or some have changed places." };
  }
}
function countWords(text2) {
  return splitWords(text2.slice(0, MAX_TEXT)).length;
}
function pickPositions(random = (values) => crypto.getRandomValues(values)) {
  const picked = /* @__PURE__ */ new Set();
  while (picked.size < 3) {
    const [byte = 255] = random(new Uint8Array(1));
    if (byte < 240) picked.add(byte % WORDS + 1);
  }
  return [...picked].sort((a, b) => a - b);
}
var KNOWN = new Set(wordlist);
function splitWords(text2) {
  return text2.normalize("NFKD").toLowerCase().match(/\p{L}+/gu) ?? [];
}
function shorten(word) {
  return word.length <= 16 ? word : `${word.slice(0, 16)}…`;
}
function nearest(word) {
  if (word.length > 16) return [];
  let best = 3;
  let found = [];
  for (const known of wordlist) {
    const distance = slips(word, known);
    if (distance < best) [best, found] = [distance, []];
    if (distance === best && distance < 3) found.push(known);
  }
  const sameStart = found.filter((known) => known.startsWith(word.slice(0, 4)));
  if (sameStart.length > 0) found = sameStart;
  return found.length <= 3 ? found : [];
}
function slips(a, b) {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row2 = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1][j] + 1, row2[j - 1] + 1, rows[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, rows[i - 2][j - 2] + 1);
      row2.push(least);
    }
    rows.push(row2);
  }
  return rows[a.length][b.length];
}

// sign-in/problems.ts
function describe(error) {
  if (error instanceof ProvenError) return ofNode(error);
  if (error instanceof DOMException) return ofBrowser(error);
  return "Something went wrong in this form. Reload the page and try again.";
}
function ofBrowser(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The passkey prompt was closed, or nothing was chosen in time. Nothing has changed; try again.";
    case "InvalidStateError":
      return "This device has a passkey for this account already. Continue with that one.";
    case "NotSupportedError":
    case "ConstraintError":
      return "This device cannot make a passkey that checks who you are. Set up a screen lock, or use another device.";
    case "SecurityError":
      return "The browser does not allow passkeys here. Open the app under its own address.";
    case "OperationError":
      return "What this passkey holds cannot be opened. Use another passkey or your recovery phrase.";
    default:
      return "The browser could not finish this. Reload the page and try again.";
  }
}
function ofNode(error) {
  switch (error.code) {
    case "UNAVAILABLE":
    case "REQUEST_TIMEOUT":
    case "CALL_INTERRUPTED":
      return "The node cannot be reached. Check your connection and try again.";
    case "OVERLOADED":
      return "The node is busy. Wait a moment and try again.";
    case "EVIDENCE_INVALID":
      if (typeof error.details?.clockDifference === "number") {
        return "The clock of this device is wrong, so the node could not be checked. Set the clock and try again.";
      }
      return "The node could not prove what it runs, so nothing was sent to it. Do not go on; tell whoever runs this app.";
    case "NOT_FOUND":
      return "That is no longer there. Begin again.";
    case "SESSION_CLOSED":
      return "This took too long and was ended. Begin again.";
    case "UNAUTHENTICATED":
      return "This passkey is not known here; it may have been removed. Use another passkey or your recovery phrase.";
    case "CONFLICT":
    case "FORBIDDEN":
    case "QUOTA_EXCEEDED":
      return sentence(error.message);
    default:
      return "The node could not do this. Try again; if it stays so, tell whoever runs this app.";
  }
}
function sentence(message) {
  const text2 = message.slice(0, 300);
  return `${text2.charAt(0).toUpperCase()}${text2.slice(1)}${/[.!?]$/.test(text2) ? "" : "."}`;
}

// sign-in/parts.ts
function actions(...buttons) {
  return element("div", { class: "actions" }, ...buttons);
}
function back(view, label = "Back") {
  return button("quiet", label, () => view.leave(new WentBack("the person went back")));
}
function withIcon(name, made) {
  made.prepend(icon(name));
  return made;
}
function section(heading, ...children) {
  return element("section", {}, element("h2", {}, heading), ...children);
}
function row(name, facts2, action) {
  const said = facts2.filter((fact) => fact !== void 0).join(" · ");
  return element("li", {}, element("div", {}, element("b", {}, name), said !== "" && element("small", {}, said)), action);
}

// sign-in/views.ts
function choose(stage, asking, problem) {
  const managing = asking.purpose === "manage";
  const owning = asking.purpose === "own";
  const heading = managing ? "Your account" : owning ? "Your applications" : `Sign in to ${stage.applicationName}`;
  return stage.ask(heading, (view) => [
    asked(asking.origin),
    problem !== void 0 && alert(problem),
    managing && element("p", {}, "Confirm that it is you to see and change your passkeys."),
    owning && element("p", {}, "Sign in to see which applications are yours, and to sign for them."),
    element(
      "div",
      { class: "stack" },
      withIcon("key", button("primary", "Continue with a passkey", () => view.answer("passkey"))),
      !managing && withIcon("person", button("secondary", "Create an account", () => view.answer("create"))),
      withIcon("phrase", button("secondary", "Use a recovery phrase", () => view.answer("phrase")))
    ),
    !managing && element("p", { class: "hint" }, owning ? ABOUT_OWNER_KEYS : aboutIdentities(stage.applicationName)),
    !owning && actions(button("quiet", "Cancel", () => view.leave(new Cancelled("the person cancelled"))))
  ]);
}
var ABOUT_OWNER_KEYS = "Your owner key is made of your account: the same on every device, and back with your recovery phrase. Its public half is for everybody to see, in the log of applications. No app can tell that it belongs to one of its visitors.";
var aboutIdentities = (application2) => `${application2} gets an identity made for it alone. It learns neither who you are elsewhere nor any key of yours.`;
function step(stage, heading, text2, label) {
  return stage.ask(heading, (view) => [
    element("p", {}, text2),
    element("div", { class: "stack" }, button("primary", label, () => view.answer())),
    actions(back(view))
  ]);
}
function showPhrase(stage, words, showing) {
  return stage.ask(showing.heading, (view) => {
    const list2 = element("ol", { class: "words", id: "words", "aria-label": "Recovery phrase", hidden: true });
    const cover = element("p", { class: "cover", id: "cover" }, `${WORDS} words, hidden. Make sure that nobody looks over your shoulder.`);
    const go = button("primary", showing.done, () => view.answer(true), { disabled: true });
    const toggle = button("secondary", "Show the words", () => {
      const show = list2.hidden;
      list2.hidden = !show;
      cover.hidden = show;
      list2.replaceChildren(...show ? words.map((word) => element("li", {}, element("span", {}, word))) : []);
      toggle.textContent = show ? "Hide the words" : "Show the words";
      toggle.setAttribute("aria-expanded", String(show));
      go.disabled = false;
    }, { "aria-expanded": "false", "aria-controls": "words" });
    return [
      element("p", {}, showing.reason),
      element("div", { class: "phrase" }, cover, list2, toggle),
      element(
        "ul",
        { class: "hint" },
        element("li", {}, "Write them on paper, in order, and keep them where you keep papers that matter."),
        element("li", {}, "Whoever reads them is you, in every app. Nobody from Proven will ever ask for them.")
      ),
      element("div", { class: "stack" }, go),
      actions(
        showing.optional ? button("quiet", "Not now", () => view.answer(false)) : button("quiet", "Cancel", () => view.leave(new WentBack("the person went back")))
      )
    ];
  });
}
function confirmPhrase(stage, words, positions) {
  return stage.ask("Check your recovery phrase", (view) => {
    const inputs = positions.map(
      (position) => element("input", { type: "text", id: `word-${position}`, ...SECRET_TEXT, maxlength: 16, required: true })
    );
    const problem = element("div");
    const form = element(
      "form",
      { novalidate: true },
      ...positions.map(
        (position, index) => element("div", { class: "field" }, element("label", { for: `word-${position}` }, `Word ${position}`), inputs[index])
      ),
      problem,
      element("button", { type: "submit", class: "primary" }, "Confirm")
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const wrong = inputs.findIndex((input, index) => input.value.trim().toLowerCase() !== words[positions[index] - 1]);
      if (wrong < 0) return view.answer(true);
      for (const [index, input] of inputs.entries()) input.setAttribute("aria-invalid", String(index === wrong));
      problem.replaceChildren(alert(`Word ${positions[wrong]} is not the one in your phrase. Look at what you wrote down.`));
      inputs[wrong].focus();
    });
    return [
      element("p", {}, "Type these three words from what you wrote down."),
      form,
      actions(button("quiet", "Show the words again", () => view.answer(false)))
    ];
  });
}
function askPhrase(stage, asking, problem) {
  return stage.ask(asking.heading, (view) => {
    const count = element("span", { class: "count", id: "count" }, `0 of ${WORDS} words`);
    const problems = element("div", { id: "problems" }, problem !== void 0 && alert(problem));
    const text2 = element("textarea", {
      id: "phrase",
      rows: 5,
      maxlength: MAX_TEXT,
      ...SECRET_TEXT,
      "aria-describedby": "count problems"
    });
    text2.addEventListener("input", () => {
      const words = countWords(text2.value);
      count.textContent = words > WORDS ? `${words} words, ${words - WORDS} too many` : `${words} of ${WORDS} words`;
    });
    const keep = element("input", { type: "checkbox", id: "keep" });
    const form = element(
      "form",
      { novalidate: true },
      element("div", { class: "field" }, element("label", { for: "phrase" }, "Recovery phrase"), text2, count),
      problems,
      asking.keep !== void 0 && element("div", { class: "check" }, keep, element("label", { for: "keep" }, asking.keep)),
      element("button", { type: "submit", class: "primary" }, asking.submit)
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const reading2 = readPhrase(text2.value);
      if ("seed" in reading2) {
        text2.value = "";
        return view.answer({ seed: reading2.seed, keep: keep.checked });
      }
      text2.setAttribute("aria-invalid", "true");
      problems.replaceChildren(alert(reading2.problem));
      text2.focus();
    });
    return [element("p", {}, asking.reason), form, actions(back(view))];
  });
}
function account(stage, shown) {
  return stage.ask("Your account", (view) => [
    asked(shown.origin),
    shown.problem !== void 0 && alert(shown.problem),
    shown.news !== void 0 && element("p", { class: "news", role: "status" }, shown.news),
    section(
      "Passkeys",
      element(
        "ul",
        { class: "rows" },
        ...shown.passkeys.map(
          (passkey) => row(
            passkey.label,
            [
              passkey.id === shown.inUse ? "In use now" : passkey.usedAt === void 0 ? "Never used" : `Used ${date(passkey.usedAt)}`,
              `added ${date(passkey.createdAt)}`,
              passkey.synced ? "synced between devices" : void 0,
              passkey.holdsSeed ? void 0 : "asks for the recovery phrase"
            ],
            shown.passkeys.length > 1 ? button("danger", "Remove", () => view.answer({ do: "remove", passkey }), { "aria-label": `Remove ${passkey.label}` }) : void 0
          )
        )
      ),
      shown.passkeys.length === 1 && element("p", { class: "hint" }, "A second passkey, on another device, lets you in when this one is lost."),
      button("secondary", "Add a passkey", () => view.answer({ do: "add" }))
    ),
    section(
      "Recovery phrase",
      element("p", {}, `${WORDS} words that bring your account back when every passkey is lost.`),
      button("secondary", "Show recovery phrase", () => view.answer({ do: "phrase" }))
    ),
    shown.keptHere && section(
      "This device",
      element("p", {}, "Your key is kept in this browser, so that it does not ask for the recovery phrase."),
      button("danger", "Forget the key here", () => view.answer({ do: "forget" }))
    ),
    shown.sessions.length > 1 && section(
      "Account views that are open",
      element(
        "ul",
        { class: "rows" },
        ...shown.sessions.map(
          (session) => row(
            session.current ? "This one" : `Opened ${time2(session.openedAt)}`,
            [session.current ? void 0 : `used ${time2(session.usedAt)}`],
            session.current ? void 0 : button("danger", "Close", () => view.answer({ do: "revoke", session: session.id }), {
              "aria-label": `Close the one opened ${time2(session.openedAt)}`
            })
          )
        )
      )
    ),
    element("div", { class: "stack" }, button("primary", "Done", () => view.answer({ do: "done" })))
  ]);
}
function namePasskey(stage, suggestion) {
  return stage.ask("Add a passkey", (view) => {
    const input = element("input", { type: "text", id: "label", maxlength: 64, value: suggestion, autocomplete: "off", required: true });
    const problems = element("div");
    const form = element(
      "form",
      { novalidate: true },
      element("div", { class: "field" }, element("label", { for: "label" }, "Name"), input),
      problems,
      element("button", { type: "submit", class: "primary" }, "Make the passkey")
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const label = input.value.trim();
      if (label !== "") return view.answer(label);
      problems.replaceChildren(alert("Give it a name by which you will know it in the list."));
      input.focus();
    });
    return [element("p", {}, "Name it after where it is kept, then follow your browser."), form, actions(back(view))];
  });
}
function confirm(stage, heading, text2, label) {
  return stage.ask(heading, (view) => [
    element("p", {}, text2),
    element("div", { class: "stack" }, button("danger", label, () => view.answer())),
    actions(back(view, "Keep it"))
  ]);
}
function unknownPhrase(stage) {
  return stage.ask("No account has this phrase", (view) => [
    element("p", {}, "The words fit together, but no account here was made with them. It may be the phrase of something else, such as a wallet."),
    element(
      "div",
      { class: "stack" },
      button("primary", "Try another phrase", () => view.answer("again")),
      button("secondary", "Make an account with this phrase", () => view.answer("create"))
    ),
    actions(back(view))
  ]);
}
function recovered(stage) {
  return stage.ask("Welcome back", (view) => [
    element("p", {}, "This is your account, with everything in it. Make a passkey on this device, so that you need no phrase the next time."),
    element(
      "div",
      { class: "stack" },
      withIcon("key", button("primary", "Make a passkey", () => view.answer("passkey"))),
      button("secondary", "Only this once", () => view.answer("once"))
    ),
    actions(back(view))
  ]);
}
function offerKeeping(stage) {
  return stage.ask("Keep your key on this device?", (view) => [
    element("p", {}, "This passkey cannot hold your key, so signing in with it asks for your recovery phrase, unless the key is kept in this browser."),
    element("p", { class: "hint" }, "Kept here it can be used but not read, not even by us. Do not keep it on a device that others use."),
    element(
      "div",
      { class: "stack" },
      button("primary", "Keep it on this device", () => view.answer(true)),
      button("secondary", "Ask for the phrase each time", () => view.answer(false))
    )
  ]);
}
var SECRET_TEXT = {
  autocomplete: "off",
  autocapitalize: "none",
  autocorrect: "off",
  spellcheck: "false",
  "data-1p-ignore": "",
  "data-lpignore": "true"
};
function asked(origin) {
  return origin === void 0 ? void 0 : element("p", { class: "asked" }, "Asked by ", element("b", {}, origin));
}
function date(milliseconds) {
  return new Date(milliseconds).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}
function time2(milliseconds) {
  return new Date(milliseconds).toLocaleString("en", { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
}

// sign-in/webauthn.ts
function supportsPasskeys() {
  return typeof PublicKeyCredential === "function" && typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function" && typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";
}
function mayUsePasskeys() {
  const policy = document.featurePolicy;
  return policy?.allowsFeature("publickey-credentials-get") ?? true;
}
async function makePasskey(options, relyingParty, signal) {
  const publicKey2 = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
  if (publicKey2.rp.id !== relyingParty) throw wrongRelyingParty();
  const credential = await navigator.credentials.create({
    signal,
    publicKey: {
      ...publicKey2,
      attestation: "none",
      authenticatorSelection: {
        ...publicKey2.authenticatorSelection,
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required"
      },
      extensions: await extensions()
    }
  });
  const made = asPublicKey(credential);
  const { prf } = made.getClientExtensionResults();
  const output = prf?.results?.first;
  const later = prf?.enabled === true ? "later" : "never";
  return { id: made.id, response: responseJson(made), prf: output === void 0 ? later : copy(output) };
}
async function usePasskey(options, relyingParty, signal) {
  const publicKey2 = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
  if (publicKey2.rpId !== relyingParty) throw wrongRelyingParty();
  return use(publicKey2, signal);
}
async function outputOf(id, relyingParty, signal) {
  const used = await use(
    {
      challenge: randomBytes(32),
      rpId: relyingParty,
      allowCredentials: [{ type: "public-key", id: fromBase64url2(id) }]
    },
    signal
  );
  return used.id === id ? used.prf : void 0;
}
async function forgetPasskey(id, relyingParty) {
  try {
    await PublicKeyCredential.signalUnknownCredential?.({ rpId: relyingParty, credentialId: id });
  } catch {
  }
}
async function use(publicKey2, signal) {
  const credential = await navigator.credentials.get({
    signal,
    publicKey: { ...publicKey2, userVerification: "required", extensions: await extensions() }
  });
  const used = asPublicKey(credential);
  const output = used.getClientExtensionResults().prf?.results?.first;
  return { id: used.id, response: responseJson(used), prf: output === void 0 ? void 0 : copy(output) };
}
async function extensions() {
  return { prf: { eval: { first: await prfInput() } } };
}
function asPublicKey(credential) {
  if (!(credential instanceof PublicKeyCredential)) throw new DOMException("no passkey was given", "NotAllowedError");
  return credential;
}
function responseJson(credential) {
  return JSON.stringify({ ...credential.toJSON(), clientExtensionResults: {} });
}
function copy(source) {
  return source instanceof ArrayBuffer ? new Uint8Array(source.slice(0)) : new Uint8Array(source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength));
}
function wrongRelyingParty() {
  return new ProvenError("FORBIDDEN", "the node asked for a passkey of another site");
}
function fromBase64url2(text2) {
  return Uint8Array.from(atob(text2.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

// sign-in/flows.ts
var FOLLOW_BROWSER = "Follow your browser.";
var TOO_OLD = "This browser is too old for passkeys. Update it, or use your recovery phrase.";
var NOT_ALLOWED = "The page around this form does not let it use passkeys. Use your recovery phrase, or tell whoever runs the app.";
function wipe(seed) {
  if (seed instanceof Uint8Array) seed.fill(0);
}
var Flow = class {
  #around;
  #stage;
  #cancel = new AbortController();
  constructor(around) {
    this.#around = around;
    this.#stage = new Stage(around.screen);
  }
  /** End it from outside: whatever is waited for is given up. */
  cancel() {
    this.#cancel.abort();
    this.#stage.end();
  }
  /** The person's seed, by whichever way they choose; the caller wipes it. */
  async identify(purpose = "identify") {
    return this.#unlessCancelled(await this.#enter(purpose));
  }
  /** The seed by this way, which the person has chosen already. Throws what goes wrong; the caller wipes the seed. */
  async identifyBy(choice) {
    return this.#unlessCancelled(await this.#by(choice, "own"));
  }
  /** Show the account until the person is done with it. */
  async manage() {
    for (; ; ) {
      const { account: account2, seed, passkey } = await this.#enter("manage");
      wipe(seed);
      if (await this.#keepHouse(account2, passkey)) return;
    }
  }
  #unlessCancelled({ seed }) {
    if (!this.#cancel.signal.aborted) return seed;
    wipe(seed);
    throw new Cancelled("cancelled");
  }
  async #enter(purpose) {
    const asking = { origin: this.#around.origin, purpose };
    let problem = !supportsPasskeys() ? TOO_OLD : !mayUsePasskeys() ? NOT_ALLOWED : void 0;
    for (; ; ) {
      const choice = await choose(this.#stage, asking, problem);
      try {
        return await this.#by(choice, purpose);
      } catch (error) {
        problem = this.#survive(error);
      }
    }
  }
  #by(choice, purpose) {
    if (choice === "create") return this.#create();
    return choice === "phrase" ? this.#recover(purpose) : this.#signIn(purpose);
  }
  /** What to tell the person before they try again. Throws what ends the flow. */
  #survive(error) {
    if (error instanceof Cancelled || this.#cancel.signal.aborted) throw new Cancelled("cancelled");
    return error instanceof WentBack ? void 0 : describe(error);
  }
  async #account() {
    this.#busy("One moment", "Checking the node and opening a sealed session…");
    return new Account(await this.#around.management());
  }
  #busy(heading, text2) {
    this.#stage.busy(heading, text2, () => this.cancel());
  }
  async #signIn(purpose) {
    const account2 = await this.#account();
    const { seed, ...found } = await this.#authenticate(account2);
    const id = found.account;
    const signedIn = seed ?? await keptSeed(id) ?? await this.#typeIn(id, purpose !== "manage");
    try {
      this.#busy("One moment", "Signing in…");
      if (!await isSeedOf(signedIn, id)) throw new ProvenError("FORBIDDEN", "the key in this passkey is one of another account");
      await account2.identify(signedIn);
    } catch (error) {
      wipe(signedIn);
      throw error;
    }
    return { account: id, seed: signedIn, passkey: found.passkey };
  }
  /** A fresh assertion of a passkey, and the seed if it holds it. */
  async #authenticate(account2) {
    this.#busy("Your passkey", FOLLOW_BROWSER);
    const begun = await account2.beginAuthentication();
    const used = await usePasskey(begun.options, this.#around.relyingParty, this.#cancel.signal);
    try {
      this.#busy("One moment", "Signing in…");
      const found = await account2.finishAuthentication(begun, used.response);
      const { wrappedSeed } = found;
      const readable = wrappedSeed !== void 0 && used.prf !== void 0;
      const seed = readable ? await unwrapSeed(wrappedSeed, used.prf, found.account) : void 0;
      return { account: found.account, passkey: found.passkey, seed };
    } finally {
      used.prf?.fill(0);
    }
  }
  /** Have the phrase of `account` typed in; with `mayKeep`, the person may have its key kept in this browser. */
  async #typeIn(account2, mayKeep) {
    const offersKeeping = mayKeep && await canKeep();
    let problem;
    for (; ; ) {
      const asking = {
        heading: "Your recovery phrase",
        reason: "This passkey proves who you are, but cannot hold your key. Type your recovery phrase to go on.",
        submit: "Continue",
        ...offersKeeping && { keep: "Keep the key in this browser, so that the passkey is enough the next time" }
      };
      const { seed, keep } = await askPhrase(this.#stage, asking, problem);
      if (await isSeedOf(seed, account2)) {
        if (keep) await keepSeed(account2, seed);
        return seed;
      }
      wipe(seed);
      problem = "This is the phrase of another account than the passkey’s.";
    }
  }
  async #create() {
    const account2 = await this.#account();
    const seed = newSeed();
    try {
      const id = await account2.identify(seed);
      const holds = await this.#register(account2, id, seed, deviceName(), false);
      if (holds) await this.#teach(seed, true);
      return { account: id, seed, passkey: void 0 };
    } catch (error) {
      wipe(seed);
      throw error;
    }
  }
  async #recover(purpose) {
    const { seed } = await askPhrase(this.#stage, {
      heading: "Use a recovery phrase",
      reason: "Type the 24 words of your account. They are read in this browser and sent to nobody.",
      submit: "Continue"
    });
    try {
      const account2 = await this.#account();
      const id = await account2.identify(seed);
      const known = (await account2.passkeys()).length > 0;
      if (!known && await unknownPhrase(this.#stage) === "again") {
        wipe(seed);
        return await this.#recover(purpose);
      }
      const makes = !known || purpose !== "manage" && supportsPasskeys() && mayUsePasskeys() && await recovered(this.#stage) === "passkey";
      if (makes) await this.#register(account2, id, seed, deviceName(), true);
      return { account: id, seed, passkey: void 0 };
    } catch (error) {
      wipe(seed);
      throw error;
    }
  }
  /**
   * Make a passkey for the account that the session acts as. Answers whether it holds the seed. Where it cannot,
   * the person has to have the phrase (`phraseKnown`, or it is shown and asked back) before the passkey counts.
   */
  async #register(account2, id, seed, label, phraseKnown) {
    const { relyingParty } = this.#around;
    let known = phraseKnown;
    for (; ; ) {
      this.#busy("Your new passkey", FOLLOW_BROWSER);
      const begun = await account2.beginRegistration(label);
      const made = await makePasskey(begun.options, relyingParty, this.#cancel.signal);
      let sent2 = false;
      try {
        const prf = made.prf === "later" ? await this.#useOnce(made.id) : made.prf === "never" ? void 0 : made.prf;
        if (prf === void 0 && !known) {
          await this.#teach(seed, false);
          known = true;
        }
        if (performance.now() >= begun.endsAt) {
          const late = "Making the passkey took too long, so it has to be made once more.";
          await step(this.#stage, "Your new passkey", late, "Make the passkey");
          continue;
        }
        this.#busy("One moment", "Storing your passkey…");
        const wrapped = prf === void 0 ? void 0 : await wrapSeed(seed, prf, id);
        prf?.fill(0);
        sent2 = true;
        await account2.finishRegistration(begun, made.response, wrapped);
        if (prf === void 0 && await canKeep() && await offerKeeping(this.#stage)) await keepSeed(id, seed);
        return prf !== void 0;
      } catch (error) {
        if (!sent2) await forgetPasskey(made.id, relyingParty);
        throw error;
      } finally {
        if (made.prf instanceof Uint8Array) made.prf.fill(0);
      }
    }
  }
  /** Some authenticators give the output of their function only when the passkey is used. */
  async #useOnce(passkey) {
    const why = "Your passkey is made. Use it once, so that it can hold your key.";
    await step(this.#stage, "One more step", why, "Use the passkey");
    this.#busy("Your new passkey", FOLLOW_BROWSER);
    return outputOf(passkey, this.#around.relyingParty, this.#cancel.signal);
  }
  /** Show the phrase and ask it back. */
  async #teach(seed, optional2) {
    const words = toWords(seed);
    const showing = {
      heading: "Your recovery phrase",
      reason: optional2 ? "Your account is ready. These words bring it back if you lose your passkey; you find them in your account later, too." : "This passkey can prove who you are, but cannot hold your key. These words can: you need them when you sign in.",
      optional: optional2,
      done: "I have written them down"
    };
    for (; ; ) {
      if (!await showPhrase(this.#stage, words, showing)) return;
      if (await confirmPhrase(this.#stage, words, pickPositions())) return;
    }
  }
  /** Answers true when the person is done, false when they have to sign in again. */
  async #keepHouse(id, inUse) {
    let news2;
    let problem;
    for (; ; ) {
      try {
        const account2 = await this.#account();
        const [passkeys, sessions, kept] = [await account2.passkeys(), await account2.sessions(), await keptSeed(id)];
        const shown = { origin: this.#around.origin, passkeys, sessions, inUse, keptHere: kept !== void 0, news: news2, problem };
        const action = await account(this.#stage, shown);
        news2 = problem = void 0;
        if (action.do === "done") return true;
        news2 = await this.#do(account2, id, action);
      } catch (error) {
        if (error instanceof ProvenError && (error.code === "SESSION_CLOSED" || error.code === "NO_IDENTITY")) return false;
        problem = this.#survive(error);
      }
    }
  }
  /** Carry out what the person chose. Answers what to tell them. */
  async #do(account2, id, action) {
    switch (action.do) {
      case "add":
        return this.#add(account2, id);
      case "phrase":
        return this.#showAgain(account2, id);
      case "forget":
        await forgetSeed(id);
        return "The key is no longer kept in this browser.";
      case "revoke":
        await account2.revokeSession(action.session);
        return "That account view is closed.";
      case "remove": {
        const { label } = action.passkey;
        const after = "Nobody can sign in with it any more. Your account and your other passkeys stay as they are.";
        await confirm(this.#stage, `Remove “${label}”?`, after, "Remove the passkey");
        this.#busy("One moment", "Removing the passkey…");
        await account2.removePasskey(action.passkey.id);
        await forgetPasskey(action.passkey.id, this.#around.relyingParty);
        return `“${label}” is removed.`;
      }
      default:
        return void 0;
    }
  }
  async #add(account2, id) {
    const why = "Your new passkey will hold your key. First confirm that it is you, with a passkey that you have.";
    await step(this.#stage, "Add a passkey", why, "Continue");
    const found = await this.#again(account2, id);
    const seed = found ?? await this.#typeIn(id, false);
    try {
      const label = await namePasskey(this.#stage, deviceName());
      await this.#register(account2, id, seed, label, found === void 0);
      return `“${label}” is added.`;
    } finally {
      wipe(seed);
    }
  }
  async #showAgain(account2, id) {
    await step(this.#stage, "Show recovery phrase", "First confirm that it is you, with your passkey.", "Continue");
    const seed = await this.#again(account2, id);
    if (seed === void 0) throw new ProvenError("FORBIDDEN", "this passkey does not hold your key, so it cannot show the phrase");
    try {
      const reason = "These words bring your account back if you lose your passkeys.";
      const showing = { heading: "Your recovery phrase", reason, optional: true, done: "Done" };
      await showPhrase(this.#stage, toWords(seed), showing);
      return void 0;
    } finally {
      wipe(seed);
    }
  }
  /** A fresh assertion by the account that is signed in, with the seed if the passkey holds it. */
  async #again(account2, id) {
    const found = await this.#authenticate(account2);
    if (found.account === id) return found.seed;
    wipe(found.seed);
    throw new ProvenError("FORBIDDEN", "that passkey is one of another account");
  }
};

// ../packages/sdk/src/log/entries.ts
var ENTRY_LABEL = "proven/log-entry/v1";
var MAX_ENTRY = 2 ** 16 - 1;
function decodeEntry(leaf) {
  const items = decodeStrictly(leaf, MAX_ENTRY, 1);
  const [label, at, kind, ...fields] = Array.isArray(items) ? items : [];
  if (label !== ENTRY_LABEL) throw bad3("not an entry of the log of applications");
  if (!isCount(at)) throw bad3("the time of an entry is in milliseconds");
  if (kind === "command" && fields.length === 1 && fields[0] instanceof Uint8Array) {
    const signed2 = decodeEnvelope(fields[0]);
    return { kind, at, applicationId: signed2.applicationId, signed: signed2 };
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
var bad3 = (message) => new ProvenError("BAD_REQUEST", message);

// ../packages/sdk/src/log/merkle.ts
var HASH_BYTES = 32;
var MAX_PROOF = 63;
var sha2562 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
var leafHash = (entry) => sha2562(concat(Uint8Array.of(0), entry));
var nodeHash = (left, right) => sha2562(concat(Uint8Array.of(1), left, right));
async function rootOf(leaves) {
  if (leaves.length === 0) return sha2562(new Uint8Array(0));
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
async function checkInclusion(leaf, index, size, root2, proof) {
  if (!isSize(index) || !isSize(size) || index >= size) throw refused(`the log of ${size} entries has no entry ${index}`);
  checkHashes([leaf, root2, ...proof]);
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
  if (last !== 0 || !equal(current, root2)) throw refused("the proof of inclusion does not lead to the root of the log");
}
async function checkConsistency(oldSize, size, oldRoot, root2, proof) {
  checkHashes([oldRoot, root2, ...proof]);
  if (!isSize(oldSize) || !isSize(size) || oldSize > size) {
    throw refused(`a log that had ${oldSize} entries has ${size} now: it was rolled back`);
  }
  if (oldSize === 0 || oldSize === size) {
    const expected = oldSize === 0 ? await rootOf([]) : root2;
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
  if (last !== 0 || !equal(first, oldRoot) || !equal(second, root2)) {
    throw refused("the log does not continue the one that was seen before: it was forked or rolled back");
  }
}
function checkHashes(hashes) {
  if (hashes.length > MAX_PROOF + 2 || hashes.some(({ length }) => length !== HASH_BYTES)) {
    throw refused("a proof is a short list of SHA-256 hashes");
  }
}
function isPowerOfTwo(count) {
  let rest = count;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}
var half = (count) => Math.floor(count / 2);
var isSize = (count) => Number.isSafeInteger(count) && count >= 0;
var refused = (message) => broken("log", message);

// ../packages/sdk/src/log/replay.ts
var MAX_DOMAIN_PROOF = 30 * 24 * 3600 * 1e3;
var Replay = class {
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
  #command(state, signed2, at, index) {
    requireAuthority(state, signed2);
    requireNext(state, at, endsPending(state, signed2) ? state.history.length : signed2.revision);
    const { command } = signed2;
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
async function applicationId(owner, nonce) {
  return toBase32((await sha2562(encode(["proven/application/v1", owner, nonce]))).slice(0, 20));
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
function endsPending({ pending, history: history2 }, { command: { command }, revision }) {
  if (pending === null || command !== "CancelUpgrade" && command !== "Veto") return false;
  return history2.indexOf(pending.logIndex) < revision && revision <= history2.length;
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
var DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
var UPGRADES = /* @__PURE__ */ new Set(["Deploy", "RollBack", "SetUpgradePolicy", "TransferOwnership"]);
var refuse = (code2, message, details2) => new ProvenError(code2, message, { details: details2 });
function inWords2(index, error) {
  const { code: code2, message, details: details2 } = error;
  if (code2 === "UNAUTHENTICATED") return `entry ${index} of the log is not signed by those it names: ${message}`;
  if (code2 === "CONFLICT" && details2?.revision !== void 0) {
    return `entries of the application were left out or added before entry ${index}: ${message} as its author had seen`;
  }
  if (code2 === "NOT_OWNER" || code2 === "FORBIDDEN") return `entry ${index} breaks the upgrade policy: ${message}`;
  return `entry ${index} breaks the rules of applications: ${message}`;
}

// owner/words.ts
var UNITS = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
function inWords3(command) {
  switch (command.command) {
    case "CreateApplication":
      return `Create the application ${visible(command.name)}`;
    case "Deploy":
      return `Deploy the package ${command.packageId}`;
    case "RollBack":
      return `Roll back to version ${command.version}`;
    case "CancelUpgrade":
      return "Cancel the pending change";
    case "Veto":
      return "Veto the pending change";
    case "SetUpgradePolicy":
      return `Set the policy: ${policyInWords(command.policy)}`;
    case "TransferOwnership":
      return `Make ${toHex(command.to)} the owner`;
    case "AddAllowedOrigin":
      return `Allow pages of ${visible(command.origin)}`;
    case "RemoveAllowedOrigin":
      return `No longer allow pages of ${visible(command.origin)}`;
    case "LinkDomain":
      return `Claim the domain ${visible(command.domain)}`;
    case "UnlinkDomain":
      return `Give up the domain ${visible(command.domain)}`;
    case "Archive":
      return "Archive the application";
  }
}
var readingInWords = (what2, name, until) => `Read the ${what2} of ${visible(name)} until ${moment(until * 1e3)}`;
function givenAway(policy) {
  if (policy === void 0 || !("keys" in policy)) return "Only who holds that key can give it back.";
  return `${together(policy.threshold, policy.keys.length)} can change it then as before, and give it to somebody else; who holds that key alone cannot.`;
}
function policyInWords(policy) {
  switch (policy.kind) {
    case "immutable":
      return "Nobody can change this.";
    case "owner":
      return "Its owner can change it at any moment.";
    case "timelock":
      return `Its owner can change it; changes are announced ${duration(policy.delay)} before.`;
    case "multisig":
      return `${together(policy.threshold, policy.keys.length)} can change it at any moment.`;
    case "timelock_multisig":
      return `${together(policy.threshold, policy.keys.length)} can change it; changes are announced ${duration(policy.delay)} before.`;
  }
}
function guardiansInWords(policy) {
  const { length } = guardiansOf(policy);
  if (length === 0) return void 0;
  const who = length === 1 ? "A guardian can" : `Any of ${length} guardians can`;
  return `${who} veto a change until it takes effect, and can do nothing else.`;
}
function duration(seconds) {
  const parts = [];
  let rest = Math.max(1, Math.floor(seconds));
  for (const [size, unit] of UNITS) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(plural(count, unit));
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ");
}
var plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
var moment = (milliseconds) => `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
var visible = (text2) => text2.replace(/[^\x20-\x7e]/gu, (character) => `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
function together(threshold, keys) {
  if (threshold === keys) return keys === 1 ? "The holder of one key" : `All of ${keys} key holders together`;
  return threshold === 1 ? `Any one of ${keys} key holders` : `${threshold} of ${keys} key holders together`;
}

// owner/asked.ts
var NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
var ORIGIN = /^https?:\/\/[a-z0-9.:[\]-]{1,240}$/;
var DOMAIN2 = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
var NO_APPLICATION = "a".repeat(32);
function askedBody(given) {
  const raw = given.slice();
  return asked2(decodeBody(raw), raw, []);
}
async function askedEnvelope(given) {
  if (given.length > MAX_ENVELOPE) throw new ProvenError("TOO_LARGE", `it has more than ${MAX_ENVELOPE / 1024} KiB`);
  const signed2 = decodeEnvelope(given.slice());
  await verifyCommand(signed2);
  if (signed2.command.command === "CreateApplication") {
    throw new ProvenError("BAD_REQUEST", "an application is created by one signature alone, which this has already");
  }
  return asked2(signed2, signed2.raw, signed2.signatures);
}
function askedCreation(origin, fields) {
  const item = decodeStrictly(fields.slice(), MAX_ENVELOPE, 5);
  const bodyFor = (application2) => encode([BODY_LABEL, origin, application2, 0, encodable(item)]);
  const { command, revision } = decodeBody(bodyFor(NO_APPLICATION));
  if (command.command !== "CreateApplication") throw new ProvenError("BAD_REQUEST", "it creates no application");
  requireSensible(command);
  const body = async (publicKey2) => bodyFor(await applicationId(publicKey2, command.nonce));
  return { origin, applicationId: null, revision, command, signatures: [], body };
}
function compose(origin, applicationId2, revision, fields) {
  return askedBody(encode([BODY_LABEL, origin, applicationId2, revision, fields]));
}
async function sign2(asked3, seed, mayBe) {
  const key = await deriveOwnerKey(seed);
  mayBe(key.publicKey);
  const body = await asked3.body(key.publicKey);
  decodeBody(body);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key.privateKey, body));
  return { publicKey: key.publicKey, signature, body };
}
function envelopeOf({ signatures }, { publicKey: publicKey2, signature, body }) {
  const others = signatures.filter(([key]) => !equal(key, publicKey2));
  const all = [...others, [publicKey2, signature]].sort(([a], [b]) => toHex(a) < toHex(b) ? -1 : 1);
  return encode({ body, signatures: all });
}
function asked2({ origin, applicationId: applicationId2, revision, command }, raw, signatures) {
  requireSensible(command);
  if (command.command === "CreateApplication") {
    throw new ProvenError("BAD_REQUEST", "an application is created by `proven app create NAME --passkey`, or with a key file");
  }
  return { origin, applicationId: applicationId2, revision, command, signatures, body: () => Promise.resolve(raw) };
}
function requireSensible(command) {
  const refuse2 = (what2, text2) => {
    throw new ProvenError("BAD_REQUEST", `this is no ${what2}: ${visible(text2.slice(0, 100))}`);
  };
  if ("name" in command && !isName(command.name)) refuse2("name of an application", command.name);
  if ("origin" in command && !ORIGIN.test(command.origin)) refuse2("origin of a page", command.origin);
  if ("domain" in command && !DOMAIN2.test(command.domain)) refuse2("domain", command.domain);
}
var isName = (text2) => NAME.test(text2) && text2.slice(2, 4) !== "--" && !/^[a-z2-7]{32}$/.test(text2);
function encodable(item) {
  if (typeof item === "bigint") throw new ProvenError("BAD_REQUEST", "a number that no command has");
  if (Array.isArray(item)) return item.map(encodable);
  return item instanceof Map ? new Map([...item].map(([key, value]) => [key, encodable(value)])) : item;
}

// owner/permission.ts
var PERMISSION_LABEL = "proven/read-application/v1";
var LONGEST = 12 * 3600;
var LEEWAY = 300;
var MAX_BYTES = 1024;
function askedPermission(given) {
  const raw = given.slice();
  const fields = decodeStrictly(raw, MAX_BYTES, 2);
  if (!Array.isArray(fields) || fields.length !== 6 || fields[0] !== PERMISSION_LABEL) throw bad4("it has its label and five fields");
  const [, origin, applicationId2, what2, reader, until] = fields;
  if (typeof origin !== "string" || origin.length === 0 || origin.length > 255) throw bad4("it names the log");
  if (typeof applicationId2 !== "string" || !isId(applicationId2)) throw bad4("it is for one application");
  if (what2 !== "logs" && what2 !== "metrics") throw bad4("it is to read logs, or metrics");
  if (typeof reader !== "string" || !isId(reader)) throw bad4("it is for one reader");
  if (!isCount(until)) throw bad4("it ends");
  return { origin, applicationId: applicationId2, what: what2, reader, until, raw };
}
function outOfTime({ until }, now) {
  if (until * 1e3 <= now) return "Its time is over. Run the command again.";
  if (until * 1e3 > now + (LONGEST + LEEWAY) * 1e3) return `It would last longer than ${LONGEST / 3600} hours, which no node takes.`;
  return void 0;
}
async function signPermission(permission, seed, mayBe) {
  const key = await deriveOwnerKey(seed);
  mayBe(key.publicKey);
  const body = permission.raw;
  const late = outOfTime(askedPermission(body), Date.now());
  if (late !== void 0) throw new ProvenError("CONFLICT", late);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key.privateKey, body));
  return { publicKey: key.publicKey, signature, body };
}
var isId = (text2) => /^[a-z2-7]{32}$/.test(text2);
var bad4 = (what2) => new ProvenError("BAD_REQUEST", `this is no permission to read: ${what2}`);

// owner/handover.ts
var PREFIX = "#command=";
var MAX_FRAGMENT = 2 * MAX_ENVELOPE;
var TOKEN_BYTES = 32;
var TIMEOUT2 = 2e4;
var isHandover = (fragment) => fragment.startsWith(PREFIX);
async function readHandover(fragment) {
  if (fragment.length > MAX_FRAGMENT) throw new ProvenError("TOO_LARGE", "the address is too long");
  const fields = decodeStrictly(fromBase64url3(fragment.slice(PREFIX.length)), MAX_ENVELOPE, 1);
  if (!(fields instanceof Map)) throw bad5();
  const [port, token, body, origin, create] = ["port", "token", "body", "origin", "create"].map((name) => fields.get(name));
  const [envelope, read4] = ["envelope", "read"].map((name) => fields.get(name));
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1024 || port > 65535) throw bad5();
  if (!(token instanceof Uint8Array) || token.length !== TOKEN_BYTES) throw bad5();
  if (body instanceof Uint8Array && fields.size === 3) return { asked: askedBody(body), port, token };
  if (envelope instanceof Uint8Array && fields.size === 3) return { asked: await askedEnvelope(envelope), port, token };
  if (read4 instanceof Uint8Array && fields.size === 3) return { permission: askedPermission(read4), port, token };
  if (typeof origin === "string" && create instanceof Uint8Array && fields.size === 4) {
    return { asked: askedCreation(origin, create), port, token };
  }
  throw bad5();
}
async function giveBack({ port, token }, { publicKey: publicKey2, signature }) {
  let response;
  try {
    response = await fetch(`http://127.0.0.1:${port}/signature`, {
      method: "POST",
      body: JSON.stringify({ token: toHex(token), public_key: toHex(publicKey2), signature: toHex(signature) }),
      headers: { "content-type": "application/json" },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT2)
    });
  } catch (error) {
    throw new ProvenError("UNAVAILABLE", "the command line is not reached", { cause: error });
  }
  if (!response.ok) throw new ProvenError("FORBIDDEN", "the command line does not take this signature: it waits for another");
}
function fromBase64url3(text2) {
  if (!/^[A-Za-z0-9_-]+$/.test(text2)) throw bad5();
  try {
    return Uint8Array.from(atob(text2.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  } catch {
    throw bad5();
  }
}
var bad5 = () => new ProvenError("BAD_REQUEST", "the address is not one that `proven` writes");

// ../packages/sdk/src/time.ts
var Deadline = class {
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
  race(promise, what2 = "no answer") {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ProvenError("REQUEST_TIMEOUT", `${what2} within ${this.#timeout / 1e3} seconds`));
      }, this.left);
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
};
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

// ../packages/sdk/src/transports.ts
var MAX_DESCRIPTION = 1024 * 1024;
var MAX_REFUSAL = 64 * 1024;
var MAX_BUFFERED = 4 * MAX_FRAME;
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
var unreachable = (reason) => new ProvenError("UNAVAILABLE", `the node cannot be reached: ${reason}`);

// ../packages/sdk/src/log/base64.ts
function fromBase64(text2) {
  let raw;
  try {
    raw = atob(text2);
  } catch {
    throw new TypeError("not base64");
  }
  if (btoa(raw) !== text2) throw new TypeError("not base64 in its only form");
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}
var toBase64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (found) => ({ "+": "-", "/": "_" })[found] ?? "");

// ../packages/sdk/src/log/notes.ts
var MAX_NOTE = 64 * 1024;
var MAX_SIGNATURES2 = 100;
var MAX_NAME = 256;
var ED25519 = 1;
var COSIGNATURE = 4;
var DASH = "— ";
function parseNote(raw) {
  if (raw.length > MAX_NOTE) throw new ProvenError("TOO_LARGE", `a note has at most ${MAX_NOTE} bytes`);
  const whole = textOf(raw);
  if (/[\x00-\x09\x0b-\x1f\x7f]/.test(whole)) throw bad6("a note has no control characters");
  const end = whole.lastIndexOf("\n\n");
  const lines = whole.slice(end + 2);
  if (end < 1 || !lines.endsWith("\n")) throw bad6("a note is text, an empty line, and signatures");
  const listed = lines.slice(0, -1).split("\n");
  if (listed.length > MAX_SIGNATURES2) {
    throw new ProvenError("TOO_LARGE", `a note has at most ${MAX_SIGNATURES2} signatures`);
  }
  return { text: `${whole.slice(0, end)}
`, signatures: listed.map(parseSignature) };
}
function parseCheckpoint(text2) {
  const [origin = "", size = "", root2 = "", ...extensions2] = text2.replace(/\n$/, "").split("\n");
  if (!text2.endsWith("\n") || [origin, size, root2, ...extensions2].includes("")) {
    throw bad6("a checkpoint is an origin, a size and a root, a line each");
  }
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw bad6("the size of a checkpoint is a decimal number");
  }
  const hash = decoded(root2);
  if (hash.length !== HASH_BYTES) throw bad6("the root of a checkpoint is 32 bytes");
  return { origin, size: Number(size), root: hash, extensions: extensions2 };
}
async function parseKey(text2) {
  const [, name = "", id, encoded = ""] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text2) ?? [];
  const raw = decoded(encoded);
  if (!isSignerName(name) || raw.length !== 33 || raw[0] !== ED25519 && raw[0] !== COSIGNATURE) {
    throw bad6("not the verifier key of an Ed25519 signer");
  }
  const publicKey2 = raw.slice(1);
  if (id !== toHex(await keyIdOf(name, raw[0], publicKey2))) throw bad6("the verifier key has the id of another");
  return { name, publicKey: publicKey2, verifierKey: text2 };
}
async function checkNote(key, note) {
  const signature = await findSignature(key, ED25519, note);
  if (signature === void 0) throw broken("log", `the note is not signed by ${key.name}`);
  if (!await isSigned(key.publicKey, signature.blob, utf8(note.text))) {
    throw broken("log", `the signature of ${key.name} is wrong`);
  }
}
async function findSignature(key, kind, note) {
  const id = await keyIdOf(key.name, kind, key.publicKey);
  return note.signatures.find(({ name, keyId }) => name === key.name && equal(keyId, id));
}
async function keyIdOf(name, kind, publicKey2) {
  return (await sha2562(concat(utf8(`${name}
`), Uint8Array.of(kind), publicKey2))).slice(0, 4);
}
function parseSignature(line) {
  const [, name = "", encoded] = new RegExp(`^${DASH}([^ ]*) (.*)$`, "s").exec(line) ?? [];
  if (encoded === void 0 || !isSignerName(name)) throw bad6("a signature line is a dash, a name and base64");
  const raw = decoded(encoded);
  if (raw.length < 5) throw bad6("a signature begins with the id of its key");
  return { name, keyId: raw.slice(0, 4), blob: raw.slice(4) };
}
var isSignerName = (name) => /^[^\s\x85+\x00-\x1f\x7f]+$/u.test(name) && [...name].length <= MAX_NAME;
function textOf(raw) {
  try {
    return fromUtf8(raw);
  } catch {
    throw bad6("a note is UTF-8");
  }
}
function decoded(text2) {
  try {
    return fromBase64(text2);
  } catch {
    throw bad6("not base64");
  }
}
var bad6 = (message) => new ProvenError("BAD_REQUEST", message);

// ../packages/sdk/src/log/collect.ts
var WIDTH = 256;
var WHOLE_LOG = 1024;
var MAX_KEY = 32 * 1024;
var MAX_PROOF2 = 64 * 1024;
var MAX_PAGE = 32 * 1024 * 1024;
var MAX_PAGES = 100;
var ATTEMPTS = 20;
var MAX_ANNOUNCEMENTS = 16;
var Collector = class {
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
    const tiles = Array.from({ length: Math.ceil(size / WIDTH) }, (_, number) => this.#tile(number, size));
    const leaves = (await Promise.all(tiles)).flat();
    return { whole: true, entries: leaves.map((leaf, index) => ({ index, leaf, proof: [] })) };
  }
  async consistency(old, size) {
    const body = await this.#get(`consistency?old=${old}&new=${size}`, MAX_PROOF2);
    return readHashes(record(body).hashes);
  }
  /** The checkpoints of up to `size` entries by which witnesses say since when these entries are public. */
  async cosigned(indexes, size) {
    const asked3 = indexes.slice(-MAX_ANNOUNCEMENTS).join(",");
    const { notes } = record(await this.#get(`cosigned?entries=${asked3}`, MAX_PAGE));
    if (!Array.isArray(notes) || notes.some((note) => typeof note !== "string")) throw malformed3();
    return notes.map((note) => utf8(note)).filter((note) => parseCheckpoint(parseNote(note).text).size <= size);
  }
  async #tile(number, size) {
    const width = Math.min(WIDTH, size - number * WIDTH);
    const partial = width === WIDTH ? "" : `.p/${width}`;
    const path = `tile/entries/${String(number).padStart(3, "0")}${partial}`;
    return splitEntries(await this.#get(path, width * (MAX_ENTRY + 2)));
  }
  async #listed(applicationId2, size) {
    const found = [];
    let after = -1;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `size=${size}${after < 0 ? "" : `&after=${after}`}`;
      const { entries, more } = record(await this.#get(`application/${applicationId2}?${query}`, MAX_PAGE));
      if (!Array.isArray(entries)) throw malformed3();
      for (const entry of entries) {
        const { index, leaf, hashes } = Object(entry);
        if (!Number.isSafeInteger(index) || index <= after || typeof leaf !== "string") throw malformed3();
        after = index;
        found.push({ index: after, leaf: bytesOf2(leaf), proof: readHashes(hashes) });
      }
      if (more !== true || entries.length === 0) return found;
    }
    throw new ProvenError("TOO_LARGE", "the application has more entries than can be read here");
  }
  #get(path, maxBytes) {
    const timeout = Math.max(1, Math.ceil(this.#deadline.left));
    return request(`${this.#base}/${path}`, { timeout, maxBytes });
  }
};
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
  if (!Array.isArray(listed) || listed.length > 65) throw malformed3();
  return listed.map(bytesOf2);
}
function bytesOf2(text2) {
  if (typeof text2 !== "string") throw malformed3();
  try {
    return fromBase64(text2);
  } catch {
    throw malformed3();
  }
}
var malformed3 = () => broken("log", "the node's list of entries or hashes is malformed");

// ../packages/sdk/src/database.ts
var TIMEOUT3 = 2e3;
async function open2(name, stores) {
  const request2 = indexedDB.open(name, 1);
  request2.onupgradeneeded = () => {
    for (const store of stores) request2.result.createObjectStore(store);
  };
  await within2((resolve, reject) => {
    request2.onsuccess = resolve;
    request2.onerror = request2.onblocked = reject;
  });
  return request2.result;
}
function within2(start) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, TIMEOUT3);
    start(
      () => (clearTimeout(timer), resolve()),
      () => (clearTimeout(timer), reject(new Error("IndexedDB does not work here")))
    );
  });
}

// ../packages/sdk/src/log/memory.ts
var DATABASE2 = "proven-log";
var LOGS = "logs";
var APPLICATIONS = "applications";
var LogMemory = class _LogMemory {
  #database;
  constructor(database) {
    this.#database = database;
  }
  static async open() {
    try {
      return new _LogMemory(await open2(DATABASE2, [LOGS, APPLICATIONS]));
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
    await within2((resolve, reject) => {
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
    await within2((resolve, reject) => {
      request2.onsuccess = resolve;
      request2.onerror = reject;
    });
    return request2.result;
  }
};

// ../packages/sdk/src/log/words.ts
var moment2 = (milliseconds) => milliseconds < 2534023008e5 ? `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC` : "a day after the year 9999";

// ../packages/sdk/src/log/times.ts
var CLOCK_SKEW = 3e5;
var SUPERSEDED_GRACE = 15 * 6e4;
var NOTICE_GRACE = 1 / 16;
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

// ../packages/sdk/src/log/view.ts
async function readLog(key, checkpoint, entries, whole) {
  const { size, root: root2 } = checkpoint;
  const leaves = await Promise.all(entries.map(({ leaf }) => leafHash(leaf)));
  if (whole) {
    if (entries.length !== size) {
      throw broken("log", `the log has ${size} entries, and ${entries.length} were given as the whole log`);
    }
    if (!equal(await rootOf(leaves), root2)) {
      throw broken("log", "the entries are not those that the checkpoint signs: their root is another");
    }
    return { key, checkpoint, entries, leaves };
  }
  for (const [number, { index, proof }] of entries.entries()) {
    try {
      await checkInclusion(leaves[number], index, size, root2, proof);
    } catch (error) {
      throw broken("log", `entry ${index} is not shown to be in the log: ${asProvenError(error).message}`);
    }
  }
  return { key, checkpoint, entries, leaves: null };
}
async function checkBegin({ checkpoint, leaves }, size, root2, proof) {
  if (leaves !== null) {
    if (!equal(await rootOf(leaves.slice(0, size)), root2)) throw broken("log", "its first entries are others");
    return;
  }
  const hashes = size === checkpoint.size || size === 0 ? [] : await proof(size);
  await checkConsistency(size, checkpoint.size, root2, checkpoint.root, hashes);
}

// ../packages/sdk/src/log/check.ts
var LOG_LABEL = "proven/log-key/v1";
var NAME_PREFIX = "proven.local/";
var MAX_KEY2 = 32 * 1024;
async function readKey(raw, nonce, policy, session) {
  const fields = understood(() => decodeStrictly(raw, MAX_KEY2, 1));
  const [text2, document2] = fields instanceof Map ? [fields.get("key"), fields.get("evidence")] : [];
  if (!(fields instanceof Map) || fields.size !== 2 || typeof text2 !== "string" || !(document2 instanceof Uint8Array)) {
    throw broken("log", "the node sent something that is no key of a log");
  }
  const key = await parseKey(text2).catch(passOn);
  if (key.name.startsWith(NAME_PREFIX) && key.name !== NAME_PREFIX + toHex(await sha2562(key.publicKey))) {
    throw broken("log", `${key.name} is the name of another key than the one shown`);
  }
  const userData = await sha2562(encode([LOG_LABEL, text2]));
  let evidence;
  try {
    evidence = await verifyEvidence(document2, { nonce, userData, publicKey: key.publicKey }, policy);
  } catch (error) {
    throw broken("log", `the key of the log is not attested: ${asProvenError(error).message}`);
  }
  if (evidence.root !== session.root || evidence.moduleId !== session.moduleId) {
    throw broken("log", `the key of the log is attested by another node (${evidence.moduleId}) than the one that answers`);
  }
  return [key, evidence.timestamp];
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
var seen = ({ size, seenAt }) => ({ seenSize: size, seenAt: iso2(seenAt) });
var contradicted = (message, details2) => broken("log", message, details2);
function understood(read4) {
  try {
    return read4();
  } catch (error) {
    return passOn(error);
  }
}
function passOn(error) {
  throw broken("log", `the log is malformed: ${asProvenError(error).message}`);
}
var iso2 = (milliseconds) => new Date(milliseconds).toISOString();

// owner/log.ts
var TIMEOUT4 = 3e4;
var LogReader = class {
  #management;
  #development;
  constructor(management, development) {
    this.#management = management;
    this.#development = development;
  }
  /** The name of the log, whose key the node has attested. */
  async origin() {
    const [key] = await this.#key(new Collector(location.origin, new Deadline(TIMEOUT4)));
    return key.name;
  }
  /** What is true of an application when the log has at least `size` entries. */
  async read(applicationId2, size = 0) {
    const memory = await LogMemory.open();
    try {
      const deadline = new Deadline(TIMEOUT4);
      return await deadline.race(this.#read(applicationId2, size, new Collector(location.origin, deadline), memory));
    } finally {
      memory.close();
    }
  }
  async #read(applicationId2, size, collector, memory) {
    const [key, attestedAt] = await this.#key(collector);
    const known = await this.#known(memory, applicationId2, key);
    const [, checkpoint] = await readCheckpoint(key, await collector.checkpoint(size));
    checkSize(checkpoint, known);
    const given = await collector.entries(applicationId2, checkpoint.size);
    const view = await readLog(key, checkpoint, given.entries, given.whole);
    await checkRemembered(view, known, (old) => collector.consistency(old, checkpoint.size));
    const { state, entries, times } = await replayed(view, applicationId2);
    const now = Date.now();
    checkTimes(times, known, [], { now, latest: Math.min(now, attestedAt) });
    if (state !== null) await memory.remember(applicationId2, seen2(key, checkpoint));
    const bodies = entries.flatMap(([, entry]) => entry.kind === "command" ? [entry.signed.raw] : []);
    return { origin: checkpoint.origin, state, bodies, complete: given.whole };
  }
  async #key(collector) {
    const { evidence } = await this.#management();
    const nonce = randomBytes(32);
    return readKey(await collector.key(nonce), nonce, policyFor(this.#development), evidence);
  }
  async #known(memory, applicationId2, { name, verifierKey }) {
    const [before, known] = await Promise.all([memory.logOf(applicationId2), memory.log(name)]);
    if (before !== void 0 && before.origin !== name) {
      throw broken("log", `this browser saw the application in the log ${before.origin}, and it is now shown in ${name}`);
    }
    if (known !== void 0 && known.verifierKey !== verifierKey) throw broken("log", `the log ${name} has another key than before`);
    return known ?? null;
  }
};
var includesBody = ({ bodies }, body) => bodies.some((each) => equal(each, body));
async function replayed(view, applicationId2) {
  const replay2 = new Replay(view.checkpoint.origin, applicationId2);
  const entries = [];
  const times = /* @__PURE__ */ new Map();
  for (const { index, leaf } of view.entries) {
    try {
      const entry = decodeEntry(leaf);
      times.set(index, entry.at);
      if (entry.applicationId !== applicationId2) continue;
      await replay2.append(entry, index);
      entries.push([index, entry]);
    } catch (error) {
      throw broken("log", inWords2(index, asProvenError(error)));
    }
  }
  return { state: replay2.state, entries, times };
}
var seen2 = ({ verifierKey }, { origin, size, root: root2 }) => ({
  origin,
  verifierKey,
  size,
  root: root2,
  seenAt: Date.now()
});

// owner/node.ts
var TIMEOUT5 = 3e4;
var MAX_LIST = 1024 * 1024;
var MAX_ANSWER2 = 64 * 1024;
async function applicationsOf(key) {
  const { applications, more } = record2(await get(`/owner/applications?key=${toHex(key)}`, MAX_LIST));
  if (!Array.isArray(applications) || typeof more !== "boolean") throw malformed4();
  return { applications: applications.map(readListed), more };
}
async function hasPackage(packageId) {
  try {
    await get(`/explorer/packages/${packageId}.json`, 16 * MAX_LIST);
    return true;
  } catch (error) {
    if (error instanceof ProvenError && error.code === "NOT_FOUND") return false;
    throw error;
  }
}
async function submit(envelope) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, envelope.length);
  const answer = await request(`${location.origin}/.well-known/proven/commands`, {
    timeout: TIMEOUT5,
    maxBytes: MAX_ANSWER2,
    body: concat(length, envelope)
  });
  const { log_index: logIndex, activates_at: activatesAt } = record2(JSON.parse(new TextDecoder().decode(answer)));
  if (!isCount2(logIndex) || !(activatesAt === void 0 || isCount2(activatesAt))) throw malformed4();
  return { logIndex, activatesAt };
}
async function get(path, maxBytes) {
  return JSON.parse(new TextDecoder().decode(await request(`${location.origin}${path}`, { timeout: TIMEOUT5, maxBytes })));
}
function readListed(value) {
  const { id, name, roles, version, policy, pending, archived } = record2(value);
  if (typeof id !== "string" || !/^[a-z2-7]{32}$/.test(id)) throw malformed4();
  if (typeof name !== "string" || typeof policy !== "string" || typeof archived !== "boolean" || !isCount2(version)) throw malformed4();
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string")) throw malformed4();
  return { id, name, roles, version, policy, archived, pending: pending === null ? void 0 : readPending(pending) };
}
function readPending(value) {
  const { words, activates_at: activatesAt } = record2(value);
  if (typeof words !== "string" || !isCount2(activatesAt)) throw malformed4();
  return { words, activatesAt };
}
function record2(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed4();
  return value;
}
var isCount2 = (value) => Number.isSafeInteger(value) && value >= 0;
var malformed4 = () => new ProvenError("INTERNAL", "the node sent a malformed answer");

// owner/parts.ts
function facts(...rows) {
  const list2 = element("dl", { class: "facts" });
  for (const row2 of rows) {
    if (row2 === void 0) continue;
    const [name, ...value] = row2;
    const shown = value.map((each) => typeof each === "string" ? element("span", {}, each) : each);
    list2.append(element("div", {}, element("dt", {}, name), element("dd", {}, ...shown)));
  }
  return list2;
}
var code = (text2) => element("code", {}, text2);
var codes = (texts) => element("ul", { class: "codes" }, ...texts.map((text2) => element("li", {}, code(text2))));
function link(path, text2) {
  return element("a", { href: path, target: "_blank", rel: "noopener noreferrer" }, text2);
}
function countdown(at) {
  const left = element("span", { class: "countdown" });
  const tick = () => {
    const seconds = (at - Date.now()) / 1e3;
    left.textContent = seconds > 0 ? `Takes effect in ${duration(seconds)}.` : "Its time has come.";
  };
  tick();
  let shown = false;
  const timer = setInterval(() => {
    shown ||= left.isConnected;
    if (shown && !left.isConnected) clearInterval(timer);
    else tick();
  }, 1e3);
  return left;
}
function copyButton(text2, label) {
  const made = button("secondary", "Copy", () => {
    navigator.clipboard.writeText(text2).then(
      () => {
        made.textContent = "Copied";
      },
      () => {
        made.textContent = "Select it and copy";
      }
    );
  }, { "aria-label": label, class: "secondary small", "aria-live": "polite" });
  return made;
}
function guarded(name, kind, label, fields, onConfirm) {
  const id = `confirm-${kind}`;
  const typed = element("input", { type: "text", id, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 64 });
  const go = element("button", { type: "submit", class: "danger", disabled: true }, label);
  typed.addEventListener("input", () => {
    go.disabled = typed.value !== name;
  });
  const form = element(
    "form",
    { novalidate: true },
    ...fields,
    element("div", { class: "field" }, element("label", { for: id }, `Type ${name} to go on`), typed),
    go
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.isTrusted && typed.value === name) onConfirm();
  });
  return form;
}

// owner/rules.ts
var UPGRADES2 = /* @__PURE__ */ new Set(["Deploy", "RollBack", "SetUpgradePolicy", "TransferOwnership"]);
function signersOf({ policy, owner }, command) {
  if (command === "Veto") return { keys: guardiansOf(policy), threshold: 1 };
  return "threshold" in policy ? { keys: policy.keys, threshold: policy.threshold } : { keys: [owner], threshold: 1 };
}
function objection(asked3, reading2) {
  const { state } = reading2;
  const elsewhere = misplaced(asked3, reading2);
  if (elsewhere !== void 0 || asked3.applicationId === null || state === null) return elsewhere;
  const { name, policy, pending, archived, versions } = state;
  if (archived) return `${name} was archived. It cannot change any more.`;
  if (asked3.revision !== state.history.length && !endsPending(state, asked3)) {
    return `The log has ${state.history.length} of ${name}’s entries, and whoever wrote this had seen ${asked3.revision}. No log takes it: have it written anew.`;
  }
  const { command } = asked3;
  const upgrades = UPGRADES2.has(command.command);
  if (upgrades && policy.kind === "immutable") return `${name} is immutable: nobody changes it, ever.`;
  if (upgrades && pending !== null) return `A change of ${name} is pending. It has to be cancelled first.`;
  if (!upgrades && pending === null && (command.command === "CancelUpgrade" || command.command === "Veto")) {
    return `${name} has no pending change.`;
  }
  if (command.command === "RollBack" && command.version >= versions.length) return `${name} has no earlier version ${command.version}.`;
  return void 0;
}
function objectionToReading(permission, reading2) {
  return misplaced(permission, reading2) ?? outOfTime(permission, Date.now());
}
function misplaced({ origin, applicationId: applicationId2 }, reading2) {
  if (origin !== reading2.origin) {
    return `It is for the log ${visible(origin)}, and this node’s is ${visible(reading2.origin)}. Open the owner page of a node of that network.`;
  }
  if (applicationId2 === null || reading2.state !== null) return void 0;
  return `Nobody has created the application ${applicationId2} in this log.`;
}
function requireReader({ state }, key) {
  if (state === null) throw new ProvenError("NOT_OWNER", "nobody reads what is not there");
  const { owner, policy, name } = state;
  if ([owner, ..."keys" in policy ? policy.keys : []].some((each) => equal(each, key))) return;
  throw new ProvenError("NOT_OWNER", `your owner key, ${toHex(key)}, is neither the owner’s of ${name} nor one of those that sign for it`);
}
function noticeOf({ policy }, command) {
  return UPGRADES2.has(command) && "delay" in policy ? policy.delay : 0;
}
function requireSigner(asked3, { state }, key) {
  if (state === null || asked3.applicationId === null) return;
  const { keys } = signersOf(state, asked3.command.command);
  if (keys.some((each) => equal(each, key))) return;
  throw new ProvenError("NOT_OWNER", `your owner key, ${toHex(key)}, is not one that signs this for ${state.name}`);
}
function rolesOf({ policy, owner }, key) {
  const is = (keys) => keys.some((each) => equal(each, key));
  return [
    ...equal(owner, key) ? ["owner"] : [],
    ..."keys" in policy && is(policy.keys) ? [ofThreshold(policy)] : [],
    ...is(guardiansOf(policy)) ? ["guardian"] : []
  ];
}
var ofThreshold = ({ threshold, keys }) => `one of ${keys.length} who sign, ${threshold} together`;

// owner/views.ts
function home(stage, shown) {
  return stage.ask("Your applications", (view) => {
    const file = element("input", { type: "file", id: "file", accept: ".command" });
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen !== void 0) view.answer({ do: "file", file: chosen });
    });
    const open3 = ({ id, name, roles, version, pending, archived }) => {
      const said = [roles.join(", "), archived ? "archived" : version === 0 ? "no version yet" : `version ${version}`];
      return element(
        "li",
        {},
        element(
          "div",
          {},
          element("b", {}, visible(name)),
          element("small", {}, said.join(" · ")),
          pending !== void 0 && element("small", {}, `Announced: ${visible(pending.words)}`),
          pending !== void 0 && element("small", {}, countdown(pending.activatesAt))
        ),
        button("secondary", "Open", () => view.answer({ do: "open", application: id }), { "aria-label": `Open ${visible(name)}`, class: "secondary small" })
      );
    };
    return [
      shown.problem !== void 0 && alert(shown.problem),
      shown.news !== void 0 && news(shown.news),
      section(
        "Your owner key",
        element("div", { class: "key" }, code(toHex(shown.key)), copyButton(toHex(shown.key), "Copy your owner key")),
        element("p", { class: "hint" }, "Give it to whoever is to transfer an application to you, or to name you in a policy. It is no secret.")
      ),
      section(
        "Applications that you sign for",
        shown.applications.length === 0 ? element("p", { class: "hint" }, "None yet. ", element("code", {}, "proven app create NAME --passkey"), " makes one.") : element("ul", { class: "rows" }, ...shown.applications.map(open3)),
        shown.more && element("p", { class: "hint" }, "There are more; the explorer has them all.")
      ),
      section(
        "Sign a command",
        element(
          "div",
          { class: "field" },
          element("label", { for: "file" }, "A command file"),
          file,
          element("p", { class: "hint" }, "What ", element("code", {}, "proven app … --save FILE"), " wrote. You see what it says before you sign.")
        )
      ),
      actions(
        button("quiet", "Passkeys and recovery phrase", () => view.answer({ do: "account" })),
        button("quiet", "Look again", () => view.answer({ do: "refresh" })),
        button("quiet", "Sign out", () => view.answer({ do: "leave" }))
      )
    ];
  });
}
function application(stage, key, state) {
  return stage.ask(visible(state.name), (view) => {
    const { name, pending, policy } = state;
    const may = (command) => !state.archived && signersOf(state, command).keys.some((each) => toHex(each) === toHex(key));
    return [
      stateFacts(state, rolesOf(state, key)),
      pending !== null && section(
        "Announced",
        element("p", { class: "command" }, inWords3(pending.change)),
        element("p", {}, countdown(pending.activatesAt)),
        pending.change.command === "Deploy" && element("p", {}, link(`/explorer/applications/${state.id}/diff`, "What it changes, in the explorer")),
        may("CancelUpgrade") && button("secondary", "Take it back", () => view.answer({ do: "cancel" })),
        may("Veto") && button("danger", "Veto it", () => view.answer({ do: "veto" }))
      ),
      pending === null && policy.kind !== "immutable" && may("TransferOwnership") && section("Give it away", transferForm(name, policy, view.answer)),
      may("Archive") && section(
        "End it",
        element("p", { class: "hint" }, "It answers no more, for good, and nobody ever gets its name."),
        guarded(name, "archive", "Archive it", [], () => view.answer({ do: "archive" }))
      ),
      actions(back(view))
    ];
  });
}
function transferForm(name, policy, answer) {
  const to = element("input", { type: "text", id: "to", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 64 });
  const problems = element("div");
  const fields = [
    element("p", { class: "hint" }, givenAway(policy)),
    element("div", { class: "field" }, element("label", { for: "to" }, "Owner key of the new owner"), to),
    problems
  ];
  return guarded(name, "transfer", "Make them the owner", fields, () => {
    if (/^[0-9a-f]{64}$/.test(to.value) && isKey(fromHex(to.value))) return answer({ do: "transfer", to: fromHex(to.value) });
    problems.replaceChildren(alert("That is no owner key: it has 64 digits, as the new owner’s page or `proven key show` has them."));
    to.focus();
  });
}
function stateFacts(state, roles) {
  const { id, owner, versions, policy, archived } = state;
  const live = versions.at(-1);
  return facts(
    ["Application", code(id)],
    roles.length > 0 ? ["You are", roles.join(", ")] : void 0,
    ["Version", live === void 0 ? "none yet" : `${live.number}, since ${moment(live.at)}`, live !== void 0 && code(live.packageId)],
    ["Policy", archived ? "It is archived: nobody can change it." : policyInWords(policy), guardiansInWords(policy)],
    ["Owner", code(toHex(owner))],
    "keys" in policy ? ["Who signs", codes(policy.keys.map(toHex))] : void 0,
    "guardians" in policy && policy.guardians.length > 0 ? ["Guardians", codes(policy.guardians.map(toHex))] : void 0,
    ["More", link(`/explorer/applications/${id}`, "Everything about it, in the explorer")]
  );
}
function tell(stage, heading, text2, label = "Back") {
  return stage.ask(heading, (view) => [
    element("p", {}, text2),
    element("div", { class: "stack" }, button("primary", label, () => view.answer()))
  ]);
}
function refused2(stage, why) {
  return stage.ask("This cannot be signed", (view) => [
    alert(why),
    element("p", {}, "Nothing was signed."),
    element("div", { class: "stack" }, button("primary", "Go on", () => view.answer()))
  ]);
}
function news(text2) {
  return element("p", { class: "news", role: "status" }, text2);
}

// owner/review.ts
function review(stage, shown, problem) {
  const { asked: asked3, reading: reading2, from } = shown;
  return stage.ask("Sign this?", (view) => [
    problem !== void 0 && alert(problem),
    element("p", { class: "command" }, inWords3(asked3.command)),
    what(shown),
    element("p", { class: "hint" }, FROM[from === "terminal" && asked3.signatures.length > 0 ? "cosigner" : from]),
    ...ways(view, asked3.applicationId === null),
    ...asItIsNow(reading2, shown.roles)
  ]);
}
function reviewPermission(stage, { permission, reading: reading2, roles }, problem) {
  const { what: read4, until, reader, applicationId: applicationId2, origin } = permission;
  const name = reading2.state?.name ?? "";
  return stage.ask("Sign this?", (view) => [
    problem !== void 0 && alert(problem),
    element("p", { class: "command" }, readingInWords(read4, name, until)),
    facts(
      ["Application", element("b", {}, visible(name)), code(applicationId2)],
      ["What is read", READ[read4]],
      ["Until", moment(until * 1e3), "It cannot be taken back before; it ends with the command."],
      ["Who reads", "The command that asks for it, by a key that it keeps to itself", code(reader)],
      ["Network", code(visible(origin))]
    ),
    element("p", {}, "It changes nothing, and nothing can be changed by it."),
    element("p", { class: "hint" }, FROM.terminal),
    ...ways(view, false),
    ...asItIsNow(reading2, roles)
  ]);
}
var READ = {
  logs: "Console lines of its handlers, errors with their stacks, deploys, and what was ended.",
  metrics: "How often its handlers were called, how long that took, and how they failed."
};
function ways(view, creates) {
  return [
    element(
      "div",
      { class: "stack" },
      withIcon("key", button("primary", "Sign with a passkey", () => view.answer("passkey"))),
      withIcon("phrase", button("secondary", "Sign with your recovery phrase", () => view.answer("phrase"))),
      creates && withIcon("person", button("secondary", "Create an account and sign", () => view.answer("create")))
    ),
    actions(button("quiet", "Do not sign", () => view.answer("no")))
  ];
}
function asItIsNow(reading2, roles) {
  return [
    reading2?.state != null && element("details", { open: true }, element("summary", {}, "As it is now"), stateFacts(reading2.state, roles)),
    reading2 !== null && !reading2.complete && element("p", { class: "hint" }, "The log is too long to be read whole here: that no entry of the application was left out is the word of the node.")
  ];
}
var FROM = {
  terminal: "The command line of this machine handed this over. If you did not ask for it there just now, do not sign.",
  cosigner: "The command line of this machine handed over what others have signed. If you did not ask for it there just now, do not sign.",
  file: "Whoever gave you the file may have given it another name. What counts is what is above.",
  page: "You asked for this on this page."
};
function what({ asked: asked3, reading: reading2, packageKnown }) {
  const { command, signatures, revision, origin } = asked3;
  const state = reading2?.state ?? null;
  const target = asked3.applicationId === null ? ["Application", "A new one, owned by your owner key alone. Its name is for ever."] : ["Application", element("b", {}, visible(state?.name ?? "")), code(asked3.applicationId)];
  return facts(
    target,
    ...details(asked3, packageKnown, state),
    asked3.applicationId === null ? void 0 : ["In its log", place(command.command, revision)],
    ["Network", code(visible(origin))],
    signatures.length > 0 ? ["Signed by", counted(asked3, state), codes(signatures.map(([key]) => toHex(key)))] : void 0,
    ...state === null ? [] : notice(asked3, state),
    command.command === "TransferOwnership" && state !== null ? ["Owner until then", code(toHex(state.owner))] : void 0
  );
}
var place = (command, revision) => command === "Veto" || command === "CancelUpgrade" ? "while this change is pending, and for no other" : `as entry ${revision + 1} of its own; if anything comes first, this has no effect`;
function counted({ command, signatures }, state) {
  return state !== null && `${signatures.length} of the ${signersOf(state, command.command).threshold} that it takes`;
}
function* notice({ command }, state) {
  const seconds = noticeOf(state, command.command);
  if (seconds > 0) yield ["Notice", `It is announced, for everybody to see, and takes effect ${duration(seconds)} later.`];
}
function* details({ command, applicationId: applicationId2 }, packageKnown, state) {
  const live = state?.versions.at(-1)?.packageId;
  const pending = state?.pending ?? null;
  if (pending !== null && (command.command === "Veto" || command.command === "CancelUpgrade")) {
    yield ["The change", inWords3(pending.change), countdown(pending.activatesAt)];
  }
  const policy = "policy" in command ? command.policy : void 0;
  if (policy !== void 0) {
    if ("keys" in policy) yield ["Who signs", codes(policy.keys.map(toHex))];
    if (guardiansOf(policy).length > 0) yield ["Guardians", guardiansInWords(policy), codes(guardiansOf(policy).map(toHex))];
    if (policy.kind === "immutable") yield ["Careful", "Nobody, you included, can ever change it again."];
  }
  if (command.command === "Archive") yield ["Careful", "It ends for good, and nobody ever gets its name."];
  if (command.command === "TransferOwnership") yield ["Careful", givenAway(state?.policy)];
  if (command.command === "Deploy") {
    const { packageId } = command;
    if (packageId === live) yield ["Package", "It is the one that answers now."];
    else if (packageKnown) yield ["Package", link(`/explorer/packages/${packageId}`, "Its sources, in the explorer")];
    else yield ["Package", "The node does not have it yet. ", code("proven package hash FOLDER"), " says whether this is the id of what you reviewed."];
    if (live !== void 0 && packageId !== live) yield ["Live now", code(live), link(`/explorer/applications/${applicationId2}/versions`, "Its versions, and what each changed")];
  }
  if ("origin" in command && command.origin.includes("xn--")) yield ["Careful", "xn-- stands for letters beyond a to z, which can look like others."];
  if ("domain" in command && command.domain.includes("xn--")) yield ["Careful", "xn-- stands for letters beyond a to z, which can look like others."];
}
function signed(stage, shown) {
  const enough = shown.signed >= shown.threshold;
  return stage.ask("Signed", (view) => [
    shown.problem !== void 0 && alert(shown.problem),
    element("p", { class: "command" }, shown.words),
    facts(["By", code(toHex(shown.key))], ["Signatures", `${shown.signed} of the ${shown.threshold} that it takes`]),
    !enough && element("p", {}, "Save the file and pass it on: others have to sign it too."),
    enough && !shown.sendable && element("p", {}, "Save the file, then send it together with the package: ", code("proven app send FILE --package FOLDER")),
    element(
      "div",
      { class: "stack" },
      enough && shown.sendable && button("primary", "Send it", () => view.answer("send")),
      button(enough && shown.sendable ? "secondary" : "primary", "Save the file", () => view.answer("save"))
    ),
    actions(button("quiet", "Done", () => view.answer("done")))
  ]);
}
function stranded(stage, words, problem, saveable) {
  return stage.ask("Signed, but not handed back", (view) => [
    alert(problem),
    element("p", { class: "command" }, words),
    saveable ? element(
      "p",
      {},
      AGAIN,
      "If it runs elsewhere, save the file, end the command line there, and hand the file in: ",
      code("proven app send FILE"),
      ", for a new version with ",
      code("--package FOLDER"),
      "."
    ) : element("p", {}, AGAIN, "If it runs elsewhere, have the port that it names there lead to it from this machine, then try again."),
    element(
      "div",
      { class: "stack" },
      button("primary", "Try again", () => view.answer("again")),
      saveable && button("secondary", "Save the file", () => view.answer("save"))
    ),
    actions(button("quiet", "Done", () => view.answer("done")))
  ]);
}
var AGAIN = "If the command line still waits on this machine, try again: your browser may ask whether this page may reach it. ";
function sent(stage, { words, origin, logIndex, activatesAt }) {
  return stage.ask("Done", (view) => [
    news(`It is entry ${logIndex} of the log ${visible(origin)}.`),
    element("p", { class: "command" }, words),
    activatesAt === void 0 ? element("p", {}, "It is in force.") : element("p", {}, "It is announced, for everybody to see. ", countdown(activatesAt), " Until then it can be taken back."),
    element("p", {}, link(`/explorer/log/${logIndex}`, "The entry, in the explorer")),
    element("div", { class: "stack" }, button("primary", "Your applications", () => view.answer()))
  ]);
}

// owner/desk.ts
var Desk = class {
  #around;
  #stage;
  #node;
  #log;
  #flow;
  #ended = false;
  /** The owner key of who signed in; the seed is not kept. */
  #key;
  constructor(configuration2, screen2) {
    this.#node = new Node(configuration2.development);
    const management = () => this.#node.management();
    this.#around = { screen: screen2, relyingParty: configuration2.relyingParty, origin: void 0, management };
    this.#stage = new Stage(screen2);
    this.#log = new LogReader(management, configuration2.development);
  }
  end() {
    this.#ended = true;
    this.#flow?.cancel();
    this.#stage.end();
    this.#node.close();
  }
  /** Be there until `end`. */
  async run(begin2) {
    try {
      if (begin2 !== void 0) await this.#take(begin2);
    } catch (error) {
      await this.#survive(error);
    }
    while (!this.#ended) {
      try {
        await this.#visit();
      } catch (error) {
        await this.#survive(error);
      }
    }
  }
  /** Say what went wrong, unless it is that the visit has ended. */
  async #survive(error) {
    if (this.#ended) return;
    try {
      await tell(this.#stage, "This did not work", explain(error), "Begin again");
    } catch {
    }
  }
  /** From signing in to signing out. */
  async #visit() {
    this.#node.warm();
    try {
      this.#key ??= await this.#withFlow((flow) => flow.identify("own"), ownerKey);
    } catch (error) {
      if (error instanceof Cancelled && !this.#ended) return;
      throw error;
    }
    let news2;
    let problem;
    while (this.#key !== void 0) {
      try {
        this.#busy("One moment", "Looking for your applications…");
        const found = await applicationsOf(this.#key);
        const action = await home(this.#stage, { key: this.#key, ...found, news: news2, problem });
        news2 = problem = void 0;
        if (action.do === "leave") this.#key = void 0;
        else if (action.do === "account") news2 = await this.#account();
        else if (action.do === "open") await this.#open(action.application);
        else if (action.do === "file") await this.#file(action.file);
      } catch (error) {
        if (this.#ended) throw error;
        if (error instanceof WentBack || error instanceof Cancelled) continue;
        problem = explain(error);
        if (error instanceof ProvenError && error.code !== "UNAVAILABLE") continue;
        await tell(this.#stage, "The node cannot be reached", problem, "Try again");
      }
    }
  }
  async #account() {
    await this.#withFlow((flow) => flow.manage(), async () => void 0);
  }
  async #open(application2) {
    this.#busy("One moment", "Reading the log…");
    const { state, origin } = await this.#log.read(application2);
    if (state === null) throw new ProvenError("EVIDENCE_INVALID", "the log does not have this application");
    const action = await application(this.#stage, this.#key, state);
    const fields = action.do === "transfer" ? { command: "TransferOwnership", to: action.to } : { command: COMMANDS[action.do] };
    const asked3 = compose(origin, state.id, state.history.length, fields);
    const signature = await this.#sign(asked3, "page");
    if (signature !== void 0) await this.#dispose(asked3, signature);
  }
  async #file(file) {
    let asked3;
    try {
      if (file.size > MAX_ENVELOPE) throw new ProvenError("TOO_LARGE", `it has more than ${MAX_ENVELOPE / 1024} KiB`);
      asked3 = await askedEnvelope(new Uint8Array(await file.arrayBuffer()));
    } catch (error) {
      const why = error instanceof ProvenError ? sentence2(error) : "It cannot be read.";
      return refused2(this.#stage, `The file is no signed command. ${why}`);
    }
    const signature = await this.#sign(asked3, "file");
    if (signature !== void 0) await this.#dispose(asked3, signature);
  }
  async #take(begin2) {
    let handover;
    try {
      handover = await begin2;
    } catch (error) {
      return refused2(this.#stage, error instanceof ProvenError ? sentence2(error) : "The address cannot be read.");
    }
    this.#node.warm();
    if ("permission" in handover) await this.#letRead(handover, handover.permission);
    else await this.#handOver(handover, handover.asked);
  }
  async #handOver(listener, asked3) {
    const signature = await this.#sign(asked3, "terminal");
    if (signature !== void 0) await this.#giveBack(listener, signature, inWords3(asked3.command), () => save(asked3, signature));
  }
  /** Let the command line read what it asks for. */
  async #letRead(listener, permission) {
    const { what: what2, applicationId: applicationId2, until } = permission;
    let words = "";
    const signature = await this.#confirmed(
      async () => {
        const reading2 = await this.#log.read(applicationId2);
        const objected = objectionToReading(permission, reading2);
        if (objected !== void 0) throw new ProvenError("CONFLICT", objected);
        words = readingInWords(what2, reading2.state?.name ?? "", until);
        return { permission, reading: reading2, roles: this.#roles(reading2) };
      },
      (review2, problem) => reviewPermission(this.#stage, review2, problem),
      ({ reading: reading2 }, seed) => signPermission(permission, seed, (key) => {
        this.#requireSame(key);
        requireReader(reading2, key);
      })
    );
    if (signature !== void 0) await this.#giveBack(listener, signature, words);
  }
  async #giveBack(listener, signature, words, saved) {
    for (; ; ) {
      try {
        this.#busy("Signed", "Handing the signature back…");
        await giveBack(listener, signature);
        return await tell(this.#stage, "Signed", "The command line has your signature and goes on by itself. You can close this page.", "Your applications");
      } catch (error) {
        if (this.#ended) throw error;
        const choice = await stranded(this.#stage, words, explain(error), saved !== void 0);
        if (choice === "save") saved?.();
        if (choice === "done") return;
      }
    }
  }
  /** Show it, have it confirmed, and sign it; undefined if the person does not want to. */
  #sign(asked3, from) {
    return this.#confirmed(
      () => this.#review(asked3, from),
      (review2, problem) => review(this.#stage, review2, problem),
      ({ reading: reading2 }, seed) => sign2(asked3, seed, (key) => this.#requireKey(asked3, reading2, key))
    );
  }
  /** The same for anything that can be reviewed. */
  async #confirmed(prepare, show, signed2) {
    let problem;
    for (; ; ) {
      this.#busy("One moment", "Reading the log…");
      let review2;
      try {
        review2 = await prepare();
      } catch (error) {
        if (this.#ended) throw error;
        await refused2(this.#stage, explain(error));
        return void 0;
      }
      const choice = await show(review2, problem);
      if (choice === "no") return void 0;
      try {
        return await this.#withFlow(
          (flow) => flow.identifyBy(choice),
          async (seed) => {
            const signature = await signed2(review2, seed);
            this.#key ??= signature.publicKey;
            return signature;
          }
        );
      } catch (error) {
        if (this.#ended) throw error;
        problem = error instanceof WentBack || error instanceof Cancelled ? void 0 : explain(error);
      }
    }
  }
  /** Throws `ProvenError` for what should not be signed. */
  async #review(asked3, from) {
    const { applicationId: applicationId2, command } = asked3;
    const reading2 = applicationId2 === null ? { origin: await this.#log.origin(), state: null, bodies: [], complete: true } : await this.#log.read(applicationId2);
    const objected = objection(asked3, reading2);
    if (objected !== void 0) throw new ProvenError("CONFLICT", objected);
    const packageKnown = command.command === "Deploy" ? await hasPackage(command.packageId) : void 0;
    return { asked: asked3, from, reading: reading2, packageKnown, roles: this.#roles(reading2) };
  }
  #roles({ state }) {
    return this.#key === void 0 || state === null ? [] : rolesOf(state, this.#key);
  }
  #requireKey(asked3, reading2, key) {
    this.#requireSame(key);
    if (reading2 !== null) requireSigner(asked3, reading2, key);
  }
  #requireSame(key) {
    if (this.#ended) throw new Cancelled("the visit has ended");
    if (this.#key !== void 0 && !equal(this.#key, key)) {
      throw new ProvenError("FORBIDDEN", "that passkey or phrase is one of another account than the one that is signed in");
    }
  }
  /** Send or save what was signed here. */
  async #dispose(asked3, signature) {
    const { command, applicationId: applicationId2, origin } = asked3;
    const words = inWords3(command);
    const { state } = await this.#log.read(applicationId2);
    const threshold = state === null ? 1 : signersOf(state, command.command).threshold;
    const signed2 = (/* @__PURE__ */ new Set([...asked3.signatures.map(([key]) => toHex(key)), toHex(signature.publicKey)])).size;
    const sendable = command.command !== "Deploy" || await hasPackage(command.packageId);
    let problem;
    for (; ; ) {
      const choice = await signed(this.#stage, { words, key: signature.publicKey, signed: signed2, threshold, sendable, problem });
      if (choice === "done") return;
      problem = void 0;
      if (choice === "save") {
        save(asked3, signature);
        continue;
      }
      try {
        this.#busy("One moment", "Sending it…");
        const accepted = await submit(envelopeOf(asked3, signature));
        if (!includesBody(await this.#log.read(applicationId2, accepted.logIndex + 1), signature.body)) {
          throw new ProvenError("EVIDENCE_INVALID", "the node says that it took the command, and the log does not have it");
        }
        return await sent(this.#stage, { words, origin, ...accepted });
      } catch (error) {
        if (this.#ended) throw error;
        problem = explain(error);
      }
    }
  }
  /** Have a seed in hand for as long as `use` takes. */
  async #withFlow(ask, use2) {
    if (this.#ended) throw new Cancelled("the visit has ended");
    const flow = new Flow(this.#around);
    this.#flow = flow;
    try {
      const seed = await ask(flow);
      try {
        return await use2(seed);
      } finally {
        if (seed instanceof Uint8Array) wipe(seed);
      }
    } finally {
      this.#flow = void 0;
      this.#node.close();
    }
  }
  #busy(heading, text2) {
    if (this.#ended) throw new Cancelled("the visit has ended");
    this.#stage.busy(heading, text2);
  }
};
var COMMANDS = { cancel: "CancelUpgrade", veto: "Veto", archive: "Archive" };
var ownerKey = async (seed) => (await deriveOwnerKey(seed)).publicKey;
function save(asked3, signature) {
  const address = URL.createObjectURL(new Blob([envelopeOf(asked3, signature)], { type: "application/octet-stream" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = `${asked3.applicationId?.slice(0, 8) ?? "new"}-${asked3.command.command.toLowerCase()}.command`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 6e4);
}
function explain(error) {
  const own = error instanceof ProvenError && !["INTERNAL", "OVERLOADED", "REQUEST_TIMEOUT", "SESSION_CLOSED", "UNAUTHENTICATED"].includes(error.code);
  return own && (error.code !== "UNAVAILABLE" || error.message.includes("command line")) ? sentence2(error) : describe(error);
}
function sentence2({ message }) {
  const text2 = message.slice(0, 600);
  return `${text2.charAt(0).toUpperCase()}${text2.slice(1)}${/[.!?]$/.test(text2) ? "" : "."}`;
}

// owner/owner.ts
var configuration = readConfiguration(document.getElementById(CONFIGURATION_ELEMENT)?.textContent ?? "");
var root = document.getElementById("frame");
var screen = new Screen(root, location.host, "The owner page of ", element("b", {}, location.host));
var desk;
function takeHandover() {
  const { hash } = location;
  if (!isHandover(hash)) return void 0;
  history.replaceState(null, "", location.pathname);
  return readHandover(hash);
}
function begin(handover) {
  desk?.end();
  desk = new Desk(configuration, screen);
  void desk.run(handover);
}
window.addEventListener("hashchange", () => {
  if (isHandover(location.hash)) begin(takeHandover());
});
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) begin(void 0);
});
begin(takeHandover());
