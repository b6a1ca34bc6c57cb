// The entries of the log of applications. The twin of `proven.wire.log_entries`.

import { type Bytes } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import { decodeEnvelope, decodeStrictly, isCount, type SignedCommand } from './applications.ts';

const ENTRY_LABEL = 'proven/log-entry/v1';
export const MAX_ENTRY = 2 ** 16 - 1;

/** `at` is when it was appended, in Unix milliseconds. */
export type Entry =
  | { readonly kind: 'command'; readonly at: number; readonly applicationId: string; readonly signed: SignedCommand }
  | { readonly kind: 'activated'; readonly at: number; readonly applicationId: string; readonly revision: number }
  | {
    readonly kind: 'domain_proved';
    readonly at: number;
    readonly applicationId: string;
    readonly domain: string;
    readonly until: number;
  }
  | { readonly kind: 'domain_lapsed'; readonly at: number; readonly applicationId: string; readonly domain: string };

/**
 * Read a leaf of the log; the signatures in it are not verified. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`,
 * `UNAUTHENTICATED`).
 */
export function decodeEntry(leaf: Bytes): Entry {
  const items = decodeStrictly(leaf, MAX_ENTRY, 1);
  const [label, at, kind, ...fields] = Array.isArray(items) ? items : [];
  if (label !== ENTRY_LABEL) throw bad('not an entry of the log of applications');
  if (!isCount(at)) throw bad('the time of an entry is in milliseconds');
  if (kind === 'command' && fields.length === 1 && fields[0] instanceof Uint8Array) {
    const signed = decodeEnvelope(fields[0]);
    return { kind, at, applicationId: signed.applicationId, signed };
  }
  const [applicationId, second, third] = fields;
  if (typeof applicationId === 'string') {
    if (kind === 'activated' && fields.length === 2 && isCount(second)) {
      return { kind, at, applicationId, revision: second };
    }
    if (typeof second === 'string' && second !== '' && [...second].length <= 253) {
      if (kind === 'domain_proved' && fields.length === 3 && isCount(third)) {
        return { kind, at, applicationId, domain: second, until: third };
      }
      if (kind === 'domain_lapsed' && fields.length === 2) return { kind, at, applicationId, domain: second };
    }
  }
  throw bad('not an entry of the log of applications');
}

const bad = (message: string): ProvenError => new ProvenError('BAD_REQUEST', message);
