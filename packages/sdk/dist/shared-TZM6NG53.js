import {
  ProvenError
} from "./shared-ONUBXHUM.js";

// src/default.ts
var newest = null;
function setDefault(instance) {
  newest = instance;
}
function unsetDefault(instance) {
  if (newest === instance) newest = null;
}
function defaultInstance() {
  if (newest === null) {
    throw new ProvenError("UNAVAILABLE", "make a ProvenSDK (new ProvenSDK({ application: … })) before calling a handler");
  }
  return newest;
}

export {
  setDefault,
  unsetDefault,
  defaultInstance
};
