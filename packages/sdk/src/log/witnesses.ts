// Whom a page trusts to have seen the log (C2SP tlog-cosignature), and when they say that they did.

import { broken } from '../attestation/rules.ts';
import { type Policy } from '../attestation/policy.ts';
import { type Bytes } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import { type Checkpoint, cosignedAt, type Note, type NoteKey, parseCheckpoint, parseKey, parseNote } from './notes.ts';
import { type Sighting } from './times.ts';
import { moment } from './words.ts';

const MAX_COSIGNED = 256;

/** The witnesses that a page names, of which `needed` have to have cosigned. */
export interface Witnesses {
  readonly keys: readonly NoteKey[];
  readonly needed: number;
}

/** Throws `ProvenError` (`BAD_REQUEST`) for a policy that names something that is no key. */
export async function witnessesOf({ witnesses = [], minWitnesses = witnesses.length }: Policy): Promise<Witnesses> {
  const keys: NoteKey[] = [];
  for (const text of witnesses) {
    try {
      keys.push(await parseKey(text));
    } catch {
      throw new ProvenError('BAD_REQUEST', `the policy's witness ${JSON.stringify(text.slice(0, 100))} is no verifier key`);
    }
  }
  return { keys, needed: minWitnesses };
}

/** The witnesses that cosigned the newest checkpoint. Throws `EVIDENCE_INVALID` if too few did, or not properly. */
export async function cosigned(note: Note, { size }: Checkpoint, { keys, needed }: Witnesses): Promise<Sighting[]> {
  const found = await sightingsIn(note, size, keys);
  if (found.length < needed) {
    const missing = keys.filter(({ name }) => !found.some(({ witness }) => witness === name)).map(({ name }) => name);
    throw broken(
      'log',
      `${found.length} of the ${needed} witnesses that this page requires cosigned the checkpoint; missing: ` +
        `${missing.join(', ')} (they may need a moment after an entry was written: try again)`,
    );
  }
  return found;
}

/**
 * When witnesses saw earlier states of the log. What none of them cosigned counts for nothing. `compare` throws for a
 * state that the log does not continue. Throws `EVIDENCE_INVALID`.
 */
export async function cosignedBefore(
  notes: readonly Bytes[],
  checkpoint: Checkpoint,
  { keys }: Witnesses,
  compare: (size: number, root: Bytes) => Promise<void>,
): Promise<Sighting[]> {
  if (notes.length > MAX_COSIGNED) throw broken('log', `the log is shown with over ${MAX_COSIGNED} earlier checkpoints`);
  const found: Sighting[] = [];
  for (const raw of notes) {
    const note = parseNote(raw);
    const { origin, size, root } = parseCheckpoint(note.text);
    const sightings = await sightingsIn(note, size, keys);
    const first = sightings[0];
    if (first === undefined || origin !== checkpoint.origin) continue;
    if (size > checkpoint.size) {
      throw broken(
        'log',
        `${first.witness} saw ${size} entries on ${moment(first.at)}, and the log is shown with ${checkpoint.size}`,
      );
    }
    try {
      await compare(size, root);
    } catch (error) {
      if (!(error instanceof ProvenError) || error.code !== 'EVIDENCE_INVALID') throw error;
      throw broken(
        'log',
        `the log was forked: ${first.witness} saw another one of ${size} entries on ${moment(first.at)} (${error.message})`,
      );
    }
    found.push(...sightings);
  }
  return found;
}

async function sightingsIn(note: Note, size: number, keys: readonly NoteKey[]): Promise<Sighting[]> {
  const found: Sighting[] = [];
  for (const key of keys) {
    const at = await cosignedAt(key, note);
    if (at !== null) found.push({ witness: key.name, at, size });
  }
  return found;
}
