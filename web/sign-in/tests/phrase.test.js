import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countWords, pickPositions, readPhrase, toWords, WORDS } from '../phrase.ts';

// The test vectors of BIP-39 that have 256 bits (github.com/trezor/python-mnemonic, vectors.json).
const VECTORS = [
  ['00', `${'abandon '.repeat(23)}art`],
  ['7f', `${'legal winner thank year wave sausage worth useful '.repeat(3).trim().split(' ').slice(0, 23).join(' ')} title`],
  ['80', `${'letter advice cage absurd amount doctor acoustic avoid '.repeat(3).trim().split(' ').slice(0, 23).join(' ')} bless`],
  ['ff', `${'zoo '.repeat(23)}vote`],
];

for (const [byte, words] of VECTORS) {
  test(`the seed of ${byte} repeated has the phrase that the standard says, and back`, () => {
    const seed = new Uint8Array(32).fill(Number.parseInt(byte, 16));
    assert.deepEqual(toWords(seed), words.split(' '));
    assert.deepEqual(readPhrase(words), { seed });
  });
}

test('every random seed comes back from its words', () => {
  for (let round = 0; round < 200; round++) {
    const seed = crypto.getRandomValues(new Uint8Array(32));
    const words = toWords(seed);
    assert.equal(words.length, WORDS);
    assert.deepEqual(readPhrase(words.join(' ')), { seed });
  }
});

test('capitals, numbers, commas and line breaks do not matter', () => {
  const typed = VECTORS[1][1].split(' ').map((word, index) => `${index + 1}. ${word.toUpperCase()},\n`).join('');
  assert.deepEqual(readPhrase(typed), { seed: new Uint8Array(32).fill(0x7f) });
  assert.equal(countWords(typed), 24);
});

test('an unknown word is named, with its position and what it may have been', () => {
  const words = VECTORS[0][1].split(' ');
  const typed = (word) => readPhrase([...words.slice(0, 4), word, ...words.slice(5)].join(' ')).problem;
  assert.match(typed('abandom'), /^Word 5, “abandom”, .*Did you mean “abandon”\?$/);
  assert.match(typed('abnadon'), /Did you mean “abandon”\?$/);
  assert.match(typed('peper'), /Did you mean “paper” or “pepper”\?$/);
  assert.match(typed('qqqqqqqq'), /Check its spelling\.$/);
  assert.match(typed('x'.repeat(500)), /^Word 5, “x{16}…”/);
  assert.match(readPhrase('foo baz qux').problem, /2 more are unknown too/);
});

test('a phrase of another length says how many words it has', () => {
  assert.match(readPhrase('').problem, /these are 0/);
  assert.match(readPhrase('zoo').problem, /this is 1/);
  assert.match(readPhrase('zoo '.repeat(25)).problem, /these are 25/);
  assert.match(readPhrase('zoo '.repeat(1000)).problem, /too long/);
});

test('words that changed places, or one other word, do not fit together', () => {
  const words = VECTORS[1][1].split(' ');
  const swapped = [words[1], words[0], ...words.slice(2)].join(' ');
  assert.match(readPhrase(swapped).problem, /changed places/);
  assert.match(readPhrase(VECTORS[0][1].replace('art', 'zoo')).problem, /changed places/);
});

test('the words asked back are three different ones, and every word can be asked', () => {
  const seen = new Set();
  for (let round = 0; round < 500; round++) {
    const positions = pickPositions();
    assert.equal(new Set(positions).size, 3);
    assert.deepEqual(positions, positions.toSorted((a, b) => a - b));
    for (const position of positions) seen.add(position);
  }
  assert.deepEqual([...seen].sort((a, b) => a - b), Array.from({ length: 24 }, (_, index) => index + 1));
});
