import { type Bytes } from './bytes.ts';
/** What `decode` returns. An integer beyond what a number holds exactly is a bigint. */
export type Item = number | bigint | string | boolean | null | Bytes | Item[] | Map<number | string, Item>;
/** What `encode` takes: safe integers only; fields that are undefined are left out. */
export type Encodable = number | string | boolean | null | Uint8Array | readonly Encodable[] | ReadonlyMap<number | string, Encodable> | {
    readonly [name: string]: Encodable | undefined;
};
export declare const UINT = 0;
export declare const NINT = 1;
export declare const BYTES = 2;
export declare const TEXT = 3;
export declare const ARRAY = 4;
export declare const MAP = 5;
export declare const TAG = 6;
/** The initial byte and argument of an item, in the shortest form. */
export declare function head(major: number, argument: number): Bytes;
export declare function encode(value: Encodable): Bytes;
/**
 * The one item that fills `data`, nested at most `maxDepth` deep. Throws `ProvenError`: `TOO_LARGE` above `maxBytes`,
 * `BAD_REQUEST` for everything that `encode` would not have written.
 */
export declare function decode(data: Uint8Array, { maxBytes, maxDepth }: {
    maxBytes: number;
    maxDepth?: number;
}): Item;
/** Reads items one after the other; throws a `RangeError` or `TypeError` where that is not possible. */
export declare class Reader {
    #private;
    position: number;
    /** How many floats were read: an integral one is a number like an integer. */
    floats: number;
    constructor(data: Uint8Array);
    /** The next byte, not consumed; -1 at the end. */
    peek(): number;
    end(): void;
    /** The major type and argument of an item that is no simple value. */
    head(): [number, number | bigint];
    item(depth: number): Item;
}
