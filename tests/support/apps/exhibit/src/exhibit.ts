import { generateEd25519Key } from '@proven-network/crypto';
import { getApplicationFiles } from '@proven-network/files';
import { run, runOnHttp, runOnSchedule, runWithOptions } from '@proven-network/handler';
import { getApplicationBytesStore, getApplicationKeyStore, getApplicationStore, getPersonalStore } from '@proven-network/kv';
import { getApplicationDb, sql } from '@proven-network/sql';

const notes = getApplicationStore('notes');
const raw = getApplicationBytesStore('raw');
const keys = getApplicationKeyStore('keys');
const diary = getPersonalStore('diary');
const files = getApplicationFiles();
const db = getApplicationDb('shop').migrate('CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, photo BLOB)');

export const greet = run((name: string, times = 1, loud?: boolean): string => {
  console.log(`greeting ${name}`);
  console.warn('twice');
  const text = `Hello, ${name}! `.repeat(times).trim();
  return loud ? text.toUpperCase() : text;
});

export const kinds = run((...values: unknown[]): string[] =>
  values.map((value) => (value === null || value === undefined ? String(value) : value.constructor.name)),
);

export const echo = run((value: unknown): unknown => value);

export const fail = run((message: string): never => {
  throw new RangeError(message);
});

export const whoIsThis = runWithOptions({ access: 'identified' }, (): string => 'somebody');

export const store = run(async (key: string, value: string): Promise<void> => notes.set(key, value));

export const remember = run(async (text: string): Promise<void> => diary.set('entry', text));

export const everything = run(async (): Promise<void> => {
  await raw.set('bytes', new Uint8Array([0, 1, 254, 255]));
  await keys.set('signing', generateEd25519Key());
  await files.write('letters/first.txt', 'Dear reader');
  await db.execute(sql('INSERT INTO items (name, photo) VALUES (:name, :photo)', { name: 'lamp', photo: new Uint8Array(3) }));
});

/** What an application that means harm calls its data. */
export const hostile = run(async (markup: string): Promise<string> => {
  await notes.set(markup, markup);
  await files.write(`${markup.replaceAll('/', '|')}/${markup.replaceAll('/', '|')}`, markup);
  await db.execute(`CREATE TABLE IF NOT EXISTS "${markup.replaceAll('"', '""')}" ("${markup.replaceAll('"', '""')}x")`);
  await db.execute(`INSERT INTO "${markup.replaceAll('"', '""')}" VALUES ('${markup.replaceAll("'", "''")}')`);
  console.error(markup);
  return markup;
});

export const page = runOnHttp({ path: '/page', method: 'GET' }, () =>
  new Response('<!doctype html><title>page of the app</title>', { headers: { 'content-type': 'text/html' } }));

export const nightly = runOnSchedule({ cron: '0 0 * * *' }, () => {});
