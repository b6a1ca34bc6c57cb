// Whether the package that answered is the one that the log says is live for the application, and who can change that.
// The twin of `proven.client.log` and of what `proven.client.verification` does with it.

import { type Evidence } from '../attestation/evidence.ts';
import { type Policy } from '../attestation/policy.ts';
import { broken } from '../attestation/rules.ts';
import { verifyEvidence } from '../attestation/verifier.ts';
import { type Bytes, equal, randomBytes, toHex } from '../bytes.ts';
import { encode } from '../cbor.ts';
import { asProvenError, type ErrorDetails, ProvenError } from '../errors.ts';
import { type Deadline } from '../time.ts';
import { decodeStrictly, delayOf } from './applications.ts';
import { Collector, type GivenEntry } from './collect.ts';
import { decodeEntry, type Entry } from './entries.ts';
import { LogMemory, type LogOf, type Remembered } from './memory.ts';
import { checkConsistency, checkInclusion, leafHash, rootOf, sha256 } from './merkle.ts';
import { type Checkpoint, checkNote, type NoteKey, parseCheckpoint, parseKey, parseNote } from './notes.ts';
import { type ApplicationState, inWords, Replay, short, type Version } from './replay.ts';
import { announced, duration, moment, whoMayChange } from './words.ts';

const LOG_LABEL = 'proven/log-key/v1';
const NAME_PREFIX = 'proven.local/';
const MAX_KEY = 32 * 1024;
/** Milliseconds that clocks of honest nodes and callers may differ. */
const CLOCK_SKEW = 300_000;
/** Milliseconds for which a replaced version may go on answering: the longest that a call can take. */
const SUPERSEDED_GRACE = 15 * 60_000;

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
  readonly seenBefore: { readonly size: number; readonly at: string } | null;
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
  readonly pending: { readonly logIndex: number; readonly announcedAt: string; readonly activatesAt: string } | null;
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
export async function checkLog(question: LogQuestion, deadline: Deadline): Promise<LogReport> {
  const memory = await LogMemory.open();
  try {
    return await deadline.race(checked(question, new Collector(question.gateway, deadline), memory));
  } finally {
    memory.close();
  }
}

async function checked(question: LogQuestion, collector: Collector, memory: LogMemory): Promise<LogReport> {
  const { applicationId, asked, policy, session, answer } = question;
  const nonce = randomBytes(32);
  const key = await readKey(await collector.key(nonce), nonce, policy, session);
  const known = await remembered(memory, applicationId, key);
  const raw = await collector.checkpoint(answer === null ? 0 : answer.logIndex + 1);
  const checkpoint = await readCheckpoint(key, raw);
  checkSize(checkpoint, known);
  const given = await collector.entries(applicationId, checkpoint.size);
  const view = await readLog(key, checkpoint, given.entries, given.whole);
  await checkRemembered(view, known, (size) => collector.consistency(size, checkpoint.size));
  const { state, version, entries } = await replay(view, applicationId, answer);
  if (!/^[a-z2-7]{32}$/.test(asked) && asked !== state.name) {
    throw broken('log', `the log calls this application ${state.name}, and ${asked} was asked for`);
  }
  checkTimes(entries, known, Date.now());
  checkSuperseded(state, version, answer?.at ?? Date.now());
  checkDelay(policy, state);
  await kept(memory, applicationId, {
    origin: checkpoint.origin,
    verifierKey: key.verifierKey,
    size: checkpoint.size,
    root: checkpoint.root,
    seenAt: Date.now(),
  });
  return report(view, state, version, known, { memory: memory.works, answered: answer !== null });
}

/** Throws `EVIDENCE_INVALID` unless the node of `session` attests the key. */
export async function readKey(raw: Bytes, nonce: Bytes, policy: Policy, session: Evidence): Promise<NoteKey> {
  const fields = understood(() => decodeStrictly(raw, MAX_KEY, 1));
  const [text, document] = fields instanceof Map ? [fields.get('key'), fields.get('evidence')] : [];
  if (!(fields instanceof Map) || fields.size !== 2 || typeof text !== 'string' || !(document instanceof Uint8Array)) {
    throw broken('log', 'the node sent something that is no key of a log');
  }
  const key = await parseKey(text).catch(passOn);
  if (key.name.startsWith(NAME_PREFIX) && key.name !== NAME_PREFIX + toHex(await sha256(key.publicKey))) {
    throw broken('log', `${key.name} is the name of another key than the one shown`);
  }
  const userData = await sha256(encode([LOG_LABEL, text]));
  let evidence: Evidence;
  try {
    evidence = await verifyEvidence(document, { nonce, userData, publicKey: key.publicKey }, policy);
  } catch (error) {
    throw broken('log', `the key of the log is not attested: ${asProvenError(error).message}`);
  }
  if (evidence.root !== session.root || evidence.moduleId !== session.moduleId) {
    throw broken('log', `the key of the log is attested by another node (${evidence.moduleId}) than the one that answers`);
  }
  return key;
}

/** Throws `EVIDENCE_INVALID` unless it is a checkpoint of the log that `key` is named after. */
export async function readCheckpoint(key: NoteKey, raw: Bytes): Promise<Checkpoint> {
  const note = understood(() => parseNote(raw));
  try {
    await checkNote(key, note);
  } catch (error) {
    throw broken('log', `the checkpoint is not one of the attested key: ${asProvenError(error).message}`);
  }
  const checkpoint = understood(() => parseCheckpoint(note.text));
  if (checkpoint.origin !== key.name) {
    throw broken('log', `the checkpoint is of the log ${checkpoint.origin}, and its key is that of ${key.name}`);
  }
  return checkpoint;
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

/** What is remembered of the log. Throws `EVIDENCE_INVALID` if the application was seen in another one. */
async function remembered(memory: LogMemory, applicationId: string, key: NoteKey): Promise<Remembered | null> {
  let before: LogOf | undefined;
  let known: Remembered | undefined;
  try {
    [before, known] = await Promise.all([memory.logOf(applicationId), memory.log(key.name)]);
  } catch {
    throw new ProvenError('UNAVAILABLE', 'what this browser remembers of logs cannot be read');
  }
  if (before !== undefined && before.origin !== key.name) {
    throw contradicted(
      `the application was in the log ${before.origin} on ${moment(before.seenAt)}, and is now shown in ${key.name}`,
      { seenAt: iso(before.seenAt), seenLog: before.origin },
    );
  }
  if (known !== undefined && known.verifierKey !== key.verifierKey) {
    throw contradicted(`the log ${key.name} has another key than it had on ${moment(known.seenAt)}`, seen(known));
  }
  return known ?? null;
}

/** Throws `EVIDENCE_INVALID` for a log that is shorter than it was. */
export function checkSize({ size }: Checkpoint, known: Remembered | null): void {
  if (known !== null && size < known.size) {
    throw contradicted(
      `the log was rolled back: it had ${known.size} entries on ${moment(known.seenAt)}, now it is shown with ${size}`,
      { ...seen(known), size },
    );
  }
}

/** Throws `EVIDENCE_INVALID` for a log that does not begin with what was seen of it. */
export async function checkRemembered(
  { checkpoint, leaves }: LogView,
  known: Remembered | null,
  proof: (size: number) => Promise<readonly Bytes[]>,
): Promise<void> {
  if (known === null) return;
  const { size, root } = checkpoint;
  const forked = (why: string): ProvenError =>
    contradicted(
      `the log was forked: on ${moment(known.seenAt)} it had ${known.size} entries with the root ` +
        `${toHex(known.root).slice(0, 16)}…, and the one shown now, with ${size}, does not begin with them (${why})`,
      { ...seen(known), size },
    );
  if (leaves !== null) {
    if (!equal(await rootOf(leaves.slice(0, known.size)), known.root)) throw forked('its first entries are others');
    return;
  }
  const hashes = known.size === size || known.size === 0 ? [] : await proof(known.size);
  try {
    await checkConsistency(known.size, size, known.root, root, hashes);
  } catch (error) {
    throw forked(asProvenError(error).message);
  }
}

/** Replay the application's entries and find the one that made the package that answered live. */
export async function replay(
  { checkpoint, entries }: LogView,
  applicationId: string,
  answer: Pick<Answer, 'packageId' | 'logIndex'> | null,
): Promise<{ state: ApplicationState; version: Version; entries: [index: number, entry: Entry][] }> {
  const replayed = new Replay(checkpoint.origin, applicationId);
  const own: [number, Entry][] = [];
  for (const { index, leaf } of entries) {
    let entry: Entry;
    try {
      entry = decodeEntry(leaf);
    } catch (error) {
      throw broken('log', `entry ${index} of the log is malformed: ${asProvenError(error).message}`);
    }
    if (entry.applicationId !== applicationId) {
      if (index !== answer?.logIndex) continue;
      throw broken('log', `entry ${index}, which the answer names, is about the application ${entry.applicationId}`);
    }
    try {
      await replayed.append(entry, index);
    } catch (error) {
      throw broken('log', inWords(index, asProvenError(error)));
    }
    own.push([index, entry]);
  }
  const { state } = replayed;
  const { size } = checkpoint;
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
    return { state, version: newest, entries: own };
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
  return { state, version, entries: own };
}

/** Refuse entries from the future, and entries older than a state of the log in which they were not yet. */
export function checkTimes(entries: readonly [number, Entry][], known: Remembered | null, now: number): void {
  for (const [index, { at }] of entries) {
    if (at > now + CLOCK_SKEW) {
      throw broken('log', `entry ${index} says that it is of ${moment(at)}, which is yet to come`);
    }
    if (known !== null && index >= known.size && at < known.seenAt - CLOCK_SKEW) {
      throw contradicted(
        `entry ${index} was backdated: it says that it is of ${moment(at)}, and the log was seen without it on ` +
          moment(known.seenAt),
        seen(known),
      );
    }
  }
}

/** Refuse an answer of a version that was replaced long before. */
export function checkSuperseded({ versions }: ApplicationState, version: Version, now: number): void {
  const next = versions[version.number];
  if (next !== undefined && now > next.at + SUPERSEDED_GRACE) {
    throw broken('log', `the answer came from version ${version.number}, which was replaced on ${moment(next.at)}`);
  }
}

/** Throws `EVIDENCE_INVALID`, rule `upgrade_policy`, for an application that can be changed with too little notice. */
export function checkDelay({ minDelay = 0 }: Policy, state: ApplicationState): void {
  const delay = noticeOf(state);
  if (delay !== null && delay < minDelay) {
    throw broken('upgrade_policy', `${whoMayChange(state)} This page requires ${duration(minDelay)} of notice.`, {
      delay,
      minDelay,
    });
  }
}

/** Seconds, null if nothing changes any more. */
const noticeOf = ({ archived, policy }: ApplicationState): number | null =>
  archived || policy.kind === 'immutable' ? null : delayOf(policy);

async function kept(memory: LogMemory, applicationId: string, state: Remembered): Promise<void> {
  try {
    await memory.remember(applicationId, state);
  } catch {
    throw new ProvenError('UNAVAILABLE', 'what was seen of the log cannot be remembered in this browser');
  }
}

function report(
  { checkpoint, leaves }: LogView,
  state: ApplicationState,
  version: Version,
  known: Remembered | null,
  about: { memory: boolean; answered: boolean },
): LogReport {
  const { origin, size, root } = checkpoint;
  const { pending } = state;
  const newest = state.versions.length === version.number;
  const summary = [
    `The public log says the same: ${about.answered ? 'that package' : `the package ${short(version.packageId)}`} is ` +
      `version ${version.number} of ${state.name}, live since ${moment(version.at)} (entry ${version.logIndex} of ${size} in ` +
      `${origin.replace(/[0-9a-f]{64}$/, short)}).`,
    known !== null
      ? `It continues the log that this browser saw on ${moment(known.seenAt)}, with ${known.size} entries.`
      : about.memory
      ? 'This is the first time that this browser sees the log: it will notice when that is changed afterwards.'
      : 'This browser keeps nothing for this page, so it would not notice a log that was changed afterwards.',
    whoMayChange(state),
  ];
  if (!newest) summary.push(`Another version is live since ${moment(state.versions[version.number]!.at)}.`);
  if (pending !== null) summary.push(announced(pending));
  if (leaves === null) summary.push('That no entry about the application was left out is the word of who carries the log.');
  return {
    origin,
    size,
    root: toHex(root),
    seenBefore: known === null ? null : { size: known.size, at: iso(known.seenAt) },
    complete: leaves !== null,
    version: version.number,
    packageId: version.packageId,
    logIndex: version.logIndex,
    liveSince: iso(version.at),
    owner: toHex(state.owner),
    upgradePolicy: state.policy.kind,
    delay: noticeOf(state),
    pending: pending === null ? null : {
      logIndex: pending.logIndex,
      announcedAt: iso(pending.announcedAt),
      activatesAt: iso(pending.activatesAt),
    },
    summary,
  };
}

const seen = ({ size, seenAt }: Remembered): ErrorDetails => ({ seenSize: size, seenAt: iso(seenAt) });

const contradicted = (message: string, details: ErrorDetails): ProvenError => broken('log', message, details);

/** What cannot be read of a log proves nothing. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return passOn(error);
  }
}

function passOn(error: unknown): never {
  throw broken('log', `the log is malformed: ${asProvenError(error).message}`);
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
