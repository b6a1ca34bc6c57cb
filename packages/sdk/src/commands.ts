// What is said inside a sealed session. The twin of `proven.wire.commands`: commands are encoded here and what a node
// answers is checked here, so that nothing of another shape gets any further.

import { type Bytes } from './bytes.ts';
import { decode, type Encodable, encode, type Item } from './cbor.ts';
import { ProvenError, type Source } from './errors.ts';
import { MAX_PLAINTEXT } from './session.ts';

const MAX_DEPTH = 12;

export type AccountKind = 'radix' | 'ethereum' | 'bitcoin';

export type CommandName =
  | 'WhoAmI' | 'Identify' | 'Anonymize' | 'Execute' | 'IssueTicket' | 'Subscribe' | 'Unsubscribe'
  | 'BeginRegistration' | 'FinishRegistration' | 'BeginAuthentication' | 'FinishAuthentication' | 'ListPasskeys'
  | 'RemovePasskey' | 'ListSessions' | 'RevokeSession' | 'BeginLink' | 'FinishLink' | 'UnlinkAccount' | 'ListAccounts'
  | 'ListApplications' | 'FollowVersion' | 'LogHead';

export type Message =
  | { readonly kind: 'success'; readonly request: number; readonly ok: Fields }
  | { readonly kind: 'failure'; readonly request: number; readonly error: ProvenError }
  | { readonly kind: 'console'; readonly level: string; readonly text: string; readonly handler: string }
  | { readonly kind: 'published'; readonly name: string; readonly payload: Bytes; readonly source: Source | null }
  | { readonly kind: 'missed'; readonly count: number }
  | {
    readonly kind: 'version';
    readonly what: string;
    readonly entry: number;
    readonly previous: string | null;
    readonly now: Fields;
  };

export const encodeCommand = (command: CommandName, fields: Readonly<Record<string, Encodable | undefined>>): Bytes =>
  encode({ command, ...fields });

/** What a node says. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export function decodeMessage(plaintext: Bytes): Message {
  const fields = new Fields(decode(plaintext, { maxBytes: MAX_PLAINTEXT, maxDepth: MAX_DEPTH }));
  switch (fields.optionalText('event')) {
    case 'console':
      return { kind: 'console', level: fields.text('level'), text: fields.text('text'), handler: fields.text('handler') };
    case 'published':
      return { kind: 'published', name: fields.text('name'), payload: fields.bytes('payload'), source: sourceOf(fields) };
    case 'missed':
      return { kind: 'missed', count: fields.count('count') };
    case 'version':
      return {
        kind: 'version',
        what: fields.text('what'),
        entry: fields.count('entry'),
        previous: fields.optionalText('previous') ?? null,
        now: fields.record('now'),
      };
    case undefined: {
      const request = fields.count('request');
      if (!fields.has('error')) return { kind: 'success', request, ok: fields.record('ok') };
      return { kind: 'failure', request, error: ProvenError.fromRecord(fields.get('error'), sourceOf(fields)) };
    }
    default:
      throw unexpected('an event that is not known here');
  }
}

/** The code that an error or event is of, if the node says so. */
function sourceOf(fields: Fields): Source | null {
  if (!fields.has('package_id') || !fields.has('log_index')) return null;
  return { packageId: fields.text('package_id'), logIndex: fields.count('log_index') };
}

/** The fields of a record, read by name and type. Throws `ProvenError` (`BAD_REQUEST`) for those of another type. */
export class Fields {
  readonly #map: ReadonlyMap<number | string, Item>;

  constructor(item: Item | undefined) {
    if (!(item instanceof Map)) throw unexpected('something that is no record');
    this.#map = item;
  }

  has(name: string): boolean {
    return this.#map.has(name);
  }

  get(name: string): Item | undefined {
    return this.#map.get(name);
  }

  text(name: string): string {
    const value = this.get(name);
    if (typeof value !== 'string') throw unexpected(`a ${name} that is no text`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  bytes(name: string): Bytes {
    const value = this.get(name);
    if (!(value instanceof Uint8Array)) throw unexpected(`a ${name} that is no byte string`);
    return value;
  }

  count(name: string): number {
    const value = this.get(name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw unexpected(`a ${name} that is no count`);
    return value;
  }

  record(name: string): Fields {
    return new Fields(this.get(name));
  }

  /** A list that is absent when it is empty. */
  list(name: string): Item[] {
    const value = this.get(name) ?? [];
    if (!Array.isArray(value)) throw unexpected(`${name} that is no list`);
    return value;
  }
}

const unexpected = (what: string): ProvenError => new ProvenError('BAD_REQUEST', `the node sent ${what}`);
