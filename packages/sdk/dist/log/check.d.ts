import { type Evidence } from '../attestation/evidence.ts';
import { type Policy } from '../attestation/policy.ts';
import { type Bytes } from '../bytes.ts';
import { type Fields } from '../commands.ts';
import { type Deadline } from '../time.ts';
import { type Remembered } from './memory.ts';
import { type Checkpoint, type Note, type NoteKey } from './notes.ts';
import { type ApplicationState } from './replay.ts';
import { type LogReport } from './report.ts';
import { type Answer, type LogView } from './view.ts';
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
    /** Asks the node, inside the session, how far its log goes (`LogHead`). */
    head(): Promise<Fields>;
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
 * 7. As many witnesses as the page requires have cosigned the checkpoint. No entry is earlier than the one before it, from
 *    the future, or of another time than what this browser and the witnesses saw allows; the package was not replaced long
 *    ago.
 * 8. The log goes as far as the node says inside the session, and no entry of the application is left out.
 * 9. The application's upgrade policy is at least what the page insists on, and if it insists on that, every change was
 *    public for the notice that was promised, as witnesses say.
 *
 * What was seen is remembered only then. Throws `ProvenError`: `EVIDENCE_INVALID` with the rule `log`,
 * `upgrade_policy` or `notice`; `UNAVAILABLE`, `REQUEST_TIMEOUT` and the like if the log cannot be read.
 */
export declare function checkLog(question: LogQuestion, deadline: Deadline): Promise<LogReport>;
/** The key, and when it was attested. Throws `EVIDENCE_INVALID` unless the node of `session` attests it. */
export declare function readKey(raw: Bytes, nonce: Bytes, policy: Policy, session: Evidence): Promise<[NoteKey, number]>;
/** Throws `EVIDENCE_INVALID` unless it is a checkpoint of the log that `key` is named after. */
export declare function readCheckpoint(key: NoteKey, raw: Bytes): Promise<[Note, Checkpoint]>;
/** Throws `EVIDENCE_INVALID` for a log that is shorter than it was. */
export declare function checkSize({ size }: Checkpoint, known: Remembered | null): void;
/** Throws `EVIDENCE_INVALID` for a log that does not begin with what was seen of it. */
export declare function checkRemembered({ checkpoint, leaves }: LogView, known: Remembered | null, proof: (size: number) => Promise<readonly Bytes[]>): Promise<void>;
/** Throws `EVIDENCE_INVALID`, rule `upgrade_policy`, for an application that can be changed with too little notice. */
export declare function checkDelay({ minDelay }: Policy, state: ApplicationState): void;
