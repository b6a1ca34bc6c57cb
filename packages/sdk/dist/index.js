import {
  ProvenSDK
} from "./shared-RN4X3M45.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
