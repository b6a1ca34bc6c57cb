// When the log is asked. What asks it is loaded by then only.

import { type Evidence } from './attestation/evidence.ts';
import { type Policy } from './attestation/policy.ts';
import { type Fields } from './commands.ts';
import { type ProvenError } from './errors.ts';
import type { LogReport } from './log/report.ts';
import type { Answer } from './log/view.ts';
import { type Deadline } from './time.ts';

/** Milliseconds for which answers of a version that the log has confirmed are accepted without asking again. */
const CONFIRMED_FOR = 60_000;

/** What the log says, or why that is not known. */
export type LogFinding = LogReport | ProvenError;

/** Asks the log of one node about one application. */
export class LogChecks {
  readonly #gateway: string;
  readonly #asked: string;
  readonly #policy: Policy;
  readonly #head: (deadline: Deadline) => Promise<Fields>;
  #confirmed: { readonly what: string; readonly at: number; readonly report: Promise<LogReport> } | null = null;

  /** `head` asks the node, inside the session, how far its log goes. */
  constructor(gateway: string, asked: string, policy: Policy, head: (deadline: Deadline) => Promise<Fields>) {
    this.#head = head;
    this.#gateway = gateway;
    this.#asked = asked;
    this.#policy = policy;
  }

  /** Throws `ProvenError` unless the log confirms the answer, now or within the last minute. */
  async confirm(applicationId: string, session: Evidence, answer: Answer, deadline: Deadline): Promise<void> {
    const { packageId, logIndex } = answer;
    const what = [applicationId, session.root, session.moduleId, packageId, logIndex].join(' ');
    const before = this.#confirmed;
    if (before?.what === what && performance.now() - before.at < CONFIRMED_FOR) {
      await deadline.race(before.report, 'the log did not answer');
      return;
    }
    const report = this.ask(applicationId, session, answer, deadline);
    const confirmed = { what, at: performance.now(), report };
    this.#confirmed = confirmed;
    try {
      await report;
    } catch (error) {
      if (this.#confirmed === confirmed) this.#confirmed = null;
      throw error;
    }
  }

  /** What the log says about the answer or, without one, about the application. */
  async ask(applicationId: string, session: Evidence, answer: Answer | null, deadline: Deadline): Promise<LogReport> {
    const { checkLog } = await import('./log.ts');
    const head = (): Promise<Fields> => this.#head(deadline);
    const question = { gateway: this.#gateway, applicationId, asked: this.#asked, policy: this.#policy, session, answer, head };
    return checkLog(question, deadline);
  }
}
