import {
  ProvenSDK
} from "./shared-C6544UMY.js";
import {
  ProvenError
} from "./shared-ONUBXHUM.js";
export {
  ProvenError,
  ProvenSDK
};
