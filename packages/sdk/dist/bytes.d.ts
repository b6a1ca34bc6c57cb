/** Bytes in memory of their own, as WebCrypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>;
export declare const utf8: (text: string) => Bytes;
/** Throws a `TypeError` for what is not UTF-8. */
export declare const fromUtf8: (bytes: Uint8Array) => string;
export declare const randomBytes: (size: number) => Bytes;
export declare function concat(...parts: readonly Uint8Array[]): Bytes;
/** Whether both are the same. Not for secrets: it stops at the first difference. */
export declare const equal: (a: Uint8Array, b: Uint8Array) => boolean;
export declare const toHex: (bytes: Uint8Array) => string;
/** Throws a `TypeError` for what is not pairs of hexadecimal digits. */
export declare function fromHex(text: string): Bytes;
/** Lower-case base32 (RFC 4648 §6) without padding. */
export declare function toBase32(bytes: Uint8Array): string;
/** The 8 bytes of an unsigned number, most significant first. */
export declare function uint64(value: number): Bytes;
