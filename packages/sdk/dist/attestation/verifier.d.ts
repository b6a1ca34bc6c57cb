import { type Bytes } from '../bytes.ts';
import { type Expected } from '../session.ts';
import { type Evidence, type Platform } from './evidence.ts';
import { type Policy } from './policy.ts';
/** Fingerprint of the AWS Nitro Enclaves root G1, as AWS publishes it with the attestation process. */
export declare const NITRO_ROOT_SHA256 = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";
/** Milliseconds. The nonce is what prevents replay; this bounds a wrong clock. */
export declare const MAX_AGE: number;
/**
 * Verify a document at the time `at` (milliseconds). It has to pass, in this order:
 *
 * 1. Size, encoding (strict COSE_Sign1 with ES384) and structure: the limits of AWS's attestation process.
 * 2. The first certificate of its bundle is the pinned Nitro root or, if the policy asks for it by name, that of a
 *    development node.
 * 3. The path from there to its own certificate is valid at the given time (`validateChain`).
 * 4. The signature over the payload is that of its own certificate.
 * 5. It was made within `MAX_AGE` of the given time.
 * 6. It says the nonce, user data and public key that were asked about; undefined stands for one that does not matter.
 * 7. Its measurements are acceptable to the policy; debug mode is refused unless the policy is about it.
 *
 * Throws `ProvenError` (`EVIDENCE_INVALID`) with the `rule` in its details. Where a clock may be to blame, the details
 * have `clockDifference`: by how many seconds `at` is ahead of the time in the document.
 */
export declare function verifyEvidence(document: Bytes, expected: Partial<Expected>, policy: Policy, at?: number, platformOf?: typeof platformOfRoot): Promise<Evidence>;
/** Whose root it is. Throws if it is not one that the policy accepts. */
declare function platformOfRoot(root: Bytes, fingerprint: string, policy: Policy): Promise<Platform>;
export {};
