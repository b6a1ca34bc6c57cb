// Ed25519 signatures (RFC 8032), checked strictly: a key that signs for everybody signs for nobody. The twin of
// `proven.wire.ed25519`.

import { type Bytes, toHex } from '../bytes.ts';

const PRIME = 2n ** 255n - 19n;
/** The y coordinates of the eight points whose order divides 8. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  PRIME - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/** Whether these are the 32 bytes of a key that only its holder can sign with, in their only encoding. */
export function isKey(publicKey: Bytes): boolean {
  if (publicKey.length !== 32) return false;
  const y = BigInt(`0x${toHex(publicKey.slice().reverse())}`) & ((1n << 255n) - 1n);
  return y < PRIME && !SMALL_ORDER.has(y);
}

/** Whether the holder of `publicKey` signed `message`; false for what is not a key or a signature. */
export async function isSigned(publicKey: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (!isKey(publicKey) || signature.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, signature, message);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') throw error;
    return false;
  }
}
