/**
 * Keys kept in this browser for passkeys that cannot hold the root seed, when the person wants that. What is kept
 * derives keys but cannot be read: neither this script nor whoever copies the profile's files through it gets
 * the seed back, so no other passkey can be made of it and no phrase shown.
 */
import { holdSeed } from '../../packages/sdk/src/identity.ts';

const DATABASE = 'proven-sign-in';
const STORE = 'seeds';

/** Whether anything can be kept: browsers may refuse that to a frame in a page of another site. */
export async function canKeep(): Promise<boolean> {
  try {
    (await open()).close();
    return true;
  } catch {
    return false;
  }
}

export async function keepSeed(account: string, seed: Uint8Array): Promise<void> {
  const key = await holdSeed(seed);
  await within('readwrite', (store) => store.put(key, account));
}

/** The kept seed of `account`, or undefined; so too where nothing can be kept. */
export async function keptSeed(account: string): Promise<CryptoKey | undefined> {
  try {
    const found: unknown = await within('readonly', (store) => store.get(account));
    return found instanceof CryptoKey && !found.extractable ? found : undefined;
  } catch {
    return undefined;
  }
}

export async function forgetSeed(account: string): Promise<void> {
  await within('readwrite', (store) => store.delete(account));
}

async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    return await new Promise<T>((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new DOMException('not kept', 'AbortError'));
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException('no database', 'AbortError'));
  });
}
