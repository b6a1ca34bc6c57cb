export class PublicKey {
  readonly bytes: Uint8Array;
  readonly curve: 'Ed25519';
  readonly publicKey: Uint8Array;
  hex(): string;
  hexString(): string;
  rawBytes(): Uint8Array;
  toString(): string;
}

export class Signature {
  readonly bytes: Uint8Array;
  readonly curve: 'Ed25519';
  readonly signature: Uint8Array;
  hex(): string;
  hexString(): string;
  rawBytes(): Uint8Array;
  toString(): string;
}

export class SignatureWithPublicKey extends Signature {
  readonly publicKey: Uint8Array;
}

/**
 * A handle on a key the node holds. It works while the invocation that made or loaded it runs; keep a key for
 * later in a `KeyStore`. Text is signed as its UTF-8 bytes.
 */
export class PrivateKey {
  private constructor();
  readonly curve: 'Ed25519';
  publicKey(): PublicKey;
  publicKeyBytes(): Uint8Array;
  publicKeyHex(): string;
  sign(data: string | Uint8Array): Uint8Array;
  signToSignature(data: string | Uint8Array): Signature;
  signToSignatureWithPublicKey(data: string | Uint8Array): SignatureWithPublicKey;
  /** The shape `@radixdlt/radix-engine-toolkit` asks of a signer. */
  produceSignature(messageHash: Uint8Array): { curve: 'Ed25519'; publicKey: Uint8Array; signature: Uint8Array };
  /** Whether `signature` is this key's over `data`. */
  verify(data: string | Uint8Array, signature: Uint8Array | Signature): boolean;
}

/** A new random key, inside a handler. */
export function generateEd25519Key(): PrivateKey;
