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
export declare function describe(evidence: Evidence, policy: Policy, about: {
    applicationId: string | null;
    packageId: string | null;
    verifiedAt: number;
    log: LogReport | ProvenError;
}): AttestationReport;
