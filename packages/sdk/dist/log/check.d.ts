import { type Evidence } from '../attestation/evidence.ts';
import { type Policy } from '../attestation/policy.ts';
import { type Bytes } from '../bytes.ts';
import { type Deadline } from '../time.ts';
import { type GivenEntry } from './collect.ts';
import { type Entry } from './entries.ts';
import { type Remembered } from './memory.ts';
import { type Checkpoint, type NoteKey } from './notes.ts';
import { type ApplicationState, type Version } from './replay.ts';
/** What is asked of the log: about an answer or, without one, about the application. */
export interface LogQuestion {
    readonly gateway: string;
    readonly applicationId: string;
    /** The id or name by which the page knows the application. */
    readonly asked: string;
    readonly policy: Policy;
    /** The evidence of the session. */
    readonly session: Evidence;
    readonly answer: Answer | null;
}
/** The package that answered, the entry that made it live, and when the answer came (Unix milliseconds). */
export interface Answer {
    readonly packageId: string;
    readonly logIndex: number;
    readonly at: number;
}
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
    /** Since when it is live, ISO 8601. */
    readonly liveSince: string;
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
/** A state of the log and what was given of its content, all of it held against the root that was signed. */
export interface LogView {
    readonly key: NoteKey;
    readonly checkpoint: Checkpoint;
    readonly entries: readonly GivenEntry[];
    /** The hashes of all leaves, if they are all there. */
    readonly leaves: readonly Bytes[] | null;
}
/**
 * Ask the node's log. It has to pass, in this order:
 *
 * 1. The log's key is attested by the node of the session, for a nonce of this moment.
 * 2. The newest checkpoint is signed by that key, and is of the log that the key is named after.
 * 3. Every entry is in the log at its place.
 * 4. The log is the one in which this browser saw the application before, and begins with what it saw of it.
 * 5. The application's entries follow every rule, each signed by those who could at that time (`Replay`).
 * 6. The entry that the answer names made the package live that answered, for this application.
 * 7. No entry is from the future or older than a state of the log without it; the package was not replaced long ago.
 * 8. The application's upgrade policy is at least what the page insists on.
 *
 * What was seen is remembered only then. Throws `ProvenError`: `EVIDENCE_INVALID` with the rule `log` or
 * `upgrade_policy`; `UNAVAILABLE`, `REQUEST_TIMEOUT` and the like if the log cannot be read.
 */
export declare function checkLog(question: LogQuestion, deadline: Deadline): Promise<LogReport>;
/** Throws `EVIDENCE_INVALID` unless the node of `session` attests the key. */
export declare function readKey(raw: Bytes, nonce: Bytes, policy: Policy, session: Evidence): Promise<NoteKey>;
/** Throws `EVIDENCE_INVALID` unless it is a checkpoint of the log that `key` is named after. */
export declare function readCheckpoint(key: NoteKey, raw: Bytes): Promise<Checkpoint>;
/** Hold entries against the root. Throws `EVIDENCE_INVALID`. */
export declare function readLog(key: NoteKey, checkpoint: Checkpoint, entries: readonly GivenEntry[], whole: boolean): Promise<LogView>;
/** Throws `EVIDENCE_INVALID` for a log that is shorter than it was. */
export declare function checkSize({ size }: Checkpoint, known: Remembered | null): void;
/** Throws `EVIDENCE_INVALID` for a log that does not begin with what was seen of it. */
export declare function checkRemembered({ checkpoint, leaves }: LogView, known: Remembered | null, proof: (size: number) => Promise<readonly Bytes[]>): Promise<void>;
/** Replay the application's entries and find the one that made the package that answered live. */
export declare function replay({ checkpoint, entries }: LogView, applicationId: string, answer: Pick<Answer, 'packageId' | 'logIndex'> | null): Promise<{
    state: ApplicationState;
    version: Version;
    entries: [index: number, entry: Entry][];
}>;
/** Refuse entries from the future, and entries older than a state of the log in which they were not yet. */
export declare function checkTimes(entries: readonly [number, Entry][], known: Remembered | null, now: number): void;
/** Refuse an answer of a version that was replaced long before. */
export declare function checkSuperseded({ versions }: ApplicationState, version: Version, now: number): void;
/** Throws `EVIDENCE_INVALID`, rule `upgrade_policy`, for an application that can be changed with too little notice. */
export declare function checkDelay({ minDelay }: Policy, state: ApplicationState): void;
