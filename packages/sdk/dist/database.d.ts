/** Rejects where a page may keep nothing. */
export declare function open(name: string, stores: readonly string[]): Promise<IDBDatabase>;
export declare function within(start: (resolve: () => void, reject: () => void) => void): Promise<void>;
