/** What happens on the node, as it happens: one connection while the page is visible, and the last entries. */

import type { Activity, Entry } from './api.ts';
import { address } from './data.ts';

const KEPT = 1000;

export type Connection = 'connecting' | 'live' | 'lost';
type Listener = () => void;

class Live {
  entries: Entry[] = [];
  missed = 0;
  connection: Connection = 'connecting';
  run = '';
  #last = '';
  #source: EventSource | undefined;
  readonly #listeners = new Set<Listener>();

  start(): void {
    document.addEventListener('visibilitychange', () => this.#follow());
    this.#follow();
  }

  /** Call `listener` after every change until `signal`. */
  listen(listener: Listener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener));
  }

  #follow(): void {
    if (document.hidden) {
      this.#source?.close();
      this.#source = undefined;
      return;
    }
    if (this.#source) return;
    const source = new EventSource(address('/activity/stream', { after: this.#last || undefined }));
    this.#source = source;
    source.addEventListener('open', () => this.#become('live'));
    source.addEventListener('error', () => {
      this.#become('lost');
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      this.#source = undefined;
      setTimeout(() => this.#follow(), 2000);
    });
    source.addEventListener('message', (event: MessageEvent<string>) => {
      this.#last = event.lastEventId;
      this.#add(JSON.parse(event.data) as Activity);
    });
  }

  #add(page: Activity): void {
    if (this.run && this.run !== page.run) {
      this.entries = [];
      this.missed = 0;
    }
    this.run = page.run;
    this.missed += page.missed;
    this.entries.push(...page.entries);
    if (this.entries.length > KEPT) this.entries.splice(0, this.entries.length - KEPT);
    this.#tell();
  }

  #become(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const live = new Live();

/** Run `work` now, again after calls (at most once a second) and every five seconds, until `signal`. */
export function refreshed(work: () => Promise<void>, signal: AbortSignal): void {
  let last = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const plan = (wait: number): void => {
    clearTimeout(timer);
    timer = setTimeout(run, wait);
  };
  const run = (): void => {
    if (signal.aborted) return;
    last = Date.now();
    if (document.hidden) plan(5000);
    else void work().catch(() => undefined).finally(() => plan(5000));
  };
  live.listen(() => plan(Math.max(0, last + 1000 - Date.now())), signal);
  signal.addEventListener('abort', () => clearTimeout(timer));
  run();
}
