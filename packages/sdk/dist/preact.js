
// src/preact.ts
import { signal } from "@preact/signals-core";
var signals = /* @__PURE__ */ new WeakMap();
function signalOf(readable) {
  const known = signals.get(readable);
  if (known !== void 0) return known;
  const following = signal(readable.value);
  readable.subscribe((value) => {
    following.value = value;
  });
  signals.set(readable, following);
  return following;
}
export {
  signalOf
};
