// Waiting, never for ever.

import { ProvenError } from './errors.ts';

/** A moment after which nobody waits any more, in milliseconds of the page's monotonic clock. */
export class Deadline {
  readonly #at: number;
  readonly #timeout: number;

  /** `timeout` is in milliseconds from now. */
  constructor(timeout: number) {
    this.#timeout = timeout;
    this.#at = performance.now() + timeout;
  }

  get left(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** `promise`, or `REQUEST_TIMEOUT` after the deadline. What the promise does after that is ignored. */
  race<T>(promise: Promise<T>, what = 'no answer'): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ProvenError('REQUEST_TIMEOUT', `${what} within ${this.#timeout / 1000} seconds`));
      }, this.left);
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

/** Resolves after `milliseconds`, or at once when `signal` is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end);
  });
}

/** How long to wait before the next attempt, in milliseconds: doubling up to half a minute, and never in step. */
export const backoff = (attempt: number): number => Math.min(30_000, 250 * 2 ** attempt) * (0.5 + Math.random() / 2);
