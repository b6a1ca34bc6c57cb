
// src/react.ts
import { useCallback, useSyncExternalStore } from "react";
function useReadable(readable) {
  const subscribe = useCallback((changed) => readable.subscribe(changed), [readable]);
  const present = () => readable.value;
  return useSyncExternalStore(subscribe, present, present);
}
var useAuthState = (sdk) => useReadable(sdk.authState);
var useUserInfo = (sdk) => useReadable(sdk.userInfo);
export {
  useAuthState,
  useReadable,
  useUserInfo
};
