import { type Bytes } from '../bytes.ts';
import { type Sign1 } from '../cose.ts';
/** The payload's fields: well-formed and within limits, but not yet to be believed. */
export interface Document {
    readonly moduleId: string;
    /** Milliseconds since 1970. */
    readonly timestamp: number;
    readonly pcrs: ReadonlyMap<number, Bytes>;
    readonly certificate: Bytes;
    readonly cabundle: readonly Bytes[];
    readonly publicKey: Bytes | null;
    readonly userData: Bytes | null;
    readonly nonce: Bytes | null;
}
/** Throws `ProvenError` (`EVIDENCE_INVALID`, rules `size`, `encoding`, `structure`). */
export declare function readDocument(data: Bytes): [Sign1, Document];
