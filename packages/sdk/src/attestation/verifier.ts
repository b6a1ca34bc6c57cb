// Decides whether an attestation document is to be believed. The twin of `proven.attestation.verifier`.

import { type Bytes, equal, fromHex, toHex } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import { type Expected } from '../session.ts';
import { isSelfSigned, validateChain } from './certificate.ts';
import { type Document, readDocument } from './document.ts';
import { type Evidence, type Platform } from './evidence.ts';
import { checkMeasurements, type Policy } from './policy.ts';
import { broken, type Rule } from './rules.ts';

/** Fingerprint of the AWS Nitro Enclaves root G1, as AWS publishes it with the attestation process. */
export const NITRO_ROOT_SHA256 = '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b';

/** Milliseconds. The nonce is what prevents replay; this bounds a wrong clock. */
export const MAX_AGE = 5 * 60 * 1000;

/** The name (DER) of every development root: development.proven, "Proven development node - proves nothing". */
const DEVELOPMENT_ROOT_NAME = fromHex(
  '3050311b301906035504030c12646576656c6f706d656e742e70726f76656e3131302f060355040a0c2850726f76656e20646576656c6f70' +
    '6d656e74206e6f6465202d2070726f766573206e6f7468696e67',
);

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
export async function verifyEvidence(
  document: Bytes,
  expected: Partial<Expected>,
  policy: Policy,
  at: number = Date.now(),
  platformOf: typeof platformOfRoot = platformOfRoot,
): Promise<Evidence> {
  const [envelope, contents] = readDocument(document);
  const root = contents.cabundle[0]!;
  const fingerprint = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', root)));
  const platform = await platformOf(root, fingerprint, policy);
  const key = await blamingClocks(contents, at, () => validateChain([...contents.cabundle, contents.certificate], at));
  const signed = await crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-384' }, key, envelope.signature, envelope.signed,
  );
  if (!signed) throw broken('signature', 'the document is not signed by the certificate in it');
  if (Math.abs(at - contents.timestamp) > MAX_AGE) {
    await blamingClocks(contents, at, () => {
      throw broken('freshness', `made at ${iso(contents.timestamp)}, which is more than 5 minutes away`);
    });
  }
  checkEqual('nonce', contents.nonce, expected.nonce);
  checkEqual('user_data', contents.userData, expected.userData);
  checkEqual('public_key', contents.publicKey, expected.publicKey);
  const { moduleId, timestamp, pcrs } = contents;
  const debug = !pcrs.get(0)!.some(Boolean);
  const evidence = { platform, moduleId, timestamp, pcrs, debug, root: fingerprint };
  checkMeasurements(policy, evidence);
  return evidence;
}

/** Whose root it is. Throws if it is not one that the policy accepts. */
async function platformOfRoot(root: Bytes, fingerprint: string, policy: Policy): Promise<Platform> {
  if (fingerprint === NITRO_ROOT_SHA256) return 'nitro';
  const { development } = policy;
  if (!development) {
    throw broken(
      'root',
      'the node does not run on attested hardware: its evidence does not begin at the pinned root ' +
        '(for a development node, the policy has to say development: true)',
    );
  }
  const accepted = development === true
    ? await isSelfSigned(root, DEVELOPMENT_ROOT_NAME)
    : equal(root, derOf(development.root)) && await isSelfSigned(root, DEVELOPMENT_ROOT_NAME);
  if (!accepted) throw broken('root', 'the chain does not begin at the root of the development node that was asked for');
  return 'development';
}

function derOf(pem: string): Bytes {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem)?.[1];
  try {
    return Uint8Array.from(atob(body!.replace(/\s/g, '')), (character) => character.charCodeAt(0));
  } catch {
    throw new ProvenError('BAD_REQUEST', "the policy's development root has to be a certificate in PEM");
  }
}

/** Adds to a complaint about time how far the two clocks are apart. */
async function blamingClocks<T>(contents: Document, at: number, check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ProvenError)) throw error;
    const { rule } = error.details ?? {};
    const difference = Math.round((at - contents.timestamp) / 1000);
    if ((rule !== 'validity' && rule !== 'freshness') || Math.abs(difference) < 60) throw error;
    throw broken(
      rule as Rule,
      `this device's clock (${iso(at)}) is ${inWords(Math.abs(difference))} ${difference > 0 ? 'ahead of' : 'behind'} ` +
        `the time in the evidence (${iso(contents.timestamp)}): set the clock if it is wrong; ${error.message}`,
      { clockDifference: difference },
    );
  }
}

function inWords(seconds: number): string {
  for (const [size, unit] of [[86400, 'days'], [3600, 'hours'], [60, 'minutes']] as const) {
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
  }
  return `${seconds} seconds`;
}

const iso = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

function checkEqual(rule: Rule, found: Bytes | null, expected: Bytes | undefined): void {
  if (expected !== undefined && (found === null || !equal(found, expected))) {
    throw broken(rule, `the document is not about the ${rule.replace('_', ' ')} that was asked about`);
  }
}
