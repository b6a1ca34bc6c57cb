import { type Bytes } from './bytes.ts';
/** Writes one value. Throws `ProvenError`. */
export declare class Writer {
    #private;
    bytes(): Bytes;
    item(value: unknown, depth: number): void;
}
