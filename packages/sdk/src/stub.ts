// What bundler plugins put in the place of a handler.

import { defaultInstance } from './default.ts';

/** A function that calls the handler at `address` (`src/todos.ts#addTodo`) through the newest `ProvenSDK` of the page. */
export function handler<Arguments extends unknown[] = unknown[], Result = unknown>(
  address: string,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => (await defaultInstance().call(address, ...args)) as Result;
}
