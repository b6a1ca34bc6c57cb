// COSE (RFC 9052), as far as the protocol uses it: each message has one encoding and only the headers that belong
// there, so that nobody can alter it in a place that is not authenticated.

import { type Bytes, concat, equal, uint64 } from './bytes.ts';
import { BYTES, decode, encode, head, Reader } from './cbor.ts';
import { ProvenError } from './errors.ts';

const ES384_PROTECTED = encode(new Map([[1, -35]]));
const A256GCM_PROTECTED = encode(new Map([[1, 3]]));
const ENCRYPT0_START = concat(Uint8Array.of(0xd0, 0x83), encode(A256GCM_PROTECTED));
const TAG_BYTES = 16;

/** An untagged COSE_Sign1 with ES384 and an empty unprotected header: what it signs, and the signature as r ‖ s. */
export interface Sign1 {
  readonly payload: Bytes;
  readonly signature: Bytes;
  /** What the signature is over (RFC 9052 §4.4). */
  readonly signed: Bytes;
}

/** Throws `ProvenError` (`BAD_REQUEST`). */
export function decodeSign1(data: Uint8Array, maxBytes: number): Sign1 {
  const message = decode(data, { maxBytes });
  if (!Array.isArray(message) || message.length !== 4) throw malformed('not a COSE_Sign1');
  const [header, unprotected, payload, signature] = message;
  if (!(header instanceof Uint8Array) || !equal(header, ES384_PROTECTED)) {
    throw malformed('the protected header has to name ES384 and nothing else');
  }
  if (!(unprotected instanceof Map) || unprotected.size > 0) throw malformed('the unprotected header has to be empty');
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array) || signature.length !== 96) {
    throw malformed('payload and signature have to be byte strings, the signature of 96 bytes');
  }
  const signed = encode(['Signature1', ES384_PROTECTED, new Uint8Array(0), payload]);
  return { payload, signature, signed };
}

/**
 * Tagged COSE_Encrypt0 messages of one direction under one key: `16([<<{1: 3}>>, {4: key id, 6: sequence},
 * ciphertext])`. The sequence, 8 bytes, is the Partial IV: the nonce is a prefix of 4 bytes followed by it. The
 * external authenticated data is CBOR `[context..., sequence]`.
 */
export class Encrypt0Direction {
  readonly #key: CryptoKey;
  readonly #noncePrefix: Bytes;
  readonly #aad: Bytes;
  readonly #template: Bytes;

  /** `key` is one for AES-256-GCM. */
  constructor(key: CryptoKey, noncePrefix: Bytes, keyId: Bytes, context: readonly (string | Bytes)[]) {
    this.#key = key;
    this.#noncePrefix = noncePrefix;
    const externalAad = encode([...context, new Uint8Array(8)]);
    this.#aad = encode(['Encrypt0', A256GCM_PROTECTED, externalAad]).slice(0, -8);
    const headers = encode(new Map([[4, keyId], [6, new Uint8Array(8)]]));
    this.#template = concat(ENCRYPT0_START, headers.slice(0, -8));
  }

  /** A sequence must never be used twice: that is up to the caller. */
  async encrypt(sequence: number, plaintext: Bytes): Promise<Bytes> {
    const partialIv = uint64(sequence);
    const ciphertext = new Uint8Array(await crypto.subtle.encrypt(this.#algorithm(partialIv), this.#key, plaintext));
    return concat(this.#template, partialIv, head(BYTES, ciphertext.length), ciphertext);
  }

  /** The sequence and the plaintext. Throws `ProvenError` for anything but what `encrypt` made. */
  async decrypt(message: Bytes): Promise<[sequence: number, plaintext: Bytes]> {
    const start = this.#template.length;
    if (message.length < start + 8 || !equal(message.subarray(0, start), this.#template)) {
      throw malformed('not a message of this session');
    }
    const partialIv = message.slice(start, start + 8);
    const reader = new Reader(message);
    reader.position = start + 8;
    const [major, length] = headOf(reader);
    if (major !== BYTES || length !== message.length - reader.position || length < TAG_BYTES) {
      throw malformed('a truncated or extended message');
    }
    const ciphertext = message.subarray(reader.position);
    let plaintext: ArrayBuffer;
    try {
      plaintext = await crypto.subtle.decrypt(this.#algorithm(partialIv), this.#key, ciphertext);
    } catch {
      throw malformed('a message that was altered or made with another key');
    }
    return [Number(new DataView(partialIv.buffer).getBigUint64(0)), new Uint8Array(plaintext)];
  }

  #algorithm(partialIv: Bytes): AesGcmParams {
    return {
      name: 'AES-GCM',
      iv: concat(this.#noncePrefix, partialIv),
      additionalData: concat(this.#aad, partialIv),
    };
  }
}

function headOf(reader: Reader): [number, number | bigint] {
  try {
    return reader.head();
  } catch {
    throw malformed('a truncated message');
  }
}

const malformed = (message: string): ProvenError => new ProvenError('BAD_REQUEST', message);
