/** The frame's own session with its node: of management, verified and sealed like any other. */
import type { Bytes } from '../../packages/sdk/src/bytes.ts';
import { decode, type Encodable, encode, type Item } from '../../packages/sdk/src/cbor.ts';
import { asProvenError, ProvenError } from '../../packages/sdk/src/errors.ts';
import {
  ClientHandshake,
  generateKeyPair,
  MAX_RESPONSE,
  type SealedChannel,
} from '../../packages/sdk/src/session.ts';
import { fetchBytes } from './transport.ts';
import { type Evidence, verifierFor } from './verification.ts';

export type Fields = ReadonlyMap<number | string, Item>;

export interface Management {
  readonly transcript: Bytes;
  /** What the node proved when the session was opened. */
  readonly evidence: Evidence;
  /** Carry out a command. Throws `ProvenError`. */
  perform(command: string, fields: Readonly<Record<string, Encodable | undefined>>): Promise<Fields>;
}

const MAX_ANSWER = 256 * 1024;
const MAX_DEPTH = 12;

/** The node that served this frame: at most one session is open with it, opened anew after it was lost. */
export class Node {
  readonly #development: boolean;
  #session: Promise<Session> | undefined;

  constructor(development: boolean) {
    this.#development = development;
  }

  /** The session that is open, or a new one. Throws `ProvenError`; the next call tries again. */
  async management(): Promise<Management> {
    const opened = (this.#session ??= openSession(this.#development));
    try {
      const session = await opened;
      if (!session.closed) return session;
    } catch (error) {
      if (this.#session === opened) this.#session = undefined;
      throw error;
    }
    if (this.#session === opened) this.#session = undefined;
    return this.management();
  }

  /** Open the session ahead of the click that needs it. */
  warm(): void {
    this.management().catch(() => undefined);
  }

  /** End the session here and, if the node can be reached, there. */
  close(): void {
    const opened = this.#session;
    this.#session = undefined;
    opened?.then((session) => session.end()).catch(() => undefined);
  }
}

/** One sealed session over HTTP: one command after the other, in the order in which they are given. */
class Session implements Management {
  readonly evidence: Evidence;
  readonly #channel: SealedChannel;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(channel: SealedChannel, evidence: Evidence) {
    this.#channel = channel;
    this.evidence = evidence;
  }

  get transcript(): Bytes {
    return this.#channel.transcript;
  }

  get closed(): boolean {
    return this.#channel.closed;
  }

  perform(command: string, fields: Readonly<Record<string, Encodable | undefined>>): Promise<Fields> {
    const turn = this.#turn.then(() => this.#exchange(encode({ ...fields, command })));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Act as nobody, so that nothing is left of the session but its time to expire. */
  async end(): Promise<void> {
    try {
      await this.perform('Anonymize', {});
    } finally {
      this.#channel.close();
    }
  }

  async #exchange(plaintext: Bytes): Promise<Fields> {
    const [sequence, frame] = this.#channel.seal(plaintext);
    try {
      const answer = await fetchBytes('/rpc', await frame, MAX_ANSWER);
      return readAnswer(await this.#channel.open(answer), sequence);
    } catch (error) {
      const known = asProvenError(error);
      if (LOST.has(known.code)) this.#channel.close();
      throw known;
    }
  }
}

const LOST: ReadonlySet<string> = new Set(['SESSION_CLOSED', 'UNAVAILABLE', 'REQUEST_TIMEOUT', 'ORIGIN_DENIED']);

async function openSession(development: boolean): Promise<Session> {
  const handshake = new ClientHandshake({ applicationId: null, origin: location.origin, keyPair: await generateKeyPair() });
  const response = await fetchBytes('/session', await handshake.request(), MAX_RESPONSE);
  const [channel, evidence] = await handshake.finish(response, verifierFor(development));
  return new Session(channel, evidence);
}

function readAnswer(plaintext: Bytes, sequence: number): Fields {
  const answer = decode(plaintext, { maxBytes: MAX_ANSWER, maxDepth: MAX_DEPTH });
  if (!(answer instanceof Map) || answer.size !== 2 || answer.get('request') !== sequence) {
    throw new ProvenError('SESSION_CLOSED', 'the node answered something else');
  }
  if (answer.has('error')) throw ProvenError.fromRecord(answer.get('error'));
  const fields = answer.get('ok');
  if (!(fields instanceof Map)) throw new ProvenError('INTERNAL', 'the node sent a malformed answer');
  return fields;
}

export function text(fields: Fields, name: string): string {
  const value = fields.get(name);
  return typeof value === 'string' ? value : malformed(name);
}

export function integer(fields: Fields, name: string): number {
  const value = fields.get(name);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : malformed(name);
}

export function optionalInteger(fields: Fields, name: string): number | undefined {
  return fields.has(name) ? integer(fields, name) : undefined;
}

export function optionalBytes(fields: Fields, name: string): Bytes | undefined {
  const value = fields.get(name);
  return value === undefined || value instanceof Uint8Array ? value : malformed(name);
}

/** False where it is left out. */
export function flag(fields: Fields, name: string): boolean {
  const value = fields.get(name) ?? false;
  return typeof value === 'boolean' ? value : malformed(name);
}

/** A list of records; empty where it is left out. */
export function list(fields: Fields, name: string): Fields[] {
  const value = fields.get(name) ?? [];
  if (!Array.isArray(value)) return malformed(name);
  return value.map((item) => (item instanceof Map ? item : malformed(name)));
}

function malformed(name: string): never {
  throw new ProvenError('INTERNAL', `the node sent a malformed ${name}`);
}
