import type { PrivateKey } from '@proven-network/crypto';
import type { Files, NftFiles } from '@proven-network/files';
import type { SqlDatabase, SqlNftDatabase } from '@proven-network/sql';

export interface SetOptions {
  /** Seconds until the entry is gone. Default: never. */
  ttl?: number;
}

export interface EntriesOptions {
  /** At most this many entries. Default: all. */
  limit?: number;
  /** Start behind this key. */
  after?: string;
}

export interface Entry<Value> {
  key: string;
  value: Value;
  /** Changes with every write of the key. */
  version: number;
  expiresAt?: Date;
}

export interface Store<Value> {
  readonly storeName: string;
  get(key: string): Promise<Value | undefined>;
  /** The value with its version, for `compareAndSet`. */
  getEntry(key: string): Promise<Entry<Value> | undefined>;
  has(key: string): Promise<boolean>;
  set(key: string, value: Value, options?: SetOptions): Promise<void>;
  /** Whether there was something to delete. */
  delete(key: string): Promise<boolean>;
  /** In the order of the keys' UTF-8 bytes. */
  keys(prefix?: string): Promise<string[]>;
  entries(prefix?: string, options?: EntriesOptions): Promise<Entry<Value>[]>;
  /**
   * Write only if the key's version still is `expectedVersion` (0: the key must not exist).
   * Resolves to the new version, or `undefined` when somebody else was faster.
   */
  compareAndSet(
    key: string,
    expectedVersion: number,
    value: Value,
    options?: SetOptions,
  ): Promise<number | undefined>;
  /**
   * Replace the value by `fn(value)`, atomically; `fn` runs again when somebody else wrote in between.
   * Returning `undefined` deletes the key. Resolves to what `fn` returned.
   */
  update<Next extends Value | undefined>(
    key: string,
    fn: (value: Value | undefined) => Next | Promise<Next>,
    options?: SetOptions,
  ): Promise<Next>;
  /** Run `fn` over the stores, databases and files of this store's scope: all of its writes happen, or none. */
  transaction<Result>(fn: (tx: Transaction) => Result | Promise<Result>): Promise<Result>;
}

export type StringStore = Store<string>;
export type BytesStore = Store<Uint8Array>;
/** Ed25519 keys; what is stored and loaded is the handle, never the private bytes. */
export type KeyStore = Store<PrivateKey>;

export type NftId = string | number | Uint8Array;

/** A store per NFT. The caller must own the NFT at the time of each operation (`NOT_OWNER`). */
export interface NftStore<Value> {
  readonly storeName: string;
  get(nftResourceAddress: string, nftId: NftId, key: string): Promise<Value | undefined>;
  getEntry(nftResourceAddress: string, nftId: NftId, key: string): Promise<Entry<Value> | undefined>;
  has(nftResourceAddress: string, nftId: NftId, key: string): Promise<boolean>;
  set(nftResourceAddress: string, nftId: NftId, key: string, value: Value, options?: SetOptions): Promise<void>;
  delete(nftResourceAddress: string, nftId: NftId, key: string): Promise<boolean>;
  keys(nftResourceAddress: string, nftId: NftId, prefix?: string): Promise<string[]>;
  entries(
    nftResourceAddress: string,
    nftId: NftId,
    prefix?: string,
    options?: EntriesOptions,
  ): Promise<Entry<Value>[]>;
  compareAndSet(
    nftResourceAddress: string,
    nftId: NftId,
    key: string,
    expectedVersion: number,
    value: Value,
    options?: SetOptions,
  ): Promise<number | undefined>;
  update<Next extends Value | undefined>(
    nftResourceAddress: string,
    nftId: NftId,
    key: string,
    fn: (value: Value | undefined) => Next | Promise<Next>,
    options?: SetOptions,
  ): Promise<Next>;
  transaction<Result>(
    nftResourceAddress: string,
    nftId: NftId,
    fn: (tx: Transaction) => Result | Promise<Result>,
  ): Promise<Result>;
}

export type NftScopedStringStore = NftStore<string>;
export type NftScopedBytesStore = NftStore<Uint8Array>;
export type NftScopedKeyStore = NftStore<PrivateKey>;

/**
 * A transaction over one scope. It commits when the function given to `transaction` resolves and rolls back when
 * that throws. Use what `use` returns: the original store would write outside, and wait for the transaction to end.
 */
export interface Transaction {
  use<Value>(store: Store<Value> | NftStore<Value>): Store<Value>;
  use<Schema>(database: SqlDatabase<Schema> | SqlNftDatabase<Schema>): SqlDatabase<Schema>;
  use(files: Files | NftFiles): Files;
}

/** One store for all users of the application. */
export function getApplicationStore(storeName?: string): StringStore;
export function getApplicationBytesStore(storeName?: string): BytesStore;
export function getApplicationKeyStore(storeName?: string): KeyStore;

/** A store of the caller's own; `NO_IDENTITY` when the caller is anonymous. */
export function getPersonalStore(storeName?: string): StringStore;
export function getPersonalBytesStore(storeName?: string): BytesStore;
export function getPersonalKeyStore(storeName?: string): KeyStore;

export function getNftStore(storeName?: string): NftScopedStringStore;
export function getNftBytesStore(storeName?: string): NftScopedBytesStore;
export function getNftKeyStore(storeName?: string): NftScopedKeyStore;
