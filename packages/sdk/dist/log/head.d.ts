import { type Bytes } from '../bytes.ts';
import { type Fields } from '../commands.ts';
import { type Checkpoint } from './notes.ts';
/** The log has `size` entries under `root`, of which `revision` are about the application. */
export interface Head {
    readonly origin: string;
    readonly size: number;
    readonly root: Bytes;
    readonly revision: number;
}
export declare const readHead: (answer: Fields) => Head;
/**
 * The log is at least as far as the node says, begins with the same entries, and shows all of the application's that it
 * says there are. `compare` throws for a state that the log does not continue. Throws `EVIDENCE_INVALID`.
 */
export declare function checkHead(head: Head, checkpoint: Checkpoint, shown: number, compare: (size: number, root: Bytes) => Promise<void>): Promise<void>;
