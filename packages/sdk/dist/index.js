import {
  ProvenSDK
} from "./shared-5LH2O33K.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
