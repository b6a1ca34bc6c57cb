import { type Bytes } from './bytes.ts';
import { ProvenError } from './errors.ts';
/** Carries frames of one session. */
export interface Transport {
    readonly kind: 'websocket' | 'http';
    /** `onFrame` gets what comes back, `onLost` the end. Call it once, before anything is sent. */
    start(onFrame: (frame: Bytes) => void, onLost: (reason: ProvenError) => void): void;
    /** Throws `NotSent` if the frame certainly does not arrive. Over HTTP it resolves after the answer. */
    send(frame: Bytes): Promise<void>;
    close(): void;
}
/** Says of an error that what was to be sent has surely not been. */
export declare class NotSent {
    readonly reason: ProvenError;
    constructor(reason: ProvenError);
}
/** The addresses of one application (or of management, null) on one node. */
export declare class Endpoint {
    #private;
    constructor(gateway: string, applicationId: string | null);
    /** What the node says about the application. Not to be believed without more. */
    describe(): Promise<{
        id: string;
        name: string;
    }>;
    openSession(handshake: Bytes): Promise<Bytes>;
    exchange(frame: Bytes): Promise<Bytes>;
    /** Rejects with `UNAVAILABLE` where there is no WebSocket to be had. */
    connect(): Promise<Transport>;
}
/** One request for each frame, one at a time: their order is what the session's sequences count. */
export declare class HttpTransport implements Transport {
    #private;
    readonly kind = "http";
    constructor(endpoint: Endpoint);
    start(onFrame: (frame: Bytes) => void, onLost: (reason: ProvenError) => void): void;
    send(frame: Bytes): Promise<void>;
    close(): void;
}
/**
 * One HTTP request. A body is sent without a media type, which spares a request to another origin its preflight. Throws
 * `ProvenError`: `UNAVAILABLE`, `REQUEST_TIMEOUT`, `TOO_LARGE`, or what the node refuses it with.
 */
export declare function request(url: string, { body, timeout, maxBytes }: {
    body?: Bytes;
    timeout: number;
    maxBytes: number;
}): Promise<Bytes>;
export declare function record(body: Bytes): Record<string, unknown>;
