import { type Bytes } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import { type SignedCommand, type Upgrade, type UpgradePolicy } from './applications.ts';
import { type Entry } from './entries.ts';
/** `at` and `logIndex` are those of the entry that made it live, `announcedIndex` is that of its announcement. */
export interface Version {
    readonly number: number;
    readonly packageId: string;
    /** Unix milliseconds. */
    readonly at: number;
    readonly logIndex: number;
    readonly announcedIndex: number;
}
/** A change that was announced. Times are Unix milliseconds. */
export interface Pending {
    readonly change: Upgrade;
    readonly logIndex: number;
    readonly announcedAt: number;
    readonly activatesAt: number;
}
/** An application as its entries left it. */
export interface ApplicationState {
    readonly id: string;
    readonly name: string;
    owner: Bytes;
    policy: UpgradePolicy;
    pending: Pending | null;
    archived: boolean;
    changedAt: number;
    readonly versions: Version[];
    /** The log indexes of its entries. */
    readonly history: number[];
}
/** Folds the entries of `applicationId` in the log `origin`, one after the other. */
export declare class Replay {
    #private;
    constructor(origin: string, applicationId: string);
    /** Null before the first entry. */
    get state(): ApplicationState | null;
    /** The next entry. Throws `ProvenError` if it breaks a rule of `proven.apps.State`. */
    append(entry: Entry, index: number): Promise<void>;
}
/** The id of the application that the holder of a key creates with a nonce of their choice. */
export declare function applicationId(owner: Bytes, nonce: Bytes): Promise<string>;
/** Whether a command takes back or vetoes the pending change, by somebody who had seen it announced. */
export declare function endsPending({ pending, history }: Pick<ApplicationState, 'pending' | 'history'>, { command: { command }, revision }: Pick<SignedCommand, 'command' | 'revision'>): boolean;
/** What is wrong with entry `index`, which the rules refuse. */
export declare function inWords(index: number, error: ProvenError): string;
/** A key as people compare it. */
export declare const short: (key: Bytes | string) => string;
