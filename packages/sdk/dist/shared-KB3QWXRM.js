import {
  setDefault,
  unsetDefault
} from "./shared-TZM6NG53.js";
import {
  Source,
  guarded
} from "./shared-LU5Q3S5R.js";
import {
  identityId
} from "./shared-WDOFK4NC.js";
import {
  ClientHandshake,
  Deadline,
  Endpoint,
  Fields,
  HttpTransport,
  NotSent,
  backoff,
  checkPackage,
  checkPolicy,
  decodeMessage,
  encodeCommand,
  generateKeyPair,
  open,
  pause,
  pinsCode,
  requiresLog,
  verifyEvidence,
  within
} from "./shared-VUWMV4SH.js";
import {
  ARRAY,
  BYTES,
  MAP,
  NINT,
  TAG,
  TEXT,
  UINT,
  fromHex,
  fromUtf8,
  toHex,
  utf8
} from "./shared-EFVRXLXN.js";
import {
  ProvenError,
  asProvenError
} from "./shared-ONUBXHUM.js";

// src/attestation/report.ts
function describe(evidence, policy, about) {
  const { platform, debug, moduleId, root } = evidence;
  const measured = policy.measurements !== void 0;
  const registers = [...evidence.pcrs].filter(([, value]) => value.some(Boolean));
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
    madeAt: new Date(evidence.timestamp).toISOString(),
    verifiedAt: new Date(about.verifiedAt).toISOString(),
    measurements: Object.fromEntries(registers.map(([index, value]) => [`pcr${index}`, toHex(value)])),
    root,
    applicationId: about.applicationId,
    packageId: about.packageId,
    log: log instanceof ProvenError ? null : log,
    summary
  };
}

// src/live.ts
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

// src/resumption.ts
var DATABASE = "proven";
var STORE = "resumption";
var MAX_TICKETS = 8;
var Resumption = class {
  #key;
  constructor(gateway, application) {
    this.#key = `${gateway} ${application}`;
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
          const read2 = store.get(this.#key);
          read2.onsuccess = () => {
            const entry = change(read2.result);
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

// src/connection.ts
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
    const { publicKey, signature, encryptionKey } = identified;
    const plaintext = encodeCommand("Identify", { public_key: publicKey, signature });
    const applicationId = this.#application.id;
    let answer;
    try {
      answer = await session.ask(plaintext, new Deadline(this.#options.timeout));
    } catch (error) {
      throw error instanceof NotSent ? error.reason : error;
    }
    const person = { applicationId, identity: answer.text("identity"), encryptionKey };
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
    const { gateway, application, policy, carrier } = this.#options;
    this.#application ??= await find(gateway, application);
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
      const [channel, evidence] = await handshake.finish(
        response,
        (document2, expected) => verifyEvidence(document2, expected, policy, at)
      );
      const transport = await connecting?.catch((error) => {
        if (carrier === "websocket") throw error;
        return null;
      }) ?? new HttpTransport(endpoint);
      return await this.#established(channel, transport, { evidence, at }, keyPair, person);
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
  async #hasTicket(person, applicationId) {
    if (person.applicationId !== applicationId) return false;
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
async function find(gateway, application) {
  if (/^[a-z2-7]{32}$/.test(application)) return { id: application, name: application };
  return new Endpoint(gateway, application).describe();
}

// src/management.ts
var SessionsApi = class {
  #connection;
  constructor(connection) {
    this.#connection = connection;
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
  constructor(connection) {
    this.#connection = connection;
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
  async unlink(address) {
    await this.#connection.ask("UnlinkAccount", { address });
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

// src/value-types.ts
var MAX_BYTES = 8 * 1024 * 1024;
var MAX_DEPTH = 64;
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

// src/value-decoder.ts
var MAX_DATE_MS = 864e13;
var ERRORS = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type])
);
var ERROR_FIELDS = ["name", "message", "stack", "code"];
var Reader = class {
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
    const record = {};
    for (let count = 0; count < length; count++) {
      const key = fromUtf8(this.#take(this.#expect(TEXT)));
      if (Object.hasOwn(record, key)) throw new RangeError("the same key twice");
      define(record, key, this.item(depth - 1), true);
    }
    return record;
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
    const bytes = this.#take(this.#expect(BYTES));
    if (bytes.length > MAX_BIGINT_BYTES || bytes[0] === 0) {
      throw new RangeError("a bigint that is too long or has leading zeros");
    }
    return bytes.length ? BigInt(`0x${toHex(bytes)}`) : 0n;
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
    const { name, message, stack, code } = fields;
    const error = new (ERRORS.get(name) ?? Error)(message);
    if (error.name !== name) define(error, "name", name);
    define(error, "stack", stack);
    if (code !== void 0) define(error, "code", code);
    return error;
  }
  #typedArray(tag) {
    const name = TYPED_ARRAYS.find(([known]) => known === tag)?.[1];
    if (name === void 0) throw new RangeError(`tag ${tag}, which no value has`);
    const type = globalThis[name];
    if (type === void 0) throw new RangeError(`a ${name}, which this browser does not have`);
    const bytes = this.#take(this.#expect(BYTES)).slice();
    if (bytes.length % type.BYTES_PER_ELEMENT) throw new RangeError("a typed array that ends inside an element");
    return new type(bytes.buffer);
  }
};
function distinct(collection, size) {
  if (collection.size !== size) throw new RangeError("the same element or key twice");
  return collection;
}
function define(target, key, value, enumerable = false) {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable });
}

// src/value-encoder.ts
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
  #raw(major, bytes) {
    this.#head(major, bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
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
    let hex = (value < 0n ? -1n - value : value).toString(16);
    if (hex === "0") hex = "";
    if (hex.length > 2 * MAX_BIGINT_BYTES) {
      throw this.#unsupported(`is an integer of more than ${MAX_BIGINT_BYTES} bytes`);
    }
    this.#head(TAG, value < 0n ? TAG_NEGATIVE : TAG_POSITIVE);
    this.#raw(BYTES, fromHex(hex.length % 2 ? `0${hex}` : hex));
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
    const keys = Object.keys(value);
    this.#head(MAP, keys.length);
    for (const key of keys) {
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
      hasCycle(value) ? "refers back to itself" : `is nested deeper than ${MAX_DEPTH} levels`
    );
  }
  #unsupported(problem) {
    const steps = this.#path.map((step) => typeof step === "string" && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`);
    const path = `$${steps.join("")}`.slice(0, 200);
    return new ProvenError("UNSUPPORTED_VALUE", `the value at ${path} ${problem}`, { details: { path } });
  }
};
function hasCycle(value) {
  const seen = /* @__PURE__ */ new Set();
  let level = [value];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0 && seen.size < 1e4; depth++) {
    const next = [];
    for (const item of level) {
      const children = item instanceof Map ? [...item].flat() : item instanceof Set ? [...item] : Object.values(item);
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

// src/values.ts
function encodeValue(value) {
  const writer = new Writer();
  writer.item(value, MAX_DEPTH);
  return writer.bytes();
}
function decodeValue(data) {
  if (data.length > MAX_BYTES) throw tooLarge();
  const reader = new Reader(data);
  try {
    const value = reader.item(MAX_DEPTH);
    if (reader.position !== data.length) throw new RangeError("bytes after its end");
    return value;
  } catch (error) {
    if (error instanceof ProvenError) throw error;
    throw new ProvenError("BAD_REQUEST", `malformed value: ${error instanceof Error ? error.message : error}`);
  }
}

// src/subscriptions.ts
var MAX_EVENT_NAME = 128;
var Subscriptions = class {
  #connection;
  #listeners = /* @__PURE__ */ new Map();
  constructor(connection) {
    this.#connection = connection;
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

// src/upgrades.ts
var KINDS = ["announced", "cancelled", "vetoed", "activated", "switched"];
var Upgrades = class {
  version = new Source(null);
  #connection;
  #listeners = /* @__PURE__ */ new Set();
  #revision = -1;
  constructor(connection) {
    this.#connection = connection;
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

// src/log-checks.ts
var CONFIRMED_FOR = 6e4;
var LogChecks = class {
  #gateway;
  #asked;
  #policy;
  #head;
  #confirmed = null;
  /** `head` asks the node, inside the session, how far its log goes. */
  constructor(gateway, asked, policy, head) {
    this.#head = head;
    this.#gateway = gateway;
    this.#asked = asked;
    this.#policy = policy;
  }
  /** Throws `ProvenError` unless the log confirms the answer, now or within the last minute. */
  async confirm(applicationId, session, answer, deadline) {
    const { packageId, logIndex } = answer;
    const what = [applicationId, session.root, session.moduleId, packageId, logIndex].join(" ");
    const before = this.#confirmed;
    if (before?.what === what && performance.now() - before.at < CONFIRMED_FOR) {
      await deadline.race(before.report, "the log did not answer");
      return;
    }
    const report = this.ask(applicationId, session, answer, deadline);
    const confirmed = { what, at: performance.now(), report };
    this.#confirmed = confirmed;
    try {
      await report;
    } catch (error) {
      if (this.#confirmed === confirmed) this.#confirmed = null;
      throw error;
    }
  }
  /** What the log says about the answer or, without one, about the application. */
  async ask(applicationId, session, answer, deadline) {
    const { checkLog } = await import("./log.js");
    const head = () => this.#head(deadline);
    const question = { gateway: this.#gateway, applicationId, asked: this.#asked, policy: this.#policy, session, answer, head };
    return checkLog(question, deadline);
  }
};

// src/sign-in.ts
var VERSION = 1;
var LOAD_TIMEOUT = 2e4;
var TIMEOUT = 10 * 6e4;
var MIN_HEIGHT = 160;
var CODES = /* @__PURE__ */ new Set([
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
    const { gateway, applicationId } = this.#options;
    const loaded = new Promise((resolve) => {
      const listen = ({ source, origin, data }) => {
        if (source !== this.#iframe.contentWindow || origin !== gateway || !isHello(data)) return;
        removeEventListener("message", listen);
        resolve();
      };
      addEventListener("message", listen, { signal: this.#ended.signal });
    });
    this.#iframe.src = `${gateway}/sign-in/${applicationId}`;
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    const failed = new ProvenError("UNAVAILABLE", "the sign-in page of the node did not load");
    await Promise.race([new Deadline(LOAD_TIMEOUT).race(loaded).catch(() => Promise.reject(failed)), this.#cancelled]);
    const { port1, port2 } = new MessageChannel();
    const hello = { proven: "sign-in", version: VERSION, application: applicationId };
    this.#iframe.contentWindow.postMessage(hello, gateway, [port2]);
    this.#port = port1;
    return port1;
  }
  async run(port, transcript) {
    const id = 1;
    const answer = new Promise((resolve, reject) => {
      port.onmessage = ({ data }) => {
        try {
          const message = read(data, id);
          if (message.type === "resize") this.#resize(message.height);
          else if (message.type === "error") reject(message.error);
          else if (message.type === "done" === (this.#task === "manage")) resolve(message.identified);
          else throw unexpected("an answer to something else");
        } catch (error) {
          port.close();
          reject(error);
        }
      };
      port.onmessageerror = () => reject(unexpected("a message that cannot be read"));
    });
    port.postMessage({ id, type: this.#task, transcript });
    this.#iframe.focus();
    try {
      return await Promise.race([new Deadline(TIMEOUT).race(answer, "the sign-in was not finished"), this.#cancelled]);
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
    const button = document.createElement("button");
    dialog.setAttribute("aria-label", name);
    iframe.title = name;
    iframe.allow = `publickey-credentials-create ${this.#options.gateway}; publickey-credentials-get ${this.#options.gateway}`;
    iframe.referrerPolicy = "strict-origin";
    button.type = "button";
    button.textContent = "×";
    button.setAttribute("aria-label", "Close");
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
    Object.assign(button.style, {
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
    dialog.append(iframe, button);
    return new Promise((_, reject) => {
      const cancel = () => reject(new ProvenError("CANCELLED", "the sign-in was closed"));
      dialog.addEventListener("close", cancel, { signal: this.#ended.signal });
      button.addEventListener("click", cancel, { signal: this.#ended.signal });
    });
  }
  #resize(height) {
    this.#iframe.style.height = `${Math.max(MIN_HEIGHT, Math.min(height, innerHeight))}px`;
  }
};
function read(data, id) {
  if (typeof data !== "object" || data === null) throw unexpected("something that is no message");
  const message = data;
  const has = (...names) => Object.keys(message).sort().join() === ["id", "type", ...names].sort().join();
  const { type } = message;
  if (type === "resize" && has("height") && message.id === 0 && isHeight(message.height)) {
    return { type, height: message.height };
  }
  if (message.id !== id) throw unexpected("an answer to something else");
  if (type === "done" && has()) return { type, identified: null };
  if (type === "error" && has("code", "message")) {
    const { code, message: text } = message;
    if (typeof code === "string" && typeof text === "string") {
      return { type, error: new ProvenError(CODES.has(code) ? code : "INTERNAL", text.slice(0, 1024)) };
    }
  }
  if (type === "identified" && has("publicKey", "signature", "encryptionKey")) {
    const { publicKey, signature, encryptionKey } = message;
    if (isBytes(publicKey, 32) && isBytes(signature, 64) && isEncryptionKey(encryptionKey)) {
      return { type, identified: { publicKey, signature, encryptionKey } };
    }
  }
  throw unexpected("a message that is none of the protocol");
}
var isHello = (data) => typeof data === "object" && data !== null && data.proven === "sign-in" && data.version === VERSION;
var isHeight = (value) => typeof value === "number" && value >= 0 && value < 1e5;
var isBytes = (value, size) => value instanceof Uint8Array && value.length === size;
var isEncryptionKey = (value) => value instanceof CryptoKey && value.algorithm.name === "AES-GCM" && !value.extractable;
var unexpected = (what) => new ProvenError("BAD_REQUEST", `the sign-in page sent ${what}`);

// src/sdk.ts
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
      onEvent: (event, evidence) => this.#onEvent(event, evidence),
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
  async execute(address, args = [], options = {}) {
    const fields = { handler: address, args: encodeValue([...args]) };
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
  call(address, ...args) {
    return this.execute(address, args);
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
    const { evidence, at } = this.#connection.verified;
    const applicationId = this.#connection.application.id;
    const log = await this.#askLog(applicationId, evidence, deadline);
    return describe(evidence, this.#policy, {
      applicationId,
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
        const { evidence } = this.#connection.verified;
        await this.#log.confirm(this.#connection.application.id, evidence, answer, deadline);
      }
    } catch (error) {
      const { code, message, details, retryAfter } = asProvenError(error);
      const said = what === "event" ? "an event" : `the call was carried out, but its ${what}`;
      throw new ProvenError(code, `${said} is refused: ${message}`, {
        details: what === "event" ? details : { ...details, carriedOut: true },
        retryAfter,
        cause: error
      });
    }
    return answer;
  }
  /** Throws for an error of a handler that is not of code that the policy accepts. */
  async #acceptError({ code, source }, deadline) {
    if (!pinsCode(this.#policy)) return;
    if (source !== void 0) await this.#accept(source, "error", deadline);
    else if (code.startsWith("HANDLER_")) throw unnamed("error");
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
  async #askLog(applicationId, evidence, deadline) {
    try {
      return await this.#log.ask(applicationId, evidence, this.#answer, deadline);
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
  #onEvent(event, evidence) {
    if (event.kind === "published") this.#onPublished(event.name, event.payload, event.source);
    else if (event.kind === "missed") this.#subscriptions.missed();
    else if (event.kind === "version") this.#upgrades.take(event);
    else if (event.kind === "console" && evidence.platform === "development" && this.#options.console !== false) {
      const level = CONSOLE_LEVELS.find((known) => known === event.level) ?? "log";
      console[level](`%c${event.handler}`, "color: gray", event.text);
    }
  }
};
var unnamed = (what) => new ProvenError("EVIDENCE_INVALID", `an ${what} came that does not say which package it is of`, { details: { rule: "package" } });
function gatewayOf({ gateway, application }) {
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
    else if (url.hostname.startsWith(`${application}.`)) url.hostname = url.hostname.slice(application.length + 1);
  }
  return url.origin;
}

export {
  ProvenSDK
};
