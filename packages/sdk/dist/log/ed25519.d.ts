import { type Bytes } from '../bytes.ts';
/** Whether these are the 32 bytes of a key that only its holder can sign with, in their only encoding. */
export declare function isKey(publicKey: Bytes): boolean;
/** Whether the holder of `publicKey` signed `message`; false for what is not a key or a signature. */
export declare function isSigned(publicKey: Bytes, signature: Bytes, message: Bytes): Promise<boolean>;
