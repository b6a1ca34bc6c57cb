import {
  broken,
  open,
  pause,
  record,
  request,
  verifyEvidence,
  within
} from "./shared-VUWMV4SH.js";
import {
  Reader,
  concat,
  encode,
  equal,
  fromUtf8,
  randomBytes,
  toBase32,
  toHex,
  utf8
} from "./shared-EFVRXLXN.js";
import {
  ProvenError,
  asProvenError
} from "./shared-ONUBXHUM.js";

// src/log/ed25519.ts
var PRIME = 2n ** 255n - 19n;
var SMALL_ORDER = /* @__PURE__ */ new Set([
  0n,
  1n,
  PRIME - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n
]);
function isKey(publicKey) {
  if (publicKey.length !== 32) return false;
  const y = BigInt(`0x${toHex(publicKey.slice().reverse())}`) & (1n << 255n) - 1n;
  return y < PRIME && !SMALL_ORDER.has(y);
}
async function isSigned(publicKey, signature, message) {
  if (!isKey(publicKey) || signature.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") throw error;
    return false;
  }
}

// src/log/applications.ts
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
  const read = () => {
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
  const found = read();
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
  const read = () => {
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
  const found = read();
  fields.end();
  return found;
}
function readKeys(listed, least) {
  if (listed.length < least || listed.length > MAX_POLICY_KEYS) {
    throw bad(`a policy has ${least} to ${MAX_POLICY_KEYS} keys here`);
  }
  const keys2 = listed.map((each) => {
    if (!(each instanceof Uint8Array)) throw bad("a key is 32 bytes");
    return requireKey(each);
  });
  requireAscending(keys2);
  return keys2;
}
function requireKey(key) {
  if (!isKey(key)) throw bad("not an Ed25519 public key");
  return key;
}
function requireAscending(keys2) {
  const written = keys2.map(toHex);
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
var includes = (keys2, key) => keys2.some((each) => equal(each, key));
var bad = (message) => new ProvenError("BAD_REQUEST", message);

// src/log/base64.ts
function fromBase64(text) {
  let raw;
  try {
    raw = atob(text);
  } catch {
    throw new TypeError("not base64");
  }
  if (btoa(raw) !== text) throw new TypeError("not base64 in its only form");
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}
var toBase64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (found) => ({ "+": "-", "/": "_" })[found] ?? "");

// src/log/entries.ts
var ENTRY_LABEL = "proven/log-entry/v1";
var MAX_ENTRY = 2 ** 16 - 1;
function decodeEntry(leaf) {
  const items = decodeStrictly(leaf, MAX_ENTRY, 1);
  const [label, at, kind, ...fields] = Array.isArray(items) ? items : [];
  if (label !== ENTRY_LABEL) throw bad2("not an entry of the log of applications");
  if (!isCount(at)) throw bad2("the time of an entry is in milliseconds");
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
  throw bad2("not an entry of the log of applications");
}
var bad2 = (message) => new ProvenError("BAD_REQUEST", message);

// src/log/merkle.ts
var HASH_BYTES = 32;
var MAX_PROOF = 63;
var sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
var leafHash = (entry) => sha256(concat(Uint8Array.of(0), entry));
var nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));
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
function isPowerOfTwo(count) {
  let rest = count;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}
var half = (count) => Math.floor(count / 2);
var isSize = (count) => Number.isSafeInteger(count) && count >= 0;
var refused = (message) => broken("log", message);

// src/log/notes.ts
var MAX_NOTE = 64 * 1024;
var MAX_SIGNATURES2 = 100;
var MAX_NAME = 256;
var ED25519 = 1;
var COSIGNATURE = 4;
var DASH = "— ";
function parseNote(raw) {
  if (raw.length > MAX_NOTE) throw new ProvenError("TOO_LARGE", `a note has at most ${MAX_NOTE} bytes`);
  const whole = textOf(raw);
  if (/[\x00-\x09\x0b-\x1f\x7f]/.test(whole)) throw bad3("a note has no control characters");
  const end = whole.lastIndexOf("\n\n");
  const lines = whole.slice(end + 2);
  if (end < 1 || !lines.endsWith("\n")) throw bad3("a note is text, an empty line, and signatures");
  const listed = lines.slice(0, -1).split("\n");
  if (listed.length > MAX_SIGNATURES2) {
    throw new ProvenError("TOO_LARGE", `a note has at most ${MAX_SIGNATURES2} signatures`);
  }
  return { text: `${whole.slice(0, end)}
`, signatures: listed.map(parseSignature) };
}
function parseCheckpoint(text) {
  const [origin = "", size = "", root = "", ...extensions] = text.replace(/\n$/, "").split("\n");
  if (!text.endsWith("\n") || [origin, size, root, ...extensions].includes("")) {
    throw bad3("a checkpoint is an origin, a size and a root, a line each");
  }
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw bad3("the size of a checkpoint is a decimal number");
  }
  const hash = decoded(root);
  if (hash.length !== HASH_BYTES) throw bad3("the root of a checkpoint is 32 bytes");
  return { origin, size: Number(size), root: hash, extensions };
}
async function parseKey(text) {
  const [, name = "", id, encoded = ""] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  const raw = decoded(encoded);
  if (!isSignerName(name) || raw.length !== 33 || raw[0] !== ED25519 && raw[0] !== COSIGNATURE) {
    throw bad3("not the verifier key of an Ed25519 signer");
  }
  const publicKey = raw.slice(1);
  if (id !== toHex(await keyIdOf(name, raw[0], publicKey))) throw bad3("the verifier key has the id of another");
  return { name, publicKey, verifierKey: text };
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
async function keyIdOf(name, kind, publicKey) {
  return (await sha256(concat(utf8(`${name}
`), Uint8Array.of(kind), publicKey))).slice(0, 4);
}
function parseSignature(line) {
  const [, name = "", encoded] = new RegExp(`^${DASH}([^ ]*) (.*)$`, "s").exec(line) ?? [];
  if (encoded === void 0 || !isSignerName(name)) throw bad3("a signature line is a dash, a name and base64");
  const raw = decoded(encoded);
  if (raw.length < 5) throw bad3("a signature begins with the id of its key");
  return { name, keyId: raw.slice(0, 4), blob: raw.slice(4) };
}
var isSignerName = (name) => /^[^\s\x85+\x00-\x1f\x7f]+$/u.test(name) && [...name].length <= MAX_NAME;
function textOf(raw) {
  try {
    return fromUtf8(raw);
  } catch {
    throw bad3("a note is UTF-8");
  }
}
function decoded(text) {
  try {
    return fromBase64(text);
  } catch {
    throw bad3("not base64");
  }
}
var bad3 = (message) => new ProvenError("BAD_REQUEST", message);

// src/log/collect.ts
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
    const asked = indexes.slice(-MAX_ANNOUNCEMENTS).join(",");
    const { notes } = record(await this.#get(`cosigned?entries=${asked}`, MAX_PAGE));
    if (!Array.isArray(notes) || notes.some((note) => typeof note !== "string")) throw malformed();
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
      if (!Array.isArray(entries)) throw malformed();
      for (const entry of entries) {
        const { index, leaf, hashes } = Object(entry);
        if (!Number.isSafeInteger(index) || index <= after || typeof leaf !== "string") throw malformed();
        after = index;
        found.push({ index: after, leaf: bytesOf(leaf), proof: readHashes(hashes) });
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
  if (!Array.isArray(listed) || listed.length > 65) throw malformed();
  return listed.map(bytesOf);
}
function bytesOf(text) {
  if (typeof text !== "string") throw malformed();
  try {
    return fromBase64(text);
  } catch {
    throw malformed();
  }
}
var malformed = () => broken("log", "the node's list of entries or hashes is malformed");

// src/log/head.ts
var readHead = (answer) => ({
  origin: answer.text("origin"),
  size: answer.count("size"),
  root: answer.bytes("root"),
  revision: answer.has("revision") ? answer.count("revision") : 0
});
async function checkHead(head, checkpoint, shown, compare) {
  if (head.origin !== checkpoint.origin) {
    throw broken("log", `the node says that its log is ${head.origin}, not ${checkpoint.origin}`);
  }
  if (checkpoint.size < head.size) {
    throw broken(
      "log",
      `the checkpoint is stale: it has ${checkpoint.size} entries, and the node says in the session that there are ${head.size}`
    );
  }
  try {
    await compare(head.size, head.root);
  } catch (error) {
    if (asProvenError(error).code !== "EVIDENCE_INVALID") throw error;
    throw broken("log", `the log was forked: it does not begin with the ${head.size} entries that the node says it has`);
  }
  if (shown < head.revision) {
    throw broken(
      "log",
      `entries were left out: ${shown} are shown, and the node says in the session that the application has ${head.revision}`
    );
  }
}

// src/log/memory.ts
var DATABASE = "proven-log";
var LOGS = "logs";
var APPLICATIONS = "applications";
var LogMemory = class _LogMemory {
  #database;
  constructor(database) {
    this.#database = database;
  }
  static async open() {
    try {
      return new _LogMemory(await open(DATABASE, [LOGS, APPLICATIONS]));
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

// src/log/replay.ts
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
var DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
var UPGRADES = /* @__PURE__ */ new Set(["Deploy", "RollBack", "SetUpgradePolicy", "TransferOwnership"]);
var refuse = (code, message, details) => new ProvenError(code, message, { details });
function inWords(index, error) {
  const { code, message, details } = error;
  if (code === "UNAUTHENTICATED") return `entry ${index} of the log is not signed by those it names: ${message}`;
  if (code === "CONFLICT" && details?.revision !== void 0) {
    return `entries of the application were left out or added before entry ${index}: ${message} as its author had seen`;
  }
  if (code === "NOT_OWNER" || code === "FORBIDDEN") return `entry ${index} breaks the upgrade policy: ${message}`;
  return `entry ${index} breaks the rules of applications: ${message}`;
}
var short = (key) => `${(typeof key === "string" ? key : toHex(key)).slice(0, 12)}…`;

// src/log/words.ts
var UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
function duration(seconds) {
  const parts = [];
  let left = seconds;
  for (const [name, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? "" : "s"}`);
  }
  return parts.slice(0, 2).join(" ") || "0 seconds";
}
var moment = (milliseconds) => milliseconds < 2534023008e5 ? `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC` : "a day after the year 9999";
function whoMayChange({ archived, policy }) {
  return archived ? "It was archived: nobody can change it any more." : policyInWords(policy, "Its owner");
}
function announced({ change, announcedAt, activatesAt }) {
  const when = `A change was announced on ${moment(announcedAt)} and can come into force from ${moment(activatesAt)}: `;
  switch (change.command) {
    case "Deploy":
      return `${when}the package ${short(change.packageId)}.`;
    case "RollBack":
      return `${when}a return to version ${change.version}.`;
    case "SetUpgradePolicy":
      return `${when}another rule about who can change it. ${policyInWords(change.policy, "Then its owner")}`;
    case "TransferOwnership":
      return `${when}another owner, ${short(change.to)}.`;
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
var keys = ({ threshold, keys: keys2 }) => `${threshold} of ${keys2.length} keys`;
function notice(delay, guardians) {
  const after = `${duration(delay)} after announcing it in the log.`;
  if (guardians.length === 0) return after;
  return `${after} ${guardians.length === 1 ? "A guardian" : `Any of ${guardians.length} guardians`} can veto until then.`;
}

// src/log/times.ts
var CLOCK_SKEW = 3e5;
var SUPERSEDED_GRACE = 15 * 6e4;
var NOTICE_GRACE = 1 / 16;
function checkTimes(times, known, sightings, { now, latest }) {
  let before = null;
  for (const [index, at] of times) {
    const is = `it says that it is of ${moment(at)}`;
    if (before !== null && at < before[1]) {
      throw broken("log", `entry ${index} was backdated: ${is}, and entry ${before[0]}, before it, is of ${moment(before[1])}`);
    }
    before = [index, at];
    if (at > latest + CLOCK_SKEW) {
      throw broken(
        "log",
        `entry ${index} says that it is of ${moment(at)}, which is yet to come: the node's clock or this device's is wrong`
      );
    }
    if (known !== null && index >= known.size && at < known.seenAt - CLOCK_SKEW) {
      throw broken("log", `entry ${index} was backdated: ${is}, and the log was seen without it on ${moment(known.seenAt)}`, {
        seenSize: known.size,
        seenAt: new Date(known.seenAt).toISOString()
      });
    }
  }
  for (const sighting of sightings) checkSighting(times, sighting, now);
}
function checkSighting(times, { witness, at: seenAt, size }, now) {
  const when = moment(seenAt);
  if (seenAt > now + CLOCK_SKEW) {
    throw broken(
      "log",
      `${witness} says that it saw the log on ${when}, which is yet to come: its clock or this device's is wrong`
    );
  }
  for (const [index, at] of times) {
    const is = `it says that it is of ${moment(at)}`;
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
    throw broken("log", `the answer came from version ${version.number}, which was replaced on ${moment(next.at)}`);
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
    const said = `the change in entry ${announcedIndex} is in force, and says that it was announced on ${moment(announcedAt)}`;
    const decisive = seen2[needed - 1];
    throw broken(
      "notice",
      decisive === void 0 ? `${said}; only ${seen2.length} of the ${needed} witnesses that this page requires are shown to have seen that` : `${said}; ${decisive.witness} first saw it on ${moment(decisive.by)}, so it has not been public for the notice that was promised: wait until ${moment(decisive.by + delay)}, or find out what changed`,
      { logIndex: announcedIndex }
    );
  }
}

// src/log/view.ts
async function readLog(key, checkpoint, entries, whole) {
  const { size, root } = checkpoint;
  const leaves = await Promise.all(entries.map(({ leaf }) => leafHash(leaf)));
  if (whole) {
    if (entries.length !== size) {
      throw broken("log", `the log has ${size} entries, and ${entries.length} were given as the whole log`);
    }
    if (!equal(await rootOf(leaves), root)) {
      throw broken("log", "the entries are not those that the checkpoint signs: their root is another");
    }
    return { key, checkpoint, entries, leaves };
  }
  for (const [number, { index, proof }] of entries.entries()) {
    try {
      await checkInclusion(leaves[number], index, size, root, proof);
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
      throw broken("log", inWords(index, asProvenError(error)));
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
    const newest = state.versions.at(-1);
    if (newest === void 0) throw broken("log", `the log says that ${state.name} has no version`);
    return newest;
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

// src/log/report.ts
var noticeOf = ({ archived, policy }) => archived || policy.kind === "immutable" ? null : delayOf(policy);
function report({ checkpoint, leaves }, { state, version, times }, known, sightings, about) {
  const { origin, size, root } = checkpoint;
  const { pending } = state;
  const seen2 = witnessed(version.announcedIndex, sightings);
  const announcedAt = times.get(version.announcedIndex);
  const newest = state.versions.length === version.number;
  const summary = [
    `The public log says the same: ${about.answered ? "that package" : `the package ${short(version.packageId)}`} is version ${version.number} of ${state.name}, live since ${moment(version.at)} (entry ${version.logIndex} of ${size} in ${origin.replace(/[0-9a-f]{64}$/, short)}).`,
    known !== null ? `It continues the log that this browser saw on ${moment(known.seenAt)}, with ${known.size} entries.` : about.memory ? "This is the first time that this browser sees the log: it will notice when that is changed afterwards." : "This browser keeps nothing for this page, so it would not notice a log that was changed afterwards.",
    whoMayChange(state)
  ];
  if (version.announcedIndex !== version.logIndex) {
    summary.push(`It was announced on ${moment(announcedAt)}, ${duration((version.at - announcedAt) / 1e3)} before that.`);
  }
  for (const { witness, by } of seen2) summary.push(`${witness} saw it in the log on ${moment(by)}.`);
  if (!newest) summary.push(`Another version is live since ${moment(state.versions[version.number].at)}.`);
  if (pending !== null) summary.push(announced(pending));
  if (leaves === null) summary.push("That no entry about the application was left out is the word of the node.");
  return {
    origin,
    size,
    root: toHex(root),
    seenBefore: known === null ? null : { size: known.size, at: iso(known.seenAt) },
    complete: leaves !== null,
    version: version.number,
    packageId: version.packageId,
    logIndex: version.logIndex,
    liveSince: iso(version.at),
    announcedAt: iso(announcedAt),
    witnessed: seen2.map(({ witness, after, by }) => ({ witness, notBefore: after === null ? null : iso(after), by: iso(by) })),
    owner: toHex(state.owner),
    upgradePolicy: state.policy.kind,
    delay: noticeOf(state),
    pending: pending === null ? null : {
      logIndex: pending.logIndex,
      announcedAt: iso(pending.announcedAt),
      activatesAt: iso(pending.activatesAt)
    },
    summary
  };
}
var iso = (milliseconds) => new Date(milliseconds).toISOString();

// src/log/witnesses.ts
var MAX_COSIGNED = 256;
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
async function cosignedBefore(notes, checkpoint, { keys: keys2 }, compare) {
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
        `${first.witness} saw ${size} entries on ${moment(first.at)}, and the log is shown with ${checkpoint.size}`
      );
    }
    try {
      await compare(size, root);
    } catch (error) {
      if (!(error instanceof ProvenError) || error.code !== "EVIDENCE_INVALID") throw error;
      throw broken(
        "log",
        `the log was forked: ${first.witness} saw another one of ${size} entries on ${moment(first.at)} (${error.message})`
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

// src/log/check.ts
var LOG_LABEL = "proven/log-key/v1";
var NAME_PREFIX = "proven.local/";
var MAX_KEY2 = 32 * 1024;
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
  const head = readHead(await question.head());
  const nonce = randomBytes(32);
  const [key, attestedAt] = await readKey(await collector.key(nonce), nonce, policy, session);
  const known = await remembered(memory, applicationId2, key);
  const raw = await collector.checkpoint(Math.max(head.size, answer === null ? 0 : answer.logIndex + 1));
  const [note, checkpoint] = await readCheckpoint(key, raw);
  checkSize(checkpoint, known);
  const given = await collector.entries(applicationId2, checkpoint.size);
  const view = await readLog(key, checkpoint, given.entries, given.whole);
  const proof = (size) => collector.consistency(size, checkpoint.size);
  const compare = (size, root) => checkBegin(view, size, root, proof);
  await checkRemembered(view, known, proof);
  const replayed = await replay(view, applicationId2, answer);
  const { state, version, times, activations, announcements } = replayed;
  if (!/^[a-z2-7]{32}$/.test(asked) && asked !== state.name) {
    throw broken("log", `the log calls this application ${state.name}, and ${asked} was asked for`);
  }
  const sightings = await cosigned(note, checkpoint, witnesses);
  if (witnesses.keys.length > 0 && announcements.length > 0) {
    const earlier = await collector.cosigned(announcements, checkpoint.size);
    sightings.push(...await cosignedBefore(earlier, checkpoint, witnesses, compare));
  }
  const now = Date.now();
  checkTimes(times, known, sightings, { now, latest: Math.min(now, attestedAt) });
  checkSuperseded(state, version, answer?.at ?? now);
  await checkHead(head, checkpoint, state.history.length, compare);
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
  const [text, document] = fields instanceof Map ? [fields.get("key"), fields.get("evidence")] : [];
  if (!(fields instanceof Map) || fields.size !== 2 || typeof text !== "string" || !(document instanceof Uint8Array)) {
    throw broken("log", "the node sent something that is no key of a log");
  }
  const key = await parseKey(text).catch(passOn);
  if (key.name.startsWith(NAME_PREFIX) && key.name !== NAME_PREFIX + toHex(await sha256(key.publicKey))) {
    throw broken("log", `${key.name} is the name of another key than the one shown`);
  }
  const userData = await sha256(encode([LOG_LABEL, text]));
  let evidence;
  try {
    evidence = await verifyEvidence(document, { nonce, userData, publicKey: key.publicKey }, policy);
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
      `the application was in the log ${before.origin} on ${moment(before.seenAt)}, and is now shown in ${key.name}`,
      { seenAt: iso2(before.seenAt), seenLog: before.origin }
    );
  }
  if (known !== void 0 && known.verifierKey !== key.verifierKey) {
    throw contradicted(`the log ${key.name} has another key than it had on ${moment(known.seenAt)}`, seen(known));
  }
  return known ?? null;
}
function checkSize({ size }, known) {
  if (known !== null && size < known.size) {
    throw contradicted(
      `the log was rolled back: it had ${known.size} entries on ${moment(known.seenAt)}, now it is shown with ${size}`,
      { ...seen(known), size }
    );
  }
}
async function checkRemembered({ checkpoint, leaves }, known, proof) {
  if (known === null) return;
  const { size } = checkpoint;
  const forked = (why) => contradicted(
    `the log was forked: on ${moment(known.seenAt)} it had ${known.size} entries with the root ${toHex(known.root).slice(0, 16)}…, and the one shown now, with ${size}, does not begin with them (${why})`,
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
    throw broken("upgrade_policy", `${whoMayChange(state)} This page requires ${duration(minDelay)} of notice.`, {
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
var seen = ({ size, seenAt }) => ({ seenSize: size, seenAt: iso2(seenAt) });
var contradicted = (message, details) => broken("log", message, details);
function understood(read) {
  try {
    return read();
  } catch (error) {
    return passOn(error);
  }
}
function passOn(error) {
  throw broken("log", `the log is malformed: ${asProvenError(error).message}`);
}
var iso2 = (milliseconds) => new Date(milliseconds).toISOString();
export {
  checkLog
};
