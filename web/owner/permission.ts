/**
 * What somebody signs who lets the command line read logs or metrics of an application (`proven.wire.permissions`).
 * Like a command it is read once, and what is shown is decoded from the very bytes that are signed.
 */
import type { Bytes } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { deriveOwnerKey, type Seed } from '../../packages/sdk/src/identity.ts';
import { decodeStrictly, isCount } from '../../packages/sdk/src/log/applications.ts';
import type { Signature } from './asked.ts';

export const PERMISSION_LABEL = 'proven/read-application/v1';
/** Seconds that it may last, and by which clocks may differ. */
const LONGEST = 12 * 3600;
const LEEWAY = 300;
const MAX_BYTES = 1024;

export type Readable = 'logs' | 'metrics';

export interface Permission {
  /** The log's name. */
  readonly origin: string;
  readonly applicationId: string;
  readonly what: Readable;
  /** The identity that may read: a key of the command line's own. */
  readonly reader: string;
  /** Unix seconds. */
  readonly until: number;
  readonly raw: Bytes;
}

/** Throws `ProvenError` for anything but a permission to read. */
export function askedPermission(given: Uint8Array): Permission {
  const raw = given.slice();
  const fields = decodeStrictly(raw, MAX_BYTES, 2);
  if (!Array.isArray(fields) || fields.length !== 6 || fields[0] !== PERMISSION_LABEL) throw bad('it has its label and five fields');
  const [, origin, applicationId, what, reader, until] = fields;
  if (typeof origin !== 'string' || origin.length === 0 || origin.length > 255) throw bad('it names the log');
  if (typeof applicationId !== 'string' || !isId(applicationId)) throw bad('it is for one application');
  if (what !== 'logs' && what !== 'metrics') throw bad('it is to read logs, or metrics');
  if (typeof reader !== 'string' || !isId(reader)) throw bad('it is for one reader');
  if (!isCount(until)) throw bad('it ends');
  return { origin, applicationId, what, reader, until, raw };
}

/** Why nobody should sign it at this moment (Unix milliseconds); undefined if there is no reason. */
export function outOfTime({ until }: Permission, now: number): string | undefined {
  if (until * 1000 <= now) return 'Its time is over. Run the command again.';
  if (until * 1000 > now + (LONGEST + LEEWAY) * 1000) return `It would last longer than ${LONGEST / 3600} hours, which no node takes.`;
  return undefined;
}

/** Sign by the owner key of the seed, and nothing but a permission that lasts yet. Throws `ProvenError`. */
export async function signPermission(permission: Permission, seed: Seed, mayBe: (publicKey: Bytes) => void): Promise<Signature> {
  const key = await deriveOwnerKey(seed);
  mayBe(key.publicKey);
  const body = permission.raw;
  const late = outOfTime(askedPermission(body), Date.now());
  if (late !== undefined) throw new ProvenError('CONFLICT', late);
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, body));
  return { publicKey: key.publicKey, signature, body };
}

const isId = (text: string): boolean => /^[a-z2-7]{32}$/.test(text);

const bad = (what: string): ProvenError => new ProvenError('BAD_REQUEST', `this is no permission to read: ${what}`);
