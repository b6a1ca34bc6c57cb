// One state of the log, and what its entries say about an application and the code that answers for it.

import { broken } from '../attestation/rules.ts';
import { type Bytes, equal } from '../bytes.ts';
import { asProvenError } from '../errors.ts';
import { type GivenEntry } from './collect.ts';
import { decodeEntry, type Entry } from './entries.ts';
import { checkConsistency, checkInclusion, leafHash, rootOf } from './merkle.ts';
import { type Checkpoint, type NoteKey } from './notes.ts';
import { type ApplicationState, inWords, Replay, type Version } from './replay.ts';
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
export async function readLog(
  key: NoteKey,
  checkpoint: Checkpoint,
  entries: readonly GivenEntry[],
  whole: boolean,
): Promise<LogView> {
  const { size, root } = checkpoint;
  const leaves = await Promise.all(entries.map(({ leaf }) => leafHash(leaf)));
  if (whole) {
    if (entries.length !== size) {
      throw broken('log', `the log has ${size} entries, and ${entries.length} were given as the whole log`);
    }
    if (!equal(await rootOf(leaves), root)) {
      throw broken('log', 'the entries are not those that the checkpoint signs: their root is another');
    }
    return { key, checkpoint, entries, leaves };
  }
  for (const [number, { index, proof }] of entries.entries()) {
    try {
      await checkInclusion(leaves[number]!, index, size, root, proof);
    } catch (error) {
      throw broken('log', `entry ${index} is not shown to be in the log: ${asProvenError(error).message}`);
    }
  }
  return { key, checkpoint, entries, leaves: null };
}

/** Throws `EVIDENCE_INVALID` unless the log begins with the `size` entries under `root`. */
export async function checkBegin(
  { checkpoint, leaves }: Pick<LogView, 'checkpoint' | 'leaves'>,
  size: number,
  root: Bytes,
  proof: (size: number) => Promise<readonly Bytes[]>,
): Promise<void> {
  if (leaves !== null) {
    if (!equal(await rootOf(leaves.slice(0, size)), root)) throw broken('log', 'its first entries are others');
    return;
  }
  const hashes = size === checkpoint.size || size === 0 ? [] : await proof(size);
  await checkConsistency(size, checkpoint.size, root, checkpoint.root, hashes);
}

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
export async function replay(
  { checkpoint, entries }: LogView,
  applicationId: string,
  answer: Pick<Answer, 'packageId' | 'logIndex'> | null,
): Promise<Replayed> {
  const replayed = new Replay(checkpoint.origin, applicationId);
  const times = new Map<number, number>();
  const activations: Activation[] = [];
  for (const { index, leaf } of entries) {
    let entry: Entry;
    try {
      entry = decodeEntry(leaf);
    } catch (error) {
      throw broken('log', `entry ${index} of the log is malformed: ${asProvenError(error).message}`);
    }
    times.set(index, entry.at);
    if (entry.applicationId !== applicationId) {
      if (index !== answer?.logIndex) continue;
      throw broken('log', `entry ${index}, which the answer names, is about the application ${entry.applicationId}`);
    }
    const pending = replayed.state?.pending ?? null;
    try {
      await replayed.append(entry, index);
    } catch (error) {
      throw broken('log', inWords(index, asProvenError(error)));
    }
    if (entry.kind === 'activated' && pending !== null) {
      const { logIndex, announcedAt, activatesAt } = pending;
      activations.push({ announcedIndex: logIndex, announcedAt, delay: activatesAt - announcedAt });
    }
  }
  const { state } = replayed;
  const version = findVersion(state, checkpoint.size, applicationId, answer);
  const announcements = activations.map(({ announcedIndex }) => announcedIndex);
  if (state!.pending !== null) announcements.push(state!.pending.logIndex);
  return { state: state!, version, times, activations, announcements };
}

function findVersion(
  state: ApplicationState | null,
  size: number,
  applicationId: string,
  answer: Pick<Answer, 'packageId' | 'logIndex'> | null,
): Version {
  if (answer !== null && answer.logIndex >= size) {
    throw broken(
      'log',
      `the checkpoint is older than the answer: it has ${size} entries, and the answer names entry ${answer.logIndex}`,
    );
  }
  if (state === null) throw broken('log', `the log knows no application ${applicationId}`);
  if (answer === null) {
    const newest = state.versions.at(-1);
    if (newest === undefined) throw broken('log', `the log says that ${state.name} has no version`);
    return newest;
  }
  const { logIndex, packageId } = answer;
  if (!state.history.includes(logIndex)) {
    throw broken('log', `entry ${logIndex}, which the answer names, is not among the application's entries`);
  }
  const version = state.versions.find((each) => each.logIndex === logIndex);
  if (version === undefined) throw broken('log', `entry ${logIndex}, which the answer names, made no package live`);
  if (version.packageId !== packageId) {
    throw broken('log', `entry ${logIndex} made the package ${version.packageId} live, and the answer names ${packageId}`);
  }
  return version;
}
