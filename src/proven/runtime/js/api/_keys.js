// Key handles. A handle is a number that means something only to the node, and only within the invocation
// that made or loaded the key; the private bytes never come here.

const CURVE = "Ed25519";

const hexOf = (bytes) => {
  let hex = "";
  for (const byte of bytes) hex += (byte < 16 ? "0" : "") + byte.toString(16);
  return hex;
};

class Bytes {
  constructor(bytes) {
    this.bytes = bytes;
  }

  get curve() {
    return CURVE;
  }

  hex() {
    return hexOf(this.bytes);
  }

  hexString() {
    return hexOf(this.bytes);
  }

  rawBytes() {
    return this.bytes;
  }

  toString() {
    return hexOf(this.bytes);
  }
}

export class PublicKey extends Bytes {
  get publicKey() {
    return this.bytes;
  }
}

export class Signature extends Bytes {
  get signature() {
    return this.bytes;
  }
}

export class SignatureWithPublicKey extends Signature {
  constructor(bytes, publicKey) {
    super(bytes);
    this.publicKey = publicKey;
  }
}

const INSIDE = Symbol("inside");
let handleOf;

export class PrivateKey {
  #host;
  #handle;
  #publicKey;

  constructor(inside, host, handle, publicKey) {
    if (inside !== INSIDE) throw new TypeError("keys are made by generateEd25519Key or loaded from a key store");
    this.#host = host;
    this.#handle = handle;
    this.#publicKey = publicKey;
    Object.freeze(this);
  }

  static {
    handleOf = (key) => (typeof key === "object" && key !== null && #handle in key ? key.#handle : undefined);
  }

  get curve() {
    return CURVE;
  }

  publicKey() {
    return Object.freeze(new PublicKey(this.#publicKey.slice()));
  }

  publicKeyBytes() {
    return this.#publicKey.slice();
  }

  publicKeyHex() {
    return hexOf(this.#publicKey);
  }

  sign(data) {
    return this.#host.callSync("crypto.sign", this.#handle, data);
  }

  signToSignature(data) {
    return Object.freeze(new Signature(this.sign(data)));
  }

  signToSignatureWithPublicKey(data) {
    return Object.freeze(new SignatureWithPublicKey(this.sign(data), this.publicKeyBytes()));
  }

  produceSignature(messageHash) {
    return { curve: CURVE, publicKey: this.publicKeyBytes(), signature: this.sign(messageHash) };
  }

  verify(data, signature) {
    const bytes = signature instanceof Signature ? signature.bytes : signature;
    return this.#host.callSync("crypto.verify", this.#handle, data, bytes);
  }
}

export const wrapKey = (host, [handle, publicKey]) => new PrivateKey(INSIDE, host, handle, publicKey);

export function unwrapKey(key) {
  const handle = handleOf(key);
  if (handle === undefined) throw new TypeError("a key store holds keys of generateEd25519Key");
  return handle;
}
