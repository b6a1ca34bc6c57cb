// Whether the package that answered is the one that the log says is live for the application, and who can change that.
// The twin of `proven.client.log` and of what `proven.client.verification` does with it.

import { type Evidence } from '../attestation/evidence.ts';
import { type Policy } from '../attestation/policy.ts';
import { broken } from '../attestation/rules.ts';
import { verifyEvidence } from '../attestation/verifier.ts';
import { type Bytes, randomBytes, toHex } from '../bytes.ts';
import { encode } from '../cbor.ts';
import { type Fields } from '../commands.ts';
import { asProvenError, type ErrorDetails, ProvenError } from '../errors.ts';
import { type Deadline } from '../time.ts';
import { decodeStrictly } from './applications.ts';
import { Collector } from './collect.ts';
import { checkHead, readHead } from './head.ts';
import { LogMemory, type LogOf, type Remembered } from './memory.ts';
import { sha256 } from './merkle.ts';
import { type Checkpoint, checkNote, type Note, type NoteKey, parseCheckpoint, parseKey, parseNote } from './notes.ts';
import { type ApplicationState } from './replay.ts';
import { type LogReport, noticeOf, report } from './report.ts';
import { checkNotice, checkSuperseded, checkTimes } from './times.ts';
import { type Answer, checkBegin, type LogView, readLog, replay } from './view.ts';
import { cosigned, cosignedBefore, witnessesOf } from './witnesses.ts';
import { duration, moment, whoMayChange } from './words.ts';

const LOG_LABEL = 'proven/log-key/v1';
const NAME_PREFIX = 'proven.local/';
const MAX_KEY = 32 * 1024;

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
  const witnesses = await witnessesOf(policy);
  const head = readHead(await question.head());
  const nonce = randomBytes(32);
  const [key, attestedAt] = await readKey(await collector.key(nonce), nonce, policy, session);
  const known = await remembered(memory, applicationId, key);
  const raw = await collector.checkpoint(Math.max(head.size, answer === null ? 0 : answer.logIndex + 1));
  const [note, checkpoint] = await readCheckpoint(key, raw);
  checkSize(checkpoint, known);
  const given = await collector.entries(applicationId, checkpoint.size);
  const view = await readLog(key, checkpoint, given.entries, given.whole);
  const proof = (size: number): Promise<Bytes[]> => collector.consistency(size, checkpoint.size);
  const compare = (size: number, root: Bytes): Promise<void> => checkBegin(view, size, root, proof);
  await checkRemembered(view, known, proof);
  const replayed = await replay(view, applicationId, answer);
  const { state, version, times, activations, announcements } = replayed;
  if (!/^[a-z2-7]{32}$/.test(asked) && asked !== state.name) {
    throw broken('log', `the log calls this application ${state.name}, and ${asked} was asked for`);
  }
  const sightings = await cosigned(note, checkpoint, witnesses);
  if (witnesses.keys.length > 0 && announcements.length > 0) {
    const earlier = await collector.cosigned(announcements, checkpoint.size);
    sightings.push(...await cosignedBefore(earlier, checkpoint, witnesses, compare));
  }
  const now = Date.now();
  checkTimes(times, known, sightings, { now, latest: Math.min(now, attestedAt) });
  checkSuperseded(state, version, answer?.at ?? now);
  await checkHead(head, checkpoint, state.history.length, compare);
  checkDelay(policy, state);
  if (policy.noticeWitnessed) checkNotice(activations, sightings, witnesses.needed, now);
  await kept(memory, applicationId, {
    origin: checkpoint.origin,
    verifierKey: key.verifierKey,
    size: checkpoint.size,
    root: checkpoint.root,
    seenAt: now,
  });
  return report(view, replayed, known, sightings, { memory: memory.works, answered: answer !== null });
}

/** The key, and when it was attested. Throws `EVIDENCE_INVALID` unless the node of `session` attests it. */
export async function readKey(raw: Bytes, nonce: Bytes, policy: Policy, session: Evidence): Promise<[NoteKey, number]> {
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
  return [key, evidence.timestamp];
}

/** Throws `EVIDENCE_INVALID` unless it is a checkpoint of the log that `key` is named after. */
export async function readCheckpoint(key: NoteKey, raw: Bytes): Promise<[Note, Checkpoint]> {
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
  return [note, checkpoint];
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
  const { size } = checkpoint;
  const forked = (why: string): ProvenError =>
    contradicted(
      `the log was forked: on ${moment(known.seenAt)} it had ${known.size} entries with the root ` +
        `${toHex(known.root).slice(0, 16)}…, and the one shown now, with ${size}, does not begin with them (${why})`,
      { ...seen(known), size },
    );
  try {
    await checkBegin({ checkpoint, leaves }, known.size, known.root, proof);
  } catch (error) {
    const reason = asProvenError(error);
    throw reason.code === 'EVIDENCE_INVALID' ? forked(reason.message) : reason;
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

async function kept(memory: LogMemory, applicationId: string, state: Remembered): Promise<void> {
  try {
    await memory.remember(applicationId, state);
  } catch {
    throw new ProvenError('UNAVAILABLE', 'what was seen of the log cannot be remembered in this browser');
  }
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
