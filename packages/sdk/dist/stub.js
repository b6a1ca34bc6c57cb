import {
  defaultInstance
} from "./shared-FVVGVDIT.js";

// src/stub.ts
function handler(address) {
  return async (...args) => await defaultInstance().call(address, ...args);
}
export {
  handler
};
