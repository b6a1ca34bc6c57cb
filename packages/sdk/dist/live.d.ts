import { type Bytes } from './bytes.ts';
import { type Fields, type Message } from './commands.ts';
import { ProvenError } from './errors.ts';
import { type SealedChannel } from './session.ts';
import { Deadline } from './time.ts';
import { type Transport } from './transports.ts';
/**
 * Rules:
 *
 * 1. Frames leave in the order of their sequences and are opened one after the other.
 * 2. A frame that does not open, or says what no node says, ends the session.
 * 3. When the session ends, a command whose frame was given to the transport fails with `CALL_INTERRUPTED`: whether it
 *    was carried out is not known. All others fail with `NotSent`.
 */
export declare class LiveSession {
    #private;
    readonly channel: SealedChannel;
    readonly transport: Transport;
    /** Why the session ended, once it has. */
    lost: ProvenError | null;
    /** When something was last heard, in milliseconds of the page's monotonic clock. */
    heardAt: number;
    constructor(channel: SealedChannel, transport: Transport, onEvent: (event: Message) => void, onLost: () => void);
    /** Send a command and wait for its answer. Throws `ProvenError` or `NotSent`. */
    ask(plaintext: Bytes, deadline: Deadline): Promise<Fields>;
    /** End the session, if it has not ended yet. */
    lose(reason: ProvenError): void;
}
