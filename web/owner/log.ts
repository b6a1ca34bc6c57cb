/** What the node's log says, verified in this browser: attested key, checkpoint, entries, and what was seen before. */
import { broken } from '../../packages/sdk/src/attestation/rules.ts';
import { type Bytes, equal, randomBytes } from '../../packages/sdk/src/bytes.ts';
import { asProvenError } from '../../packages/sdk/src/errors.ts';
import { checkRemembered, checkSize, readCheckpoint, readKey } from '../../packages/sdk/src/log/check.ts';
import { Collector } from '../../packages/sdk/src/log/collect.ts';
import { decodeEntry, type Entry } from '../../packages/sdk/src/log/entries.ts';
import { LogMemory, type Remembered } from '../../packages/sdk/src/log/memory.ts';
import type { Checkpoint, NoteKey } from '../../packages/sdk/src/log/notes.ts';
import { type ApplicationState, inWords, Replay } from '../../packages/sdk/src/log/replay.ts';
import { checkTimes, type Times } from '../../packages/sdk/src/log/times.ts';
import { type LogView, readLog } from '../../packages/sdk/src/log/view.ts';
import { Deadline } from '../../packages/sdk/src/time.ts';
import type { Management } from '../sign-in/management.ts';
import { policyFor } from '../sign-in/verification.ts';

const TIMEOUT = 30_000;

/** An application as the log has it; `bodies` are those of its entries that are commands. */
export interface Reading {
  /** The log's name. */
  readonly origin: string;
  /** Null if nobody has created the application. */
  readonly state: ApplicationState | null;
  readonly bodies: readonly Bytes[];
  /** Whether all of the log was read; if not, that no entry was left out is the node's word. */
  readonly complete: boolean;
}

/** Reads one node's log. Throws `ProvenError`: `EVIDENCE_INVALID` for a log that does not hold, `UNAVAILABLE` and the like. */
export class LogReader {
  readonly #management: () => Promise<Management>;
  readonly #development: boolean;

  constructor(management: () => Promise<Management>, development: boolean) {
    this.#management = management;
    this.#development = development;
  }

  /** The name of the log, whose key the node has attested. */
  async origin(): Promise<string> {
    const [key] = await this.#key(new Collector(location.origin, new Deadline(TIMEOUT)));
    return key.name;
  }

  /** What is true of an application when the log has at least `size` entries. */
  async read(applicationId: string, size = 0): Promise<Reading> {
    const memory = await LogMemory.open();
    try {
      const deadline = new Deadline(TIMEOUT);
      return await deadline.race(this.#read(applicationId, size, new Collector(location.origin, deadline), memory));
    } finally {
      memory.close();
    }
  }

  async #read(applicationId: string, size: number, collector: Collector, memory: LogMemory): Promise<Reading> {
    const [key, attestedAt] = await this.#key(collector);
    const known = await this.#known(memory, applicationId, key);
    const [, checkpoint] = await readCheckpoint(key, await collector.checkpoint(size));
    checkSize(checkpoint, known);
    const given = await collector.entries(applicationId, checkpoint.size);
    const view = await readLog(key, checkpoint, given.entries, given.whole);
    await checkRemembered(view, known, (old) => collector.consistency(old, checkpoint.size));
    const { state, entries, times } = await replayed(view, applicationId);
    const now = Date.now();
    checkTimes(times, known, [], { now, latest: Math.min(now, attestedAt) });
    if (state !== null) await memory.remember(applicationId, seen(key, checkpoint));
    const bodies = entries.flatMap(([, entry]) => (entry.kind === 'command' ? [entry.signed.raw] : []));
    return { origin: checkpoint.origin, state, bodies, complete: given.whole };
  }

  async #key(collector: Collector): Promise<[NoteKey, number]> {
    const { evidence } = await this.#management();
    const nonce = randomBytes(32);
    return readKey(await collector.key(nonce), nonce, policyFor(this.#development), evidence);
  }

  async #known(memory: LogMemory, applicationId: string, { name, verifierKey }: NoteKey): Promise<Remembered | null> {
    const [before, known] = await Promise.all([memory.logOf(applicationId), memory.log(name)]);
    if (before !== undefined && before.origin !== name) {
      throw broken('log', `this browser saw the application in the log ${before.origin}, and it is now shown in ${name}`);
    }
    if (known !== undefined && known.verifierKey !== verifierKey) throw broken('log', `the log ${name} has another key than before`);
    return known ?? null;
  }
}

/** Whether a command is among those that took effect. */
export const includesBody = ({ bodies }: Reading, body: Bytes): boolean => bodies.some((each) => equal(each, body));

async function replayed(
  view: LogView,
  applicationId: string,
): Promise<{ state: ApplicationState | null; entries: [number, Entry][]; times: Times }> {
  const replay = new Replay(view.checkpoint.origin, applicationId);
  const entries: [number, Entry][] = [];
  const times = new Map<number, number>();
  for (const { index, leaf } of view.entries) {
    try {
      const entry = decodeEntry(leaf);
      times.set(index, entry.at);
      if (entry.applicationId !== applicationId) continue;
      await replay.append(entry, index);
      entries.push([index, entry]);
    } catch (error) {
      throw broken('log', inWords(index, asProvenError(error)));
    }
  }
  return { state: replay.state, entries, times };
}

const seen = ({ verifierKey }: NoteKey, { origin, size, root }: Checkpoint): Remembered => ({
  origin, verifierKey, size, root, seenAt: Date.now(),
});
