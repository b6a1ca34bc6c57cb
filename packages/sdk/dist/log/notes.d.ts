import { type Bytes } from '../bytes.ts';
export declare const MAX_NOTE: number;
export interface NoteSignature {
    readonly name: string;
    readonly keyId: Bytes;
    /** What follows the key's id. */
    readonly blob: Bytes;
}
/** `text` ends in a newline and holds no empty last line; that is what signatures are over. */
export interface Note {
    readonly text: string;
    readonly signatures: readonly NoteSignature[];
}
/** A log, its size and its root. */
export interface Checkpoint {
    readonly origin: string;
    readonly size: number;
    readonly root: Bytes;
    readonly extensions: readonly string[];
}
/** Whose signatures to accept: an Ed25519 key under the name it signs as. */
export interface NoteKey {
    readonly name: string;
    readonly publicKey: Bytes;
    /** The text by which such keys are passed on (signed-note, "vkey"). */
    readonly verifierKey: string;
}
/** Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export declare function parseNote(raw: Bytes): Note;
/** What the text of a log's note says. Throws `ProvenError` (`BAD_REQUEST`). */
export declare function parseCheckpoint(text: string): Checkpoint;
/** Read a verifier key. Throws `ProvenError` (`BAD_REQUEST`). */
export declare function parseKey(text: string): Promise<NoteKey>;
/** Throws `ProvenError` (`EVIDENCE_INVALID`) unless `note` has a good signature of `key`. */
export declare function checkNote(key: NoteKey, note: Note): Promise<void>;
/**
 * When this witness cosigned `note`, in Unix milliseconds; null if it has not. Throws `EVIDENCE_INVALID` for a
 * cosignature in its name that is not good (C2SP tlog-cosignature).
 */
export declare function cosignedAt(key: NoteKey, note: Note): Promise<number | null>;
