import {
  concat,
  encode,
  randomBytes,
  toBase32,
  utf8
} from "./shared-EFVRXLXN.js";

// src/identity.ts
var SEED_BYTES = 32;
var IDENTIFY_LABEL = "proven/identify/v1";
var KEY_LABEL = "proven/identity-key/v1";
var OWNER_LABEL = "proven/owner-key/v1";
var ID_LABEL = "proven/identity/v1";
var ENCRYPTION_LABEL = "proven/encryption-key/v1";
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
async function deriveIdentityKey(seed, applicationId) {
  const keys = await deriveKeys(seed, encode([KEY_LABEL, applicationId]));
  return { applicationId, ...keys, identity: await identityId(keys.publicKey) };
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
async function identityId(publicKey) {
  const digest = await crypto.subtle.digest("SHA-256", encode([ID_LABEL, publicKey]));
  return toBase32(new Uint8Array(digest, 0, 20));
}
async function accountId(seed) {
  return (await deriveIdentityKey(seed, null)).identity;
}
function identifyMessage(applicationId, transcript) {
  if (transcript.length !== 32) throw new TypeError("a transcript has 32 bytes");
  return encode([IDENTIFY_LABEL, applicationId, transcript]);
}
async function sign(key, transcript) {
  const message = identifyMessage(key.applicationId, transcript);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key.privateKey, message));
}
async function deriveEncryptionKey(seed, applicationId) {
  return crypto.subtle.deriveKey(
    hkdf(encode([ENCRYPTION_LABEL, applicationId])),
    await held(seed),
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"]
  );
}
async function prfInput() {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(PRF_LABEL)));
}
async function wrapSeed(seed, prfOutput, account) {
  if (seed.length !== SEED_BYTES) throw new TypeError(`a root seed has ${SEED_BYTES} bytes`);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await wrapKey(prfOutput);
  const sealed = await crypto.subtle.encrypt(wrapAlgorithm(nonce, account), key, seed);
  return concat(Uint8Array.of(WRAP_VERSION), nonce, new Uint8Array(sealed));
}
async function unwrapSeed(wrapped, prfOutput, account) {
  if (wrapped.length !== WRAPPED_BYTES || wrapped[0] !== WRAP_VERSION) {
    throw new TypeError("not a wrapped seed of a version that is known here");
  }
  const nonce = wrapped.slice(1, 1 + NONCE_BYTES);
  const sealed = wrapped.slice(1 + NONCE_BYTES);
  return new Uint8Array(
    await crypto.subtle.decrypt(wrapAlgorithm(nonce, account), await wrapKey(prfOutput), sealed)
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
var wrapAlgorithm = (iv, account) => ({
  name: "AES-GCM",
  iv,
  additionalData: encode([WRAP_LABEL, account])
});
var fromBase64url = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

export {
  SEED_BYTES,
  newSeed,
  holdSeed,
  deriveIdentityKey,
  deriveOwnerKey,
  identityId,
  accountId,
  identifyMessage,
  sign,
  deriveEncryptionKey,
  prfInput,
  wrapSeed,
  unwrapSeed
};
