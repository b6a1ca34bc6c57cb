/**
 * Passkeys, through the browser. What an authenticator's pseudo-random function gives stays here: it wraps the
 * root seed, so it is taken out of everything that is sent to the node.
 */
import { type Bytes, randomBytes } from '../../packages/sdk/src/bytes.ts';
import { ProvenError } from '../../packages/sdk/src/errors.ts';
import { prfInput } from '../../packages/sdk/src/identity.ts';

export interface MadePasskey {
  /** The credential's id, base64url. */
  readonly id: string;
  /** What the node is told: the JSON of WebAuthn §5.1 without results of extensions. */
  readonly response: string;
  /** The output of its pseudo-random function; `later` if only using the passkey gives it, `never` without PRF. */
  readonly prf: Bytes | 'later' | 'never';
}

export interface UsedPasskey {
  readonly id: string;
  readonly response: string;
  readonly prf: Bytes | undefined;
}

export function supportsPasskeys(): boolean {
  return (
    typeof PublicKeyCredential === 'function' &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function' &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function'
  );
}

/** Whether the page that embeds the frame lets it use passkeys; true where the browser does not tell. */
export function mayUsePasskeys(): boolean {
  const policy = (document as Document & { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy;
  return policy?.allowsFeature('publickey-credentials-get') ?? true;
}

/** Make a passkey that the browser can find by itself and that checks who uses it. Throws a `DOMException`. */
export async function makePasskey(options: string, relyingParty: string, signal: AbortSignal): Promise<MadePasskey> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
  if (publicKey.rp.id !== relyingParty) throw wrongRelyingParty();
  const credential = await navigator.credentials.create({
    signal,
    publicKey: {
      ...publicKey,
      attestation: 'none',
      authenticatorSelection: {
        ...publicKey.authenticatorSelection,
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'required',
      },
      extensions: await extensions(),
    },
  });
  const made = asPublicKey(credential);
  const { prf } = made.getClientExtensionResults();
  const output = prf?.results?.first;
  const later = prf?.enabled === true ? 'later' : 'never';
  return { id: made.id, response: responseJson(made), prf: output === undefined ? later : copy(output) };
}

/** Have one of the relying party's passkeys sign the challenge. Throws a `DOMException`. */
export async function usePasskey(options: string, relyingParty: string, signal: AbortSignal): Promise<UsedPasskey> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
  if (publicKey.rpId !== relyingParty) throw wrongRelyingParty();
  return use(publicKey, signal);
}

/** The output of a passkey's pseudo-random function, if there is one; the signature goes nowhere. */
export async function outputOf(id: string, relyingParty: string, signal: AbortSignal): Promise<Bytes | undefined> {
  const used = await use(
    {
      challenge: randomBytes(32),
      rpId: relyingParty,
      allowCredentials: [{ type: 'public-key', id: fromBase64url(id) }],
    },
    signal,
  );
  return used.id === id ? used.prf : undefined;
}

/** Tell the authenticator to forget a passkey that the node does not know (any more), where that is possible. */
export async function forgetPasskey(id: string, relyingParty: string): Promise<void> {
  try {
    await PublicKeyCredential.signalUnknownCredential?.({ rpId: relyingParty, credentialId: id });
  } catch {
    // Only tidiness: the node refuses the passkey whatever the authenticator keeps.
  }
}

async function use(publicKey: PublicKeyCredentialRequestOptions, signal: AbortSignal): Promise<UsedPasskey> {
  const credential = await navigator.credentials.get({
    signal,
    publicKey: { ...publicKey, userVerification: 'required', extensions: await extensions() },
  });
  const used = asPublicKey(credential);
  const output = used.getClientExtensionResults().prf?.results?.first;
  return { id: used.id, response: responseJson(used), prf: output === undefined ? undefined : copy(output) };
}

async function extensions(): Promise<AuthenticationExtensionsClientInputs> {
  return { prf: { eval: { first: await prfInput() } } };
}

function asPublicKey(credential: Credential | null): PublicKeyCredential {
  if (!(credential instanceof PublicKeyCredential)) throw new DOMException('no passkey was given', 'NotAllowedError');
  return credential;
}

function responseJson(credential: PublicKeyCredential): string {
  return JSON.stringify({ ...credential.toJSON(), clientExtensionResults: {} });
}

function copy(source: BufferSource): Bytes {
  return source instanceof ArrayBuffer
    ? new Uint8Array(source.slice(0))
    : new Uint8Array(source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength) as ArrayBuffer);
}

function wrongRelyingParty(): ProvenError {
  return new ProvenError('FORBIDDEN', 'the node asked for a passkey of another site');
}

function fromBase64url(text: string): Bytes {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
