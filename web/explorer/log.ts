/** Keys, checkpoints and proofs of a transparency log (C2SP signed-note, tlog-checkpoint; RFC 9162 §2.1.3.2). */

import { type Bytes, concat, equal, toHex, utf8 } from '../../packages/sdk/src/bytes.ts';

export interface LogKey {
  name: string;
  publicKey: Bytes;
  key: CryptoKey;
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

const ED25519 = 1;

/** Read a verifier key: `name+id+base64(algorithm ‖ key)`. */
export async function readLogKey(text: string): Promise<LogKey> {
  const [name = '', id = '', ...rest] = text.split('+');
  const raw = fromBase64(rest.join('+'));
  if (raw.length !== 33 || raw[0] !== ED25519) throw new Error('the key of the log is of a kind that is not known here');
  if (toHex(await keyId(name, raw)) !== id) throw new Error('the key of the log has the id of another');
  const publicKey = raw.slice(1);
  return { name, publicKey, key: await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']) };
}

/** Read a checkpoint, if `by` signed it. */
export async function readCheckpoint(note: Bytes, by: LogKey): Promise<Checkpoint> {
  const whole = new TextDecoder('utf-8', { fatal: true }).decode(note);
  const end = whole.lastIndexOf('\n\n');
  if (end < 0) throw new Error('the checkpoint is no signed note');
  const text = whole.slice(0, end + 1);
  const wanted = await keyId(by.name, concat(Uint8Array.of(ED25519), by.publicKey));
  const lines = whole.slice(end + 2).split('\n').filter((line) => line.startsWith(`— ${by.name} `));
  const signatures = lines.map((line) => fromBase64(line.slice(by.name.length + 3))).filter((each) => equal(each.slice(0, 4), wanted));
  const [signature] = signatures;
  if (signature === undefined || !await crypto.subtle.verify('Ed25519', by.key, signature.slice(4), utf8(text))) {
    throw new Error('the checkpoint is not signed by that key');
  }
  const [origin = '', size = '', root = ''] = text.split('\n');
  if (origin !== by.name || !/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new Error('the checkpoint is of another log');
  return { origin, size: Number(size), root: fromBase64(root) };
}

/** Throws unless `leaf` is entry `index` of the log that `checkpoint` signs. */
export async function checkInclusion(leaf: Bytes, index: number, checkpoint: Checkpoint, proof: readonly Bytes[]): Promise<void> {
  if (index >= checkpoint.size || proof.length > 63) throw new Error(`entry ${index} is not in the log`);
  let position = BigInt(index);
  let last = BigInt(checkpoint.size - 1);
  let current = await hash(Uint8Array.of(0), leaf);
  for (const sibling of proof) {
    if (last === 0n) throw new Error('the proof of inclusion is too long');
    if (position & 1n || position === last) {
      current = await hash(Uint8Array.of(1), sibling, current);
      while (!(position & 1n) && position) [position, last] = [position >> 1n, last >> 1n];
    } else {
      current = await hash(Uint8Array.of(1), current, sibling);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  if (last !== 0n || !equal(current, checkpoint.root)) throw new Error(`the proof does not lead from entry ${index} to the root`);
}

const keyId = async (name: string, key: Bytes): Promise<Bytes> => (await hash(utf8(`${name}\n`), key)).slice(0, 4);

const hash = async (...parts: Bytes[]): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));

const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
