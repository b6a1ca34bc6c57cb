import { type Bytes } from './bytes.ts';
/** An untagged COSE_Sign1 with ES384 and an empty unprotected header: what it signs, and the signature as r ‖ s. */
export interface Sign1 {
    readonly payload: Bytes;
    readonly signature: Bytes;
    /** What the signature is over (RFC 9052 §4.4). */
    readonly signed: Bytes;
}
/** Throws `ProvenError` (`BAD_REQUEST`). */
export declare function decodeSign1(data: Uint8Array, maxBytes: number): Sign1;
/**
 * Tagged COSE_Encrypt0 messages of one direction under one key: `16([<<{1: 3}>>, {4: key id, 6: sequence},
 * ciphertext])`. The sequence, 8 bytes, is the Partial IV: the nonce is a prefix of 4 bytes followed by it. The
 * external authenticated data is CBOR `[context..., sequence]`.
 */
export declare class Encrypt0Direction {
    #private;
    /** `key` is one for AES-256-GCM. */
    constructor(key: CryptoKey, noncePrefix: Bytes, keyId: Bytes, context: readonly (string | Bytes)[]);
    /** A sequence must never be used twice: that is up to the caller. */
    encrypt(sequence: number, plaintext: Bytes): Promise<Bytes>;
    /** The sequence and the plaintext. Throws `ProvenError` for anything but what `encrypt` made. */
    decrypt(message: Bytes): Promise<[sequence: number, plaintext: Bytes]>;
}
