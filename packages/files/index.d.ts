import type { NftId, Transaction } from '@proven-network/kv';

export interface FileStat {
  path: string;
  isDirectory: boolean;
  /** In bytes; 0 for a directory. */
  size: number;
  /** Hexadecimal digest of the content; absent for a directory. */
  sha256?: string;
  modified: Date;
  contentType?: string;
}

export interface WriteOptions {
  contentType?: string;
}

export interface ReadOptions {
  /** First byte. Default: 0. */
  offset?: number;
  /** At most this many bytes. Default: to the end. */
  length?: number;
}

export type FileContent = string | Uint8Array | ReadableStream<Uint8Array>;

/** Paths are relative, with `/` between names; `.` and `..` are refused. */
export interface Files {
  /** The content; `NOT_FOUND` when there is no such file. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  readStream(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array>>;
  /** Replace the file, or make it with its directories. Text is written as UTF-8; a stream may be of any size. */
  write(path: string, content: FileContent, options?: WriteOptions): Promise<FileStat>;
  /** The file is there, whole, once the stream has closed. */
  writeStream(path: string, options?: WriteOptions): WritableStream<Uint8Array>;
  append(path: string, content: FileContent): Promise<FileStat>;
  stat(path: string): Promise<FileStat | undefined>;
  /** What a directory holds. Default: the top one. */
  list(directory?: string): Promise<FileStat[]>;
  remove(path: string, options?: { recursive?: boolean }): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  transaction<Result>(fn: (tx: Transaction) => Result | Promise<Result>): Promise<Result>;
}

/** Files per NFT. The caller must own the NFT at the time of each operation (`NOT_OWNER`). */
export interface NftFiles {
  read(resourceAddress: string, nftId: NftId, path: string, options?: ReadOptions): Promise<Uint8Array>;
  readText(resourceAddress: string, nftId: NftId, path: string): Promise<string>;
  readStream(
    resourceAddress: string,
    nftId: NftId,
    path: string,
    options?: ReadOptions,
  ): Promise<ReadableStream<Uint8Array>>;
  write(
    resourceAddress: string,
    nftId: NftId,
    path: string,
    content: FileContent,
    options?: WriteOptions,
  ): Promise<FileStat>;
  writeStream(
    resourceAddress: string,
    nftId: NftId,
    path: string,
    options?: WriteOptions,
  ): WritableStream<Uint8Array>;
  append(resourceAddress: string, nftId: NftId, path: string, content: FileContent): Promise<FileStat>;
  stat(resourceAddress: string, nftId: NftId, path: string): Promise<FileStat | undefined>;
  list(resourceAddress: string, nftId: NftId, directory?: string): Promise<FileStat[]>;
  remove(
    resourceAddress: string,
    nftId: NftId,
    path: string,
    options?: { recursive?: boolean },
  ): Promise<boolean>;
  rename(resourceAddress: string, nftId: NftId, from: string, to: string): Promise<void>;
  mkdir(resourceAddress: string, nftId: NftId, path: string): Promise<void>;
  transaction<Result>(
    resourceAddress: string,
    nftId: NftId,
    fn: (tx: Transaction) => Result | Promise<Result>,
  ): Promise<Result>;
}

/** Files all users of the application share. */
export function getApplicationFiles(): Files;
/** The caller's own files; `NO_IDENTITY` when the caller is anonymous. */
export function getPersonalFiles(): Files;
export function getNftFiles(): NftFiles;
