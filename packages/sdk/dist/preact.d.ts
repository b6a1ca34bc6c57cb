import { type ReadonlySignal } from '@preact/signals-core';
import { type Readable } from './readable.ts';
/** A signal that follows a readable; the same one each time. */
export declare function signalOf<T>(readable: Readable<T>): ReadonlySignal<T>;
