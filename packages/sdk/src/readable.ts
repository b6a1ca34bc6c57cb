// Values that change, for pages of any framework.

/** A value to show, and to be told of when it changes. */
export interface Readable<T> {
  readonly value: T;
  /** Calls `listener` with each new value, not with the present one. Returns what ends that. */
  subscribe(listener: (value: T) => void): () => void;
}

/** A readable, and the right to change it. */
export class Source<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) guarded(() => listener(value));
  }

  subscribe(listener: (value: T) => void): () => void {
    const own = (value: T): void => listener(value);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}

/** Run code of the page: what it throws is reported as uncaught, and disturbs nothing here. */
export function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    reportError(error);
  }
}
