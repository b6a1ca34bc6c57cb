import { type Bytes } from './bytes.ts';
/** What the frame answers to `identify`. */
export interface Identified {
    readonly publicKey: Bytes;
    readonly signature: Bytes;
    readonly encryptionKey: CryptoKey;
}
export interface FrameOptions {
    /** The node's origin. */
    gateway: string;
    applicationId: string;
    applicationName: string;
}
/** Show the frame, and have it identify the person or let them manage their account. Throws `ProvenError`. */
export declare function runFrame(options: FrameOptions, task: 'identify', transcript: Bytes): Promise<Identified>;
export declare function runFrame(options: FrameOptions, task: 'manage', transcript: Bytes): Promise<null>;
