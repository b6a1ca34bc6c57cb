/** What the node wrote into the page. The same node serves this script, so it is trusted as much as that. */
export interface Configuration {
  /** The WebAuthn relying party that passkeys belong to. */
  readonly relyingParty: string;
  /** Whether evidence of a node without special hardware is good enough. */
  readonly development: boolean;
}

export const CONFIGURATION_ELEMENT = 'proven-owner';

/** Read the text of the page's JSON element. Throws a `TypeError` for anything but exactly what is expected. */
export function readConfiguration(text: string): Configuration {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== 'development,relying_party') {
    throw new TypeError('the configuration has other fields');
  }
  const { relying_party: relyingParty, development } = value as Record<string, unknown>;
  if (typeof relyingParty !== 'string' || !/^[a-z0-9.-]{1,253}$/.test(relyingParty)) {
    throw new TypeError('the relying party is not a host name');
  }
  if (typeof development !== 'boolean') throw new TypeError('development is neither true nor false');
  return { relyingParty, development };
}
