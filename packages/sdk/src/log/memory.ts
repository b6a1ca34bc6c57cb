// What this browser has seen of logs, in IndexedDB, for all pages of one origin. A log that is shorter than, or
// contradicts, what is remembered was rolled back or forked.

import { open, within } from '../database.ts';

const DATABASE = 'proven-log';
const LOGS = 'logs';
const APPLICATIONS = 'applications';

/** A state of a log that was verified here. */
export interface Remembered {
  readonly origin: string;
  readonly verifierKey: string;
  readonly size: number;
  readonly root: Uint8Array<ArrayBuffer>;
  /** Unix milliseconds. */
  readonly seenAt: number;
}

/** In which log an application was seen, and when. */
export interface LogOf {
  readonly origin: string;
  readonly seenAt: number;
}

/** Keeps what was seen where a browser lets a page keep anything; elsewhere, nothing is known and nothing is kept. */
export class LogMemory {
  readonly #database: IDBDatabase | null;

  private constructor(database: IDBDatabase | null) {
    this.#database = database;
  }

  static async open(): Promise<LogMemory> {
    try {
      return new LogMemory(await open(DATABASE, [LOGS, APPLICATIONS]));
    } catch {
      return new LogMemory(null);
    }
  }

  /** Whether anything can be kept here. */
  get works(): boolean {
    return this.#database !== null;
  }

  log(origin: string): Promise<Remembered | undefined> {
    return this.#get<Remembered>(LOGS, origin);
  }

  logOf(applicationId: string): Promise<LogOf | undefined> {
    return this.#get<LogOf>(APPLICATIONS, applicationId);
  }

  /** Keep `state`, unless more of the log is remembered already. */
  async remember(applicationId: string, state: Remembered): Promise<void> {
    if (this.#database === null) return;
    const transaction = this.#database.transaction([LOGS, APPLICATIONS], 'readwrite');
    await within((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = reject;
      const logs = transaction.objectStore(LOGS);
      const known = logs.get(state.origin) as IDBRequest<Remembered | undefined>;
      known.onsuccess = () => {
        if (known.result === undefined || known.result.size <= state.size) logs.put(state, state.origin);
      };
      const applications = transaction.objectStore(APPLICATIONS);
      const before = applications.getKey(applicationId);
      before.onsuccess = () => {
        if (before.result === undefined) applications.put({ origin: state.origin, seenAt: state.seenAt }, applicationId);
      };
    });
  }

  close(): void {
    this.#database?.close();
  }

  async #get<T>(store: string, key: string): Promise<T | undefined> {
    if (this.#database === null) return undefined;
    const request = this.#database.transaction(store).objectStore(store).get(key) as IDBRequest<T | undefined>;
    await within((resolve, reject) => {
      request.onsuccess = resolve;
      request.onerror = reject;
    });
    return request.result;
  }
}
