import { type Connection } from './connection.ts';
import { ProvenError } from './errors.ts';
import { type Bytes } from './bytes.ts';
export interface SubscribeOptions {
    /** Events were missed: over a slow connection, or while there was none. Look again at what the page shows. */
    onMissed?: () => void;
    /** An event was refused, because the policy does not accept the code that it is of. By default, it is in the console. */
    onRefused?: (reason: ProvenError) => void;
}
/** Subscriptions outlive sessions: each new session subscribes to what is listened to, and says what was missed. */
export declare class Subscriptions {
    #private;
    constructor(connection: Connection);
    get any(): boolean;
    /** Resolves once the node has agreed, with what ends the subscription. */
    add(event: string, onEvent: (payload: unknown) => void, options: SubscribeOptions): Promise<() => Promise<void>>;
    /** A session took the place of one that was lost. */
    renew(): Promise<void>;
    missed(): void;
    refuse(event: string, reason: ProvenError): void;
    /** Hand an event to everyone in the page who wants it; each gets a copy of its own. */
    publish(event: string, payload: Bytes): void;
}
