import {
  ProvenSDK
} from "./shared-EQZAJ3GX.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
