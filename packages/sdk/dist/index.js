import {
  ProvenSDK
} from "./shared-NCZJ6N6V.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
