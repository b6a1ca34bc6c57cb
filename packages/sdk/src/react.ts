// For React: readables as hooks.

import { useSyncExternalStore } from 'react';

import { type Readable } from './readable.ts';
import { type AuthState, type ProvenSDK, type UserInfo } from './sdk.ts';

/** The present value of a readable; the component is rendered again when it changes. */
export function useReadable<T>(readable: Readable<T>): T {
  const present = (): T => readable.value;
  return useSyncExternalStore((changed) => readable.subscribe(changed), present, present);
}

export const useAuthState = (sdk: ProvenSDK): AuthState => useReadable(sdk.authState);

export const useUserInfo = (sdk: ProvenSDK): UserInfo | null => useReadable(sdk.userInfo);
