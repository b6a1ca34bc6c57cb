// Who a person is: one root seed, and derived from it for each application a key pair and an encryption key of its
// own, so that two applications cannot tell whether they are used by the same person; and one key pair for the
// applications that they own themselves. The twin of `proven.wire.identity`; `tests/vectors/identity.json` pins every derivation.

import { type Bytes, concat, randomBytes, toBase32, utf8 } from './bytes.ts';
import { encode } from './cbor.ts';

export const SEED_BYTES = 32;

const IDENTIFY_LABEL = 'proven/identify/v1';
const KEY_LABEL = 'proven/identity-key/v1';
const OWNER_LABEL = 'proven/owner-key/v1';
const ID_LABEL = 'proven/identity/v1';
const ENCRYPTION_LABEL = 'proven/encryption-key/v1';
const WRAP_LABEL = 'proven/seed-wrap/v1';
const PRF_LABEL = 'proven/prf/v1';

const WRAP_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const WRAPPED_BYTES = 1 + NONCE_BYTES + SEED_BYTES + TAG_BYTES;
const ED25519_PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);

/** A root seed: its 32 bytes, or a non-extractable HKDF key made of them by `holdSeed`. */
export type Seed = Uint8Array | CryptoKey;

/** A key pair with which the holder of a seed signs for applications. */
export interface OwnerKey {
  readonly publicKey: Bytes;
  /** Not extractable. */
  readonly privateKey: CryptoKey;
}

/** The key pair by which one application (null: node management) knows the holder of a seed. */
export interface IdentityKey extends OwnerKey {
  readonly applicationId: string | null;
  /** The identity's id. */
  readonly identity: string;
}

/** A new root seed. Whoever knows it is that person, everywhere. */
export const newSeed = (): Bytes => randomBytes(SEED_BYTES);

/** A seed from which keys can be derived, but which nobody reads again. It can be stored in IndexedDB. */
export function holdSeed(seed: Uint8Array): Promise<CryptoKey> {
  if (seed.length !== SEED_BYTES) throw new TypeError(`a root seed has ${SEED_BYTES} bytes`);
  return crypto.subtle.importKey('raw', seed as Bytes, 'HKDF', false, ['deriveBits', 'deriveKey']);
}

/** The pairwise key for an application, or the management key for null; the same seed gives the same key every time. */
export async function deriveIdentityKey(seed: Seed, applicationId: string | null): Promise<IdentityKey> {
  const keys = await deriveKeys(seed, encode([KEY_LABEL, applicationId]));
  return { applicationId, ...keys, identity: await identityId(keys.publicKey) };
}

/** The key pair that signs for the applications of the holder of a seed, on every network. Not extractable. */
export const deriveOwnerKey = (seed: Seed): Promise<OwnerKey> => deriveKeys(seed, encode([OWNER_LABEL]));

async function deriveKeys(seed: Seed, info: Bytes): Promise<OwnerKey> {
  const secret = await crypto.subtle.deriveBits(hkdf(info), await held(seed), 256);
  const pkcs8 = concat(ED25519_PKCS8, new Uint8Array(secret));
  const readable = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
  const { x } = await crypto.subtle.exportKey('jwk', readable);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
  pkcs8.fill(0);
  return { publicKey: fromBase64url(x!), privateKey };
}

/** The id of whoever holds an Ed25519 key: base32 of the first 160 bits of a hash. */
export async function identityId(publicKey: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encode([ID_LABEL, publicKey]));
  return toBase32(new Uint8Array(digest, 0, 20));
}

/** The id of the account of whoever holds a seed: the management identity. */
export async function accountId(seed: Seed): Promise<string> {
  return (await deriveIdentityKey(seed, null)).identity;
}

/** What an identity signs to act in a session: that session with that application (null: management). */
export function identifyMessage(applicationId: string | null, transcript: Uint8Array): Bytes {
  if (transcript.length !== 32) throw new TypeError('a transcript has 32 bytes');
  return encode([IDENTIFY_LABEL, applicationId, transcript]);
}

/** The signature over `identifyMessage` with which `Identify` proves the identity. */
export async function sign(key: IdentityKey, transcript: Uint8Array): Promise<Bytes> {
  const message = identifyMessage(key.applicationId, transcript);
  return new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, message));
}

/** The AES-256-GCM key that a person has in one application. Not extractable. */
export async function deriveEncryptionKey(seed: Seed, applicationId: string): Promise<CryptoKey> {
  return crypto.subtle.deriveKey(
    hkdf(encode([ENCRYPTION_LABEL, applicationId])),
    await held(seed),
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
}

/** What is given to an authenticator's pseudo-random function (WebAuthn `prf.eval.first`). */
export async function prfInput(): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(PRF_LABEL)));
}

/** The seed of `account`, readable only with this output of a passkey's pseudo-random function. */
export async function wrapSeed(seed: Uint8Array, prfOutput: BufferSource, account: string): Promise<Bytes> {
  if (seed.length !== SEED_BYTES) throw new TypeError(`a root seed has ${SEED_BYTES} bytes`);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await wrapKey(prfOutput);
  const sealed = await crypto.subtle.encrypt(wrapAlgorithm(nonce, account), key, seed as Bytes);
  return concat(Uint8Array.of(WRAP_VERSION), nonce, new Uint8Array(sealed));
}

/** The seed that `wrapSeed` wrapped. Throws if it was altered, or wrapped for another passkey or account. */
export async function unwrapSeed(wrapped: Uint8Array, prfOutput: BufferSource, account: string): Promise<Bytes> {
  if (wrapped.length !== WRAPPED_BYTES || wrapped[0] !== WRAP_VERSION) {
    throw new TypeError('not a wrapped seed of a version that is known here');
  }
  const nonce = wrapped.slice(1, 1 + NONCE_BYTES);
  const sealed = wrapped.slice(1 + NONCE_BYTES);
  return new Uint8Array(
    await crypto.subtle.decrypt(wrapAlgorithm(nonce, account), await wrapKey(prfOutput), sealed),
  );
}

const hkdf = (info: Bytes): HkdfParams => ({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info });

const held = async (seed: Seed): Promise<CryptoKey> => (seed instanceof Uint8Array ? holdSeed(seed) : seed);

async function wrapKey(prfOutput: BufferSource): Promise<CryptoKey> {
  if (prfOutput.byteLength !== 32) throw new TypeError('the output of a passkey has 32 bytes');
  const secret = await crypto.subtle.importKey('raw', prfOutput, 'HKDF', false, ['deriveKey']);
  return crypto.subtle.deriveKey(hkdf(utf8(WRAP_LABEL)), secret, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
}

const wrapAlgorithm = (iv: Bytes, account: string): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: encode([WRAP_LABEL, account]),
});

const fromBase64url = (text: string): Bytes =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
