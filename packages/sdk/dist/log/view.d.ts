import { type Bytes } from '../bytes.ts';
import { type GivenEntry } from './collect.ts';
import { type Checkpoint, type NoteKey } from './notes.ts';
import { type ApplicationState, type Version } from './replay.ts';
import { type Activation, type Times } from './times.ts';
/** The package that answered, the entry that made it live, and when the answer came (Unix milliseconds). */
export interface Answer {
    readonly packageId: string;
    readonly logIndex: number;
    readonly at: number;
}
/** A state of the log and what was given of its content, all of it held against the root that was signed. */
export interface LogView {
    readonly key: NoteKey;
    readonly checkpoint: Checkpoint;
    readonly entries: readonly GivenEntry[];
    /** The hashes of all leaves, if they are all there. */
    readonly leaves: readonly Bytes[] | null;
}
/** Hold entries against the root. Throws `EVIDENCE_INVALID`. */
export declare function readLog(key: NoteKey, checkpoint: Checkpoint, entries: readonly GivenEntry[], whole: boolean): Promise<LogView>;
/** Throws `EVIDENCE_INVALID` unless the log begins with the `size` entries under `root`. */
export declare function checkBegin({ checkpoint, leaves }: Pick<LogView, 'checkpoint' | 'leaves'>, size: number, root: Bytes, proof: (size: number) => Promise<readonly Bytes[]>): Promise<void>;
/** What the entries say: the application, the version that answered, and what there is to hold against other clocks. */
export interface Replayed {
    readonly state: ApplicationState;
    readonly version: Version;
    /** Of all entries that were given. */
    readonly times: Times;
    readonly activations: readonly Activation[];
    /** The entries that announced what came into force later, or may yet. */
    readonly announcements: readonly number[];
}
/** Replay the application's entries and find the one that made the package that answered live. */
export declare function replay({ checkpoint, entries }: LogView, applicationId: string, answer: Pick<Answer, 'packageId' | 'logIndex'> | null): Promise<Replayed>;
