import { isPattern } from './origins.ts';

/** What the node wrote into the page. The same node serves this script, so it is trusted as much as that. */
export interface Configuration {
  readonly application: { readonly id: string; readonly name: string };
  /** Pages that may talk to the frame; see `origins.ts`. */
  readonly origins: readonly string[];
  /** The WebAuthn relying party that passkeys belong to. */
  readonly relyingParty: string;
  /** Whether evidence of a node without special hardware is good enough. */
  readonly development: boolean;
}

export const CONFIGURATION_ELEMENT = 'proven-sign-in';
const MAX_ORIGINS = 1024;

/** Read the text of the page's JSON element. Throws a `TypeError` for anything but exactly what is expected. */
export function readConfiguration(text: string): Configuration {
  const fields = record(JSON.parse(text), ['application', 'development', 'origins', 'relying_party']);
  const application = record(fields.application, ['id', 'name']);
  const { id, name } = application;
  const { origins, relying_party: relyingParty, development } = fields;
  if (typeof id !== 'string' || !/^[a-z2-7]{32}$/.test(id)) throw new TypeError('the application has no id');
  if (typeof name !== 'string' || name.length === 0 || name.length > 256) throw new TypeError('the application has no name');
  if (!Array.isArray(origins) || origins.length > MAX_ORIGINS || !origins.every(isPattern)) {
    throw new TypeError('the allowed origins are not origins');
  }
  if (typeof relyingParty !== 'string' || !/^[a-z0-9.-]{1,253}$/.test(relyingParty)) {
    throw new TypeError('the relying party is not a host name');
  }
  if (typeof development !== 'boolean') throw new TypeError('development is neither true nor false');
  return { application: { id, name }, origins, relyingParty, development };
}

function record(value: unknown, keys: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new TypeError('the configuration is not a record');
  if (Object.keys(value).sort().join() !== keys.join()) throw new TypeError('the configuration has other fields');
  return value as Record<string, unknown>;
}
