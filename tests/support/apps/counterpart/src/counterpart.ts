import { publish } from '@proven-network/events';
import { run, runWithOptions } from '@proven-network/handler';
import { getApplicationStore, getPersonalStore } from '@proven-network/kv';
import { getCurrentIdentity } from '@proven-network/session';

const counts = getApplicationStore('counts');
const own = getPersonalStore('own');

export const echo = run((value: unknown) => value);
export const add = run((a: number, b: number) => a + b);
export const whoAmI = run(() => getCurrentIdentity());

export const count = run(async (name: string) => {
  const next = Number(await counts.get(name) ?? 0) + 1;
  await counts.set(name, String(next));
  return next;
});
export const counted = run(async (name: string) => Number(await counts.get(name) ?? 0));

export const fail = run((message: string) => {
  throw Object.assign(new RangeError(message), { code: 'E_OWN' });
});
export const slow = runWithOptions({ timeout: 20_000 }, async (name: string, milliseconds: number) => {
  await counts.set(name, 'begun');
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return 'done';
});
export const begun = run(async (name: string) => (await counts.get(name)) === 'begun');

export const log = run(() => {
  console.log('counted to', 3);
  console.warn('careful');
});

export const remember = run((secret: string) => own.set('secret', secret));
export const recall = run(() => own.get('secret'));
export const members = runWithOptions({ access: 'identified' }, () => 'in');

export const tell = run((name: string, payload: unknown, to: string) => publish(name, payload, { to }));
