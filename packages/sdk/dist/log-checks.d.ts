import { type Evidence } from './attestation/evidence.ts';
import { type Policy } from './attestation/policy.ts';
import { type Fields } from './commands.ts';
import { type ProvenError } from './errors.ts';
import type { LogReport } from './log/report.ts';
import type { Answer } from './log/view.ts';
import { type Deadline } from './time.ts';
/** What the log says, or why that is not known. */
export type LogFinding = LogReport | ProvenError;
/** Asks the log of one node about one application. */
export declare class LogChecks {
    #private;
    /** `head` asks the node, inside the session, how far its log goes. */
    constructor(gateway: string, asked: string, policy: Policy, head: (deadline: Deadline) => Promise<Fields>);
    /** Throws `ProvenError` unless the log confirms the answer, now or within the last minute. */
    confirm(applicationId: string, session: Evidence, answer: Answer, deadline: Deadline): Promise<void>;
    /** What the log says about the answer or, without one, about the application. */
    ask(applicationId: string, session: Evidence, answer: Answer | null, deadline: Deadline): Promise<LogReport>;
}
