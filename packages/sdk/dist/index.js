import {
  ProvenSDK
} from "./shared-P2J2N43X.js";
import {
  ProvenError
} from "./shared-ONUBXHUM.js";
export {
  ProvenError,
  ProvenSDK
};
