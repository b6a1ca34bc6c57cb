import { run } from '@proven-network/handler';
import { getApplicationStore, type NftId } from '@proven-network/kv';
import { getApplicationDb, getNftDb, getPersonalDb, sql, type SqlParameter } from '@proven-network/sql';

const users = `CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);`;

const app = getApplicationDb('main')
  .migrate(users)
  .migrate(`ALTER TABLE users ADD COLUMN name TEXT`)
  .migrate(`CREATE TABLE anything (a, b, c)`);
const own = getPersonalDb('main').migrate(users);
const nft = getNftDb('main').migrate(users);
const store = getApplicationStore('beside');
const again = getApplicationDb('main').migrate(users);

export const insert = run((email: string) => app.execute(sql('INSERT INTO users (email) VALUES (:email)', { email })));
export const all = run(() => app.query('SELECT * FROM users ORDER BY id'));
export const byUpstreamsRows = run(async () => {
  const rows = await app.query('SELECT * FROM users ORDER BY id');
  const seen: string[] = [];
  rows.forEach((row) => seen.push(row.email));
  return {
    length: await rows.length,
    first: rows[0]?.email,
    none: rows[1000],
    columns: rows.columnNames,
    mapped: rows.map((row, index) => `${index}:${row.email}`),
    filtered: rows.filter((row) => row.id > 1).length,
    seen,
    spread: [...rows].length,
    allRows: (await rows.allRows).length,
    isArray: Array.isArray(rows),
    enumerable: Object.keys(rows),
  };
});
export const query = run((statement: string, params?: Record<string, SqlParameter>) =>
  app.query(sql(statement, params)),
);
export const execute = run((statement: string, params?: Record<string, SqlParameter>) =>
  app.execute(sql(statement, params)),
);
export const plain = run((statement: string) => app.execute(statement));
export const batch = run((emails: string[]) =>
  app.batch(emails.map((email) => sql('INSERT INTO users (email) VALUES (:email)', { email }))),
);
export const values = run(async (a: SqlParameter, b: SqlParameter, c: SqlParameter) => {
  const rows = await app.query(sql('INSERT INTO anything VALUES (:a, :b, :c) RETURNING a, b, c', { a, b, c }));
  return [rows[0].a, rows[0].b, rows[0].c];
});
export const throughTheOther = run(() => again.query('SELECT name FROM users LIMIT 1'));

export const insertOwn = run((email: string) => own.execute(sql('INSERT INTO users (email) VALUES (:email)', { email })));
export const allOwn = run(() => own.query('SELECT email FROM users ORDER BY id'));

export const nftRoundTrip = run(async (resource: string, id: NftId, email: string) => {
  const changed = await nft.execute(resource, id, sql('INSERT INTO users (email) VALUES (:email)', { email }));
  const rows = await nft.query(resource, id, 'SELECT email FROM users');
  return [changed, rows.map((row) => row.email)];
});

export const insertBoth = run((email: string, fail: boolean) =>
  app.transaction(async (tx) => {
    await tx.use(app).execute(sql('INSERT INTO users (email) VALUES (:email)', { email }));
    await tx.use(store).set('last', email);
    const inside = await tx.use(app).query(sql('SELECT email FROM users WHERE email = :email', { email }));
    if (fail) throw new Error('changed my mind');
    return inside.length;
  }),
);
export const lastBeside = run(() => store.get('last'));
export const migrateLate = run(() => getApplicationDb('late').migrate('CREATE TABLE t (a)').name);
// deno-lint-ignore no-explicit-any
export const queryAnything = run((statement: any) => app.query(statement));
