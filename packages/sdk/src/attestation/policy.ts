// Which evidence is good enough for a page.

import { equal, fromHex, toHex } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import { type Evidence } from './evidence.ts';
import { broken } from './rules.ts';

/**
 * Values of platform configuration registers, in hex; those left out may have any value. PCR0 measures the whole image,
 * PCR1 kernel and boot ramdisk, PCR2 the application; PCR3 the parent instance's IAM role, PCR4 its id, PCR8 the
 * certificate that signed the image.
 */
export interface Measurements {
  readonly pcr0: string;
  readonly pcr1?: string;
  readonly pcr2?: string;
  readonly pcr3?: string;
  readonly pcr4?: string;
  readonly pcr8?: string;
}

/** What a page believes. Nothing that is not named here is accepted: the empty policy refuses everything. */
export interface Policy {
  /** The versions of the node's image that are good; evidence has to show one of them. */
  readonly measurements?: readonly Measurements[];
  /**
   * Believe the evidence of development nodes, which proves nothing about hardware or code: of any, or of the one with
   * this root certificate. Measurements, where given, have to match it too.
   */
  readonly development?: boolean | { readonly root: string };
  /** Accept any code on genuine hardware, except in debug mode. The evidence then proves only the platform. */
  readonly unsafeAnyMeasurements?: boolean;
  /** Accept enclaves in debug mode, into which their operator sees; for developing an image. */
  readonly unsafeDebugMode?: boolean;
  /** The ids of the packages that may answer calls; an answer of any other is refused. */
  readonly package?: readonly string[];
  /**
   * How many seconds at least have to lie between the announcement of a change of the application and its coming into
   * force, according to the log. What never changes qualifies. It implies `log: 'required'`.
   */
  readonly minDelay?: number;
  /**
   * Verifier keys of witnesses: independent nodes that cosign the log. Of them, `minWitnesses` (all, if it is absent) have
   * to have cosigned what is shown. It implies `log: 'required'`.
   */
  readonly witnesses?: readonly string[];
  readonly minWitnesses?: number;
  /**
   * Whether that many witnesses have to have seen the announcement of every change in force, as long ago as the notice that
   * was promised for it. The times in the log alone are the node's word.
   */
  readonly noticeWitnessed?: boolean;
  /**
   * When the transparency log is asked whether the package that answers is the one that is live for the application:
   * `when-asked`, the default, for `attestation()`; `required` for every answer too, which is refused unless the log
   * confirms it.
   */
  readonly log?: 'required' | 'when-asked';
}

const REGISTERS = [0, 1, 2, 3, 4, 8] as const;

/** Throws a `ProvenError` (`BAD_REQUEST`) for a policy that could never be meant. */
export function checkPolicy(policy: Policy): void {
  for (const measurements of policy.measurements ?? []) {
    for (const [name, value] of Object.entries(measurements)) {
      const known = REGISTERS.some((index) => name === `pcr${index}`);
      if (!known || !/^([0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$/.test(value)) {
        throw new ProvenError('BAD_REQUEST', `the policy's ${name} has to be 32, 48 or 64 bytes in hex`);
      }
    }
    if (measurements.pcr0 === undefined) throw new ProvenError('BAD_REQUEST', 'the policy has to name PCR0');
  }
  const { package: packages, minDelay, log } = policy;
  if (packages?.some((id) => !/^[0-9a-f]{64}$/.test(id))) {
    throw new ProvenError('BAD_REQUEST', "the policy's packages have to be ids: 64 digits in lower-case hex");
  }
  if (minDelay !== undefined && !(Number.isSafeInteger(minDelay) && minDelay >= 0)) {
    throw new ProvenError('BAD_REQUEST', "the policy's minDelay has to be a number of seconds");
  }
  if (log !== undefined && log !== 'required' && log !== 'when-asked') {
    throw new ProvenError('BAD_REQUEST', "the policy's log has to be 'required' or 'when-asked'");
  }
  const { witnesses = [], minWitnesses = witnesses.length, noticeWitnessed } = policy;
  const different = new Set(witnesses).size === witnesses.length;
  if (!different || !Number.isInteger(minWitnesses) || minWitnesses < 0 || minWitnesses > witnesses.length) {
    throw new ProvenError('BAD_REQUEST', "the policy's minWitnesses are to be of different witnesses that it names");
  }
  if (noticeWitnessed && !minWitnesses) throw new ProvenError('BAD_REQUEST', 'noticeWitnessed needs witnesses');
  if (log === 'when-asked' && (minDelay || minWitnesses)) {
    throw new ProvenError('BAD_REQUEST', 'minDelay and witnesses are about every answer, so log cannot be when-asked');
  }
}

/** Whether every answer has to be confirmed by the log. */
export const requiresLog = ({ log, minDelay, witnesses }: Policy): boolean =>
  log === 'required' || Boolean(minDelay) || Boolean(witnesses?.length);

/** Whether it matters to the policy which code answers. */
export const pinsCode = (policy: Policy): boolean => policy.package !== undefined || requiresLog(policy);

/** Throws a `ProvenError` (`EVIDENCE_INVALID`, rule `package`) if `packageId` may not answer. */
export function checkPackage(policy: Policy, packageId: string): void {
  if (policy.package !== undefined && !policy.package.includes(packageId)) {
    throw broken('package', `the package ${packageId} answered, which is none of those that the policy names`, { packageId });
  }
}

/** Throws a `ProvenError` (`EVIDENCE_INVALID`, rule `debug` or `measurements`) unless `policy` accepts `evidence`. */
export function checkMeasurements(policy: Policy, evidence: Evidence): void {
  if (evidence.debug) {
    if (policy.unsafeDebugMode) return;
    throw broken('debug', 'the enclave runs in debug mode (PCR0 is zero), so its operator sees inside');
  }
  const accepted = policy.measurements;
  if (accepted?.some((each) => matches(each, evidence))) return;
  const pcr0 = toHex(evidence.pcrs.get(0)!);
  if (accepted !== undefined) {
    throw broken('measurements', `none of ${accepted.length} measurements of the policy matches; PCR0 is ${pcr0}`, {
      pcr0,
    });
  }
  if (policy.unsafeAnyMeasurements || (evidence.platform === 'development' && policy.development)) return;
  throw broken('measurements', `the policy names no measurements, so none is good enough; PCR0 is ${pcr0}`, { pcr0 });
}

function matches(measurements: Measurements, evidence: Evidence): boolean {
  return REGISTERS.every((index) => {
    const wanted = measurements[`pcr${index}`];
    const found = evidence.pcrs.get(index);
    return wanted === undefined || (found !== undefined && equal(found, fromHex(wanted)));
  });
}
