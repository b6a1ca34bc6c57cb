import { type Bytes } from './bytes.ts';
/** Good once, with its key pair, until `expiresAt` (milliseconds since 1970). */
export interface Ticket {
    readonly ticket: Bytes;
    readonly keyPair: CryptoKeyPair;
    readonly expiresAt: number;
}
/** The person that a page acts as. */
export interface Person {
    readonly applicationId: string;
    readonly identity: string;
    readonly encryptionKey: CryptoKey;
}
/** What is kept for one application on one node, by all pages of this origin. Failures are as if nothing was kept. */
export declare class Resumption {
    #private;
    constructor(gateway: string, application: string);
    /** The person and one ticket, which no other page gets any more. */
    take(): Promise<[Person, Ticket] | null>;
    /** Keep a ticket for the next page. Those of another person are forgotten. */
    put(person: Person, ticket: Ticket): Promise<void>;
    forget(): Promise<void>;
}
