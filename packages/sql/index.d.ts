import type { NftId, Transaction } from '@proven-network/kv';

/** What a column holds. Integers beyond 2^53 arrive as `bigint`. */
export type SqlValue = null | number | bigint | string | Uint8Array;
/** `boolean` is stored as 0 or 1. */
export type SqlParameter = SqlValue | boolean;
export type SqlParameters = Record<string, SqlParameter>;

// Column types are the app's to state: `db.query<{ id: number }>(…)`.
// deno-lint-ignore no-explicit-any
export type SqlRow = Record<string, any>;

export interface SqlStatement<S extends string = string> {
  readonly statement: S;
  readonly params: SqlParameters;
}

/** A statement with values for its `:name` parameters. They are bound, never pasted into the text. */
export function sql<S extends string>(statement: S, params?: SqlParameters): SqlStatement<S>;

/** The rows, as an array of objects, with the names of the columns. */
export interface SqlRows<Row = SqlRow> extends Array<Row> {
  readonly columnNames: readonly string[];
  readonly allRows: Promise<Row[]>;
}

export interface SqlDatabase<Schema = unknown> {
  readonly name: string;
  /** Carries the type only. */
  readonly __schema?: Schema;
  /**
   * Add a migration, at the top level of a module. Migrations run once per scope, in order, each in a transaction
   * of its own, before the database is first used; changing one that has run is an error (`MIGRATION_CHANGED`).
   */
  migrate(statement: string): SqlDatabase<Schema>;
  /** Run one statement and return its rows: a SELECT, or a write with RETURNING. */
  query<Row = SqlRow>(statement: string | SqlStatement): Promise<SqlRows<Row>>;
  /** Run one statement and return how many rows it changed. */
  execute(statement: string | SqlStatement): Promise<number>;
  /** Run the statements in one transaction and return how many rows each changed. */
  batch(statements: (string | SqlStatement)[]): Promise<number[]>;
  /** Run `fn` over the databases, stores and files of this database's scope: all of its writes happen, or none. */
  transaction<Result>(fn: (tx: Transaction) => Result | Promise<Result>): Promise<Result>;
}

/** A database per NFT. The caller must own the NFT at the time of each operation (`NOT_OWNER`). */
export interface SqlNftDatabase<Schema = unknown> {
  readonly name: string;
  readonly __schema?: Schema;
  migrate(statement: string): SqlNftDatabase<Schema>;
  query<Row = SqlRow>(
    resourceAddress: string,
    nftId: NftId,
    statement: string | SqlStatement,
  ): Promise<SqlRows<Row>>;
  execute(resourceAddress: string, nftId: NftId, statement: string | SqlStatement): Promise<number>;
  batch(resourceAddress: string, nftId: NftId, statements: (string | SqlStatement)[]): Promise<number[]>;
  transaction<Result>(
    resourceAddress: string,
    nftId: NftId,
    fn: (tx: Transaction) => Result | Promise<Result>,
  ): Promise<Result>;
}

/** One database for all users of the application. */
export function getApplicationDb(name?: string): SqlDatabase;
/** A database of the caller's own; `NO_IDENTITY` when the caller is anonymous. */
export function getPersonalDb(name?: string): SqlDatabase;
export function getNftDb(name?: string): SqlNftDatabase;
