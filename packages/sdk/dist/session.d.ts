import { type Bytes } from './bytes.ts';
import { Encrypt0Direction } from './cose.ts';
export declare const MAX_EVIDENCE: number;
export declare const MAX_RESPONSE: number;
export declare const MAX_PLAINTEXT: number;
export declare const MAX_FRAME: number;
export declare const MAX_SEQUENCE: number;
/** What evidence has to be about. */
export interface Expected {
    readonly nonce: Bytes;
    readonly userData: Bytes;
    readonly publicKey: Bytes;
}
/** A key pair for X25519 whose private half nobody reads. */
export declare function generateKeyPair(): Promise<CryptoKeyPair>;
export interface HandshakeOptions {
    applicationId: string | null;
    origin?: string | undefined;
    keyPair: CryptoKeyPair;
    /** A ticket that was issued to `keyPair`. */
    resumption?: Bytes | undefined;
    nonce?: Bytes;
}
/** The client's side of one handshake; use it once. */
export declare class ClientHandshake {
    #private;
    constructor(options: HandshakeOptions);
    request(): Promise<Bytes>;
    /**
     * Check who answered, then derive the keys; no key exists before `verify` has agreed. Throws `ProvenError`:
     * `BAD_REQUEST` for a malformed response, and what `verify` throws.
     */
    finish<Evidence>(response: Uint8Array, verify: (document: Bytes, expected: Expected) => Promise<Evidence>): Promise<[SealedChannel, Evidence]>;
}
/**
 * One end of an established session. Its rules, in order:
 *
 * 1. After it has been closed, by a rule below or by `close`, it neither seals nor opens anything.
 * 2. Each direction has its own key and nonce prefix; a frame sent back to its sender does not open.
 * 3. A frame is one COSE_Encrypt0 of this session, in its only encoding, of at most `MAX_FRAME` bytes.
 * 4. Its authenticated data names session, direction and sequence; the ciphertext has to match all of them.
 * 5. Sequences are strictly increasing: a replayed or reordered frame is one that does not increase.
 * 6. A frame that breaks rules 3 to 5 closes the channel; there is no second try.
 * 7. The channel ends after sequence `MAX_SEQUENCE`.
 *
 * Frames have to be opened one after the other, and sent in the order in which `seal` was called.
 */
export declare class SealedChannel {
    #private;
    readonly sessionId: Bytes;
    readonly transcript: Bytes;
    constructor(sessionId: Bytes, transcript: Bytes, outbound: Encrypt0Direction, inbound: Encrypt0Direction);
    get closed(): boolean;
    /** The next sequence and, in a while, its frame. Throws `ProvenError`: `SESSION_CLOSED`, `TOO_LARGE`. */
    seal(plaintext: Bytes): [sequence: number, frame: Promise<Bytes>];
    /** The plaintext of the peer's next frame; rejects with `SESSION_CLOSED` for a bad one. */
    open(frame: Bytes): Promise<Bytes>;
    /** Refuse everything from now on and let go of the keys. */
    close(): void;
}
