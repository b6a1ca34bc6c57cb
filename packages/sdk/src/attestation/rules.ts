// The rules that evidence can break.

import { type ErrorDetails, ProvenError } from '../errors.ts';

/**
 * Detail `rule` of an `EVIDENCE_INVALID` error, in the order in which they are checked. The last four are about an
 * answer: the package that gave it, what the log says, who can change the application, and for how long what did was public.
 */
export type Rule =
  | 'size' | 'encoding' | 'structure' | 'root' | 'chain' | 'validity' | 'signature' | 'freshness' | 'nonce'
  | 'user_data' | 'public_key' | 'debug' | 'measurements' | 'package' | 'log' | 'upgrade_policy' | 'notice';

export const broken = (rule: Rule, message: string, details: ErrorDetails = {}): ProvenError =>
  new ProvenError('EVIDENCE_INVALID', message, { details: { rule, ...details } });
