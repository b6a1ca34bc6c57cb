import { type Bytes } from '../bytes.ts';
import { type Item } from '../cbor.ts';
export declare const BODY_LABEL = "proven/application-command/v1";
export declare const MAX_ENVELOPE: number;
/** Who may change an application, and after what notice. `delay` is in seconds. */
export type UpgradePolicy = {
    readonly kind: 'immutable';
} | {
    readonly kind: 'owner';
} | {
    readonly kind: 'timelock';
    readonly delay: number;
    readonly guardians: readonly Bytes[];
} | {
    readonly kind: 'multisig';
    readonly threshold: number;
    readonly keys: readonly Bytes[];
} | {
    readonly kind: 'timelock_multisig';
    readonly delay: number;
    readonly threshold: number;
    readonly keys: readonly Bytes[];
    readonly guardians: readonly Bytes[];
};
/** What an upgrade policy is about, and delays if it has a delay. */
export type Upgrade = {
    readonly command: 'Deploy';
    readonly packageId: string;
} | {
    readonly command: 'RollBack';
    readonly version: number;
} | {
    readonly command: 'SetUpgradePolicy';
    readonly policy: UpgradePolicy;
} | {
    readonly command: 'TransferOwnership';
    readonly to: Bytes;
};
export type Command = Upgrade | {
    readonly command: 'CreateApplication';
    readonly name: string;
    readonly nonce: Bytes;
    readonly policy: UpgradePolicy;
} | {
    readonly command: 'CancelUpgrade' | 'Veto' | 'Archive';
} | {
    readonly command: 'AddAllowedOrigin' | 'RemoveAllowedOrigin';
    readonly origin: string;
} | {
    readonly command: 'LinkDomain' | 'UnlinkDomain';
    readonly domain: string;
};
/** What is signed. */
export interface Body {
    /** The name of the log that it is for. */
    readonly origin: string;
    readonly applicationId: string;
    /** How many entries of the application its author had seen. */
    readonly revision: number;
    readonly command: Command;
}
/** A command as its authors wrote it (`raw`), and who signed it with what, in ascending order of keys. */
export interface SignedCommand extends Body {
    readonly raw: Bytes;
    readonly signatures: readonly (readonly [key: Bytes, signature: Bytes])[];
}
/** Seconds between the announcement of a change and its coming into force. */
export declare const delayOf: (policy: UpgradePolicy) => number;
export declare const guardiansOf: (policy: UpgradePolicy) => readonly Bytes[];
/**
 * Read an envelope; its signatures are not verified yet. Throws `ProvenError`: `TOO_LARGE`; `BAD_REQUEST` for anything
 * that nobody would write; `UNAUTHENTICATED` if nobody signed.
 */
export declare function decodeEnvelope(envelope: Bytes): SignedCommand;
/** Throws `ProvenError` (`UNAUTHENTICATED`) unless every signature is good. */
export declare function verifyCommand({ signatures, raw }: SignedCommand): Promise<void>;
/** One item without floats, which nothing here has. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). */
export declare function decodeStrictly(data: Bytes, maxBytes: number, maxDepth: number): Item;
export declare const isCount: (value: unknown) => value is number;
/** Read what is signed. Throws `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`) for anything that nobody would write. */
export declare function decodeBody(raw: Bytes): Body;
export declare const includes: (keys: readonly Bytes[], key: Bytes) => boolean;
