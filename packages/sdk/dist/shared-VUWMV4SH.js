import {
  BYTES,
  MAP,
  Reader,
  concat,
  decode,
  encode,
  equal,
  fromHex,
  head,
  randomBytes,
  toHex,
  uint64,
  utf8
} from "./shared-EFVRXLXN.js";
import {
  ProvenError,
  asProvenError
} from "./shared-ONUBXHUM.js";

// src/attestation/rules.ts
var broken = (rule, message, details = {}) => new ProvenError("EVIDENCE_INVALID", message, { details: { rule, ...details } });

// src/attestation/policy.ts
var REGISTERS = [0, 1, 2, 3, 4, 8];
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
var requiresLog = ({ log, minDelay, witnesses }) => log === "required" || Boolean(minDelay) || Boolean(witnesses?.length);
var pinsCode = (policy) => policy.package !== void 0 || requiresLog(policy);
function checkPackage(policy, packageId) {
  if (policy.package !== void 0 && !policy.package.includes(packageId)) {
    throw broken("package", `the package ${packageId} answered, which is none of those that the policy names`, { packageId });
  }
}
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

// src/cose.ts
var ES384_PROTECTED = encode(/* @__PURE__ */ new Map([[1, -35]]));
var A256GCM_PROTECTED = encode(/* @__PURE__ */ new Map([[1, 3]]));
var ENCRYPT0_START = concat(Uint8Array.of(208, 131), encode(A256GCM_PROTECTED));
var TAG_BYTES = 16;
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
function headOf(reader) {
  try {
    return reader.head();
  } catch {
    throw malformed("a truncated message");
  }
}
var malformed = (message) => new ProvenError("BAD_REQUEST", message);

// src/session.ts
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
    const { applicationId, origin, keyPair, resumption } = this.#options;
    this.#clientKey = new Uint8Array(await crypto.subtle.exportKey("raw", keyPair.publicKey));
    return encode({
      v: VERSION,
      suite: SUITE,
      nonce: this.#nonce,
      client_key: this.#clientKey,
      application_id: applicationId ?? void 0,
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
    const document = bytesOf(fields.get("evidence"), 0, MAX_EVIDENCE, "evidence");
    const transcript = await this.#transcript(sessionId, publicKey2);
    const evidence = await verify(document, { nonce: this.#nonce, userData: transcript, publicKey: publicKey2 });
    const [client, server] = await directions(this.#options.keyPair.privateKey, publicKey2, sessionId, transcript);
    return [new SealedChannel(sessionId, transcript, client, server), evidence];
  }
  /** SHA-256 over every field of both sides: what the evidence vouches for and the keys depend on. */
  async #transcript(sessionId, serverKey) {
    const { applicationId, origin, resumption } = this.#options;
    const fields = [
      LABEL,
      VERSION,
      SUITE,
      this.#nonce,
      this.#clientKey,
      applicationId,
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
var bad = (message) => new ProvenError("BAD_REQUEST", message);

// src/commands.ts
var MAX_DEPTH = 12;
var encodeCommand = (command, fields) => encode({ command, ...fields });
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
var Fields = class _Fields {
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
var unexpected = (what) => new ProvenError("BAD_REQUEST", `the node sent ${what}`);

// src/attestation/der.ts
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

// src/attestation/certificate.ts
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
function optional(extensions, id, read3) {
  const extension = extensions.get(id);
  return extension === void 0 ? null : read3(extension.value);
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

// src/attestation/document.ts
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

// src/attestation/verifier.ts
var NITRO_ROOT_SHA256 = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";
var MAX_AGE = 5 * 60 * 1e3;
var DEVELOPMENT_ROOT_NAME = fromHex(
  "3050311b301906035504030c12646576656c6f706d656e742e70726f76656e3131302f060355040a0c2850726f76656e20646576656c6f706d656e74206e6f6465202d2070726f766573206e6f7468696e67"
);
async function verifyEvidence(document, expected, policy, at = Date.now(), platformOf = platformOfRoot) {
  const [envelope, contents] = readDocument(document);
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

// src/time.ts
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
  race(promise, what = "no answer") {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ProvenError("REQUEST_TIMEOUT", `${what} within ${this.#timeout / 1e3} seconds`));
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
var backoff = (attempt) => Math.min(3e4, 250 * 2 ** attempt) * (0.5 + Math.random() / 2);

// src/transports.ts
var MAX_DESCRIPTION = 1024 * 1024;
var MAX_REFUSAL = 64 * 1024;
var REQUEST_TIMEOUT = 12e4;
var CONNECT_TIMEOUT = 1e4;
var MAX_BUFFERED = 4 * MAX_FRAME;
var NotSent = class {
  reason;
  constructor(reason) {
    this.reason = reason;
  }
};
var Endpoint = class {
  #base;
  constructor(gateway, applicationId) {
    this.#base = applicationId === null ? gateway : `${gateway}/app/${encodeURIComponent(applicationId)}`;
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
var WebSocketTransport = class {
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
    const closed = ({ code, reason }) => {
      onLost(new ProvenError("SESSION_CLOSED", `the connection was closed (${reason || code})`));
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
var HttpTransport = class {
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
    if (response.status === 200) return await read2(response, maxBytes);
    throw refusal(response.status, await read2(response, MAX_REFUSAL));
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new ProvenError("REQUEST_TIMEOUT", `the node did not answer within ${timeout / 1e3} seconds`);
    }
    throw unreachable(error instanceof Error ? error.message : String(error));
  }
}
async function read2(response, maxBytes) {
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

// src/database.ts
var TIMEOUT = 2e3;
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

export {
  broken,
  checkPolicy,
  requiresLog,
  pinsCode,
  checkPackage,
  generateKeyPair,
  ClientHandshake,
  encodeCommand,
  decodeMessage,
  Fields,
  verifyEvidence,
  Deadline,
  pause,
  backoff,
  NotSent,
  Endpoint,
  HttpTransport,
  request,
  record,
  open,
  within
};
