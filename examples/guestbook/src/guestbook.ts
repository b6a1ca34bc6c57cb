import { runOnHttp } from '@proven-network/handler';
import { getApplicationDb, sql } from '@proven-network/sql';

import { page } from './page.ts';

export interface Entry {
  id: number;
  name: string;
  message: string;
  written: string;
}

const db = getApplicationDb('guestbook')
  .migrate(
    `CREATE TABLE entries (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
      message TEXT NOT NULL CHECK (length(message) BETWEEN 1 AND 1000)
    )`,
  )
  .migrate(`ALTER TABLE entries ADD COLUMN written TEXT NOT NULL DEFAULT ''`);

const PAGE = 50;

function latest(before: number): Promise<Entry[]> {
  return db.query<Entry>(
    sql('SELECT id, name, message, written FROM entries WHERE id < :before ORDER BY id DESC LIMIT :limit', {
      before,
      limit: PAGE,
    }),
  );
}

const json = (value: unknown, status = 200): Response => Response.json(value, { status });

export const home = runOnHttp({ path: '/', method: 'GET' }, async () => {
  return new Response(page(await latest(Number.MAX_SAFE_INTEGER)), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    },
  });
});

export const list = runOnHttp({ path: '/entries', method: 'GET' }, async ({ queryParameters }) => {
  const before = Number(queryParameters.before ?? Number.MAX_SAFE_INTEGER);
  return Number.isSafeInteger(before) ? json(await latest(before)) : json({ error: 'before is a number' }, 400);
});

export const read = runOnHttp({ path: '/entries/:id', method: 'GET' }, async ({ pathParameters }) => {
  const [entry] = await db.query<Entry>(
    sql('SELECT id, name, message, written FROM entries WHERE id = :id', { id: pathParameters.id }),
  );
  return entry ? json(entry) : json({ error: 'there is no such entry' }, 404);
});

export const sign = runOnHttp({ path: '/entries', method: 'POST' }, async ({ request }) => {
  const isForm = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
  const given = isForm ? Object.fromEntries(await request.formData()) : await request.json();
  const name = String(given.name ?? '').trim();
  const message = String(given.message ?? '').trim();
  if (name === '' || name.length > 80 || message === '' || message.length > 1000) {
    return json({ error: 'a name of up to 80 and a message of up to 1000 characters, please' }, 400);
  }
  const [entry] = await db.query<Entry>(
    sql(
      `INSERT INTO entries (name, message, written) VALUES (:name, :message, :written)
       RETURNING id, name, message, written`,
      { name, message, written: new Date().toISOString() },
    ),
  );
  return isForm ? new Response(null, { status: 303, headers: { location: './' } }) : json(entry, 201);
});
