import { type Policy } from './attestation/policy.ts';
import { type AttestationReport } from './attestation/report.ts';
import { type Carrier, type ConnectionState } from './connection.ts';
import { AccountsApi, SessionsApi } from './management.ts';
import { type Readable } from './readable.ts';
import { type SubscribeOptions } from './subscriptions.ts';
import { type Upgrade, type Version } from './upgrades.ts';
export interface ProvenOptions {
    /** The node's address, such as `https://node.example`. Where the page came from, if absent. */
    gateway?: string;
    /** Id or name. A name stands for whatever the node says it does: give the id to be sure. */
    application: string;
    /** Which evidence is good enough. Without one, none is. */
    policy?: Policy;
    /** What carries calls: by default a WebSocket or, where there is none to be had, HTTP requests. */
    transport?: Carrier;
    /** Milliseconds to wait for an answer, 30 000 by default. */
    timeout?: number;
    /** Whether to show what handlers log in the page's console, for development nodes; by default yes. */
    console?: boolean;
}
export interface CallOptions {
    /** Milliseconds to wait for the answer. */
    timeout?: number;
}
/** `loading`: it is not known yet whether the person of an earlier page can go on. */
export type AuthState = 'loading' | 'anonymous' | 'signing-in' | 'signed-in';
export interface UserInfo {
    /** Who the person is to this application; another one knows them by another id. */
    readonly identity: string;
}
/** What the node knows about the present session. */
export interface WhoAmI {
    readonly sessionId: string;
    readonly applicationId: string | null;
    readonly identity: string | null;
    readonly accounts: readonly string[];
    readonly origin: string | null;
    readonly expiresAt: Date;
}
/**
 * An application on a node, as a page uses it. Nothing is sent before the node's evidence was verified against the
 * policy. What goes wrong is a `ProvenError`.
 */
export declare class ProvenSDK {
    #private;
    /** Whether somebody is signed in. */
    readonly authState: Readable<AuthState>;
    /** Who is signed in, null if nobody is. */
    readonly userInfo: Readable<UserInfo | null>;
    readonly connectionState: Readable<ConnectionState>;
    /**
     * The version that answers, as answers and the node say; null before the first answer. It is the node's word: the
     * policy's rules hold each answer to what is proven.
     */
    readonly version: Readable<Version | null>;
    /** The person's sessions with this application. */
    readonly sessions: SessionsApi;
    /** The accounts on chains that the person linked to who they are in this application. */
    readonly accounts: AccountsApi;
    /** The node's origin. */
    readonly gateway: string;
    constructor(options: ProvenOptions);
    /**
     * Call a handler with an array of arguments. Throws what it throws as `HANDLER_ERROR`. After `CALL_INTERRUPTED` and
     * `REQUEST_TIMEOUT` it is not known whether the call was carried out; it is never silently repeated. An answer or
     * error of code that the policy does not accept is refused, with `carriedOut` in the details.
     */
    execute(address: string, args?: readonly unknown[], options?: CallOptions): Promise<unknown>;
    /** As `execute`, with the arguments one after the other. */
    call(address: string, ...args: unknown[]): Promise<unknown>;
    /** Have `onEvent` called with what the application publishes under `event`. Resolves with what ends that. */
    subscribe(event: string, onEvent: (payload: unknown) => void, options?: SubscribeOptions): Promise<() => Promise<void>>;
    /**
     * Have `onUpgrade` called when the node says that an upgrade was announced or taken back, and when another version
     * answers: that before its first answer. Needs a WebSocket. Resolves with what ends it.
     */
    onUpgrade(onUpgrade: (upgrade: Upgrade) => void): Promise<() => void>;
    /** Let the person sign in with a passkey. Call it on a click. Rejects with `CANCELLED` when they close the dialog. */
    signIn(): Promise<UserInfo>;
    /** Act as nobody from now on, also in other tabs and in pages that are loaded later. */
    signOut(): Promise<void>;
    /** Let the person look after their account: passkeys, recovery phrase, sessions. */
    manageAccount(): Promise<void>;
    /** The AES-GCM key that only the signed-in person has, in this application only; not extractable. */
    get encryptionKey(): CryptoKey | null;
    whoAmI(): Promise<WhoAmI>;
    /**
     * What was verified about the node and what its log says about the application, also in words; opens a session if
     * there is none. Rejects with `EVIDENCE_INVALID` for a log that contradicts the answers, or what this browser saw of it.
     */
    attestation(): Promise<AttestationReport>;
    /** End the session and let go of everything. Calls under way fail. Who is signed in stays so for later pages. */
    close(): void;
}
