import { type Evidence } from './attestation/evidence.ts';
import { type Policy } from './attestation/policy.ts';
import { type Bytes } from './bytes.ts';
import { type CommandName, type Fields, type Message } from './commands.ts';
import { type Encodable } from './cbor.ts';
import { LiveSession } from './live.ts';
import { Source } from './readable.ts';
import { type Person } from './resumption.ts';
import { Deadline } from './time.ts';
import { type Transport } from './transports.ts';
/** What carries frames: a WebSocket or, where there is none to be had, HTTP requests; or only one of the two. */
export type Carrier = 'auto' | 'websocket' | 'http';
/** `idle`: no session yet, or none needed; `waiting`: it was lost, and the next attempt is due later. */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';
export interface ConnectionOptions {
    /** Where the node is: an origin, without a slash at its end. */
    gateway: string;
    /** Id or name. */
    application: string;
    policy: Policy;
    carrier: Carrier;
    /** Milliseconds. */
    timeout: number;
    onEvent(event: Message, evidence: Evidence): void;
    /** A session is there; whether it took the place of one that was lost. */
    onOpened(again: boolean): void;
    /** Whether to open a session again after it was lost, although nobody has called. */
    wanted(): boolean;
}
export interface Verified {
    readonly evidence: Evidence;
    /** Milliseconds since 1970. */
    readonly at: number;
}
/**
 * Rules:
 *
 * 1. No command is sent before the evidence of the very session was verified against the policy.
 * 2. A command that surely was not sent is tried again in a new session. One that may have been sent is repeated only if
 *    it changes nothing; all others fail with `CALL_INTERRUPTED`.
 * 3. A session that acted as a person is never replaced by one that acts as nobody without the caller being told:
 *    where it cannot be resumed, what waits for it fails with `UNAUTHENTICATED`, and what is called later acts as nobody.
 * 4. Opening is tried again, more and more slowly, while the node cannot be reached; never when it was refused.
 */
export declare class Connection {
    #private;
    readonly state: Source<ConnectionState>;
    readonly person: Source<Person | null>;
    constructor(options: ConnectionOptions);
    /** What was verified about the node of the present or last session. */
    get verified(): Verified | null;
    /** The application's id and name; known once a session was opened. */
    get application(): {
        readonly id: string;
        readonly name: string;
    } | null;
    get carrier(): Transport['kind'] | null;
    /** Take over from an earlier page. Whether there was something to take over. */
    restore(): Promise<boolean>;
    /** Send a command. `repeatable`: it changes nothing that matters when it is carried out twice. */
    ask(command: CommandName, fields?: Readonly<Record<string, Encodable | undefined>>, { repeatable, timeout }?: {
        repeatable?: boolean;
        timeout?: number;
    }): Promise<Fields>;
    /** The session, opened anew if there is none that works. */
    live(deadline: Deadline): Promise<LiveSession>;
    /** Act as a person in the present session: `key` and `signature` over its transcript. */
    identify(session: LiveSession, identified: {
        publicKey: Bytes;
        signature: Bytes;
        encryptionKey: CryptoKey;
    }): Promise<Person>;
    /** Act as nobody from now on, here, in every other page of this origin and in those that are loaded later. */
    anonymize(): Promise<void>;
    /** End it, for good. */
    close(): void;
}
