import { type Bytes } from '../bytes.ts';
export declare const BOOLEAN = 1;
export declare const INTEGER = 2;
export declare const BIT_STRING = 3;
export declare const OCTET_STRING = 4;
export declare const OID = 6;
export declare const UTC_TIME = 23;
export declare const GENERALIZED_TIME = 24;
export declare const SEQUENCE = 48;
export declare const SET = 49;
/** An element: its tag, its contents, and all of it as it was written. */
export interface Element {
    readonly tag: number;
    readonly contents: Bytes;
    readonly encoded: Bytes;
}
/** Reads elements one after the other. Throws a `RangeError` for what is not DER, or not what was asked for. */
export declare class DerReader {
    #private;
    constructor(data: Bytes);
    get atEnd(): boolean;
    /** The next tag; -1 at the end. */
    peek(): number;
    next(tag: number): Element;
    /** The elements inside the next one. */
    enter(tag?: number): DerReader;
    end(): void;
}
/** An unsigned integer of at most `size` bytes, padded to that. */
export declare function unsigned({ contents }: Element, size: number): Bytes;
/** The bytes of a bit string of whole bytes. */
export declare function wholeBytes({ contents }: Element): Bytes;
export declare function boolean({ contents }: Element): boolean;
/** Milliseconds since 1970 of a time to the second in UTC (RFC 5280 §4.1.2.5). */
export declare function time({ tag, contents }: Element): number;
/** The bytes of an object identifier. */
export declare function identifier({ contents }: Element): Bytes;
