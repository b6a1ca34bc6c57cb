/** A state of a log that was verified here. */
export interface Remembered {
    readonly origin: string;
    readonly verifierKey: string;
    readonly size: number;
    readonly root: Uint8Array<ArrayBuffer>;
    /** Unix milliseconds. */
    readonly seenAt: number;
}
/** In which log an application was seen, and when. */
export interface LogOf {
    readonly origin: string;
    readonly seenAt: number;
}
/** Keeps what was seen where a browser lets a page keep anything; elsewhere, nothing is known and nothing is kept. */
export declare class LogMemory {
    #private;
    private constructor();
    static open(): Promise<LogMemory>;
    /** Whether anything can be kept here. */
    get works(): boolean;
    log(origin: string): Promise<Remembered | undefined>;
    logOf(applicationId: string): Promise<LogOf | undefined>;
    /** Keep `state`, unless more of the log is remembered already. */
    remember(applicationId: string, state: Remembered): Promise<void>;
    close(): void;
}
