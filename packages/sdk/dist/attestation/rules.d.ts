import { type ErrorDetails, ProvenError } from '../errors.ts';
/**
 * Detail `rule` of an `EVIDENCE_INVALID` error, in the order in which they are checked. The last three are about an
 * answer: the package that gave it, what the log says, and who can change the application.
 */
export type Rule = 'size' | 'encoding' | 'structure' | 'root' | 'chain' | 'validity' | 'signature' | 'freshness' | 'nonce' | 'user_data' | 'public_key' | 'debug' | 'measurements' | 'package' | 'log' | 'upgrade_policy';
export declare const broken: (rule: Rule, message: string, details?: ErrorDetails) => ProvenError;
