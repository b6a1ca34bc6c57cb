import { type Bytes } from '../bytes.ts';
import { type Deadline } from '../time.ts';
/** A leaf of the log, and the proof that it is number `index`; no proof where the whole log is given. */
export interface GivenEntry {
    readonly index: number;
    readonly leaf: Bytes;
    readonly proof: readonly Bytes[];
}
export declare class Collector {
    #private;
    constructor(gateway: string, deadline: Deadline);
    key(nonce: Bytes): Promise<Bytes>;
    /** The newest checkpoint; waits a little for one of at least `size` entries. */
    checkpoint(size: number): Promise<Bytes>;
    /** All entries of a log of `size`, if that is not too many, or those that the node says are of the application. */
    entries(applicationId: string, size: number): Promise<{
        whole: boolean;
        entries: GivenEntry[];
    }>;
    consistency(old: number, size: number): Promise<Bytes[]>;
    /** The checkpoints of up to `size` entries by which witnesses say since when these entries are public. */
    cosigned(indexes: readonly number[], size: number): Promise<Bytes[]>;
}
/** The entries of a bundle (C2SP tlog-tiles). Throws `EVIDENCE_INVALID` where it is cut short. */
export declare function splitEntries(bundle: Bytes): Bytes[];
