// Commands to applications, signed by those who may give them. The twin of `proven.wire.applications`, for those who
// read; `tests/vectors/applications.json` pins every command.

import { type Bytes, equal, toHex } from '../bytes.ts';
import { type Item, Reader } from '../cbor.ts';
import { ProvenError } from '../errors.ts';
import { isKey, isSigned } from './ed25519.ts';

export const BODY_LABEL = 'proven/application-command/v1';
export const MAX_ENVELOPE = 32 * 1024;
const MAX_SIGNATURES = 32;
const MAX_POLICY_KEYS = 16;
const MIN_DELAY = 60;
const MAX_DELAY = 365 * 24 * 3600;

/** Who may change an application, and after what notice. `delay` is in seconds. */
export type UpgradePolicy =
  | { readonly kind: 'immutable' }
  | { readonly kind: 'owner' }
  | { readonly kind: 'timelock'; readonly delay: number; readonly guardians: readonly Bytes[] }
  | { readonly kind: 'multisig'; readonly threshold: number; readonly keys: readonly Bytes[] }
  | {
    readonly kind: 'timelock_multisig';
    readonly delay: number;
    readonly threshold: number;
    readonly keys: readonly Bytes[];
    readonly guardians: readonly Bytes[];
  };

/** What an upgrade policy is about, and delays if it has a delay. */
export type Upgrade =
  | { readonly command: 'Deploy'; readonly packageId: string }
  | { readonly command: 'RollBack'; readonly version: number }
  | { readonly command: 'SetUpgradePolicy'; readonly policy: UpgradePolicy }
  | { readonly command: 'TransferOwnership'; readonly to: Bytes };

export type Command =
  | Upgrade
  | { readonly command: 'CreateApplication'; readonly name: string; readonly nonce: Bytes; readonly policy: UpgradePolicy }
  | { readonly command: 'CancelUpgrade' | 'Veto' | 'Archive' }
  | { readonly command: 'AddAllowedOrigin' | 'RemoveAllowedOrigin'; readonly origin: string }
  | { readonly command: 'LinkDomain' | 'UnlinkDomain'; readonly domain: string };

/** What is signed. */
export interface Body {
  /** The name of the log that it is for. */
  readonly origin: string;
  readonly applicationId: string;
  /** How many entries of the application its author had seen. */
  readonly revision: number;
  readonly command: Command;
}

/** A command as its authors wrote it (`raw`), and who signed it with what, in ascending order of keys. */
export interface SignedCommand extends Body {
  readonly raw: Bytes;
  readonly signatures: readonly (readonly [key: Bytes, signature: Bytes])[];
}

/** Seconds between the announcement of a change and its coming into force. */
export const delayOf = (policy: UpgradePolicy): number => ('delay' in policy ? policy.delay : 0);

export const guardiansOf = (policy: UpgradePolicy): readonly Bytes[] => ('guardians' in policy ? policy.guardians : []);

/**
 * Read an envelope; its signatures are not verified yet. Throws `ProvenError`: `TOO_LARGE`; `BAD_REQUEST` for anything
 * that nobody would write; `UNAUTHENTICATED` if nobody signed.
 */
export function decodeEnvelope(envelope: Bytes): SignedCommand {
  const fields = new Record(decodeStrictly(envelope, MAX_ENVELOPE, 3));
  const raw = fields.bytes('body', 0, MAX_ENVELOPE);
  const listed = fields.list('signatures');
  fields.end();
  return { ...decodeBody(raw), raw, signatures: readSignatures(listed) };
}

/** Throws `ProvenError` (`UNAUTHENTICATED`) unless every signature is good. */
export async function verifyCommand({ signatures, raw }: SignedCommand): Promise<void> {
  for (const [key, signature] of signatures) {
    if (!(await isSigned(key, signature, raw))) {
      throw new ProvenError('UNAUTHENTICATED', `the signature of ${toHex(key)} is not good`);
    }
  }
}

/** One item without floats, which nothing here has. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export function decodeStrictly(data: Bytes, maxBytes: number, maxDepth: number): Item {
  if (data.length > maxBytes) throw new ProvenError('TOO_LARGE', `it has ${data.length} bytes, over ${maxBytes}`);
  const reader = new Reader(data);
  try {
    const item = reader.item(maxDepth);
    reader.end();
    if (reader.floats > 0) throw new RangeError('a float');
    return item;
  } catch (error) {
    throw bad(`malformed CBOR: ${error instanceof Error ? error.message : error}`);
  }
}

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Read what is signed. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`) for anything that nobody would write. */
export function decodeBody(raw: Bytes): Body {
  const body = decodeStrictly(raw, MAX_ENVELOPE, 6);
  if (!Array.isArray(body) || body.length !== 5 || body[0] !== BODY_LABEL) {
    throw bad('a command has its label, log, application, revision and fields');
  }
  const [, origin, applicationId, revision, fields] = body;
  if (!isText(origin, 255)) throw bad('a command names the log that it is for');
  if (typeof applicationId !== 'string' || !/^[a-z2-7]{32}$/.test(applicationId)) throw bad('not an application id');
  if (!isCount(revision)) throw bad('a revision is a count');
  return { origin, applicationId, revision, command: readCommand(new Record(fields)) };
}

function readCommand(fields: Record): Command {
  const command = fields.text('command');
  const read = (): Command => {
    switch (command) {
      case 'CreateApplication': {
        const policy = fields.has('policy') ? readPolicy(fields.record('policy')) : ({ kind: 'owner' } as const);
        return { command, name: fields.text('name'), nonce: fields.bytes('nonce', 0, 64), policy };
      }
      case 'Deploy': {
        const packageId = fields.text('package_id');
        if (!/^[0-9a-f]{64}$/.test(packageId)) throw bad('not the id of a package');
        return { command, packageId };
      }
      case 'RollBack':
        return { command, version: fields.count('version', 1, Number.MAX_SAFE_INTEGER) };
      case 'SetUpgradePolicy':
        return { command, policy: readPolicy(fields.record('policy')) };
      case 'TransferOwnership':
        return { command, to: requireKey(fields.bytes('to', 32, 32)) };
      case 'CancelUpgrade':
      case 'Veto':
      case 'Archive':
        return { command };
      case 'AddAllowedOrigin':
      case 'RemoveAllowedOrigin':
        return { command, origin: fields.text('origin') };
      case 'LinkDomain':
      case 'UnlinkDomain':
        return { command, domain: fields.text('domain') };
      default:
        throw bad('not a command that is known here');
    }
  };
  const found = read();
  fields.end();
  return found;
}

function readPolicy(fields: Record): UpgradePolicy {
  const kind = fields.text('kind');
  const delay = (): number => fields.count('delay', MIN_DELAY, MAX_DELAY);
  const guardians = (): Bytes[] => (fields.has('guardians') ? readKeys(fields.list('guardians'), 1) : []);
  const shared = (): { threshold: number; keys: Bytes[] } => {
    const threshold = fields.count('threshold', 1, MAX_POLICY_KEYS);
    return { threshold, keys: readKeys(fields.list('keys'), threshold) };
  };
  const read = (): UpgradePolicy => {
    switch (kind) {
      case 'immutable':
      case 'owner':
        return { kind };
      case 'timelock':
        return { kind, delay: delay(), guardians: guardians() };
      case 'multisig':
        return { kind, ...shared() };
      case 'timelock_multisig':
        return { kind, delay: delay(), ...shared(), guardians: guardians() };
      default:
        throw bad('not an upgrade policy that is known here');
    }
  };
  const found = read();
  fields.end();
  return found;
}

function readKeys(listed: readonly Item[], least: number): Bytes[] {
  if (listed.length < least || listed.length > MAX_POLICY_KEYS) {
    throw bad(`a policy has ${least} to ${MAX_POLICY_KEYS} keys here`);
  }
  const keys = listed.map((each) => {
    if (!(each instanceof Uint8Array)) throw bad('a key is 32 bytes');
    return requireKey(each);
  });
  requireAscending(keys);
  return keys;
}

function requireKey(key: Bytes): Bytes {
  if (!isKey(key)) throw bad('not an Ed25519 public key');
  return key;
}

function requireAscending(keys: readonly Bytes[]): void {
  const written = keys.map(toHex);
  if (written.some((key, index) => index > 0 && written[index - 1]! >= key)) {
    throw bad('keys are in ascending order, and none is there twice');
  }
}

function readSignatures(listed: readonly Item[]): [Bytes, Bytes][] {
  const signatures = listed.map((each): [Bytes, Bytes] => {
    const [key, signature, ...more] = Array.isArray(each) ? each : [];
    if (!(key instanceof Uint8Array) || !(signature instanceof Uint8Array) || more.length > 0) {
      throw bad('a signature is a key and what it signed with');
    }
    if (key.length !== 32 || signature.length !== 64) throw bad('a signature is a key of 32 bytes and 64 bytes by it');
    return [key, signature];
  });
  if (signatures.length > MAX_SIGNATURES) throw bad(`an envelope has at most ${MAX_SIGNATURES} signatures`);
  requireAscending(signatures.map(([key]) => key));
  if (signatures.length === 0) throw new ProvenError('UNAUTHENTICATED', 'nobody signed the command');
  return signatures;
}

/** Fields that are read by name and type, and of which none is left at the end. */
class Record {
  readonly #left: Map<number | string, Item>;

  constructor(item: Item | undefined) {
    if (!(item instanceof Map)) throw bad('not a record');
    this.#left = new Map(item);
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  text(name: string): string {
    const value = this.#take(name);
    if (!isText(value, 253)) throw bad(`${name} is a short text`);
    return value;
  }

  bytes(name: string, least: number, most: number): Bytes {
    const value = this.#take(name);
    if (!(value instanceof Uint8Array) || value.length < least || value.length > most) throw bad(`${name} is bytes`);
    return value;
  }

  count(name: string, least: number, most: number): number {
    const value = this.#take(name);
    if (!isCount(value) || value < least || value > most) throw bad(`${name} is a number from ${least} to ${most}`);
    return value;
  }

  list(name: string): Item[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) throw bad(`${name} is a list`);
    return value;
  }

  record(name: string): Record {
    return new Record(this.#take(name));
  }

  end(): void {
    if (this.#left.size > 0) throw bad('a field that is not known here');
  }

  #take(name: string): Item | undefined {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }
}

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value !== '' && [...value].length <= most;

export const includes = (keys: readonly Bytes[], key: Bytes): boolean => keys.some((each) => equal(each, key));

const bad = (message: string): ProvenError => new ProvenError('BAD_REQUEST', message);
