import { type Bytes } from '../bytes.ts';
/**
 * The public key of the last certificate of `chain`, whose first one the caller trusts. `at` is in milliseconds.
 *
 * Every certificate, the root included, has to obey these rules:
 *
 * 1. It is X.509 version 3 with a P-384 key, signed with ECDSA and SHA-384.
 * 2. `at` is within its validity.
 * 3. It has no critical extension other than basic constraints and key usage.
 * 4. All but the last are authorities: critical basic constraints with CA set and a path length that allows what
 *    follows, and the right to sign certificates. The last one is none and has the right to sign data.
 * 5. All but the first name the one before as issuer, by name and, where both give one, by key identifier, and carry
 *    its signature.
 *
 * Throws `ProvenError` (`EVIDENCE_INVALID`, rules `chain` and `validity`).
 */
export declare function validateChain(chain: readonly Bytes[], at: number): Promise<CryptoKey>;
/** Whether this is a root that calls itself `name` (DER). */
export declare function isSelfSigned(der: Bytes, name: Bytes): Promise<boolean>;
