import { type Bytes } from '../bytes.ts';
/** Throws a `TypeError` for everything else. */
export declare function fromBase64(text: string): Bytes;
export declare const toBase64url: (bytes: Uint8Array) => string;
