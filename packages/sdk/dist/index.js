import {
  ProvenSDK
} from "./shared-OSKKKHLH.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
