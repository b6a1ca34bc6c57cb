// What lets a page that is loaded again go on as the same person: tickets in IndexedDB, each with the key pair that it
// was issued to, whose private half nobody reads. Without IndexedDB, a reload means signing in again.

import { type Bytes } from './bytes.ts';
import { open, within } from './database.ts';

const DATABASE = 'proven';
const STORE = 'resumption';
const MAX_TICKETS = 8;

/** Good once, with its key pair, until `expiresAt` (milliseconds since 1970). */
export interface Ticket {
  readonly ticket: Bytes;
  readonly keyPair: CryptoKeyPair;
  readonly expiresAt: number;
}

/** The person that a page acts as. */
export interface Person {
  readonly applicationId: string;
  readonly identity: string;
  readonly encryptionKey: CryptoKey;
}

interface Entry {
  readonly person: Person;
  readonly tickets: readonly Ticket[];
}

/** What is kept for one application on one node, by all pages of this origin. Failures are as if nothing was kept. */
export class Resumption {
  readonly #key: string;

  constructor(gateway: string, application: string) {
    this.#key = `${gateway} ${application}`;
  }

  /** The person and one ticket, which no other page gets any more. */
  async take(): Promise<[Person, Ticket] | null> {
    let taken: [Person, Ticket] | null = null;
    await this.#change((entry) => {
      const tickets = entry?.tickets.filter(({ expiresAt }) => expiresAt > Date.now()) ?? [];
      const ticket = tickets.pop();
      if (entry === undefined || ticket === undefined) return undefined;
      taken = [entry.person, ticket];
      return { person: entry.person, tickets };
    });
    return taken;
  }

  /** Keep a ticket for the next page. Those of another person are forgotten. */
  async put(person: Person, ticket: Ticket): Promise<void> {
    await this.#change((entry) => {
      const others = entry?.person.identity === person.identity ? entry.tickets : [];
      return { person, tickets: [...others, ticket].slice(-MAX_TICKETS) };
    });
  }

  async forget(): Promise<void> {
    await this.#change(() => undefined);
  }

  /** Replace the entry in one transaction. */
  async #change(change: (entry: Entry | undefined) => Entry | undefined): Promise<void> {
    try {
      const database = await open(DATABASE, [STORE]);
      try {
        await within((resolve, reject) => {
          const transaction = database.transaction(STORE, 'readwrite');
          transaction.oncomplete = resolve;
          transaction.onerror = transaction.onabort = reject;
          const store = transaction.objectStore(STORE);
          const read = store.get(this.#key) as IDBRequest<Entry | undefined>;
          read.onsuccess = () => {
            const entry = change(read.result);
            if (entry === undefined) store.delete(this.#key);
            else store.put(entry, this.#key);
          };
        });
      } finally {
        database.close();
      }
    } catch {
      return;
    }
  }
}
