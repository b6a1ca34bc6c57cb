// Merkle trees of logs (RFC 9162 §2.1): what is in one, and which one it grew from. The twin of `proven.wire.merkle`.

import { type Bytes, concat, equal } from '../bytes.ts';
import { broken } from '../attestation/rules.ts';

export const HASH_BYTES = 32;
const MAX_PROOF = 63;

export const sha256 = async (data: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest('SHA-256', data));

export const leafHash = (entry: Uint8Array): Promise<Bytes> => sha256(concat(Uint8Array.of(0), entry));

const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(concat(Uint8Array.of(1), left, right));

/** The root over leaf hashes. */
export async function rootOf(leaves: readonly Bytes[]): Promise<Bytes> {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  let level = [...leaves];
  while (level.length > 1) {
    const above: Promise<Bytes>[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const right = level[index + 1];
      above.push(right === undefined ? Promise.resolve(level[index]!) : nodeHash(level[index]!, right));
    }
    level = await Promise.all(above);
  }
  return level[0]!;
}

/** Throws `EVIDENCE_INVALID` unless `leaf` is number `index` of the `size` leaves under `root` (RFC 9162 §2.1.3.2). */
export async function checkInclusion(
  leaf: Bytes,
  index: number,
  size: number,
  root: Bytes,
  proof: readonly Bytes[],
): Promise<void> {
  if (!isSize(index) || !isSize(size) || index >= size) throw refused(`the log of ${size} entries has no entry ${index}`);
  checkHashes([leaf, root, ...proof]);
  let position = index;
  let last = size - 1;
  let current = leaf;
  for (const sibling of proof) {
    if (last === 0) throw refused('the proof of inclusion is too long');
    if (position % 2 === 1 || position === last) {
      current = await nodeHash(sibling, current);
      while (position % 2 === 0 && position > 0) [position, last] = [half(position), half(last)];
    } else current = await nodeHash(current, sibling);
    [position, last] = [half(position), half(last)];
  }
  if (last !== 0 || !equal(current, root)) throw refused('the proof of inclusion does not lead to the root of the log');
}

/**
 * Throws `EVIDENCE_INVALID` unless the log of `size` entries under `root` begins with the `oldSize` ones under `oldRoot`
 * (RFC 9162 §2.1.4.2).
 */
export async function checkConsistency(
  oldSize: number,
  size: number,
  oldRoot: Bytes,
  root: Bytes,
  proof: readonly Bytes[],
): Promise<void> {
  checkHashes([oldRoot, root, ...proof]);
  if (!isSize(oldSize) || !isSize(size) || oldSize > size) {
    throw refused(`a log that had ${oldSize} entries has ${size} now: it was rolled back`);
  }
  if (oldSize === 0 || oldSize === size) {
    const expected = oldSize === 0 ? await rootOf([]) : root;
    if (proof.length > 0 || !equal(oldRoot, expected)) throw refused('two logs of one size differ: the log was forked');
    return;
  }
  const hashes = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  if (hashes.length === 0) throw refused('the proof of consistency is empty');
  let position = oldSize - 1;
  let last = size - 1;
  while (position % 2 === 1) [position, last] = [half(position), half(last)];
  let first = hashes[0]!;
  let second = first;
  for (const sibling of hashes.slice(1)) {
    if (last === 0) throw refused('the proof of consistency is too long');
    if (position % 2 === 1 || position === last) {
      [first, second] = [await nodeHash(sibling, first), await nodeHash(sibling, second)];
      while (position % 2 === 0 && position > 0) [position, last] = [half(position), half(last)];
    } else second = await nodeHash(second, sibling);
    [position, last] = [half(position), half(last)];
  }
  if (last !== 0 || !equal(first, oldRoot) || !equal(second, root)) {
    throw refused('the log does not continue the one that was seen before: it was forked or rolled back');
  }
}

function checkHashes(hashes: readonly Bytes[]): void {
  if (hashes.length > MAX_PROOF + 2 || hashes.some(({ length }) => length !== HASH_BYTES)) {
    throw refused('a proof is a short list of SHA-256 hashes');
  }
}

function isPowerOfTwo(count: number): boolean {
  let rest = count;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}

const half = (count: number): number => Math.floor(count / 2);
const isSize = (count: number): boolean => Number.isSafeInteger(count) && count >= 0;
const refused = (message: string): Error => broken('log', message);
