import {
  ProvenSDK
} from "./shared-ME3YH6JK.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
