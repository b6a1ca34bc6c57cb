import {
  ProvenSDK
} from "./shared-AMUQWR2F.js";
import {
  ProvenError
} from "./shared-ONUBXHUM.js";
export {
  ProvenError,
  ProvenSDK
};
