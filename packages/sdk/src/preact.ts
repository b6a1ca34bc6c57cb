// For Preact: readables as signals.

import { type ReadonlySignal, signal } from '@preact/signals-core';

import { type Readable } from './readable.ts';

const signals = new WeakMap<Readable<unknown>, ReadonlySignal<unknown>>();

/** A signal that follows a readable; the same one each time. */
export function signalOf<T>(readable: Readable<T>): ReadonlySignal<T> {
  const known = signals.get(readable);
  if (known !== undefined) return known as ReadonlySignal<T>;
  const following = signal(readable.value);
  readable.subscribe((value) => {
    following.value = value;
  });
  signals.set(readable, following);
  return following;
}
