// What was verified, as plain data and in sentences for the page's readers.

import { toHex } from '../bytes.ts';
import { ProvenError } from '../errors.ts';
import type { LogReport } from '../log/report.ts';
import { type Evidence, type Platform } from './evidence.ts';
import { type Policy } from './policy.ts';

/** What was verified about the node before the first call of the present session. */
export interface AttestationReport {
  readonly verified: true;
  readonly platform: Platform;
  /** Whether the evidence is that of genuine hardware and of code that its operator cannot see into. */
  readonly trusted: boolean;
  readonly debug: boolean;
  readonly moduleId: string;
  /** When the evidence was made and when it was verified, ISO 8601. */
  readonly madeAt: string;
  readonly verifiedAt: string;
  /** Registers in hex, by name (`pcr0`). */
  readonly measurements: Readonly<Record<string, string>>;
  /** SHA-256 of the root certificate that the evidence goes back to. */
  readonly root: string;
  readonly applicationId: string | null;
  /** The package that answered last, once one has: SHA-256 of its manifest. */
  readonly packageId: string | null;
  /** What the transparency log says about the application; null if it could not be read. */
  readonly log: LogReport | null;
  /** Sentences that a page can show. */
  readonly summary: readonly string[];
}

export function describe(
  evidence: Evidence,
  policy: Policy,
  about: { applicationId: string | null; packageId: string | null; verifiedAt: number; log: LogReport | ProvenError },
): AttestationReport {
  const { platform, debug, moduleId, root } = evidence;
  const measured = policy.measurements !== undefined;
  const registers = [...evidence.pcrs].filter(([, value]) => value.some(Boolean));
  const summary = [
    platform === 'development'
      ? 'This is a development node: its evidence has the right form, but proves nothing about hardware or code.'
      : 'The node runs in an AWS Nitro Enclave: its evidence is signed by hardware under the root that AWS publishes.',
    debug
      ? 'The enclave is in debug mode, so its operator can see inside.'
      : measured
      ? 'The code that it runs has the measurements that this page expects.'
      : 'This page does not check which code it runs.',
    'The evidence was made for this session only, and the key that seals it is in the evidence: nobody between this ' +
    'page and the node can read or change a call.',
  ];
  if (about.packageId !== null) summary.push(`The last answer came from the package ${about.packageId}.`);
  const { log } = about;
  if (log instanceof ProvenError) summary.push(`What the public log says about it is not known: ${log.message}.`);
  else summary.push(...log.summary);
  return {
    verified: true,
    platform,
    trusted: platform === 'nitro' && !debug && measured,
    debug,
    moduleId,
    madeAt: new Date(evidence.timestamp).toISOString(),
    verifiedAt: new Date(about.verifiedAt).toISOString(),
    measurements: Object.fromEntries(registers.map(([index, value]) => [`pcr${index}`, toHex(value)])),
    root,
    applicationId: about.applicationId,
    packageId: about.packageId,
    log: log instanceof ProvenError ? null : log,
    summary,
  };
}
