/** What stubs need of an instance. */
export interface Caller {
    call(address: string, ...args: unknown[]): Promise<unknown>;
}
export declare function setDefault(instance: Caller): void;
export declare function unsetDefault(instance: Caller): void;
/** Throws `ProvenError` (`UNAVAILABLE`) if there is none. */
export declare function defaultInstance(): Caller;
