// Events that the application publishes, and who in this page wants them.

import { type Connection } from './connection.ts';
import { ProvenError } from './errors.ts';
import { guarded } from './readable.ts';
import { decodeValue } from './values.ts';
import { type Bytes } from './bytes.ts';

export interface SubscribeOptions {
  /** Events were missed: over a slow connection, or while there was none. Look again at what the page shows. */
  onMissed?: () => void;
  /** An event was refused, because the policy does not accept the code that it is of. By default, it is in the console. */
  onRefused?: (reason: ProvenError) => void;
}

interface Listener {
  onEvent(payload: unknown): void;
  onMissed(): void;
  onRefused(reason: ProvenError): void;
}

const MAX_EVENT_NAME = 128;

/** Subscriptions outlive sessions: each new session subscribes to what is listened to, and says what was missed. */
export class Subscriptions {
  readonly #connection: Connection;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get any(): boolean {
    return this.#listeners.size > 0;
  }

  /** Resolves once the node has agreed, with what ends the subscription. */
  async add(event: string, onEvent: (payload: unknown) => void, options: SubscribeOptions): Promise<() => Promise<void>> {
    if (event.length === 0 || event.length > MAX_EVENT_NAME) {
      throw new ProvenError('BAD_REQUEST', `the name of an event has 1 to ${MAX_EVENT_NAME} characters`);
    }
    const onRefused = options.onRefused ?? ((reason: ProvenError): void => console.error(reason.message));
    const listener = { onEvent, onMissed: () => options.onMissed?.(), onRefused };
    const others = this.#listeners.get(event);
    if (others === undefined) this.#listeners.set(event, new Set([listener]));
    else others.add(listener);
    try {
      await this.#subscribe(event);
    } catch (error) {
      this.#remove(event, listener);
      throw error;
    }
    return async () => {
      if (!this.#remove(event, listener) || this.#connection.state.value !== 'connected') return;
      await this.#connection.ask('Unsubscribe', { event }, { repeatable: true });
    };
  }

  /** A session took the place of one that was lost. */
  async renew(): Promise<void> {
    for (const event of this.#listeners.keys()) {
      try {
        await this.#subscribe(event);
      } catch {
        return; // the session was lost again, and the next one renews
      }
    }
    this.missed();
  }

  missed(): void {
    for (const listeners of [...this.#listeners.values()]) {
      for (const listener of [...listeners]) guarded(() => listener.onMissed());
    }
  }

  refuse(event: string, reason: ProvenError): void {
    for (const listener of [...this.#listeners.get(event) ?? []]) guarded(() => listener.onRefused(reason));
  }

  /** Hand an event to everyone in the page who wants it; each gets a copy of its own. */
  publish(event: string, payload: Bytes): void {
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      guarded(() => listener.onEvent(decodeValue(payload)));
    }
  }

  async #subscribe(event: string): Promise<void> {
    await this.#connection.ask('Subscribe', { event }, { repeatable: true });
    if (this.#connection.carrier === 'http') {
      throw new ProvenError('UNAVAILABLE', 'events need a WebSocket, and none could be opened');
    }
  }

  /** Whether nobody listens to the event any more. */
  #remove(event: string, listener: Listener): boolean {
    const listeners = this.#listeners.get(event);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    return this.#listeners.delete(event);
  }
}
