import { type ErrorDetails, ProvenError } from '../errors.ts';
/** Detail `rule` of an `EVIDENCE_INVALID` error, in the order in which they are checked. */
export type Rule = 'size' | 'encoding' | 'structure' | 'root' | 'chain' | 'validity' | 'signature' | 'freshness' | 'nonce' | 'user_data' | 'public_key' | 'debug' | 'measurements';
export declare const broken: (rule: Rule, message: string, details?: ErrorDetails) => ProvenError;
