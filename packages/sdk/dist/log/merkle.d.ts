import { type Bytes } from '../bytes.ts';
export declare const HASH_BYTES = 32;
export declare const sha256: (data: Bytes) => Promise<Bytes>;
export declare const leafHash: (entry: Uint8Array) => Promise<Bytes>;
/** The root over leaf hashes. */
export declare function rootOf(leaves: readonly Bytes[]): Promise<Bytes>;
/** Throws `EVIDENCE_INVALID` unless `leaf` is number `index` of the `size` leaves under `root` (RFC 9162 §2.1.3.2). */
export declare function checkInclusion(leaf: Bytes, index: number, size: number, root: Bytes, proof: readonly Bytes[]): Promise<void>;
/**
 * Throws `EVIDENCE_INVALID` unless the log of `size` entries under `root` begins with the `oldSize` ones under `oldRoot`
 * (RFC 9162 §2.1.4.2).
 */
export declare function checkConsistency(oldSize: number, size: number, oldRoot: Bytes, root: Bytes, proof: readonly Bytes[]): Promise<void>;
