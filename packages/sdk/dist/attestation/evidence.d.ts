import { type Bytes } from '../bytes.ts';
export type Platform = 'nitro' | 'development';
/** What an attestation document proves once it has been verified. */
export interface Evidence {
    readonly platform: Platform;
    readonly moduleId: string;
    /** Milliseconds since 1970, by the platform's clock. */
    readonly timestamp: number;
    /** Platform configuration registers by index; which code runs is in 0 to 2. */
    readonly pcrs: ReadonlyMap<number, Bytes>;
    /** Whether the enclave is in debug mode: it then proves nothing about the code. */
    readonly debug: boolean;
    /** SHA-256 of the root certificate. */
    readonly root: string;
}
