import { getApplicationFiles, getPersonalFiles } from '@proven-network/files';
import { run } from '@proven-network/handler';
import { getApplicationStore } from '@proven-network/kv';
import { getApplicationDb, sql, type SqlParameter } from '@proven-network/sql';

const db = getApplicationDb('main').migrate('CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, admin INTEGER DEFAULT 0)');
const other = getApplicationDb('other').migrate('CREATE TABLE secrets (text TEXT)');
const files = getApplicationFiles();
const ownFiles = getPersonalFiles();

export const setUp = run(async () => {
  await db.execute(`INSERT INTO users (name, admin) VALUES ('ada', 1), ('bob', 0)`);
  await other.execute(`INSERT INTO secrets VALUES ('of the other database')`);
  await getApplicationStore().set('secret', 'of the store');
  await files.write('secret.txt', 'of the files');
});
export const intact = run(async () => ({
  users: (await db.query('SELECT name, admin FROM users ORDER BY id')).map(({ name, admin }) => `${name}:${admin}`),
  secrets: (await other.query('SELECT text FROM secrets')).map(({ text }) => text),
}));

// The statement as it is, the way a careless app might build one.
export const query = run(async (statement: string) => [...(await db.query(statement))]);
export const execute = run((statement: string) => db.execute(statement));
export const batch = run((...statements: string[]) => db.batch(statements));
export const queryIn = run(async (name: string) => [...(await getApplicationDb(name).query('SELECT 1'))]);
// The way it is meant to be done.
export const findByName = run(async (name: SqlParameter) =>
  (await db.query(sql('SELECT id, name FROM users WHERE name = :name', { name }))).map((row) => row.name),
);

export const write = run((path: string, text: string) => files.write(path, text));
export const read = run((path: string) => files.readText(path));
export const tryEverywhere = run(async (path: string) => {
  const attempts: Record<string, () => Promise<unknown>> = {
    read: () => files.read(path),
    readStream: async () => (await files.readStream(path)).getReader().read(),
    write: () => files.write(path, 'x'),
    append: () => files.append(path, 'x'),
    stat: () => files.stat(path),
    list: () => files.list(path),
    mkdir: () => files.mkdir(path),
    remove: () => files.remove(path, { recursive: true }),
    'rename from': () => files.rename(path, 'stolen'),
    'rename to': () => files.rename('secret.txt', path),
    'read own': () => ownFiles.read(path),
    'write own': () => ownFiles.write(path, 'x'),
  };
  const outcomes: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    outcomes[name] = await attempt().then(() => 'succeeded', (error) => error.code ?? error.name);
  }
  return outcomes;
});
export const remove = run((path: string) => files.remove(path, { recursive: true }));
export const listAll = run(async () => (await files.list()).map(({ path }) => path));
export const storeNamed = run(async (name: string, key: string) => {
  await getApplicationStore(name).set(key, 'set');
  return [await getApplicationStore(name).keys(), await getApplicationStore().get('secret')];
});
