// IndexedDB, never waited for without end.

const TIMEOUT = 2000;

/** Rejects where a page may keep nothing. */
export async function open(name: string, stores: readonly string[]): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    for (const store of stores) request.result.createObjectStore(store);
  };
  await within((resolve, reject) => {
    request.onsuccess = resolve;
    request.onerror = request.onblocked = reject;
  });
  return request.result;
}

export function within(start: (resolve: () => void, reject: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, TIMEOUT);
    start(
      () => (clearTimeout(timer), resolve()),
      () => (clearTimeout(timer), reject(new Error('IndexedDB does not work here'))),
    );
  });
}
