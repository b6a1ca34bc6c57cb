import { type Bytes } from './bytes.ts';
import { type Encodable, type Item } from './cbor.ts';
import { ProvenError, type Source } from './errors.ts';
export type AccountKind = 'radix' | 'ethereum' | 'bitcoin';
export type CommandName = 'WhoAmI' | 'Identify' | 'Anonymize' | 'Execute' | 'IssueTicket' | 'Subscribe' | 'Unsubscribe' | 'BeginRegistration' | 'FinishRegistration' | 'BeginAuthentication' | 'FinishAuthentication' | 'ListPasskeys' | 'RemovePasskey' | 'ListSessions' | 'RevokeSession' | 'BeginLink' | 'FinishLink' | 'UnlinkAccount' | 'ListAccounts' | 'ListApplications' | 'FollowVersion' | 'LogHead';
export type Message = {
    readonly kind: 'success';
    readonly request: number;
    readonly ok: Fields;
} | {
    readonly kind: 'failure';
    readonly request: number;
    readonly error: ProvenError;
} | {
    readonly kind: 'console';
    readonly level: string;
    readonly text: string;
    readonly handler: string;
} | {
    readonly kind: 'published';
    readonly name: string;
    readonly payload: Bytes;
    readonly source: Source | null;
} | {
    readonly kind: 'missed';
    readonly count: number;
} | {
    readonly kind: 'version';
    readonly what: string;
    readonly entry: number;
    readonly previous: string | null;
    readonly now: Fields;
};
export declare const encodeCommand: (command: CommandName, fields: Readonly<Record<string, Encodable | undefined>>) => Bytes;
/** What a node says. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export declare function decodeMessage(plaintext: Bytes): Message;
/** The fields of a record, read by name and type. Throws `ProvenError` (`BAD_REQUEST`) for those of another type. */
export declare class Fields {
    #private;
    constructor(item: Item | undefined);
    has(name: string): boolean;
    get(name: string): Item | undefined;
    text(name: string): string;
    optionalText(name: string): string | undefined;
    bytes(name: string): Bytes;
    count(name: string): number;
    record(name: string): Fields;
    /** A list that is absent when it is empty. */
    list(name: string): Item[];
}
