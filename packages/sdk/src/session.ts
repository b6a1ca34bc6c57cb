// Attested sessions (version 1), the client's side, without any I/O. The twin of `proven.wire.session`;
// `tests/vectors/session.json` pins handshake and frames.

import { type Bytes, randomBytes, utf8 } from './bytes.ts';
import { decode, encode } from './cbor.ts';
import { Encrypt0Direction } from './cose.ts';
import { ProvenError } from './errors.ts';

const VERSION = 1;
const SUITE = 'X25519-HKDF-SHA256-AES256GCM';
const LABEL = 'proven/session/v1';

export const MAX_EVIDENCE = 32 * 1024;
export const MAX_RESPONSE = MAX_EVIDENCE + 1024;
export const MAX_PLAINTEXT = 8 * 1024 * 1024 + 64 * 1024;
export const MAX_FRAME = MAX_PLAINTEXT + 128;
export const MAX_SEQUENCE = 2 ** 32 - 1;

/** What evidence has to be about. */
export interface Expected {
  readonly nonce: Bytes;
  readonly userData: Bytes;
  readonly publicKey: Bytes;
}

/** A key pair for X25519 whose private half nobody reads. */
export async function generateKeyPair(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey('X25519', false, ['deriveKey', 'deriveBits'])) as CryptoKeyPair;
}

export interface HandshakeOptions {
  applicationId: string | null;
  origin?: string | undefined;
  keyPair: CryptoKeyPair;
  /** A ticket that was issued to `keyPair`. */
  resumption?: Bytes | undefined;
  nonce?: Bytes;
}

/** The client's side of one handshake; use it once. */
export class ClientHandshake {
  readonly #options: HandshakeOptions;
  readonly #nonce: Bytes;
  #clientKey: Bytes = new Uint8Array(0);

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#nonce = options.nonce ?? randomBytes(32);
  }

  async request(): Promise<Bytes> {
    const { applicationId, origin, keyPair, resumption } = this.#options;
    this.#clientKey = new Uint8Array(await crypto.subtle.exportKey('raw', keyPair.publicKey));
    return encode({
      v: VERSION,
      suite: SUITE,
      nonce: this.#nonce,
      client_key: this.#clientKey,
      application_id: applicationId ?? undefined,
      origin,
      resumption,
    });
  }

  /**
   * Check who answered, then derive the keys; no key exists before `verify` has agreed. Throws `ProvenError`:
   * `BAD_REQUEST` for a malformed response, and what `verify` throws.
   */
  async finish<Evidence>(
    response: Uint8Array,
    verify: (document: Bytes, expected: Expected) => Promise<Evidence>,
  ): Promise<[SealedChannel, Evidence]> {
    const fields = decode(response, { maxBytes: MAX_RESPONSE, maxDepth: 1 });
    if (!(fields instanceof Map) || fields.size !== 3) throw bad('the session response is not one of version 1');
    const sessionId = bytesOf(fields.get('session_id'), 16, 16, 'session_id');
    const publicKey = bytesOf(fields.get('server_key'), 32, 32, 'server_key');
    const document = bytesOf(fields.get('evidence'), 0, MAX_EVIDENCE, 'evidence');
    const transcript = await this.#transcript(sessionId, publicKey);
    const evidence = await verify(document, { nonce: this.#nonce, userData: transcript, publicKey });
    const [client, server] = await directions(this.#options.keyPair.privateKey, publicKey, sessionId, transcript);
    return [new SealedChannel(sessionId, transcript, client, server), evidence];
  }

  /** SHA-256 over every field of both sides: what the evidence vouches for and the keys depend on. */
  async #transcript(sessionId: Bytes, serverKey: Bytes): Promise<Bytes> {
    const { applicationId, origin, resumption } = this.#options;
    const fields = [
      LABEL, VERSION, SUITE, this.#nonce, this.#clientKey, applicationId, origin ?? null, resumption ?? null, sessionId,
      serverKey,
    ];
    return new Uint8Array(await crypto.subtle.digest('SHA-256', encode(fields)));
  }
}

/**
 * One end of an established session. Its rules, in order:
 *
 * 1. After it has been closed, by a rule below or by `close`, it neither seals nor opens anything.
 * 2. Each direction has its own key and nonce prefix; a frame sent back to its sender does not open.
 * 3. A frame is one COSE_Encrypt0 of this session, in its only encoding, of at most `MAX_FRAME` bytes.
 * 4. Its authenticated data names session, direction and sequence; the ciphertext has to match all of them.
 * 5. Sequences are strictly increasing: a replayed or reordered frame is one that does not increase.
 * 6. A frame that breaks rules 3 to 5 closes the channel; there is no second try.
 * 7. The channel ends after sequence `MAX_SEQUENCE`.
 *
 * Frames have to be opened one after the other, and sent in the order in which `seal` was called.
 */
export class SealedChannel {
  readonly sessionId: Bytes;
  readonly transcript: Bytes;
  #directions: readonly [outbound: Encrypt0Direction, inbound: Encrypt0Direction] | null;
  #sent = -1;
  #received = -1;

  constructor(sessionId: Bytes, transcript: Bytes, outbound: Encrypt0Direction, inbound: Encrypt0Direction) {
    this.sessionId = sessionId;
    this.transcript = transcript;
    this.#directions = [outbound, inbound];
  }

  get closed(): boolean {
    return this.#directions === null;
  }

  /** The next sequence and, in a while, its frame. Throws `ProvenError`: `SESSION_CLOSED`, `TOO_LARGE`. */
  seal(plaintext: Bytes): [sequence: number, frame: Promise<Bytes>] {
    const [outbound] = this.#requireOpen();
    if (plaintext.length > MAX_PLAINTEXT) {
      throw new ProvenError('TOO_LARGE', `a message of ${plaintext.length} bytes is over the limit of ${MAX_PLAINTEXT}`);
    }
    if (this.#sent >= MAX_SEQUENCE) throw this.#broken('the session has used up its sequences');
    this.#sent++;
    return [this.#sent, outbound.encrypt(this.#sent, plaintext)];
  }

  /** The plaintext of the peer's next frame; rejects with `SESSION_CLOSED` for a bad one. */
  async open(frame: Bytes): Promise<Bytes> {
    const [, inbound] = this.#requireOpen();
    if (frame.length > MAX_FRAME) throw this.#broken(`a frame of ${frame.length} bytes is over the limit`);
    let opened: [number, Bytes];
    try {
      opened = await inbound.decrypt(frame);
    } catch (error) {
      throw this.#broken(error instanceof Error ? error.message : String(error));
    }
    this.#requireOpen();
    const [sequence, plaintext] = opened;
    if (sequence <= this.#received || sequence > MAX_SEQUENCE) throw this.#broken('a replayed or reordered message');
    this.#received = sequence;
    return plaintext;
  }

  /** Refuse everything from now on and let go of the keys. */
  close(): void {
    this.#directions = null;
  }

  #requireOpen(): readonly [Encrypt0Direction, Encrypt0Direction] {
    if (this.#directions === null) throw new ProvenError('SESSION_CLOSED', 'the session is closed');
    return this.#directions;
  }

  #broken(reason: string): ProvenError {
    this.close();
    return new ProvenError('SESSION_CLOSED', `the session was closed: ${reason}`);
  }
}

/** The client's and the server's direction. Refuses points of low order (RFC 7748 §6.1), as WebCrypto does. */
async function directions(
  privateKey: CryptoKey,
  peerKey: Bytes,
  sessionId: Bytes,
  transcript: Bytes,
): Promise<[Encrypt0Direction, Encrypt0Direction]> {
  let shared: CryptoKey;
  try {
    const peer = await crypto.subtle.importKey('raw', peerKey, 'X25519', true, []);
    shared = await crypto.subtle.deriveKey({ name: 'X25519', public: peer }, privateKey, 'HKDF', false, ['deriveBits']);
  } catch {
    throw bad('the key of the node is not one that a secret can be agreed with');
  }
  const direction = async (name: string): Promise<Encrypt0Direction> => {
    const info = utf8(`${LABEL} ${name}`);
    const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: transcript, info };
    const material = new Uint8Array(await crypto.subtle.deriveBits(algorithm, shared, 36 * 8));
    const key = await crypto.subtle.importKey('raw', material.subarray(0, 32), 'AES-GCM', false, ['encrypt', 'decrypt']);
    material.fill(0, 0, 32);
    return new Encrypt0Direction(key, material.slice(32), sessionId, [LABEL, sessionId, name]);
  };
  return Promise.all([direction('client'), direction('server')]);
}

function bytesOf(value: unknown, least: number, most: number, name: string): Bytes {
  if (!(value instanceof Uint8Array) || value.length < least || value.length > most) {
    throw bad(`${name} has to be ${least === most ? least : `at most ${most}`} bytes`);
  }
  return value as Bytes;
}

const bad = (message: string): ProvenError => new ProvenError('BAD_REQUEST', message);
