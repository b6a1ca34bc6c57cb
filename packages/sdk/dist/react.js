
// src/react.ts
import { useSyncExternalStore } from "react";
function useReadable(readable) {
  const present = () => readable.value;
  return useSyncExternalStore((changed) => readable.subscribe(changed), present, present);
}
var useAuthState = (sdk) => useReadable(sdk.authState);
var useUserInfo = (sdk) => useReadable(sdk.userInfo);
export {
  useAuthState,
  useReadable,
  useUserInfo
};
