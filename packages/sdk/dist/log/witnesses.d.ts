import { type Policy } from '../attestation/policy.ts';
import { type Bytes } from '../bytes.ts';
import { type Checkpoint, type Note, type NoteKey } from './notes.ts';
import { type Sighting } from './times.ts';
/** The witnesses that a page names, of which `needed` have to have cosigned. */
export interface Witnesses {
    readonly keys: readonly NoteKey[];
    readonly needed: number;
}
/** Throws `ProvenError` (`BAD_REQUEST`) for a policy that names something that is no key. */
export declare function witnessesOf({ witnesses, minWitnesses }: Policy): Promise<Witnesses>;
/** The witnesses that cosigned the newest checkpoint. Throws `EVIDENCE_INVALID` if too few did, or not properly. */
export declare function cosigned(note: Note, { size }: Checkpoint, { keys, needed }: Witnesses): Promise<Sighting[]>;
/**
 * When witnesses saw earlier states of the log. What none of them cosigned counts for nothing. `compare` throws for a
 * state that the log does not continue. Throws `EVIDENCE_INVALID`.
 */
export declare function cosignedBefore(notes: readonly Bytes[], checkpoint: Checkpoint, { keys }: Witnesses, compare: (size: number, root: Bytes) => Promise<void>): Promise<Sighting[]>;
