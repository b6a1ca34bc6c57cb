import { run } from '@proven-network/handler';
import { getApplicationStore } from '@proven-network/kv';

const store = getApplicationStore();

// An everyday call: some computing, and one read of the store.
export const greet = run(async (name: string, number: number) => {
  const greeting = (await store.get('greeting')) ?? 'Hello';
  return `${greeting} ${name}, ${number} squared is ${number * number}`;
});
