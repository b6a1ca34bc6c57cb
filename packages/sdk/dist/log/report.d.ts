import { type Remembered } from './memory.ts';
import { type ApplicationState } from './replay.ts';
import { type Sighting } from './times.ts';
import { type LogView, type Replayed } from './view.ts';
/** What the log says about an application, checked; as plain data. */
export interface LogReport {
    /** The log's name, and its size and root (hex) when it was asked. */
    readonly origin: string;
    readonly size: number;
    readonly root: string;
    /** The last state of the log that this browser had seen, null the first time. */
    readonly seenBefore: {
        readonly size: number;
        readonly at: string;
    } | null;
    /** Whether all of the log was read; if not, that no entry was left out is the node's word. */
    readonly complete: boolean;
    /** The version that answered; the newest if none has. */
    readonly version: number;
    readonly packageId: string;
    readonly logIndex: number;
    /** Since when it is live, and when it was announced (the same where no notice was promised), ISO 8601. */
    readonly liveSince: string;
    readonly announcedAt: string;
    /** The witnesses of the policy that saw it: it was there at `by`, and not yet at `notBefore`, if that is known. */
    readonly witnessed: readonly {
        readonly witness: string;
        readonly notBefore: string | null;
        readonly by: string;
    }[];
    /** The public key of the owner, in hex. */
    readonly owner: string;
    readonly upgradePolicy: 'immutable' | 'owner' | 'timelock' | 'multisig' | 'timelock_multisig';
    /** Seconds between the announcement of a change and its coming into force; null if nothing changes any more. */
    readonly delay: number | null;
    /** The change that was announced, if one was. Times are ISO 8601. */
    readonly pending: {
        readonly logIndex: number;
        readonly announcedAt: string;
        readonly activatesAt: string;
    } | null;
    /** Sentences that a page can show. */
    readonly summary: readonly string[];
}
/** Seconds, null if nothing changes any more. */
export declare const noticeOf: ({ archived, policy }: ApplicationState) => number | null;
export declare function report({ checkpoint, leaves }: LogView, { state, version, times }: Replayed, known: Remembered | null, sightings: readonly Sighting[], about: {
    memory: boolean;
    answered: boolean;
}): LogReport;
