// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature): what a log commits to. The twin of
// `proven.wire.notes`, for those who read.

import { broken } from '../attestation/rules.ts';
import { type Bytes, concat, equal, fromUtf8, toHex, utf8 } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import { fromBase64 } from './base64.ts';
import { isSigned } from './ed25519.ts';
import { HASH_BYTES, sha256 } from './merkle.ts';

export const MAX_NOTE = 64 * 1024;
const MAX_SIGNATURES = 100;
const MAX_NAME = 256;
const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const DASH = '— ';

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Bytes;
  /** What follows the key's id. */
  readonly blob: Bytes;
}

/** `text` ends in a newline and holds no empty last line; that is what signatures are over. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A log, its size and its root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
  readonly extensions: readonly string[];
}

/** Whose signatures to accept: an Ed25519 key under the name it signs as. */
export interface NoteKey {
  readonly name: string;
  readonly publicKey: Bytes;
  /** The text by which such keys are passed on (signed-note, "vkey"). */
  readonly verifierKey: string;
}

/** Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export function parseNote(raw: Bytes): Note {
  if (raw.length > MAX_NOTE) throw new ProvenError('TOO_LARGE', `a note has at most ${MAX_NOTE} bytes`);
  const whole = textOf(raw);
  if (/[\x00-\x09\x0b-\x1f\x7f]/.test(whole)) throw bad('a note has no control characters');
  const end = whole.lastIndexOf('\n\n');
  const lines = whole.slice(end + 2);
  if (end < 1 || !lines.endsWith('\n')) throw bad('a note is text, an empty line, and signatures');
  const listed = lines.slice(0, -1).split('\n');
  if (listed.length > MAX_SIGNATURES) {
    throw new ProvenError('TOO_LARGE', `a note has at most ${MAX_SIGNATURES} signatures`);
  }
  return { text: `${whole.slice(0, end)}\n`, signatures: listed.map(parseSignature) };
}

/** What the text of a log's note says. Throws `ProvenError` (`BAD_REQUEST`). */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...extensions] = text.replace(/\n$/, '').split('\n');
  if (!text.endsWith('\n') || [origin, size, root, ...extensions].includes('')) {
    throw bad('a checkpoint is an origin, a size and a root, a line each');
  }
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw bad('the size of a checkpoint is a decimal number');
  }
  const hash = decoded(root);
  if (hash.length !== HASH_BYTES) throw bad('the root of a checkpoint is 32 bytes');
  return { origin, size: Number(size), root: hash, extensions };
}

/** Read a verifier key. Throws `ProvenError` (`BAD_REQUEST`). */
export async function parseKey(text: string): Promise<NoteKey> {
  const [, name = '', id, encoded = ''] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  const raw = decoded(encoded);
  if (!isSignerName(name) || raw.length !== 33 || (raw[0] !== ED25519 && raw[0] !== COSIGNATURE)) {
    throw bad('not the verifier key of an Ed25519 signer');
  }
  const publicKey = raw.slice(1);
  if (id !== toHex(await keyIdOf(name, raw[0], publicKey))) throw bad('the verifier key has the id of another');
  return { name, publicKey, verifierKey: text };
}

/** Throws `ProvenError` (`EVIDENCE_INVALID`) unless `note` has a good signature of `key`. */
export async function checkNote(key: NoteKey, note: Note): Promise<void> {
  const signature = await findSignature(key, ED25519, note);
  if (signature === undefined) throw broken('log', `the note is not signed by ${key.name}`);
  if (!(await isSigned(key.publicKey, signature.blob, utf8(note.text)))) {
    throw broken('log', `the signature of ${key.name} is wrong`);
  }
}

/**
 * When this witness cosigned `note`, in Unix milliseconds; null if it has not. Throws `EVIDENCE_INVALID` for a
 * cosignature in its name that is not good (C2SP tlog-cosignature).
 */
export async function cosignedAt(key: NoteKey, note: Note): Promise<number | null> {
  const signature = await findSignature(key, COSIGNATURE, note);
  if (signature === undefined) return null;
  const { blob } = signature;
  if (blob.length !== 72) throw broken('log', 'a cosignature has a time and a signature');
  const seconds = new DataView(blob.buffer, blob.byteOffset).getBigUint64(0);
  if (!(await isSigned(key.publicKey, blob.slice(8), utf8(`cosignature/v1\ntime ${seconds}\n${note.text}`)))) {
    throw broken('log', `the signature of ${key.name} is wrong`);
  }
  return 1000 * Number(seconds);
}

async function findSignature(key: NoteKey, kind: number, note: Note): Promise<NoteSignature | undefined> {
  const id = await keyIdOf(key.name, kind, key.publicKey);
  return note.signatures.find(({ name, keyId }) => name === key.name && equal(keyId, id));
}

async function keyIdOf(name: string, kind: number, publicKey: Bytes): Promise<Bytes> {
  return (await sha256(concat(utf8(`${name}\n`), Uint8Array.of(kind), publicKey))).slice(0, 4);
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', encoded] = new RegExp(`^${DASH}([^ ]*) (.*)$`, 's').exec(line) ?? [];
  if (encoded === undefined || !isSignerName(name)) throw bad('a signature line is a dash, a name and base64');
  const raw = decoded(encoded);
  if (raw.length < 5) throw bad('a signature begins with the id of its key');
  return { name, keyId: raw.slice(0, 4), blob: raw.slice(4) };
}

/** Whether a signer can be called so (signed-note: no spaces, no plus sign). */
const isSignerName = (name: string): boolean =>
  /^[^\s\x85+\x00-\x1f\x7f]+$/u.test(name) && [...name].length <= MAX_NAME;

function textOf(raw: Bytes): string {
  try {
    return fromUtf8(raw);
  } catch {
    throw bad('a note is UTF-8');
  }
}

function decoded(text: string): Bytes {
  try {
    return fromBase64(text);
  } catch {
    throw bad('not base64');
  }
}

const bad = (message: string): ProvenError => new ProvenError('BAD_REQUEST', message);
