import { type Policy } from '../../packages/sdk/src/attestation/policy.ts';
import { verifyEvidence } from '../../packages/sdk/src/attestation/verifier.ts';
import type { Bytes } from '../../packages/sdk/src/bytes.ts';
import type { Expected } from '../../packages/sdk/src/session.ts';

/** What was verified about the node. */
export type Evidence = Awaited<ReturnType<typeof verifyEvidence>>;

/**
 * The frame comes from the node that it verifies, so whoever could serve another frame could leave this out: which
 * code the node runs is for the app's page to judge. Here evidence shows that the session ends in the hardware
 * (on a development node: in whatever that node is) and not in something between it and this browser.
 */
export function verifierFor(development: boolean): (document: Bytes, expected: Expected) => Promise<Evidence> {
  return (document, expected) => verifyEvidence(document, expected, policyFor(development));
}

/** What evidence of its own node a page of that node believes. */
export const policyFor = (development: boolean): Policy => (development ? { development: true } : { unsafeAnyMeasurements: true });
