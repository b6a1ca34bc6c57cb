import { type Readable } from './readable.ts';
import { type AuthState, type ProvenSDK, type UserInfo } from './sdk.ts';
/** The present value of a readable; the component is rendered again when it changes. */
export declare function useReadable<T>(readable: Readable<T>): T;
export declare const useAuthState: (sdk: ProvenSDK) => AuthState;
export declare const useUserInfo: (sdk: ProvenSDK) => UserInfo | null;
