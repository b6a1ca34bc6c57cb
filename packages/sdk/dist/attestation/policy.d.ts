import { type Evidence } from './evidence.ts';
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
    readonly development?: boolean | {
        readonly root: string;
    };
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
/** Throws a `ProvenError` (`BAD_REQUEST`) for a policy that could never be meant. */
export declare function checkPolicy(policy: Policy): void;
/** Whether every answer has to be confirmed by the log. */
export declare const requiresLog: ({ log, minDelay, witnesses }: Policy) => boolean;
/** Whether it matters to the policy which code answers. */
export declare const pinsCode: (policy: Policy) => boolean;
/** Throws a `ProvenError` (`EVIDENCE_INVALID`, rule `package`) if `packageId` may not answer. */
export declare function checkPackage(policy: Policy, packageId: string): void;
/** Throws a `ProvenError` (`EVIDENCE_INVALID`, rule `debug` or `measurements`) unless `policy` accepts `evidence`. */
export declare function checkMeasurements(policy: Policy, evidence: Evidence): void;
