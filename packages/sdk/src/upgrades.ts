// Which version of the application answers, and which is to, as the node tells it.

import { type Fields, type Message } from './commands.ts';
import { type Connection } from './connection.ts';
import { ProvenError } from './errors.ts';
import { guarded, Source } from './readable.ts';

/** A change that was announced and may come into force. */
export interface PendingChange {
  /** The package that answers then; null if the change is not one of code. */
  readonly packageId: string | null;
  /** The entry of the log that announced it. */
  readonly logIndex: number;
  readonly activatesAt: Date;
}

export interface Version {
  /** The package that new calls go to, and the entry of the log that made it live; null before the first one. */
  readonly packageId: string | null;
  readonly logIndex: number | null;
  /** What is announced; known while `onUpgrade` is in use. */
  readonly pending: PendingChange | null;
}

/**
 * `announced`: a change is pending. `cancelled`, `vetoed`: it is not any more. `activated`: it came into force, and is not
 * one of code. `switched`: another version answers from now on; told before any answer of it arrives.
 */
export type UpgradeKind = (typeof KINDS)[number];

const KINDS = ['announced', 'cancelled', 'vetoed', 'activated', 'switched'] as const;

export interface Upgrade {
  readonly kind: UpgradeKind;
  /** The entry of the log that did it. */
  readonly entry: number;
  /** What answered before a switch, if anything did. */
  readonly previous: string | null;
  /** How things are now. */
  readonly version: Version;
}

type Listener = (upgrade: Upgrade) => void;

/** Like subscriptions, it outlives sessions: each new one is asked how things are. A late word never replaces a newer one. */
export class Upgrades {
  readonly version = new Source<Version | null>(null);
  readonly #connection: Connection;
  readonly #listeners = new Set<Listener>();
  #revision = -1;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get any(): boolean {
    return this.#listeners.size > 0;
  }

  async add(onUpgrade: Listener): Promise<() => void> {
    const listener: Listener = (upgrade) => onUpgrade(upgrade);
    this.#listeners.add(listener);
    const stop = (): void => void this.#listeners.delete(listener);
    try {
      await this.#follow();
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  /** A session took the place of one that was lost. */
  async renew(): Promise<void> {
    if (!this.any) return;
    const before = this.version.value;
    try {
      await this.#follow();
    } catch {
      return; // the session was lost again, and the next one renews
    }
    const { packageId, logIndex, pending } = this.version.value!;
    if (before === null) return;
    if (logIndex !== null && logIndex !== before.logIndex) this.#tell('switched', logIndex, before.packageId);
    if (pending !== null && pending.logIndex !== before.pending?.logIndex) this.#tell('announced', pending.logIndex, null);
  }

  /** The node says that something changed. */
  take({ what, entry, previous, now }: Message & { kind: 'version' }): void {
    const kind = KINDS.find((known) => known === what);
    if (kind === undefined) throw new ProvenError('BAD_REQUEST', 'the node sent an upgrade of no known kind');
    if (this.#learn(now)) this.#tell(kind, entry, previous);
  }

  /** An answer came from this package. */
  answered(packageId: string, logIndex: number): void {
    const known = this.version.value;
    if (known === null || logIndex > (known.logIndex ?? -1)) this.version.set({ packageId, logIndex, pending: null });
  }

  async #follow(): Promise<void> {
    this.#learn(await this.#connection.ask('FollowVersion', {}, { repeatable: true }));
  }

  #learn(now: Fields): boolean {
    const revision = now.count('revision');
    if (revision < this.#revision) return false;
    this.#revision = revision;
    const pending = now.has('pending') ? now.record('pending') : null;
    this.version.set({
      packageId: now.optionalText('package_id') ?? null,
      logIndex: now.has('log_index') ? now.count('log_index') : null,
      pending: pending && {
        packageId: pending.optionalText('package_id') ?? null,
        logIndex: pending.count('log_index'),
        activatesAt: new Date(pending.count('activates_at')),
      },
    });
    return true;
  }

  #tell(kind: UpgradeKind, entry: number, previous: string | null): void {
    const upgrade = { kind, entry, previous, version: this.version.value! };
    for (const listener of [...this.#listeners]) guarded(() => listener(upgrade));
  }
}
