import {
  defaultInstance
} from "./shared-TZM6NG53.js";

// src/stub.ts
function handler(address) {
  return async (...args) => await defaultInstance().call(address, ...args);
}
export {
  handler
};
