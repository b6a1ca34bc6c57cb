import { run } from '@proven-network/handler';
import { getApplicationDb } from '@proven-network/sql';

const fresh = getApplicationDb('fresh').migrate('CREATE TABLE t (a)');

// The first use of a database may be inside a transaction; its migrations then stand or fall with it.
export const firstUse = run((fail: boolean) =>
  fresh.transaction(async (tx) => {
    await tx.use(fresh).execute('INSERT INTO t VALUES (1)');
    if (fail) throw new Error('changed my mind');
  }),
);
export const count = run(async () => (await fresh.query('SELECT count(*) AS n FROM t'))[0].n);
