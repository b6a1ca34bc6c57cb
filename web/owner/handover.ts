/**
 * What `proven … --passkey` hands to this page in the address to be signed, and the signature that goes back to it.
 * The command line listens at one port of this machine for one signature, tells its listener by a token, and checks
 * the signature against the bytes that it made itself: nothing else goes back.
 */
import { type Bytes, toHex } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { decodeStrictly, MAX_ENVELOPE } from '../../packages/sdk/src/log/applications.ts';
import { type Asked, askedBody, askedCreation, askedEnvelope, type Signature } from './asked.ts';
import { askedPermission, type Permission } from './permission.ts';

const PREFIX = '#command=';
const MAX_FRAGMENT = 2 * MAX_ENVELOPE;
const TOKEN_BYTES = 32;
const TIMEOUT = 20_000;

/** The one listener that takes a signature. */
export interface Listener {
  readonly port: number;
  readonly token: Bytes;
}

export type Handover = Listener & ({ readonly asked: Asked } | { readonly permission: Permission });

/** Whether an address hands something over. */
export const isHandover = (fragment: string): boolean => fragment.startsWith(PREFIX);

/** Read the part of the address after `#`. Throws `ProvenError` for anything that the command line would not write. */
export async function readHandover(fragment: string): Promise<Handover> {
  if (fragment.length > MAX_FRAGMENT) throw new ProvenError('TOO_LARGE', 'the address is too long');
  const fields = decodeStrictly(fromBase64url(fragment.slice(PREFIX.length)), MAX_ENVELOPE, 1);
  if (!(fields instanceof Map)) throw bad();
  const [port, token, body, origin, create] = ['port', 'token', 'body', 'origin', 'create'].map((name) => fields.get(name));
  const [envelope, read] = ['envelope', 'read'].map((name) => fields.get(name));
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1024 || port > 65535) throw bad();
  if (!(token instanceof Uint8Array) || token.length !== TOKEN_BYTES) throw bad();
  if (body instanceof Uint8Array && fields.size === 3) return { asked: askedBody(body), port, token };
  if (envelope instanceof Uint8Array && fields.size === 3) return { asked: await askedEnvelope(envelope), port, token };
  if (read instanceof Uint8Array && fields.size === 3) return { permission: askedPermission(read), port, token };
  if (typeof origin === 'string' && create instanceof Uint8Array && fields.size === 4) {
    return { asked: askedCreation(origin, create), port, token };
  }
  throw bad();
}

/** Give a signature to the command line. Throws `ProvenError`: what it says, or `UNAVAILABLE` if it is not reached. */
export async function giveBack({ port, token }: Listener, { publicKey, signature }: Signature): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${port}/signature`, {
      method: 'POST',
      body: JSON.stringify({ token: toHex(token), public_key: toHex(publicKey), signature: toHex(signature) }),
      headers: { 'content-type': 'application/json' },
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    throw new ProvenError('UNAVAILABLE', 'the command line is not reached', { cause: error });
  }
  if (!response.ok) throw new ProvenError('FORBIDDEN', 'the command line does not take this signature: it waits for another');
}

function fromBase64url(text: string): Bytes {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw bad();
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
  } catch {
    throw bad();
  }
}

const bad = (): ProvenError => new ProvenError('BAD_REQUEST', 'the address is not one that `proven` writes');
