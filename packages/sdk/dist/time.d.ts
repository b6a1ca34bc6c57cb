/** A moment after which nobody waits any more, in milliseconds of the page's monotonic clock. */
export declare class Deadline {
    #private;
    /** `timeout` is in milliseconds from now. */
    constructor(timeout: number);
    get left(): number;
    /** `promise`, or `REQUEST_TIMEOUT` after the deadline. What the promise does after that is ignored. */
    race<T>(promise: Promise<T>, what?: string): Promise<T>;
}
/** Resolves after `milliseconds`, or at once when `signal` is aborted. */
export declare function pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
/** How long to wait before the next attempt, in milliseconds: doubling up to half a minute, and never in step. */
export declare const backoff: (attempt: number) => number;
