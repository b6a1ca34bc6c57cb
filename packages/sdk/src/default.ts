// The newest instance of a page, for stubs that name none.

import { ProvenError } from './errors.ts';

/** What stubs need of an instance. */
export interface Caller {
  call(address: string, ...args: unknown[]): Promise<unknown>;
}

let newest: Caller | null = null;

export function setDefault(instance: Caller): void {
  newest = instance;
}

export function unsetDefault(instance: Caller): void {
  if (newest === instance) newest = null;
}

/** Throws `ProvenError` (`UNAVAILABLE`) if there is none. */
export function defaultInstance(): Caller {
  if (newest === null) {
    throw new ProvenError('UNAVAILABLE', 'make a ProvenSDK (new ProvenSDK({ application: … })) before calling a handler');
  }
  return newest;
}
