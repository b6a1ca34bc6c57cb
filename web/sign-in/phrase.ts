/**
 * The recovery phrase: the root seed as 24 English words (BIP-39, 256 bits of entropy), which restores with
 * nothing but itself.
 */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';

export const WORDS = 24;
export const MAX_TEXT = 1024;

export type Reading =
  | { readonly seed: Uint8Array<ArrayBuffer> }
  /** What is wrong, in a sentence that helps to put it right. */
  | { readonly problem: string };

export function toWords(seed: Uint8Array): string[] {
  return entropyToMnemonic(seed, wordlist).split(' ');
}

/** Read what a person typed: capitals, numbering, commas and line breaks do not matter. */
export function readPhrase(text: string): Reading {
  if (text.length > MAX_TEXT) return { problem: `That is too long for ${WORDS} words.` };
  const words = splitWords(text);
  const unknown = words.flatMap((word, index) => (KNOWN.has(word) ? [] : [{ word, position: index + 1 }]));
  const [first] = unknown;
  if (first !== undefined) {
    const more = unknown.length > 1 ? ` ${unknown.length - 1} more ${unknown.length === 2 ? 'is' : 'are'} unknown too.` : '';
    const near = nearest(first.word);
    const hint = near.length === 0 ? 'Check its spelling.' : `Did you mean “${near.join('” or “')}”?`;
    return { problem: `Word ${first.position}, “${shorten(first.word)}”, is not one that recovery phrases use. ${hint}${more}` };
  }
  if (words.length !== WORDS) {
    return { problem: `A recovery phrase has ${WORDS} words; ${words.length === 1 ? 'this is 1' : `these are ${words.length}`}.` };
  }
  try {
    return { seed: new Uint8Array(mnemonicToEntropy(words.join(' '), wordlist)) };
  } catch {
    return { problem: 'Each word is known, but together they are no recovery phrase: one is wrong, or some have changed places.' };
  }
}

/** How many words `text` has, for showing the progress of typing. */
export function countWords(text: string): number {
  return splitWords(text.slice(0, MAX_TEXT)).length;
}

/** Three different positions, counted from 1 and in order, to ask back. */
export function pickPositions(random: (values: Uint8Array<ArrayBuffer>) => Uint8Array = (values) => crypto.getRandomValues(values)): number[] {
  const picked = new Set<number>();
  while (picked.size < 3) {
    const [byte = 255] = random(new Uint8Array(1));
    if (byte < 240) picked.add((byte % WORDS) + 1);
  }
  return [...picked].sort((a, b) => a - b);
}

const KNOWN: ReadonlySet<string> = new Set(wordlist);

function splitWords(text: string): string[] {
  return text.normalize('NFKD').toLowerCase().match(/\p{L}+/gu) ?? [];
}

function shorten(word: string): string {
  return word.length <= 16 ? word : `${word.slice(0, 16)}…`;
}

/** The words that are as few slips of the keyboard away as any, at most two; none if there are too many to help. */
function nearest(word: string): string[] {
  if (word.length > 16) return [];
  let best = 3;
  let found: string[] = [];
  for (const known of wordlist) {
    const distance = slips(word, known);
    if (distance < best) [best, found] = [distance, []];
    if (distance === best && distance < 3) found.push(known);
  }
  const sameStart = found.filter((known) => known.startsWith(word.slice(0, 4)));
  if (sameStart.length > 0) found = sameStart;
  return found.length <= 3 ? found : [];
}

/** Letters put in, left out, replaced or swapped with their neighbour (optimal string alignment distance). */
function slips(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
