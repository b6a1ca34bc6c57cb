// Fetches what an answer is checked against. Nothing is believed here: `check.ts` does that.

import { broken } from '../attestation/rules.ts';
import { type Bytes, utf8 } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import { type Deadline, pause } from '../time.ts';
import { record, request } from '../transports.ts';
import { fromBase64, toBase64url } from './base64.ts';
import { MAX_ENTRY } from './entries.ts';
import { MAX_NOTE, parseCheckpoint, parseNote } from './notes.ts';

const WIDTH = 256;
/** Entries up to which all of a log is read, so that nothing of the application can have been left out. */
const WHOLE_LOG = 1024;
const MAX_KEY = 32 * 1024;
const MAX_PROOF = 64 * 1024;
const MAX_PAGE = 32 * 1024 * 1024;
const MAX_PAGES = 100;
const ATTEMPTS = 20;
const MAX_ANNOUNCEMENTS = 16;

/** A leaf of the log, and the proof that it is number `index`; no proof where the whole log is given. */
export interface GivenEntry {
  readonly index: number;
  readonly leaf: Bytes;
  readonly proof: readonly Bytes[];
}

export class Collector {
  readonly #base: string;
  readonly #deadline: Deadline;

  constructor(gateway: string, deadline: Deadline) {
    this.#base = `${gateway}/.well-known/proven/log`;
    this.#deadline = deadline;
  }

  key(nonce: Bytes): Promise<Bytes> {
    return this.#get(`key?nonce=${toBase64url(nonce)}`, MAX_KEY);
  }

  /** The newest checkpoint; waits a little for one of at least `size` entries. */
  async checkpoint(size: number): Promise<Bytes> {
    for (let attempt = 1;; attempt++) {
      const raw = await this.#get('checkpoint', MAX_NOTE);
      if (attempt === ATTEMPTS || parseCheckpoint(parseNote(raw).text).size >= size) return raw;
      await pause(5 * attempt);
    }
  }

  /** All entries of a log of `size`, if that is not too many, or those that the node says are of the application. */
  async entries(applicationId: string, size: number): Promise<{ whole: boolean; entries: GivenEntry[] }> {
    if (size > WHOLE_LOG) return { whole: false, entries: await this.#listed(applicationId, size) };
    const tiles = Array.from({ length: Math.ceil(size / WIDTH) }, (_, number) => this.#tile(number, size));
    const leaves = (await Promise.all(tiles)).flat();
    return { whole: true, entries: leaves.map((leaf, index) => ({ index, leaf, proof: [] })) };
  }

  async consistency(old: number, size: number): Promise<Bytes[]> {
    const body = await this.#get(`consistency?old=${old}&new=${size}`, MAX_PROOF);
    return readHashes(record(body).hashes);
  }

  /** The checkpoints of up to `size` entries by which witnesses say since when these entries are public. */
  async cosigned(indexes: readonly number[], size: number): Promise<Bytes[]> {
    const asked = indexes.slice(-MAX_ANNOUNCEMENTS).join(',');
    const { notes } = record(await this.#get(`cosigned?entries=${asked}`, MAX_PAGE));
    if (!Array.isArray(notes) || notes.some((note) => typeof note !== 'string')) throw malformed();
    return notes.map((note: string) => utf8(note)).filter((note) => parseCheckpoint(parseNote(note).text).size <= size);
  }

  async #tile(number: number, size: number): Promise<Bytes[]> {
    const width = Math.min(WIDTH, size - number * WIDTH);
    const partial = width === WIDTH ? '' : `.p/${width}`;
    const path = `tile/entries/${String(number).padStart(3, '0')}${partial}`;
    return splitEntries(await this.#get(path, width * (MAX_ENTRY + 2)));
  }

  async #listed(applicationId: string, size: number): Promise<GivenEntry[]> {
    const found: GivenEntry[] = [];
    let after = -1;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `size=${size}${after < 0 ? '' : `&after=${after}`}`;
      const { entries, more } = record(await this.#get(`application/${applicationId}?${query}`, MAX_PAGE));
      if (!Array.isArray(entries)) throw malformed();
      for (const entry of entries as unknown[]) {
        const { index, leaf, hashes } = Object(entry) as Record<string, unknown>;
        if (!Number.isSafeInteger(index) || (index as number) <= after || typeof leaf !== 'string') throw malformed();
        after = index as number;
        found.push({ index: after, leaf: bytesOf(leaf), proof: readHashes(hashes) });
      }
      if (more !== true || entries.length === 0) return found;
    }
    throw new ProvenError('TOO_LARGE', 'the application has more entries than can be read here');
  }

  #get(path: string, maxBytes: number): Promise<Bytes> {
    const timeout = Math.max(1, Math.ceil(this.#deadline.left));
    return request(`${this.#base}/${path}`, { timeout, maxBytes });
  }
}

/** The entries of a bundle (C2SP tlog-tiles). Throws `EVIDENCE_INVALID` where it is cut short. */
export function splitEntries(bundle: Bytes): Bytes[] {
  const entries: Bytes[] = [];
  for (let position = 0; position < bundle.length;) {
    const start = position + 2;
    const end = start + (bundle[position]! << 8 | (bundle[position + 1] ?? 0));
    if (start > bundle.length || end > bundle.length) throw broken('log', 'an entry bundle is cut short');
    entries.push(bundle.slice(start, end));
    position = end;
  }
  return entries;
}

function readHashes(listed: unknown): Bytes[] {
  if (!Array.isArray(listed) || listed.length > 65) throw malformed();
  return listed.map(bytesOf);
}

function bytesOf(text: unknown): Bytes {
  if (typeof text !== 'string') throw malformed();
  try {
    return fromBase64(text);
  } catch {
    throw malformed();
  }
}

const malformed = (): ProvenError => broken('log', "the node's list of entries or hashes is malformed");
