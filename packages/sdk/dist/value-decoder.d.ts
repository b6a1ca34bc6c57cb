/** Reads one value from its encoding. Throws `ProvenError` or, for what is no encoding, `RangeError`. */
export declare class Reader {
    #private;
    position: number;
    constructor(data: Uint8Array);
    item(depth: number): unknown;
}
