import { type Bytes } from './bytes.ts';
export declare const SEED_BYTES = 32;
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
export declare const newSeed: () => Bytes;
/** A seed from which keys can be derived, but which nobody reads again. It can be stored in IndexedDB. */
export declare function holdSeed(seed: Uint8Array): Promise<CryptoKey>;
/** The pairwise key for an application, or the management key for null; the same seed gives the same key every time. */
export declare function deriveIdentityKey(seed: Seed, applicationId: string | null): Promise<IdentityKey>;
/** The key pair that signs for the applications of the holder of a seed, on every network. Not extractable. */
export declare const deriveOwnerKey: (seed: Seed) => Promise<OwnerKey>;
/** The id of whoever holds an Ed25519 key: base32 of the first 160 bits of a hash. */
export declare function identityId(publicKey: Uint8Array): Promise<string>;
/** The id of the account of whoever holds a seed: the management identity. */
export declare function accountId(seed: Seed): Promise<string>;
/** What an identity signs to act in a session: that session with that application (null: management). */
export declare function identifyMessage(applicationId: string | null, transcript: Uint8Array): Bytes;
/** The signature over `identifyMessage` with which `Identify` proves the identity. */
export declare function sign(key: IdentityKey, transcript: Uint8Array): Promise<Bytes>;
/** The AES-256-GCM key that a person has in one application. Not extractable. */
export declare function deriveEncryptionKey(seed: Seed, applicationId: string): Promise<CryptoKey>;
/** What is given to an authenticator's pseudo-random function (WebAuthn `prf.eval.first`). */
export declare function prfInput(): Promise<Bytes>;
/** The seed of `account`, readable only with this output of a passkey's pseudo-random function. */
export declare function wrapSeed(seed: Uint8Array, prfOutput: BufferSource, account: string): Promise<Bytes>;
/** The seed that `wrapSeed` wrapped. Throws if it was altered, or wrapped for another passkey or account. */
export declare function unwrapSeed(wrapped: Uint8Array, prfOutput: BufferSource, account: string): Promise<Bytes>;
