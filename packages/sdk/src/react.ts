// For React: readables as hooks.

import { useCallback, useSyncExternalStore } from 'react';

import { type Readable } from './readable.ts';
import { type AuthState, type ProvenSDK, type UserInfo } from './sdk.ts';

/** The present value of a readable; the component is rendered again when it changes. */
export function useReadable<T>(readable: Readable<T>): T {
  const subscribe = useCallback((changed: () => void) => readable.subscribe(changed), [readable]);
  const present = (): T => readable.value;
  return useSyncExternalStore(subscribe, present, present);
}

export const useAuthState = (sdk: ProvenSDK): AuthState => useReadable(sdk.authState);

export const useUserInfo = (sdk: ProvenSDK): UserInfo | null => useReadable(sdk.userInfo);
