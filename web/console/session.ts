/** Sealed sessions with applications, by the SDK: the same path that an application's own page takes. */

import { type AttestationReport, ProvenError, ProvenSDK, type Readable, type UserInfo } from '../../packages/sdk/src/index.ts';
import type { CallEntry, LogEntry } from './api.ts';
import { live } from './live.ts';

export interface Outcome {
  value?: unknown;
  error?: ProvenError;
  /** Milliseconds from here to the node and back. */
  milliseconds: number;
  /** What the node said about the call; absent if it has not been heard of within a second. */
  entry: CallEntry | undefined;
  /** What the handler wrote meanwhile. */
  lines: LogEntry[];
}

const TIMEOUT = 120_000;
const PATIENCE = 1000;

/** A session with one application, opened when it is first needed and kept. */
export class Session {
  readonly #sdk: ProvenSDK;
  readonly #applicationId: string;

  constructor(applicationId: string) {
    this.#applicationId = applicationId;
    this.#sdk = new ProvenSDK({
      gateway: location.origin,
      application: applicationId,
      policy: { development: true },
      timeout: TIMEOUT,
      console: false,
    });
  }

  get user(): Readable<UserInfo | null> {
    return this.#sdk.userInfo;
  }

  /** Verify the node's evidence, by opening a session if there is none. Throws `ProvenError`. */
  verify(): Promise<AttestationReport> {
    return this.#sdk.attestation();
  }

  /** Throws `ProvenError`. */
  signIn(): Promise<UserInfo> {
    return this.#sdk.signIn();
  }

  signOut(): Promise<void> {
    return this.#sdk.signOut();
  }

  /** Call a handler. What goes wrong is part of the outcome. */
  async call(handler: string, args: unknown[]): Promise<Outcome> {
    const before = live.entries.at(-1)?.sequence ?? 0;
    const started = performance.now();
    const outcome: Outcome = { milliseconds: 0, entry: undefined, lines: [] };
    try {
      outcome.value = await this.#sdk.execute(handler, args);
    } catch (error) {
      outcome.error = error instanceof ProvenError
        ? error
        : new ProvenError('BAD_REQUEST', error instanceof Error ? error.message : String(error));
    }
    outcome.milliseconds = performance.now() - started;
    await this.#hear(handler, before, outcome);
    return outcome;
  }

  /** Add what the node tells of a call to its outcome. */
  async #hear(handler: string, before: number, outcome: Outcome): Promise<void> {
    const find = (): boolean => {
      const since = live.entries.filter(
        (entry) => entry.sequence > before && entry.application_id === this.#applicationId && entry.handler === handler,
      );
      outcome.entry = since.find((entry) => entry.kind === 'call');
      const end = outcome.entry?.sequence ?? Infinity;
      outcome.lines = since.filter((entry) => entry.kind === 'log' && entry.sequence < end) as LogEntry[];
      return outcome.entry !== undefined;
    };
    const heard = new AbortController();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      const check = (): void => {
        if (!find()) return;
        clearTimeout(timer);
        resolve();
      };
      live.listen(check, heard.signal);
      check();
    });
    heard.abort();
  }
}

const sessions = new Map<string, Session>();

/** The session with the application of this id. */
export function sessionWith(applicationId: string): Session {
  let session = sessions.get(applicationId);
  if (!session) sessions.set(applicationId, (session = new Session(applicationId)));
  return session;
}
