import { run, runOnHttp } from '@proven-network/handler';
import { getApplicationStore } from '@proven-network/kv';

// One store for all users, encrypted with keys that only the node has.
const visits = getApplicationStore('visits');

/** Clients call this over a sealed session: `proven call __name__ greet '"Ada"'`. */
export const greet = run(async (name: string) => {
  const count = await visits.update(name, (before) => String(Number(before ?? 0) + 1));
  console.log(`greeting ${name}`);
  return `Hello ${name}! Visits: ${count}`;
});

/** Browsers and other services get this over HTTP, as JSON. */
export const visitsOf = runOnHttp({ path: '/visits/:name', method: 'GET' }, async (request) => {
  const { name } = request.pathParameters;
  return { name, visits: Number((await visits.get(name)) ?? 0) };
});
