import { unwrapKey, wrapKey } from "./_keys.js";
import { bindable, checkName, nftForm, transaction } from "./_scope.js";

const PAGE = 1000;
const same = (value) => value;

// What a store holds, and how a value crosses to the host and back.
const STRING = {
  kind: "string",
  outgoing(value) {
    if (typeof value !== "string") throw new TypeError("this store holds text");
    return value;
  },
  incoming: () => same,
};
const BYTES = {
  kind: "bytes",
  outgoing(value) {
    if (!(value instanceof Uint8Array)) throw new TypeError("this store holds Uint8Array values");
    return value;
  },
  incoming: () => same,
};
const KEY = { kind: "key", outgoing: unwrapKey, incoming: (host) => (value) => wrapKey(host, value) };

class Store {
  #host;
  #type;
  #target;
  #incoming;

  constructor(host, type, target, storeName) {
    this.#host = host;
    this.#type = type;
    this.#target = target;
    this.#incoming = type.incoming(host);
    this.storeName = storeName;
    Object.freeze(this);
  }

  async get(key) {
    const value = await this.#host.call("kv.get", this.#target, this.#type.kind, this.storeName, key);
    return value === undefined ? undefined : this.#incoming(value);
  }

  async getEntry(key) {
    const entry = await this.#host.call("kv.entry", this.#target, this.#type.kind, this.storeName, key);
    return entry === undefined ? undefined : this.#entry(entry);
  }

  has(key) {
    return this.#host.call("kv.has", this.#target, this.#type.kind, this.storeName, key);
  }

  async set(key, value, options) {
    await this.#write(key, value, options, undefined);
  }

  delete(key) {
    return this.#delete(key, undefined);
  }

  async keys(prefix) {
    const keys = [];
    for (;;) {
      const [page, more] = await this.#host.call(
        "kv.keys",
        this.#target,
        this.#type.kind,
        this.storeName,
        prefix,
        keys.at(-1),
        PAGE,
      );
      keys.push(...page);
      if (!more) return keys;
    }
  }

  async entries(prefix, { limit = Infinity, after } = {}) {
    const entries = [];
    let left = limit;
    while (left > 0) {
      const [page, more] = await this.#host.call(
        "kv.entries",
        this.#target,
        this.#type.kind,
        this.storeName,
        prefix,
        entries.at(-1)?.key ?? after,
        Math.min(left, PAGE),
      );
      for (const entry of page) entries.push(this.#entry(entry));
      left -= page.length;
      if (!more) break;
    }
    return entries;
  }

  async compareAndSet(key, expectedVersion, value, options) {
    if (!Number.isSafeInteger(expectedVersion)) throw new TypeError("an expected version is a whole number");
    return this.#write(key, value, options, expectedVersion);
  }

  async update(key, fn, options) {
    for (;;) {
      const entry = await this.getEntry(key);
      const next = await fn(entry?.value);
      const version = entry?.version ?? 0;
      const done =
        next === undefined
          ? entry === undefined || (await this.#delete(key, version))
          : await this.compareAndSet(key, version, next, options);
      if (done) return next;
    }
  }

  transaction(fn) {
    return transaction(this.#host, this.#target, fn);
  }

  async #write(key, value, options, expected) {
    return await this.#host.call(
      "kv.set",
      this.#target,
      this.#type.kind,
      this.storeName,
      key,
      this.#type.outgoing(value),
      options?.ttl,
      expected,
    );
  }

  #delete(key, expected) {
    return this.#host.call("kv.delete", this.#target, this.#type.kind, this.storeName, key, expected);
  }

  #entry([key, value, version, expiresAt]) {
    const entry = { key, value: this.#incoming(value), version };
    if (expiresAt !== undefined) entry.expiresAt = expiresAt;
    return entry;
  }
}

const METHODS = Object.getOwnPropertyNames(Store.prototype).filter((name) => name !== "constructor");

export default function create(host) {
  const scoped = (type, scope) => (storeName = "default") => {
    checkName(storeName, "store");
    const bind = (target) => new Store(host, type, target, storeName);
    return bindable(bind(scope), scope, bind);
  };
  const perNft = (type) => (storeName = "default") => {
    checkName(storeName, "store");
    return nftForm(METHODS, (target) => new Store(host, type, target, storeName), { storeName });
  };
  return {
    getApplicationStore: scoped(STRING, "application"),
    getApplicationBytesStore: scoped(BYTES, "application"),
    getApplicationKeyStore: scoped(KEY, "application"),
    getPersonalStore: scoped(STRING, "personal"),
    getPersonalBytesStore: scoped(BYTES, "personal"),
    getPersonalKeyStore: scoped(KEY, "personal"),
    getNftStore: perNft(STRING),
    getNftBytesStore: perNft(BYTES),
    getNftKeyStore: perNft(KEY),
  };
}
