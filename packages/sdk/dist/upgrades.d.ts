import { type Message } from './commands.ts';
import { type Connection } from './connection.ts';
import { Source } from './readable.ts';
/** A change that was announced and may come into force. */
export interface PendingChange {
    /** The package that answers then; null if the change is not one of code. */
    readonly packageId: string | null;
    /** The entry of the log that announced it. */
    readonly logIndex: number;
    readonly activatesAt: Date;
}
export interface Version {
    /** The package that new calls go to, and the entry of the log that made it live; null before the first one. */
    readonly packageId: string | null;
    readonly logIndex: number | null;
    /** What is announced; known while `onUpgrade` is in use. */
    readonly pending: PendingChange | null;
}
/**
 * `announced`: a change is pending. `cancelled`, `vetoed`: it is not any more. `activated`: it came into force, and is not
 * one of code. `switched`: another version answers from now on; told before any answer of it arrives.
 */
export type UpgradeKind = (typeof KINDS)[number];
declare const KINDS: readonly ['announced', 'cancelled', 'vetoed', 'activated', 'switched'];
export interface Upgrade {
    readonly kind: UpgradeKind;
    /** The entry of the log that did it. */
    readonly entry: number;
    /** What answered before a switch, if anything did. */
    readonly previous: string | null;
    /** How things are now. */
    readonly version: Version;
}
type Listener = (upgrade: Upgrade) => void;
/** Like subscriptions, it outlives sessions: each new one is asked how things are. A late word never replaces a newer one. */
export declare class Upgrades {
    #private;
    readonly version: Source<Version | null>;
    constructor(connection: Connection);
    get any(): boolean;
    add(onUpgrade: Listener): Promise<() => void>;
    /** A session took the place of one that was lost. */
    renew(): Promise<void>;
    /** The node says that something changed. */
    take({ what, entry, previous, now }: Message & {
        kind: 'version';
    }): void;
    /** An answer came from this package. */
    answered(packageId: string, logIndex: number): void;
}
export {};
