import { type AccountKind } from './commands.ts';
import { type Connection } from './connection.ts';
/** A session that acts as the person. */
export interface SessionInfo {
    readonly id: string;
    readonly openedAt: Date;
    readonly usedAt: Date;
    /** The page that it was opened for, if it was one. */
    readonly origin: string | null;
    /** Whether it is this page's. */
    readonly current: boolean;
}
export interface LinkChallenge {
    readonly kind: AccountKind;
    readonly challenge: string;
    readonly origin: string;
    /** The challenge works once, until then. */
    readonly expiresAt: Date;
    /** What the wallet signs; `{address}` and `{chain_id}` stand for what only it knows. Absent for Radix. */
    readonly message: string | null;
}
export interface LinkedAccount {
    readonly address: string;
    readonly kind: AccountKind;
    readonly linkedAt: Date;
}
export declare class SessionsApi {
    #private;
    constructor(connection: Connection);
    list(): Promise<SessionInfo[]>;
    /** End a session. */
    revoke(id: string): Promise<void>;
}
export declare class AccountsApi {
    #private;
    constructor(connection: Connection);
    /** Ask for what a wallet has to sign. */
    challenge(kind: AccountKind): Promise<LinkChallenge>;
    /** Link the account that signed the challenge. What belongs into `proof` depends on the kind. */
    link(challenge: LinkChallenge | string, proof: object): Promise<LinkedAccount>;
    unlink(address: string): Promise<void>;
    list(): Promise<LinkedAccount[]>;
}
