import {
  ProvenSDK
} from "./shared-KB3QWXRM.js";
import {
  ProvenError
} from "./shared-ONUBXHUM.js";
export {
  ProvenError,
  ProvenSDK
};
