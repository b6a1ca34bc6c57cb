import { type Bytes } from '../bytes.ts';
import { type SignedCommand } from './applications.ts';
export declare const MAX_ENTRY: number;
/** `at` is when it was appended, in Unix milliseconds. */
export type Entry = {
    readonly kind: 'command';
    readonly at: number;
    readonly applicationId: string;
    readonly signed: SignedCommand;
} | {
    readonly kind: 'activated';
    readonly at: number;
    readonly applicationId: string;
    readonly revision: number;
} | {
    readonly kind: 'domain_proved';
    readonly at: number;
    readonly applicationId: string;
    readonly domain: string;
    readonly until: number;
} | {
    readonly kind: 'domain_lapsed';
    readonly at: number;
    readonly applicationId: string;
    readonly domain: string;
};
/**
 * Read a leaf of the log; the signatures in it are not verified. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`,
 * `UNAUTHENTICATED`).
 */
export declare function decodeEntry(leaf: Bytes): Entry;
