/**
 * What somebody is asked to sign. It is read once, into memory that nothing else writes to; what is shown is decoded
 * from the very bytes that are signed.
 */
import { type Bytes, equal, toHex } from '../../packages/sdk/src/bytes.ts';
import { type Encodable, encode, type Item } from '../../packages/sdk/src/cbor.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { deriveOwnerKey, type Seed } from '../../packages/sdk/src/identity.ts';
import {
  type Body,
  BODY_LABEL,
  type Command,
  decodeBody,
  decodeEnvelope,
  decodeStrictly,
  MAX_ENVELOPE,
  type SignedCommand,
  verifyCommand,
} from '../../packages/sdk/src/log/applications.ts';
import { applicationId } from '../../packages/sdk/src/log/replay.ts';
import { visible } from './words.ts';

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
const ORIGIN = /^https?:\/\/[a-z0-9.:[\]-]{1,240}$/;
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
/** Stands for the id of an application that is to be created by a key that is not known yet. */
const NO_APPLICATION = 'a'.repeat(32);

type Signatures = readonly (readonly [key: Bytes, signature: Bytes])[];

/** `applicationId` is null for one to be created: its id follows from the key that signs. */
export interface Asked extends Omit<Body, 'applicationId'> {
  readonly applicationId: string | null;
  /** Who has signed already; each signature is good. */
  readonly signatures: Signatures;
  /** The bytes to sign with this key. */
  body(publicKey: Bytes): Promise<Bytes>;
}

export interface Signature {
  readonly publicKey: Bytes;
  readonly signature: Bytes;
  readonly body: Bytes;
}

/** Somebody's wish to have a body signed. Throws `ProvenError` for anything but a command that could take effect. */
export function askedBody(given: Uint8Array): Asked {
  const raw = given.slice();
  return asked(decodeBody(raw), raw, []);
}

/** A signed command, to be signed by one more. Throws `ProvenError`. */
export async function askedEnvelope(given: Uint8Array): Promise<Asked> {
  if (given.length > MAX_ENVELOPE) throw new ProvenError('TOO_LARGE', `it has more than ${MAX_ENVELOPE / 1024} KiB`);
  const signed: SignedCommand = decodeEnvelope(given.slice());
  await verifyCommand(signed);
  if (signed.command.command === 'CreateApplication') {
    throw new ProvenError('BAD_REQUEST', 'an application is created by one signature alone, which this has already');
  }
  return asked(signed, signed.raw, signed.signatures);
}

/** An application to be created by whoever signs; `fields` are the command's. Throws `ProvenError`. */
export function askedCreation(origin: string, fields: Uint8Array): Asked {
  const item = decodeStrictly(fields.slice(), MAX_ENVELOPE, 5);
  const bodyFor = (application: string): Bytes => encode([BODY_LABEL, origin, application, 0, encodable(item)]);
  const { command, revision } = decodeBody(bodyFor(NO_APPLICATION));
  if (command.command !== 'CreateApplication') throw new ProvenError('BAD_REQUEST', 'it creates no application');
  requireSensible(command);
  const body = async (publicKey: Bytes): Promise<Bytes> => bodyFor(await applicationId(publicKey, command.nonce));
  return { origin, applicationId: null, revision, command, signatures: [], body };
}

/** What a button of this page asks for. */
export function compose(origin: string, applicationId: string, revision: number, fields: Readonly<Record<string, Encodable>>): Asked {
  return askedBody(encode([BODY_LABEL, origin, applicationId, revision, fields]));
}

/** Sign by the owner key of the seed, and nothing but a command. Throws `ProvenError`. */
export async function sign(asked: Asked, seed: Seed, mayBe: (publicKey: Bytes) => void): Promise<Signature> {
  const key = await deriveOwnerKey(seed);
  mayBe(key.publicKey);
  const body = await asked.body(key.publicKey);
  decodeBody(body);
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, body));
  return { publicKey: key.publicKey, signature, body };
}

/** The envelope with one more signature. */
export function envelopeOf({ signatures }: Asked, { publicKey, signature, body }: Signature): Bytes {
  const others = signatures.filter(([key]) => !equal(key, publicKey));
  const all = [...others, [publicKey, signature] as const].sort(([a], [b]) => (toHex(a) < toHex(b) ? -1 : 1));
  return encode({ body, signatures: all });
}

function asked({ origin, applicationId, revision, command }: Body, raw: Bytes, signatures: Signatures): Asked {
  requireSensible(command);
  if (command.command === 'CreateApplication') {
    throw new ProvenError('BAD_REQUEST', 'an application is created by `proven app create NAME --passkey`, or with a key file');
  }
  return { origin, applicationId, revision, command, signatures, body: () => Promise.resolve(raw) };
}

/** Text that no log takes could look like text that it takes. */
function requireSensible(command: Command): void {
  const refuse = (what: string, text: string): never => {
    throw new ProvenError('BAD_REQUEST', `this is no ${what}: ${visible(text.slice(0, 100))}`);
  };
  if ('name' in command && !isName(command.name)) refuse('name of an application', command.name);
  if ('origin' in command && !ORIGIN.test(command.origin)) refuse('origin of a page', command.origin);
  if ('domain' in command && !DOMAIN.test(command.domain)) refuse('domain', command.domain);
}

const isName = (text: string): boolean => NAME.test(text) && text.slice(2, 4) !== '--' && !/^[a-z2-7]{32}$/.test(text);

function encodable(item: Item): Encodable {
  if (typeof item === 'bigint') throw new ProvenError('BAD_REQUEST', 'a number that no command has');
  if (Array.isArray(item)) return item.map(encodable);
  return item instanceof Map ? new Map([...item].map(([key, value]) => [key, encodable(value)])) : item;
}

