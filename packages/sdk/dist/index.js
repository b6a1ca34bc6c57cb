import {
  ProvenSDK
} from "./shared-6P42HIKD.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
