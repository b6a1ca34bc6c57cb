import {
  ProvenSDK
} from "./shared-P44NUVPP.js";
import {
  ProvenError
} from "./shared-ONUBXHUM.js";
export {
  ProvenError,
  ProvenSDK
};
