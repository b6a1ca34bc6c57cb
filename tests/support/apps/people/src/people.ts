import { getPersonalFiles } from '@proven-network/files';
import { run, runOnEvent, runOnHttp, runOnSchedule, runWithOptions } from '@proven-network/handler';
import { getPersonalStore } from '@proven-network/kv';
import { getCurrentAccounts, getCurrentIdentity } from '@proven-network/session';
import { getPersonalDb, sql } from '@proven-network/sql';

const store = getPersonalStore('own');
const files = getPersonalFiles();
const db = getPersonalDb('own').migrate('CREATE TABLE notes (text TEXT)');

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const somewhat = () => later(Math.random() * 5);

export const echo = run((...values: unknown[]) => values);
export const whoAmI = run(() => getCurrentIdentity());
export const accounts = run(() => getCurrentAccounts());

export const remember = run(async (secret: string) => {
  await store.set('secret', secret);
  await db.execute(sql('INSERT INTO notes VALUES (:secret)', { secret }));
  await files.write('secret.txt', secret);
});
// Everything of the caller's that there is to be found.
export const recall = run(async () => ({
  identity: getCurrentIdentity(),
  entries: (await store.entries()).map(({ value }) => value),
  rows: (await db.query('SELECT text FROM notes')).map(({ text }) => text),
  files: await Promise.all((await files.list()).map(({ path }) => files.readText(path))),
}));

// The same through every way that a call may wait: whose it is must never change on the way.
export const wander = run(async (number: number) => {
  const seen = [getCurrentIdentity()];
  const look = () => seen.push(getCurrentIdentity());
  await somewhat();
  look();
  await store.set(`visit/${number}`, String(getCurrentIdentity()));
  look();
  await Promise.all([somewhat().then(look), new Promise<void>((resolve) => queueMicrotask(() => (look(), resolve())))]);
  await new Promise<void>((resolve) => setTimeout(() => setTimeout(() => (look(), resolve()), 1), 1));
  for await (const value of (async function* () { await somewhat(); yield getCurrentIdentity(); })()) seen.push(value);
  for await (const _ of new Response('some text').body!) look();
  await db.transaction(async (tx) => {
    await tx.use(db).execute(sql('INSERT INTO notes VALUES (:text)', { text: `${getCurrentIdentity()}` }));
    look();
  });
  const { then } = { then: (resolve: (value: unknown) => void) => void somewhat().then(() => resolve(getCurrentIdentity())) };
  seen.push((await { then }) as typeof seen[0]);
  return { seen, stored: await store.get(`visit/${number}`), all: (await store.entries()).map(({ value }) => value) };
});

// What an ended call has left behind for others to trip over.
type Leak = { whoAmI: () => unknown; read: () => Promise<unknown>; write: (value: string) => Promise<unknown> };
let leaked: Leak | undefined;
let promised: Promise<unknown> | undefined;
let release = () => {};
const reports: string[] = [];
const report = (what: string, attempt: () => unknown) =>
  Promise.resolve().then(attempt).then((value) => reports.push(`${what}: ${value}`), () => reports.push(`${what}: refused`));

export const leak = run(() => {
  leaked = {
    whoAmI: () => getCurrentIdentity(),
    read: () => store.get('secret'),
    write: (value) => store.set('secret', value),
  };
  // Goes on, or tries to, when somebody else calls `useLeaks`.
  const gate = new Promise<void>((resolve) => (release = resolve));
  promised = gate.then(() => store.get('secret'));
  void gate.then(() => report('continuation reads', () => store.get('secret')));
  void gate.then(() => report('continuation writes', () => store.set('secret', 'overwritten')));
  void gate.then(() => report('continuation asks who it is', () => getCurrentIdentity()));
  void gate.then(() => report('continuation sets a timer', () => setTimeout(() => {}, 0)));
  setTimeout(() => void report('timer reads', () => store.get('secret')), 5);
  setInterval(() => void report('interval reads', () => store.get('secret')), 5);
});
// Functions that the other made run as the caller's; what the other had begun does not run at all.
export const useLeaks = run(async () => {
  release();
  await later(50);
  const outcome = { whoAmI: leaked?.whoAmI(), read: await leaked?.read(), reports: [...reports] };
  const answer = await Promise.race([promised!.catch(() => 'refused'), later(20).then(() => 'never')]);
  return { ...outcome, promised: answer };
});

export const identified = runWithOptions({ access: 'identified' }, () => getCurrentIdentity());
export const forOwner = runWithOptions({ access: 'owner' }, () => 'for the owner');
export const page = runOnHttp({ path: '/page' }, () => 'page');
export const nightly = runOnSchedule({ cron: '0 3 * * *' }, () => 'nightly');
export const reaction = runOnEvent({ event: 'something' }, () => 'reaction');
export const plain = () => 'a plain function';
export const constant = 42;
