import { getApplicationFiles } from '@proven-network/files';
import { run } from '@proven-network/handler';
import { getApplicationStore, getPersonalStore } from '@proven-network/kv';
import { getApplicationDb, sql } from '@proven-network/sql';

const store = getApplicationStore('ledger');
const own = getPersonalStore('ledger');
const files = getApplicationFiles();
const db = getApplicationDb('ledger')
  .migrate('CREATE TABLE entries (writer INTEGER, number INTEGER, PRIMARY KEY (writer, number))')
  .migrate('CREATE TABLE transfers (writer INTEGER, number INTEGER, amount INTEGER, PRIMARY KEY (writer, number))')
  .migrate('CREATE TABLE blobs (id INTEGER PRIMARY KEY, content BLOB)');

export const ping = run(() => 'pong');

// Each returns once its write is acknowledged. Numbers of one writer go up.
export const put = run((writer: number, number: number) => store.set(`put/${writer}`, String(number)));
export const putOwn = run((writer: number, number: number) => own.set(`put/${writer}`, String(number)));
export const enter = run((writer: number, number: number) =>
  db.execute(sql('INSERT INTO entries VALUES (:writer, :number)', { writer, number })),
);
export const save = run((writer: number, number: number, size: number) =>
  files.write(`${writer}/${number}`, new Uint8Array(size).fill(number)),
);

// Entries, rows and a file that belong together.
export const transfer = run((writer: number, number: number, amount: number) =>
  store.transaction(async (tx) => {
    const entries = tx.use(store);
    const total = Number((await entries.get(`total/${writer}`)) ?? 0) + amount;
    await entries.set(`total/${writer}`, String(total));
    await tx.use(db).execute(
      sql('INSERT INTO transfers VALUES (:writer, :number, :amount)', { writer, number, amount }),
    );
    await entries.set(`last/${writer}`, String(number));
    await tx.use(files).write(`receipts/${writer}`, `${number} ${total}`);
    return total;
  }),
);

// All that is there.
export const everything = run(async () => ({
  entries: Object.fromEntries((await store.entries()).map(({ key, value }) => [key, Number(value)])),
  rows: (await db.query('SELECT writer, number FROM entries ORDER BY 1, 2')).map(({ writer, number }) => [writer, number]),
  transfers: (await db.query('SELECT writer, number, amount FROM transfers ORDER BY 1, 2')).map(
    ({ writer, number, amount }) => [writer, number, amount],
  ),
  receipts: Object.fromEntries(
    await Promise.all(
      ((await files.stat('receipts')) ? await files.list('receipts') : []).map(async ({ path }) => [
        path.split('/').at(-1),
        (await files.readText(path)).split(' ').map(Number),
      ]),
    ),
  ),
}));
export const ownEntries = run(async () =>
  Object.fromEntries((await own.entries()).map(({ key, value }) => [key, Number(value)])),
);
export const isSaved = run(async (writer: number, number: number, size: number) => {
  const content = await files.read(`${writer}/${number}`);
  return content.length === size && content.every((byte) => byte === number % 256);
});

export const insertBlob = run((size: number) =>
  db.execute(sql('INSERT INTO blobs (content) VALUES (:content)', { content: new Uint8Array(size).fill(1) })),
);
export const blobs = run(async () => (await db.query('SELECT count(*) AS n, coalesce(sum(length(content)), 0) AS size FROM blobs'))[0]);
// What a handler sees of a failed write, and that it can go on.
export const tryBlob = run(async (size: number) => {
  try {
    await insertBlob_(size);
  } catch (error) {
    const { name, code, message } = error as Error & { code: string };
    return { name, code, message };
  }
});
const insertBlob_ = (size: number) =>
  db.execute(sql('INSERT INTO blobs (content) VALUES (:content)', { content: new Uint8Array(size) }));
