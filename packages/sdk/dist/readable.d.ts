/** A value to show, and to be told of when it changes. */
export interface Readable<T> {
    readonly value: T;
    /** Calls `listener` with each new value, not with the present one. Returns what ends that. */
    subscribe(listener: (value: T) => void): () => void;
}
/** A readable, and the right to change it. */
export declare class Source<T> implements Readable<T> {
    #private;
    constructor(value: T);
    get value(): T;
    set(value: T): void;
    subscribe(listener: (value: T) => void): () => void;
}
/** Run code of the page: what it throws is reported as uncaught, and disturbs nothing here. */
export declare function guarded(run: () => void): void;
